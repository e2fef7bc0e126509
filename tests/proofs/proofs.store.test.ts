import { randomUUID } from 'node:crypto'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { profiles } from '../../src/proofs/profiles.ts'
import { rotateSigningKey, withdrawSigningKey } from '../../src/proofs/signing-keys.ts'
import { ProofInvalid, verifyProof } from '../../src/verify/index.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

/** A stranger's verifier: it fetches what the city publishes over HTTP, from this app. */
const strangerFetch = (): typeof fetch => (input, init) =>
  app.fetch(new Request(input, { ...init, redirect: 'manual' }))
/** A new stranger each time: nothing is kept from the last check. */
const verify = (token: string, service?: string) =>
  verifyProof(token, {
    issuer: app.town.issuer,
    fetch: strangerFetch(),
    now: Math.floor(app.clock.now().epochMilliseconds / 1000),
    ...(service ? { service } : {}),
  })
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'valid',
    (error: unknown) => (error instanceof ProofInvalid ? error.code : String(error)),
  )

interface Issued {
  id: string
  token: string
  expiresAt: string
  code: string
}
const prove = (id: string, profile: string, as = 'clerk', idempotencyKey = randomUUID()) =>
  app.ask<Issued>('POST', `/v1/neighbours/${id}/proofs`, {
    as,
    body: { profile, handedTo: profiles.get(profile)?.askedBy === 'representative' ? 'representative' : 'neighbour' },
    idempotencyKey,
  })

const payloadOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const SINCE = Temporal.Now.plainDateISO().subtract({ years: 3, months: 6 }).toString()
const whole = {
  name: { given: 'Núria', family: ['Puig', 'Soler'] },
  dateOfBirth: '1971-02-03',
  since: SINCE,
  address: {
    kind: 'dwelling',
    streetName: 'Major',
    number: '4',
    territory: { district: '03' },
    // On record, and in no proof.
    coordinates: { latitude: 41.2, longitude: 1.7 },
  },
} as const

describe('a proof of residence', () => {
  it.each<[string, Record<string, unknown>]>([
    [
      'residence',
      {
        given_name: 'Núria',
        family_name: 'Puig Soler',
        birthdate: '1971-02-03',
        address: { kind: 'dwelling', streetName: 'Major', number: '4', territory: { district: '03' } },
        resident_since: SINCE,
      },
    ],
    ['city-bikes', { age_over_16: true }],
    ['health-card', { given_name: 'Núria', family_name: 'Puig Soler', birthdate: '1971-02-03', district: '03' }],
    ['social-services', { given_name: 'Núria', family_name: 'Puig Soler', district: '03', household_size: 1 }],
    [
      'bank-account',
      {
        given_name: 'Núria',
        family_name: 'Puig Soler',
        address: { kind: 'dwelling', streetName: 'Major', number: '4', territory: { district: '03' } },
      },
    ],
    [
      'residence-history',
      {
        given_name: 'Núria',
        family_name: 'Puig Soler',
        birthdate: '1971-02-03',
        resident_since: SINCE,
        continuous_residence_since: SINCE,
        residence_gaps: [],
      },
    ],
    ['library', { given_name: 'Núria', family_name: 'Puig Soler' }],
    ['school-enrolment', { given_name: 'Núria', family_name: 'Puig Soler', birthdate: '1971-02-03', district: '03' }],
    [
      'social-housing',
      {
        resident_since: SINCE,
        resident_at_least_1_year: true,
        resident_at_least_2_years: true,
        resident_at_least_3_years: true,
        resident_at_least_5_years: false,
        household_size: 1,
      },
    ],
  ])(
    'for %s says that the bearer lives here and what that service may learn, nothing else',
    async (profile, claims) => {
      const { id } = await register(app, { ...structuredClone(whole), confirmedDistinct: true } as never)
      const { token } = (await prove(id, profile)).body
      const proof = await verify(token, profile)
      expect(proof.claims).toEqual({ resident: true, municipality: 'vallmar', ...claims })
      const payload = payloadOf(token)
      expect(Object.keys(payload).sort()).toEqual(
        ['_sd', '_sd_alg', 'aud', 'exp', 'iat', 'iss', 'municipality', 'nbf', 'resident', 'status', 'vct'].filter(
          (name) => !name.startsWith('_') || Object.keys(claims).length > 0,
        ),
      )
      expect(token).not.toContain(id)
      // Random numbers and hashes may spell anything.
      const { _sd, status: _, ...said } = payload as Record<string, unknown>
      expect(JSON.stringify(said)).not.toMatch(/Núria|Puig|1971/)
    },
  )

  it('covers every profile there is', () => {
    expect([...profiles.keys()].sort()).toEqual([
      'bank-account',
      'city-bikes',
      'health-card',
      'library',
      'residence',
      'residence-history',
      'school-enrolment',
      'social-housing',
      'social-services',
    ])
  })

  it('leaves out what the registry does not know', async () => {
    const { id } = await register(app, {
      name: { given: 'Wayan' },
      dateOfBirth: undefined as never,
      address: { kind: 'no-fixed-address' },
    })
    const proof = await verify((await prove(id, 'residence')).body.token)
    expect(Object.keys(proof.claims).sort()).toEqual([
      'address',
      'given_name',
      'municipality',
      'resident',
      'resident_since',
    ])
  })

  it('lets its holder keep claims to themselves', async () => {
    const { id } = await register(app)
    const [jwt, ...disclosures] = (await prove(id, 'residence')).body.token.split('~')
    const onlyOne = `${jwt}~${disclosures[0]}~`
    expect(Object.keys((await verify(onlyOne)).claims)).toHaveLength(3)
    expect(Object.keys((await verify(`${jwt}~`)).claims).sort()).toEqual(['municipality', 'resident'])
  })

  it('has no serial: two proofs of one person share nothing but what is the same for everyone', async () => {
    const { id } = await register(app)
    const [one, two] = [
      payloadOf((await prove(id, 'residence')).body.token),
      payloadOf((await prove(id, 'residence')).body.token),
    ]
    expect(one.status.status_list.idx).not.toBe(two.status.status_list.idx)
    expect(one._sd.filter((digest: string) => two._sd.includes(digest))).toEqual([])
    expect(one.iat % 3600).toBe(0)
  })

  it('cannot be had for an unknown service, an unknown person, or somebody hidden', async () => {
    const { id } = await register(app, { protected: true })
    expect((await prove(id, 'casino')).status).toBe(422)
    expect((await prove(randomUUID(), 'library')).status).toBe(404)
    expect((await prove(id, 'library')).status).toBe(404)
    expect((await prove(id, 'library', 'supervisor')).status).toBe(201)
  })

  it('is for staff to give out, not for a service provider to take', async () => {
    const { id } = await register(app)
    for (const as of ['library', 'border-agency', 'auditor', 'legal'])
      expect((await prove(id, 'library', as)).status).toBe(403)
  })

  it('is the same one under the same Idempotency-Key', async () => {
    const { id } = await register(app)
    const key = randomUUID()
    const first = await prove(id, 'library', 'clerk', key)
    expect((await prove(id, 'library', 'clerk', key)).body).toEqual(first.body)
    expect((await prove(id, 'residence', 'clerk', key)).body.code).toBe('idempotency-mismatch')
  })
})

describe('taking a proof back', () => {
  it('shows in the status list, and verifiers refuse it', async () => {
    const { id } = await register(app)
    const issued = (await prove(id, 'library')).body
    expect(await codeOf(verify(issued.token))).toBe('valid')
    expect(await app.ask('POST', `/v1/proofs/${issued.id}/revocation`, { as: 'clerk' })).toMatchObject({
      status: 200,
      body: { id: issued.id },
    })
    expect(await codeOf(verify(issued.token))).toBe('revoked')
    expect(await app.ask('POST', '/v1/verifications', { body: { token: issued.token } })).toMatchObject({
      status: 200,
      body: { valid: false, code: 'revoked' },
    })
  })

  it('may be said twice', async () => {
    const { id } = await register(app)
    const issued = (await prove(id, 'library')).body
    const first = await app.ask('POST', `/v1/proofs/${issued.id}/revocation`, { as: 'clerk' })
    expect((await app.ask('POST', `/v1/proofs/${issued.id}/revocation`, { as: 'clerk' })).body).toEqual(first.body)
    expect((await app.ask('POST', `/v1/proofs/${randomUUID()}/revocation`, { as: 'clerk' })).status).toBe(404)
  })

  it('happens by itself when the neighbour leaves or dies, and shows the next morning', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    const tokens = [(await prove(id, 'library')).body.token, (await prove(id, 'residence')).body.token]
    await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'death' },
      ifMatch: version,
    })
    for (const token of tokens) expect(await codeOf(verify(token))).toBe('valid')
    expect(await prove(id, 'library')).toMatchObject({ status: 409, body: { code: 'not-resident' } })
    app.clock.advance({ hours: 30 })
    for (const token of tokens) expect(await codeOf(verify(token))).toBe('revoked')
  })
})

describe('time', () => {
  it('ends a proof', async () => {
    const { id } = await register(app)
    const { token } = (await prove(id, 'library')).body
    app.clock.advance({ hours: 29 * 24 })
    expect(await codeOf(verify(token))).toBe('valid')
    app.clock.advance({ hours: 2 * 24 })
    expect(await codeOf(verify(token))).toBe('expired')
    app.clock.advance({ hours: -31 * 24 })
  })
})

describe('signing keys', () => {
  it('rotate with overlap: the new key is published before it signs, old proofs stay valid through two rotations', async () => {
    const deps = { database: app.database, clock: app.clock, keys: app.keys }
    const { id } = await register(app)
    const before = (await prove(id, 'residence')).body.token
    const next = await rotateSigningKey(deps, app.town.id)
    const published = await app.ask<{ keys: JWK[] }>('GET', '/.well-known/jwks.json')
    expect(published.body.keys.map((key) => key.kid)).toContain(next)
    expect(published.body.keys.some((key) => 'd' in key)).toBe(false)
    const during = (await prove(id, 'residence')).body.token
    expect(decodeProtectedHeader(during.split('~')[0] ?? '').kid).not.toBe(next)
    app.clock.advance({ hours: 2 })
    const after = (await prove(id, 'residence')).body.token
    expect(decodeProtectedHeader(after.split('~')[0] ?? '').kid).toBe(next)

    const edwards = await rotateSigningKey(deps, app.town.id, { algorithm: 'EdDSA' })
    app.clock.advance({ hours: 2 })
    const newest = (await prove(id, 'residence')).body.token
    expect(decodeProtectedHeader(newest.split('~')[0] ?? '')).toEqual({ alg: 'EdDSA', typ: 'dc+sd-jwt', kid: edwards })
    for (const token of [before, during, after, newest]) expect(await codeOf(verify(token))).toBe('valid')

    expect(await withdrawSigningKey(deps, app.town.id, edwards)).toBe(true)
    expect(await codeOf(verify(newest))).toBe('unknown-key')
    expect(await codeOf(verify(after))).toBe('valid')
    expect(await codeOf(verify((await prove(id, 'residence')).body.token))).toBe('valid')
    app.clock.advance({ hours: -4 })
  })
})

describe('software that is not ours', () => {
  it('verifies our proofs: @sd-jwt/sd-jwt-vc', async () => {
    const fresh = await openApp()
    try {
      const { id } = await register(fresh, structuredClone(whole) as never)
      const { token } = (
        await fresh.ask<Issued>('POST', `/v1/neighbours/${id}/proofs`, { as: 'clerk', body: { profile: 'residence' } })
      ).body
      const { keys } = (await fresh.ask<{ keys: JWK[] }>('GET', '/.well-known/jwks.json')).body
      const key = await importJWK(keys[0] as JWK)
      const library = new SDJwtVcInstance({
        hasher: async (data: string | ArrayBuffer) =>
          new Uint8Array(
            await crypto.subtle.digest('SHA-256', typeof data === 'string' ? new TextEncoder().encode(data) : data),
          ),
        hashAlg: 'sha-256',
        verifier: async (data: string, signature: string) =>
          compactVerify(`${data}.${signature}`, key).then(
            () => true,
            () => false,
          ),
        statusListFetcher: async (uri: string) => (await fresh.fetch(new Request(uri))).text(),
        statusVerifier: async (data: string, signature: string) =>
          compactVerify(`${data}.${signature}`, key).then(
            () => true,
            () => false,
          ),
      } as never)
      const { payload } = await library.verify(token)
      expect(payload).toMatchObject({
        resident: true,
        given_name: 'Núria',
        birthdate: '1971-02-03',
        vct: `${fresh.town.issuer}/credentials/residence`,
      })
    } finally {
      await fresh.close()
    }
  })
})

describe('what a stranger needs', () => {
  it.each(['/.well-known/jwks.json', '/.well-known/jwt-vc-issuer', '/credentials/library', '/v1/services'])(
    'is public, cacheable and readable from any page: %s',
    async (path) => {
      const answer = await app.ask('GET', path)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    },
  )

  it('names the issuer and the kind of proof', async () => {
    expect((await app.ask('GET', '/.well-known/jwt-vc-issuer')).body).toMatchObject({
      issuer: 'https://vallmar.example',
    })
    expect((await app.ask('GET', '/credentials/library')).body).toMatchObject({
      vct: 'https://vallmar.example/credentials/library',
      display: expect.arrayContaining([expect.objectContaining({ locale: 'ca', name: 'Carnet de biblioteca' })]),
    })
    expect((await app.ask('GET', '/credentials/casino')).status).toBe(404)
  })
})
