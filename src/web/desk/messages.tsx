import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { type ReferencePost, referencePost, tellInPerson } from '../../messages/tell-in-person.ts'
import { addressLines } from '../../proofs/address-text.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import { type CounterMessages, messagesAtCounter } from '../../requests/read-asked.ts'
import { AskedList } from '../record/asked-list.tsx'
import { channelNames } from '../record/proceeding-names.ts'
import { timeText } from '../record/texts.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, PostForm } from '../ui/form.tsx'
import { Tabs } from './neighbour-past-page.tsx'
import { Desk, type DeskContext, idIn } from './shell.tsx'

type Pages = ReturnType<typeof signedInPages<'staff'>>

/** What waits for neighbours who come to a desk to hear of it. */
export function messageDesk(page: Pages, deps: ProofDeps): void {
  page({ method: 'get', path: '/desk/neighbours/:id/messages' }, async (context) =>
    Reply.page(
      await messagesAtCounter(deps, { town: context.town, by: context.requester }, idIn(context)),
      (messages) => <MessagesPage context={context} id={idIn(context)} messages={messages} />,
    ),
  )
  page({ method: 'post', path: '/desk/neighbours/:id/messages' }, async (context) => {
    await tellInPerson(deps, { town: context.town, by: context.requester }, idIn(context))
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}/messages`)
  })
  page({ method: 'post', path: '/desk/post' }, async (context) =>
    Reply.page(
      await referencePost(deps, { town: context.town, by: context.requester }, context.form.get('after')),
      ({ items, more }) => <ReferencePostPage context={context} waiting={items} more={more} />,
    ),
  )
}

function MessagesPage(props: { context: DeskContext; id: string; messages: CounterMessages }) {
  const { context, id, messages } = props
  const { t, language, town, session } = context
  const { told, asked } = messages
  const names = channelNames(t)
  const waiting = told.some(({ by }) => by === 'portal' || by === 'post')
  return (
    <Desk context={context} title={t['messages.title']}>
      <h1>{t['messages.title']}</h1>
      <Tabs context={context} id={id} here="messages" />
      <h2>{t['messages.fromCity']}</h2>
      <p class="govuk-hint">{t['messages.secret']}</p>
      {told.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <ol class="timeline">
        {told.map(({ at, by }) => (
          <li>
            <strong>{timeText(language, town.timeZone, at)}</strong>
            <br />
            {names[by]}
          </li>
        ))}
      </ol>
      {waiting ? (
        <PostForm action={`/desk/neighbours/${id}/messages`} csrf={session.csrf}>
          <Button>{t['messages.tell']}</Button>
        </PostForm>
      ) : (
        ''
      )}
      <h2>{t['messages.asked']}</h2>
      {asked.length === 0 ? <p>{t['desk.noDrafts']}</p> : <AskedList context={context} asked={asked} />}
    </Desk>
  )
}

function ReferencePostPage(props: {
  context: DeskContext
  waiting: readonly ReferencePost[]
  more: string | undefined
}) {
  const { context, waiting, more } = props
  const { t } = context
  return (
    <Desk context={context} title={t['messages.reference']} here="/desk/work">
      <h1>{t['messages.reference']}</h1>
      <p class="govuk-hint">{t['messages.secret']}</p>
      {waiting.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <ul class="cards">
        {waiting.map(({ id, name, at }) => (
          <li>
            <a href={`/desk/neighbours/${id}/messages`}>
              <bdi>{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
            </a>
            {at ? (
              <p>
                <bdi>{addressLines({ kind: 'no-fixed-address', referenceAddress: at }).join(', ')}</bdi>
              </p>
            ) : (
              ''
            )}
          </li>
        ))}
      </ul>
      {more === undefined ? (
        ''
      ) : (
        <PostForm action="/desk/post" csrf={context.session.csrf}>
          <Button secondary name="after" value={more}>
            {t['desk.more']}
          </Button>
        </PostForm>
      )}
    </Desk>
  )
}
