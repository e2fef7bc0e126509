import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { TrustedIssuer } from './tokens.ts'

/** Demo clients' secret: it opens invented data on this machine and nothing else. */
export const DEMO_SECRET = 'demo-only-secret-for-invented-neighbours'

/** What the demonstration's provider may say: everything, of its one town. */
export const demoTrust = (issuer: string): TrustedIssuer => ({
  issuer,
  jwksUri: `${issuer}/jwks`,
  towns: ['vallmar'],
  roles: ['clerk', 'supervisor', 'legal', 'auditor'],
  clients: true,
  staffAs: '',
})

/** The key a machine proves possession of, and its public half. */
export interface ProofKey {
  privateKey: CryptoKey
  jwk: JWK
}

export async function newProofKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return { privateKey, jwk: await exportJWK(publicKey) }
}

/** A proof of possession for one request. @see RFC 9449 section 4.2 */
export async function dpopProof(
  key: ProofKey,
  { method, url, accessToken }: { method: string; url: string; accessToken?: string | undefined },
): Promise<string> {
  const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url')
  return new SignJWT({ htm: method, htu: url, jti: crypto.randomUUID(), ...(ath ? { ath } : {}) })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk })
    .setIssuedAt()
    .sign(key.privateKey)
}

/**
 * Asks a demonstration's OpenID provider for an access token, as a service provider's machine would
 * (OAuth 2 client credentials). With a key, the token is bound to it.
 *
 * @throws when the provider does not know the client or is not running
 */
export async function demoToken(
  issuer: string,
  { audience, clientId, key }: { audience: string; clientId: string; key?: ProofKey | undefined },
): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(DEMO_SECRET)}`)}`,
      ...(key ? { dpop: await dpopProof(key, { method: 'POST', url: `${issuer}/token` }) } : {}),
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
  })
  const answer = (await response.json()) as { access_token?: string }
  if (answer.access_token === undefined) throw new Error('The demo sign-in knows no such client.')
  return answer.access_token
}
