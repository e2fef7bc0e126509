import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Staff } from '../../firewall/requester.ts'
import { networkOfDay } from '../../identity/given-and-used.ts'
import { keepEnrolment } from '../../identity/resident-store.ts'
import { ENROLMENT_SECONDS } from '../../identity/sign-in-with-passkey.ts'
import { today } from '../../platform/clock.ts'
import { randomBytes } from '../../platform/random.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { onRecord } from '../on-record.ts'
import { NotResident } from '../residence/not-resident.ts'
import { mustBeOldEnough } from './representation/act-for.ts'

/**
 * A code for one telephone, to be shown as a QR code at the counter.
 *
 * @param source where the clerk sits; only its keyed hash of the day is kept
 * @throws {NotResident} {NotFound} {Refusal}
 */
export async function offerEnrolment(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { neighbourId, source }: { neighbourId: string; source: string },
): Promise<Disclosed<{ code: string }>> {
  const { hash } = await deps.gate.keysOf(town.id)
  const code = randomBytes(24).toString('base64url')
  const day = today(deps.clock, town.timeZone)
  const fields = ['dateOfBirth', 'departedOn'] as const
  return onRecord(
    deps,
    { town, by: clerk },
    {
      id: neighbourId,
      action: 'enrol',
      fields: fields,
      use: async (record, unit) => {
        if (record.departedOn !== undefined) throw new NotResident()
        mustBeOldEnough(town, record.dateOfBirth, day)
        const now = deps.clock.now()
        await keepEnrolment(unit.transaction, {
          municipality_id: town.id,
          neighbour_id: neighbourId,
          code_hash: hash(`enrolment ${code}`),
          expires_at: now.add({ seconds: ENROLMENT_SECONDS }).toString(),
          given_by: clerk.id,
          given_from: networkOfDay(hash, { now, source }),
        })
        return { code }
      },
    },
  )
}
