import { isCompact, readCompact } from './compact.ts'
import type { PublicKey } from './crypto.ts'
import { ProofInvalid, type RefusalCode } from './errors.ts'
import { fetchKeys, fetchStatusList } from './fetching.ts'
import { fromBase64Url, parseObject, verifyJws } from './jws.ts'
import { checkKeyBinding } from './key-binding.ts'
import { resolveDisclosures } from './sd-jwt.ts'
import { type StatusReference, statusFromToken, statusReference } from './status.ts'

export { statusAt } from './status.ts'
export { ProofInvalid, type PublicKey, type RefusalCode }

export interface VerifyOptions {
  /** Origin of the municipality, e.g. `https://padron.example.org`; must equal the proof's `iss`. */
  issuer: string
  /** The service this is checked for, e.g. `library`; a proof made for another is refused. */
  service?: string
  /** What the holder was asked to sign; a proof without that signature is refused. */
  nonce?: string
  /** Whom the holder's signature must name; default: `service`. */
  audience?: string
  /** Public keys already at hand; without them they are fetched from the issuer. */
  keys?: readonly PublicKey[]
  /** Signed status lists already at hand, by address; without them they are fetched from the issuer. */
  statusLists?: Readonly<Record<string, string>>
  /** How long after its end a status list still counts, seconds, for checking without a connection; default 0. */
  staleness?: number
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
  /** Whether the bearer showed that they hold the key this proof was issued to. */
  holderProved: boolean
}

const LARGEST_TOKEN = 64 * 1024
const PLUMBING = new Set(['iss', 'iat', 'nbf', 'exp', 'aud', 'vct', 'status', 'cnf', 'jti'])

/**
 * Checks a proof of residence: who signed it, for which service, whether it is in force and not taken back, and that
 * each disclosed claim was signed; with `nonce`, also that the bearer holds its key. Takes an SD-JWT VC, the text of
 * a QR code (`https://city/v#…`), or what stands after its `#`. Needs nothing but Web standards.
 *
 * @example
 * const { claims } = await verifyProof(token, { issuer: 'https://padron.example.org', service: 'library' })
 *
 * @throws {ProofInvalid} with a stable `code`
 * @see RFC 9901 section 7.3; RFC 9052 section 4.4
 */
export async function verifyProof(token: string, options: VerifyOptions): Promise<VerifiedProof> {
  if (token.length > LARGEST_TOKEN) throw new ProofInvalid('oversize')
  const now = options.now ?? Math.floor(Date.now() / 1000)
  const tolerance = options.tolerance ?? 60
  const text = token.slice(token.indexOf('#') + 1)
  return isCompact(text)
    ? verifyCompact(text, { options, now, tolerance })
    : verifySdJwt(text, { options, now, tolerance })
}

async function verifySdJwt(
  token: string,
  { options, now, tolerance }: { options: VerifyOptions; now: number; tolerance: number },
): Promise<VerifiedProof> {
  const [jwt, ...disclosures] = token.split('~')
  const binding = disclosures.pop()
  if (jwt === undefined || binding === undefined) throw new ProofInvalid('malformed')
  const keys =
    options.keys ??
    (await fetchKeys(options.issuer, { fetcher: fetcherOf(options), now, missing: (all) => !names(jwt, all) }))
  const payload = await verifyJws(jwt, { type: 'dc+sd-jwt', keys })
  const { iss, exp, nbf, iat, aud } = payload
  const audiences = aud === undefined ? [] : Array.isArray(aud) ? aud : [aud]
  checkTerms({ iss, exp, nbf, iat, audiences }, { options, now, tolerance })
  const resolved = await resolveDisclosures(payload, disclosures)
  const holderProved = await checkKeyBinding(binding, {
    presented: token.slice(0, token.length - binding.length),
    payload,
    expected: {
      nonce: options.nonce,
      audience: options.audience ?? options.service,
      now,
      tolerance,
    },
  })
  await checkStatus(statusReference(payload), { keys, options, now })
  return {
    issuer: options.issuer,
    service: typeof audiences[0] === 'string' ? audiences[0] : undefined,
    claims: Object.fromEntries(Object.entries(resolved).filter(([name]) => !PLUMBING.has(name))),
    expiresAt: exp as number,
    holderProved,
  }
}

async function verifyCompact(
  text: string,
  { options, now, tolerance }: { options: VerifyOptions; now: number; tolerance: number },
): Promise<VerifiedProof> {
  if (options.nonce !== undefined) throw new ProofInvalid('key-binding-missing')
  const read = async () => {
    if (options.keys) return { keys: options.keys, payload: await readCompact(text, options.keys) }
    // Which key it names is known only once it is read: ask again when it is not among those kept.
    let keys = await fetchKeys(options.issuer, { fetcher: fetcherOf(options), now, missing: () => false })
    try {
      return { keys, payload: await readCompact(text, keys) }
    } catch (error) {
      if (!(error instanceof ProofInvalid) || error.code !== 'unknown-key') throw error
      keys = await fetchKeys(options.issuer, { fetcher: fetcherOf(options), now, missing: () => true })
      return { keys, payload: await readCompact(text, keys) }
    }
  }
  const { keys, payload } = await read()
  checkTerms({ ...payload, nbf: undefined, audiences: [payload.aud] }, { options, now, tolerance })
  await checkStatus(payload.status, { keys, options, now })
  const { aud: service, claims, exp: expiresAt } = payload
  return { issuer: options.issuer, service, claims, expiresAt, holderProved: false }
}

interface Terms {
  iss: unknown
  exp: unknown
  nbf: unknown
  iat: unknown
  audiences: unknown[]
}

/** From whom, for whom, and when. */
function checkTerms(
  { iss, exp, nbf, iat, audiences }: Terms,
  { options, now, tolerance }: { options: VerifyOptions; now: number; tolerance: number },
) {
  if (iss !== options.issuer) throw new ProofInvalid('wrong-issuer')
  if (typeof exp !== 'number') throw new ProofInvalid('malformed')
  if (exp + tolerance <= now) throw new ProofInvalid('expired')
  if ((typeof nbf === 'number' && nbf > now + tolerance) || (typeof iat === 'number' && iat > now + tolerance))
    throw new ProofInvalid('not-yet-valid')
  if (options.service !== undefined && !audiences.includes(options.service)) throw new ProofInvalid('wrong-audience')
}

async function checkStatus(
  reference: StatusReference | undefined,
  { keys, options, now }: { keys: readonly PublicKey[]; options: VerifyOptions; now: number },
): Promise<void> {
  if (reference === undefined) return
  const { issuer, statusLists } = options
  const list = statusLists
    ? statusLists[reference.uri]
    : await fetchStatusList(issuer, { uri: reference.uri, fetcher: fetcherOf(options), now })
  if (list === undefined) throw new ProofInvalid('status-unavailable')
  if ((await statusFromToken(list, { reference, keys, now: now - (options.staleness ?? 0) })) !== 0)
    throw new ProofInvalid('revoked')
}

/** Whether one of these keys is the one a JWS names. Believed for nothing but whether to ask for keys again. */
function names(jwt: string, keys: readonly PublicKey[]): boolean {
  const { kid } = parseObject(fromBase64Url(jwt.split('.')[0] ?? ''))
  return keys.some((key) => key.kid === kid)
}

const fetcherOf = (options: VerifyOptions) => options.fetch ?? globalThis.fetch
