import type { Disclosed } from '../firewall/disclosed.ts'
import type { Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Name, NeighbourFields } from '../registry/model.ts'
import type { Channel } from '../registry/person/channels.ts'
import { loadOutline, loadRecords } from '../registry/store.ts'
import type { ReferenceAddress } from '../town/address.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { noteTold } from './leave-message.ts'
import { noticeIdsVisible, noticesWithChannel, waitingAtReference } from './store.ts'

/** A message, as a counter may know of it: that there is one, never what it says or what it is about. */
export interface Told {
  /** RFC 3339. */
  at: string
  by: Channel
}

const MOST_LISTED = 40

/** The messages of a neighbour that they may know of, the newest first; within a gate's transaction. */
export async function toldOf(
  transaction: Transaction,
  { clock }: Pick<RegistryDeps, 'clock'>,
  neighbourId: string,
): Promise<Told[]> {
  const rows = await noticesWithChannel(transaction, {
    neighbourId,
    visibleFrom: new Date(clock.now().epochMilliseconds),
  })
  return rows.map((row) => ({ at: row.visible_from.toISOString(), by: (row.channel as Channel | null) ?? 'portal' }))
}

/**
 * Records that a neighbour was told in person that messages are waiting for them.
 *
 * @throws {NotFound} {Refusal}
 */
export async function tellInPerson(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  neighbourId: string,
): Promise<Disclosed<{ told: number }>> {
  const now = deps.clock.now()
  return deps.gate.open<Record<never, never>, never, { told: number }>(
    { municipalityId: town.id, requester: staff, action: 'notify', purpose: 'postal-notices', fields: [] },
    (transaction) => loadOutline(transaction, neighbourId, { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], { transaction }) => {
      if (record === undefined) throw new NotFound()
      const waiting = await noticeIdsVisible(transaction, { neighbourId, visibleFrom: new Date(now.epochMilliseconds) })
      const ids = waiting.map(({ id }) => id)
      return { told: await noteTold(transaction, { town, messages: ids, channel: 'in-person', at: now }) }
    },
  )
}

/** How many they are. A number alone. */
export async function referencePostWaiting(
  deps: Pick<RegistryDeps, 'database' | 'clock'>,
  town: Pick<Municipality, 'id'>,
): Promise<number> {
  return inMunicipality(
    deps.database,
    town.id,
    async (transaction) => (await waitingAtReference(town, deps).execute(transaction)).rows.length,
  )
}

export interface ReferencePost {
  id: string
  name: Name | undefined
  /** Where their post is kept, if it is known. */
  at: ReferenceAddress | undefined
}

/** Who they are, for whoever hands the post out. Each of them sees in their ledger that it was looked up. @throws {Refusal} */
export async function referencePost(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<ReferencePost>>> {
  const after = readCursor(cursor)?.id ?? ''
  const fields = ['name', 'address'] as const
  return deps.gate.open<NeighbourFields, (typeof fields)[number], Paged<ReferencePost>, { more: string | undefined }>(
    { municipalityId: town.id, requester: staff, action: 'notify', purpose: 'postal-notices', fields, worklist: true },
    async (transaction) => {
      const { rows } = await waitingAtReference(town, deps).execute(transaction)
      const later = rows.filter(({ id }) => id > after).sort((one, other) => (one.id < other.id ? -1 : 1))
      const page = pageOf(later, MOST_LISTED, ({ id }) => ({ at: '0000-00-00', id }))
      const ids = page.rows.map(({ id }) => id)
      const records = await loadRecords(transaction, ids, { trueAt: today(deps.clock, town.timeZone) })
      return { records, beside: { more: page.more } }
    },
    (records, { beside }) => ({
      items: records.map(({ id, name, address }) => ({
        id,
        name,
        at: address?.kind === 'no-fixed-address' ? address.referenceAddress : undefined,
      })),
      ...beside,
    }),
  )
}
