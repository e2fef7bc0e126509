import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { demoToken, demoTrust, dpopProof, newProofKey, type ProofKey } from '../../src/identity/demo-token.ts'
import { tokenVerifier } from '../../src/identity/tokens.ts'
import { AUDIENCE, openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// Organisations that come by themselves and say who they are: what they say opens nothing.

let app: TestApp
let served: ReturnType<typeof createApp>
const URL = 'https://vallmar.example/v1/disclosures'
beforeAll(async () => {
  app = await openApp()
  const issuer = inject('tokenIssuer')
  const tokens = tokenVerifier([demoTrust(issuer)], AUDIENCE)
  served = createApp({ ...app.rooms, tokens, senderConstrained: true, log: () => {} }, app.rooms)
  // The demonstration's library has not come yet.
  await app.peek("delete from clients where id = 'library'")
})
afterAll(() => app?.close())

const legal = () => signedIn(app, { kind: 'staff', subject: 'legal', role: 'legal', office: DEMO_OFFICE })
const post = (path: string, fields: Record<string, string>, source = Math.random().toString()) =>
  app.fetch(
    new Request(`https://vallmar.example${path}`, {
      method: 'POST',
      headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': source },
      body: new URLSearchParams(fields),
    }),
  )
const FORM = {
  name: 'Seaside Library',
  identifier: 'VM-3003',
  'does-library': 'yes',
  links: 'The province’s library network',
  need: 'To renew cards of people who are ill at home',
  officer: 'An invented officer',
  contact: 'desk@seaside.example',
  attestation: 'yes',
}
const apply = async (more: Record<string, string> = {}) => {
  const page = await (await post('/providers/enrol', { ...FORM, ...more })).text()
  return /class="digits code"[^>]*>\s*([0-9A-Z-]{19})\s*</.exec(page)?.[1] ?? ''
}
const follow = async (code: string) => (await post('/providers/enrol/follow', { code })).text()
const waiting = async () => (await (await legal()).open('/desk/organisations')).text()
const decide = async (fields: Record<string, string>) => {
  const page = await waiting()
  const application = /name="application" value="([^"]+)"/.exec(page)?.[1] ?? ''
  return (await legal()).send('/desk/organisations/applications', { application, ...fields }, '/desk/organisations')
}
const publicHalf = (key: ProofKey) => {
  const { kty, crv, x, y } = key.jwk
  return { kty, crv, x, y }
}
async function asks(key: ProofKey): Promise<number> {
  const token = await demoToken(inject('tokenIssuer'), { audience: AUDIENCE, clientId: 'library', key })
  const { id } = await register(app)
  const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  const response = await served.fetch(
    new Request(URL, {
      method: 'POST',
      headers: {
        host: 'vallmar.example',
        'content-type': 'application/json',
        authorization: `DPoP ${token}`,
        dpop: await dpopProof(key, { method: 'POST', url: URL, accessToken: token }),
      },
      body: JSON.stringify({ subject: { proof: body.token }, purpose: 'service-eligibility', fields: ['resident'] }),
    }),
  )
  return response.status
}

async function approved() {
  const other = await signedIn(app, { kind: 'staff', subject: 'another', role: 'legal', office: DEMO_OFFICE })
  const page = await (await other.open('/desk/organisations')).text()
  for (const [, entry = ''] of page.matchAll(/name="entry" value="([^"]+)"/g))
    await other.send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
}

describe('an organisation that applies', () => {
  it('gets nothing until a legal officer enrols it, and then with the keys it named and no others', async () => {
    const [key, other] = [await newProofKey(), await newProofKey()]
    const code = await apply({ keys: JSON.stringify({ keys: [publicHalf(key)] }) })
    expect(code).toHaveLength(19)
    expect(await follow(code)).toContain('It waits for a legal officer')
    expect(await asks(key)).toBe(403)
    expect((await decide({ act: 'enrol', client: 'library' })).status).toBe(303)
    // One officer has said so; another has to.
    expect(await follow(code)).toContain('It waits for a legal officer')
    expect(await asks(key)).toBe(403)
    await approved()
    expect(await follow(code)).toContain('Enrolled.')
    expect(await asks(key)).toBe(200)
    expect(await asks(other)).toBe(401)
  })

  it('for immigration enforcement is refused as it comes, whatever else it does', async () => {
    const code = await apply({ 'does-immigration-enforcement': 'yes', name: 'Border Reading Room' })
    expect(await follow(code)).toContain('Refused.')
    expect(await waiting()).not.toContain('Border Reading Room')
    const known = await app.peek("select from organisations where name = 'Border Reading Room'")
    expect(known).toEqual([])
  })

  it('is told why, in the officer’s words, and only by its code', async () => {
    const code = await apply({ name: 'Curious Ltd' })
    expect((await decide({ act: 'refuse', reason: '' })).status).toBe(422)
    expect((await decide({ act: 'refuse', reason: 'A proof is enough for this.' })).status).toBe(303)
    expect(await follow(code)).toContain('A proof is enough for this.')
    expect(await follow('2222-2222-2222-2222')).not.toMatch(/Refused\.|Curious|enough for this/)
    expect(await waiting()).not.toContain('Curious Ltd')
  })

  it('is closed at once by a link it left out', async () => {
    const key = await newProofKey()
    await app.peek("delete from client_keys where client_id = 'library'")
    const officer = await legal()
    const idOf = async (name: string) =>
      (await app.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
    expect(await asks(key)).toBe(200)
    const link = {
      organisation: await idOf('Seaside Library'),
      kind: 'sharesWith',
      related: await idOf('Border Agency'),
    }
    await officer.send('/desk/organisations/link', link, '/desk/organisations')
    expect(await asks(key)).toBe(403)
  })
})

describe('an application', () => {
  it('says what is missing and keeps what was typed; a private key is never taken', async () => {
    const { attestation: _, officer: __, ...incomplete } = FORM
    const answer = await post('/providers/enrol', incomplete)
    expect(answer.status).toBe(422)
    const page = await answer.text()
    expect(page).toContain('value="Seaside Library"')
    expect(page).toContain('href="#officer"')
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    for (const keys of [
      JSON.stringify({ keys: [await exportJWK(privateKey)] }),
      JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }),
      '{"keys":[]}',
      'nonsense',
    ])
      expect((await post('/providers/enrol', { ...FORM, keys })).status).toBe(422)
    const rows = await app.peek('select from applications')
    expect(rows).toHaveLength(3)
  })

  it('lies sealed, is read by legal officers alone, and cannot flood them', async () => {
    await apply({ officer: 'Unmistakable Officer' })
    const dump = JSON.stringify(
      await app.peek("select encode(content, 'escape') as c, encode(content, 'base64') as b from applications"),
    )
    expect(dump).not.toMatch(/Unmistakable|Seaside/)
    for (const role of ['clerk', 'supervisor', 'auditor'] as const) {
      const other = await signedIn(app, { kind: 'staff', subject: role, role, office: DEMO_OFFICE })
      expect((await other.open('/desk/organisations')).status).toBe(403)
    }
    const statuses: number[] = []
    for (let n = 0; n < 12; n += 1) statuses.push((await post('/providers/enrol', FORM, 'one place')).status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(2)
  })
})
