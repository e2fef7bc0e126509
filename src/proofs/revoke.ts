import type { Disclosed } from '../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { NeighbourFields } from '../registry/model.ts'
import { loadRecords } from '../registry/store.ts'
import type { Acting } from '../town/model.ts'
import type { ProofDeps } from './issue.ts'
import { bearerOf, markRevoked, revokedAt } from './store.ts'

/**
 * Takes a proof back because it is lost or stolen: others see it at once, in the status list within its time to live.
 * One that a change has cancelled, and that others would see the next morning, they see now.
 *
 * @throws {NotFound} {Refusal}
 */
export async function revokeProof(
  deps: ProofDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  proofId: string,
): Promise<Disclosed<{ id: string; revokedAt: string }>> {
  const day = today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, never, { id: string; revokedAt: string }>(
    { municipalityId: town.id, requester, action: 'revoke', purpose: purposeOf(requester), fields: [] },
    async (transaction) => {
      const proof = await bearerOf(transaction, proofId)
      return proof === undefined ? [] : loadRecords(transaction, [proof.neighbour_id], { trueAt: day })
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const now = deps.clock.now().toString()
      await markRevoked(unit.transaction, { now, proofId })
      const row = await revokedAt(unit.transaction, proofId)
      return { id: proofId, revokedAt: row.revoked_at?.toISOString() ?? '' }
    },
  )
}
