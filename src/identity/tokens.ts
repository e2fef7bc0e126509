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

/** An issuer of access tokens this installation trusts. */
export interface TrustedIssuer {
  issuer: string
  jwksUri: string
}

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
  const recent = new Map<string, { bearer: Bearer; until: number }>()

  async function check(token: string): Promise<{ bearer: Bearer; expires: number }> {
    const keys = keySets.get(claimedIssuer(token))
    if (keys === undefined) throw new Unauthenticated()
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: claimedIssuer(token),
        audience,
        typ: 'at+jwt',
        algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: 5,
      })
      return { bearer: bearerOf(payload), expires: (payload.exp ?? 0) * 1000 }
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) throw new Unauthenticated()
      throw error
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

/** Read before the signature is checked, only to choose between issuers we trust already. */
function claimedIssuer(token: string): string {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof payload === 'object' && payload !== null && 'iss' in payload ? String(payload.iss) : ''
  } catch {
    throw new Unauthenticated()
  }
}

function bearerOf(payload: JWTPayload): Bearer {
  if (payload.role !== undefined) {
    const { sub, role, office, municipality, cnf } = StaffClaims.parse(payload)
    return { kind: 'staff', id: sub, role, office, municipality, boundTo: cnf?.jkt }
  }
  const { client_id, municipality, cnf } = Common.parse(payload)
  return { kind: 'client', id: client_id, municipality, boundTo: cnf?.jkt }
}
