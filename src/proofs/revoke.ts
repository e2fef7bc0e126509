import type { Disclosed } from '../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { NeighbourFields } from '../registry/model.ts'
import { bearersOf } from '../registry/person/bearers.ts'
import { withdrawProofNow } from '../registry/person/held-proofs.ts'
import { loadRecords } from '../registry/store.ts'
import type { Acting } from '../town/model.ts'
import type { ProofDeps } from './issue.ts'
import { bearerOf } from './store.ts'

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
  const bearers = await bearersOf(deps.gate, town.id)
  return deps.gate.open<NeighbourFields, never, { id: string; revokedAt: string }>(
    { municipalityId: town.id, requester, action: 'revoke', purpose: purposeOf(requester), fields: [] },
    async (transaction) => {
      const proof = await bearerOf(transaction, proofId)
      // Of one that everybody sees to be over nobody knows any more whose it was, but themself.
      const own = requester.kind === 'resident' ? requester.neighbourId : undefined
      const bearer = proof?.bearer ? bearers.open(proof.id, proof.bearer).neighbourId : own
      return proof && bearer ? loadRecords(transaction, [bearer], { trueAt: day }) : []
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const now = deps.clock.now().toString({ smallestUnit: 'millisecond' })
      const revokedAt = await withdrawProofNow(unit, { neighbourId: record.id, proofId, now })
      if (revokedAt === undefined) throw new NotFound()
      return { id: proofId, revokedAt }
    },
  )
}
