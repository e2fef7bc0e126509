import type { Disclosed } from '../firewall/disclosed.ts'
import type { Opened, UnitOfWork } from '../firewall/model.ts'
import { type Action, purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { Acting } from '../town/model.ts'
import type { RegistryDeps } from './deps.ts'
import type { NeighbourField, NeighbourFields } from './model.ts'
import { loadRecords } from './store.ts'

/** A record as it is today, as far as it was opened. */
export type RecordOf<Field extends NeighbourField> = Opened<NeighbourFields, Field>

/**
 * Works on the record of one neighbour, behind the gate, for the purpose that whoever asks works for.
 *
 * @param use gets the record and the unit of work, and may open others with the same fields
 * @throws {NotFound} when there is no such record, or this requester may not know of it
 * @throws {Refusal}
 */
export function onRecord<Field extends NeighbourField, T>(
  deps: Pick<RegistryDeps, 'gate' | 'clock'>,
  { town, by: requester }: Acting<Staff | Resident>,
  {
    id,
    action,
    fields,
    use,
  }: {
    id: string
    action: Action
    fields: readonly Field[]
    use: (
      record: RecordOf<Field>,
      unit: UnitOfWork,
      open: (ids: readonly string[]) => Promise<readonly RecordOf<Field>[]>,
    ) => Promise<T>
  },
): Promise<Disclosed<T>> {
  const trueAt = today(deps.clock, town.timeZone)
  const load = (ids: readonly string[]) => (transaction: Transaction) => loadRecords(transaction, ids, { trueAt })
  return deps.gate.open<NeighbourFields, Field, T>(
    { municipalityId: town.id, requester, action, purpose: purposeOf(requester), fields },
    load([id]),
    async ([record], unit, openMore) => {
      if (record === undefined) throw new NotFound()
      return use(record, unit, async (ids) => (ids.length === 0 ? [] : openMore(load(ids))))
    },
  )
}
