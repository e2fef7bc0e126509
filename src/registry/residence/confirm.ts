import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Resident, Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { idempotencyOf } from '../idempotency.ts'
import { onRecord } from '../on-record.ts'
import { recordMovement } from '../person/neighbours.ts'
import { actOnce } from '../replays.ts'
import { NotResident } from './not-resident.ts'

export interface Confirmed {
  id: string
  /** ISO date, in the town's own time. */
  confirmedOn: string
}

/**
 * Writes down that a neighbour still lives here, said by themself or at a counter. Nothing lapses without it.
 *
 * @throws {NotResident} when they have left
 * @throws {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function confirmResidence(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { id, idempotencyKey }: { id: string; idempotencyKey: string },
): Promise<Disclosed<Confirmed>> {
  const confirmedOn = today(deps.clock, town.timeZone).toString()
  const use = { requester: requester.id, operation: `confirm ${id}`, key: idempotencyKey, body: {} }
  const key = await idempotencyOf(deps.gate, town.id, use)
  return onRecord(
    deps,
    { town, by: requester },
    {
      id,
      action: 'confirm',
      fields: ['departedOn'],
      use: async (record, unit) => {
        return actOnce(unit, { town, neighbourId: id, key }, async () => {
          if (record.departedOn !== undefined) throw new NotResident()
          const outline = { kind: 'confirmation', cause: 'residence', effectiveOn: confirmedOn } as const
          await recordMovement(unit, { town, by: requester }, { neighbourId: id, outline, details: {} })
          return { id, confirmedOn }
        })
      },
    },
  )
}

/** Whether it is time to ask somebody, from whom nothing was heard since a day, whether they still live here. */
export function timeToAsk(deps: Pick<RegistryDeps, 'clock'>, town: Municipality, heardOn: string): boolean {
  const due = Temporal.PlainDate.from(heardOn).add({ months: town.confirmAfterMonths })
  return Temporal.PlainDate.compare(due, today(deps.clock, town.timeZone)) <= 0
}
