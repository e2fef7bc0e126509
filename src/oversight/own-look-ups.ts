import type { Disclosed } from '../firewall/disclosed.ts'
import type { Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Name, NeighbourFields } from '../registry/model.ts'
import { loadRecords } from '../registry/store.ts'
import type { Acting } from '../town/model.ts'
import { neighboursToExplain } from './explain-drawn.ts'

/**
 * What those are called whom somebody looked at on an earlier day, so that they can say why. Each sees it among their look-ups;
 * who hides meanwhile is not among them.
 *
 * @throws {Refusal} for anyone but the counters' staff
 */
export function namesToExplain(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
): Promise<Disclosed<ReadonlyMap<string, Name | undefined>>> {
  return deps.gate.open<NeighbourFields, 'name', ReadonlyMap<string, Name | undefined>>(
    {
      municipalityId: town.id,
      requester: staff,
      action: 'answer',
      purpose: 'own-look-ups',
      fields: ['name'],
      worklist: true,
    },
    async (transaction) =>
      loadRecords(transaction, await neighboursToExplain(deps, { town, transaction, staff }), {
        trueAt: today(deps.clock, town.timeZone),
      }),
    (records) => new Map(records.map(({ id, name }) => [id, name])),
  )
}
