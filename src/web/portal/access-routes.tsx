import type { Form } from '../../http/form.ts'
import { Reply } from '../../http/reply.ts'
import { ownerOf } from '../../identity/begin-session.ts'
import { endSession } from '../../identity/end-session.ts'
import { dropForms } from '../../identity/keep-form.ts'
import { verifierKey } from '../../ledger/checkpoint.ts'
import { lookUpsOf } from '../../oversight/read-look-ups.ts'
import { NotFound } from '../../platform/problem.ts'
import { mustBeUuid } from '../../platform/uuid.ts'
import { endWaysIn, waysIn } from '../../registry/person/end-ways-in.ts'
import { letWorkNow } from '../../registry/person/let-way-work.ts'
import { complain } from '../../requests/complain.ts'
import { endingIn, type NotEnding } from '../record/ending.ts'
import { DevicesPage, MyLookUpsPage } from './access-pages.tsx'
import { CLEAR, type OwnPages, type PortalDeps } from './deps.ts'
import { lookUpText } from './everything.ts'
import type { OwnContext } from './shell.tsx'

/** Who looked, and by what one comes in: both of oneself. */
export function accessPages(page: OwnPages, deps: PortalDeps): void {
  const looked = ({ town, requester }: OwnContext, before: string) =>
    lookUpsOf(deps, { town, by: requester }, { neighbourId: requester.neighbourId, wanted: { before } })
  page({ method: 'get', path: '/me/looked' }, async (context) => {
    const verifier = verifierKey(await deps.signers.of(context.town))
    return Reply.page(await looked(context, context.query('before')), (page) => (
      <MyLookUpsPage context={context} page={page} verifier={verifier} />
    ))
  })
  // A line that is not understood becomes a question to the city: one tap, nothing to write. It is asked with one's name.
  page({ method: 'post', path: '/me/looked', quiet: true }, async (context) => {
    const { town, requester, form, language } = context
    const verifier = verifierKey(await deps.signers.of(town))
    const asked = await (await looked(context, form.get('before'))).mapAsync(async (page) => {
      const line = page.lookUps.find(({ entryId }) => entryId === form.get('entry'))
      if (line === undefined) throw new NotFound()
      const request = { asks: 'look-up', entryId: line.entryId, line: lookUpText(context, line) } as const
      const said = { kind: 'who-looked', request, language, neighbourId: requester.neighbourId } as const
      return {
        page,
        ...(await complain(deps, town, { complaint: { ...said, idempotencyKey: line.entryId }, source: requester.id })),
      }
    })
    return Reply.page(asked, ({ page, reference }) => (
      <MyLookUpsPage context={context} page={page} verifier={verifier} asked={reference} />
    ))
  })
  page({ method: 'get', path: '/me/devices' }, (context) => devices(context))
  const lets = (form: Form) => form.get('what') === 'let'
  // One by itself may be one that a counter made since. What is lost is ended at once, with all that hangs on it.
  const choosesCard = (form: Form) => lets(form) || (form.get('what') === 'card' && form.get('which') !== '')
  page({ method: 'post', path: '/me/devices', fresh: choosesCard }, async (context) => {
    const { town, requester, session, form } = context
    if (lets(form)) {
      await letWorkNow(deps, { town, by: requester }, mustBeUuid(form.get('which')))
      return Reply.redirect('/me/devices?works=1')
    }
    const ending = endingIn(context, deps)
    if ('faults' in ending) return devices(context, ending)
    await endWaysIn(deps, { town, by: requester }, { neighbourId: requester.neighbourId, ending, here: session.handle })
    if (ending.what === 'everything') return Reply.redirect('/me/in?ended=1', CLEAR)
    // Whoever came in by the card that is ended is out with it, and is told so where they land.
    const cardGone =
      ending.what === 'lost' || (ending.what === 'card' && (ending.id ?? session.way?.id) === session.way?.id)
    if (cardGone && session.way?.kind === 'card') return Reply.redirect('/me/in?ended=1', CLEAR)
    return Reply.redirect('/me/devices?ended=1')
  })
  // Asking is use: nothing else is done.
  page({ method: 'post', path: '/me/stay', keep: false }, async () => Reply.done())
  page({ method: 'post', path: '/me/everywhere' }, async ({ town, session }) => {
    await dropForms(deps, { town, by: ownerOf(session) })
    await endSession(deps, town, { session, which: 'all' })
    return Reply.redirect('/me/in', CLEAR)
  })

  async function devices(context: OwnContext, wrong?: NotEnding): Promise<Reply> {
    const { town, requester, session } = context
    return Reply.page(
      await waysIn(deps, { town, by: requester }, { neighbourId: requester.neighbourId, here: session.handle }),
      (ways) => (
        <DevicesPage
          context={context}
          ways={ways}
          ended={context.query('ended') === '1'}
          works={context.query('works') === '1'}
          {...wrong}
        />
      ),
      wrong ? 422 : 200,
    )
  }
}
