import { digestOf, type PublicKey } from './crypto.ts'
import { ProofInvalid } from './errors.ts'
import { verifyJws } from './jws.ts'

/** What the verifier expects the holder to have signed. */
export interface BindingExpected {
  nonce: string | undefined
  audience: string | undefined
  now: number
  tolerance: number
}

/** How old a holder's signature may be, seconds. */
const FRESH = 300

/**
 * Checks that whoever presents the proof holds the key it was issued to, here and now.
 *
 * @param presented all of the token up to and with the last `~`
 * @throws {ProofInvalid} key-binding-missing, key-binding-invalid
 * @see RFC 9901 section 7.3, step 5
 */
export async function checkKeyBinding(
  binding: string,
  { presented, payload, expected }: { presented: string; payload: Record<string, unknown>; expected: BindingExpected },
): Promise<boolean> {
  const cnf = payload.cnf as { jwk?: unknown } | undefined
  if (binding === '') {
    if (expected.nonce !== undefined) throw new ProofInvalid('key-binding-missing')
    return false
  }
  if (typeof cnf?.jwk !== 'object' || cnf.jwk === null) throw new ProofInvalid('key-binding-invalid')
  const key: PublicKey = { ...(cnf.jwk as PublicKey), kid: 'holder' }
  const { nonce, aud, iat, sd_hash } = await verifyJws(binding, { type: 'kb+jwt', keys: [key], kid: 'holder' }).catch(
    () => {
      throw new ProofInvalid('key-binding-invalid')
    },
  )
  const age = typeof iat === 'number' ? expected.now - iat : Number.NaN
  const holds =
    sd_hash === (await digestOf(presented)) &&
    age >= -expected.tolerance &&
    age <= FRESH + expected.tolerance &&
    (expected.nonce === undefined || nonce === expected.nonce) &&
    (expected.audience === undefined || aud === expected.audience)
  if (!holds) throw new ProofInvalid('key-binding-invalid')
  return true
}
