import type { Child } from 'hono/jsx'
import type { MessageKind } from '../../identity/telling.ts'
import type { Messages, Notice } from '../../messages/read-notices.ts'
import type { Restored } from '../../town/restores.ts'
import { timeText } from '../record/texts.ts'
import { Button, PostForm } from '../ui/form.tsx'
import { Done } from '../ui/parts.tsx'
import { noticeText, orderWords } from './everything.ts'
import { RestoredNote } from './restored.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** Three taps: get a proof, for this service, show. */
export function HomePage(props: {
  context: OwnContext
  messages: Messages
  idempotencyKey: string
  /** What the city asks before it decides whether they stay registered. */
  asked?: Child
  restored?: Restored | undefined
}) {
  const { context, messages, idempotencyKey, asked, restored } = props
  const { notices, stillHere } = messages
  const { t, language, town, session } = context
  return (
    <Own context={context} heading={t['entrance.hello']}>
      {context.query('answered') === '1' ? <Done>{t['hearing.done']}</Done> : ''}
      <RestoredNote restored={restored} language={language} timeZone={town.timeZone} />
      {asked ?? ''}
      <p>
        <a class="govuk-button" href="/me/proof">
          {t['entrance.get']}
        </a>
      </p>
      <ul class="cards">
        <li>
          <a href="/me/record">{t['entrance.record']}</a>
        </li>
        <li>
          <a href="/me/change">{t['change.title']}</a>
        </li>
        <li>
          <a href="/me/looked">{t['desk.looked']}</a>
        </li>
        <li>
          <a href="/me/asked">{t['asked.title']}</a>
        </li>
        <li>
          <a href="/me/devices">{t['entrance.devices']}</a>
        </li>
        <li>
          <a href="/me/children">{t['entrance.children']}</a>
        </li>
        <li>
          <a href="/me/helpers">{t['helpers.title']}</a>
        </li>
        <li>
          <a href="/complain">{t['complaint.title']}</a>
        </li>
      </ul>
      <h2>{t['entrance.messages']}</h2>
      {stillHere ? (
        <PostForm action="/me/change/here" class="govuk-inset-text" csrf={session.csrf}>
          <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
          <p>
            {t['change.here']} {t['change.hereLead']}
          </p>
          <Button>{t['change.yes']}</Button>
        </PostForm>
      ) : (
        ''
      )}
      {notices.length === 0 && !stillHere ? <p>{t['entrance.noMessages']}</p> : ''}
      {notices.map((notice) => (
        <p class="govuk-inset-text">
          {timeText(language, town.timeZone, notice.at)}: <MessageText notice={notice} context={context} />
        </p>
      ))}
    </Own>
  )
}

/** Where a message leads to, of those that do. */
const LEADS: Partial<Record<MessageKind, string>> = {
  answer: '/me/asked',
  'way-in': '/me/devices',
  'ways-changed': '/me/devices',
  'card-tried': '/me/devices',
  'way-waits': '/me/devices',
  'acts-waits': '/me/record',
  'reach-changed': '/me/change',
}

/** A message, for whoever it is for: of an order also who gave it and what was opened. */
function MessageText({ notice, context }: { notice: Notice; context: OwnContext }) {
  const { t, language, town } = context
  const text = noticeText(notice.kind, t)
  const to = LEADS[notice.kind]
  return (
    <>
      {to ? <a href={to}>{text}</a> : text}
      {notice.order ? (
        <>
          <br />
          <span dir="auto">{orderWords(notice.order, { t, language, timeZone: town.timeZone })}</span>
        </>
      ) : (
        ''
      )}
    </>
  )
}
