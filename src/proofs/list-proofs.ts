import type { Disclosed } from '../firewall/disclosed.ts'
import type { Resident, Staff } from '../firewall/requester.ts'
import { onRecord } from '../registry/on-record.ts'
import type { Acting } from '../town/model.ts'
import type { ProofDeps } from './issue.ts'
import { proofsIssued } from './store.ts'

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
        const rows = await proofsIssued(unit.transaction, neighbourId)
        const proofs = rows.map((row) => ({
          id: row.id,
          profile: row.profile,
          form: row.form,
          issuedAt: row.issued_at.toISOString(),
          expiresAt: row.expires_at.toISOString(),
          revokedAt: row.revoked_at?.toISOString() ?? null,
          publicFrom: row.public_from && row.public_from.getTime() > now ? row.public_from.toISOString() : null,
        }))
        return { proofs }
      },
    },
  )
}
