import { compactDecrypt } from 'jose'
import { ProofInvalid, type PublicKey, verifyProof } from '../../verify/index.ts'
import { type Outcome, outcomeOf } from '../check/outcome.ts'

// Runs in the counter's page: what a wallet shows is opened and checked here, and the city's service never could.

/** A question and what is needed to check its answer, as the service says it. */
export interface Asked {
  id: string
  nonce: string
  audience: string
  issuer: string
  service: string
  keys: readonly PublicKey[]
  statusLists: Record<string, string>
}

/** How a wallet says no. @see OpenID4VP 1.0, section 8.5 */
const WALLET_NO = /^(access_denied|vp_formats_not_supported|invalid_request|wallet_unavailable)$/
const SAID_NO: Outcome = { verdict: 'not-valid', reason: 'counter.walletNo' }

/**
 * What one answer says: what it proves, that it does not hold, or the wallet's no.
 *
 * @param key the private half of the pair made for this question
 * @returns undefined of what this key does not open: it is somebody's noise
 */
export async function openAnswer(
  answer: string,
  { asked, key, now }: { asked: Asked; key: CryptoKey; now?: number },
): Promise<Outcome | undefined> {
  if (WALLET_NO.test(answer)) return SAID_NO
  const presented = await decrypted(answer, key)
  if (presented === undefined) return undefined
  if ('error' in presented) return SAID_NO
  const { issuer, service, nonce, audience, keys, statusLists } = asked
  try {
    const options = { issuer, service, nonce, audience, keys, statusLists, ...(now === undefined ? {} : { now }) }
    return { verdict: 'valid', reason: 'check.whyValid', proof: await verifyProof(presented.proof, options) }
  } catch (error) {
    if (error instanceof ProofInvalid) return outcomeOf(error.code)
    throw error
  }
}

/** The one presentation in an encrypted answer, or the wallet's no. @returns undefined for anything else */
async function decrypted(answer: string, key: CryptoKey): Promise<{ proof: string } | { error: string } | undefined> {
  try {
    const { plaintext } = await compactDecrypt(answer, key, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A128GCM', 'A256GCM'],
    })
    const said = JSON.parse(new TextDecoder().decode(plaintext))
    if (WALLET_NO.test(String(said?.error))) return { error: said.error }
    const presented = said?.vp_token?.proof
    const one = Array.isArray(presented) ? presented[0] : presented
    return typeof one === 'string' ? { proof: one } : undefined
  } catch {
    return undefined
  }
}

/** A pair for one question: its private half cannot be taken out of the page. */
export async function newAnswerKey(): Promise<{ key: CryptoKey; publicJwk: string }> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'])
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return { key: pair.privateKey, publicJwk: JSON.stringify({ kty, crv, x, y }) }
}
