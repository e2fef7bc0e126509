import { isDeepStrictEqual } from 'node:util'
import type { UnitOfWork } from '../../firewall/model.ts'
import type { Requester } from '../../firewall/requester.ts'
import { registeredEarlier } from '../../identity/new-ways.ts'
import type { CiphertextLocation } from '../../keys/seal.ts'
import type { Municipality } from '../../town/model.ts'
import type { Contact, ContactBefore, Correction } from '../model.ts'
import type { ParticularsColumn } from '../particulars.ts'
import { latestContact } from './store.ts'

// What staff write down in the place of another way to somebody does not shut that out at once: for the town's `newWayHours` all are
// told, so that nobody is left without their messages by somebody who came in their name, nor by a number that was lost.

/** How somebody is reached, as it lies sealed. */
export interface Reached {
  contact?: Contact | undefined
  contactBefore?: ContactBefore[]
}

export const particularsAt = (id: string, column: ParticularsColumn, version: number): CiphertextLocation => ({
  ...{ table: 'particulars', column },
  row: `${id}/${version}`,
})

/** What is recorded now of how somebody is reached. */
export async function reachedNow(unit: UnitOfWork, id: string): Promise<Reached & { version: number }> {
  const { version, contact } = await latestContact(unit.transaction, id)
  return { ...(unit.reopen(id, particularsAt(id, 'contact', version), contact) as Reached), version }
}

interface At {
  town: Municipality
  now: Temporal.Instant
}

const running = ({ now }: At, { contactBefore = [] }: Reached) =>
  contactBefore.filter(({ until }) => Temporal.Instant.compare(Temporal.Instant.from(until), now) > 0)

/**
 * The ways that are told besides `next`, where staff record it.
 *
 * @param was what was recorded, of one record or of two that become one
 */
export function waysBeside(at: At, was: readonly Reached[], next: Contact | undefined): ContactBefore[] {
  const until = at.now.add({ hours: at.town.newWayHours }).toString()
  const replaced = was.map(({ contact = {} }): ContactBefore => ({ contact, until }))
  return [...was.flatMap((one) => running(at, one)), ...replaced].filter(
    ({ contact }, i, all) =>
      !isDeepStrictEqual(contact, next ?? {}) &&
      all.findLastIndex((one) => isDeepStrictEqual(one.contact, contact)) === i,
  )
}

/** The ways that are told besides, after a correction. What a neighbour says themself of how they are reached counts alone. */
export async function waysBesideCorrected(
  unit: UnitOfWork,
  { town, now }: At,
  { id, requester, was, change }: { id: string; requester: Requester; was: Reached; change: Correction },
): Promise<ContactBefore[]> {
  if (change.contact === undefined) return running({ town, now }, was)
  if (requester.kind !== 'staff' || !(await registeredEarlier(unit.transaction, id, now))) return []
  return waysBeside({ town, now }, [was], change.contact ?? undefined)
}
