import type { UnitOfWork } from '../firewall/model.ts'
import type { Staff } from '../firewall/requester.ts'
import { type Clock, today } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import type { Municipality } from '../town/model.ts'
import { actAsVisitor, keepVisitRow } from './person/store.ts'

/** Until when the clerk who wrote down or hid somebody sees their hidden record: the end of the town's day. RFC 3339. */
export function endOfVisit({ clock }: { clock: Clock }, { timeZone }: Pick<Municipality, 'timeZone'>): string {
  return today(clock, timeZone).add({ days: 1 }).toZonedDateTime(timeZone).toInstant().toString()
}

/** Lets staff go on seeing a record that they hid or that is held, until the visit is over. @param until RFC 3339 */
export async function keepVisit(
  unit: UnitOfWork,
  {
    town,
    staffId,
    neighbourId,
    until,
  }: { town: Pick<Municipality, 'id'>; staffId: string; neighbourId: string; until: string },
): Promise<void> {
  await keepVisitRow(unit.transaction, { municipalityId: town.id, neighbourId, staffId, until })
}

/** Counts without opening anybody, as the lists that these numbers stand for would show them to this member of staff. */
export async function countedFor<T>(
  { database, clock }: { database: Database; clock: Clock },
  {
    town,
    staff,
    work,
  }: { town: Pick<Municipality, 'id'>; staff: Staff; work: (transaction: Transaction) => Promise<T> },
): Promise<T> {
  return inMunicipality(database, town.id, async (transaction) => {
    await actAsVisitor(transaction, { staffId: staff.id, clock: clock.now().toString() })
    return work(transaction)
  })
}
