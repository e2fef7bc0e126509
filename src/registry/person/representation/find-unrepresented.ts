import type { Disclosed } from '../../../firewall/disclosed.ts'
import type { UnitOfWork } from '../../../firewall/model.ts'
import { isSupervisor, purposeOf, type Staff } from '../../../firewall/requester.ts'
import { today } from '../../../platform/clock.ts'
import type { Transaction } from '../../../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../../../platform/paging.ts'
import type { Acting, Municipality } from '../../../town/model.ts'
import type { RegistryDeps } from '../../deps.ts'
import { householdMembers } from '../../household/households.ts'
import type { Name, NeighbourFields } from '../../model.ts'
import { loadRecords } from '../../store.ts'
import { isOfAge, OF_AGE } from './act-for.ts'
import { locationOf, onRepresentatives, type RepresentationRow } from './record-representative.ts'
import { MOST_LISTED, representationsOfWard, settleRepresentations, unrepresented } from './store.ts'

export interface Unrepresented {
  id: string
  name: Name | undefined
  dateOfBirth: string | undefined
  /** Who is registered with them. */
  household: { id: string; name: Name | undefined; dateOfBirth: string | undefined }[]
}

/** Whether there may be somebody whom nobody acts for. It counts nobody, and nobody who is hidden. */
export async function mayBeUnrepresented(transaction: Transaction, town: Pick<Municipality, 'id'>): Promise<boolean> {
  return (await unrepresented(town, false).execute(transaction)).rows.some(({ hidden }) => !hidden)
}

/**
 * Children whose last representative left, died or was removed, with their household beside them; and adults somebody
 * acted for. Who came of age meanwhile is not among them and will not be looked at again.
 *
 * @throws {Refusal}
 */
export async function unrepresentedNeighbours(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<Unrepresented>>> {
  const day = today(deps.clock, town.timeZone)
  const fields = ['name', 'dateOfBirth'] as const
  return deps.gate.open<NeighbourFields, (typeof fields)[number], Paged<Unrepresented>, { more: string | undefined }>(
    {
      municipalityId: town.id,
      requester: staff,
      action: 'represent',
      purpose: purposeOf(staff),
      fields,
      worklist: true,
    },
    async (transaction) => {
      const { rows: read } = await unrepresented(town, isSupervisor(staff), readCursor(cursor)?.id).execute(transaction)
      const page = pageOf(read, MOST_LISTED, ({ id }) => ({ at: '0000-00-00', id }))
      const ids = page.rows.map(({ id }) => id)
      return { records: await loadRecords(transaction, ids, { trueAt: day }), beside: { more: page.more } }
    },
    async (records, unit, openMore) => {
      const listed: Unrepresented[] = []
      for (const { id, name, dateOfBirth } of records) {
        if (isOfAge(OF_AGE, { dateOfBirth, day, leapDay: town.leapDayBirthday }) && !(await hadGuardian(unit, id))) {
          await settle(unit, id)
          continue
        }
        const mates = (await householdMembers(unit.transaction, id, day)).filter((mate) => mate !== id)
        const household = await openMore((transaction) => loadRecords(transaction, mates, { trueAt: day }))
        listed.push({
          id,
          name,
          dateOfBirth,
          household: household.map((mate) => ({ id: mate.id, name: mate.name, dateOfBirth: mate.dateOfBirth })),
        })
      }
      return { items: listed, ...unit.beside }
    },
  )
}

/** Whether somebody acted for them as for an adult. */
async function hadGuardian(unit: UnitOfWork, wardId: string): Promise<boolean> {
  const rows = await representationsOfWard(unit.transaction, wardId)
  return rows.some(({ id, details }) => {
    const { kind } = unit.reopen(wardId, locationOf(id), details) as RepresentationRow['details']
    return kind === 'guardian' || kind === 'institution'
  })
}

async function settle(unit: UnitOfWork, wardId: string): Promise<void> {
  await settleRepresentations(unit.transaction, wardId)
}

/**
 * Records that nobody has to act for a neighbour any more, so that they leave the list.
 *
 * @throws {NotFound} {Refusal}
 */
export async function settleUnrepresented(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  wardId: string,
): Promise<Disclosed<{ id: string }>> {
  return onRepresentatives(
    deps,
    { town, by: staff },
    {
      wardId,
      use: async (_, { unit }) => {
        await settle(unit, wardId)
        return { id: wardId }
      },
    },
  )
}
