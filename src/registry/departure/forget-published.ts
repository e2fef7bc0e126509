import type { Clock } from '../../platform/clock.ts'
import { type Database, inMunicipality } from '../../platform/database.ts'
import type { Municipality } from '../../town/model.ts'
import { forgetBearers } from '../person/held-proofs-store.ts'
import { clearPublished } from '../person/store.ts'

/** By the town's own clock. The database says the same in next_publication(). */
const AT = Temporal.PlainTime.from('04:00')

/**
 * Until when changes are public: what was recorded later, others see at four in the morning after the day it was
 * recorded. A status that turned at once would tell the hour in which somebody hid.
 *
 * @see docs/decisions/0015-published-in-the-morning.md
 */
export function publicUntil(clock: Clock, { timeZone }: Pick<Municipality, 'timeZone'>): Temporal.Instant {
  const now = clock.now().toZonedDateTimeISO(timeZone)
  const published = Temporal.PlainTime.compare(now.toPlainTime(), AT) < 0 ? now.subtract({ days: 1 }) : now
  return published.startOfDay().toInstant()
}

/** Forgets, once others see it, on which day records were hidden or shown again, and whose the proofs were that were taken back. */
export async function forgetPublished(database: Database, clock: Clock, municipalityId: string): Promise<void> {
  const now = new Date(clock.now().epochMilliseconds)
  await inMunicipality(database, municipalityId, async (transaction) => {
    await clearPublished(transaction, now)
    // Two days later: whoever cancels one again is told that it is.
    await forgetBearers(transaction, new Date(now.getTime() - 2 * 86_400_000))
  })
}
