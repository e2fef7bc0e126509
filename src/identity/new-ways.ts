import type { Transaction } from '../platform/database.ts'
import { Problem, words } from '../platform/problem.ts'
import type { Municipality } from '../town/model.ts'
import { hadWayIn, isUntold, shownFrom, wasRegistered } from './new-ways-store.ts'

// A way in that somebody else made for a neighbour who had one already works only after a while, of which they are told by all
// there is to reach them: whoever stands at a desk in their name, or sits behind it, does not come in today.

/** What was given within the hour and never used is of this visit: another is no second way in, it was printed badly. */
const ONE_VISIT: Temporal.DurationLike = { hours: 1 }

const beforeVisit = (now: Temporal.Instant) => new Date(now.subtract(ONE_VISIT).epochMilliseconds)

/** Whether somebody was registered before this visit: what is made or said for them now, somebody else may say in their name. */
export const registeredEarlier = (
  transaction: Transaction,
  neighbourId: string,
  now: Temporal.Instant,
): Promise<boolean> => wasRegistered(transaction, { neighbourId, before: beforeVisit(now) })

/** Of whom nobody is told, because their record hides, a new way in shows nothing for a year. */
const UNTOLD_HOURS = 365 * 24

/** From when a way in works, and from when it shows where its owner lives, with whom, and how they are reached. */
export interface WayTimes {
  works: Temporal.Instant
  shows: Temporal.Instant
}

/**
 * From when a way in works that was made at a counter without another one of the same neighbour's.
 *
 * Of somebody who never had one it works at once: nobody waits for a school or a doctor. Whoever comes later than the registration
 * may be somebody else, so that it shows no address, no contact and no household before the town's `newWayHours` are over. With
 * one that they ever had before, it does not work until then. A record that hides sends nothing, so that time alone proves nothing.
 */
export async function wayTimes(
  transaction: Transaction,
  { town, neighbourId, now }: { town: Pick<Municipality, 'newWayHours'>; neighbourId: string; now: Temporal.Instant },
): Promise<WayTimes> {
  const about = { neighbourId, before: beforeVisit(now) }
  const later = now.add({ hours: town.newWayHours })
  const shows = (await isUntold(transaction, neighbourId)) ? now.add({ hours: UNTOLD_HOURS }) : later
  if (await hadWayIn(transaction, about)) return { works: later, shows }
  return { works: now, shows: (await wasRegistered(transaction, about)) ? shows : now }
}

/** Of one that somebody adds from their own page: it shows what that shows. */
export async function wayTimesOfOwn(
  transaction: Transaction,
  { neighbourId, now }: { neighbourId: string; now: Temporal.Instant },
): Promise<WayTimes> {
  const since = (await shownFrom(transaction, neighbourId))?.toTemporalInstant() ?? now
  return { works: now, shows: Temporal.Instant.compare(since, now) > 0 ? since : now }
}

/**
 * Whether a way in does not work yet. One that waited and was never used waits on while the registry is closed: whoever had it made
 * may be whom it is closed against, and its owner is told by nobody then.
 */
export const stillWaits = (
  way: { works_from: Date; created_at: Date; used_at: Date | null; closed: boolean },
  now: Temporal.Instant,
): boolean =>
  way.works_from.getTime() > now.epochMilliseconds ||
  (way.closed && way.used_at === null && way.works_from.getTime() > way.created_at.getTime())

/** @throws when a card and its word, or a telephone, are right, and do not work yet. */
export class WayWaits extends Problem {
  /** RFC 3339. */
  readonly from: string

  constructor(from: Temporal.Instant) {
    super(
      'way-waits',
      403,
      words`This is new, and works from ${from}. With what you had before you can let it work now.`,
    )
    this.from = from.toString()
  }
}
