import { digestOf } from './crypto.ts'
import { ProofInvalid } from './errors.ts'
import { fromBase64Url, parseJson } from './jws.ts'

interface Disclosure {
  digest: string
  name: string | undefined
  value: unknown
  used: boolean
}

const DEEPEST = 16

/**
 * Puts disclosed claims where their digests stand and removes what is only plumbing.
 *
 * @throws {ProofInvalid} malformed, digest-duplicated, disclosure-unmatched, claim-duplicated
 * @see RFC 9901 section 7.1
 */
export async function resolveDisclosures(
  payload: Record<string, unknown>,
  texts: readonly string[],
): Promise<Record<string, unknown>> {
  if (payload._sd_alg !== undefined && payload._sd_alg !== 'sha-256') throw new ProofInvalid('malformed')
  const disclosures = new Map<string, Disclosure>()
  for (const disclosure of await Promise.all(texts.map(parseDisclosure))) {
    if (disclosures.has(disclosure.digest)) throw new ProofInvalid('digest-duplicated')
    disclosures.set(disclosure.digest, disclosure)
  }
  const seen = new Set<string>()
  const { _sd_alg: _, ...rest } = payload
  const resolved = resolve(rest, 0) as Record<string, unknown>
  for (const disclosure of disclosures.values()) if (!disclosure.used) throw new ProofInvalid('disclosure-unmatched')
  return resolved

  function take(digest: unknown): Disclosure | undefined {
    if (typeof digest !== 'string') throw new ProofInvalid('malformed')
    if (seen.has(digest)) throw new ProofInvalid('digest-duplicated')
    seen.add(digest)
    const disclosure = disclosures.get(digest)
    if (disclosure) disclosure.used = true
    return disclosure
  }

  function resolve(value: unknown, depth: number): unknown {
    if (depth > DEEPEST) throw new ProofInvalid('malformed')
    if (Array.isArray(value)) return value.flatMap((element) => resolveElement(element, depth))
    if (typeof value !== 'object' || value === null) return value
    return resolveObject(value as Record<string, unknown>, depth)
  }

  function resolveElement(element: unknown, depth: number): unknown[] {
    if (typeof element === 'object' && element !== null && '...' in element) {
      if (Object.keys(element).length !== 1) throw new ProofInvalid('malformed')
      const disclosure = take(element['...'])
      if (disclosure === undefined) return []
      if (disclosure.name !== undefined) throw new ProofInvalid('malformed')
      return [resolve(disclosure.value, depth + 1)]
    }
    return [resolve(element, depth + 1)]
  }

  function resolveObject(object: Record<string, unknown>, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = Object.create(null)
    for (const [name, value] of Object.entries(object)) if (name !== '_sd') result[name] = resolve(value, depth + 1)
    const digests = object._sd ?? []
    if (!Array.isArray(digests)) throw new ProofInvalid('malformed')
    for (const digest of digests) {
      const disclosure = take(digest)
      if (disclosure === undefined) continue
      if (disclosure.name === undefined || disclosure.name === '_sd' || disclosure.name === '...')
        throw new ProofInvalid('malformed')
      if (disclosure.name in result) throw new ProofInvalid('claim-duplicated')
      result[disclosure.name] = resolve(disclosure.value, depth + 1)
    }
    return { ...result }
  }
}

async function parseDisclosure(text: string): Promise<Disclosure> {
  const parts = parseJson(fromBase64Url(text))
  if (!Array.isArray(parts) || typeof parts[0] !== 'string' || parts.length < 2 || parts.length > 3)
    throw new ProofInvalid('malformed')
  if (parts.length === 3 && typeof parts[1] !== 'string') throw new ProofInvalid('malformed')
  const digest = await digestOf(text)
  return parts.length === 3
    ? { digest, name: parts[1] as string, value: parts[2], used: false }
    : { digest, name: undefined, value: parts[1], used: false }
}
