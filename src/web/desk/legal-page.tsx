import { FUNCTION_IDS, functionTitle, givesOrdersBy } from '../../firewall/functions.ts'
import type { DemandOutline } from '../../oversight/access-requests.ts'
import type { Demand } from '../../oversight/demand.ts'
import { ORDER_FIELDS } from '../../oversight/demand.ts'
import type { Lockdown } from '../../oversight/lockdown.ts'
import type { LateNotice } from '../../oversight/orders.ts'
import type { OrganisationOutline } from '../../oversight/organisation-list.ts'
import { listText } from '../../platform/counted.ts'
import { PlainTick } from '../plain.tsx'
import { fieldNames } from '../record/look-ups.tsx'
import { dayText, timeText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { Button, DateField, ErrorSummary, type Faults, Field, Group, PostForm, Select, Tick } from '../ui/form.tsx'
import { Details, Fact, Facts, NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext } from './shell.tsx'

/** Demands by authorities from the first day to the letter. */
export function LegalPage(props: {
  context: DeskContext
  demands: readonly DemandOutline[]
  more: string | undefined
  authorities: readonly OrganisationOutline[]
  late: readonly LateNotice[]
  typed?: Typed
  faults?: Faults
}) {
  const { context, demands, more, authorities, late, typed = {}, faults = {} } = props
  const { t, language, town, session } = context
  const stages: Record<string, string> = {
    refused: t.dRefused,
    'under-review': t.dUnderReview,
    approved: t.dApproved,
    opened: t.dOpened,
  }
  return (
    <Desk context={context} title={t.dLegal} here="/desk/legal">
      <ErrorSummary title={t.dThere} faults={faults} />
      <h1>{t.dDemands}</h1>
      <Late context={context} late={late} />
      <ul class="cards">
        {demands.map((demand) => (
          <li>
            <strong dir="ltr">{demand.reference}</strong> · {timeText(language, town.timeZone, demand.receivedAt)} ·{' '}
            {stages[demand.stage]}
            {demand.secretUntil
              ? ` · ${t.dSecretUntil.replace('{day}', timeText(language, town.timeZone, demand.secretUntil))}`
              : ''}
            <p>
              <a href={`/desk/legal/${demand.id}/document`}>{t.dDemandPaper}</a>
            </p>
            {/* Nobody approves what they have not read. */}
            <Said context={context} demand={demand.demand} open={demand.stage === 'under-review'} />
            {demand.secretUntil ? <Prolong context={context} demand={demand} /> : ''}
            {demand.stage === 'refused' ? (
              <p>
                <a href={`/desk/legal/${demand.id}/letter`}>{t.dLetter}</a>
              </p>
            ) : (
              ''
            )}
            {demand.stage === 'approved' ? (
              <PostForm action={`/desk/legal/${demand.id}/opening`} csrf={session.csrf}>
                <Button>{t.zOpenNow}</Button>
              </PostForm>
            ) : (
              ''
            )}
            {demand.stage === 'under-review' ? (
              <PostForm action={`/desk/legal/${demand.id}/review`} csrf={session.csrf}>
                <p class="govuk-button-group">
                  <Button name="approves" value="no">
                    {t.dRefuse}
                  </Button>
                  <Button secondary name="approves" value="yes">
                    {t.dApprove} ({demand.approvals}/2)
                  </Button>
                </p>
              </PostForm>
            ) : (
              ''
            )}
          </li>
        ))}
      </ul>
      <NextPage t={t} path="/desk/legal" more={more} first={context.query('after') === ''} />
      <DemandForm context={context} authorities={authorities} typed={typed} faults={faults} />
      <p>
        <a href="/desk/lockdown">{t.dLockdown}</a>
      </p>
    </Desk>
  )
}

/** Whom the law wanted told of an order by now, and who has not been. */
function Late(props: { context: DeskContext; late: readonly LateNotice[] }) {
  const { context, late } = props
  const { t, language } = context
  if (late.length === 0) return ''
  return (
    <section class="govuk-inset-text" aria-labelledby="late">
      <h2 id="late">{t.lateTitle}</h2>
      <ul>
        {late.map(({ reference, dueBy }) => (
          <li>
            {t.lateLine.replace('{reference}', reference).replace('{day}', dayText(language, dueBy.slice(0, 10)))}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What is written down of a demand: the same as by the API. */
function DemandForm(props: {
  context: DeskContext
  authorities: readonly OrganisationOutline[]
  typed: Typed
  faults: Faults
}) {
  const { context, authorities, typed, faults } = props
  const { t, language, session } = context
  const giveOrders = authorities.filter(({ functions }) => functions.some(givesOrdersBy))
  return (
    <Details summary={t.dDemand} open={Object.keys(faults).length > 0}>
      <PostForm action="/desk/legal" enctype="multipart/form-data" csrf={session.csrf}>
        <Select
          name="organisation"
          label={t.zAuthority}
          value={typed.organisation ?? giveOrders[0]?.id ?? ''}
          options={[...giveOrders.map(({ id, name }) => [id, name] as const), ['', t.zAuthorityOther] as const]}
        />
        <Field name="authority" label={t.zAuthorityName} value={typed.authority} fault={faults.authority} auto />
        <Select
          name="function"
          label={t.dFunction}
          value={typed.function ?? ''}
          options={[
            ['', t.aOther] as const,
            ...FUNCTION_IDS.map((one) => [one, functionTitle(one, language)] as const),
          ]}
        />
        <Tick name="immigration" label={t.dForImmigration} on={typed.immigration !== undefined} />
        <Tick name="judge" label={t.dJudge} on={typed.judge !== undefined} />
        <Field name="basis" label={t.dBasis} value={typed.basis} fault={faults.basis} required auto />
        <Field name="scope" label={t.dScope} value={typed.scope} fault={faults.scope} lines={3} required auto />
        <Field name="person" label={t.zPerson} hint={t.zPersonHint} value={typed.person} fault={faults.person} auto />
        <Field name="born" label={t.zPersonBorn} value={typed.born} fault={faults.born} ltr />
        <Group name="fields" legend={t.dFields} fault={faults.fields}>
          {ORDER_FIELDS.map((field) => (
            <Tick
              name={`field-${field}`}
              label={fieldNames([field], t, language)}
              on={typed[`field-${field}`] !== undefined}
            />
          ))}
        </Group>
        <DateField
          name="secret"
          legend={t.zSecretUntil}
          fault={faults.secret}
          labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
          value={(part) => typed[`secret-${part}`] ?? ''}
        />
        <Field
          name="document"
          type="file"
          label={t.dDemandPaper}
          hint={t.dDemandPaperHint}
          fault={faults.document}
          required
        />
        <PlainTick t={t} faults={faults} />
        <Button>{t.dSave}</Button>
      </PostForm>
    </Details>
  )
}

/** What was opened on an order, once. */
export function OpenedPage(props: {
  context: DeskContext
  opened: readonly (readonly [name: string, value: string])[]
}) {
  const { context, opened } = props
  const { t } = context
  return (
    <Desk context={context} title={t.dLegal} here="/desk/legal">
      <h1>{t.dOpened}</h1>
      <p class="lead">{t.zOpenedOnce}</p>
      <Facts>
        {opened.map(([name, value]) => (
          <Fact name={name}>
            <bdi>{value}</bdi>
          </Fact>
        ))}
      </Facts>
      <p>
        <a href="/desk/legal">{t.dBack}</a>
      </p>
    </Desk>
  )
}

/** Whether the registry is closed, for everybody who works here; the votes, for legal officers. */
export function LockdownPage(props: { context: DeskContext; closed: boolean; lockdown?: Lockdown }) {
  const { context, closed, lockdown } = props
  const { t, session } = context
  return (
    <Desk context={context} title={t.dLockdown} here="/desk/lockdown">
      <h1>{t.dLockdown}</h1>
      <p class="govuk-inset-text">{closed ? t.dClosed : t.dOpen}</p>
      {closed ? <p>{t.xLockedWhat}</p> : ''}
      {lockdown ? (
        <>
          <p>{t.dVotesLapse}</p>
          <p>{t.dVotes.replace('{n}', String(lockdown.votes)).replace('{needed}', String(lockdown.needed))}</p>
          <PostForm action="/desk/lockdown" csrf={session.csrf}>
            <Button name="close" value={lockdown.closed ? 'no' : 'yes'}>
              {lockdown.closed ? t.dVoteOpen : t.dVoteClose}
            </Button>
          </PostForm>
        </>
      ) : (
        ''
      )}
    </Desk>
  )
}

/** What a demand says: who asks, on what basis, for which fields of whom, and how long it is to be kept from them. */
function Said(props: { context: DeskContext; demand: Demand; open: boolean }) {
  const { context, demand, open } = props
  const { t, language } = context
  const { authority, basis, basisText, scope, neighbourId, person, fields, secretUntil } = demand
  const lines: [string, string][] = [
    [t.dAuthority, authority.name],
    [
      t.dFunction,
      listText(
        language,
        authority.functions.map((one) => functionTitle(one, language)),
      ),
    ],
    [t.dBasis, basis === 'judge-order' ? `${basisText} (${t.dJudge})` : basisText],
    [t.dScope, scope],
    [t.dWhom, person ? `${person.name} · ${person.dateOfBirth}` : (neighbourId ?? '–')],
    [t.dFields, fieldNames(fields, t, language)],
    ...(secretUntil ? [[t.dSecretFrom, dayText(language, secretUntil)] satisfies [string, string]] : []),
  ]
  return (
    <Details summary={t.dSaid} open={open}>
      <Facts>
        {lines.map(([name, value]) => (
          <Fact name={name}>
            <span dir="auto">{value || '–'}</span>
          </Fact>
        ))}
      </Facts>
    </Details>
  )
}

/** Keeps an order from its neighbour for longer, once another officer agrees. */
function Prolong(props: { context: DeskContext; demand: DemandOutline }) {
  const { context, demand } = props
  const { t, session } = context
  return (
    <Details summary={t.gSecrecy}>
      <PostForm action="/desk/legal/secrecy" enctype="multipart/form-data" csrf={session.csrf}>
        <input type="hidden" name="entry" value={demand.reference} />
        <DateField
          name="until"
          legend={t.hUntil}
          hint={t.gSecrecyHint}
          labels={{ day: t.dDay, month: t.dMonth, year: t.dYear }}
          value={() => ''}
        />
        <Field name="basis" id={`basis-${demand.id}`} label={t.dBasis} required auto />
        <Field
          name="document"
          id={`document-${demand.id}`}
          type="file"
          label={t.dDemandPaper}
          hint={t.dDemandPaperHint}
          required
        />
        <Button secondary>{t.dSave}</Button>
      </PostForm>
    </Details>
  )
}
