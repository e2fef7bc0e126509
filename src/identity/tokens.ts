import { z } from '@hono/zod-openapi'
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import type { StaffRole } from '../firewall/requester.ts'
import { Problem } from '../platform/problem.ts'

/** @throws when no valid access token came with the request. */
export class Unauthenticated extends Problem {
  constructor() {
    super('unauthenticated', 401, 'Sign in, then send the request with your access token.')
  }
}

/** @throws while an issuer's keys cannot be had. */
export class KeysAway extends Problem {
  constructor() {
    super('unavailable', 503, 'The sign-in cannot be reached just now. Try again in a moment.')
  }
}

/** An issuer of access tokens this installation trusts, and what it may say: nothing beyond it counts, whoever signed. */
export interface TrustedIssuer {
  issuer: string
  jwksUri: string
  /** The towns it may speak for, by their slugs. */
  towns: readonly string[]
  /** The roles of staff it may name. With none it speaks for machines alone. */
  roles: readonly StaffRole[]
  /** Whether it may speak for machines of service providers. */
  clients: boolean
  /** Where machines get their tokens; found out from the issuer where it is left out. */
  tokenEndpoint?: string | undefined
  /** What stands before `sub` in the pseudonyms of its staff; the issuer itself, where it is left out. */
  staffAs?: string | undefined
}

/** Between an issuer and the `sub` it gives. No `sub` holds it. */
const BETWEEN = '|'
/** Of a pseudonym, as the database keeps it. */
const MOST_LETTERS = 200

/**
 * The pseudonym of a member of staff: issuer and `sub`, since another issuer may give the same `sub` to somebody else.
 *
 * @returns undefined for a `sub` that could be taken for that of another issuer
 */
export function staffIdOf({ issuer, staffAs = issuer }: TrustedIssuer, sub: string): string | undefined {
  const id = staffAs === '' ? sub : `${staffAs}${BETWEEN}${sub}`
  return sub.includes(BETWEEN) || id.length > MOST_LETTERS ? undefined : id
}

/** Whether an issuer may say that somebody has this role in this town. */
export const mayName = ({ towns, roles }: TrustedIssuer, town: string, role: StaffRole): boolean =>
  towns.includes(town) && roles.includes(role)

/** What a verified access token says about its bearer. */
export type Bearer =
  | { kind: 'staff'; id: string; role: StaffRole; office: string; municipality: string; boundTo?: string | undefined }
  | { kind: 'client'; id: string; municipality: string; boundTo?: string | undefined }

const Common = z.object({
  client_id: z.string().min(1).max(200),
  municipality: z.string().min(1).max(64),
  /** The key the token is bound to. @see RFC 9449 section 6.1 */
  cnf: z.object({ jkt: z.string().length(43) }).optional(),
})
const StaffClaims = Common.extend({
  sub: z.string().min(1).max(200),
  role: z.enum(['clerk', 'supervisor', 'legal', 'auditor']),
  office: z.uuid(),
})

export interface TokenVerifier {
  /** @throws {Unauthenticated} */
  verify(token: string): Promise<Bearer>
}

/**
 * Checks OAuth 2 access tokens: typ, issuer, audience, algorithm from our own list, expiry, signature by a
 * key of the issuer's current set (cached, fetched again when a new key id appears, but not more often than `keysCooldown`).
 *
 * @see RFC 9068 section 4
 */
export function tokenVerifier(
  issuers: readonly TrustedIssuer[],
  audience: string,
  { keysCooldown = Temporal.Duration.from({ seconds: 5 }) }: { keysCooldown?: Temporal.Duration } = {},
): TokenVerifier {
  const keySets = new Map(
    issuers.map((trusted) => [
      trusted.issuer,
      createRemoteJWKSet(new URL(trusted.jwksUri), {
        cooldownDuration: keysCooldown.total('milliseconds'),
        timeoutDuration: 5_000,
      }),
    ]),
  )
  const trusted = new Map(issuers.map((one) => [one.issuer, one]))
  const recent = new Map<string, { bearer: Bearer; until: number }>()

  async function check(token: string): Promise<{ bearer: Bearer; expires: number }> {
    const from = trusted.get(claimedIssuer(token))
    const keys = keySets.get(claimedIssuer(token))
    if (keys === undefined || from === undefined) throw new Unauthenticated()
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: from.issuer,
        audience,
        typ: 'at+jwt',
        algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: 5,
      })
      return { bearer: bearerOf(payload, from), expires: (payload.exp ?? 0) * 1000 }
    } catch (error) {
      if (error instanceof Problem) throw error
      // Where the issuer's keys cannot be had, nobody can say whose token it is: that is no reason to sign in again.
      throw saysNothing(error) ? new KeysAway() : new Unauthenticated()
    }
  }

  return {
    async verify(token) {
      // A token stays valid until it expires whoever checks it, so for ten seconds one check is enough.
      const now = Date.now()
      const known = recent.get(token)
      if (known && known.until > now) return known.bearer
      const { bearer, expires } = await check(token)
      if (recent.size >= 5_000) recent.clear()
      recent.set(token, { bearer, until: Math.min(expires, now + 10_000) })
      return bearer
    },
  }
}

/** Whether a failure is about the way to the keys and not about the token. */
function saysNothing(error: unknown): boolean {
  if (error instanceof z.ZodError) return false
  if (!(error instanceof errors.JOSEError)) return true
  return error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC'
}

/** Read before the signature is checked, only to choose between issuers we trust already. */
function claimedIssuer(token: string): string {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof payload === 'object' && payload !== null && 'iss' in payload ? String(payload.iss) : ''
  } catch {
    throw new Unauthenticated()
  }
}

/** @throws {Unauthenticated} where the issuer says more than it may, or a machine is said to be staff */
function bearerOf(payload: JWTPayload, from: TrustedIssuer): Bearer {
  if (payload.role !== undefined) {
    const { sub, role, office, municipality, cnf, client_id } = StaffClaims.parse(payload)
    const id = staffIdOf(from, sub)
    // A token that a machine has in its own name (RFC 9068 section 2.2: its `sub` is the client) is nobody's of the staff.
    if (id === undefined || sub === client_id || !mayName(from, municipality, role)) throw new Unauthenticated()
    return { kind: 'staff', id, role, office, municipality, boundTo: cnf?.jkt }
  }
  const { client_id, municipality, cnf } = Common.parse(payload)
  if (!from.clients || !from.towns.includes(municipality)) throw new Unauthenticated()
  return { kind: 'client', id: client_id, municipality, boundTo: cnf?.jkt }
}
