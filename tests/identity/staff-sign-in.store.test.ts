import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { demoTrust } from '../../src/identity/demo-token.ts'
import { staffSignIn } from '../../src/identity/sign-in.ts'
import { type House, openHouse } from '../support/house.ts'
import { signedIn } from '../support/signed-in.ts'

// The city's own sign-in says that an account was closed. Nobody waits for a session to end by itself.

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
let house: House
let server: Server
let issuer: string
let pair: Awaited<ReturnType<typeof generateKeyPair>>
let send: (token: string) => Promise<number>
beforeAll(async () => {
  house = await openHouse()
  pair = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }
  server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
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
  const app = createApp({ ...house.deps, signIn }, house.rooms)
  send = async (token) =>
    (
      await app.fetch(
        new Request('https://vallmar.example/sign-in/back-channel', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ logout_token: token }),
        }),
      )
    ).status
})
afterAll(async () => {
  await house?.close()
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
})

const logout = (claims: object, more: { audience?: string; key?: CryptoKey } = {}) =>
  new SignJWT({ events: { [EVENT]: {} }, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'logout+jwt', kid: 'one' })
    .setIssuer(issuer)
    .setAudience(more.audience ?? 'padron-desk')
    .setIssuedAt()
    .setExpirationTime('2m')
    .sign(more.key ?? pair.privateKey)
const clerk = (subject: string, sid?: string) =>
  signedIn(house, { kind: 'staff', subject, role: 'clerk', office: DEMO_OFFICE, sid })

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
    ])
      expect(await send(token)).toBe(401)
    expect((await still.open('/desk')).status).toBe(200)
  })

  it('is found out within the hour where the provider says nothing', async () => {
    const who = { kind: 'staff', subject: 'quiet', role: 'clerk', office: DEMO_OFFICE, ends: false } as const
    const quiet = await signedIn(house, who)
    for (let minutes = 0; minutes < 50; minutes += 25) {
      house.clock.advance({ minutes: 25 })
      expect((await quiet.open('/desk')).status).toBe(200)
    }
    house.clock.advance({ minutes: 25 })
    expect((await quiet.open('/desk')).status).toBe(303)
  })
})
