import type { ProofOutline } from '../../src/proofs/list-proofs.ts'
import type { TestApp } from './app.ts'

/** What somebody was given, as a clerk sees it, the newest first. No row says whose it is. */
export async function proofsHeld(app: TestApp, id: string): Promise<ProofOutline[]> {
  const { body, text } = await app.ask<{ proofs?: ProofOutline[] }>('GET', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
  })
  if (body.proofs === undefined) throw new Error(text)
  return body.proofs
}
