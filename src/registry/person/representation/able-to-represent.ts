import type { Staff } from '../../../firewall/requester'
import { today } from '../../../platform/clock'
import { type FieldError, mustBeValid } from '../../../platform/problem'
import type { Acting } from '../../../town/model'
import type { RegistryDeps } from '../../deps'
import type { NeighbourFields, Representative } from '../../model'
import { loadRecords } from '../../store'
import { cannotRepresent, wrongKind } from './representative-rules'

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
