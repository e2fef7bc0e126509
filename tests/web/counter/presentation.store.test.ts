import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentSeal } from '../../../src/proofs/paper/document-seal.ts'
import type { Outcome } from '../../../src/web/check/outcome.ts'
import { type Asked, newAnswerKey, openAnswer } from '../../../src/web/counter/open-answer.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'
import { type Held, present, walletKey } from '../../support/wallet.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const fetcher: typeof fetch = (input, init) => {
  const request = new Request(input, init)
  request.headers.set('host', 'vallmar.example')
  return app.fetch(request)
}
const browse = (path: string, more: RequestInit & { cookie?: string } = {}) => {
  const { cookie, ...init } = more
  return fetcher(`https://vallmar.example${path}`, {
    ...init,
    headers: { ...(cookie ? { cookie } : {}), 'accept-language': 'en' },
  })
}

/** A library's own machine opens a counter, and a browser is signed in as it: what its cookie holds. */
async function counter(service = 'library', as = 'library'): Promise<string> {
  const { body } = await app.ask<{ code: string }>('POST', '/v1/counters', { as, body: { service } })
  const entered = await post(`/counter/${service}/open`, { code: body.code })
  return (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

const post = (path: string, fields: Record<string, string> = {}, cookie = '') =>
  browse(path, { method: 'POST', body: new URLSearchParams(fields), cookie })

/** A counter's page asks: what it holds and sees. */
async function ask(service = 'library', cookie?: string) {
  const own = cookie ?? (await counter(service))
  const { key, publicJwk } = await newAnswerKey()
  const response = await post(`/counter/${service}/questions`, { key: publicJwk }, own)
  const asked = (await response.json()) as Asked & { link: string }
  const path = `/counter/${service}/questions/${asked.id}`
  /** What has come since it last looked, opened by this page's key, or by another's. */
  const look = async (with_ = key): Promise<(Outcome | undefined)[] | 'over'> => {
    const came = await post(`${path}/answers`, {}, own)
    if (!came.ok) return 'over'
    const { answers } = (await came.json()) as { answers: string[] }
    const now = Math.floor(app.clock.now().epochMilliseconds / 1000)
    return Promise.all(answers.map((one) => openAnswer(one, { asked, key: with_, now })))
  }
  return { ...asked, cookie: own, path, key, look, over: () => post(`${path}/over`, {}, own) }
}
/** What an answer says of whom. */
const said = (seen: (Outcome | undefined)[] | 'over') =>
  seen === 'over' ? seen : seen.map((one) => one?.proof?.claims.given_name ?? one?.reason)

async function hold(profile: string, given: string): Promise<Held & { id: string }> {
  const { id } = await register(app, { name: { given } })
  const key = await walletKey()
  const { kty, crv, x, y } = key.jwk
  const { body } = await app.ask<{ token: string; id: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile, holderKeys: [{ kty, crv, x, y }] },
    idempotencyKey: randomUUID(),
  })
  return { key, token: body.token, id: body.id }
}

const answer = (link: string, held: Held, more: { nonce?: string; aud?: string } = {}) =>
  present(link, held, { fetcher, now: Math.floor(app.clock.now().epochMilliseconds / 1000), ...more })

describe('a counter', () => {
  it('sees what a wallet of somebody else\u2019s making shows, once, and the city could read nothing of it', async () => {
    const held = await hold('library', 'Presentada')
    const { link, look } = await ask()
    expect(await look()).toEqual([])
    const { payload, status } = await answer(link, held)
    expect(status).toBe(200)
    expect(payload.client_id).toMatch(/^x509_hash:/)
    expect(payload.dcql_query.credentials[0]?.claims).toEqual([{ path: ['given_name'] }, { path: ['family_name'] }])
    const [row] = await app.peek<{ answer: string }>(
      'select answers[1] as answer from presentation_requests where cardinality(answers) > 0',
    )
    expect(row?.answer).toMatch(/^eyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(await look()).toMatchObject([{ verdict: 'valid', proof: { claims: { given_name: 'Presentada' } } }])
    expect(await app.peek('select from presentation_requests where cardinality(answers) > 0')).toEqual([])
    expect(await look()).toEqual([])
  })

  it('is named in its question, which a certificate signs that seals no document', async () => {
    const { link } = await ask()
    const { payload } = await answer(link, await hold('library', 'Anomenada'))
    const [library] = await app.peek<{ name: string }>(
      `select name from organisations join clients on organisation_id = organisations.id where clients.id = 'library'`,
    )
    expect(payload.client_metadata.client_name).toContain(library?.name)
    await documentSeal(app.rooms, app.town)
    const seals = await app.peek<{ signs: string; certificate: Buffer }>(
      'select signs, certificate from document_seals order by signs',
    )
    expect(seals.map(({ signs }) => signs)).toEqual(['documents', 'questions'])
    const hashes = seals.map(({ certificate }) => createHash('sha256').update(certificate).digest('base64url'))
    expect(payload.client_id).toBe(`x509_hash:${hashes[1]}`)
    expect(hashes[0]).not.toBe(hashes[1])
  })

  it.each<[string, { nonce?: string; aud?: string }]>([
    ['an answer to another question', { nonce: 'another' }],
    ['an answer to another desk', { aud: 'x509_hash:another' }],
  ])('does not take %s', async (_, more) => {
    const { link, look } = await ask()
    await answer(link, await hold('library', 'Aliena'), more)
    expect(await look()).toEqual([{ verdict: 'not-valid', reason: 'counter.whyHolder' }])
  })

  it('does not take a proof made for another service, nor one held by somebody else', async () => {
    const elsewhere = await ask()
    await answer(elsewhere.link, await hold('health-card', 'Aliena'))
    expect(await elsewhere.look()).toEqual([{ verdict: 'not-valid', reason: 'check.whyService' }])
    const stolen = await ask()
    await answer(stolen.link, { ...(await hold('library', 'Aliena')), key: await walletKey() })
    expect(await stolen.look()).toEqual([{ verdict: 'not-valid', reason: 'counter.whyHolder' }])
  })

  it('does not take a proof that was taken back', async () => {
    const held = await hold('library', 'Revocada')
    await app.ask('POST', `/v1/proofs/${held.id}/revocation`, { as: 'clerk' })
    const { link, look } = await ask()
    await answer(link, held)
    expect(await look()).toEqual([{ verdict: 'not-valid', reason: 'check.whyRevoked' }])
  })

  it('alone opens the answer: another page\u2019s key does not, and another counter does not even get it', async () => {
    const one = await ask()
    await answer(one.link, await hold('library', 'Sola'))
    const other = await ask()
    const stolen = await post(`${one.path}/answers`, {}, other.cookie)
    expect(stolen.status).toBe(404)
    expect((await post(`${one.path}/answers`)).status).toBe(403)
    await post(`${one.path}/over`, {}, other.cookie)
    expect(await one.look(other.key)).toEqual([undefined])
  })

  it('gets no answer once its question is over, and none after five minutes', async () => {
    const one = await ask()
    const held = await hold('library', 'Primera')
    expect((await answer(one.link, held)).status).toBe(200)
    expect(said(await one.look())).toEqual(['Primera'])
    await one.over()
    await expect(answer(one.link, held)).rejects.toThrow()
    expect(await one.look()).toBe('over')
    const late = await ask()
    app.clock.advance({ minutes: 6 })
    await expect(answer(late.link, held)).rejects.toThrow()
    expect(await late.look()).toBe('over')
  })

  it('is told a wallet\u2019s no at once, and noise uses up nothing: the one who was asked still answers', async () => {
    const { link, look, id } = await ask()
    const send = (fields: Record<string, string>) => post(`/counter/requests/${id}`, fields)
    // From somebody who stands by and has seen the code: made for no page's key, or nothing at all.
    for (let i = 0; i < 3; i += 1) expect((await send({ response: `eyJhbGciOiJ4In0..${i}.x.x` })).status).toBe(200)
    expect((await send({ response: 'anything' })).status).toBe(400)
    expect(await look()).toEqual([undefined, undefined, undefined])
    expect((await send({ error: 'access_denied' })).status).toBe(200)
    expect(said(await look())).toEqual(['counter.walletNo'])
    expect((await answer(link, await hold('library', 'Cridada'))).status).toBe(200)
    expect(said(await look())).toEqual(['Cridada'])
  })

  it('still gets the answer of the one who was asked, however much a bystander sends before it', async () => {
    const { link, look, id } = await ask()
    for (let i = 0; i < 20; i += 1)
      expect((await post(`/counter/requests/${id}`, { response: `eyJhbGciOiJ4In0..${i}.x.x` })).status).toBe(200)
    expect((await answer(link, await hold('library', 'Pacient'))).status).toBe(200)
    const seen = await look()
    expect([seen.length, said(seen).at(-1)]).toEqual([8, 'Pacient'])
  })

  it('asks two questions in two tabs of one browser', async () => {
    const one = await ask()
    const two = await ask('library', one.cookie)
    await answer(one.link, await hold('library', 'Primerenca'))
    await answer(two.link, await hold('library', 'Segonenca'))
    expect([said(await one.look()), said(await two.look())]).toEqual([['Primerenca'], ['Segonenca']])
  })

  it('of a service there is not is not there', async () => {
    expect((await browse('/counter/immigration')).status).toBe(404)
    expect((await post('/counter/immigration/open', { code: 'ABCD' })).status).toBe(404)
  })
})

describe('a question in the city\u2019s name', () => {
  const open = (service: string, as: string) =>
    app.ask<{ code: string }>('POST', '/v1/counters', { as, body: { service } })
  const publicKey = async () => ({ key: (await newAnswerKey()).publicJwk })

  it('is signed for no browser that is not a counter: not for anyone, not with a guessed or a used code', async () => {
    expect((await post('/counter/library/questions', await publicKey())).status).toBe(403)
    expect(
      (await post('/counter/library/questions', await publicKey(), '__Secure-padron-counter=guessed')).status,
    ).toBe(403)
    const { body } = await open('library', 'library')
    expect((await post('/counter/library/open', { code: body.code })).status).toBe(303)
    const again = await post('/counter/library/open', { code: body.code })
    expect([again.status, again.headers.get('set-cookie')]).toEqual([422, null])
    const late = await open('library', 'library')
    app.clock.advance({ minutes: 16 })
    expect((await post('/counter/library/open', { code: late.body.code })).status).toBe(422)
    expect(await app.peek('select from presentation_requests where counter_id is null')).toEqual([])
  })

  it('is for the machines of those who give the service: not for another\u2019s, nor for staff, nor for an enforcer', async () => {
    expect((await open('library', 'library')).status).toBe(201)
    for (const [service, as] of [
      ['health-card', 'library'],
      ['library', 'clerk'],
      ['library', 'supervisor'],
      ['library', 'border-agency'],
    ] as const)
      expect((await open(service, as)).status, `${as} for ${service}`).toBe(403)
    // A code of one service opens no desk of another.
    const { body } = await open('library', 'library')
    expect((await post('/counter/health-card/open', { code: body.code })).status).toBe(422)
  })

  it('ends with the machine that opened the counter, with the counter\u2019s day, and when it is closed', async () => {
    const own = await counter()
    await app.peek(`insert into clients (municipality_id, id, organisation_id)
      select municipality_id, 'library-of-yesterday', organisation_id from clients where id = 'library'`)
    await app.peek(`update counters set client_id = 'library-of-yesterday'`)
    expect((await post('/counter/library/questions', await publicKey(), own)).status).toBe(200)
    await app.peek(`update clients set ended_at = now() where id = 'library-of-yesterday'`)
    expect((await post('/counter/library/questions', await publicKey(), own)).status).toBe(403)
    const closed = await counter()
    expect((await post('/counter/library/questions', await publicKey(), closed)).status).toBe(200)
    await post('/counter/library/close', {}, closed)
    expect((await post('/counter/library/questions', await publicKey(), closed)).status).toBe(403)
    const other = await counter()
    app.clock.advance({ hours: 13 })
    expect((await post('/counter/library/questions', await publicKey(), other)).status).toBe(403)
  })

  it('ends with any key of the machine, with what the organisation does, and where it closes its desks', async () => {
    const asks = async (cookie: string) => (await post('/counter/library/questions', await publicKey(), cookie)).status
    const first = await counter()
    await app.peek(`insert into client_keys (municipality_id, client_id, thumbprint)
      select municipality_id, id, repeat('k', 43) from clients where id = 'library'`)
    expect(await asks(first)).toBe(200)
    await app.peek(`update client_keys set ended_at = now() where thumbprint = repeat('k', 43)`)
    expect(await asks(first)).toBe(403)
    await app.peek(`delete from client_keys where thumbprint = repeat('k', 43)`).catch(() => undefined)
    const second = await counter()
    const third = await counter()
    const closed = await app.ask<{ closed: number }>('POST', '/v1/counters/closing', {
      as: 'library',
      body: { service: 'library' },
    })
    expect(closed.body.closed).toBeGreaterThanOrEqual(2)
    expect([await asks(second), await asks(third)]).toEqual([403, 403])
    expect(
      (await app.ask('POST', '/v1/counters/closing', { as: 'border-agency', body: { service: 'library' } })).status,
    ).toBe(403)
  })

  it('takes no key but a public one on the curve: what could open the answer never comes here', async () => {
    const own = await counter()
    const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
    for (const key of [{ kty, crv, x, y, d }, { kty, crv, x, y: x }, { kty, crv, x }, {}, 'x'])
      expect((await post('/counter/library/questions', { key: JSON.stringify(key) }, own)).status).toBe(422)
    expect((await post('/counter/library/questions', { key: JSON.stringify({ kty, crv, x, y }) }, own)).status).toBe(
      200,
    )
  })

  it('is limited for each counter by itself', async () => {
    const [own, other] = [await counter(), await counter()]
    const key = await publicKey()
    const ten = app.clock.now().epochMilliseconds % 600_000
    app.clock.advance({ milliseconds: 600_000 - ten })
    const statuses: number[] = []
    for (let i = 0; i < 152; i += 1) statuses.push((await post('/counter/library/questions', key, own)).status)
    expect(statuses.slice(0, 150).every((status) => status === 200)).toBe(true)
    expect(statuses.slice(150)).toEqual([429, 429])
    expect((await post('/counter/library/questions', key, other)).status).toBe(200)
  })

  it('keeps no more desks of one organisation than it can have', async () => {
    const statuses: number[] = []
    for (let i = 0; i < 60; i += 1) statuses.push((await open('library', 'library')).status)
    expect(new Set(statuses)).toEqual(new Set([201, 403]))
    app.clock.advance({ minutes: 16 })
    expect((await open('library', 'library')).status).toBe(201)
  })

  it('is not asked for with codes that are tried one after another', async () => {
    const tries: number[] = []
    for (let i = 0; i < 25; i += 1) tries.push((await post('/counter/library/open', { code: `WRONG-${i}` })).status)
    expect(tries.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 422))
    expect(tries.slice(20)).toEqual(Array.from({ length: 5 }, () => 429))
    // A right one is taken all the same.
    const { body } = await open('library', 'library')
    expect((await post('/counter/library/open', { code: body.code })).status).toBe(303)
  })

  it('is asked of the gate each time, and stands in the ledger: whoever has lost its standing asks nobody', async () => {
    const own = await counter()
    const [before] = await app.peek<{ entries: number }>('select count(*)::integer as entries from ledger_entries')
    await ask('library', own)
    const [after] = await app.peek<{ entries: number }>('select count(*)::integer as entries from ledger_entries')
    expect((after?.entries ?? 0) - (before?.entries ?? 0)).toBe(1)
    await app.peek('update attestations set lapsed_at = now()')
    await app.peek('update organisation_graphs set version = version + 1')
    app.rooms.gate.forget(app.town.id)
    expect((await post('/counter/library/questions', await publicKey(), own)).status).toBe(403)
    expect((await open('library', 'library')).status).toBe(403)
  })
})
