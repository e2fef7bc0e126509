import { createHash, randomBytes } from 'node:crypto'
import { type CallbackContext, clientAuthenticationAnonymous, HashAlgorithm, type Jwk } from '@openid4vc/oauth2'
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
