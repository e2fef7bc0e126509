import { createHash, randomBytes } from 'node:crypto'
import { CompactSign, type CryptoKey } from 'jose'

/** A key that signs proofs: WebCrypto private key, its JWA name and its thumbprint. */
export interface SigningKey {
  kid: string
  algorithm: 'ES256' | 'EdDSA'
  privateKey: CryptoKey
}

const encoder = new TextEncoder()

/**
 * Signs an SD-JWT VC whose `hidden` claims the holder may disclose one by one.
 *
 * @returns the token with every disclosure: `<jwt>~<disclosure>~…~`
 * @see RFC 9901 sections 4.2 and 4.3; draft-ietf-oauth-sd-jwt-vc section 3 (`typ: dc+sd-jwt`)
 */
export async function signSdJwt(
  key: SigningKey,
  open: Record<string, unknown>,
  hidden: Record<string, unknown>,
): Promise<string> {
  const disclosures = Object.entries(hidden).map(([name, value]) =>
    Buffer.from(JSON.stringify([randomBytes(16).toString('base64url'), name, value])).toString('base64url'),
  )
  const digests = disclosures.map((disclosure) => createHash('sha256').update(disclosure).digest('base64url')).sort()
  const payload = digests.length === 0 ? open : { ...open, _sd: digests, _sd_alg: 'sha-256' }
  const jwt = await new CompactSign(encoder.encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: key.algorithm, typ: 'dc+sd-jwt', kid: key.kid })
    .sign(key.privateKey)
  return `${[jwt, ...disclosures].join('~')}~`
}
