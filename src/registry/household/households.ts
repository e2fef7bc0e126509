import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Requester } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Address, Name, NeighbourFields } from '../model.ts'
import { matesOn, shownMatesOf } from '../residence/store.ts'
import { hidesWhereabouts, loadRecords } from '../store.ts'

/**
 * Hands the address of a household to the clerk who is adding someone to it: as the address of everyone there whom they may
 * know of, each of whom sees it among their look-ups.
 *
 * @returns undefined when there is no such household in this municipality, everyone there hides, or nobody lives there any more
 */
export async function householdAddress(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Requester>,
  { householdId, purpose = 'registration' }: { householdId: string; purpose?: string | undefined },
): Promise<Address | undefined> {
  const action = purpose === 'registration' ? 'register' : 'open'
  const day = today(deps.clock, town.timeZone)
  let address: Address | undefined
  await deps.gate.open<NeighbourFields, 'address', void>(
    { municipalityId: town.id, requester, action, purpose, fields: ['address'] },
    async (transaction) => {
      const mates = await shownMatesOf(transaction, householdId)
      return loadRecords(
        transaction,
        mates.map(({ id }) => id),
        { trueAt: day },
      )
    },
    (records) => {
      address = records[0]?.address
    },
  )
  return address
}

/** Somebody of a household. */
export interface Mate {
  id: string
  name: Name | undefined
}

/** Most of a household that are named at once: a family, or nine in one room, and not everybody in a shelter. */
export const MOST_NAMED = 12

/** The names of those a neighbour lives with, of whom the reader may know; each of them sees that they were looked at. */
export function householdNames(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Requester>,
  { neighbourId, purpose }: { neighbourId: string; purpose: string },
): Promise<Disclosed<Mate[]>> {
  const day = today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, 'name', Mate[]>(
    { municipalityId: town.id, requester, action: 'open', purpose, fields: ['name'] },
    async (transaction) => {
      const ids = (await householdMembers(transaction, neighbourId, day)).filter((id) => id !== neighbourId)
      const mates = await loadRecords(transaction, ids.slice(0, MOST_NAMED), { trueAt: day })
      return mates.filter((mate) => !hidesWhereabouts(mate))
    },
    (mates) => mates.map(({ id, name }) => ({ id, name })),
  )
}

/** Everyone registered on a day in the household a neighbour is in, inside a transaction of the gate's. */
export async function householdMembers(
  transaction: Transaction,
  neighbourId: string,
  day: Temporal.PlainDate,
): Promise<string[]> {
  const { rows } = await matesOn(transaction, { day: day.toString(), neighbourId })
  return rows.map(({ id }) => id)
}
