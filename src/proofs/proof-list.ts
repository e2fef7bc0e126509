import type { Disclosed } from '../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { NeighbourFields } from '../registry/model.ts'
import { loadRecords } from '../registry/store.ts'
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
  return deps.gate.open<NeighbourFields, never, { proofs: ProofOutline[] }>(
    { municipalityId: town.id, requester, action: 'open', purpose: purposeOf(requester), fields: [] },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
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
  )
}
