import * as oidc from 'openid-client'
import { z } from 'zod'
import { Problem } from '../platform/problem.ts'
import type { Municipality } from '../registry/municipality.ts'
import type { NewSession } from './sessions.ts'

/** The city's sign-in for staff: an OpenID provider that knows this service as one of its clients. */
export interface SignInProvider {
  issuer: string
  clientId: string
  clientSecret: string
}

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
})

export interface StaffSignIn {
  begin(town: Municipality, returnTo: string): Promise<{ address: string; underWay: string }>
  finish(town: Municipality, search: string, underWay: string): Promise<{ who: NewSession; returnTo: string }>
}

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
  const returnAddress = (town: Municipality) => `${town.issuer}/sign-in/return`

  return {
    async begin(town, returnTo) {
      const underWay: SignInUnderWay = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        returnTo,
      }
      const address = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: returnAddress(town),
        scope: 'openid padron',
        code_challenge: await oidc.calculatePKCECodeChallenge(underWay.verifier),
        code_challenge_method: 'S256',
        state: underWay.state,
        nonce: underWay.nonce,
        // Every sign-in is a fresh one: a desk that was locked must not open by a sign-in of this morning.
        prompt: 'login',
        max_age: '0',
      })
      return { address: address.href, underWay: Buffer.from(JSON.stringify(underWay)).toString('base64url') }
    },

    async finish(town, search, kept) {
      const underWay = read(kept)
      if (underWay === undefined) throw new SignInFailed()
      let claims: unknown
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
      } catch {
        throw new SignInFailed()
      }
      const staff = StaffClaims.safeParse(claims)
      if (!staff.success || staff.data.municipality !== town.slug) throw new SignInFailed()
      const { sub: subject, role, office } = staff.data
      return { who: { kind: 'staff', subject, role, office }, returnTo: underWay.returnTo }
    },
  }
}

function read(kept: string): SignInUnderWay | undefined {
  try {
    return Under.parse(JSON.parse(Buffer.from(kept, 'base64url').toString()))
  } catch {
    return undefined
  }
}
