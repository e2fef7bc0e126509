import { ProofInvalid, type RefusalCode } from './errors.ts'
import { type PublicKey, verifyJws } from './jws.ts'
import { resolveDisclosures } from './sd-jwt.ts'
import { statusFromToken, statusReference } from './status.ts'

export { statusAt } from './status.ts'
export { ProofInvalid, type PublicKey, type RefusalCode }

export interface VerifyOptions {
  /** Origin of the municipality, e.g. `https://padron.example.org`; must equal the proof's `iss`. */
  issuer: string
  /** The service this is checked for, e.g. `library`; a proof made for another is refused. */
  service?: string
  /** Public keys already at hand; without them they are fetched from the issuer. */
  keys?: readonly PublicKey[]
  /** Signed status lists already at hand, by address; without them they are fetched from the issuer. */
  statusLists?: Readonly<Record<string, string>>
  /** Seconds since 1970; default: now. */
  now?: number
  /** How far clocks may differ, seconds; default 60. */
  tolerance?: number
  /** Default: the platform's. */
  fetch?: typeof globalThis.fetch
}

export interface VerifiedProof {
  issuer: string
  service: string | undefined
  /** What the bearer disclosed, without the token's own plumbing. */
  claims: Record<string, unknown>
  /** Seconds since 1970. */
  expiresAt: number
}

const LARGEST_TOKEN = 64 * 1024
const LARGEST_ANSWER = 8 * 1024 * 1024
const PLUMBING = new Set(['iss', 'iat', 'nbf', 'exp', 'aud', 'vct', 'status', 'cnf', 'jti'])

/**
 * Checks a proof of residence: who signed it, for which service, whether it is in force and not taken back,
 * and that each disclosed claim was signed. Needs nothing but Web standards.
 *
 * @example
 * const { claims } = await verifyProof(token, { issuer: 'https://padron.example.org', service: 'library' })
 *
 * @throws {ProofInvalid} with a stable `code`
 * @see RFC 9901 section 7.3
 */
export async function verifyProof(token: string, options: VerifyOptions): Promise<VerifiedProof> {
  if (token.length > LARGEST_TOKEN) throw new ProofInvalid('oversize')
  const [jwt, ...disclosures] = token.split('~')
  const binding = disclosures.pop()
  if (jwt === undefined || binding === undefined) throw new ProofInvalid('malformed')
  if (binding !== '') throw new ProofInvalid('key-binding-unsupported')
  const keys = options.keys ?? (await fetchKeys(options))
  const payload = await verifyJws(jwt, 'dc+sd-jwt', keys)
  const now = options.now ?? Math.floor(Date.now() / 1000)
  const tolerance = options.tolerance ?? 60
  const { iss, exp, nbf, iat, aud } = payload
  if (iss !== options.issuer) throw new ProofInvalid('wrong-issuer')
  if (typeof exp !== 'number') throw new ProofInvalid('malformed')
  if (exp + tolerance <= now) throw new ProofInvalid('expired')
  if ((typeof nbf === 'number' && nbf > now + tolerance) || (typeof iat === 'number' && iat > now + tolerance)) {
    throw new ProofInvalid('not-yet-valid')
  }
  const audiences = aud === undefined ? [] : Array.isArray(aud) ? aud : [aud]
  if (options.service !== undefined && !audiences.includes(options.service)) throw new ProofInvalid('wrong-audience')
  const resolved = await resolveDisclosures(payload, disclosures)
  const reference = statusReference(payload)
  if (reference) {
    const list =
      options.statusLists?.[reference.uri] ??
      (options.statusLists ? undefined : await fetchStatusList(reference.uri, options))
    if (list === undefined) throw new ProofInvalid('status-unavailable')
    if ((await statusFromToken(list, reference, keys, now)) !== 0) throw new ProofInvalid('revoked')
  }
  return {
    issuer: iss as string,
    service: typeof audiences[0] === 'string' ? audiences[0] : undefined,
    claims: Object.fromEntries(Object.entries(resolved).filter(([name]) => !PLUMBING.has(name))),
    expiresAt: exp,
  }
}

async function fetchKeys(options: VerifyOptions): Promise<PublicKey[]> {
  try {
    const { keys } = JSON.parse(await fetchText(`${options.issuer}/.well-known/jwks.json`, options)) as {
      keys: PublicKey[]
    }
    if (!Array.isArray(keys)) throw new Error('no keys')
    return keys
  } catch {
    throw new ProofInvalid('keys-unavailable')
  }
}

async function fetchStatusList(uri: string, options: VerifyOptions): Promise<string> {
  // Only ever from the issuer itself: a proof cannot send its verifier anywhere else.
  if (!uri.startsWith(`${options.issuer}/`)) throw new ProofInvalid('status-unavailable')
  try {
    return await fetchText(uri, options)
  } catch {
    throw new ProofInvalid('status-unavailable')
  }
}

async function fetchText(url: string, options: VerifyOptions): Promise<string> {
  const fetcher = options.fetch ?? globalThis.fetch
  const response = await fetcher(url, { redirect: 'error', signal: AbortSignal.timeout(10_000) })
  if (!response.ok || response.body === null) throw new Error('no answer')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += value
    if (text.length > LARGEST_ANSWER) {
      await reader.cancel()
      throw new Error('too large')
    }
  }
}
