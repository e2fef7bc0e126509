import { randomUUID } from 'node:crypto'
import type { Child } from 'hono/jsx'
import { Reply } from '../../http/reply.ts'
import { messagesOf } from '../../messages/read-notices.ts'
import { NotFound } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import { Answer, answerProceeding } from '../../registry/departure/decide-proceeding.ts'
import { type OwnProceeding, ownProceeding } from '../../registry/departure/hearing.ts'
import type { ProceedingCause } from '../../registry/departure/hearing-model.ts'
import { actFor } from '../../registry/person/representation/act-for.ts'
import { recentRestore } from '../../town/restores.ts'
import { dayText, timeText } from '../record/texts.ts'
import { Button, ErrorSummary, Field, PostForm } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Done, Fact, Facts } from '../ui/parts.tsx'
import { idempotencyKeyOf, type OwnPages, type PortalDeps } from './deps.ts'
import { HomePage } from './home-page.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** What a neighbour is asked before their registration could end, and their answer: for themself, or for whom they act for. */
export function hearingPages(page: OwnPages, deps: PortalDeps): void {
  const home = async (context: OwnContext, fault?: string) => {
    const { town, requester } = context
    const messages = await messagesOf(deps, { town, by: requester })
    const asked = await ownProceeding(deps, { town, by: requester })
    const restored = await recentRestore(deps, town)
    const idempotencyKey = randomUUID()
    if (asked === undefined)
      return Reply.page(messages, (list) => (
        <HomePage context={context} messages={list} idempotencyKey={idempotencyKey} restored={restored} />
      ))
    return Reply.page(
      asked.with(messages),
      ([proceeding, list]) => (
        <HomePage
          restored={restored}
          context={context}
          messages={list}
          idempotencyKey={idempotencyKey}
          asked={
            <HearingBox
              context={context}
              proceeding={proceeding}
              idempotencyKey={idempotencyKey}
              action="/me/hearing"
              fault={fault}
            />
          }
        />
      ),
      fault ? 422 : 200,
    )
  }
  page({ method: 'get', path: '/me' }, (context) => home(context))
  page({ method: 'post', path: '/me/hearing', quiet: true }, async (context) => {
    const { town, requester, form, t } = context
    const answer = Answer.safeParse({ text: form.get('words') })
    if (!answer.success) return home(context, t['hearing.tooLong'])
    await answerProceeding(
      deps,
      { town, by: requester },
      { neighbourId: requester.neighbourId, answer: answer.data, idempotencyKey: idempotencyKeyOf(context, 'hearing') },
    )
    return Reply.redirect('/me?answered=1')
  })

  const forChild = async (context: OwnContext, fault?: string, done = false) => {
    const { town, requester, form, t } = context
    const child = form.get('child')
    if (!isUuid(child)) throw new NotFound()
    const asked = await ownProceeding(deps, { town, by: await actFor(deps, { town, by: requester }, child) })
    if (asked === undefined) throw new NotFound()
    const idempotencyKey = randomUUID()
    return Reply.page(
      asked,
      (proceeding) => (
        <Own context={context} heading={t['entrance.children']}>
          {done ? <Done>{t['hearing.done']}</Done> : ''}
          <HearingBox
            context={context}
            proceeding={proceeding}
            idempotencyKey={idempotencyKey}
            action="/me/children/hearing/answer"
            fault={fault}
            hidden={<input type="hidden" name="child" value={child} />}
          />
        </Own>
      ),
      fault ? 422 : 200,
    )
  }
  page({ method: 'post', path: '/me/children/hearing', quiet: true }, (context) => forChild(context))
  page({ method: 'post', path: '/me/children/hearing/answer', quiet: true }, async (context) => {
    const { town, requester, form, t } = context
    const answer = Answer.safeParse({ text: form.get('words'), by: 'representative' })
    if (!answer.success) return forChild(context, t['hearing.tooLong'])
    const child = form.get('child')
    const acting = await actFor(deps, { town, by: requester }, child)
    await answerProceeding(
      deps,
      { town, by: acting },
      { neighbourId: child, answer: answer.data, idempotencyKey: idempotencyKeyOf(context, `hearing ${child}`) },
    )
    return forChild(context, undefined, true)
  })
}

const beliefs = (t: Texts): Record<ProceedingCause, string> => ({
  'moved-away': t['hearing.beliefAway'],
  'wrongly-registered': t['hearing.beliefNotHere'],
})

/** What the city believes, why, until when it can be answered, and one button that says the opposite. */
function HearingBox(props: {
  context: OwnContext
  proceeding: OwnProceeding
  idempotencyKey: string
  action: string
  fault?: string | undefined
  hidden?: Child
}) {
  const { context, proceeding, idempotencyKey, action, fault, hidden } = props
  const { t, language, session, town, form } = context
  const { cause, reason, answerBy, answers } = proceeding
  return (
    <section class="govuk-inset-text" aria-labelledby="hearing">
      <ErrorSummary title={t['desk.there']} faults={fault ? { words: fault } : {}} />
      <h2 id="hearing">{t['hearing.title']}</h2>
      <p>{beliefs(t)[cause]}</p>
      <Facts>
        <Fact name={t['desk.reason']}>
          <span dir="auto">{reason}</span>
        </Fact>
        {answerBy ? <Fact name={t['leaving.answerBy']}>{dayText(language, answerBy)}</Fact> : ''}
      </Facts>
      <p>{t['hearing.lead']}</p>
      {answers.length > 0 ? (
        <>
          <h3>{t['hearing.yours']}</h3>
          <ul class="cards">
            {answers.map((answer) => (
              <li>
                {timeText(language, town.timeZone, answer.receivedAt)} ·{' '}
                {answer.readAt ? t['hearing.read'] : t['hearing.waits']}
                <p dir="auto">{answer.text || t['hearing.lives']}</p>
              </li>
            ))}
          </ul>
        </>
      ) : (
        ''
      )}
      <PostForm action={action} csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        {hidden ?? ''}
        <Field
          name="words"
          label={t['hearing.say']}
          hint={t['hearing.sayHint']}
          fault={fault}
          value={fault ? form.get('words') : ''}
          lines={4}
          auto
        />
        <Button>{t['hearing.lives']}</Button>
      </PostForm>
    </section>
  )
}
