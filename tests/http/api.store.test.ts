import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type TestApp, tokenOf } from '../support/app.ts'
import { openRecord, register, somebody } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const raw = async (path: string, init: RequestInit = {}, as?: string) =>
  app.fetch(
    new Request(`https://vallmar.example${path}`, {
      ...init,
      headers: { ...(as ? { authorization: `Bearer ${await tokenOf(as)}` } : {}), ...init.headers },
    }),
  )

interface Operation {
  security?: object[]
  parameters?: { name: string; in: string; required?: boolean }[]
  requestBody?: object
  responses: Record<string, object>
}

describe('every answer', () => {
  it.each(['/', '/docs', '/openapi.json', '/health/live', '/v1/municipality', '/nowhere', '/v1/neighbours/x'])(
    'carries a request id and the strict headers: %s',
    async (path) => {
      const { headers } = await raw(path)
      expect(headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
      expect(headers.get('content-security-policy')).not.toMatch(/unsafe|https?:/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('set-cookie')).toBeNull()
    },
  )

  it('about a person is never stored on the way', async () => {
    const { id } = await register(app)
    expect((await openRecord(app, id)).headers.get('cache-control')).toBe('no-store')
    expect(
      (await app.ask('GET', `/v1/neighbours/${id}`, { as: 'border-agency', purpose: 'counter-service' })).headers.get(
        'cache-control',
      ),
    ).toBe('no-store')
  })
})

describe('what cannot be accepted', () => {
  const post = (body: string | undefined, headers: Record<string, string> = {}) =>
    raw(
      '/v1/neighbours',
      {
        method: 'POST',
        ...(body === undefined ? {} : { body }),
        headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers },
      },
      'clerk',
    )

  it.each<[number, string, () => Promise<Response>]>([
    [400, 'malformed-json', () => post('{"name":')],
    [415, 'unsupported-media-type', () => post('name=Ona', { 'content-type': 'application/x-www-form-urlencoded' })],
    [413, 'too-large', () => post(JSON.stringify({ name: { given: 'x'.repeat(100_000) } }))],
    [422, 'invalid-input', () => post('[]')],
    [422, 'invalid-input', () => post('null')],
    [422, 'invalid-input', () => post('{}')],
    [404, 'not-found', () => raw('/v1/nothing')],
    [404, 'not-found', () => raw('/v1/neighbours', { method: 'DELETE' })],
    [401, 'unauthenticated', () => raw(`/v1/neighbours/${randomUUID()}`)],
    [401, 'unauthenticated', () => raw(`/v1/neighbours/${randomUUID()}`, { headers: { authorization: 'Basic eDp4' } })],
    [
      422,
      'invalid-input',
      () => raw('/v1/neighbours/not-an-id', { headers: { 'padron-purpose': 'counter-service' } }, 'clerk'),
    ],
    [
      422,
      'invalid-input',
      () =>
        raw(`/v1/neighbours/${randomUUID()}?verbose=1`, { headers: { 'padron-purpose': 'counter-service' } }, 'clerk'),
    ],
  ])('%i %s', async (status, code, make) => {
    const answer = await make()
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(await answer.json()).toMatchObject({ type: `/problems/${code}`, title: expect.any(String), status, code })
  })

  it('is answered without quoting it', async () => {
    const secret = 'Confidencial'
    for (const body of [
      { ...somebody(), dateOfBirth: secret },
      { ...somebody(), sex: secret },
      { ...somebody(), languages: [`${secret} `] },
      { name: { given: 7, family: secret }, address: { kind: secret } },
    ]) {
      const answer = await app.ask('POST', '/v1/neighbours', { as: 'clerk', body })
      expect(answer.status).toBe(422)
      expect(answer.text).not.toContain(secret)
    }
  })

  it('says who must sign in', async () => {
    expect((await raw(`/v1/neighbours/${randomUUID()}`)).headers.get('www-authenticate')).toBe('Bearer')
  })
})

describe('the log', () => {
  it('holds nothing of anyone after a whole journey, errors included', async () => {
    const canaries = {
      given: 'Canariova',
      family: 'Sentinelska',
      street: 'Carrerdecanari',
      phone: '+34 699 123 987',
      document: 'CANARY-99887766',
    }
    app.log.length = 0
    const body = somebody({
      name: { given: canaries.given, family: [canaries.family] },
      dateOfBirth: '1973-09-21',
      address: { kind: 'dwelling', streetName: canaries.street, number: '88417730265519' },
      contact: { phone: canaries.phone },
      evidence: { strength: 'document', document: canaries.document },
    })
    const { id } = (await app.ask<{ id: string }>('POST', '/v1/neighbours', { as: 'clerk', body })).body
    await app.ask('POST', '/v1/neighbours', { as: 'clerk', body })
    const found = await app.ask<{ link: string }>('POST', '/v1/neighbours/search', {
      as: 'clerk',
      purpose: 'counter-service',
      body: { name: `${canaries.given} ${canaries.family}` },
    })
    await app.ask('GET', found.body.link, { as: 'clerk', purpose: 'counter-service' })
    await openRecord(app, id)
    await app.ask('PATCH', `/v1/neighbours/${id}`, {
      as: 'clerk',
      ifMatch: 1,
      body: { name: { given: canaries.family } },
    })
    const proof = (
      await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
        as: 'clerk',
        body: { profile: 'residence' },
      })
    ).body.token
    await app.ask('POST', '/v1/verifications', { body: { token: proof } })
    await app.ask('POST', '/v1/disclosures', {
      as: 'border-agency',
      body: { subject: { proof }, purpose: 'service-eligibility', fields: ['name'] },
    })
    // Something breaks inside, with the person's data at hand.
    await app.peek('alter table movements rename to movements_gone')
    await app.ask('POST', '/v1/neighbours', {
      as: 'clerk',
      body: { ...body, name: { given: `${canaries.given}x`, family: [`${canaries.family}x`] }, evidence: undefined },
    })
    await app.ask('PATCH', `/v1/neighbours/${id}`, {
      as: 'clerk',
      ifMatch: 2,
      body: { name: { given: canaries.given } },
    })
    await app.peek('alter table movements_gone rename to movements')

    expect(app.log.length).toBeGreaterThanOrEqual(11)
    expect(app.log.filter((line) => line.level === 'error').length).toBeGreaterThanOrEqual(2)
    const text = JSON.stringify(app.log)
    for (const canary of [
      ...Object.values(canaries),
      '1973-09-21',
      '88417730265519',
      id,
      proof.slice(-20),
      await tokenOf('clerk'),
    ]) {
      expect(text.toLowerCase()).not.toContain(canary.toLowerCase())
    }
    for (const line of app.log)
      expect(
        Object.keys(line).every((key) =>
          /^(level|event|kind|requestId|method|route|status|milliseconds|who|code|error|at)$/.test(key),
        ),
      ).toBe(true)
  })
})

describe('the OpenAPI document', () => {
  it('is 3.1 and tells of every route what it needs and may refuse', async () => {
    const { body } = await app.ask<{ openapi: string; paths: Record<string, Record<string, Operation>> }>(
      'GET',
      '/openapi.json',
    )
    expect(body.openapi).toBe('3.1.0')
    const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
    expect(operations.length).toBeGreaterThanOrEqual(20)
    for (const { path, method, operation } of operations) {
      const named = (where: string) =>
        (operation.parameters ?? []).filter((one) => one.in === where).map((one) => one.name.toLowerCase())
      expect(named('path').sort(), path).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name?.toLowerCase()).sort(),
      )
      if (operation.security) expect(operation.responses, `${method} ${path}`).toHaveProperty('401')
    }
    // A search creates nothing, and an offer is a new one each time: its code is good once. What hides, ends or undoes
    // says how things are: the second time it says the same, or that there is nothing to undo.
    const exempt = [
      '/v1/neighbours/search',
      '/v1/neighbours/{id}/wallet-offers',
      '/v1/neighbours/{id}/protection',
      '/v1/neighbours/{id}/undo',
      '/v1/neighbours/{id}/representatives/{representationId}/end',
    ]
    const creating = operations.filter(
      ({ path, method }) => method === 'post' && path.startsWith('/v1/neighbours') && !exempt.includes(path),
    )
    for (const { path, operation } of creating)
      expect(
        operation.parameters?.map((one) => one.name),
        path,
      ).toContain('Idempotency-Key')
  })

  it('is what the routes do: each documented route answers something other than 404 to a stranger, or is public', async () => {
    const { body } = await app.ask<{ paths: Record<string, Record<string, Operation>> }>('GET', '/openapi.json')
    for (const [path, methods] of Object.entries(body.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const answer = await raw(path.replace(/\{\w+\}/g, randomUUID()), { method: method.toUpperCase() })
        if (operation.security) expect(answer.status, `${method} ${path}`).toBe(401)
        else expect([200, 400, 404, 415, 422], `${method} ${path}`).toContain(answer.status)
      }
    }
  })
})

describe('a stranger’s town', () => {
  it('is served at its own address, and on the machine itself where there is one town; at no other', async () => {
    const at = async (host: string) =>
      (await app.fetch(new Request(`https://${host}/v1/municipality`, { headers: { host } }))).status
    for (const host of ['vallmar.example', 'localhost:8080', '127.0.0.1', '[::1]:8080'])
      expect(await at(host)).toBe(200)
    for (const host of [
      'other.example',
      'vallmar.example.evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
    ])
      expect(await at(host)).toBe(421)
    expect(await (await raw('/v1/municipality')).json()).toMatchObject({
      slug: 'vallmar',
      issuer: 'https://vallmar.example',
    })
  })
})

describe('a form that another site sends', () => {
  const post = (path: string, headers: Record<string, string>) =>
    app.fetch(
      new Request(`https://vallmar.example${path}`, {
        method: 'POST',
        headers: { host: 'vallmar.example', ...headers },
        body: new URLSearchParams({ code: 'x', word: 'x', text: 'x' }),
      }),
    )

  it('is refused at every door that takes forms, signed in or not: nobody is signed in as somebody else', async () => {
    const doors = [...new Set(app.routes.filter(({ method }) => method === 'POST').map(({ path }) => path))].filter(
      (path) => !/^\/(v1|wallet|counter\/requests)\/|back-channel/.test(path),
    )
    expect(doors).toEqual(
      expect.arrayContaining(['/me/in', '/helper', '/complain', '/complain/service', '/providers/own']),
    )
    for (const door of doors) {
      const path = door.replaceAll(/:\w+/g, '0192f000-0000-7000-8000-000000000009')
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { origin: 'https://vallmar.example.evil.example' },
      ])
        expect([door, (await post(path, headers)).status]).toEqual([door, 403])
    }
  })

  it('is taken from our own pages, by browsers that say where they are and by those that do not', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { origin: 'https://vallmar.example' },
      { origin: 'null' },
      {},
    ])
      expect((await post('/complain', { ...headers, 'test-source': crypto.randomUUID() })).status).toBe(201)
  })
})
