import type { Staff } from '../../../firewall/requester.ts'
import { today } from '../../../platform/clock.ts'
import { type FieldError, mustBeValid } from '../../../platform/problem.ts'
import type { Acting } from '../../../town/model.ts'
import type { RegistryDeps } from '../../deps.ts'
import type { NeighbourFields, Representative } from '../../model.ts'
import { loadRecords } from '../../store.ts'
import { cannotRepresent, wrongKind } from './representative-rules.ts'

/**
 * Looks whether those a new neighbour is registered with can act for them.
 *
 * @throws {InvalidInput} naming each who cannot
 */
export async function mustBeAbleToRepresent(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  form: { representatives?: readonly Representative[] | undefined; dateOfBirth?: string | undefined },
): Promise<void> {
  const { representatives = [], dateOfBirth } = form
  const day = today(deps.clock, town.timeZone)
  const ids = representatives.flatMap((one) => ('neighbourId' in one ? [one.neighbourId] : []))
  const errors: FieldError[] = representatives.flatMap(({ kind }, i) =>
    wrongKind(kind, { ward: { ...(dateOfBirth === undefined ? {} : { dateOfBirth }) }, day, municipality: town }).map(
      ({ pointer, detail }) => ({
        pointer: `/representatives/${i}${pointer}`,
        detail,
      }),
    ),
  )
  if (ids.length > 0) {
    const fields = ['dateOfBirth', 'departedOn', 'representatives'] as const
    await deps.gate.open<NeighbourFields, (typeof fields)[number], void>(
      { municipalityId: town.id, requester: clerk, action: 'register', purpose: 'registration', fields },
      (transaction) => loadRecords(transaction, ids, { trueAt: day }),
      (records) => {
        for (const [i, one] of representatives.entries()) {
          if (!('neighbourId' in one)) continue
          const detail =
            ids.filter((id) => id === one.neighbourId).length > 1
              ? 'Name each person once.'
              : cannotRepresent(
                  records.find(({ id }) => id === one.neighbourId),
                  day,
                  town,
                )
          if (detail) errors.push({ pointer: `/representatives/${i}/neighbourId`, detail })
        }
      },
    )
  }
  mustBeValid(errors)
}
