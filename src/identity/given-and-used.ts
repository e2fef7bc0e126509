import { raiseGivenAndUsed } from '../firewall/watching.ts'
import type { Transaction } from '../platform/database.ts'
import { wayGiven } from './resident-store.ts'

// Whoever makes a way in for somebody at a counter could use it themselves. Where it is used within the hour from there, they are
// asked about it: it may have been the neighbour, trying it at the counter.

const AT_ONCE: Temporal.DurationLike = { hours: 1 }

/** The network that something was asked from, for a day, as a keyed hash. */
export const networkOfDay = (
  hash: (text: string) => Buffer,
  { now, source }: { now: Temporal.Instant; source: string },
): Buffer => hash(`given from ${now.toString().slice(0, 10)} ${source}`)

/** Flags whoever made this way in, where it is used at once from where they made it. */
export async function askWhoMadeIt(
  transaction: Transaction,
  {
    hash,
    town,
    now,
    used,
  }: {
    hash: (text: string) => Buffer
    town: { id: string }
    now: Temporal.Instant
    /** `atOffice`: in a browser in which staff were signed in. */
    used: { way: { kind: 'card' | 'telephone'; id: string }; neighbourId: string; source: string; atOffice: boolean }
  },
): Promise<void> {
  const made = await wayGiven(transaction, used.way)
  if (made === undefined || made.given_by === null) return
  if (Temporal.Instant.compare(made.created_at.toTemporalInstant().add(AT_ONCE), now) < 0) return
  const given = made.created_at.toTemporalInstant()
  // The embedded database gives bytes that are no Buffer.
  const there =
    made.given_from !== null &&
    networkOfDay(hash, { now: given, source: used.source }).equals(Uint8Array.from(made.given_from))
  if (!used.atOffice && !there) return
  await raiseGivenAndUsed(transaction, town.id, { staffId: made.given_by, neighbourId: used.neighbourId })
}
