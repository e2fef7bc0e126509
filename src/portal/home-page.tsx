import type { Child } from 'hono/jsx'
import { timeText } from '../desk/shell.tsx'
import type { Messages } from '../registry/notices.ts'
import type { MessageKind } from '../registry/reach.ts'
import type { Restored } from '../registry/restores.ts'
import { Csrf } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Done } from '../ui/parts.tsx'
import { RestoredNote } from './restored.tsx'
import { Own, type OwnVisit } from './shell.tsx'

/** Three taps: get a proof, for this service, show. */
export function HomePage(props: {
  visit: OwnVisit
  messages: Messages
  once: string
  /** What the city asks before it decides whether they stay registered. */
  asked?: Child
  restored?: Restored | undefined
}) {
  const { visit, messages, once, asked, restored } = props
  const { notices, stillHere } = messages
  const { t, language, town, session } = visit
  return (
    <Own visit={visit} heading={t.rHello}>
      {visit.query('answered') === '1' ? <Done>{t.jDone}</Done> : ''}
      <RestoredNote restored={restored} language={language} timeZone={town.timeZone} />
      {asked ?? ''}
      <p>
        <a class="govuk-button" href="/me/proof">
          {t.rGet}
        </a>
      </p>
      <ul class="cards">
        <li>
          <a href="/me/record">{t.rRecord}</a>
        </li>
        <li>
          <a href="/me/change">{t.mTitle}</a>
        </li>
        <li>
          <a href="/me/looked">{t.dLooked}</a>
        </li>
        <li>
          <a href="/me/asked">{t.qTitle}</a>
        </li>
        <li>
          <a href="/me/devices">{t.rDevices}</a>
        </li>
        <li>
          <a href="/me/children">{t.rChildren}</a>
        </li>
        <li>
          <a href="/me/helpers">{t.hTitle}</a>
        </li>
        <li>
          <a href="/complain">{t.kTitle}</a>
        </li>
      </ul>
      <h2>{t.rMessages}</h2>
      {stillHere ? (
        <form method="post" action="/me/change/here" class="govuk-inset-text">
          <Csrf token={session.csrf} />
          <input type="hidden" name="once" value={once} />
          <p>
            {t.mHere} {t.mHereLead}
          </p>
          <button type="submit" class="govuk-button">
            {t.mYes}
          </button>
        </form>
      ) : (
        ''
      )}
      {notices.length === 0 && !stillHere ? <p>{t.rNoMessages}</p> : ''}
      {notices.map((notice) => (
        <p class="govuk-inset-text">
          {timeText(language, town.timeZone, notice.at)}: {messageText(notice.kind, t)}
        </p>
      ))}
    </Own>
  )
}

/** What a message is about, for whoever it is for. */
function messageText(kind: MessageKind, t: Texts): Child {
  switch (kind) {
    case 'access-request':
      return t.rNoticeOrder
    case 'answer':
      return <a href="/me/asked">{t.qAnswered}</a>
    case 'proceeding':
      return t.jMessage
    case 'proceeding-withdrawn':
      return t.jWithdrawn
    case 'proceeding-approved':
      return t.jApproved
  }
}
