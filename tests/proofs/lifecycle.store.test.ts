import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rotateSigningKey, withdrawSigningKey } from '../../src/proofs/signing-keys.ts'
import type { Correction } from '../../src/registry/model.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

interface Outline {
  id: string
  profile: string
  revokedAt: string | null
}
const prove = async (id: string, profile: string) =>
  (
    await app.ask<{ id: string; token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile },
    })
  ).body
const taken = async (id: string) => {
  const { body } = await app.ask<{ proofs: Outline[] }>('GET', `/v1/neighbours/${id}/proofs`, { as: 'clerk' })
  return body.proofs
    .filter(({ revokedAt }) => revokedAt !== null)
    .map(({ profile }) => profile)
    .sort()
}
const correct = (id: string, version: number, body: Correction) =>
  app.ask('PATCH', `/v1/neighbours/${id}`, { as: 'clerk', body, ifMatch: version })

describe('a change takes back the proofs that no longer say what is true, and no others', () => {
  it.each<[string, (id: string, version: number) => Promise<unknown>, string[]]>([
    ['another name', (id, version) => correct(id, version, { name: { given: 'Nova' } }), ['library', 'residence']],
    [
      'another date of birth',
      (id, version) => correct(id, version, { dateOfBirth: '1980' }),
      ['city-bikes', 'residence'],
    ],
    ['another telephone', (id, version) => correct(id, version, { contact: { phone: '000' } }), []],
    [
      'another address',
      (id, version) =>
        app.ask('POST', `/v1/neighbours/${id}/residences`, {
          as: 'clerk',
          body: { address: { kind: 'no-fixed-address' } },
          ifMatch: version,
        }),
      ['residence', 'social-housing'],
    ],
    [
      'a departure',
      (id, version) =>
        app.ask('POST', `/v1/neighbours/${id}/departures`, {
          as: 'clerk',
          body: { cause: 'moved-away', saidBy: 'in-person', on: Temporal.Now.plainDateISO('Europe/Madrid').toString() },
          ifMatch: version,
        }),
      ['city-bikes', 'library', 'residence', 'social-housing'],
    ],
  ])('%s', async (_, change, expected) => {
    const { id, version } = await register(app, {
      since: Temporal.Now.plainDateISO().subtract({ years: 1 }).toString(),
    })
    for (const profile of ['residence', 'library', 'city-bikes', 'social-housing']) await prove(id, profile)
    expect(await taken(id)).toEqual([])
    await change(id, version)
    expect(await taken(id)).toEqual(expected)
  })
})

describe('a key that was withdrawn', () => {
  it('names, through the gate, those whose proofs it signed', async () => {
    const { id } = await register(app, { name: { given: 'Afectada' } })
    const { token } = await prove(id, 'library')
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
    const deps = { database: app.database, clock: app.clock, keys: app.keys }
    await rotateSigningKey(deps, app.town.id, { algorithm: 'ES256', overlap: Temporal.Duration.from({ seconds: 0 }) })
    const other = await register(app, { name: { given: 'Intacta' } })
    await prove(other.id, 'library')
    await withdrawSigningKey(deps, app.town.id, kid)
    const path = `/v1/signing-keys/${kid}/affected`
    for (const as of ['clerk', 'supervisor', 'legal']) expect((await app.ask('GET', path, { as })).status).toBe(403)
    const act = await app.ask<{ id: string; status: string }>('POST', '/v1/officer-acts', {
      as: 'legal',
      body: { kind: 'affected', kid },
    })
    expect(act.body.status).toBe('waiting')
    expect((await app.ask('GET', path, { as: 'legal' })).status).toBe(403)
    const decision = (as: string) =>
      app.ask<{ code: string }>('POST', `/v1/officer-acts/${act.body.id}/decision`, { as, body: { approves: true } })
    expect((await decision('legal')).body.code).toBe('another-officer')
    expect((await decision('second-legal')).status).toBe(200)
    const { body } = await app.ask<{ neighbours: { id: string; name: { given: string } }[]; more: boolean }>(
      'GET',
      path,
      { as: 'second-legal' },
    )
    expect(body.neighbours.map((one) => one.name.given)).toContain('Afectada')
    expect(body.neighbours.map((one) => one.id)).not.toContain(other.id)
    expect((await app.ask('GET', path, { as: 'auditor' })).status).toBe(403)
    expect((await app.ask('GET', path, { as: 'library' })).status).toBe(403)
  })
})

describe('the status list', () => {
  it('is recognised by its tag until something in it changes', async () => {
    const { id } = await register(app)
    const proof = await prove(id, 'library')
    const { status } = JSON.parse(Buffer.from(proof.token.split('.')[1] ?? '', 'base64url').toString())
    const path = new URL(status.status_list.uri).pathname
    const first = await app.ask('GET', path)
    const etag = first.headers.get('etag') ?? ''
    expect(first.headers.get('cache-control')).toBe('public, max-age=60')
    expect((await app.ask('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(304)
    await app.ask('POST', `/v1/proofs/${proof.id}/revocation`, { as: 'clerk' })
    const changed = await app.ask('GET', path, { headers: { 'if-none-match': etag } })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(etag)
  })

  it('comes shrunk to who can unpack it', async () => {
    const [list] = await app.peek<{ id: string }>('select id from status_lists')
    const path = `/status-lists/${list?.id}`
    const whole = await app.ask('GET', path)
    const shrunk = await app.ask('GET', path, { headers: { 'accept-encoding': 'gzip' } })
    expect(shrunk.headers.get('content-encoding')).toBe('gzip')
    expect(whole.headers.get('content-encoding')).toBeNull()
  })

  it('makes room before it is full, and the one before it stays published', async () => {
    const { id } = await register(app)
    const { id: proof, token } = await prove(id, 'library')
    const listOf = (text: string): string =>
      JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()).status.status_list.uri
    const first = listOf(token)
    // A small list, nearly every place of it taken.
    await app.peek(`update status_lists set capacity = 1024 where closed_at is null`)
    await app.peek('delete from proofs where mark is null')
    await app.peek(`insert into proofs (id, municipality_id, status_list_id, status_index, mark, content, signing_key_id)
      select gen_random_uuid(), one.municipality_id, one.status_list_id, place, uuid_send(gen_random_uuid()), one.content, one.signing_key_id
      from proofs one, generate_series(0, 1015) place where one.id = '${proof}' on conflict do nothing`)
    const lists = new Set<string>()
    for (let i = 0; i < 5; i += 1) lists.add(listOf((await prove(id, 'library')).token))
    expect([...lists].some((uri) => uri !== first)).toBe(true)
    for (const uri of [first, ...lists]) expect((await app.ask('GET', new URL(uri).pathname)).status).toBe(200)
  })
})
