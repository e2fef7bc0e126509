import { type Clock, today } from '../platform/clock.ts'
import type { Municipality } from './municipality.ts'

/** Until when the clerk who wrote down or hid somebody sees their hidden record: the end of the town's day. RFC 3339. */
export function endOfVisit({ clock }: { clock: Clock }, { timeZone }: Pick<Municipality, 'timeZone'>): string {
  return today(clock, timeZone).add({ days: 1 }).toZonedDateTime(timeZone).toInstant().toString()
}
