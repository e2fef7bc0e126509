import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookUpsOf } from '../../src/oversight/read-look-ups.ts'
import { forgetPublished } from '../../src/registry/departure/forget-published.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesAbout, entriesOf } from '../support/entries.ts'
import { register } from '../support/people.ts'
import { proofsHeld } from '../support/proofs.ts'
import { shownTo } from '../support/shown.ts'

// Somebody has a dump, and the log of a service: who came, and at which place of which status list their proof stands. From the two
// they shall not find which record a place belongs to, nor which other places are of the same person.

let app: TestApp
const people: string[] = []
/** What services have written down: a place for each proof that they were shown, in the order in which proofs were given. */
const log: { person: string; list: string; index: number }[] = []

const PROFILES = ['library', 'city-bikes', 'residence', 'social-housing']

async function prove(person: string, profile: string) {
  const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${person}/proofs`, {
    as: 'clerk',
    body: { profile },
  })
  const { status } = JSON.parse(Buffer.from(body.token.split('.')[1] ?? '', 'base64url').toString())
  log.push({ person, list: status.status_list.uri.split('/').at(-1), index: status.status_list.idx })
}

beforeAll(async () => {
  app = await openApp()
  for (let i = 0; i < 12; i += 1)
    people.push((await register(app, { name: { given: `Persona${'abcdefghijkl'[i]}` } })).id)
  for (const person of people) for (const profile of PROFILES) await prove(person, profile)
})
afterAll(() => app?.close())

const text = (value: unknown): string =>
  value instanceof Uint8Array
    ? Buffer.from(value).toString('hex')
    : value instanceof Date
      ? value.toISOString()
      : String(value)

interface Row extends Record<string, unknown> {
  status_list_id: string
  status_index: number
}
/** In the order of a dump, which is that of the heap. */
const places = () => app.peek<Row>('select * from proofs')
const rowOf = (rows: readonly Row[], { list, index }: { list: string; index: number }) =>
  rows.find((row) => row.status_list_id === list && row.status_index === index)

describe('a dump beside the log of a service', () => {
  it('has no table in which a place stands beside a person', async () => {
    const tables = await app.peek<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    )
    const rows = await places()
    const ids = log.map((one) => text(rowOf(rows, one)?.id))
    const marks = people.flatMap((id) => [id, id.replaceAll('-', '')])
    let looked = 0
    for (const { name } of tables) {
      for (const row of await app.peek<Record<string, unknown>>(`select * from "${name}"`)) {
        const said = Object.values(row).map(text).join('\n')
        looked += 1
        if (!marks.some((mark) => said.includes(mark))) continue
        // A row about a person: it names no proof by its id, and no list with a place in it.
        for (const id of ids) expect(said, name).not.toContain(id)
        expect(row.status_index, name).toBeUndefined()
      }
    }
    expect(looked).toBeGreaterThan(500)
  })

  it('says nothing that the rows of one person have in common, and others have not', async () => {
    const rows = await places()
    for (const person of people) {
      const own = log.filter((one) => one.person === person).map((one) => rowOf(rows, one))
      expect(own.every(Boolean)).toBe(true)
      for (const [column, first] of Object.entries(own[0] ?? {})) {
        const same = own.every((row) => text(row?.[column]) === text(first))
        if (same)
          expect(
            rows.filter((row) => row.signing_key_id !== null).every((row) => text(row[column]) === text(first)),
            column,
          ).toBe(true)
      }
      // Nor do two of them begin alike, as ciphertext does that names its key; nor are they of a length of their own.
      const heads = rows.map((row) => text(row.content).slice(0, 16)).filter((head) => !/^0+$/.test(head))
      expect(new Set(heads).size).toBe(heads.length)
    }
    for (const column of ['content', 'bearer'])
      expect(new Set(rows.filter((row) => row.mark !== null).map((row) => text(row[column]).length)).size, column).toBe(
        1,
      )
  })

  it('has those of one batch in an order that tells nothing: neither the heap nor any column goes up with the time', async () => {
    const rows = await places()
    const given = log.map((one) => rows.indexOf(rowOf(rows, one) as Row))
    expect(given).not.toContain(-1)
    expect(Math.abs(rankCorrelation(given))).toBeLessThan(0.5)
    for (const column of Object.keys(rows[0] ?? {})) {
      const values = log.map((one) => text(rowOf(rows, one)?.[column]))
      if (new Set(values).size < log.length) continue
      const order = values.toSorted()
      expect(Math.abs(rankCorrelation(values.map((value) => order.indexOf(value)))), column).toBeLessThan(0.5)
    }
    // Who came one after the other stands no nearer than who did not.
    const beside = given.slice(1).filter((place, i) => Math.abs(place - (given[i] ?? 0)) === 1).length
    expect(beside).toBeLessThan(log.length / 4)
  })

  it('says of one that was cancelled the day alone, and lets nothing that ran out go with the others', async () => {
    const { id } = await register(app)
    for (const profile of ['library', 'city-bikes']) await prove(id, profile)
    const [bikes, library] = [log.at(-1), log.at(-2)]
    const held = await proofsHeld(app, id)
    const lost = held.find(({ profile }) => profile === 'library')
    expect((await app.ask('POST', `/v1/proofs/${lost?.id}/revocation`, { as: 'clerk' })).status).toBe(200)
    const overFrom = async (one = library) => rowOf(await places(), one ?? { list: '', index: 0 })?.public_from
    expect(await overFrom()).toBeInstanceOf(Date)
    expect(((await overFrom()) as Date).toISOString()).toMatch(/T00:00:00.000Z$/)
    // What has run out is over for everybody: it is not taken back with a departure.
    app.clock.advance({ hours: 120 * 24 })
    const left = await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      ifMatch: 1,
      body: { cause: 'death' },
    })
    app.clock.advance({ hours: -120 * 24 })
    expect(left.status, left.text).toBe(201)
    expect(await overFrom(bikes)).toBeNull()
  })

  it('has no time at which one was given, nor one at which it runs out', async () => {
    const rows = await places()
    for (const row of rows)
      for (const [column, value] of Object.entries(row)) if (value instanceof Date) expect(column).toBe('public_from')
  })
})

describe('the ledger in a dump', () => {
  interface EntryRow extends Record<string, unknown> {
    id: string
    requester_kind: string
    mark: Uint8Array
  }
  let asked: string[]
  beforeAll(async () => {
    const before = await newest()
    for (const person of people.slice(0, 6)) {
      const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${person}/proofs`, {
        as: 'clerk',
        body: { profile: 'library' },
      })
      const disclosed = await app.ask('POST', '/v1/disclosures', {
        as: 'library',
        body: { subject: { proof: body.token }, purpose: 'service-eligibility', fields: ['resident'] },
      })
      expect(disclosed.status, disclosed.text).toBe(200)
    }
    asked = (await app.peek<EntryRow>(`select id from ledger_entries where id > '${before}'`)).map(({ id }) => id)
  })
  const newest = async () => (await app.peek<EntryRow>('select id from ledger_entries order by id desc limit 1'))[0]?.id
  const entries = () => app.peek<EntryRow>('select * from ledger_entries')

  it('says of no entry whom it is about, or whether it is about anybody', async () => {
    const rows = await entries()
    const said = rows.map((row) => Object.values(row).map(text).join('\n')).join('\n')
    for (const id of people) for (const form of [id, id.replaceAll('-', '')]) expect(said).not.toContain(form)
    const about = await entriesOf(app)
    const nobody = new Set(about.filter(({ subject_id }) => subject_id === null).map(({ id }) => id))
    expect(nobody.size).toBeGreaterThan(5)
    for (const column of ['subject', 'mark']) {
      const lengths = (of: boolean) =>
        new Set(rows.filter(({ id }) => nobody.has(id) === of).map((row) => text(row[column]).length))
      expect(lengths(true), column).toEqual(lengths(false))
    }
    for (const column of ['subject', 'details'])
      expect(new Set(rows.map((row) => text(row[column]).slice(0, 16))).size, column).toBe(rows.length)
  })

  it('does not tie what a service asked to what the office did for the same person, on the same day', async () => {
    const rows = (await entries()).filter(({ id }) => asked.includes(id))
    const marks = (of: boolean) =>
      rows.filter((row) => (row.requester_kind === 'client') === of).map((row) => text(row.mark))
    expect(marks(true).length).toBeGreaterThanOrEqual(6)
    expect(marks(false).filter((mark) => marks(true).includes(mark))).toEqual([])
  })

  it('and the neighbour finds each of them all the same', async () => {
    const about = await entriesAbout(app, people[0] ?? '')
    const kinds = new Set(about.map(({ requester_kind }) => requester_kind))
    expect([...kinds].sort()).toEqual(['client', 'staff'])
    const me = { kind: 'resident', id: 'card', neighbourId: people[0] ?? '' } as const
    const page = await shownTo(
      lookUpsOf(app.rooms, { town: app.town, by: me }, { neighbourId: me.neighbourId, wanted: { unfolded: true } }),
    )
    expect(page.lookUps.map(({ entryId }) => entryId).sort()).toEqual(about.map(({ id }) => id).sort())
  })
})

describe('all the same', () => {
  it('each finds what they were given, in every form, and nothing of others', async () => {
    for (const person of people) {
      const held = await proofsHeld(app, person)
      expect([...new Set(held.map(({ profile }) => profile))].sort()).toEqual([...PROFILES].sort())
    }
  })

  it('more than one look finds at once, and a place is given to one alone', async () => {
    const { id } = await register(app)
    for (let i = 0; i < 3; i += 1)
      await app.ask('POST', `/v1/neighbours/${id}/proofs`, { as: 'clerk', body: { profile: 'library', copies: 17 } })
    expect(await proofsHeld(app, id)).toHaveLength(51)
    const rows = await places()
    expect(new Set(rows.map((row) => `${row.status_list_id} ${row.status_index}`)).size).toBe(rows.length)
    expect(new Set(rows.map((row) => text(row.id))).size).toBe(rows.length)
  })

  it('whose a proof was is forgotten two days after everybody saw that it is over', async () => {
    const { id } = await register(app)
    await prove(id, 'library')
    const last = log.at(-1)
    const [proof] = await proofsHeld(app, id)
    const sealed = async () => rowOf(await places(), last ?? { list: '', index: 0 })?.bearer
    expect((await app.ask('POST', `/v1/proofs/${proof?.id}/revocation`, { as: 'clerk' })).status).toBe(200)
    const forget = () => forgetPublished(app.database, app.clock, app.town.id)
    expect(await sealed()).toBeInstanceOf(Uint8Array)
    await forget()
    expect(await sealed()).toBeInstanceOf(Uint8Array)
    app.clock.advance({ hours: 73 })
    await forget()
    app.clock.advance({ hours: -73 })
    expect(await sealed()).toBeNull()
    expect(await proofsHeld(app, id)).toMatchObject([{ id: proof?.id, revokedAt: expect.any(String) }])
  })

  it('keeps a place with whoever was given it, whatever the service’s login is made to write', async () => {
    for (const change of ['mark = null, signing_key_id = null', "signing_key_id = 'another'", 'bearer = null'])
      await expect(
        app.peek(`update proofs set ${change} where public_from is null and mark is not null`),
        change,
      ).rejects.toThrow(/not given back|stays known/)
  })

  it('nobody is recorded as gone by who did not look for their proofs', async () => {
    const { id } = await register(app)
    await expect(
      app.peek(`update neighbours set departed_on = today_in(municipality_id) where id = '${id}'`),
    ).rejects.toThrow(/together with the end of the proofs/)
  })
})

/** Spearman's: 1 where the places go up with the time, 0 where they have nothing to do with it. */
function rankCorrelation(places: readonly number[]): number {
  const order = places.toSorted((one, other) => one - other)
  const n = places.length
  const squares = places.reduce((sum, place, i) => sum + (order.indexOf(place) - i) ** 2, 0)
  return 1 - (6 * squares) / (n * (n * n - 1))
}
