import { localeTag } from '../../platform/locale-tag.ts'
import type { InvalidInput, Problem } from '../../platform/problem.ts'
import { type Language, LOCALES, type Texts } from './language.ts'
import { Page } from './layout.tsx'

/** The words for each code: a test holds it against every code that is thrown anywhere. */
export const TEXTS: Readonly<Record<string, keyof Texts>> = {
  'not-found': 'problem.notFound',
  'time-taken': 'appointment.taken',
  refused: 'problem.refused',
  'version-conflict': 'problem.conflict',
  'version-required': 'problem.conflict',
  'idempotency-mismatch': 'problem.conflict',
  'invalid-input': 'problem.invalid',
  'no-such-value': 'problem.invalid',
  'not-a-form': 'problem.malformed',
  'notice-missing': 'problem.noNotice',
  'notice-given': 'problem.noticeGiven',
  'notice-other-way': 'problem.otherWay',
  'notice-running': 'problem.running',
  'answer-unread': 'problem.unread',
  'council-missing': 'problem.council',
  'council-against': 'problem.councilAgainst',
  'nobody-acts': 'problem.nobodyActs',
  'second-clerk-needed': 'dates.self',
  'nothing-changes': 'dates.nothing',
  'start-waiting': 'dates.open',
  'start-decided': 'dates.decided',
  'proceeding-open': 'problem.soon',
  'proceeding-closed': 'problem.soon',
  'out-of-turn': 'problem.soon',
  'not-for-this-holder': 'problem.holder',
  'not-resident': 'problem.resident',
  'second-person-needed': 'problem.soon',
  'erasure-open': 'problem.soon',
  'still-a-neighbour': 'problem.kept',
  'kept-by-law': 'problem.kept',
  'too-young': 'problem.young',
  'minor-moves': 'problem.minorMoves',
  'undo-not-yours': 'undo.undoNotYours',
  'undo-too-late': 'undo.undoTooLate',
  'undo-not-possible': 'undo.undoNotPossible',
  'undo-in-the-way': 'undo.undoInTheWay',
  'likeness-open': 'desk.isHeld',
  'already-represents': 'representatives.actsAlready',
  'join-open': 'problem.joinOpen',
  'join-decided': 'problem.joinOpen',
  'join-departed': 'problem.joinDeparted',
  'join-in-the-way': 'problem.joinInTheWay',
  'join-before-birth': 'problem.joinBeforeBirth',
  'not-joined': 'problem.notFound',
  'apart-in-the-way': 'problem.apartInTheWay',
  'sign-in-failed': 'problem.signIn',
  'sign-in-too-weak': 'problem.weak',
  'supervisor-needed': 'problem.supervisor',
  'recorded-dead': 'problem.dead',
  'over-budget': 'problem.overBudget',
  'another-officer': 'problem.another',
  unavailable: 'problem.away',
  'database-older': 'problem.away',
  'no-signing-key': 'problem.away',
  'too-many-proposals': 'problem.proposals',
  'organisation-known': 'problem.known',
  'released-today': 'problem.released',
  'explained-already': 'problem.explained',
  'helper-closed': 'problem.helperClosed',
  'too-many-attempts': 'check.whyTooMany',
  'too-many-complaints': 'problem.many',
  busy: 'problem.busy',
  'card-asleep': 'waysIn.sleeps',
  'way-waits': 'waysIn.waitsPhone',
  'earlier-card-wrong': 'waysIn.earlierNo',
  'card-needs-word': 'entrance.wordAsk',
  'card-refused': 'entrance.cardNo',
  'client-taken': 'problem.clientTaken',
  'too-many-machines': 'provider.room',
  'key-ended': 'problem.keyEnded',
  'machine-ended': 'problem.machineEnded',
  'already-proposed': 'problem.proposed',
  'nothing-wider': 'organisations.nothingWider',
  'nothing-to-come': 'organisations.nothingToCome',
  'too-many-requests': 'problem.requests',
  'too-few-reports': 'problem.fewReports',
  'duplicate-suspected': 'problem.duplicate',
  'help-refused': 'helpers.refused',
  invalid_grant: 'problem.wallet',
  invalid_nonce: 'problem.wallet',
  invalid_notification_id: 'problem.wallet',
  invalid_proof: 'problem.wallet',
  invalid_token: 'problem.wallet',
  unknown_credential_configuration: 'problem.wallet',
  unsupported_grant_type: 'problem.wallet',
  'key-unavailable': 'problem.away',
  'malformed-answer': 'problem.malformed',
  'malformed-json': 'problem.malformed',
  incomplete: 'problem.malformed',
  'unsupported-media-type': 'problem.malformed',
  misdirected: 'problem.elsewhere',
  'no-council': 'problem.noCouncil',
  'order-fits-nobody': 'problem.fitsNobody',
  'seal-over': 'problem.sealOver',
  'no-renderer': 'problem.noRenderer',
  'no-such-code': 'problem.noCode',
  'passkey-refused': 'entrance.phoneNo',
  removed: 'entrance.removed',
  'says-too-much': 'desk.held',
  'seal-broken': 'problem.other',
  unexpected: 'problem.other',
  'search-too-wide': 'problem.wide',
  'sign-in-again': 'waysIn.fresh',
  'still-resident': 'problem.stillHere',
  'too-large': 'problem.tooLarge',
  'too-many-answers': 'problem.manyAnswers',
  'too-many-applications': 'problem.many',
  unauthenticated: 'problem.signIn',
  'word-too-short': 'waysIn.wordShort',
}

export const reasonText = (code: string, t: Texts) => t[TEXTS[code] ?? 'problem.other']
/** What to do about a box that was not taken: nothing was in it, too much, or something that cannot be. */
export const boxText = (t: Texts, typed: string, tooLong = false): string =>
  typed === '' ? t['enrolment.missing'] : tooLong ? t['problem.long'] : t['problem.wrongHere']
/** The same where a form asks why, and has its own words for asking. */
export const whyText = ({ errors }: InvalidInput, t: Texts, missing: string): string =>
  errors.some(({ tooLong }) => tooLong) ? t['problem.long'] : missing

/** @returns the text, with until when it holds where there is such a time, as the clock of the town shows it */
export function problemText(problem: Problem, t: Texts, at: { language: Language; timeZone: string }): string {
  const until = 'until' in problem ? Temporal.Instant.from(String(problem.until)) : undefined
  const { language, timeZone } = at
  return reasonText(problem.code, t).replace('{time}', until ? momentText(language, timeZone, until) : '')
}

const momentText = (language: Language, timeZone: string, instant: Temporal.Instant): string =>
  instant.toLocaleString(localeTag(language), { dateStyle: 'medium', timeStyle: 'short', timeZone })

/** What went wrong, said kindly. The code is for whoever looks after the service. */
export function ProblemPage(props: {
  problem: Problem
  town: string
  language: Language
  timeZone: string
  /** The registry is closed to all but what goes on: for whom this is said. */
  closed?: 'staff' | 'others' | undefined
  /** Their way in is too new to show this: from when it does, RFC 3339. */
  until?: string | undefined
  /** What was written in words into the form that was not taken. */
  lost?: readonly string[]
  /** The page that the form was on. */
  back?: string | undefined
}) {
  const { problem, town, language, timeZone, closed, until, lost = [], back } = props
  const t = LOCALES[language]
  return (
    <Page title={t['desk.there']} language={language} town={town}>
      <h1>{t['desk.there']}</h1>
      <p class="lead">
        {closed
          ? t['session.locked']
          : until
            ? t['waysIn.hides'].replace('{day}', momentText(language, timeZone, Temporal.Instant.from(until)))
            : problemText(problem, t, { language, timeZone })}
      </p>
      {closed === 'staff' ? (
        <p>
          <a href="/desk/lockdown">{t['desk.lockdown']}</a>
        </p>
      ) : (
        ''
      )}
      {lost.length > 0 ? (
        <div class="govuk-inset-text">
          <p>{t['session.gone']}</p>
          {lost.map((text) => (
            <p dir="auto" class="typed">
              {text}
            </p>
          ))}
        </div>
      ) : (
        ''
      )}
      {back && back !== '/' ? (
        <p>
          <a href={back}>{t['desk.back']}</a>
        </p>
      ) : (
        ''
      )}
      <p>
        <code dir="ltr">{problem.code}</code>
      </p>
    </Page>
  )
}
