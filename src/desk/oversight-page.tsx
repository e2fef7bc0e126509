import type { Demand, DemandOutline } from '../firewall/access-requests.ts'
import type { StaffActivity } from '../firewall/flags.ts'
import { FUNCTION_IDS, functionTitle } from '../firewall/functions.ts'
import type { Lockdown } from '../firewall/lockdown.ts'
import { type PolicyEngine, purposes } from '../firewall/policies.ts'
import type { LedgerLine } from '../ledger/lines.ts'
import { Csrf, DateField, ErrorSummary, type Faults, Field, Select, Tick } from '../ui/form.tsx'
import { Details, Fact, Facts } from '../ui/parts.tsx'
import { PlainTick } from '../ui/plain.tsx'
import { whoNames } from './looked-text.ts'
import { fieldNames } from './neighbour-past-page.tsx'
import { Desk, type DeskVisit, dayText, timeText } from './shell.tsx'
import type { Typed } from './typed.ts'

export interface FlagShown {
  id: string
  raisedAt: string
  staff: string
  neighbourId: string
  kind: string
}

/** What colleagues looked up without a reason that is written down. */
export function FlagsPage(props: {
  visit: DeskVisit
  flags: readonly FlagShown[]
  activity: readonly StaffActivity[]
}) {
  const { visit, flags, activity } = props
  const { t, language, town, session, requester } = visit
  const kinds: Record<string, string> = {
    'no-case': t.dFlagNoCase,
    'unknown-case': t.dFlagUnknownCase,
    'own-record': t.dFlagOwn,
    'same-household': t.dFlagHousehold,
    probing: t.dFlagProbing,
    watched: t.dFlagWatched,
    'same-address': t.dFlagAddress,
    'many-people': t.dFlagMany,
    'out-of-hours': t.dFlagHours,
  }
  return (
    <Desk visit={visit} title={t.dSupervision} here="/desk/flags">
      <h1>{t.dFlags}</h1>
      {flags.length === 0 ? <p>{t.dNoFlags}</p> : ''}
      <ul class="cards">
        {flags.map((flag) => (
          <li>
            {timeText(language, town.timeZone, flag.raisedAt)} · <bdi>{flag.staff}</bdi> ·{' '}
            {kinds[flag.kind] ?? flag.kind}
            {requester.role === 'supervisor' ? (
              <form method="post" action="/desk/flags/review">
                <Csrf token={session.csrf} />
                <button type="submit" name="flag" value={flag.id} class="govuk-button govuk-button--secondary">
                  {t.dReviewed}
                </button>
              </form>
            ) : (
              ''
            )}
          </li>
        ))}
      </ul>
      <p>
        <a href="/desk/look-ups/drawn">{t.dDrawnRead}</a>
      </p>
      <h2>{t.dActivity}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.whoStaff}</th>
            <th scope="col">{t.dActivityDay}</th>
            <th scope="col">{t.dActivityHour.replace('{n}', String(town.hourlyBudgetStaff))}</th>
            <th scope="col">{t.dActivityPeople}</th>
          </tr>
        </thead>
        <tbody>
          {activity.map(({ staff, day, busiestHour, people }) => (
            <tr>
              <th scope="row" data-label={t.whoStaff}>
                <bdi>{staff}</bdi>
              </th>
              <td data-label={t.dActivityDay}>{day}</td>
              <td data-label={t.dActivityHour.replace('{n}', String(town.hourlyBudgetStaff))}>{busiestHour}</td>
              <td data-label={t.dActivityPeople}>
                {people}{' '}
                {requester.role === 'supervisor' && staff !== requester.id ? (
                  <Details summary={t.dRelease}>
                    <form method="post" action="/desk/flags/release">
                      <Csrf token={session.csrf} />
                      <input type="hidden" name="staff" value={staff} />
                      <Field name="reason" id={`reason-${staff}`} label={t.dReason} required auto />
                      <button type="submit" class="govuk-button govuk-button--secondary">
                        {t.dRelease}
                      </button>
                    </form>
                  </Details>
                ) : (
                  ''
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Desk>
  )
}

/** Demands by authorities from the first day to the letter, and the lockdown. */
export function LegalPage(props: {
  visit: DeskVisit
  demands: readonly DemandOutline[]
  lockdown: Lockdown
  typed?: Typed
  faults?: Faults
}) {
  const { visit, demands, lockdown, typed = {}, faults = {} } = props
  const { t, language, town, session } = visit
  const stages: Record<string, string> = {
    refused: t.dRefused,
    'under-review': t.dUnderReview,
    approved: t.dApproved,
    opened: t.dOpened,
  }
  return (
    <Desk visit={visit} title={t.dLegal} here="/desk/legal">
      <ErrorSummary title={t.dThere} faults={faults} />
      <h1>{t.dDemands}</h1>
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
            <Said visit={visit} demand={demand.demand} open={demand.stage === 'under-review'} />
            {demand.secretUntil ? <Prolong visit={visit} demand={demand} /> : ''}
            {demand.stage === 'refused' ? (
              <p>
                <a href={`/desk/legal/${demand.id}/letter`}>{t.dLetter}</a>
              </p>
            ) : (
              ''
            )}
            {demand.stage === 'under-review' ? (
              <form method="post" action={`/desk/legal/${demand.id}/review`}>
                <Csrf token={session.csrf} />
                <p class="govuk-button-group">
                  <button type="submit" name="approves" value="no" class="govuk-button">
                    {t.dRefuse}
                  </button>
                  <button type="submit" name="approves" value="yes" class="govuk-button govuk-button--secondary">
                    {t.dApprove} ({demand.approvals}/2)
                  </button>
                </p>
              </form>
            ) : (
              ''
            )}
          </li>
        ))}
      </ul>
      <Details summary={t.dDemand} open={Object.keys(faults).length > 0}>
        <form method="post" action="/desk/legal" enctype="multipart/form-data">
          <Csrf token={session.csrf} />
          <Field name="authority" label={t.dAuthority} value={typed.authority} fault={faults.authority} required auto />
          <Select
            name="function"
            label={t.dFunction}
            value={typed.function ?? ''}
            options={[
              ...FUNCTION_IDS.map((one) => [one, functionTitle(one, language)] as const),
              ['', t.aOther] as const,
            ]}
          />
          <Tick name="immigration" label={t.dForImmigration} on={typed.immigration !== undefined} />
          <Tick name="judge" label={t.dJudge} on={typed.judge !== undefined} />
          <Field name="basis" label={t.dBasis} value={typed.basis} fault={faults.basis} required auto />
          <Field name="scope" label={t.dScope} value={typed.scope} fault={faults.scope} lines={3} required auto />
          <Field
            name="document"
            type="file"
            label={t.dDemandPaper}
            hint={t.dDemandPaperHint}
            fault={faults.document}
            required
          />
          <PlainTick t={t} faults={faults} />
          <button type="submit" class="govuk-button">
            {t.dSave}
          </button>
        </form>
      </Details>
      <h2>{t.dLockdown}</h2>
      <p class="govuk-inset-text">{lockdown.closed ? t.dClosed : t.dOpen}</p>
      <p>{t.dVotes.replace('{n}', String(lockdown.votes)).replace('{needed}', String(lockdown.needed))}</p>
      <form method="post" action="/desk/legal/lockdown">
        <Csrf token={session.csrf} />
        <button type="submit" name="close" value={lockdown.closed ? 'no' : 'yes'} class="govuk-button">
          {lockdown.closed ? t.dVoteOpen : t.dVoteClose}
        </button>
      </form>
    </Desk>
  )
}

/** What a demand says: who asks, on what basis, for which fields of whom, and how long it is to be kept from them. */
function Said(props: { visit: DeskVisit; demand: Demand; open: boolean }) {
  const { visit, demand, open } = props
  const { t, language } = visit
  const { authority, basis, basisText, scope, neighbourId, fields, secretUntil } = demand
  const lines: [string, string][] = [
    [t.dAuthority, authority.name],
    [t.dFunction, authority.functions.map((one) => functionTitle(one, language)).join(', ')],
    [t.dBasis, basis === 'judge-order' ? `${basisText} (${t.dJudge})` : basisText],
    [t.dScope, scope],
    [t.dWhom, neighbourId ?? '–'],
    [t.dFields, fieldNames(fields, t)],
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
function Prolong(props: { visit: DeskVisit; demand: DemandOutline }) {
  const { visit, demand } = props
  const { t, session } = visit
  return (
    <Details summary={t.gSecrecy}>
      <form method="post" action="/desk/legal/secrecy" enctype="multipart/form-data">
        <Csrf token={session.csrf} />
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
        <button type="submit" class="govuk-button govuk-button--secondary">
          {t.dSave}
        </button>
      </form>
    </Details>
  )
}

/** The public tree over the sealed ledger, and the rules in force. */
export function LedgerPage(props: {
  visit: DeskVisit
  checkpoint: string
  policies: Pick<PolicyEngine, 'rules' | 'digest'>
  /** The entries of one page, and the key their checkpoint is signed with; absent for who only sees the rules. */
  explored?: { lines: readonly LedgerLine[]; verifier: string; refused: boolean }
}) {
  const { visit, checkpoint, policies, explored } = props
  const { t } = visit
  return (
    <Desk visit={visit} title={t.dAudit} here="/desk/ledger" {...(explored ? { script: '/assets/ledger.js' } : {})}>
      <h1>{t.dAudit}</h1>
      <p class="lead">{t.dLedgerLead}</p>
      <pre dir="ltr">{checkpoint}</pre>
      <p>
        <a href="/transparency">{t.transparencyLink}</a>
      </p>
      {explored ? <Explored visit={visit} checkpoint={checkpoint} {...explored} /> : ''}
      <h2>{t.firewallTitle}</h2>
      <p>
        {t.inForce} <code dir="ltr">{policies.digest}</code>
      </p>
      <ol class="rules">
        {policies.rules.map((rule) => (
          <li>
            {visit.language === 'en' ? rule.title : (rule.titles[visit.language] ?? rule.title)}
            <small dir="ltr">{rule.id}</small>
          </li>
        ))}
      </ol>
    </Desk>
  )
}

/** Entries by time, each proved in the page to be in the tree that the city has signed. */
function Explored(props: {
  visit: DeskVisit
  checkpoint: string
  lines: readonly LedgerLine[]
  verifier: string
  refused: boolean
}) {
  const { visit, checkpoint, lines, verifier, refused } = props
  const { t, language, town } = visit
  const who = whoNames(t)
  const oldest = lines.at(-1)?.position
  const only = refused ? '&refused=1' : ''
  return (
    <>
      <h2>{t.dEntries}</h2>
      <p>
        {refused ? (
          <a href="/desk/ledger">{t.dEntriesAll}</a>
        ) : (
          <a href="/desk/ledger?refused=1">{t.dEntriesRefused}</a>
        )}
      </p>
      <div
        id="ledger"
        data-checkpoint={checkpoint}
        data-key={verifier}
        data-proved={t.rProved}
        data-soon={t.rNotYet}
        data-broken={t.rBroken}
      >
        <ol class="timeline">
          {lines.map((line) => (
            <li data-leaf={line.leafHash}>
              <span dir="ltr">#{line.position}</span> · <strong>{timeText(language, town.timeZone, line.at)}</strong> ·{' '}
              {who[line.requesterKind] ?? line.requesterKind}
              {line.outcome === 'refused' ? ` · ${t.dRefused}` : ''}
              <br />
              {purposes.get(line.purpose)?.title[language] ?? t.whyOther} <small dir="ltr">{line.action}</small>
            </li>
          ))}
        </ol>
      </div>
      {oldest !== undefined && oldest > 0 ? (
        <p>
          <a href={`/desk/ledger?before=${oldest}${only}`}>{t.dOlder}</a>
        </p>
      ) : (
        ''
      )}
    </>
  )
}
