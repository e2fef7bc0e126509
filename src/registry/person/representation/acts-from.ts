import { registeredEarlier } from '../../../identity/new-ways.ts'
import { noticeOfWays } from '../../../identity/telling.ts'
import type { Transaction } from '../../../platform/database.ts'
import type { Municipality } from '../../../town/model.ts'
import type { RegistryDeps } from '../../deps.ts'
import { representationsInForce } from './store.ts'

/**
 * From when somebody acts on their own page who is recorded at a desk. Recorded later than the registration, after the town's
 * `newWayHours`: until then whoever is concerned has heard of it. At a counter they act at once.
 */
export async function actsFrom(
  transaction: Transaction,
  { town, wardId, now }: { town: Municipality; wardId: string; now: Temporal.Instant },
): Promise<Temporal.Instant> {
  return (await registeredEarlier(transaction, wardId, now)) ? now.add({ hours: town.newWayHours }) : now
}

/** Tells whom it concerns that somebody is to act: the neighbour, and whoever acts for them already. */
export async function tellOfActing(
  transaction: Transaction,
  {
    deps,
    town,
    wardId,
    representationId,
  }: { deps: RegistryDeps; town: Municipality; wardId: string; representationId: string },
): Promise<void> {
  const others = await representationsInForce(transaction, wardId)
  const told = others.flatMap(({ id, representative_id: one }) => (id === representationId || !one ? [] : [one]))
  for (const neighbourId of [wardId, ...told])
    await noticeOfWays(transaction, { deps, town, neighbourId, kind: 'acts-waits' })
}
