import type { Disclosed } from '../firewall/disclosed.ts'
import type { Resident, Staff } from '../firewall/requester.ts'
import { onRecord } from '../registry/on-record.ts'
import { heldProofs } from '../registry/person/held-proofs.ts'
import type { Acting } from '../town/model.ts'
import type { ProofDeps } from './issue.ts'

/** A proof as the city's books have it: nothing of what it says. */
export interface ProofOutline {
  id: string
  profile: string
  form: string
  issuedAt: string
  expiresAt: string
  revokedAt: string | null
  /** From when others see that it was taken back, as long as they do not. */
  publicFrom: string | null
}

/** A neighbour's proofs, all of them, the newest first. What a change took back is among them, to be given anew. */
export async function proofsOf(
  deps: ProofDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  neighbourId: string,
): Promise<Disclosed<{ proofs: ProofOutline[] }>> {
  return onRecord(
    deps,
    { town, by: requester },
    {
      id: neighbourId,
      action: 'open',
      fields: [],
      use: async (_, unit) => {
        const now = deps.clock.now().epochMilliseconds
        const proofs = (await heldProofs(unit, neighbourId))
          .toSorted((one, other) => Temporal.Instant.compare(other.issuedAt, one.issuedAt))
          .map(({ id, profile, form, issuedAt, expiresAt, revokedAt = null, publicFrom }) => ({
            ...{ id, profile, form, issuedAt, expiresAt, revokedAt },
            publicFrom: publicFrom !== undefined && Date.parse(publicFrom) > now ? publicFrom : null,
          }))
        return { proofs }
      },
    },
  )
}
