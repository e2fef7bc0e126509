import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serve } from '@hono/node-server'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { DEMO_CLIENTS, DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { demoSigningKey, startDemoProvider } from '../../src/identity/demo-provider.ts'
import { demoToken, demoTrust, dpopProof, newProofKey, type ProofKey } from '../../src/identity/demo-token.ts'
import { machineSignIn } from '../../src/identity/machine-sign-in.ts'
import { tokenVerifier } from '../../src/identity/tokens.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { firstRequest } from '../../src/web/portal/first-request.ts'
import { AUDIENCE, openApp, type TestApp } from '../support/app.ts'
import { freePort } from '../support/postgres-server.ts'
import { signedIn } from '../support/signed-in.ts'

// An organisation after its first day: it sees how it stands, changes keys, adds machines and ends them.

let app: TestApp
let served: ReturnType<typeof createApp>
beforeAll(async () => {
  app = await openApp()
  const issuer = inject('tokenIssuer')
  const tokens = tokenVerifier([demoTrust(issuer)], AUDIENCE)
  const signIn = machineSignIn([demoTrust(issuer)], AUDIENCE, true)
  served = createApp({ ...app.deps, tokens, senderConstrained: true, machineSignIn: signIn }, app.rooms)
})
afterAll(() => app?.close())

const officer = (subject: string) => signedIn(app, { kind: 'staff', subject, role: 'legal', office: DEMO_OFFICE })
const jwks = (...keys: ProofKey[]) => ({ keys: keys.map(({ jwk: { kty, crv, x, y } }) => ({ kty, crv, x, y })) })
const thumbprint = (key: ProofKey) => calculateJwkThumbprint(key.jwk)

async function asMachine(client: string, key: ProofKey, method: string, path: string, body?: object) {
  const token = await demoToken(inject('tokenIssuer'), { audience: AUDIENCE, clientId: client, key })
  const url = `https://vallmar.example${path}`
  const response = await served.fetch(
    new Request(url, {
      method,
      headers: {
        host: 'vallmar.example',
        authorization: `DPoP ${token}`,
        dpop: await dpopProof(key, { method, url, accessToken: token }),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }),
  )
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}
const post = async (path: string, fields: Record<string, string>) =>
  served.fetch(
    new Request(`https://vallmar.example${path}`, {
      method: 'POST',
      headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': crypto.randomUUID() },
      body: new URLSearchParams(fields),
    }),
  )
/** What waits: one officer says yes to the applications, another to what that one proposed. */
async function approved(client = '') {
  const one = await officer('legal')
  const page = await (await one.open('/desk/organisations')).text()
  for (const [, application = ''] of page.matchAll(/name="application" value="([^"]+)"/g)) {
    const sent = await one.send(
      '/desk/organisations/applications',
      { application, client, act: 'enrol' },
      '/desk/organisations',
    )
    expect(sent.status).toBe(303)
  }
  const other = await officer('another')
  const waiting = await (await other.open('/desk/organisations')).text()
  for (const [, entry = ''] of waiting.matchAll(/name="entry" value="([^"]+)"/g))
    await other.send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
}
const FORM = {
  'does-library': 'yes',
  links: 'The province’s library network',
  need: 'To renew cards of people who are ill at home',
  officer: 'An invented officer',
  contact: 'desk@seaside.example',
  attestation: 'yes',
}
let organisations = 0
/** Enrols an organisation by its application. @returns the code that it follows it by */
async function enrolled(name: string, client: string, key?: ProofKey): Promise<string> {
  await app.peek(`delete from client_keys where client_id = '${client}'`)
  await app.peek(`delete from clients where id = '${client}'`)
  organisations += 1
  const more = key ? { keys: JSON.stringify(jwks(key)) } : {}
  const page = await (
    await post('/providers/enrol', { ...FORM, name, identifier: `VM-500${organisations}`, ...more })
  ).text()
  await approved(client)
  return /class="digits code"[^>]*>\s*([0-9A-Z-]{19})\s*</.exec(page)?.[1] ?? ''
}
const own = async (code: string, fields: Record<string, string> = {}) => {
  const response = await post('/providers/own', { code, ...fields })
  return { status: response.status, page: await response.text() }
}

describe('how an organisation stands', () => {
  it('is told to its machine, with why not and since when, and not whom a link leads to', async () => {
    const key = await newProofKey()
    const of = async (client: string) => (await asMachine(client, key, 'GET', '/v1/provider')).body
    expect(await of('library')).toMatchObject({ answered: true, because: [], waiting: [] })
    expect((await of('border-agency')).because[0]).toMatchObject({ reason: 'function' })
    const broker = await of('address-check')
    expect(broker).toMatchObject({ answered: false, because: [{ reason: 'link' }] })
    expect(Date.parse(broker.because[0].since)).toBeGreaterThan(0)
    expect(JSON.stringify(broker)).not.toMatch(/police/i)
    expect((await of('unknown')).because).toEqual([{ reason: 'no-function', since: null }])
  })

  it('is for organisations: nobody else is told anything', async () => {
    expect((await app.ask('GET', '/v1/provider', { as: 'clerk' })).status).toBe(403)
    await app.peek("delete from clients where id = 'housing'")
    expect((await asMachine('housing', await newProofKey(), 'GET', '/v1/provider')).status).toBe(403)
  })

  it('is said on its page in words, from the day on which a link was entered', async () => {
    const code = await enrolled('Harbour Library', 'city-bikes')
    const open = await (await post('/providers/enrol/follow', { code })).text()
    expect(open).toContain('Your machines get the answers that their purpose allows.')
    const [{ id: harbour }] = (await app.peek<{ id: string }>(
      "select id from organisations where name = 'Harbour Library'",
    )) as [{ id: string }]
    const [{ id: border }] = (await app.peek<{ id: string }>(
      "select organisation_id as id from organisation_functions where function = 'immigration-enforcement' limit 1",
    )) as [{ id: string }]
    const tied = await (await officer('legal')).send(
      '/desk/organisations/link',
      { organisation: harbour, kind: 'sharesWith', related: border },
      '/desk/organisations',
    )
    expect(tied.status).toBe(303)
    const { page } = await own(code)
    expect(page).toContain('because a tie was entered to somebody who is never answered.')
    expect(page).toMatch(/Closed since (<[^>]+>)?[\w, ]*20\d\d/)
    expect(page).toContain('href="/complain')
    expect(page).not.toContain('Your machines get the answers')
  })
})

describe('keys of a machine', () => {
  it('are changed with two officers, old and new together, and the old one is ended at once', async () => {
    const [old, next] = [await newProofKey(), await newProofKey()]
    const code = await enrolled('Lighthouse Library', 'library', old)
    const asks = async (key: ProofKey) => (await asMachine('library', key, 'GET', '/v1/provider')).status
    expect([await asks(old), await asks(next)]).toEqual([200, 401])
    const asked = await asMachine('library', old, 'POST', '/v1/provider/keys', { client: 'library', jwks: jwks(next) })
    expect(asked.status).toBe(202)
    expect((await own(code)).page).toContain('Two legal officers decide')
    expect(await asks(next)).toBe(401)
    await approved()
    expect([await asks(old), await asks(next)]).toEqual([200, 200])
    const ending = { client: 'library', thumbprint: await thumbprint(old) }
    expect((await asMachine('library', next, 'POST', '/v1/provider/endings', ending)).status).toBe(204)
    expect([await asks(old), await asks(next)]).toEqual([401, 200])
    // Ended for good: it cannot be asked for again, and no login of the service brings it back.
    const again = await asMachine('library', next, 'POST', '/v1/provider/keys', { client: 'library', jwks: jwks(old) })
    expect([again.status, again.body.code]).toEqual([409, 'key-ended'])
    const brought = inMunicipality(app.database, app.town.id, (transaction) =>
      transaction
        .updateTable('client_keys')
        .set({ ended_at: null })
        .where('thumbprint', '=', ending.thumbprint)
        .execute(),
    )
    await expect(brought).rejects.toThrow('what is ended stays so')
    // All keys ended is not the same as none ever named: no key at all counts.
    const last = { client: 'library', thumbprint: await thumbprint(next) }
    expect((await own(code, { act: 'end', ...last })).page).toContain('It is ended')
    expect([await asks(old), await asks(next), await asks(await newProofKey())]).toEqual([401, 401, 401])
  })

  it('are public ones of the machine’s own: anything else is said beside its box, and nothing typed is lost', async () => {
    const code = await enrolled('Dune Library', 'library', await newProofKey())
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const secret = JSON.stringify({ keys: [await exportJWK(privateKey)] })
    const wrong = await own(code, { act: 'keys', client: 'library', keys: secret })
    expect(wrong.status).toBe(422)
    expect(wrong.page).toContain('id="keys-keys-fault"')
    expect((await own(code, { act: 'machine', client: 'a b', keys: '' })).page).toMatch(
      /machine-client-fault[\s\S]*machine-keys-fault/,
    )
    const next = await newProofKey()
    expect((await own(code, { act: 'keys', client: 'city-bikes', keys: JSON.stringify(jwks(next)) })).status).toBe(404)
    const taken = await own(code, { act: 'machine', client: 'library', keys: JSON.stringify(jwks(next)) })
    expect(taken.status).toBe(409)
    expect(taken.page).toContain('id="machine-client-fault"')
    expect(taken.page).toContain('value="library"')
    const alien = await own(code, { act: 'end', client: 'city-bikes' })
    expect([alien.status, alien.page.includes('not yours, or is ended already')]).toEqual([404, true])
    expect((await post('/providers/own', { code: '2222-2222-2222-2222', act: 'end', client: 'library' })).status).toBe(
      303,
    )
  })
})

describe('what waits', () => {
  it('is seen by the organisation, called off by it, and asked twice is one', async () => {
    const key = await newProofKey()
    const code = await enrolled('Reef Library', 'library', await newProofKey())
    const ask = () => own(code, { act: 'machine', client: 'reef', keys: JSON.stringify(jwks(key)) })
    expect([(await ask()).status, (await ask()).status]).toEqual([201, 201])
    const { page } = await own(code)
    expect(page).toContain(await thumbprint(key))
    expect([...page.matchAll(/value="call-off"/g)]).toHaveLength(1)
    const request = /name="request" value="([^"]+)"/.exec(page)?.[1] ?? ''
    expect((await own(code, { act: 'call-off', request })).page).toContain('It was called off')
    expect((await own(code)).page).not.toContain('call-off')
    expect((await own(code, { act: 'call-off', request })).status).toBe(404)
    expect(await (await (await officer('legal')).open('/desk/organisations')).text()).not.toContain('Reef Library ·')
  })

  it('is five at most, also when all are sent at once, and says so', async () => {
    const code = await enrolled('Cape Library', 'library', await newProofKey())
    const sent = await Promise.all(
      Array.from({ length: 8 }, async (_, i) =>
        own(code, { act: 'machine', client: `cape-${i}`, keys: JSON.stringify(jwks(await newProofKey())) }),
      ),
    )
    expect(sent.filter(({ status }) => status === 201)).toHaveLength(5)
    const [refused] = sent.filter(({ status }) => status === 429)
    expect(refused?.page).toContain('Call one off, or wait for the answer')
    const requests = [...(await own(code)).page.matchAll(/name="request" value="([^"]+)"/g)].map(([, id = '']) => id)
    for (const request of requests) await own(code, { act: 'call-off', request })
  })

  it('tells nobody whose a machine is: a name that is taken is taken without a word, and an officer is told', async () => {
    const code = await enrolled('Delta Library', 'library', await newProofKey())
    const keys = JSON.stringify(jwks(await newProofKey()))
    const [taken, free] = [
      await own(code, { act: 'machine', client: 'border-agency', keys }),
      await own(code, { act: 'machine', client: 'nobodys', keys }),
    ]
    expect([taken.status, free.status]).toEqual([201, 201])
    const legal = await officer('legal')
    const page = await (await legal.open('/desk/organisations')).text()
    for (const [, application = ''] of page.matchAll(/name="application" value="([^"]+)"/g)) {
      const box = page.slice(page.indexOf(application), page.indexOf(application) + 2000)
      if (!box.includes('value="border-agency"')) continue
      const fields = { application, client: 'border-agency', act: 'enrol' }
      const answer = await legal.send('/desk/organisations/applications', fields, '/desk/organisations')
      expect([answer.status, (await answer.text()).includes('Another organisation has a machine')]).toEqual([409, true])
    }
    for (const [, request = ''] of (await own(code)).page.matchAll(/name="request" value="([^"]+)"/g))
      await own(code, { act: 'call-off', request })
  })

  it('is shown to the second officer as what it is: words that were typed are nobody’s name', async () => {
    const key = await newProofKey()
    const code = await enrolled('Strait Library', 'library', await newProofKey())
    const [{ id } = { id: '' }] = await app.peek<{ id: string }>(
      "select id from organisations where name = 'Border Agency'",
    )
    await own(code, { act: 'keys', client: 'library', keys: JSON.stringify(jwks(key)) })
    const legal = await officer('legal')
    const page = await (await legal.open('/desk/organisations')).text()
    const application = /name="application" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const propose = () =>
      legal.send('/desk/organisations/applications', { application, act: 'enrol', client: '' }, '/desk/organisations')
    expect((await propose()).status).toBe(303)
    const twice = await propose()
    expect([twice.status, (await twice.text()).includes('It was proposed already')]).toEqual([409, true])
    const form = { name: id, identifier: 'VM-8801', 'does-library': 'yes', signed: 'Border Agency' }
    expect((await legal.send('/desk/organisations', form, '/desk/organisations')).status).toBe(303)
    const seen = await (await (await officer('another')).open('/desk/organisations')).text()
    const waits = seen.slice(seen.indexOf('id="waiting"'), seen.indexOf('Applications and requests'))
    expect(waits).toContain('Other keys for a machine')
    expect(waits).toContain(await thumbprint(key))
    expect(waits).toContain(id)
    for (const [, entry = ''] of seen.matchAll(/name="entry" value="([^"]+)"/g))
      await (await officer('another')).send(
        '/desk/organisations/acts',
        { entry, approves: 'no' },
        '/desk/organisations',
      )
    for (const [, request = ''] of (await own(code)).page.matchAll(/name="request" value="([^"]+)"/g))
      await own(code, { act: 'call-off', request })
  })

  it('says when an applicant’s words name, or sound like, somebody who is never answered', async () => {
    const fields = { ...FORM, name: 'B\u043erder Agency Reading Room', identifier: 'VM-8802', links: 'None' }
    expect((await post('/providers/enrol', fields)).status).toBe(201)
    const legal = await officer('legal')
    const page = await (await legal.open('/desk/organisations')).text()
    expect(page).toMatch(/Names somebody who is never answered[\s\S]{0,60}Border Agency/)
    const application = /name="application" value="([^"]+)"/.exec(page)?.[1] ?? ''
    await legal.send(
      '/desk/organisations/applications',
      { application, act: 'enrol', client: 'reading-room' },
      '/desk/organisations',
    )
    const second = await (await (await officer('another')).open('/desk/organisations')).text()
    expect(second.slice(second.indexOf('id="waiting"'))).toMatch(
      /Names somebody[\s\S]*An invented officer|An invented officer[\s\S]*Names somebody/,
    )
    const entry = /name="entry" value="([^"]+)"/.exec(second)?.[1] ?? ''
    await (await officer('another')).send('/desk/organisations/acts', { entry, approves: 'no' }, '/desk/organisations')
    await legal.send(
      '/desk/organisations/applications',
      { application, act: 'refuse', reason: 'No.' },
      '/desk/organisations',
    )
  })
})

describe('a code that somebody else has', () => {
  it('opens nothing once an officer has given another', async () => {
    const code = await enrolled('Sound Library', 'library', await newProofKey())
    const [{ id } = { id: '' }] = await app.peek<{ id: string }>(
      "select id from organisations where name = 'Sound Library'",
    )
    const given = await (await officer('legal')).send(
      '/desk/organisations/code',
      { organisation: id },
      '/desk/organisations',
    )
    const fresh = /class="digits code"[^>]*>\s*([0-9A-Z-]{19})\s*</.exec(await given.text())?.[1] ?? ''
    expect((await own(code, { act: 'end', client: 'library' })).status).toBe(303)
    expect(await (await post('/providers/enrol/follow', { code })).text()).not.toContain('Sound Library')
    expect((await own(fresh)).page).toContain('Sound Library')
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk', role: 'clerk', office: DEMO_OFFICE })
    expect((await clerk.send('/desk/organisations/code', { organisation: id }, '/desk')).status).toBe(403)
  })
})

describe('machines', () => {
  it('are added by two officers and ended by the organisation alone; the name is nobody else’s', async () => {
    const key = await newProofKey()
    const first = await newProofKey()
    const code = await enrolled('Pier Library', 'library', first)
    await app.peek("delete from client_keys where client_id = 'unknown'")
    await app.peek("delete from clients where id = 'unknown'")
    expect((await own(code, { act: 'machine', keys: JSON.stringify(jwks(key)) })).status).toBe(201)
    expect((await asMachine('unknown', key, 'GET', '/v1/provider')).status).toBe(403)
    await approved('unknown')
    const standing = await asMachine('unknown', key, 'GET', '/v1/provider')
    expect(standing.body).toMatchObject({
      name: 'Pier Library',
      machines: [{ client: 'library' }, { client: 'unknown' }],
    })
    expect((await own(code, { act: 'end', client: 'unknown' })).status).toBe(200)
    expect((await asMachine('unknown', key, 'GET', '/v1/provider')).status).not.toBe(200)
    // With a machine its keys end, and come back with no other: not by its organisation, and not by another's application.
    const renamed = await own(code, { act: 'machine', client: 'unknown-2', keys: JSON.stringify(jwks(key)) })
    expect([renamed.status, renamed.page.includes('machine-keys-fault')]).toEqual([409, true])
    expect((await own(code, { act: 'machine', client: 'unknown', keys: JSON.stringify(jwks(first)) })).page).toContain(
      'This machine was ended, for good',
    )
    const applied = { ...FORM, name: 'Thief Library', identifier: 'VM-8803', keys: JSON.stringify(jwks(key)) }
    expect((await post('/providers/enrol', applied)).status).toBe(201)
    const legal = await officer('legal')
    const waiting = await (await legal.open('/desk/organisations')).text()
    const application = /name="application" value="([^"]+)"/.exec(waiting)?.[1] ?? ''
    const proposed = await legal.send(
      '/desk/organisations/applications',
      { application, client: 'thief', act: 'enrol' },
      '/desk/organisations',
    )
    expect(proposed.status).toBe(409)
    await legal.send(
      '/desk/organisations/applications',
      { application, act: 'refuse', reason: 'No.' },
      '/desk/organisations',
    )
    await expect(
      app.peek(`insert into client_keys (client_id, municipality_id, thumbprint)
        values ('library', '${app.town.id}', '${await thumbprint(key)}')`),
    ).rejects.toThrow('not used again')
    expect((await own(code, { act: 'end', client: 'library' })).page).toContain(
      'because none of your machines is in use',
    )
    expect(await enrolAgain('unknown')).toContain('Another organisation has a machine of this name')
  })

  it('are ended by one officer at the desk, at once', async () => {
    const key = await newProofKey()
    await enrolled('Cove Library', 'library', key)
    const legal = await officer('legal')
    const [{ id }] = (await app.peek<{ id: string }>("select id from organisations where name = 'Cove Library'")) as [
      { id: string },
    ]
    const ended = await legal.send(
      '/desk/organisations/end',
      { organisation: id, client: 'library', thumbprint: await thumbprint(key) },
      '/desk/organisations',
    )
    expect(ended.status).toBe(303)
    expect((await asMachine('library', key, 'GET', '/v1/provider')).status).toBe(401)
    expect(
      (await legal.send('/desk/organisations/end', { organisation: id, client: 'library' }, '/desk/organisations'))
        .status,
    ).toBe(303)
    expect(await (await legal.open('/desk/organisations')).text()).toMatch(/library<\/strong> · ended on/)
  })

  it('of an office of the registry take two officers, and one officer ends three a day', async () => {
    const office = { organisation: DEMO_OFFICE, client: 'office-machine' }
    await app.peek(`insert into clients (id, municipality_id, organisation_id)
      values ('office-machine', '${app.town.id}', '${DEMO_OFFICE}')`)
    const inUse = async (client: string) =>
      (await app.peek(`select from clients where id = '${client}' and ended_at is null`)).length === 1
    const end = async (fields: Record<string, string>) =>
      (await officer('legal-alone')).send('/desk/organisations/end', fields, '/desk/organisations')
    expect((await end(office)).status).toBe(303)
    expect(await inUse('office-machine')).toBe(true)
    const [{ id: organisation } = { id: '' }] = await app.peek<{ id: string }>(
      "select id from organisations where name = 'Housing Office'",
    )
    for (const client of ['h-1', 'h-2', 'h-3', 'h-4'])
      await app.peek(`insert into clients (id, municipality_id, organisation_id)
        values ('${client}', '${app.town.id}', '${organisation}')`)
    for (const client of ['h-1', 'h-2', 'h-3', 'h-4']) await end({ organisation, client })
    expect(await Promise.all(['h-1', 'h-2', 'h-3', 'h-4'].map(inUse))).toEqual([false, false, false, true])
  })

  /** Enrols somebody else with a machine's name, on the officers' form. */
  async function enrolAgain(client: string): Promise<string> {
    const legal = await officer('legal')
    const form = { name: 'Other Library', identifier: 'VM-7777', 'does-library': 'yes', clients: client }
    const refused = await legal.send('/desk/organisations', form, '/desk/organisations')
    expect(refused.status).toBe(409)
    const page = await refused.text()
    // The form is there with what was typed, open, and the reason beside the box of the machines.
    expect(page).toMatch(/id="clients-fault"/)
    expect(page).toContain('value="Other Library"')
    expect(page).toMatch(/<details[^>]* open/)
    return page
  }
})

describe('the first request on its page', () => {
  it('stands in the docs, too, word for word', async () => {
    const access = {
      client: 'seaside-library',
      issuer: 'https://id.vallmar.example',
      tokenEndpoint: 'https://id.vallmar.example/token',
      audience: AUDIENCE,
      origin: 'https://padron.vallmar.example',
    }
    expect(await readFile('docs/providers.md', 'utf8')).toContain(firstRequest(access))
  })

  it.each([
    ['ES256', {}],
    ['ES384', {}],
    ['EdDSA', { crv: 'Ed25519' }],
    ['PS256', { modulusLength: 2048 }],
  ] as const)('works as it stands, with the key in its file: %s', async (alg, options) => {
    const [port, providerPort] = [await freePort(), await freePort()]
    const origin = `http://127.0.0.1:${port}`
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...options })
    const [secret, known] = [await exportJWK(privateKey), await exportJWK(publicKey)]
    const clients = DEMO_CLIENTS.map((one) => (one.id === 'library' ? { ...one, keys: [known as JWK] } : one))
    const provider = await startDemoProvider({
      ...{ host: '127.0.0.1', port: providerPort, audience: AUDIENCE, key: await demoSigningKey(), clients },
    })
    const town = await openApp({ town: { issuer: origin } })
    const trust = [demoTrust(provider.issuer)]
    const service = createApp(
      {
        ...town.deps,
        tokens: tokenVerifier(trust, AUDIENCE),
        senderConstrained: true,
        machineSignIn: machineSignIn(trust, AUDIENCE, true),
      },
      town.rooms,
    )
    const server = serve({ fetch: service.fetch, port, hostname: '127.0.0.1' })
    const folder = await mkdtemp(join(tmpdir(), 'padron-first-'))
    try {
      const [{ hash }] = (await town.peek<{ hash: string }>(
        "select organisation_id as hash from clients where id = 'library'",
      )) as [{ hash: string }]
      // Its code is lost with the application it never made: the page is drawn as it would be.
      const { ownPage } = await import('../../src/web/portal/provider-pages.tsx')
      const signIn = machineSignIn(trust, AUDIENCE, true)
      const page = String(
        await ownPage({ ...town.rooms, machineSignIn: signIn } as never, town.town, {
          language: 'en',
          organisationId: hash,
          code: '',
        }),
      )
      expect(page).toContain(`${provider.issuer}/token`)
      expect(page).toContain(AUDIENCE)
      const script = /<code>(\/\/ first-request[\s\S]*?)<\/code>/.exec(page)?.[1] ?? ''
      const plain = script
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&gt;', '>')
        .replaceAll('&lt;', '<')
        .replaceAll('&amp;', '&')
      await writeFile(join(folder, 'first-request.mjs'), plain)
      await writeFile(join(folder, 'key.json'), JSON.stringify(secret))
      const { stdout } = await promisify(execFile)(process.execPath, ['first-request.mjs'], { cwd: folder })
      expect(stdout.slice(0, 4)).toBe('200 ')
      expect(JSON.parse(stdout.slice(4))).toMatchObject({ answered: true, machines: [{ client: 'library' }] })
    } finally {
      await rm(folder, { recursive: true })
      server.close()
      await town.close()
      await provider.close()
    }
  })
})
