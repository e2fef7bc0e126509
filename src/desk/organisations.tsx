import type { z } from 'zod'
import { mustBePlain } from '../firewall/free-text.ts'
import { closes, FUNCTION_IDS, functionTitle } from '../firewall/functions.ts'
import { isLockedDown } from '../firewall/lockdown.ts'
import { actsWaiting, decideAct, type WaitingAct } from '../firewall/officer-acts.ts'
import { keepDocument, LARGEST_DOCUMENT, readDocument } from '../firewall/order-documents.ts'
import {
  carrying,
  listOrganisations,
  type OrganisationOutline,
  Proposal,
  propose,
} from '../firewall/organisation-desk.ts'
import { Reply } from '../firewall/reply.ts'
import { InvalidInput } from '../platform/problem.ts'
import {
  ApplicationAnswer,
  type ApplicationToReview,
  applicationsToReview,
  decideApplication,
  enrolApplicant,
} from '../portal/applications.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { lifeRules } from '../registry/life-dates.ts'
import type { Municipality } from '../registry/municipality.ts'
import { prolongSecrecy } from '../registry/orders.ts'
import { Csrf, Field, Group, Select, Tick } from '../ui/form.tsx'
import { Details, Fact, Facts, NextPage } from '../ui/parts.tsx'
import { plainIn } from '../ui/plain.tsx'
import type { signedInPages } from '../ui/signed-in.tsx'
import { dayIn, typedIn } from './registration-form.ts'
import { Desk, type DeskVisit, dayText, idIn } from './shell.tsx'

import { tieNames, WaitingActs } from './waiting-acts.tsx'

type Pages = ReturnType<typeof signedInPages<'staff'>>
const LEGAL = ['legal'] as const
const NO_DOCUMENT = '00000000-0000-4000-8000-000000000000'

/** Who may ask, and why not: organisations, ties, promises and lent staff, for legal officers, two for each. */
export function organisationDesk(page: Pages, deps: ProofDeps): void {
  const { gate } = deps
  const carry = (town: Municipality) =>
    carrying(deps.clock, town.id, {
      application: (transaction, content) => enrolApplicant(deps, town, transaction, content),
      secrecy: (transaction, content) => prolongSecrecy(deps, town, transaction, content),
    })
  const proposing = (path: string, read: (form: DeskForm) => unknown) =>
    page({ method: 'post', path, roles: LEGAL, fresh: true }, async ({ town, requester, form }) => {
      const proposal = Proposal.safeParse(read(form))
      if (!proposal.success) throw new InvalidInput(missingIn(proposal.error))
      await propose(deps, town.id, requester, proposal.data, carry(town))
      return Reply.redirect('/desk/organisations')
    })

  page({ method: 'get', path: '/desk/organisations', roles: LEGAL }, async (visit) => {
    const { town, requester } = visit
    const organisations = await listOrganisations(gate, town.id, requester)
    // While the registry is closed, ties to enforcement can be entered, and nothing else is decided.
    if (await isLockedDown(deps.database, town.id))
      return Reply.page(organisations, (list) => (
        <OrganisationsPage visit={visit} organisations={list} applications={[]} waiting={[]} closed />
      ))
    return Reply.page(
      organisations
        .with(await applicationsToReview(deps, town, requester, visit.query('after')))
        .with(await actsWaiting(gate, town.id, requester, visit.query('acts'))),
      ([[list, applications], waiting]) => (
        <OrganisationsPage
          visit={visit}
          organisations={list}
          applications={applications.items}
          waiting={waiting.items}
          more={{ applications: applications.more, acts: waiting.more }}
        />
      ),
    )
  })
  page(
    { method: 'post', path: '/desk/organisations/applications', roles: LEGAL, fresh: true },
    async ({ town, requester, form }) => {
      const [id, client, reason] = [form.get('application'), form.get('client'), form.get('reason').slice(0, 2000)]
      const enrol = form.get('act') === 'enrol'
      const answer = ApplicationAnswer.safeParse(enrol ? { enrol, client } : { enrol, reason, ...plainIn(form) })
      if (!/^[0-9a-f-]{36}$/.test(id) || !answer.success) throw new InvalidInput([])
      await decideApplication(deps, town, requester, id, answer.data, carry(town))
      return Reply.redirect('/desk/organisations')
    },
  )
  page(
    { method: 'post', path: '/desk/organisations/acts', roles: LEGAL, fresh: true },
    async ({ town, requester, form }) => {
      const id = form.get('entry')
      if (!/^[0-9a-f-]{36}$/.test(id)) throw new InvalidInput([])
      await decideAct(deps, town.id, requester, id, form.get('approves') === 'yes', carry(town))
      return Reply.redirect('/desk/organisations')
    },
  )
  proposing('/desk/organisations', (form) => ({
    kind: 'enrol',
    name: form.get('name'),
    identifier: form.get('identifier'),
    functions: FUNCTION_IDS.filter((one) => form.get(`does-${one}`) !== ''),
    clients: form
      .get('clients')
      .split(/[\s,]+/)
      .filter(Boolean),
    ...(form.get('signed') ? { signedBy: form.get('signed') } : {}),
    ...plainIn(form),
  }))
  proposing('/desk/organisations/tie', (form) => ({
    kind: 'tie',
    organisationId: form.get('organisation'),
    tie: { kind: form.get('kind'), relatedId: form.get('related') },
  }))
  proposing('/desk/organisations/promise', (form) => ({
    kind: 'promise',
    organisationId: form.get('organisation'),
    signedBy: form.get('signed').slice(0, 200),
    ...plainIn(form),
  }))
  proposing('/desk/organisations/same', (form) => ({
    organisationId: form.get('organisation'),
    ...(form.get('act') === 'machine'
      ? { kind: 'machine', client: form.get('named') }
      : { kind: 'alias', name: form.get('named'), ...plainIn(form) }),
  }))
  page({ method: 'get', path: '/desk/legal/documents/:document', roles: LEGAL }, async (visit) => {
    const documentId = idIn({ params: { id: visit.params.document ?? '' } })
    return Reply.download(await readDocument(gate, visit.town.id, visit.requester, { documentId }), 'order')
  })
  page(
    { method: 'post', path: '/desk/legal/secrecy', roles: LEGAL, fresh: true, file: LARGEST_DOCUMENT },
    async (visit) => {
      const { town, requester, form } = visit
      const until = dayIn(typedIn(visit), 'until', { ...visit, rules: lifeRules(deps.clock, town) }, true)
      const said = {
        kind: 'secrecy' as const,
        reference: form.get('entry'),
        until: until && 'date' in until ? until.date : '',
        basis: form.get('basis'),
        ...plainIn(form),
      }
      const bytes = form.file('document')
      // Looked at before anything is kept.
      const proposal = Proposal.safeParse({ ...said, documentId: NO_DOCUMENT })
      if (!proposal.success) throw new InvalidInput(missingIn(proposal.error))
      if (bytes === undefined) throw new InvalidInput([{ pointer: '/document', detail: 'Choose the document.' }])
      await mustBePlain(gate, town.id, requester, Proposal, proposal.data)
      const kept = await keepDocument(gate, town.id, requester, bytes)
      await kept.mapAsync(({ id: documentId }) =>
        propose(deps, town.id, requester, { ...said, documentId }, carry(town)),
      )
      return Reply.redirect('/desk/organisations')
    },
  )
  proposing('/desk/organisations/lent', (form) => ({
    kind: form.get('act') === 'take-back' ? 'take-back' : 'lend',
    organisationId: form.get('organisation'),
    staff: form.get('staff'),
    ...plainIn(form),
  }))
}

const missingIn = ({ issues }: z.core.$ZodError) =>
  issues.map(({ path: at }) => ({ pointer: `/${at.join('/')}`, detail: 'Give this.' }))

type DeskForm = Parameters<Parameters<Pages>[1]>[0]['form']

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
  waiting: readonly WaitingAct[]
  /** Where the next pages of both lists begin. */
  more?: { applications: string | undefined; acts: string | undefined }
  /** The registry is closed: only what closes more can be done. */
  closed?: boolean
}) {
  const { visit, organisations, applications, waiting, more, closed } = props
  const { t, language, session } = visit
  const names = new Map(organisations.map(({ id, name }) => [id, name]))
  const kinds: Record<string, string> = tieNames(t)
  const choices = organisations.map(({ id, name }) => [id, name] as const)
  return (
    <Desk visit={visit} title={t.gTitle} here="/desk/organisations">
      <h1>{t.gTitle}</h1>
      {closed ? (
        <p class="govuk-inset-text">
          {t.xLocked} <a href="/desk/lockdown">{t.dLockdown}</a>
        </p>
      ) : (
        ''
      )}
      <p>{t.gTwo}</p>
      <WaitingActs visit={visit} waiting={waiting} names={names} />
      {more?.acts ? (
        <p>
          <a href={`/desk/organisations?acts=${more.acts}`}>{t.dMore}</a>
        </p>
      ) : (
        ''
      )}
      {applications.length > 0 ? <h2>{t.aTitle}</h2> : ''}
      {applications.map((application) => (
        <ApplicationBox visit={visit} application={application} />
      ))}
      <NextPage
        t={t}
        path="/desk/organisations"
        more={more?.applications}
        first={visit.query('after') === '' && visit.query('acts') === ''}
      />
      {applications.length > 0 ? <h2>{t.gTitle}</h2> : ''}
      <ul class="cards">
        {organisations.map((organisation) => (
          <li>
            <strong>
              <bdi>{[organisation.name, ...organisation.aliases].join(' / ')}</bdi>
            </strong>{' '}
            <span dir="ltr">{organisation.identifier ?? ''}</span>
            <br />
            {organisation.functions.length === 0
              ? t.gNoFunction
              : organisation.functions.map((one) => functionTitle(one, language)).join(', ')}
            {organisation.functions.length > 0 && closes(organisation.functions) ? ` (${t.gNever})` : ''}
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
          <Field name="identifier" label={t.gIdentifier} hint={t.gIdentifierHint} required ltr />
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
      <Details summary={t.gSame}>
        <form method="post" action="/desk/organisations/same">
          <Csrf token={session.csrf} />
          <Select name="organisation" id="same-organisation" label={t.gName} options={choices} />
          <Field name="named" label={t.gSameHint} required ltr />
          <p class="govuk-button-group">
            <button type="submit" name="act" value="machine" class="govuk-button">
              {t.gMachine}
            </button>
            <button type="submit" name="act" value="alias" class="govuk-button govuk-button--secondary">
              {t.gAlias}
            </button>
          </p>
        </form>
      </Details>
      <Details summary={t.gLend}>
        <form method="post" action="/desk/organisations/lent">
          <Csrf token={session.csrf} />
          <Field name="staff" label={t.whoStaff} required ltr />
          <Select name="organisation" id="lent-organisation" label={t.gName} options={choices} />
          <p class="govuk-button-group">
            <button type="submit" name="act" value="lend" class="govuk-button">
              {t.gLend}
            </button>
            <button type="submit" name="act" value="take-back" class="govuk-button govuk-button--secondary">
              {t.gTakeBack}
            </button>
          </p>
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
