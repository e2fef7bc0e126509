/** Tells the time. Tests pass their own so that a year can go by in a line. */
export interface Clock {
  now(): Temporal.Instant
}

export const systemClock: Clock = { now: () => Temporal.Now.instant() }

/** The calendar day it is in a place. */
export function today(clock: Clock, timeZone: string): Temporal.PlainDate {
  return clock.now().toZonedDateTimeISO(timeZone).toPlainDate()
}

/** RFC 9562 UUID version 7; time-ordered, made here because PostgreSQL before 18 has none. */
export { uuidv7 } from 'uuidv7'
