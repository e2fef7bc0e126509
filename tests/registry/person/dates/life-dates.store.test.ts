import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustBeAMovement } from '../../../../src/registry/person/movements.ts'
import { openApp, type TestApp } from '../../../support/app.ts'
import { openRecord, register, somebody } from '../../../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

type Answered = { code: string; errors?: { pointer: string; detail: string }[] }
const ask = (method: string, path: string, body: unknown, more: object = {}) =>
  app.ask<Answered>(method, path, { as: 'clerk', body, ...more })
const refused = ({ status, body }: { status: number; body: Answered }) => [
  status,
  ...(body.errors ?? []).map(({ pointer }) => pointer),
]
const tomorrow = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().add({ days: 1 }).toString()
const elsewhere = { kind: 'dwelling', streetName: 'del Far', number: '8' } as const
const residencesOf = (id: string) =>
  app.peek<{ valid_from: string; valid_to: string | null }>(
    `select valid_from::text, valid_to::text from residences where neighbour_id = '${id}' and superseded_at is null order by 1`,
  )

describe('registering', () => {
  it.each([
    [{ since: '0024-01-01' }, '/since'],
    [{ since: '1899-12-31' }, '/since'],
    [{ dateOfBirth: '1990-05-17', since: '1990-05-16' }, '/since'],
    [{ dateOfBirth: '1990~', since: '1988-12-31' }, '/since'],
    [{ dateOfBirth: '196X', since: '1959-12-31' }, '/since'],
    [{ dateOfBirth: '2999' }, '/dateOfBirth'],
    [{ dateOfBirth: '1880-01-01' }, '/dateOfBirth'],
    [{ dateOfBirth: '24' }, '/dateOfBirth'],
    [{ dateOfBirth: '0024' }, '/dateOfBirth'],
  ])('with %o is refused at %s', async (dates, pointer) => {
    const before = await app.peek('select id from neighbours')
    expect(refused(await ask('POST', '/v1/neighbours', somebody(dates)))).toEqual([422, pointer])
    expect(await app.peek('select id from neighbours')).toHaveLength(before.length)
  })

  it('says the years that two digits may mean', async () => {
    const { body } = await ask('POST', '/v1/neighbours', somebody({ since: '0024-02-01' }))
    expect(body.errors?.[0]?.detail).toContain('2024 or 1924')
    for (const dateOfBirth of ['24', '24-05-17', '24~']) {
      const answer = await ask('POST', '/v1/neighbours', somebody({ dateOfBirth }))
      expect(answer.body.errors?.[0]?.detail, dateOfBirth).toContain('2024 or 1924')
    }
  })

  it('takes somebody of 140 years once a clerk has looked again, and does not keep that they did', async () => {
    const old = somebody({ dateOfBirth: '1886-03-01', since: '1990-01-01' })
    expect(refused(await ask('POST', '/v1/neighbours', old))).toEqual([422, '/dateOfBirth'])
    expect((await ask('POST', '/v1/neighbours', { ...old, confirmedAge: true })).status).toBe(201)
  })

  it('takes a newborn from the day of birth, and years at an address from before an approximate one', async () => {
    await register(app, { dateOfBirth: '2026-01-02', since: '2026-01-02', cause: 'birth' })
    await register(app, { dateOfBirth: '1990~', since: '1989-06-01' })
  })

  it.each(['196X', '../1959', '1990-22'])(
    'takes a birth of %s, and finds it by a year it may have been',
    async (born) => {
      const { id } = await register(app, {
        name: { given: 'Aissatou', family: ['Delprat'] },
        dateOfBirth: born,
        confirmedDistinct: true,
      })
      expect((await openRecord(app, id)).body.dateOfBirth).toBe(born)
      const year = born === '196X' ? '1963' : born === '1990-22' ? '1990' : '1950'
      const found = await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
        as: 'clerk',
        purpose: 'counter-service',
        body: { name: 'Aissatou Delprat', dateOfBirth: year },
      })
      expect(found.body.matches.map((match) => match.id)).toContain(id)
    },
  )

  it('asks whether two are one where the year of one may be the year of the other', async () => {
    const name = { given: 'Veselin', family: ['Obretenov'] }
    await register(app, { name, dateOfBirth: '../1959' })
    const again = await ask('POST', '/v1/neighbours', somebody({ name, dateOfBirth: '1950-02-01' }))
    expect(again.body.code).toBe('duplicate-suspected')
  })

  it('does not leaf through a decade of people with one name', async () => {
    const search = (body: object) =>
      app.ask<Answered>('POST', '/v1/neighbours/search', { as: 'clerk', purpose: 'counter-service', body })
    expect((await search({ name: 'Aissatou', dateOfBirth: '196X' })).body.code).toBe('search-too-wide')
    expect((await search({ name: 'Aissatou', dateOfBirth: '1963' })).status).toBe(200)
  })
})

describe('a correction of the date of birth', () => {
  const correct = (id: string, body: object) => ask('PATCH', `/v1/neighbours/${id}`, body, { ifMatch: 1 })

  it.each(['2999-01-01', '2021', '1880'])('to %s is refused', async (dateOfBirth) => {
    const { id } = await register(app, { dateOfBirth: '1990-05-17', since: '2020-01-01' })
    expect(refused(await correct(id, { dateOfBirth }))).toEqual([422, '/dateOfBirth'])
    expect((await openRecord(app, id)).body).toMatchObject({ version: 1, dateOfBirth: '1990-05-17' })
  })

  it('compares with the residences of before too', async () => {
    const { id, version } = await register(app, { dateOfBirth: '1990-05-17', since: '2005-01-01' })
    await ask(
      'POST',
      `/v1/neighbours/${id}/residences`,
      { address: elsewhere, since: '2015-01-01' },
      { ifMatch: version },
    )
    const corrected = await ask('PATCH', `/v1/neighbours/${id}`, { dateOfBirth: '2010' }, { ifMatch: version + 1 })
    expect(refused(corrected)).toEqual([422, '/dateOfBirth'])
  })

  it('takes what is possible, unknown included, and a great age that was looked at', async () => {
    const { id } = await register(app, { dateOfBirth: '1990-05-17', since: '2020-01-01' })
    expect((await correct(id, { dateOfBirth: '1886', confirmedAge: true })).status).toBe(200)
    expect((await ask('PATCH', `/v1/neighbours/${id}`, { dateOfBirth: null }, { ifMatch: 2 })).status).toBe(200)
    expect(refused(await ask('PATCH', `/v1/neighbours/${id}`, { confirmedAge: true }, { ifMatch: 3 }))[0]).toBe(422)
  })
})

describe('a move, a return and a departure', () => {
  it('are refused on a day that cannot be, by the field it stands in', async () => {
    const { id, version } = await register(app, { dateOfBirth: '1990-05-17', since: '1995-01-01' })
    const move = (since: string) =>
      ask('POST', `/v1/neighbours/${id}/residences`, { address: elsewhere, since }, { ifMatch: version })
    for (const since of ['0024-01-01', '1899-01-01', '1989-01-01', '1994-12-31', tomorrow()])
      expect(refused(await move(since)), since).toEqual([422, '/since'])
    const leave = (on: string) =>
      ask('POST', `/v1/neighbours/${id}/departures`, { cause: 'death', on }, { ifMatch: version })
    for (const on of ['0024-01-01', '1989-01-01', '1994-12-31', tomorrow()])
      expect(refused(await leave(on)), on).toEqual([422, '/on'])
  })

  it('leave the years somebody lived here where a departure was dated before them', async () => {
    const { id, version } = await register(app, { dateOfBirth: '1970', since: '2001-03-01' })
    const left = await ask(
      'POST',
      `/v1/neighbours/${id}/departures`,
      { cause: 'moved-away', saidBy: 'in-person', on: '2000-01-01' },
      { ifMatch: version },
    )
    expect(refused(left)).toEqual([422, '/on'])
    expect(await residencesOf(id)).toEqual([{ valid_from: '2001-03-01', valid_to: null }])
  })

  it('bring nobody back before they left', async () => {
    const { id, version } = await register(app, { dateOfBirth: '1970', since: '2001-03-01' })
    await ask(
      'POST',
      `/v1/neighbours/${id}/departures`,
      { cause: 'moved-away', saidBy: 'in-person', on: '2010-01-01' },
      { ifMatch: version, as: 'supervisor' },
    )
    const back = (since: string) =>
      ask('POST', `/v1/neighbours/${id}/returns`, { address: elsewhere, since }, { ifMatch: version + 1 })
    for (const since of ['2009-12-31', '0024-01-01', tomorrow()])
      expect(refused(await back(since)), since).toEqual([422, '/since'])
    expect((await back('2012-01-01')).status).toBe(201)
  })

  it('are not told of on a day to come', async () => {
    const { id, version } = await register(app)
    const opened = await app.ask<{ proceedingId: string }>('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'wrongly-registered', reason: 'Nobody there', informant: 'staff' },
      ifMatch: version,
    })
    const notice = (givenOn: string) =>
      ask('POST', `/v1/neighbours/${id}/departures/${opened.body.proceedingId}/notice`, { givenOn, by: 'in-person' })
    for (const day of ['0024-01-01', tomorrow()]) expect(refused(await notice(day)), day).toEqual([422, '/givenOn'])
  })
})

describe('the database', () => {
  const insert = (id: string, from: string, to: string) =>
    app.peek(
      `insert into residences (id, municipality_id, neighbour_id, household_id, valid_from, valid_to)
       select gen_random_uuid(), municipality_id, neighbour_id, household_id, '${from}', ${to} from residences
       where neighbour_id = '${id}' limit 1`,
    )

  it('itself keeps residences between the floor of the town and tomorrow', async () => {
    const { id } = await register(app, { since: '2020-01-01' })
    await expect(insert(id, '1899-01-01', "'1899-12-31'")).rejects.toThrow(/before the town keeps/)
    await expect(insert(id, '2990-01-01', "'2990-02-01'")).rejects.toThrow(/not_to_come|do_not_overlap/)
    await expect(insert(id, '2010-01-01', "'2010-02-01'")).resolves.toBeDefined()
  })

  it('itself lets nobody leave before they came', async () => {
    const { id } = await register(app, { since: '2020-01-01' })
    await expect(app.peek(`update neighbours set departed_on = '2019-01-01' where id = '${id}'`)).rejects.toThrow(
      /before a residence/,
    )
  })
})

it('no movement is of the future, of before anybody lived, or of a cause that its kind has not', () => {
  const day = Temporal.Now.plainDateISO('UTC')
  const move =
    (effectiveOn: string, cause: 'address' | 'death' = 'address') =>
    () =>
      mustBeAMovement({ kind: 'change', cause, effectiveOn }, Temporal.Now.instant())
  expect(move(day.toString())).not.toThrow()
  expect(move(day.add({ days: 2 }).toString())).toThrow(/of a day that it cannot be of/)
  expect(move('0024-01-01')).toThrow(/of a day that it cannot be of/)
  expect(move(day.toString(), 'death')).toThrow(/no cause of this name/)
})
