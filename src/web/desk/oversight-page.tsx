import { type PolicyEngine, purposes } from '../../firewall/policies.ts'
import { mayReach } from '../../firewall/roles.ts'
import type { LedgerLine } from '../../ledger/lines.ts'
import type { StaffActivity } from '../../oversight/review-flags.ts'
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
    'no-case': t['oversight.flagNoCase'],
    'unknown-case': t['oversight.flagUnknownCase'],
    'own-record': t['oversight.flagOwn'],
    'same-household': t['oversight.flagHousehold'],
    probing: t['oversight.flagProbing'],
    watched: t['oversight.flagWatched'],
    'same-address': t['oversight.flagAddress'],
    'many-people': t['oversight.flagMany'],
    'out-of-hours': t['oversight.flagHours'],
    'given-and-used': t['oversight.flagGiven'],
  }
  return (
    <Desk context={context} title={t['desk.supervision']} here="/desk/flags">
      <h1>{t['desk.flags']}</h1>
      {flags.length === 0 ? <p>{t['desk.noFlags']}</p> : ''}
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
              <Button secondary>{raised.length > 1 ? t['oversight.reviewAll'] : t['desk.reviewed']}</Button>
            ) : (
              ''
            )}
          </PostForm>
        </section>
      ))}
      <NextPage t={t} path="/desk/flags" more={more} first={context.query('after') === ''} />
      <p>
        <a href="/desk/look-ups/drawn">{t['oversight.drawnRead']}</a>
      </p>
      <h2>{t['oversight.activity']}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{t['requester.staff']}</th>
            <th scope="col">{t['oversight.activityDay']}</th>
            <th scope="col">{t['oversight.activityHour'].replace('{n}', String(town.hourlyBudgetStaff))}</th>
            <th scope="col">{t['oversight.activityPeople']}</th>
          </tr>
        </thead>
        <tbody>
          {activity.map(({ staff, day, busiestHour, people }) => (
            <tr>
              <th scope="row" data-label={t['requester.staff']}>
                <bdi>{staff}</bdi>
              </th>
              <td data-label={t['oversight.activityDay']}>{day}</td>
              <td data-label={t['oversight.activityHour'].replace('{n}', String(town.hourlyBudgetStaff))}>
                {busiestHour}
              </td>
              <td data-label={t['oversight.activityPeople']}>
                {people}{' '}
                {mayReach('POST /desk/flags/release', requester) && staff !== requester.id ? (
                  <Details summary={t['oversight.release']}>
                    <PostForm action="/desk/flags/release" csrf={session.csrf}>
                      <input type="hidden" name="staff" value={staff} />
                      <Field name="reason" id={`reason-${staff}`} label={t['desk.reason']} required auto />
                      <Button secondary>{t['oversight.release']}</Button>
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
  /** The entries of one page, the checkpoint that proves them to everybody and the key that is signed with; absent for who only sees the rules. */
  explored?: { lines: readonly LedgerLine[]; verifier: string; refused: boolean; published: string }
}) {
  const { context, checkpoint, policies, explored } = props
  const { t } = context
  return (
    <Desk
      context={context}
      title={t['desk.audit']}
      here="/desk/ledger"
      {...(explored ? { script: '/assets/ledger.js' } : {})}
    >
      <h1>{t['desk.audit']}</h1>
      <p class="lead">{t['oversight.ledgerLead']}</p>
      <pre dir="ltr">{checkpoint}</pre>
      <p>
        <a href="/transparency">{t['transparency.link']}</a>
      </p>
      {explored ? <Explored context={context} {...explored} /> : ''}
      <h2>{t['firewall.title']}</h2>
      <p>
        {t['page.inForce']} <code dir="ltr">{policies.digest}</code>
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
  published: string
  lines: readonly LedgerLine[]
  verifier: string
  refused: boolean
}) {
  const { context, published, lines, verifier, refused } = props
  const { t, language, town } = context
  const who = whoNames(t)
  const oldest = lines.at(-1)?.position
  const only = refused ? '&refused=1' : ''
  return (
    <>
      <h2>{t['oversight.entries']}</h2>
      <p>
        {refused ? (
          <a href="/desk/ledger">{t['oversight.entriesAll']}</a>
        ) : (
          <a href="/desk/ledger?refused=1">{t['oversight.entriesRefused']}</a>
        )}
      </p>
      <div
        id="ledger"
        data-checkpoint={published}
        data-key={verifier}
        data-proved={t['entrance.proved']}
        data-soon={t['entrance.notYet']}
        data-broken={t['entrance.broken']}
      >
        <ol class="timeline">
          {lines.map((line) => (
            <li data-leaf={line.leafHash}>
              <span dir="ltr">#{line.position}</span> · <strong>{timeText(language, town.timeZone, line.at)}</strong> ·{' '}
              {who[line.requesterKind] ?? line.requesterKind}
              {line.outcome === 'refused' ? ` · ${t['desk.refused']}` : ''}
              <br />
              {purposes.get(line.purpose)?.title[language] ?? t['firewall.whyOther']}{' '}
              <small dir="ltr">{line.action}</small>
            </li>
          ))}
        </ol>
      </div>
      {oldest !== undefined && oldest > 0 ? (
        <p>
          <a href={`/desk/ledger?before=${oldest}${only}`}>{t['desk.older']}</a>
        </p>
      ) : (
        ''
      )}
    </>
  )
}
