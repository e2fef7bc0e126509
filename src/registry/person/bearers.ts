import type { Gate } from '../../firewall/model.ts'

/** Whose a proof is: what somebody is answered by who was shown it and asks. */
export interface Bearer {
  neighbourId: string
  /** RFC 3339, to the millisecond: what is sealed is as long for each. */
  issuedAt: string
  expiresAt: string
}

/** Seals whose proofs are to a key of the town's, and opens it: the neighbour's own key is not at hand where only a proof is. */
export interface Bearers {
  seal(proofId: string, bearer: Bearer): Buffer
  /** @throws {SealBroken} */
  open(proofId: string, sealed: Uint8Array): Bearer
}

export async function bearersOf(gate: Pick<Gate, 'keysOf'>, townId: string): Promise<Bearers> {
  const { ledger } = await gate.keysOf(townId)
  const at = (proofId: string) => ({ table: 'proofs', column: 'bearer', row: proofId })
  return {
    seal: (proofId, bearer) => Buffer.from(ledger.seal(at(proofId), bearer)),
    open: (proofId, sealed) => ledger.open(at(proofId), sealed) as Bearer,
  }
}
