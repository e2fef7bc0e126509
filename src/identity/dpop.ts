import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, jwtVerify } from 'jose'
import { Unauthenticated } from './tokens.ts'

/** What a proof of possession has to be made for. */
export interface DpopExpectation {
  /** HTTP method, upper case. */
  method: string
  /** The address asked, without query and fragment. */
  url: string
  accessToken: string
  /** Thumbprint of the key the token is bound to. */
  thumbprint: string
}

/** What a proof is signed with, by the kind of key. The same for what keys are taken and for what is told to whoever writes a program. */
export const SIGNED_WITH = { 'EC P-256': 'ES256', 'EC P-384': 'ES384', 'OKP Ed25519': 'EdDSA', RSA: 'PS256' } as const

/** How old a proof may be, and how far ahead its clock. */
export const DPOP_SECONDS = 60

/**
 * Checks a DPoP proof. A stolen token is worth nothing without the private key that signs these.
 *
 * @returns the hash of its `jti`; whoever calls must refuse one that came before
 * @throws {Unauthenticated}
 * @see RFC 9449 section 4.3
 */
export async function checkDpop(proof: string, expected: DpopExpectation): Promise<Buffer> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: Object.values(SIGNED_WITH),
      requiredClaims: ['iat', 'jti', 'htm', 'htu', 'ath'],
      maxTokenAge: DPOP_SECONDS,
      clockTolerance: 5,
    })
    const ath = createHash('sha256').update(expected.accessToken).digest('base64url')
    const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk as JWK)
    const holds =
      payload.htm === expected.method &&
      payload.htu === expected.url &&
      payload.ath === ath &&
      thumbprint === expected.thumbprint &&
      typeof payload.jti === 'string' &&
      payload.jti.length <= 200
    if (holds) return createHash('sha256').update(`${thumbprint} ${payload.jti}`).digest()
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
  }
  throw new Unauthenticated()
}
