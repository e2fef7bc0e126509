import { type PolicyEngine, purposes } from '../../firewall/policies.ts'
import { mayReach } from '../../firewall/roles.ts'
import type { LedgerLine } from '../../ledger/lines.ts'
import type { StaffActivity } from '../../oversight/flags.ts'
import { fieldNames } from '../record/look-ups.tsx'
import { whoNames } from '../record/looked-text.ts'
import { dayText, timeText } from '../record/texts.ts'
import { Button, Field, PostForm } from '../ui/form.tsx'
import { Details, NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext } from './shell.tsx'

export interface FlagShown {
  id: string
  raisedAt: string
  staff: string
  neighbourId: string
  kind: string
  fields: readonly string[]
}

/** What colleagues looked up without a reason that is written down. */
export function FlagsPage(props: {
  context: DeskContext
  flags: readonly FlagShown[]
  more: string | undefined
  activity: readonly StaffActivity[]
}) {
  const { context, flags, more, activity } = props
  const { t, language, town, session, requester } = context
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
    <Desk context={context} title={t.dSupervision} here="/desk/flags">
      <h1>{t.dFlags}</h1>
      {flags.length === 0 ? <p>{t.dNoFlags}</p> : ''}
      {byStaffAndDay(flags, town.timeZone).map(({ staff, day, raised }) => (
        <section>
          <h2>
            <bdi>{staff}</bdi> · {dayText(language, day)}
          </h2>
          <PostForm action="/desk/flags/review" csrf={session.csrf}>
            <ul>
              {raised.map((flag) => (
                <li>
                  <input type="hidden" name="flag" value={flag.id} />
                  {timeText(language, town.timeZone, flag.raisedAt)} · {kinds[flag.kind] ?? flag.kind} ·{' '}
                  <small>{fieldNames(flag.fields, t, language)}</small>
                </li>
              ))}
            </ul>
            {mayReach('POST /desk/flags/review', requester) ? (
              <Button secondary>{raised.length > 1 ? t.dReviewAll : t.dReviewed}</Button>
            ) : (
              ''
            )}
          </PostForm>
        </section>
      ))}
      <NextPage t={t} path="/desk/flags" more={more} first={context.query('after') === ''} />
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
                {mayReach('POST /desk/flags/release', requester) && staff !== requester.id ? (
                  <Details summary={t.dRelease}>
                    <PostForm action="/desk/flags/release" csrf={session.csrf}>
                      <input type="hidden" name="staff" value={staff} />
                      <Field name="reason" id={`reason-${staff}`} label={t.dReason} required auto />
                      <Button secondary>{t.dRelease}</Button>
                    </PostForm>
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

/** Look-ups of one person on one day, which are asked about together, in the order they were raised. */
function byStaffAndDay(flags: readonly FlagShown[], timeZone: string) {
  const groups = new Map<string, { staff: string; day: string; raised: FlagShown[] }>()
  for (const flag of flags) {
    const day = Temporal.Instant.from(flag.raisedAt).toZonedDateTimeISO(timeZone).toPlainDate().toString()
    const key = `${day} ${flag.staff}`
    const group = groups.get(key) ?? { staff: flag.staff, day, raised: [] }
    group.raised.push(flag)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** The public tree over the sealed ledger, and the rules in force. */
export function LedgerPage(props: {
  context: DeskContext
  checkpoint: string
  policies: Pick<PolicyEngine, 'rules' | 'digest'>
  /** The entries of one page, and the key their checkpoint is signed with; absent for who only sees the rules. */
  explored?: { lines: readonly LedgerLine[]; verifier: string; refused: boolean }
}) {
  const { context, checkpoint, policies, explored } = props
  const { t } = context
  return (
    <Desk context={context} title={t.dAudit} here="/desk/ledger" {...(explored ? { script: '/assets/ledger.js' } : {})}>
      <h1>{t.dAudit}</h1>
      <p class="lead">{t.dLedgerLead}</p>
      <pre dir="ltr">{checkpoint}</pre>
      <p>
        <a href="/transparency">{t.transparencyLink}</a>
      </p>
      {explored ? <Explored context={context} checkpoint={checkpoint} {...explored} /> : ''}
      <h2>{t.firewallTitle}</h2>
      <p>
        {t.inForce} <code dir="ltr">{policies.digest}</code>
      </p>
      <ol class="rules">
        {policies.rules.map((rule) => (
          <li>
            {context.language === 'en' ? rule.title : (rule.titles[context.language] ?? rule.title)}
            <small dir="ltr">{rule.id}</small>
          </li>
        ))}
      </ol>
    </Desk>
  )
}

/** Entries by time, each proved in the page to be in the tree that the city has signed. */
function Explored(props: {
  context: DeskContext
  checkpoint: string
  lines: readonly LedgerLine[]
  verifier: string
  refused: boolean
}) {
  const { context, checkpoint, lines, verifier, refused } = props
  const { t, language, town } = context
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
