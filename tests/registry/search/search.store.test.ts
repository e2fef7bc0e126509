import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Criteria } from '../../../src/registry/model.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { entriesOf } from '../../support/entries.ts'
import { register } from '../../support/people.ts'

let app: TestApp
const known: Record<string, string> = {}
const DOCUMENT = 'INVENTED-X1234567-L'

beforeAll(async () => {
  app = await openApp()
  const people = {
    fatou: { name: { given: 'Fatou', family: ['N’Diaye'] }, dateOfBirth: '1990-05-17' },
    nuria: {
      name: { given: 'Núria', family: ['Puig', 'i', 'Cadafalch'] },
      dateOfBirth: '1971-02-03',
      address: { kind: 'dwelling', streetName: 'Mallorca', number: '401', floor: '3', door: '2' },
    },
    abdel: {
      name: {
        given: 'عبد الرحمن',
        family: ['بن علي'],
        transliteration: { given: 'Abdel Rahman', family: ['Ben Ali'] },
      },
      dateOfBirth: '1984',
    },
    oleksandr: { name: { given: 'Олександр', family: ['Шевченко'] }, dateOfBirth: '2001-11' },
    eleni: { name: { given: 'Ελένη', family: ['Παπαδοπούλου'] }, dateOfBirth: '1966-06-06' },
    wei: { name: { given: '伟', family: ['张'] }, dateOfBirth: '1995-08-08' },
    wayan: { name: { given: 'Wayan' }, address: { kind: 'no-fixed-address' } },
    muhammad: {
      name: { given: 'Muhammad', family: ['Hussain'] },
      dateOfBirth: '1979~',
      evidence: { strength: 'document', document: DOCUMENT },
    },
    siobhan: { name: { given: 'Siobhán', family: ['O’Brien'] }, dateOfBirth: '1988-12-01' },
    jose: { name: { given: 'José Ángel', family: ['de la Fuente', 'Núñez'] }, dateOfBirth: '1955-10-10' },
    hidden: { name: { given: 'Consol', family: ['Amagada'] }, dateOfBirth: '1977', protected: true },
  } as const
  for (const [key, person] of Object.entries(people))
    known[key] = (await register(app, structuredClone(person) as never)).id
})
afterAll(() => app?.close())

const search = (body: Criteria, as = 'clerk', purpose = 'counter-service') =>
  app.ask<{ matches: { id: string }[]; more: boolean; link: string; code: string }>('POST', '/v1/neighbours/search', {
    as,
    body,
    purpose,
  })

describe('finding a neighbour', () => {
  it.each<[string, Criteria]>([
    ['fatou', { name: 'Fatou N’Diaye' }],
    ['fatou', { name: 'fatou ndiaye' }],
    ['fatou', { name: "N'DIAYE FATOU" }],
    ['fatou', { name: 'Fatu Ndiaye' }],
    ['fatou', { name: 'Fatou', dateOfBirth: '1990' }],
    ['fatou', { name: 'fat', dateOfBirth: '1990-05' }],
    ['fatou', { name: 'Fatou', dateOfBirth: '1991~' }],
    ['nuria', { name: 'nuria puig' }],
    ['nuria', { name: 'Puig Cadafalch' }],
    ['nuria', { name: 'NURIA CADAFALC' }],
    ['nuria', { name: 'núria', street: 'mallorca' }],
    ['nuria', { street: 'Mallorca', number: '401' }],
    ['abdel', { name: 'Abdelrahman Benali' }],
    ['abdel', { name: 'abdel ali' }],
    ['abdel', { name: 'عبد الرحمن', dateOfBirth: '1984' }],
    ['oleksandr', { name: 'Oleksandr Shevchenko' }],
    ['oleksandr', { name: 'Шевченко Олександр' }],
    ['oleksandr', { name: 'Olexandr Shevchenko', dateOfBirth: '2001' }],
    ['eleni', { name: 'Eleni Papadopoulou' }],
    ['eleni', { name: 'Ελένη Παπαδοπούλου' }],
    ['wei', { name: 'Zhang Wei' }],
    ['wei', { name: '张伟', dateOfBirth: '1995' }],
    ['wayan', { name: 'Wayan', mononym: true }],
    ['muhammad', { name: 'Mohammed Hussein', dateOfBirth: '1979' }],
    ['muhammad', { name: 'Muhammad Husain' }],
    ['muhammad', { document: 'invented x1234567 l' }],
    ['siobhan', { name: 'siobhan obrien' }],
    ['siobhan', { name: 'Siobhan O Brien', dateOfBirth: '1988' }],
    ['jose', { name: 'Jose Angel Fuente' }],
    ['jose', { name: 'de la Fuente Nuñez' }],
    ['jose', { name: 'Nunes', dateOfBirth: '1955' }],
  ])('%s by %j', async (who, criteria) => {
    const answer = await search(criteria)
    expect(answer.status).toBe(200)
    expect(answer.body.matches.map((match) => match.id)).toContain(known[who])
  })

  it.each<[Criteria]>([
    [{}],
    [{ name: 'Fatou' }],
    [{ name: 'f' }],
    [{ dateOfBirth: '1990' }],
    [{ street: 'Mallorca' }],
    [{ name: 'de la' }],
    [{ number: '401' }],
    [{ mononym: true }],
  ])('refuses to leaf through the register: %j', async (criteria) => {
    expect(await search(criteria)).toMatchObject({ status: 422, body: { code: 'search-too-wide' } })
  })

  it('refuses unknown criteria and takes an empty one as absent only by name', async () => {
    const answer = await app.ask('POST', '/v1/neighbours/search', {
      as: 'clerk',
      purpose: 'counter-service',
      body: { name: 'Fatou Ndiaye', nationality: 'x' },
    })
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/nationality' }] } })
  })

  it('does not show people who merely share an index value', async () => {
    const { matches } = (await search({ name: 'Fatou Ndiaye' })).body
    expect(matches.map((match) => match.id)).toEqual([known.fatou])
  })

  it('shows enough to tell people apart and no more', async () => {
    const [match] = (await search({ name: 'nuria puig' })).body.matches
    expect(Object.keys(match ?? {}).sort()).toEqual(['address', 'dateOfBirth', 'id', 'name'])
  })

  it('never shows a protected neighbour to a clerk, by any of their details', async () => {
    for (const criteria of [{ name: 'Consol Amagada' }, { name: 'Consol', dateOfBirth: '1977' }]) {
      expect((await search(criteria)).body.matches).toEqual([])
      expect((await search(criteria, 'supervisor')).body.matches.map((match) => match.id)).toEqual([known.hidden])
    }
  })

  it('needs a purpose that searching serves', async () => {
    expect((await search({ name: 'Fatou Ndiaye' }, 'clerk', 'registration')).status).toBe(403)
    expect((await search({ name: 'Fatou Ndiaye' }, 'clerk', 'curiosity')).status).toBe(403)
    expect((await search({ name: 'Fatou Ndiaye' }, 'auditor')).status).toBe(403)
  })

  it('can be repeated by a link that says nothing and serves nobody else', async () => {
    const { link } = (await search({ name: 'Fatou Ndiaye' })).body
    const repeated = await app.ask<{ matches: { id: string }[] }>('GET', link, {
      as: 'clerk',
      purpose: 'counter-service',
    })
    expect(repeated.body.matches.map((match) => match.id)).toEqual([known.fatou])
    expect((await app.ask('GET', link, { as: 'second-clerk', purpose: 'counter-service' })).status).toBe(404)
    expect((await app.ask('GET', `${link}A`, { as: 'clerk', purpose: 'counter-service' })).status).toBe(404)
    expect(
      Buffer.from(new URL(link, 'http://x').searchParams.get('search') ?? '', 'base64url').toString('latin1'),
    ).not.toContain('Fatou')
  })

  it('writes who was shown to the ledger, and not what was typed', async () => {
    const [before] = await app.peek<{ count: number }>('select count(*)::int as count from ledger_entries')
    await search({ name: 'Fatou Ndiaye' })
    const entries = (await entriesOf(app)).slice(before?.count)
    expect(entries.map((entry) => entry.action)).toEqual(['search', 'search'])
    expect(entries.map((entry) => entry.subject_id).filter((id) => id !== null)).toEqual([known.fatou])
  })

  it('shows ten at the most, and says whether there are more', async () => {
    for (let i = 0; i < 11; i += 1) {
      const { more, matches } = (await search({ name: 'Gemma Repetida' })).body
      expect([matches.length, more]).toEqual([i, false])
      await register(app, { name: { given: 'Gemma', family: ['Repetida'] }, dateOfBirth: `19${50 + i}-01-01` })
    }
    const { more, matches } = (await search({ name: 'Gemma Repetida' })).body
    expect([matches.length, more]).toEqual([10, true])
    const dated = (await search({ name: 'Gemma Repetida', dateOfBirth: '1953' })).body
    expect([dated.matches.length, dated.more]).toEqual([1, false])
  })

  it('writes in the ledger by what was looked, how many were weighed and how many shown', async () => {
    await search({ name: 'Fatou Ndiaye', dateOfBirth: '1990' })
    const entry = (await entriesOf(app, "action = 'search'")).findLast(({ subject_id }) => subject_id === null)
    expect(entry?.content).toMatchObject({
      occasion: { criteria: 'dateOfBirth name', candidates: expect.any(Number), shown: 1 },
    })
  })

  it('still finds somebody by the name they had before', async () => {
    const { id, version } = await register(app, { name: { given: 'Tomàs', family: ['Vell'] }, dateOfBirth: '1960' })
    await app.ask('PATCH', `/v1/neighbours/${id}`, {
      as: 'clerk',
      ifMatch: version,
      body: { name: { given: 'Tamara', family: ['Vell'] } },
    })
    const found = await search({ name: 'Tomas Vell' })
    expect(found.body.matches.map((match) => match.id)).toEqual([id])
    expect(found.text).not.toContain('Tomàs')
  })

  it('says that somebody has left', async () => {
    const { id, version } = await register(app, {
      name: { given: 'Anselm', family: ['Partit'] },
      since: '2020-01-01',
    })
    await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      ifMatch: version,
      body: { cause: 'moved-away', saidBy: 'in-person', on: '2024-05-05' },
    })
    expect((await search({ name: 'Anselm Partit' })).body.matches).toMatchObject([{ id, departedOn: '2024-05-05' }])
  })

  it('finds nobody without complaint', async () => {
    expect((await search({ name: 'Nobody Whatsoever' })).body.matches).toEqual([])
    expect((await search({ document: randomUUID() })).body.matches).toEqual([])
  })
})
