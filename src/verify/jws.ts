import { algorithmOf, isSigned, type PublicKey } from './crypto.ts'
import { ProofInvalid } from './errors.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const BASE64URL = /^[A-Za-z0-9_-]*$/

/** @throws {ProofInvalid} malformed */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!BASE64URL.test(text) || text.length % 4 === 1) throw new ProofInvalid('malformed')
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}

/** @throws {ProofInvalid} malformed */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    throw new ProofInvalid('malformed')
  }
}

/** @throws {ProofInvalid} malformed */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  const value = parseJson(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ProofInvalid('malformed')
  return value as Record<string, unknown>
}

/**
 * Checks a compact JWS against the keys given and gives back its payload.
 *
 * @throws {ProofInvalid} malformed, wrong-type, algorithm-refused, unknown-key, bad-signature
 * @see RFC 7515 section 5.2; RFC 8725 sections 3.1, 3.11
 */
export async function verifyJws(
  jws: string,
  { type, keys, kid }: { type: string; keys: readonly PublicKey[]; kid?: string | undefined },
): Promise<Record<string, unknown>> {
  const [head, body, signature, ...rest] = jws.split('.')
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0)
    throw new ProofInvalid('malformed')
  const header = parseObject(fromBase64Url(head))
  if (header.typ !== type) throw new ProofInvalid('wrong-type')
  if (header.alg !== 'ES256' && header.alg !== 'EdDSA') throw new ProofInvalid('algorithm-refused')
  if ('crit' in header || 'jwk' in header || 'jku' in header || 'x5u' in header || 'x5c' in header)
    throw new ProofInvalid('algorithm-refused')
  const name = kid ?? header.kid
  if (typeof name !== 'string') throw new ProofInvalid('unknown-key')
  const key = keys.find((candidate) => candidate.kid === name)
  if (key === undefined) throw new ProofInvalid('unknown-key')
  if (algorithmOf(key).jwa !== header.alg) throw new ProofInvalid('algorithm-refused')
  if (!(await isSigned(key, fromBase64Url(signature), `${head}.${body}`))) throw new ProofInvalid('bad-signature')
  return parseObject(fromBase64Url(body))
}
