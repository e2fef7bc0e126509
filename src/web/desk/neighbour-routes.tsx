import { randomUUID } from 'node:crypto'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { purposeOf } from '../../firewall/requester.ts'
import { type Path, pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { lookUpsOf } from '../../oversight/read-look-ups.ts'
import { InvalidInput, Problem } from '../../platform/problem.ts'
import type { Uuid } from '../../platform/uuid.ts'
import { proofsOf } from '../../proofs/list-proofs.ts'
import { PaperOrder, printPaper } from '../../proofs/paper/paper.ts'
import { ProfileId, profiles } from '../../proofs/profiles.ts'
import { revokeProof } from '../../proofs/revoke.ts'
import { offerToWallet } from '../../proofs/wallet/offer.ts'
import { householdNames, type Mate, MOST_NAMED } from '../../registry/household/households.ts'
import { type Neighbour, openNeighbour } from '../../registry/person/neighbours.ts'
import { neighbourHistory, TOLD_CHANGES } from '../../registry/person/read-history.ts'
import { confirmResidence } from '../../registry/residence/confirm.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import { Done } from '../ui/parts.tsx'
import { problemText } from '../ui/problem-page.tsx'
import type { DeskDeps } from './deps.ts'
import { WalletPage } from './hand-over.tsx'
import { NeighbourPage } from './neighbour-page.tsx'
import { HistoryPage, LookedPage } from './neighbour-past-page.tsx'
import { withinCase } from './purpose.ts'
import { Desk, type DeskContext, idempotencyKeyIn, idIn } from './shell.tsx'

/** What a counter needs of everyone, and what it opens when it is needed: each opening is in the ledger as it was. */
const SHOWN = ['name', 'dateOfBirth', 'languages', 'address', 'residence', 'said', 'household', 'departedOn'] as const
const REACH = ['contact', 'representatives'] as const

/** Somebody with those they live with, where there are others and the reader may know them. */
async function withMates(
  deps: DeskDeps,
  context: DeskContext,
  opened: Disclosed<Neighbour>,
): Promise<Disclosed<[Neighbour, readonly Mate[]]>> {
  const { town, requester } = context
  let others = false
  const alone = opened.map((one): [Neighbour, readonly Mate[]] => {
    const { size = 1 } = one.household ?? {}
    // Of a house of many nobody is named who was not asked for.
    others = size > 1 && size <= MOST_NAMED + 1
    return [one, []]
  })
  if (!others) return alone
  try {
    return opened.with(
      await householdNames(
        deps,
        { town, by: requester },
        { neighbourId: idIn(context), purpose: purposeOf(requester) },
      ),
    )
  } catch (error) {
    // Who has seen as many people as their work needs is told how many there are, and no names.
    if (error instanceof Problem && UNSEEN.has(error.status)) return alone
    throw error
  }
}

/** Why a page is not opened after somebody was registered: whose work it is to see them, and how many they have seen. */
export const UNSEEN: ReadonlySet<number> = new Set([403, 429])

/** Somebody is registered, and the clerk may not look at them now: what was done is said all the same. */
function RegisteredPage({ context, because }: { context: DeskContext; because: Problem }) {
  const { t, language, town } = context
  return (
    <Desk context={context} title={t['desk.register']} here="/desk/register">
      <Done>{t['desk.registeredUnseen']}</Done>
      <h1>{t['desk.register']}</h1>
      <p>{problemText(because, t, { language, timeZone: town.timeZone })}</p>
      <p>
        <a class="govuk-button" href="/desk/register">
          {t['desk.register']}
        </a>
      </p>
    </Desk>
  )
}

/** A neighbour's page, what it leads to, and what is handed over there. */
export function neighbourDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: DeskDeps): void {
  page({ method: 'get', path: '/desk/neighbours/:id' }, async (context) => {
    const { town, requester } = context
    const id = idIn(context)
    const wanted = context.query('open') === 'reach' ? [...SHOWN, ...REACH] : SHOWN
    const fields = wanted.filter(withinCase(requester).opens)
    const registered = context.query('new') === '1'
    const opened = await openNeighbour(
      deps,
      { town, by: requester },
      { id, ask: { purpose: purposeOf(requester), fields } },
    ).catch((error: unknown) => {
      if (registered && error instanceof Problem && UNSEEN.has(error.status)) return error
      throw error
    })
    if (opened instanceof Problem) return pageOf(<RegisteredPage context={context} because={opened} />)
    const both = await withMates(deps, context, opened)
    return Reply.page(both.with(await proofsOf(deps, { town, by: requester }, id)), ([[record, mates], { proofs }]) => (
      <NeighbourPage
        context={context}
        neighbour={record}
        mates={mates}
        proofs={proofs}
        idempotencyKey={randomUUID()}
        registered={registered}
        reach={context.query('open') === 'reach'}
      />
    ))
  })
  page({ method: 'get', path: '/desk/neighbours/:id/history' }, async (context) =>
    Reply.page(
      await neighbourHistory(
        deps,
        { town: context.town, by: context.requester },
        {
          id: idIn(context),
          purpose: purposeOf(context.requester),
          asOf: {},
          told: TOLD_CHANGES.filter(withinCase(context.requester).opens),
        },
      ),
      (history) => <HistoryPage context={context} history={history} />,
    ),
  )
  page({ method: 'get', path: '/desk/neighbours/:id/looked' }, async (context) =>
    Reply.page(
      await lookUpsOf(
        deps,
        { town: context.town, by: context.requester },
        { neighbourId: idIn(context), wanted: { before: context.query('before') } },
      ),
      (looked) => <LookedPage context={context} id={idIn(context)} page={looked} />,
    ),
  )
  page({ method: 'post', path: '/desk/neighbours/:id/papers' }, async (context) => {
    const order = PaperOrder.safeParse({ kind: context.form.get('kind'), language: context.form.get('language') })
    if (!order.success) throw InvalidInput.of(order.error)
    const printed = await printPaper(
      deps,
      { town: context.town, by: context.requester },
      {
        neighbourId: idIn(context),
        order: order.data,
        idempotencyKey: idempotencyKeyIn(context, order.data.kind),
      },
    )
    const headers = { 'content-disposition': 'inline; filename="padron.pdf"' } as const
    return Reply.document(
      printed.map(({ pdf }) => pdf),
      'application/pdf',
      headers,
    )
  })
  page({ method: 'post', path: '/desk/neighbours/:id/wallet' }, async (context) => {
    const profile = ProfileId.safeParse(context.form.get('profile'))
    if (!profile.success) throw new InvalidInput([{ pointer: '/profile', detail: 'Choose a service.' }])
    const handedTo = profiles.get(profile.data)?.askedBy === 'representative' ? 'representative' : 'neighbour'
    const offer = await offerToWallet(
      deps,
      { town: context.town, by: context.requester },
      {
        neighbourId: idIn(context),
        order: {
          profile: profile.data,
          handedTo,
        },
      },
    )
    return Reply.page(offer, (made) => <WalletPage context={context} id={idIn(context)} offer={made} />)
  })
  page({ method: 'post', path: '/desk/neighbours/:id/revoke' }, async (context) => {
    await revokeProof(deps, { town: context.town, by: context.requester }, context.form.get('proof'))
    return Reply.redirect(at(idIn(context)))
  })
  page({ method: 'post', path: '/desk/neighbours/:id/confirm' }, async (context) => {
    await confirmResidence(
      deps,
      { town: context.town, by: context.requester },
      { id: idIn(context), idempotencyKey: idempotencyKeyIn(context, 'confirm') },
    )
    return Reply.redirect(at(idIn(context)))
  })
}

const at = (id: Uuid): Path => pathTo`/desk/neighbours/${id}`
