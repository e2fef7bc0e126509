import * as oidc from 'openid-client'
import type { TrustedIssuer } from './tokens.ts'

/** Where machines of service providers get their access tokens: the city's authorisation server. */
export interface TokenSource {
  issuer: string
  /** Absent where the server could not be asked just now. */
  tokenEndpoint: string | undefined
  /** The `aud` a token carries for this service: `resource` in the request for one (RFC 8707). */
  audience: string
}

/** @returns undefined for a town whose issuers speak for no machines */
export type MachineSignIn = (town: { slug: string }) => Promise<TokenSource | undefined>

/**
 * Finds out where tokens for machines come from: as the settings say, or as the server itself does.
 *
 * @see RFC 8414
 */
export function machineSignIn(issuers: readonly TrustedIssuer[], audience: string, allowHttp = false): MachineSignIn {
  const found = new Map<string, string>()
  const discover = async (issuer: string): Promise<string | undefined> => {
    const known = found.get(issuer)
    if (known !== undefined) return known
    const execute = allowHttp ? [oidc.allowInsecureRequests] : []
    const endpoint = await oidc
      .discovery(new URL(issuer), 'padron', undefined, undefined, { execute, timeout: 5 })
      .then((server) => server.serverMetadata().token_endpoint)
      // What cannot be found out now is found out when somebody asks again.
      .catch(() => undefined)
    if (endpoint !== undefined) found.set(issuer, endpoint)
    return endpoint
  }
  return async ({ slug }) => {
    const one = issuers.find(({ clients, towns }) => clients && towns.includes(slug))
    if (one === undefined) return undefined
    return { issuer: one.issuer, tokenEndpoint: one.tokenEndpoint ?? (await discover(one.issuer)), audience }
  }
}
