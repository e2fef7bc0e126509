import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, openApp, type TestApp } from '../../support/app.ts'
import { entriesAbout } from '../../support/entries.ts'
import { openRecord, type RegisteredAnswer, register, somebody } from '../../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { backdateDays: 90, timeCorrectionDays: 30, hourlyBudgetStaff: 100_000 } })
})
afterAll(() => app?.close())

const today = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
const ago = (days: number) => today().subtract({ days }).toString()

interface CorrectedAnswer {
  status: string
  code: string
  residenceId: string
  startId: string
  from: string
  people: number
  version: number
  errors: { pointer: string; detail: string }[]
}
interface Past {
  state: { address?: { streetName?: string }; residence?: object; said?: { id: string; from: string }[] }
  movements: { movement: string; cause: string; effectiveOn: string; start?: Record<string, unknown> }[]
  residences: { id: string; validFrom: string; validTo: string | null; supersededAt: string | null }[]
}

const history = async (id: string, query = '') =>
  (
    await app.ask<Past>('GET', `/v1/neighbours/${id}/history${query}`, {
      as: 'supervisor',
      purpose: 'counter-service',
    })
  ).body
const inForce = async (id: string) =>
  (await history(id)).residences
    .filter(({ supersededAt }) => supersededAt === null)
    .sort((one, other) => one.validFrom.localeCompare(other.validFrom))
const spans = async (id: string) => (await inForce(id)).map(({ validFrom, validTo }) => [validFrom, validTo])
const versionOf = async (id: string) =>
  Number((await openRecord(app, id, 'supervisor')).headers.get('etag')?.replaceAll('"', ''))
const residenceOf = async (id: string, at = -1) => (await inForce(id)).at(at)?.id ?? ''
const saidOf = async (id: string, as = 'clerk') =>
  ((await openRecord(app, id, as)).body.said ?? []) as { id: string; from: string; yours: boolean; with: string }[]

const move = async (id: string, body: object, more: Asked = {}) =>
  app.ask<CorrectedAnswer & { saidSince?: string; validFrom: string }>('POST', `/v1/neighbours/${id}/residences`, {
    as: 'clerk',
    body,
    ifMatch: await versionOf(id),
    ...more,
  })
const correct = async (id: string, residenceId: string, body: object, more: Asked = {}) =>
  app.ask<CorrectedAnswer>('POST', `/v1/neighbours/${id}/residences/${residenceId}/start`, {
    as: 'clerk',
    body: { reason: 'They showed us the lease', ...body },
    ifMatch: await versionOf(id),
    ...more,
  })
const decide = async (id: string, startId: string, body: object, more: Asked = {}) =>
  app.ask<CorrectedAnswer>('POST', `/v1/neighbours/${id}/starts/${startId}/decision`, {
    as: 'second-clerk',
    body,
    ifMatch: await versionOf(id),
    ...more,
  })
const depart = async (id: string, body: object) =>
  app.ask<{ code: string; on: string }>('POST', `/v1/neighbours/${id}/departures`, {
    as: 'clerk',
    body,
    ifMatch: await versionOf(id),
  })
const departAs = async (as: string, id: string, body: object) =>
  app.ask<{ code: string }>('POST', `/v1/neighbours/${id}/departures`, { as, body, ifMatch: await versionOf(id) })
const comeBack = async (id: string, body: object) =>
  app.ask<{ saidSince?: string; validFrom: string; code: string }>('POST', `/v1/neighbours/${id}/returns`, {
    as: 'clerk',
    body,
    ifMatch: await versionOf(id),
  })
const street = (streetName: string) => ({ address: { kind: 'dwelling' as const, streetName } })
const databaseTime = async () => {
  const [{ now } = { now: '' }] = await app.peek<{ now: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`,
  )
  await new Promise((resolve) => setTimeout(resolve, 5))
  return now
}

describe('years that are somebody’s word', () => {
  const YEARS = '2019-03-01'

  it('are kept as said: a neighbour from today at once, and the confirmed start everywhere', async () => {
    const answer = await register(app, { since: YEARS })
    expect(answer).toMatchObject({ residentSince: today().toString(), saidSince: YEARS, version: 1 })
    const record = await openRecord(app, answer.id)
    expect(record.body).toMatchObject({
      residence: { validFrom: today().toString(), residentSince: today().toString() },
      said: [{ from: YEARS, with: 'registration', yours: true, present: true }],
    })
    expect(await saidOf(answer.id, 'second-clerk')).toMatchObject([{ yours: false }])
    const proof = await app.ask<{ token: string }>('POST', `/v1/neighbours/${answer.id}/proofs`, {
      as: 'clerk',
      body: { profile: 'social-housing' },
    })
    const checked = await app.ask('POST', '/v1/verifications', { body: { token: proof.body.token } })
    expect(checked.body.claims).toMatchObject({
      resident_since: today().toString(),
      resident_at_least_5_years: false,
    })
  })

  it('begin where the town’s days of grace end: its setting decides', async () => {
    const within = await register(app, { since: ago(90) })
    expect(within.residentSince).toBe(ago(90))
    expect(within).not.toHaveProperty('saidSince')
    expect(await register(app, { since: ago(91) })).toMatchObject({
      residentSince: today().toString(),
      saidSince: ago(91),
    })
  })

  it('are sealed: no row tells the day', async () => {
    await register(app, { since: '2007-07-07' })
    const rows = await app.peek<{ all: string }>('select row_to_json(s)::text as all from said_starts s')
    expect(rows.length).toBeGreaterThan(0)
    for (const { all } of rows) expect(all).not.toContain('2007-07')
    const residences = await app.peek(`select id from residences where valid_from = '2007-07-07'`)
    expect(residences).toEqual([])
  })

  it('are confirmed by a second member of staff with what was seen, and the history says who and how strongly', async () => {
    const { id } = await register(app, { since: YEARS })
    const [{ id: startId } = { id: '' }] = await saidOf(id)
    const confirmed = { decision: 'confirmed', seen: 'attestation' }
    expect(await decide(id, startId, confirmed, { as: 'clerk' })).toMatchObject({
      status: 409,
      body: { code: 'second-clerk-needed' },
    })
    expect(await decide(id, startId, { decision: 'confirmed', seen: 'declaration' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/seen' }] },
    })
    expect(await spans(id)).toEqual([[today().toString(), null]])
    const proof = await app.ask<{ id: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile: 'social-housing' },
    })
    const library = await app.ask<{ id: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    const key = { idempotencyKey: randomUUID(), ifMatch: await versionOf(id) }
    const answer = await decide(id, startId, confirmed, key)
    expect(answer).toMatchObject({ status: 200, body: { status: 'corrected', from: YEARS, people: 1, version: 2 } })
    expect((await decide(id, startId, confirmed, key)).body).toEqual(answer.body)
    expect((await openRecord(app, id)).body).toMatchObject({
      residence: { validFrom: YEARS, residentSince: YEARS },
    })
    expect(await saidOf(id)).toEqual([])
    expect((await history(id)).movements.at(-1)).toMatchObject({
      movement: 'change',
      cause: 'time-corrected',
      start: {
        was: today().toString(),
        said: YEARS,
        seen: 'attestation',
        by: { role: 'clerk', office: 'Citizenship Office' },
      },
    })
    // What said other years is taken back; what says only that they live here is not.
    const revoked = await app.peek(
      `select id from proofs where id in ('${proof.body.id}', '${library.body.id}') and public_from is not null`,
    )
    expect(revoked).toEqual([{ id: proof.body.id }])
    expect(await decide(id, startId, confirmed)).toMatchObject({ status: 409, body: { code: 'start-decided' } })
  })

  it('are refused with a reason, which stands in the history; then they can be said again', async () => {
    const { id } = await register(app, { since: YEARS })
    const [{ id: startId } = { id: '' }] = await saidOf(id)
    const reason = 'The school knows of nobody by this name'
    expect(await decide(id, startId, { decision: 'refused', reason })).toMatchObject({
      status: 200,
      body: { status: 'refused' },
    })
    expect(await saidOf(id)).toEqual([])
    expect((await history(id)).movements.at(-1)).toMatchObject({
      cause: 'start-refused',
      start: { said: YEARS, reason },
    })
    expect(await spans(id)).toEqual([[today().toString(), null]])
    expect(await correct(id, await residenceOf(id), { from: YEARS })).toMatchObject({
      status: 201,
      body: { status: 'waiting' },
    })
  })

  it('of a move and of a return wait the same way, and the gap stays', async () => {
    const { id } = await register(app, { since: ago(80) })
    const early = { ...street('del Pou'), since: ago(85) }
    expect(await move(id, early)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/since' }] } })
    const [first] = await saidOf((await register(app, { since: '2015-01-01' })).id)
    expect(first).toMatchObject({ from: '2015-01-01' })

    const mover = await register(app, { since: '2015-01-01' })
    const [start] = await saidOf(mover.id)
    await decide(mover.id, start?.id ?? '', { decision: 'confirmed', seen: 'document' })
    const moved = await move(mover.id, { ...street('del Pou'), since: '2021-05-01' })
    expect(moved).toMatchObject({
      status: 201,
      body: { validFrom: today().toString(), saidSince: '2021-05-01' },
    })
    expect(await spans(mover.id)).toEqual([
      ['2015-01-01', today().toString()],
      [today().toString(), null],
    ])
    const [waiting] = await saidOf(mover.id)
    // Between two addresses no year is gained: their word is enough for a second clerk.
    expect(await decide(mover.id, waiting?.id ?? '', { decision: 'confirmed', seen: 'declaration' })).toMatchObject({
      status: 200,
    })
    expect(await spans(mover.id)).toEqual([
      ['2015-01-01', '2021-05-01'],
      ['2021-05-01', null],
    ])
    expect((await openRecord(app, mover.id)).body).toMatchObject({ residence: { residentSince: '2015-01-01' } })

    const long = { cause: 'moved-away', saidBy: 'in-person', on: '2022-01-01' }
    // Years taken away at one stroke are not for one clerk either.
    expect(await depart(mover.id, long)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/on' }] } })
    expect((await departAs('supervisor', mover.id, long)).status).toBe(201)
    expect(await comeBack(mover.id, { ...street('Nou'), since: '2023-01-01' })).toMatchObject({
      status: 201,
      body: { validFrom: today().toString(), saidSince: '2023-01-01' },
    })
    const [again] = await saidOf(mover.id)
    expect(await decide(mover.id, again?.id ?? '', { decision: 'confirmed', seen: 'declaration' })).toMatchObject({
      status: 422,
    })
    expect((await decide(mover.id, again?.id ?? '', { decision: 'confirmed', seen: 'attestation' })).status).toBe(200)
    expect((await openRecord(app, mover.id)).body).toMatchObject({ residence: { residentSince: '2023-01-01' } })
    expect((await spans(mover.id)).at(-2)).toEqual(['2021-05-01', '2022-01-01'])
  })

  it('go on waiting when the address of today is corrected, and when they move on', async () => {
    const { id } = await register(app, { since: '2016-01-01' })
    expect((await move(id, { ...street('Carrer del Vent'), since: '2016-01-01' })).status).toBe(201)
    expect((await history(id)).movements.at(-1)).toMatchObject({ cause: 'address-corrected' })
    expect(await saidOf(id)).toMatchObject([{ from: '2016-01-01', present: true }])
    // Nothing of it would be left to confirm: first this, then the move.
    expect(await move(id, { ...street('Nou'), since: '2020-01-01' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/since' }] },
    })
    app.clock.advance({ hours: 24 })
    expect((await move(id, { ...street('Nou'), since: '2020-01-01' })).status).toBe(201)
    const said = await saidOf(id)
    expect(said.map(({ from }) => from).sort()).toEqual(['2016-01-01', '2020-01-01'])
    const later = said.find(({ from }) => from === '2020-01-01')
    expect(await decide(id, later?.id ?? '', { decision: 'confirmed', seen: 'document' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/from' }] },
    })
    for (const from of ['2016-01-01', '2020-01-01']) {
      const one = (await saidOf(id)).find((start) => start.from === from)
      expect((await decide(id, one?.id ?? '', { decision: 'confirmed', seen: 'document' })).status).toBe(200)
    }
    expect(await spans(id)).toEqual([
      ['2016-01-01', '2020-01-01'],
      ['2020-01-01', null],
    ])
  })

  it('of a whole family are confirmed together, save who is protected', async () => {
    const parent = await register(app, { since: YEARS })
    const mate = { address: undefined, householdId: parent.householdId }
    const child = await register(app, { ...mate, since: YEARS })
    const baby = await register(app, { ...mate, since: '2024-01-01' })
    const hidden = await register(app, { ...mate, since: YEARS, protected: true })
    const [start] = await saidOf(parent.id)
    const decision = { decision: 'confirmed', seen: 'attestation', everyone: true }
    for (const as of ['second-clerk', 'supervisor'] as const) {
      const one = as === 'supervisor' ? await saidOf(child.id) : [start]
      const answer = await decide((as === 'supervisor' ? child : parent).id, one[0]?.id ?? '', decision, { as })
      expect(answer).toMatchObject(as === 'supervisor' ? { status: 404 } : { status: 200, body: { people: 2 } })
    }
    for (const { id } of [parent, child]) expect(await spans(id)).toEqual([[YEARS, null]])
    for (const { id } of [baby, hidden]) expect(await spans(id)).toEqual([[today().toString(), null]])
    expect(await versionOf(baby.id)).toBe(1)
  })

  it('are listed for whoever may see them: protected ones for supervisors', async () => {
    const open = await register(app, { since: YEARS })
    const hidden = await register(app, { since: YEARS })
    await app.ask('POST', `/v1/neighbours/${hidden.id}/protection`, {
      as: 'supervisor',
      body: { protected: true, reason: 'asked for it' },
      ifMatch: hidden.version,
    })
    const listed = async (as: string) => {
      const { body } = await app.ask<{ starts: { neighbourId: string; name: object; from: string }[] }>(
        'GET',
        '/v1/starts',
        { as },
      )
      return body.starts.map(({ neighbourId }) => neighbourId)
    }
    expect(await listed('clerk')).toContain(open.id)
    expect(await listed('clerk')).not.toContain(hidden.id)
    expect(await listed('supervisor')).toEqual(expect.arrayContaining([open.id, hidden.id]))
    for (const as of ['legal', 'auditor']) expect((await app.ask('GET', '/v1/starts', { as })).status).toBe(403)
    const [start] = await saidOf(hidden.id, 'supervisor')
    const decision = { decision: 'confirmed', seen: 'document' }
    expect((await decide(hidden.id, start?.id ?? '', decision)).status).toBe(404)
    expect((await decide(hidden.id, start?.id ?? '', decision, { as: 'supervisor' })).status).toBe(200)
  })
})

describe('correcting the start of a residence', () => {
  const moved = async () => {
    const { id } = await register(app, { since: ago(80), ...street('Vell') })
    await move(id, { ...street('Nou'), since: ago(10) })
    return id
  }

  it('moves the end of the one before it to the same day, later and earlier, and keeps what was believed', async () => {
    const id = await moved()
    const before = await databaseTime()
    const known = await history(id, `?knownAt=${before}`)
    for (const days of [5, 20]) {
      const residence = await residenceOf(id)
      const answer = await correct(id, residence, { from: ago(days) })
      expect(answer).toMatchObject({ status: 201, body: { status: 'corrected', from: ago(days), people: 1 } })
      expect(answer.headers.get('etag')).toBe(`"${answer.body.version}"`)
      expect(await spans(id)).toEqual([
        [ago(80), ago(days)],
        [ago(days), null],
      ])
      expect(await residenceOf(id)).toBe(answer.body.residenceId)
    }
    expect((await history(id, `?trueAt=${ago(15)}`)).state).toMatchObject({ address: { streetName: 'Nou' } })
    expect((await history(id, `?trueAt=${ago(15)}&knownAt=${before}`)).state).toMatchObject({
      address: { streetName: 'Vell' },
    })
    const then = await history(id, `?knownAt=${before}`)
    expect(then.movements).toEqual(known.movements)
    expect(then.state).toEqual(known.state)
    expect((await history(id)).movements.at(-1)).toMatchObject({
      cause: 'time-corrected',
      effectiveOn: ago(20),
      start: { was: ago(5), said: ago(20), reason: 'They showed us the lease', by: { role: 'clerk' } },
    })
    expect((await openRecord(app, id)).body).toMatchObject({ residence: { residentSince: ago(80) } })
  })

  it('that leaves the one before it no day says what to do, unless nobody lived there', async () => {
    const { id } = await register(app, { since: ago(40), ...street('Mai') })
    await move(id, { ...street('Nou'), since: ago(20) })
    const residence = await residenceOf(id)
    expect(await correct(id, residence, { from: ago(41) })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/from', detail: expect.stringContaining('neverThere') }] },
    })
    expect((await correct(id, residence, { from: ago(41), neverThere: true })).status).toBe(201)
    expect(await spans(id)).toEqual([[ago(41), null]])
    expect((await history(id, `?trueAt=${ago(30)}`)).state).toMatchObject({ address: { streetName: 'Nou' } })
  })

  it('of one that has ended, and of somebody who has left, is corrected too', async () => {
    const id = await moved()
    await depart(id, { cause: 'moved-away', saidBy: 'in-person', on: ago(1) })
    expect((await correct(id, await residenceOf(id, 0), { from: ago(70) })).status).toBe(201)
    expect((await correct(id, await residenceOf(id), { from: ago(8) })).status).toBe(201)
    expect(await spans(id)).toEqual([
      [ago(70), ago(8)],
      [ago(8), ago(1)],
    ])
    expect(await correct(id, await residenceOf(id), { from: ago(1) })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/from' }] },
    })
  })

  it('of a departure written with the wrong day is put right by two: who came back that day never left', async () => {
    const { id } = await register(app, { since: ago(80) })
    expect((await depart(id, { cause: 'moved-away', saidBy: 'in-person', on: ago(50) })).status).toBe(201)
    await comeBack(id, { ...street('Nou'), since: ago(49) })
    const answer = await correct(id, await residenceOf(id), { from: ago(50) })
    expect(answer).toMatchObject({ status: 201, body: { status: 'waiting' } })
    const [waiting] = await saidOf(id)
    expect((await decide(id, waiting?.id ?? '', { decision: 'confirmed', seen: 'photo-document' })).status).toBe(200)
    expect((await openRecord(app, id)).body).toMatchObject({ residence: { residentSince: ago(80) } })
    expect(await history(id)).toMatchObject({})
  })

  it('of somebody whose death is recorded is a supervisor’s', async () => {
    const { id } = await register(app, { since: ago(80) })
    await depart(id, { cause: 'death', on: ago(10) })
    expect(await comeBack(id, { ...street('Nou'), since: ago(5) })).toMatchObject({ body: { code: 'recorded-dead' } })
    const back = await app.ask('POST', `/v1/neighbours/${id}/returns`, {
      as: 'supervisor',
      body: { ...street('Nou'), since: ago(10) },
      ifMatch: await versionOf(id),
    })
    expect(back.status).toBe(201)
  })

  it('keeps a time away', async () => {
    const { id } = await register(app, { since: ago(80) })
    await depart(id, { cause: 'moved-away', saidBy: 'in-person', on: ago(50) })
    await comeBack(id, { ...street('Nou'), since: ago(30) })
    for (const days of [51, 55])
      expect((await correct(id, await residenceOf(id), { from: ago(days) })).status).toBe(422)
    expect((await correct(id, await residenceOf(id), { from: ago(49) })).status).toBe(201)
    expect((await correct(id, await residenceOf(id), { from: ago(20) })).status).toBe(201)
    expect(await spans(id)).toEqual([
      [ago(80), ago(50)],
      [ago(20), null],
    ])
  })

  it('is not in the future, not what it is already, and not of somebody else’s residence', async () => {
    const id = await moved()
    const residence = await residenceOf(id)
    expect((await correct(id, residence, { from: today().add({ days: 1 }).toString() })).status).toBe(422)
    expect(await correct(id, residence, { from: ago(10) })).toMatchObject({
      status: 409,
      body: { code: 'nothing-changes' },
    })
    expect((await correct(id, residence, { from: ago(9), reason: '' })).status).toBe(422)
    const other = await moved()
    expect((await correct(id, await residenceOf(other), { from: ago(9) })).status).toBe(404)
    expect((await correct(id, residence, { from: ago(9) }, { ifMatch: 1 })).status).toBe(412)
    expect(await spans(id)).toEqual([
      [ago(80), ago(10)],
      [ago(10), null],
    ])
  })

  it('happens once for one key, and needs If-Match', async () => {
    const id = await moved()
    const residence = await residenceOf(id)
    const key = { idempotencyKey: randomUUID(), ifMatch: await versionOf(id) }
    const first = await correct(id, residence, { from: ago(12) }, key)
    expect((await correct(id, residence, { from: ago(12) }, key)).body).toEqual(first.body)
    expect(await correct(id, residence, { from: ago(13) }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency-mismatch' },
    })
    expect((await history(id)).movements.filter(({ cause }) => cause === 'time-corrected')).toHaveLength(1)
    const bare = await app.ask('POST', `/v1/neighbours/${id}/residences/${residence}/start`, {
      as: 'clerk',
      body: { from: ago(12), reason: 'They said so' },
    })
    expect(bare.status).toBe(428)
  })

  it('further than the town lets one person decide waits for somebody else, step by step too', async () => {
    const { id } = await register(app, { since: ago(60) })
    expect((await correct(id, await residenceOf(id), { from: ago(80) })).body.status).toBe('corrected')
    // Twenty days and twenty more are forty: two small steps are one large one.
    const waiting = await correct(id, await residenceOf(id), { from: ago(100) })
    expect(waiting).toMatchObject({ status: 201, body: { status: 'waiting' } })
    expect(await spans(id)).toEqual([[ago(80), null]])
    expect(await correct(id, await residenceOf(id), { from: ago(101) })).toMatchObject({
      status: 409,
      body: { code: 'start-waiting' },
    })
    const { startId } = waiting.body
    expect(await decide(id, startId, { decision: 'confirmed', seen: 'document' }, { as: 'clerk' })).toMatchObject({
      status: 409,
      body: { code: 'second-clerk-needed' },
    })
    expect(await decide(id, startId, { decision: 'confirmed', seen: 'declaration' })).toMatchObject({ status: 422 })
    expect((await decide(id, startId, { decision: 'confirmed', seen: 'photo-document' })).status).toBe(200)
    expect(await spans(id)).toEqual([[ago(100), null]])
    expect((await history(id)).movements.at(-1)?.start).toMatchObject({ reason: 'They showed us the lease' })
    // From what two people decided, one person may correct again.
    expect((await correct(id, await residenceOf(id), { from: ago(75) })).body.status).toBe('corrected')
    expect((await move(id, { ...street('Altre'), since: ago(75) })).status).toBe(201)
    // An address that is corrected is no new start to count from.
    expect((await correct(id, await residenceOf(id), { from: ago(60) })).body.status).toBe('waiting')
  })

  it('is for all who began there together, all or none, save who is protected', async () => {
    const parent = await register(app, { since: ago(80), ...street('Vell') })
    const mate = { address: undefined, householdId: parent.householdId, since: ago(80) }
    const child = await register(app, mate)
    const later = await register(app, { ...mate, since: ago(15) })
    const hidden = await register(app, { ...mate, protected: true })
    const residence = await residenceOf(parent.id)
    const answer = await correct(parent.id, residence, { from: ago(70), everyone: true })
    expect(answer.body).toMatchObject({ status: 'corrected', people: 2 })
    for (const { id } of [parent, child]) expect(await spans(id)).toEqual([[ago(70), null]])
    expect(await spans(later.id)).toEqual([[ago(15), null]])
    expect(await spans(hidden.id)).toEqual([[ago(80), null]])
    // A supervisor sees the protected member, and corrects their days on their own record alone.
    const again = await correct(
      parent.id,
      await residenceOf(parent.id),
      { from: ago(80), everyone: true },
      { as: 'supervisor' },
    )
    expect(again.body.people).toBe(2)
    expect(await versionOf(hidden.id)).toBe(1)
    const entries = (of: string) => entriesAbout(app, of, "action = 'correct-time'")
    expect([
      (await entries(parent.id)).length,
      (await entries(child.id)).length,
      (await entries(hidden.id)).length,
    ]).toEqual([2, 2, 0])
    const far = await correct(parent.id, await residenceOf(parent.id), { from: ago(200), everyone: true })
    expect(far.body).toMatchObject({ status: 'waiting', people: 2 })
    const everyone = { decision: 'confirmed', seen: 'attestation', everyone: true }
    expect((await decide(parent.id, far.body.startId, everyone)).body.people).toBe(2)
    for (const { id } of [parent, child]) expect(await spans(id)).toEqual([[ago(200), null]])
  })

  it('corrects nobody’s where it cannot correct everybody’s', async () => {
    const one = await register(app, { since: ago(80), ...street('Lluny') })
    const home = await register(app, { since: ago(20) })
    const other = await register(app, { since: ago(30) })
    for (const { id } of [one, other]) await move(id, { householdId: home.householdId, since: ago(10) })
    const residence = await residenceOf(one.id)
    expect((await correct(one.id, residence, { from: ago(35), everyone: true })).status).toBe(422)
    for (const { id } of [one, other]) expect((await spans(id)).at(-1)).toEqual([ago(10), null])
    expect([await versionOf(one.id), await versionOf(other.id)]).toEqual([2, 2])
  })

  it('is for clerks and supervisors: nobody else, and not a clerk on a protected record', async () => {
    const id = await moved()
    const residence = await residenceOf(id)
    for (const as of ['legal', 'auditor', 'library'])
      expect([401, 403]).toContain((await correct(id, residence, { from: ago(9) }, { as })).status)
    const hidden = await register(app, { since: ago(10), protected: true })
    const theirs = await residenceOf(hidden.id)
    expect((await correct(hidden.id, theirs, { from: ago(9) })).status).toBe(404)
    expect((await correct(hidden.id, theirs, { from: ago(9) }, { as: 'supervisor' })).status).toBe(201)
  })
})

describe('a move to where they live already', () => {
  it('changes nothing: to the same address, however it is spelled, or into their own household', async () => {
    const address = { kind: 'dwelling', streetName: 'Carrer Major', number: '7' } as const
    const { id, householdId } = await register(app, { address })
    const mate = await register(app, { address: undefined, householdId })
    const same = [
      { address },
      { address: { ...address, streetName: 'carrer  major' } },
      { address, everyone: true },
      { householdId },
      { householdId, everyone: true },
      { address, since: today().toString() },
    ]
    for (const body of same)
      for (const one of [id, mate.id])
        expect(await move(one, body)).toMatchObject({ status: 409, body: { code: 'nothing-changes' } })
    expect((await history(id)).movements).toHaveLength(1)
    expect((await move(id, { address: { ...address, floor: '2' } })).status).toBe(201)

    const none = await register(app, { address: { kind: 'no-fixed-address' } })
    expect((await move(none.id, { address: { kind: 'no-fixed-address' } })).status).toBe(409)
    expect((await move(none.id, { address: { kind: 'no-fixed-address', usualArea: 'Port' } })).status).toBe(201)
  })

  it('is in the ledger as a look', async () => {
    const { id } = await register(app, street('Carrer de la Llum'))
    await move(id, street('Carrer de la Llum'))
    expect(await entriesAbout(app, id, "action = 'move'")).toHaveLength(1)
  })
})

describe('the death of somebody who had left', () => {
  it('is written down from the day they left on, and that day stays what it was', async () => {
    const { id } = await register(app, { since: ago(80) })
    await depart(id, { cause: 'moved-away', saidBy: 'in-person', on: ago(40) })
    expect(await depart(id, { cause: 'death', on: ago(41) })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/on' }] },
    })
    expect(await depart(id, { cause: 'moved-away', saidBy: 'in-person', on: ago(39) })).toMatchObject({ status: 409 })
    expect(await depart(id, { cause: 'death', on: ago(5) })).toMatchObject({ status: 201, body: { on: ago(5) } })
    expect((await openRecord(app, id)).body).toMatchObject({ departedOn: ago(40) })
    expect((await history(id)).movements.slice(1)).toMatchObject([
      { movement: 'departure', cause: 'moved-away', effectiveOn: ago(40) },
      { movement: 'departure', cause: 'death', effectiveOn: ago(5) },
    ])
    expect(await spans(id)).toEqual([[ago(80), ago(40)]])
    expect(await depart(id, { cause: 'death', on: ago(5) })).toMatchObject({
      status: 409,
      body: { code: 'not-resident' },
    })
  })
})

describe('after any moves and corrections', () => {
  it('residences never overlap, no gap opens that nobody said, and what was known stays known', async () => {
    const day = fc.integer({ min: 0, max: 89 })
    const steps = fc.array(
      fc.oneof(
        fc.record({ act: fc.constant('move' as const), day }),
        fc.record({ act: fc.constant('correct' as const), day, which: fc.nat(3), neverThere: fc.boolean() }),
      ),
      { minLength: 3, maxLength: 7 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const { id } = await register(app, { since: ago(60) })
        const remembered: { at: string; past: Past }[] = []
        for (const [i, step] of list.entries()) {
          const at = await databaseTime()
          remembered.push({ at, past: await history(id, `?knownAt=${at}`) })
          const periods = await inForce(id)
          const answer =
            step.act === 'move'
              ? await move(id, { ...street(`Carrer ${i}`), since: ago(step.day) })
              : await correct(id, periods[step.which % periods.length]?.id ?? '', {
                  from: ago(step.day),
                  neverThere: step.neverThere,
                })
          expect([201, 409, 422]).toContain(answer.status)
          const now = await spans(id)
          expect(now.at(-1)?.[1]).toBe(null)
          for (const [n, [from, to]] of now.entries()) {
            if (to !== null) expect((from ?? '') < (to ?? '')).toBe(true)
            if (n > 0) expect(now[n - 1]?.[1]).toBe(from)
          }
        }
        for (const { at, past } of remembered) {
          const now = await history(id, `?knownAt=${at}`)
          expect(now.movements).toEqual(past.movements)
          expect(now.state.address).toEqual(past.state.address)
          expect(now.residences.map(({ id: row }) => row)).toEqual(past.residences.map(({ id: row }) => row))
        }
      }),
      { numRuns: 8 },
    )
  })
})

describe('two at once', () => {
  it('one corrects, the other is told; one decides, the other is told', async () => {
    const { id } = await register(app, { since: ago(60) })
    const residence = await residenceOf(id)
    const ifMatch = await versionOf(id)
    const both = await Promise.all(
      [55, 50].map((days) => correct(id, residence, { from: ago(days) }, { ifMatch, idempotencyKey: randomUUID() })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([201, 412])

    const waits = await app.ask<RegisteredAnswer>('POST', '/v1/neighbours', {
      as: 'clerk',
      body: somebody({ since: '2018-01-01' }),
    })
    const [start] = await saidOf(waits.body.id)
    const decisions = [
      { decision: 'confirmed', seen: 'document' },
      { decision: 'refused', reason: 'Nobody knows them there' },
    ]
    const version = await versionOf(waits.body.id)
    const decided = await Promise.all(
      decisions.map((body) => decide(waits.body.id, start?.id ?? '', body, { ifMatch: version })),
    )
    const [done, told] = decided.map(({ status }) => status).sort()
    expect(done).toBe(200)
    expect([409, 412]).toContain(told)
    expect((await history(waits.body.id)).movements).toHaveLength(2)
  })
})

it('the database holds the second person and the one that waits, whoever asks it', async () => {
  const { id } = await register(app, { since: '2018-01-01' })
  const rows = `neighbour_id = '${id}'`
  await expect(
    app.peek(`update said_starts set decision = 'confirmed', decided_by = said_by, decided_at = now() where ${rows}`),
  ).rejects.toThrow(/said_starts_second_person/)
  await expect(
    app.peek(
      `insert into said_starts (id, municipality_id, neighbour_id, residence_id, content, said_by)
       select gen_random_uuid(), municipality_id, neighbour_id, residence_id, content, 'somebody' from said_starts where ${rows}`,
    ),
  ).rejects.toMatchObject({ code: '23505' })
})
