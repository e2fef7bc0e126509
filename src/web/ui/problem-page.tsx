import { localeTag } from '../../platform/locale-tag.ts'
import type { InvalidInput, Problem } from '../../platform/problem.ts'
import { type Language, LOCALES, type Texts } from './language.ts'
import { Page } from './layout.tsx'

/** The words for each code: a test holds it against every code that is thrown anywhere. */
export const TEXTS: Readonly<Record<string, keyof Texts>> = {
  'not-found': 'pNotFound',
  'time-taken': 'wTaken',
  refused: 'pRefused',
  'version-conflict': 'pConflict',
  'version-required': 'pConflict',
  'idempotency-mismatch': 'pConflict',
  'invalid-input': 'pInvalid',
  'no-such-value': 'pInvalid',
  'not-a-form': 'pMalformed',
  'notice-missing': 'pNoNotice',
  'notice-given': 'pNoticeGiven',
  'notice-other-way': 'pOtherWay',
  'notice-running': 'pRunning',
  'answer-unread': 'pUnread',
  'council-missing': 'pCouncil',
  'council-against': 'pCouncilAgainst',
  'nobody-acts': 'pNobodyActs',
  'second-clerk-needed': 'zSelf',
  'nothing-changes': 'zNothing',
  'start-waiting': 'zOpen',
  'start-decided': 'zDecided',
  'proceeding-open': 'pSoon',
  'proceeding-closed': 'pSoon',
  'out-of-turn': 'pSoon',
  'not-for-this-holder': 'pHolder',
  'not-resident': 'pResident',
  'second-person-needed': 'pSoon',
  'erasure-open': 'pSoon',
  'still-a-neighbour': 'pKept',
  'kept-by-law': 'pKept',
  'too-young': 'pYoung',
  'minor-moves': 'pMinorMoves',
  'undo-not-yours': 'dUndoNotYours',
  'undo-too-late': 'dUndoTooLate',
  'undo-not-possible': 'dUndoNotPossible',
  'undo-in-the-way': 'dUndoInTheWay',
  'likeness-open': 'dIsHeld',
  'already-represents': 'dActsAlready',
  'join-open': 'pJoinOpen',
  'join-decided': 'pJoinOpen',
  'join-departed': 'pJoinDeparted',
  'join-in-the-way': 'pJoinInTheWay',
  'join-before-birth': 'pJoinBeforeBirth',
  'not-joined': 'pNotFound',
  'apart-in-the-way': 'pApartInTheWay',
  'sign-in-failed': 'pSignIn',
  'sign-in-too-weak': 'pWeak',
  'supervisor-needed': 'pSupervisor',
  'recorded-dead': 'pDead',
  'over-budget': 'dOverBudget',
  'another-officer': 'pAnother',
  unavailable: 'pAway',
  'database-older': 'pAway',
  'no-signing-key': 'pAway',
  'too-many-proposals': 'pProposals',
  'organisation-known': 'pKnown',
  'released-today': 'pReleased',
  'explained-already': 'pExplained',
  'helper-closed': 'pHelperClosed',
  'too-many-attempts': 'vWhyTooMany',
  'too-many-complaints': 'pMany',
  busy: 'pBusy',
  'card-asleep': 'iSleeps',
  'card-needs-word': 'rWordAsk',
  'card-refused': 'rCardNo',
  'client-taken': 'pClientTaken',
  'too-many-machines': 'vpRoom',
  'key-ended': 'pKeyEnded',
  'machine-ended': 'pMachineEnded',
  'already-proposed': 'pProposed',
  'too-many-requests': 'pRequests',
  'too-few-reports': 'pFewReports',
  'duplicate-suspected': 'pDuplicate',
  'help-refused': 'hRefused',
  invalid_grant: 'pWallet',
  invalid_nonce: 'pWallet',
  invalid_notification_id: 'pWallet',
  invalid_proof: 'pWallet',
  invalid_token: 'pWallet',
  unknown_credential_configuration: 'pWallet',
  unsupported_grant_type: 'pWallet',
  'key-unavailable': 'pAway',
  'malformed-answer': 'pMalformed',
  'malformed-json': 'pMalformed',
  incomplete: 'pMalformed',
  'unsupported-media-type': 'pMalformed',
  misdirected: 'pElsewhere',
  'no-council': 'pNoCouncil',
  'order-fits-nobody': 'pFitsNobody',
  'seal-over': 'pSealOver',
  'no-renderer': 'pNoRenderer',
  'no-such-code': 'pNoCode',
  'passkey-refused': 'rPhoneNo',
  removed: 'rRemoved',
  'says-too-much': 'dHeld',
  'seal-broken': 'pOther',
  unexpected: 'pOther',
  'search-too-wide': 'pWide',
  'sign-in-again': 'iFresh',
  'still-resident': 'pStillHere',
  'too-large': 'pTooLarge',
  'too-many-answers': 'pManyAnswers',
  'too-many-applications': 'pMany',
  unauthenticated: 'pSignIn',
  'word-too-short': 'iWordShort',
}

export const reasonText = (code: string, t: Texts) => t[TEXTS[code] ?? 'pOther']
/** What to do about a box that was not taken: nothing was in it, too much, or something that cannot be. */
export const boxText = (t: Texts, typed: string, tooLong = false): string =>
  typed === '' ? t.aMissing : tooLong ? t.pLong : t.pWrongHere
/** The same where a form asks why, and has its own words for asking. */
export const whyText = ({ errors }: InvalidInput, t: Texts, missing: string): string =>
  errors.some(({ tooLong }) => tooLong) ? t.pLong : missing

/** @returns the text, with until when it holds where there is such a time, as the clock of the town shows it */
export function problemText(problem: Problem, t: Texts, at: { language: Language; timeZone: string }): string {
  const until = 'until' in problem ? Temporal.Instant.from(String(problem.until)) : undefined
  const { language, timeZone } = at
  const shown = until?.toLocaleString(localeTag(language), {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone,
  })
  return reasonText(problem.code, t).replace('{time}', shown ?? '')
}

/** What went wrong, said kindly. The code is for whoever looks after the service. */
export function ProblemPage(props: {
  problem: Problem
  town: string
  language: Language
  timeZone: string
  /** The registry is closed to all but what goes on. */
  closed?: boolean
  /** What was written in words into the form that was not taken. */
  lost?: readonly string[]
  /** The page that the form was on. */
  back?: string | undefined
}) {
  const { problem, town, language, timeZone, closed, lost = [], back } = props
  const t = LOCALES[language]
  return (
    <Page title={t.dThere} language={language} town={town}>
      <h1>{t.dThere}</h1>
      <p class="lead">{closed ? t.xLocked : problemText(problem, t, { language, timeZone })}</p>
      {closed ? (
        <p>
          <a href="/desk/lockdown">{t.dLockdown}</a>
        </p>
      ) : (
        ''
      )}
      {lost.length > 0 ? (
        <div class="govuk-inset-text">
          <p>{t.xGone}</p>
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
          <a href={back}>{t.dBack}</a>
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
