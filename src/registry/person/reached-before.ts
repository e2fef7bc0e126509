import { isDeepStrictEqual } from 'node:util'
import type { UnitOfWork } from '../../firewall/model.ts'
import type { Requester } from '../../firewall/requester.ts'
import { wasRegistered } from '../../identity/resident-store.ts'
import type { Municipality } from '../../town/model.ts'
import type { Contact, ContactBefore, Correction } from '../model.ts'

/** How somebody is reached, as it lies sealed. */
export interface Reached {
  contact?: Contact | undefined
  contactBefore?: ContactBefore
}

/** Whether somebody is reached otherwise than they were. */
export const changesReach = (was: Reached, { contact }: Correction) =>
  contact !== undefined && !isDeepStrictEqual(was.contact ?? null, contact)

/**
 * Where messages go besides. What staff record in the place of another way to somebody does not shut that out at once: for the town's
 * `newWayHours` both are told, so that nobody is left without their messages by somebody who came in their name, nor by a number that
 * was lost. What a neighbour says themself counts alone.
 */
export async function reachedBefore(
  unit: UnitOfWork,
  town: Municipality,
  {
    id,
    now,
    requester,
    was,
    change,
  }: { id: string; now: Temporal.Instant; requester: Requester; was: Reached; change: Correction },
): Promise<ContactBefore | undefined> {
  if (requester.kind !== 'staff') return undefined
  const waiting =
    was.contactBefore && Temporal.Instant.compare(Temporal.Instant.from(was.contactBefore.until), now) > 0
      ? was.contactBefore
      : undefined
  if (waiting || was.contact === undefined || !changesReach(was, change)) return waiting
  const before = new Date(now.subtract({ hours: 1 }).epochMilliseconds)
  if (!(await wasRegistered(unit.transaction, { neighbourId: id, before }))) return undefined
  return { contact: was.contact, until: now.add({ hours: town.newWayHours }).toString() }
}
