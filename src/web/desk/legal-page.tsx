import { FUNCTION_IDS, functionTitle, givesOrdersBy } from '../../firewall/functions.ts'
import type { Demand } from '../../oversight/demand.ts'
import { ORDER_FIELDS } from '../../oversight/demand.ts'
import type { DemandOutline } from '../../oversight/handle-demand.ts'
import type { OrganisationOutline } from '../../oversight/list-organisations.ts'
import type { LateNotice } from '../../oversight/open-by-order.ts'
import type { Lockdown } from '../../oversight/vote-lockdown.ts'
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
    refused: t['desk.refused'],
    'under-review': t['legal.underReview'],
    approved: t['legal.approved'],
    opened: t['legal.opened'],
  }
  return (
    <Desk context={context} title={t['desk.legal']} here="/desk/legal">
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['desk.demands']}</h1>
      <Late context={context} late={late} />
      <ul class="cards">
        {demands.map((demand) => (
          <li>
            <strong dir="ltr">{demand.reference}</strong> · {timeText(language, town.timeZone, demand.receivedAt)} ·{' '}
            {stages[demand.stage]}
            {demand.secretUntil
              ? ` · ${t['legal.secretUntil'].replace('{day}', timeText(language, town.timeZone, demand.secretUntil))}`
              : ''}
            <p>
              <a href={`/desk/legal/${demand.id}/document`}>{t['legal.demandPaper']}</a>
            </p>
            {/* Nobody approves what they have not read. */}
            <Said context={context} demand={demand.demand} open={demand.stage === 'under-review'} />
            {demand.secretUntil ? <Prolong context={context} demand={demand} /> : ''}
            {demand.stage === 'refused' ? (
              <p>
                <a href={`/desk/legal/${demand.id}/letter`}>{t['legal.letter']}</a>
              </p>
            ) : (
              ''
            )}
            {demand.stage === 'approved' ? (
              <PostForm action={`/desk/legal/${demand.id}/opening`} csrf={session.csrf}>
                <Button>{t['dates.openNow']}</Button>
              </PostForm>
            ) : (
              ''
            )}
            {demand.stage === 'under-review' ? (
              <PostForm action={`/desk/legal/${demand.id}/review`} csrf={session.csrf}>
                <p class="govuk-button-group">
                  <Button name="approves" value="no">
                    {t['desk.refuse']}
                  </Button>
                  <Button secondary name="approves" value="yes">
                    {t['desk.approve']} ({demand.approvals}/2)
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
        <a href="/desk/lockdown">{t['desk.lockdown']}</a>
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
      <h2 id="late">{t['lateLetter.title']}</h2>
      <ul>
        {late.map(({ reference, dueBy }) => (
          <li>
            {t['lateLetter.line']
              .replace('{reference}', reference)
              .replace('{day}', dayText(language, dueBy.slice(0, 10)))}
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
    <Details summary={t['legal.demand']} open={Object.keys(faults).length > 0}>
      <PostForm action="/desk/legal" enctype="multipart/form-data" csrf={session.csrf}>
        <Select
          name="organisation"
          label={t['dates.authority']}
          value={typed.organisation ?? giveOrders[0]?.id ?? ''}
          options={[...giveOrders.map(({ id, name }) => [id, name] as const), ['', t['dates.authorityOther']] as const]}
        />
        <Field
          name="authority"
          label={t['dates.authorityName']}
          value={typed.authority}
          fault={faults.authority}
          auto
        />
        <Select
          name="function"
          label={t['legal.function']}
          value={typed.function ?? ''}
          options={[
            ['', t['enrolment.other']] as const,
            ...FUNCTION_IDS.map((one) => [one, functionTitle(one, language)] as const),
          ]}
        />
        <Tick name="immigration" label={t['legal.forImmigration']} on={typed.immigration !== undefined} />
        <Tick name="judge" label={t['legal.judge']} on={typed.judge !== undefined} />
        <Field name="basis" label={t['desk.basis']} value={typed.basis} fault={faults.basis} required auto />
        <Field name="scope" label={t['legal.scope']} value={typed.scope} fault={faults.scope} lines={3} required auto />
        <Field
          name="person"
          label={t['dates.person']}
          hint={t['dates.personHint']}
          value={typed.person}
          fault={faults.person}
          auto
        />
        <Field name="born" label={t['dates.personBorn']} value={typed.born} fault={faults.born} ltr />
        <Group name="fields" legend={t['legal.fields']} fault={faults.fields}>
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
          legend={t['dates.secretUntil']}
          fault={faults.secret}
          labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
          value={(part) => typed[`secret-${part}`] ?? ''}
        />
        <Field
          name="document"
          type="file"
          label={t['legal.demandPaper']}
          hint={t['legal.demandPaperHint']}
          fault={faults.document}
          required
        />
        <PlainTick t={t} faults={faults} />
        <Button>{t['desk.save']}</Button>
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
    <Desk context={context} title={t['desk.legal']} here="/desk/legal">
      <h1>{t['legal.opened']}</h1>
      <p class="lead">{t['dates.openedOnce']}</p>
      <Facts>
        {opened.map(([name, value]) => (
          <Fact name={name}>
            <bdi>{value}</bdi>
          </Fact>
        ))}
      </Facts>
      <p>
        <a href="/desk/legal">{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** Whether the registry is closed, for everybody who works here; the votes, for legal officers. */
export function LockdownPage(props: { context: DeskContext; closed: boolean; lockdown?: Lockdown }) {
  const { context, closed, lockdown } = props
  const { t, session } = context
  return (
    <Desk context={context} title={t['desk.lockdown']} here="/desk/lockdown">
      <h1>{t['desk.lockdown']}</h1>
      <p class="govuk-inset-text">{closed ? t['legal.closed'] : t['legal.open']}</p>
      {closed ? <p>{t['session.lockedWhat']}</p> : ''}
      {lockdown ? (
        <>
          <p>{t['legal.votesLapse']}</p>
          <p>{t['legal.votes'].replace('{n}', String(lockdown.votes)).replace('{needed}', String(lockdown.needed))}</p>
          <PostForm action="/desk/lockdown" csrf={session.csrf}>
            <Button name="close" value={lockdown.closed ? 'no' : 'yes'}>
              {lockdown.closed ? t['legal.voteOpen'] : t['legal.voteClose']}
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
    [t['legal.authority'], authority.name],
    [
      t['legal.function'],
      listText(
        language,
        authority.functions.map((one) => functionTitle(one, language)),
      ),
    ],
    [t['desk.basis'], basis === 'judge-order' ? `${basisText} (${t['legal.judge']})` : basisText],
    [t['legal.scope'], scope],
    [t['legal.whom'], person ? `${person.name} · ${person.dateOfBirth}` : (neighbourId ?? '–')],
    [t['legal.fields'], fieldNames(fields, t, language)],
    ...(secretUntil ? [[t['legal.secretFrom'], dayText(language, secretUntil)] satisfies [string, string]] : []),
  ]
  return (
    <Details summary={t['legal.said']} open={open}>
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
    <Details summary={t['organisations.secrecy']}>
      <PostForm action="/desk/legal/secrecy" enctype="multipart/form-data" csrf={session.csrf}>
        <input type="hidden" name="entry" value={demand.reference} />
        <DateField
          name="until"
          legend={t['helpers.until']}
          hint={t['organisations.secrecyHint']}
          labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
          value={() => ''}
        />
        <Field name="basis" id={`basis-${demand.id}`} label={t['desk.basis']} required auto />
        <Field
          name="document"
          id={`document-${demand.id}`}
          type="file"
          label={t['legal.demandPaper']}
          hint={t['legal.demandPaperHint']}
          required
        />
        <Button secondary>{t['desk.save']}</Button>
      </PostForm>
    </Details>
  )
}
