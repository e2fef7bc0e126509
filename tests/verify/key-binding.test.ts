import { createHash } from 'node:crypto'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { signSdJwt } from '../../src/proofs/sd-jwt.ts'
import { ProofInvalid, type PublicKey, type VerifyOptions, verifyProof } from '../../src/verify/index.ts'

const ISSUER = 'https://vallmar.example'
const NOW = 1_800_000_000
let issuerKey: CryptoKey
let keys: PublicKey[]
let holder: CryptoKeyPair
let presented: string

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  issuerKey = pair.privateKey
  keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'es' } as PublicKey]
  holder = await generateKeyPair('ES256', { extractable: true })
  presented = await signSdJwt(
    { kid: 'es', algorithm: 'ES256', privateKey: issuerKey },
    { iss: ISSUER, exp: NOW + 3600, aud: 'library', resident: true, cnf: { jwk: await exportJWK(holder.publicKey) } },
    { given_name: 'Ona' },
  )
})

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')
const bind = async (claims: object = {}, more: { key?: CryptoKey; header?: object; over?: string } = {}) =>
  new CompactSign(
    new TextEncoder().encode(
      JSON.stringify({ nonce: 'n-1', aud: 'library', iat: NOW, sd_hash: hashOf(more.over ?? presented), ...claims }),
    ),
  )
    .setProtectedHeader({ alg: 'ES256', typ: 'kb+jwt', ...more.header })
    .sign(more.key ?? holder.privateKey)
const codeOf = (text: string, more: Partial<VerifyOptions> = {}) =>
  verifyProof(text, { issuer: ISSUER, keys, now: NOW, service: 'library', nonce: 'n-1', ...more }).then(
    ({ holderProved }) => `valid ${holderProved}`,
    (error: unknown) => (error instanceof ProofInvalid ? error.code : String(error)),
  )

describe('a holder', () => {
  it('shows, with a fresh signature over all that is presented, that the proof is theirs', async () => {
    expect(await codeOf(presented + (await bind()))).toBe('valid true')
  })

  it('need not be proved where nobody asks', async () => {
    expect(await verifyProof(presented, { issuer: ISSUER, keys, now: NOW })).toMatchObject({ holderProved: false })
  })

  it.each<[string, string, () => Promise<string>]>([
    ['key-binding-missing', 'no signature', async () => presented],
    ['key-binding-invalid', 'a signature for another request', async () => presented + (await bind({ nonce: 'n-2' }))],
    ['key-binding-invalid', 'a signature for another service', async () => presented + (await bind({ aud: 'bank' }))],
    ['key-binding-invalid', 'a signature of an hour ago', async () => presented + (await bind({ iat: NOW - 3600 }))],
    ['key-binding-invalid', 'a signature of tomorrow', async () => presented + (await bind({ iat: NOW + 3600 }))],
    ['key-binding-invalid', 'a signature without a time', async () => presented + (await bind({ iat: undefined }))],
    [
      'key-binding-invalid',
      'a signature over other disclosures',
      async () => presented + (await bind({}, { over: 'x' })),
    ],
    ['key-binding-invalid', 'the city’s own key', async () => presented + (await bind({}, { key: issuerKey }))],
    ['key-binding-invalid', 'another type', async () => presented + (await bind({}, { header: { typ: 'JWT' } }))],
    [
      'key-binding-invalid',
      'a key it brings along',
      async () => presented + (await bind({}, { header: { jwk: await exportJWK(holder.publicKey) } })),
    ],
    [
      'key-binding-invalid',
      'a disclosure left out after signing',
      async () => `${presented.split('~')[0]}~${await bind()}`,
    ],
  ])('is %s with %s', async (code, _, make) => {
    expect(await codeOf(await make())).toBe(code)
  })

  it('cannot be shown for a proof that is bound to nobody', async () => {
    const unbound = await signSdJwt(
      { kid: 'es', algorithm: 'ES256', privateKey: issuerKey },
      { iss: ISSUER, exp: NOW + 3600, aud: 'library' },
      {},
    )
    expect(await codeOf(unbound + (await bind({}, { over: unbound })))).toBe('key-binding-invalid')
  })
})
