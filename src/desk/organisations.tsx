import { closes, FUNCTION_IDS, functionTitle } from '../firewall/functions.ts'
import {
  addTie,
  attest,
  enrolOrganisation,
  listOrganisations,
  NewOrganisation,
  type OrganisationOutline,
  Promising,
  Tie,
} from '../firewall/organisation-desk.ts'
import { Reply } from '../firewall/reply.ts'
import { InvalidInput } from '../platform/problem.ts'
import {
  ApplicationAnswer,
  type ApplicationToReview,
  applicationsToReview,
  decideApplication,
} from '../portal/applications.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { Csrf, Field, Group, Select, Tick } from '../ui/form.tsx'
import { Details, Fact, Facts } from '../ui/parts.tsx'
import { plainIn } from '../ui/plain.tsx'
import type { signedInPages } from '../ui/signed-in.tsx'
import { Desk, type DeskVisit, dayText } from './shell.tsx'

type Pages = ReturnType<typeof signedInPages<'staff'>>
const LEGAL = ['legal'] as const

/** Who may ask, and why not: organisations, ties and promises, for legal officers. */
export function organisationDesk(page: Pages, deps: ProofDeps): void {
  const { gate, clock } = deps
  page({ method: 'get', path: '/desk/organisations', roles: LEGAL }, async (visit) =>
    Reply.page(
      (await listOrganisations(gate, visit.town.id, visit.requester)).with(
        await applicationsToReview(deps, visit.town, visit.requester),
      ),
      ([organisations, applications]) => (
        <OrganisationsPage visit={visit} organisations={organisations} applications={applications} />
      ),
    ),
  )
  page(
    { method: 'post', path: '/desk/organisations/applications', roles: LEGAL, fresh: true },
    async ({ town, requester, form }) => {
      const [id, client, reason] = [form.get('application'), form.get('client'), form.get('reason').slice(0, 2000)]
      const enrol = form.get('act') === 'enrol'
      const answer = ApplicationAnswer.safeParse(enrol ? { enrol, client } : { enrol, reason, ...plainIn(form) })
      if (!/^[0-9a-f-]{36}$/.test(id) || !answer.success) throw new InvalidInput([])
      await decideApplication(deps, town, requester, id, answer.data)
      return Reply.redirect('/desk/organisations')
    },
  )
  page(
    { method: 'post', path: '/desk/organisations', roles: LEGAL, fresh: true },
    async ({ town, requester, form }) => {
      const words = (name: string) =>
        form
          .get(name)
          .split(/[\s,]+/)
          .filter(Boolean)
      const parsed = NewOrganisation.safeParse({
        name: form.get('name'),
        functions: FUNCTION_IDS.filter((one) => form.get(`does-${one}`) !== ''),
        clients: words('clients'),
        ...(form.get('signed') ? { signedBy: form.get('signed') } : {}),
        ...plainIn(form),
      })
      if (!parsed.success) throw new InvalidInput([])
      await enrolOrganisation(gate, clock, town.id, requester, parsed.data)
      return Reply.redirect('/desk/organisations')
    },
  )
  page(
    { method: 'post', path: '/desk/organisations/tie', roles: LEGAL, fresh: true },
    async ({ town, requester, form }) => {
      const tie = Tie.safeParse({ kind: form.get('kind'), relatedId: form.get('related') })
      if (!tie.success) throw new InvalidInput([])
      await addTie(gate, town.id, requester, form.get('organisation'), tie.data)
      return Reply.redirect('/desk/organisations')
    },
  )
  page(
    { method: 'post', path: '/desk/organisations/promise', roles: LEGAL, fresh: true },
    async ({ town, requester, form }) => {
      const promise = Promising.safeParse({ signedBy: form.get('signed').slice(0, 200), ...plainIn(form) })
      if (!promise.success) throw new InvalidInput([])
      await attest(gate, clock, town.id, requester, form.get('organisation'), promise.data)
      return Reply.redirect('/desk/organisations')
    },
  )
}

/** What an organisation says of itself, and the two answers. */
function ApplicationBox(props: { visit: DeskVisit; application: ApplicationToReview }) {
  const { visit, application } = props
  const { t, language, session } = visit
  const names = (id: string) => (id === 'other' ? t.aOther : functionTitle(id, language))
  const { id, name, functions, ties, need, officer, contact, keys, receivedAt } = application
  const lines: [string, string][] = [
    [t.aDoes, functions.map(names).join(', ')],
    [t.aTies, ties || '–'],
    [t.aNeed, need],
    [t.aOfficer, officer],
    [t.aContact, contact],
    [t.aKeys, String(keys.length)],
  ]
  return (
    <section class="govuk-inset-text" aria-labelledby={`application-${id}`}>
      <h3 id={`application-${id}`}>
        <bdi>{name}</bdi> · {dayText(language, receivedAt.slice(0, 10))}
      </h3>
      <Facts>
        {lines.map(([label, value]) => (
          <Fact name={label}>
            <span dir="auto">{value}</span>
          </Fact>
        ))}
      </Facts>
      <form method="post" action="/desk/organisations/applications">
        <Csrf token={session.csrf} />
        <input type="hidden" name="application" value={id} />
        <Field name="client" id={`client-${id}`} label={t.gClients} ltr />
        <Field name="reason" id={`reason-${id}`} label={t.aReason} lines={2} auto />
        <p class="govuk-button-group">
          <button type="submit" name="act" value="enrol" class="govuk-button">
            {t.gAdd}
          </button>
          <button type="submit" name="act" value="refuse" class="govuk-button govuk-button--secondary">
            {t.dRefuse}
          </button>
        </p>
      </form>
    </section>
  )
}

function OrganisationsPage(props: {
  visit: DeskVisit
  organisations: readonly OrganisationOutline[]
  applications: readonly ApplicationToReview[]
}) {
  const { visit, organisations, applications } = props
  const { t, language, session } = visit
  const names = new Map(organisations.map(({ id, name }) => [id, name]))
  const kinds: Record<string, string> = { memberOf: t.gMember, reportsTo: t.gReports, sharesWith: t.gShares }
  const choices = organisations.map(({ id, name }) => [id, name] as const)
  return (
    <Desk visit={visit} title={t.gTitle} here="/desk/organisations">
      <h1>{t.gTitle}</h1>
      {applications.length > 0 ? <h2>{t.aTitle}</h2> : ''}
      {applications.map((application) => (
        <ApplicationBox visit={visit} application={application} />
      ))}
      {applications.length > 0 ? <h2>{t.gTitle}</h2> : ''}
      <ul class="cards">
        {organisations.map((organisation) => (
          <li>
            <strong>
              <bdi>{organisation.name}</bdi>
            </strong>
            <br />
            {organisation.functions.length === 0
              ? t.gNoFunction
              : organisation.functions.map((one) => functionTitle(one, language)).join(', ')}
            {closes(organisation.functions) ? ` · ${t.gEnforcement}` : ''}
            <br />
            {organisation.attestedUntil
              ? t.gUntil.replace('{day}', dayText(language, organisation.attestedUntil.slice(0, 10)))
              : t.gNoPromise}
            {organisation.ties.map(({ kind, relatedId }) => (
              <>
                <br />
                {kinds[kind]} <bdi>{names.get(relatedId) ?? '…'}</bdi>
              </>
            ))}
          </li>
        ))}
      </ul>
      <Details summary={t.gAdd}>
        <form method="post" action="/desk/organisations">
          <Csrf token={session.csrf} />
          <Field name="name" label={t.gName} required auto />
          <Group name="functions" legend={t.aDoes}>
            {FUNCTION_IDS.map((one) => (
              <Tick
                name={`does-${one}`}
                label={closes([one]) ? `${functionTitle(one, language)} (${t.gNever})` : functionTitle(one, language)}
                on={false}
              />
            ))}
          </Group>
          <Field name="signed" label={t.gSigned} auto />
          <Field name="clients" label={t.gClients} />
          <button type="submit" class="govuk-button">
            {t.dSave}
          </button>
        </form>
      </Details>
      <Details summary={t.gTie}>
        <form method="post" action="/desk/organisations/tie">
          <Csrf token={session.csrf} />
          <Select name="organisation" id="tie-organisation" label={t.gName} options={choices} />
          <Select name="kind" label={t.gTie} options={Object.entries(kinds)} />
          <Select name="related" label={t.gName} options={choices} />
          <button type="submit" class="govuk-button">
            {t.dSave}
          </button>
        </form>
      </Details>
      <Details summary={t.gRenew}>
        <form method="post" action="/desk/organisations/promise">
          <Csrf token={session.csrf} />
          <Select name="organisation" id="promise-organisation" label={t.gName} options={choices} />
          <Field name="signed" id="promise-signed" label={t.gSigned} required auto />
          <button type="submit" class="govuk-button">
            {t.dSave}
          </button>
        </form>
      </Details>
    </Desk>
  )
}
