import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { demoToken, demoTrust, dpopProof, newProofKey, type ProofKey } from '../../src/identity/demo-token.ts'
import { tokenVerifier } from '../../src/identity/tokens.ts'
import { AUDIENCE, openApp, type TestApp, tokenOf } from '../support/app.ts'
import { register } from '../support/people.ts'

// A shell company steals a library's access token, or its client secret, and asks in its name.

let app: TestApp
let served: ReturnType<typeof createApp>
let key: ProofKey
let token: string
let proof: string
const URL = 'https://vallmar.example/v1/disclosures'

beforeAll(async () => {
  app = await openApp()
  const issuer = inject('tokenIssuer')
  const tokens = tokenVerifier([demoTrust(issuer)], AUDIENCE)
  // As in production, where clients' tokens must be bound to a key.
  served = createApp({ ...app.rooms, tokens, senderConstrained: true, log: () => {} }, app.rooms)
  key = await newProofKey()
  token = await demoToken(issuer, { audience: AUDIENCE, clientId: 'library', key })
  const { id } = await register(app)
  const issued = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  proof = issued.body.token
})
afterAll(() => app?.close())

async function disclose(headers: Record<string, string>): Promise<number> {
  const response = await served.fetch(
    new Request(URL, {
      method: 'POST',
      headers: { host: 'vallmar.example', 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ subject: { proof }, purpose: 'service-eligibility', fields: ['resident'] }),
    }),
  )
  return response.status
}
const bound = (dpop: string) => ({ authorization: `DPoP ${token}`, dpop })

describe('a stolen token', () => {
  it('works for whoever holds the key it is bound to', async () => {
    expect(await disclose(bound(await dpopProof(key, { method: 'POST', url: URL, accessToken: token })))).toBe(200)
  })

  it('is worth nothing without the key, or with another', async () => {
    expect(await disclose({ authorization: `Bearer ${token}` })).toBe(401)
    expect(await disclose({ authorization: `DPoP ${token}` })).toBe(401)
    expect(
      await disclose(bound(await dpopProof(await newProofKey(), { method: 'POST', url: URL, accessToken: token }))),
    ).toBe(401)
    expect(await disclose(bound('no.proof.atall'))).toBe(401)
  })

  it('is worth nothing with a proof that was overheard', async () => {
    const once = await dpopProof(key, { method: 'POST', url: URL, accessToken: token })
    expect(await disclose(bound(once))).toBe(200)
    expect(await disclose(bound(once))).toBe(401)
  })

  it('is worth nothing with a proof for another request, another address or another token', async () => {
    expect(await disclose(bound(await dpopProof(key, { method: 'GET', url: URL, accessToken: token })))).toBe(401)
    expect(
      await disclose(
        bound(
          await dpopProof(key, { method: 'POST', url: 'https://riudor.example/v1/disclosures', accessToken: token }),
        ),
      ),
    ).toBe(401)
    expect(await disclose(bound(await dpopProof(key, { method: 'POST', url: URL, accessToken: `${token}x` })))).toBe(
      401,
    )
    expect(await disclose(bound(await dpopProof(key, { method: 'POST', url: URL })))).toBe(401)
  })
})

it('a token that is bound to nobody is not taken from a service provider', async () => {
  expect(await disclose({ authorization: `Bearer ${await tokenOf('library')}` })).toBe(401)
})
