import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { demoTrust } from '../../src/identity/demo-token.ts'
import { staffSignIn } from '../../src/identity/sign-in.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { signedIn } from '../support/signed-in.ts'

// The city's own sign-in says that an account was closed. Nobody waits for a session to end by itself.

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
let app: TestApp
let server: Server
let issuer: string
let pair: Awaited<ReturnType<typeof generateKeyPair>>
let served: ReturnType<typeof createApp>
const tried: string[] = []
const open = new Set<string>()
let [closed, away] = [false, false]
const metadata = () => ({
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  userinfo_endpoint: `${issuer}/me`,
  id_token_signing_alg_values_supported: ['ES256'],
})
let said: object = {}
/** What the ID token of the next sign-in says. */
let granted: Record<string, unknown> = {}
let send: (token: string) => Promise<number>
beforeAll(async () => {
  app = await openApp()
  pair = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }
  server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/.well-known/openid-configuration') return void response.end(JSON.stringify(metadata()))
    if (request.url === '/me') return void response.end(JSON.stringify(said))
    if (request.url !== '/token') return void response.end(JSON.stringify({ keys: [jwk] }))
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const asked = new URLSearchParams(Buffer.concat(chunks).toString())
    if (asked.get('grant_type') === 'authorization_code') {
      if (away) return void response.writeHead(503).end('{}')
      const id_token = await new SignJWT({ auth_time: Math.floor(Date.now() / 1000), ...granted })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(issuer)
        .setAudience('padron-desk')
        .setIssuedAt()
        .setExpirationTime('2m')
        .sign(pair.privateKey)
      return void response.end(JSON.stringify({ access_token: 'a', token_type: 'Bearer', expires_in: 60, id_token }))
    }
    const refresh = asked.get('refresh_token') ?? ''
    tried.push(refresh)
    if (away) return void response.writeHead(503).end('{}')
    // Each is good once, as a careful provider has it.
    if (closed || !open.delete(refresh)) return void response.writeHead(400).end('{"error":"invalid_grant"}')
    const next = `${refresh}+`
    open.add(next)
    response.end(JSON.stringify({ access_token: 'a', token_type: 'Bearer', expires_in: 60, refresh_token: next }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const signIn = staffSignIn({
    issuer,
    clientId: 'padron-desk',
    clientSecret: 'invented',
    trusted: demoTrust(issuer),
    phishingResistant: { acr: ['phr'], amr: [] },
    backChannel: true,
  })
  served = createApp({ ...app.deps, signIn }, app.rooms)
  send = async (token) =>
    (
      await served.fetch(
        new Request('https://vallmar.example/sign-in/back-channel', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ logout_token: token }),
        }),
      )
    ).status
})
afterAll(async () => {
  await app?.close()
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
})

const logout = (claims: object, more: { audience?: string; key?: CryptoKey; type?: string } = {}) =>
  new SignJWT({ events: { [EVENT]: {} }, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: more.type ?? 'logout+jwt', kid: 'one' })
    .setIssuer(issuer)
    .setAudience(more.audience ?? 'padron-desk')
    .setIssuedAt()
    .setExpirationTime('2m')
    .sign(more.key ?? pair.privateKey)
const clerk = (subject: string, sid?: string) =>
  signedIn(app, { kind: 'staff', subject, role: 'clerk', office: DEMO_OFFICE, sid })

/** Somebody comes back from the provider, with this in its ID token. @returns the cookie they have then */
async function comeBack(claims: Record<string, unknown>, cookie = '', nonce?: string) {
  const get = (path: string, cookies: string) =>
    served.fetch(
      new Request(`https://vallmar.example${path}`, { headers: { host: 'vallmar.example', cookie: cookies } }),
    )
  const begun = await get('/sign-in/start?to=/desk', cookie)
  const address = new URL(begun.headers.get('location') ?? '')
  const underWay = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const staff = { office: DEMO_OFFICE, municipality: app.town.slug, acr: 'phr' }
  granted = { ...staff, nonce: nonce ?? address.searchParams.get('nonce'), ...claims }
  const state = address.searchParams.get('state')
  const back = await get(`/sign-in/return?code=once&state=${state}`, [cookie, underWay].join('; '))
  const given = (back.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const own = given === '' ? cookie : given
  return { status: back.status, text: await back.text(), cookie: own, open: (path: string) => get(path, own) }
}

describe('a sign-in', () => {
  it('opens a desk with what the provider says, and none on a nonce of another', async () => {
    const clerk = await comeBack({ sub: 'fresh', role: 'clerk' })
    expect([clerk.status, (await clerk.open('/desk')).status]).toEqual([303, 200])
    const forged = await comeBack({ sub: 'fresh', role: 'clerk' }, '', 'another')
    expect([forged.status, forged.cookie]).toEqual([401, ''])
    const elsewhere = await comeBack({ sub: 'fresh', role: 'clerk', municipality: 'another-town' })
    expect([elsewhere.status, elsewhere.cookie]).toEqual([401, ''])
  })

  it.each(['supervisor', 'legal'])(
    'that can be phished is none of a %s\u2019s, and is a clerk\u2019s',
    async (role) => {
      const weak = await comeBack({ sub: 'weak', role, acr: 'password' })
      expect([weak.status, weak.cookie]).toEqual([401, ''])
      expect((await comeBack({ sub: 'weak', role })).status).toBe(303)
      expect((await comeBack({ sub: 'weak', role: 'clerk', acr: 'password' })).status).toBe(303)
    },
  )

  it('opens a locked desk to the same person with the same duty; with another it is a session of that alone', async () => {
    const sid = { sid: 'before' }
    const first = await comeBack({ sub: 'locks', role: 'supervisor', ...sid })
    expect((await first.open('/desk/flags')).status).toBe(200)
    const lock = () => app.peek(`update sessions set locked_at = now() where subject like '%locks'`)
    await lock()
    expect((await first.open('/desk/flags')).status).toBe(303)
    const same = await comeBack({ sub: 'locks', role: 'supervisor', sid: 'after' }, first.cookie)
    expect([same.cookie === first.cookie, (await same.open('/desk/flags')).status]).toEqual([true, 200])
    // The provider names its new session from now on.
    expect(await send(await logout({ sid: 'before' }))).toBe(200)
    expect((await same.open('/desk/flags')).status).toBe(200)
    await lock()
    const lesser = await comeBack({ sub: 'locks', role: 'clerk', acr: 'password' }, same.cookie)
    expect(lesser.cookie).not.toBe(same.cookie)
    expect((await lesser.open('/desk')).status).toBe(200)
    expect((await lesser.open('/desk/flags')).status).toBe(403)
    expect((await same.open('/desk/flags')).status).toBe(303)
  })

  it('that cannot be had because nobody reaches the provider is not one that failed', async () => {
    away = true
    expect((await comeBack({ sub: 'fresh', role: 'clerk' })).status).toBe(503)
    away = false
  })
})

describe('an account that is closed', () => {
  it('ends every session of its owner with the next request, and nobody else\u2019s', async () => {
    const [here, there, colleague] = [await clerk('gone'), await clerk('gone'), await clerk('stays')]
    expect((await here.open('/desk')).status).toBe(200)
    expect(await send(await logout({ sub: 'gone' }))).toBe(200)
    expect([(await here.open('/desk')).status, (await there.open('/desk')).status]).toEqual([303, 303])
    expect((await colleague.open('/desk')).status).toBe(200)
  })

  it('ends one session, where the provider names one', async () => {
    const [one, other] = [await clerk('two', 'session-1'), await clerk('two', 'session-2')]
    expect(await send(await logout({ sid: 'session-1' }))).toBe(200)
    expect([(await one.open('/desk')).status, (await other.open('/desk')).status]).toEqual([303, 200])
  })

  it('is on the provider\u2019s own word alone', async () => {
    const still = await clerk('still')
    const another = (await generateKeyPair('ES256')).privateKey
    for (const token of [
      'nonsense',
      await logout({ sub: 'still' }, { key: another }),
      await logout({ sub: 'still' }, { audience: 'another-client' }),
      await logout({ sub: 'still', nonce: 'of an ID token' }),
      await logout({ sub: 'still', events: {} }),
      await logout({}),
      await logout({ sub: 'still' }, { type: 'JWT' }),
    ])
      expect(await send(token)).toBe(401)
    expect((await still.open('/desk')).status).toBe(200)
  })

  it('is found out within the hour where the provider says nothing', async () => {
    const who = { kind: 'staff', subject: 'quiet', role: 'clerk', office: DEMO_OFFICE, ends: false } as const
    const quiet = await signedIn(app, who)
    for (let minutes = 0; minutes < 50; minutes += 25) {
      app.clock.advance({ minutes: 25 })
      expect((await quiet.open('/desk')).status).toBe(200)
    }
    app.clock.advance({ minutes: 25 })
    expect((await quiet.open('/desk')).status).toBe(303)
  })

  it('is found out within ten minutes where the provider can be asked, by one request of many and with each token once', async () => {
    open.add('first')
    const duty = { sub: 'asked', role: 'clerk', office: DEMO_OFFICE, municipality: app.town.slug }
    said = duty
    const who = {
      kind: 'staff',
      subject: 'asked',
      role: 'clerk',
      office: DEMO_OFFICE,
      ends: false,
      refresh: 'first',
    } as const
    const asked = await signedIn({ ...app, fetch: async (request) => served.fetch(request) }, who)
    const statuses = async (times: number) => {
      const answers = await Promise.all(Array.from({ length: times }, () => asked.open('/desk')))
      return [...new Set(answers.map(({ status }) => status))]
    }
    expect(await statuses(1)).toEqual([200])
    expect(tried).toEqual([])
    // Longer than the hour that a word of the provider’s stands, and never asked twice with one token.
    for (let n = 0; n < 7; n += 1) {
      app.clock.advance({ minutes: 11 })
      expect(await statuses(4)).toEqual([200])
    }
    expect(tried).toEqual(['first', 'first+', 'first++', 'first+++', 'first++++', 'first+++++', 'first++++++'])
    const rows = await app.peek<{ row: string }>("select sessions::text as row from sessions where subject = 'asked'")
    expect(rows[0]?.row).not.toContain(Buffer.from('first').toString('hex'))
    // While it cannot be asked they work on, for an hour at most.
    away = true
    for (let n = 0; n < 5; n += 1) {
      app.clock.advance({ minutes: 11 })
      expect(await statuses(2), `${n}`).toEqual([200])
    }
    app.clock.advance({ minutes: 11 })
    expect(await statuses(1)).toEqual([303])
    away = false
    app.clock.advance({ minutes: 2 })
    expect(await statuses(1)).toEqual([200])
    closed = true
    app.clock.advance({ minutes: 11 })
    expect(await statuses(1)).toEqual([303])
    closed = false
    // The account is open, and its duty is another, or none.
    for (const other of [
      { ...duty, role: 'auditor' },
      { ...duty, role: 'dismissed' },
      { sub: 'asked' },
      { ...duty, sub: 'x' },
    ]) {
      open.add('again')
      const moved = await signedIn(
        { ...app, fetch: async (request) => served.fetch(request) },
        { ...who, refresh: 'again' },
      )
      said = other
      app.clock.advance({ minutes: 11 })
      expect((await moved.open('/desk')).status, JSON.stringify(other)).toBe(303)
      said = duty
    }
    expect(await statuses(1)).toEqual([303])
    expect(await app.peek("select from sessions where subject = 'asked'")).toEqual([])
  })
})
