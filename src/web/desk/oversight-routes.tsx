import { z } from 'zod'
import { Reply } from '../../http/reply.ts'
import { verifierKey } from '../../ledger/checkpoint.ts'
import { latestCheckpoint, publishedCheckpoint } from '../../ledger/proofs.ts'
import {
  exploreLedger,
  openFlags,
  Release,
  releaseBudget,
  reviewFlags,
  staffActivity,
} from '../../oversight/review-flags.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { plainIn } from '../plain.tsx'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import type { DeskDeps } from './deps.ts'
import { FlagsPage, LedgerPage } from './oversight-page.tsx'

/** What supervisors, legal officers and auditors look after: look-ups, demands, lockdown, the ledger. */
export function oversightDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: DeskDeps): void {
  page({ method: 'get', path: '/desk/flags' }, async (context) =>
    Reply.page(
      (
        await openFlags(deps.gate, { municipalityId: context.town.id, by: context.requester }, context.query('after'))
      ).with(await staffActivity(deps.gate, context.town.id, context.requester)),
      ([{ items, more }, activity]) => <FlagsPage context={context} flags={items} more={more} activity={activity} />,
    ),
  )
  page({ method: 'post', path: '/desk/flags/review' }, async ({ town, requester, form }) => {
    const flags = form.all('flag')
    if (flags.length === 0 || !flags.every((id) => z.uuid().safeParse(id).success)) throw new NotFound()
    await reviewFlags(deps.gate, { municipalityId: town.id, by: requester }, [...new Set(flags)])
    return Reply.redirect('/desk/flags')
  })
  page({ method: 'post', path: '/desk/flags/release' }, async ({ town, requester, form }) => {
    const release = Release.safeParse({ reason: form.get('reason'), ...plainIn(form) })
    if (!release.success) throw InvalidInput.of(release.error, 'Say in a few words why.')
    await releaseBudget(
      deps.gate,
      { municipalityId: town.id, by: requester },
      { staff: form.get('staff').slice(0, 320), release: release.data },
    )
    return Reply.redirect('/desk/flags')
  })
  page({ method: 'get', path: '/desk/ledger' }, async (context) => {
    const { town, requester } = context
    const checkpoint = await latestCheckpoint(deps.database, town.id)
    const published = await publishedCheckpoint(deps, town.id)
    const shown = { context, checkpoint: checkpoint?.note ?? '', policies: deps.policies }
    // Legal officers have no duty to watch over it.
    if (requester.role === 'legal') return pageOf(<LedgerPage {...shown} />)
    const before = /^\d{1,15}$/.exec(context.query('before'))?.[0]
    const size = checkpoint?.size ?? 0
    const refused = context.query('refused') === '1'
    const query = { before: before === undefined ? size : Math.min(Number(before), size), refused }
    const verifier = verifierKey(await deps.signers.of(town))
    return Reply.page(await exploreLedger(deps.gate, { municipalityId: town.id, by: requester }, query), (lines) => (
      <LedgerPage {...shown} explored={{ lines, verifier, refused, published: published?.note ?? '' }} />
    ))
  })
}
