import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { demoToken, demoTrust, dpopProof, newProofKey, type ProofKey } from '../../src/identity/demo-token.ts'
import { tokenVerifier } from '../../src/identity/tokens.ts'
import { AUDIENCE, type House, openHouse, tokenOf } from '../support/house.ts'
import { register } from '../support/people.ts'

// A shell company steals a library's access token, or its client secret, and asks in its name.

let house: House
let app: ReturnType<typeof createApp>
let key: ProofKey
let token: string
let proof: string
const URL = 'https://vallmar.example/v1/disclosures'

beforeAll(async () => {
  house = await openHouse()
  const issuer = inject('tokenIssuer')
  const tokens = tokenVerifier([demoTrust(issuer)], AUDIENCE)
  // As in production, where clients' tokens must be bound to a key.
  app = createApp({ ...house.rooms, tokens, senderConstrained: true, log: () => {} }, house.rooms)
  key = await newProofKey()
  token = await demoToken(issuer, AUDIENCE, 'library', key)
  const { id } = await register(house)
  const issued = await house.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  proof = issued.body.token
})
afterAll(() => house?.close())

async function disclose(headers: Record<string, string>): Promise<number> {
  const response = await app.fetch(
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
    expect(await disclose(bound(await dpopProof(key, 'POST', URL, token)))).toBe(200)
  })

  it('is worth nothing without the key, or with another', async () => {
    expect(await disclose({ authorization: `Bearer ${token}` })).toBe(401)
    expect(await disclose({ authorization: `DPoP ${token}` })).toBe(401)
    expect(await disclose(bound(await dpopProof(await newProofKey(), 'POST', URL, token)))).toBe(401)
    expect(await disclose(bound('no.proof.atall'))).toBe(401)
  })

  it('is worth nothing with a proof that was overheard', async () => {
    const once = await dpopProof(key, 'POST', URL, token)
    expect(await disclose(bound(once))).toBe(200)
    expect(await disclose(bound(once))).toBe(401)
  })

  it('is worth nothing with a proof for another request, another address or another token', async () => {
    expect(await disclose(bound(await dpopProof(key, 'GET', URL, token)))).toBe(401)
    expect(await disclose(bound(await dpopProof(key, 'POST', 'https://riudor.example/v1/disclosures', token)))).toBe(
      401,
    )
    expect(await disclose(bound(await dpopProof(key, 'POST', URL, `${token}x`)))).toBe(401)
    expect(await disclose(bound(await dpopProof(key, 'POST', URL)))).toBe(401)
  })
})

it('a token that is bound to nobody is not taken from a service provider', async () => {
  expect(await disclose({ authorization: `Bearer ${await tokenOf('library')}` })).toBe(401)
})
