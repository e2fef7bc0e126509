import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { z } from 'zod'
import type { StaffRole } from '../firewall/requester.ts'
import { Problem } from '../platform/problem.ts'
import type { Municipality } from '../town/model.ts'
import type { NewSession, Renew } from './begin-session.ts'
import { KeysAway, mayName, staffIdOf, type TrustedIssuer } from './tokens.ts'

/** The city's sign-in for staff: an OpenID provider that knows this service as one of its clients. */
export interface SignInProvider {
  issuer: string
  clientId: string
  clientSecret: string
  /** What it may say: of which towns, and which roles. */
  trusted: TrustedIssuer
  /** How it says that a sign-in cannot be phished (`acr` or `amr`): asked of supervisors and legal officers. */
  phishingResistant: { acr: readonly string[]; amr: readonly string[] }
  /** It was told to say when an account is closed (back-channel logout). */
  backChannel: boolean
  /** Who is expected may be told to it: in a demonstration alone. */
  hints?: boolean
}

/** @throws when somebody whose pages open most signed in by a way that can be phished. */
export class SignInTooWeak extends Problem {
  constructor() {
    super('sign-in-too-weak', 401, 'This role signs in with a security key or a passkey. Sign in again with one.')
  }
}

/** Whose pages need a sign-in that cannot be phished. */
const STRONGLY: readonly StaffRole[] = ['supervisor', 'legal']

/** @throws when a sign-in did not end well; nothing is known of who it was. */
export class SignInFailed extends Problem {
  constructor() {
    super('sign-in-failed', 401, 'The sign-in did not work. Try again.')
  }
}

/** What has to come back the same way it went, kept in the browser meanwhile. */
const Under = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), returnTo: z.string() })
export type SignInUnderWay = z.infer<typeof Under>

const StaffClaims = z.object({
  sub: z.string().min(1).max(200),
  role: z.enum(['clerk', 'supervisor', 'legal', 'auditor']),
  office: z.uuid(),
  municipality: z.string(),
  acr: z.string().optional(),
  amr: z.array(z.string()).optional(),
  sid: z.string().min(1).max(200).optional(),
})

export interface StaffSignIn {
  /** @param as who is expected, as a hint to the provider of a demonstration; any other never gets it */
  begin(town: Municipality, returnTo: string, as?: string): Promise<{ address: string; underWay: string }>
  finish(town: Municipality, search: string, underWay: string): Promise<{ who: NewSession; returnTo: string }>
  /** Whose sessions end, as the provider says by itself. @throws {SignInFailed} for anything but its own word */
  ended(
    logoutToken: string,
  ): Promise<{ subject: string | undefined; sid: string | undefined; towns: readonly string[] }>
  /** Asks whether an account is still open, with the role and office it had. @see RFC 6749 section 6 */
  renew: Renew
}

const LOGOUT = 'logout+jwt'

/** @see OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6 */
const LogoutClaims = z
  .object({
    sub: z.string().min(1).max(200).optional(),
    sid: z.string().min(1).max(200).optional(),
    nonce: z.never().optional(),
    events: z.object({ 'http://schemas.openid.net/event/backchannel-logout': z.object({}) }),
  })
  .refine(({ sub, sid }) => sub !== undefined || sid !== undefined)

/** How long ago the provider may have seen them, seconds. */
const FRESH_SECONDS = 300

/**
 * Sign-in by the authorisation code flow with PKCE, state and nonce.
 *
 * @see OpenID Connect Core 1.0, section 3.1; RFC 9700 section 2.1.1
 */
export function staffSignIn(provider: SignInProvider): StaffSignIn {
  let known: Promise<oidc.Configuration> | undefined
  const configuration = () => {
    const insecure = provider.issuer.startsWith('http://') ? { execute: [oidc.allowInsecureRequests] } : undefined
    known ??= oidc.discovery(new URL(provider.issuer), provider.clientId, provider.clientSecret, undefined, insecure)
    known.catch(() => {
      known = undefined
    })
    return known
  }
  const { phishingResistant } = provider
  /** Who does not say that an account was closed is asked, by a token for that, where it gives them. */
  const scope = async () => {
    const { scopes_supported: known = [] } = (await configuration()).serverMetadata()
    return !provider.backChannel && known.includes('offline_access') ? 'openid padron offline_access' : 'openid padron'
  }
  const returnAddress = (town: Municipality) => `${town.issuer}/sign-in/return`

  const keys = createRemoteJWKSet(new URL(provider.trusted.jwksUri), { timeoutDuration: 5_000 })

  return {
    async ended(logoutToken) {
      const said = await jwtVerify(logoutToken, keys, {
        issuer: provider.issuer,
        audience: provider.clientId,
        algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
        requiredClaims: ['iat', 'jti'],
        maxTokenAge: FRESH_SECONDS,
        clockTolerance: 5,
      }).then(
        // Some providers write no type; whoever writes one writes this one.
        ({ payload, protectedHeader: { typ = LOGOUT } }) =>
          typ.toLowerCase() === LOGOUT ? LogoutClaims.safeParse(payload) : undefined,
        () => undefined,
      )
      if (!said?.success) throw new SignInFailed()
      const { sub, sid } = said.data
      const subject = sub === undefined ? undefined : staffIdOf(provider.trusted, sub)
      if (subject === undefined && sid === undefined) throw new SignInFailed()
      return { subject, sid, towns: provider.trusted.towns }
    },

    async begin(town, returnTo, as) {
      const underWay: SignInUnderWay = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        returnTo,
      }
      const address = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: returnAddress(town),
        scope: await scope(),
        code_challenge: await oidc.calculatePKCECodeChallenge(underWay.verifier),
        code_challenge_method: 'S256',
        state: underWay.state,
        nonce: underWay.nonce,
        // Every sign-in is a fresh one: a desk that was locked must not open by a sign-in of this morning.
        prompt: 'login',
        ...(phishingResistant.acr.length > 0 ? { acr_values: phishingResistant.acr.join(' ') } : {}),
        max_age: '0',
        ...(as && provider.hints ? { login_hint: as } : {}),
      })
      return { address: address.href, underWay: Buffer.from(JSON.stringify(underWay)).toString('base64url') }
    },

    async renew(refresh, who) {
      try {
        const tokens = await oidc.refreshTokenGrant(await configuration(), refresh, { scope: await scope() })
        const said =
          tokens.claims() ??
          (await oidc.fetchUserInfo(await configuration(), tokens.access_token, oidc.skipSubjectCheck))
        const staff = StaffClaims.safeParse(said)
        // Whoever has another duty now, or none, signs in for it.
        const same =
          staff.success &&
          staffIdOf(provider.trusted, staff.data.sub) === who.subject &&
          staff.data.role === who.role &&
          staff.data.office === who.office &&
          staff.data.municipality === who.municipality
        return same ? { refresh: tokens.refresh_token ?? refresh } : 'ended'
      } catch (error) {
        const refused = error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant'
        return refused ? 'ended' : 'unreachable'
      }
    },

    async finish(town, search, kept) {
      const underWay = read(kept)
      if (underWay === undefined) throw new SignInFailed()
      let claims: unknown
      let refresh: string | undefined
      try {
        const tokens = await oidc.authorizationCodeGrant(
          await configuration(),
          new URL(`${returnAddress(town)}${search}`),
          {
            pkceCodeVerifier: underWay.verifier,
            expectedState: underWay.state,
            expectedNonce: underWay.nonce,
            maxAge: FRESH_SECONDS,
          },
        )
        claims = tokens.claims()
        refresh = tokens.refresh_token
      } catch (error) {
        // What the provider or the return address says is theirs; a provider that nobody reaches is the city’s to mend.
        throw isUnreachable(error) ? new KeysAway() : new SignInFailed()
      }
      const staff = StaffClaims.safeParse(claims)
      if (!staff.success || staff.data.municipality !== town.slug) throw new SignInFailed()
      const { sub, role, office, municipality, acr = '', amr = [], sid } = staff.data
      const subject = staffIdOf(provider.trusted, sub)
      if (subject === undefined || !mayName(provider.trusted, municipality, role)) throw new SignInFailed()
      const strong = phishingResistant.acr.includes(acr) || amr.some((way) => phishingResistant.amr.includes(way))
      if (STRONGLY.includes(role) && !strong) throw new SignInTooWeak()
      const ends = provider.backChannel
      return { who: { kind: 'staff', subject, role, office, sid, ends, refresh }, returnTo: underWay.returnTo }
    },
  }
}

/** Nothing was answered, or what was answered was an error of the server’s own. */
function isUnreachable(error: unknown): boolean {
  const { cause } = error as { cause?: unknown }
  const status = cause instanceof Response ? cause.status : 0
  return error instanceof TypeError || cause instanceof TypeError || status >= 500
}

function read(kept: string): SignInUnderWay | undefined {
  try {
    return Under.parse(JSON.parse(Buffer.from(kept, 'base64url').toString()))
  } catch {
    return undefined
  }
}
