import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { type CallbackContext, clientAuthenticationAnonymous, HashAlgorithm, type Jwk } from '@openid4vc/oauth2'
import { Openid4vpClient } from '@openid4vc/openid4vp'
import { CompactEncrypt, CompactSign, exportJWK, generateKeyPair, importJWK, importX509, jwtVerify } from 'jose'

/** A key in a wallet: the private half never leaves it. */
export interface WalletKey {
  privateKey: CryptoKey
  jwk: Jwk
}

export async function walletKey(): Promise<WalletKey> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  return { privateKey: pair.privateKey, jwk: (await exportJWK(pair.publicKey)) as Jwk }
}

/** What a wallet built on somebody else's library brings: keys, hashes and a way to the city. */
export function walletCallbacks(keys: readonly WalletKey[], fetcher: typeof fetch): CallbackContext {
  return {
    fetch: fetcher as never,
    hash: (data, algorithm) => {
      if (algorithm !== HashAlgorithm.Sha256) throw new Error('SHA-256 only')
      return Uint8Array.from(createHash('sha256').update(data).digest())
    },
    generateRandom: (length) => Uint8Array.from(randomBytes(length)),
    clientAuthentication: clientAuthenticationAnonymous(),
    signJwt: async (signer, { header, payload }) => {
      const key = keys.find(({ jwk }) => signer.method === 'jwk' && jwk.x === signer.publicJwk.x)
      if (key === undefined) throw new Error('no such key in this wallet')
      const jwt = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader(header as never)
        .sign(key.privateKey)
      return { jwt, signerJwk: key.jwk }
    },
    verifyJwt: async (signer, { compact }) => {
      if (signer.method !== 'x5c') return { verified: false }
      const certificate = signer.x5c[0] ?? ''
      const key = await importX509(`-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`, 'ES256', {
        extractable: true,
      })
      await jwtVerify(compact, key)
      return { verified: true, signerJwk: (await exportJWK(key)) as Jwk }
    },
    decryptJwe: () => ({ decrypted: false }),
    encryptJwe: async (encryptor, data) => {
      const jwe = await new CompactEncrypt(new TextEncoder().encode(data))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: encryptor.enc, kid: encryptor.publicJwk.kid ?? '' })
        .encrypt(await importJWK(encryptor.publicJwk as never, 'ECDH-ES'))
      return { jwe, encryptionJwk: encryptor.publicJwk }
    },
  }
}

/** A proof in a wallet, and the key that it is bound to. */
export interface Held {
  key: WalletKey
  token: string
}

interface Asked {
  nonce: string
  client_id: string
  client_metadata: { client_name: string }
  dcql_query: { credentials: { claims?: { path: string[] }[] }[] }
}

/**
 * A wallet of somebody else's making reads a request and answers it.
 *
 * @param link what the QR code shows
 * @param nonce what it signs, where it answers another question than it was asked; `aud` the same of whom it names
 */
export async function present(
  link: string,
  { key, token }: Held,
  { fetcher, now, nonce, aud }: { fetcher: typeof fetch; now: number; nonce?: string; aud?: string },
): Promise<{ payload: Asked; status: number }> {
  const callbacks = {
    ...walletCallbacks([key], fetcher),
    getX509CertificateMetadata: (certificate: string) => {
      new X509Certificate(Buffer.from(certificate, 'base64'))
      return { sanDnsNames: [], sanUriNames: [] }
    },
  }
  const wallet = new Openid4vpClient({ callbacks })
  const parsed = wallet.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link })
  const resolved = await wallet.resolveOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: parsed.params as never,
  })
  const payload = resolved.authorizationRequestPayload as unknown as Asked
  const binding = await new CompactSign(
    new TextEncoder().encode(
      JSON.stringify({
        nonce: nonce ?? payload.nonce,
        aud: aud ?? payload.client_id,
        iat: now,
        sd_hash: createHash('sha256').update(token).digest('base64url'),
      }),
    ),
  )
    .setProtectedHeader({ alg: 'ES256', typ: 'kb+jwt' })
    .sign(key.privateKey)
  const { authorizationResponsePayload, jarm } = await wallet.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: resolved.authorizationRequestPayload,
    authorizationResponsePayload: { vp_token: { proof: [token + binding] } },
    jarm: {
      encryption: { nonce: 'mdoc-none' },
      serverMetadata: {
        authorization_signing_alg_values_supported: [],
        authorization_encryption_alg_values_supported: ['ECDH-ES'],
        authorization_encryption_enc_values_supported: ['A256GCM'],
      },
    },
  })
  const submitted = await wallet.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: resolved.authorizationRequestPayload as never,
    authorizationResponsePayload,
    ...(jarm ? { jarm: { responseJwt: jarm.responseJwt } } : {}),
  })
  return { payload, status: submitted.response.status }
}
