import { calculateJwkThumbprint, importJWK, type JWK } from 'jose'
import { z } from 'zod'
import { SIGNED_WITH } from './dpop.ts'

/** Letters of a JWK set: ten keys, and room. */
const LARGEST_SET = 20_000
/** What only a private or a symmetric key has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const
const SIGNS: Readonly<Record<string, string>> = SIGNED_WITH
const LEAST_RSA_BITS = 2048

/**
 * The keys in a JWK set, by thumbprint: public ones, of a kind that signs, on their curve and long enough.
 *
 * @returns undefined where any of them is not
 * @see RFC 7517 section 5, RFC 7638; NIST SP 800-186 section 3.2.1 (points on a curve)
 */
export async function thumbprintsIn(text: string): Promise<string[] | undefined> {
  if (text.trim() === '') return []
  if (text.length > LARGEST_SET) return undefined
  try {
    const { keys } = z
      .object({
        keys: z
          .array(z.looseObject({ kty: z.string() }))
          .min(1)
          .max(10),
      })
      .parse(JSON.parse(text))
    // A key that stands there twice is one.
    return [...new Set(await Promise.all(keys.map((key) => thumbprintOf(key as JWK))))]
  } catch {
    return undefined
  }
}

/** @throws of a key that is private, of another kind, off its curve or too short */
async function thumbprintOf(key: JWK): Promise<string> {
  if (PRIVATE.some((part) => part in key)) throw new Error('a private key')
  const alg = SIGNS[key.kty === 'RSA' ? 'RSA' : `${key.kty} ${key.crv}`]
  if (alg === undefined) throw new Error('a key of another kind')
  // What is not on its curve is not imported.
  const imported = (await importJWK({ ...key, alg, ext: true, key_ops: ['verify'] }, alg)) as CryptoKey
  const { modulusLength = LEAST_RSA_BITS } = imported.algorithm as { modulusLength?: number }
  if (modulusLength < LEAST_RSA_BITS) throw new Error('a short key')
  return calculateJwkThumbprint(key)
}
