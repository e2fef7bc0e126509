import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoTrust } from '../../src/identity/demo-token.ts'
import { type TrustedIssuer, tokenVerifier } from '../../src/identity/tokens.ts'

const AUDIENCE = 'urn:padron:api'
let server: Server
let issuer: string
let published: JWK[] = []
let asked = 0
let pair: Awaited<ReturnType<typeof generateKeyPair>>

async function publish(kid: string, alg = 'ES256'): Promise<typeof pair> {
  const made = await generateKeyPair(alg, { extractable: true })
  published = [...published, { ...(await exportJWK(made.publicKey)), kid, alg }]
  return made
}

beforeAll(async () => {
  server = createServer((_, response) => {
    asked += 1
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: published }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  pair = await publish('one')
})
afterAll(
  () =>
    new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    }),
)

const staff = {
  role: 'clerk',
  office: '0192f000-0000-7000-8000-000000000001',
  municipality: 'vallmar',
  client_id: 'desk',
}

async function token(
  change: {
    claims?: object
    header?: object
    key?: CryptoKey
    audience?: string
    issuer?: string
    expires?: string | null
    subject?: string | null
  } = {},
) {
  const jwt = new SignJWT({ ...staff, ...change.claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one', ...change.header })
    .setIssuer(change.issuer ?? issuer)
    .setAudience(change.audience ?? AUDIENCE)
    .setIssuedAt()
  if (change.expires !== null) jwt.setExpirationTime(change.expires ?? '5m')
  if (change.subject !== null) jwt.setSubject(change.subject ?? 'clerk-7')
  return jwt.sign(change.key ?? pair.privateKey)
}

const trust = (more: Partial<TrustedIssuer> = {}): TrustedIssuer => ({ ...demoTrust(issuer), ...more })
const fresh = () => tokenVerifier([trust()], AUDIENCE)
const refusal = (text: string) =>
  fresh()
    .verify(text)
    .then(
      () => 'accepted',
      (error: { code?: string }) => error.code,
    )

describe('an access token', () => {
  it('says who works here', async () => {
    expect(await fresh().verify(await token())).toEqual({
      kind: 'staff',
      id: 'clerk-7',
      role: 'clerk',
      office: staff.office,
      municipality: 'vallmar',
    })
  })

  it('says which machine of a service provider asks', async () => {
    const text = await token({
      claims: { role: undefined, office: undefined, client_id: 'library' },
      subject: 'library',
    })
    expect(await fresh().verify(text)).toEqual({ kind: 'client', id: 'library', municipality: 'vallmar' })
  })

  it.each<[string, () => Promise<string>]>([
    ['nonsense', async () => 'abc'],
    ['another issuer', () => token({ issuer: 'http://127.0.0.1:1' })],
    ['another audience', () => token({ audience: 'urn:other' })],
    ['an ID token', () => token({ header: { typ: 'JWT' } })],
    ['an expired token', () => token({ expires: '-1m' })],
    ['a token that never expires', () => token({ expires: null })],
    ['nobody in particular', () => token({ subject: null })],
    [
      'a key nobody published',
      async () => token({ header: { kid: 'two' }, key: (await generateKeyPair('ES256')).privateKey }),
    ],
    ['a forged signature', async () => token({ key: (await generateKeyPair('ES256')).privateKey })],
    ['a role that is none', () => token({ claims: { role: 'mayor' } })],
    ['an office that is none', () => token({ claims: { office: 'front' } })],
    ['no municipality', () => token({ claims: { municipality: undefined } })],
    [
      'alg none',
      async () => {
        const [, payload] = (await token()).split('.')
        return `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')}.${payload}.`
      },
    ],
    [
      'HMAC under the public key',
      async () =>
        new SignJWT({ ...staff })
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'one' })
          .setIssuer(issuer)
          .setAudience(AUDIENCE)
          .setSubject('x')
          .setIssuedAt()
          .setExpirationTime('5m')
          .sign(new TextEncoder().encode(JSON.stringify(published[0]))),
    ],
  ])('is refused: %s', async (_, make) => {
    expect(await refusal(await make())).toBe('unauthenticated')
  })
})

describe('the issuer’s keys', () => {
  it('are fetched once, and again when a new one appears', async () => {
    const verifier = tokenVerifier([trust()], AUDIENCE, {
      keysCooldown: Temporal.Duration.from({ seconds: 0 }),
    })
    const before = asked
    for (let i = 0; i < 5; i += 1) await verifier.verify(await token({ subject: `clerk-${i}` }))
    expect(asked).toBe(before + 1)
    const rotated = await publish('next')
    await verifier.verify(await token({ header: { kid: 'next' }, key: rotated.privateKey }))
    expect(asked).toBe(before + 2)
  })
})

describe('an issuer', () => {
  const by = (more: Partial<TrustedIssuer>, claims: object = {}) =>
    token({ claims }).then((text) =>
      tokenVerifier([trust(more)], AUDIENCE)
        .verify(text)
        .then(
          (bearer) => (bearer.kind === 'staff' ? bearer.id : bearer.kind),
          (error: { code?: string }) => error.code,
        ),
    )
  const machine = { role: undefined, office: undefined }

  it('speaks for its own towns and roles, and for machines only where it may', async () => {
    expect(await by({})).toBe('clerk-7')
    expect(await by({ towns: ['another'] })).toBe('unauthenticated')
    expect(await by({ roles: ['auditor'] })).toBe('unauthenticated')
    expect(await by({}, machine)).toBe('client')
    expect(await by({ clients: false }, machine)).toBe('unauthenticated')
    expect(await by({ roles: [] }, machine)).toBe('client')
    expect(await by({ roles: [] })).toBe('unauthenticated')
    expect(await by({ towns: ['another'] }, machine)).toBe('unauthenticated')
  })

  it('makes nobody of the staff of a machine', async () => {
    expect(await by({}, { client_id: 'clerk-7' })).toBe('unauthenticated')
  })

  it('is part of who its staff are: the same sub of another issuer is another person', async () => {
    expect(await by({ staffAs: 'city' })).toBe('city|clerk-7')
    expect(await by({ staffAs: undefined })).toBe(`${issuer}|clerk-7`)
    const forged = await token({ subject: 'city|clerk-7' })
    await expect(tokenVerifier([trust()], AUDIENCE).verify(forged)).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('an issuer whose keys cannot be had', () => {
  it('makes nobody sign in again: the service says that something is away', async () => {
    let answer = 503
    const away = createServer((_, response) => void response.writeHead(answer).end('{}'))
    await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve))
    const theirs = `http://127.0.0.1:${(away.address() as AddressInfo).port}`
    const signed = await token({ issuer: theirs })
    const verifier = () => tokenVerifier([demoTrust(theirs)], AUDIENCE)
    await expect(verifier().verify(signed)).rejects.toMatchObject({ status: 503, code: 'unavailable' })
    answer = 404
    await expect(verifier().verify(signed)).rejects.toMatchObject({ status: 503 })
    away.closeAllConnections()
    await new Promise((resolve) => away.close(resolve))
    await expect(verifier().verify(signed)).rejects.toMatchObject({ status: 503 })
    // What is wrong with a token is its own fault still.
    await expect(verifier().verify(`${signed}x.y`)).rejects.toMatchObject({ status: 401 })
  })
})
