import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, openApp, type TestApp } from '../../support/app.ts'
import { entriesAbout } from '../../support/entries.ts'
import { openRecord, register } from '../../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const today = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
const patch = (id: string, body: unknown, ifMatch: number, as = 'clerk') =>
  app.ask<{ version: number; code: string }>('PATCH', `/v1/neighbours/${id}`, { as, body, ifMatch })
const move = (id: string, body: unknown, ifMatch: number, more: Asked = {}) =>
  app.ask<{ version: number; code: string; householdId: string }>('POST', `/v1/neighbours/${id}/residences`, {
    as: 'clerk',
    body,
    ifMatch,
    ...more,
  })
const depart = (id: string, body: unknown, ifMatch: number, more: Asked = {}) =>
  app.ask<{ status: string; code: string; proceedingId: string; version: number }>(
    'POST',
    `/v1/neighbours/${id}/departures`,
    { as: 'clerk', body, ifMatch, ...more },
  )
const history = (id: string, query = '') =>
  app.ask<{
    state: Record<string, unknown>
    movements: { movement: string; cause: string; effectiveOn: string }[]
    residences: { validFrom: string; validTo: string | null; supersededAt: string | null }[]
  }>('GET', `/v1/neighbours/${id}/history${query}`, { as: 'clerk', purpose: 'counter-service' })

const databaseTime = async () => {
  const [{ now } = { now: '' }] = await app.peek<{ now: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`,
  )
  // The embedded database counts milliseconds: what comes next must come in another one.
  await new Promise((resolve) => setTimeout(resolve, 5))
  return now
}

describe('correcting a record', () => {
  it('replaces what was given, keeps the rest, and counts the version up', async () => {
    const { id, version } = await register(app, {
      name: { given: 'Mohamed' },
      sex: 'male',
      contact: { phone: '+34 600 000 001' },
    })
    const answer = await patch(id, { name: { given: 'Mohammed', family: ['Haddad'] } }, version)
    expect(answer).toMatchObject({ status: 200, body: { version: 2 } })
    expect(answer.headers.get('etag')).toBe('"2"')
    const record = await openRecord(app, id)
    expect(record.headers.get('etag')).toBe('"2"')
    expect(record.body).toMatchObject({
      name: { given: 'Mohammed', family: ['Haddad'] },
      sex: 'male',
      contact: { phone: '+34 600 000 001' },
    })
  })

  it('tells a name that is for finding only at no instant, those that a history itself says included', async () => {
    for (let n = 0; n < 5; n += 1) {
      const { id, version } = await register(app, { name: { given: 'Abansera' } })
      await patch(id, { name: { given: 'Ara' }, earlierNameHidden: true }, version)
      const { movements } = (await history(id)).body as unknown as { movements: { recordedAt: string }[] }
      const [first, last] = movements.map(({ recordedAt }) => Temporal.Instant.from(recordedAt))
      if (!first || !last) throw new Error('no movements')
      for (const nanoseconds of [-2_000_000, -1_000_000, -1000, 0, 1000, 500_000, 999_999, 1_000_000, 2_000_000])
        for (const from of [first, last]) {
          const at = encodeURIComponent(from.add({ nanoseconds }).toString())
          expect(JSON.stringify((await history(id, `?knownAt=${at}`)).body), `${nanoseconds}`).not.toContain('Abansera')
        }
    }
  })

  it('makes a fact unknown again by null', async () => {
    const { id, version } = await register(app, { sex: 'female', dateOfBirth: '1990' })
    await patch(id, { sex: null, dateOfBirth: null }, version)
    const { body } = await openRecord(app, id)
    expect(body).not.toHaveProperty('sex')
    expect(body).not.toHaveProperty('dateOfBirth')
  })

  it('needs If-Match, and the newest version in it', async () => {
    const { id, version } = await register(app)
    expect(await app.ask('PATCH', `/v1/neighbours/${id}`, { as: 'clerk', body: { sex: 'x' } })).toMatchObject({
      status: 428,
      body: { code: 'version-required' },
    })
    await patch(id, { sex: 'x' }, version)
    expect(await patch(id, { sex: 'male' }, version)).toMatchObject({ status: 412, body: { code: 'version-conflict' } })
    expect((await openRecord(app, id)).body.sex).toBe('x')
  })

  it('refuses an empty correction and forbidden fields', async () => {
    const { id, version } = await register(app)
    expect((await patch(id, {}, version)).status).toBe(422)
    expect(await patch(id, { sex: 'x', nationality: 'x' }, version)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/nationality' }] },
    })
  })

  it('protects a neighbour: from then on only a supervisor opens or changes the record', async () => {
    const { id, version } = await register(app)
    const protect = (hides: boolean, ifMatch: number) =>
      app.ask('POST', `/v1/neighbours/${id}/protection`, {
        as: 'supervisor',
        body: { protected: hides, reason: 'asked for it' },
        ifMatch,
      })
    expect((await protect(true, version)).status).toBe(200)
    expect((await openRecord(app, id)).status).toBe(404)
    expect((await patch(id, { sex: 'x' }, 2)).status).toBe(404)
    expect((await protect(false, 2)).status).toBe(200)
    expect((await openRecord(app, id)).status).toBe(200)
  })

  it('says the same of somebody unknown', async () => {
    expect((await patch(randomUUID(), { sex: 'x' }, 1)).status).toBe(404)
  })
})

describe('moving house', () => {
  it('ends one residence and begins another, and keeps that it was once open-ended', async () => {
    const { id, version } = await register(app, { since: '2018-03-01' })
    const answer = await move(
      id,
      { address: { kind: 'dwelling', streetName: 'Nou', number: '7' }, since: '2022-09-15' },
      version,
    )
    expect(answer).toMatchObject({ status: 201, body: { validFrom: '2022-09-15', version: 2 } })
    expect((await openRecord(app, id)).body).toMatchObject({
      address: { streetName: 'Nou' },
      residence: { validFrom: '2022-09-15', residentSince: '2018-03-01' },
    })
    expect(
      (await history(id)).body.residences.map(({ validFrom, validTo, supersededAt }) => [
        validFrom,
        validTo,
        supersededAt !== null,
      ]),
    ).toEqual([
      ['2018-03-01', null, true],
      ['2018-03-01', '2022-09-15', false],
      ['2022-09-15', null, false],
    ])
  })

  it('shows the address that was true on a day', async () => {
    const { id, version } = await register(app, {
      since: '2018-03-01',
      address: { kind: 'dwelling', streetName: 'Vell' },
    })
    await move(id, { address: { kind: 'dwelling', streetName: 'Nou' }, since: '2022-09-15' }, version)
    expect((await history(id, '?trueAt=2020-01-01')).body.state).toMatchObject({ address: { streetName: 'Vell' } })
    expect((await history(id, '?trueAt=2023-01-01')).body.state).toMatchObject({ address: { streetName: 'Nou' } })
    expect((await history(id, '?trueAt=2010-01-01')).body.state).not.toHaveProperty('address')
  })

  it('shows the record as it was known at an instant', async () => {
    const { id, version } = await register(app, {
      name: { given: 'Abans' },
      since: '2018-03-01',
      address: { kind: 'dwelling', streetName: 'Vell' },
    })
    const now = await databaseTime()
    await move(id, { address: { kind: 'dwelling', streetName: 'Nou' }, since: '2022-09-15' }, version)
    await patch(id, { name: { given: 'Després' } }, 2)
    const then = (await history(id, `?knownAt=${now}`)).body
    expect(then.state).toMatchObject({ name: { given: 'Abans' }, address: { streetName: 'Vell' } })
    expect(then.movements).toHaveLength(1)
    const present = (await history(id)).body
    expect(present.state).toMatchObject({ name: { given: 'Després' }, address: { streetName: 'Nou' } })
    expect(present.movements.map(({ movement, cause }) => `${movement} ${cause}`)).toEqual([
      'registration arrival',
      'change address',
      'change personal-data',
    ])
  })

  it('joins a household that is there', async () => {
    const host = await register(app)
    const guest = await register(app, { since: '2020-01-01' })
    const answer = await move(guest.id, { householdId: host.householdId, since: '2024-01-01' }, guest.version)
    expect(answer.body.householdId).toBe(host.householdId)
    expect((await openRecord(app, host.id)).body.household).toMatchObject({ size: 2 })
  })

  it('takes everyone of the household along, save who is protected, each with a movement of their own', async () => {
    const parent = await register(app, { since: '2020-01-01' })
    const mate = { address: undefined, householdId: parent.householdId, since: '2021-01-01' }
    const child = await register(app, { ...mate, name: { given: 'Ibtissam', family: ['Alaoui'] } })
    const hidden = await register(app, { ...mate, name: { given: 'Guadalupe', family: ['Roig'] }, protected: true })
    const address = { kind: 'dwelling', streetName: 'Carrer de la Xaloc', number: '12' }
    const idempotencyKey = randomUUID()
    const asked = [
      parent.id,
      { address, everyone: true, since: '2024-01-01' },
      parent.version,
      { idempotencyKey },
    ] as const
    const answer = await move(...asked)
    expect(answer).toMatchObject({ status: 201, body: { people: 2, version: 2 } })
    expect((await openRecord(app, child.id)).body).toMatchObject({ address, household: { size: 2 } })
    expect((await history(child.id)).body.movements.at(-1)).toMatchObject({
      movement: 'change',
      cause: 'address',
      effectiveOn: '2024-01-01',
    })
    const stayed = await app.peek(`select household_id from residences where neighbour_id = '${hidden.id}'`)
    expect(stayed).toEqual([{ household_id: parent.householdId }])
    const moves = (of: string) => entriesAbout(app, of, "action = 'move'")
    expect([(await moves(parent.id)).length, (await moves(child.id)).length, (await moves(hidden.id)).length]).toEqual([
      1, 1, 0,
    ])
    expect(await move(...asked)).toMatchObject({ status: 201, body: answer.body })
    expect((await moves(child.id)).length).toBe(1)
  })

  it('takes who joined the household later along from the day they joined', async () => {
    const parent = await register(app, { since: '2020-01-01' })
    const baby = await register(app, { address: undefined, householdId: parent.householdId, since: '2025-01-01' })
    const address = { kind: 'dwelling', streetName: 'Carrer del Mestral' }
    const to = { address, everyone: true, since: '2024-01-01' }
    expect(await move(parent.id, to, parent.version)).toMatchObject({ status: 201, body: { people: 2 } })
    const { residences, movements } = (await history(baby.id)).body
    expect(residences.filter(({ supersededAt }) => supersededAt === null)).toMatchObject([
      { validFrom: '2025-01-01', validTo: null },
    ])
    expect(movements.at(-1)).toMatchObject({ cause: 'address-corrected', effectiveOn: '2025-01-01' })
  })

  it('moves all of a household or nobody', async () => {
    const parent = await register(app, { since: '2020-01-01' })
    const mate = await register(app, { address: undefined, householdId: parent.householdId, since: '2020-01-01' })
    const to = { address: { kind: 'dwelling', streetName: 'Nou' }, everyone: true, since: '2019-01-01' }
    expect(await move(parent.id, to, parent.version)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/since' }] },
    })
    for (const { id } of [parent, mate]) expect((await openRecord(app, id)).headers.get('etag')).toBe('"1"')
  })

  it('corrects the address of a whole household for all the time each was there', async () => {
    const parent = await register(app, { since: '2020-01-01' })
    const baby = await register(app, { address: undefined, householdId: parent.householdId, since: '2025-01-01' })
    const to = { address: { kind: 'dwelling', streetName: 'Carrer de Llevant' }, everyone: true, since: '2025-01-01' }
    expect(await move(baby.id, to, baby.version)).toMatchObject({ status: 201, body: { people: 2 } })
    for (const [{ id }, since] of [
      [parent, '2020-01-01'],
      [baby, '2025-01-01'],
    ] as const) {
      const { residences } = (await history(id)).body
      expect(residences.filter(({ supersededAt }) => supersededAt === null)).toMatchObject([
        { validFrom: since, validTo: null },
      ])
    }
  })

  it('corrects an address that was wrong from the start, and keeps what was believed', async () => {
    const wrong = { kind: 'dwelling', streetName: 'Carrer del Garbí', number: '1' } as const
    const { id, version } = await register(app, { address: wrong, since: '2020-01-01' })
    const now = await databaseTime()
    const right = { ...wrong, number: '11' }
    expect(await move(id, { address: right, since: '2020-01-01' }, version)).toMatchObject({ status: 201 })
    expect((await history(id, '?trueAt=2021-01-01')).body.state).toMatchObject({ address: right })
    expect((await history(id, `?knownAt=${now}`)).body.state).toMatchObject({ address: wrong })
    const { residences, movements } = (await history(id)).body
    expect(residences.filter(({ supersededAt }) => supersededAt === null)).toHaveLength(1)
    expect(movements.at(-1)).toMatchObject({ cause: 'address-corrected', effectiveOn: '2020-01-01' })
    expect((await openRecord(app, id)).body).toMatchObject({ residence: { residentSince: '2020-01-01' } })
    const search = (number: string) =>
      app.ask<{ matches: unknown[] }>('POST', '/v1/neighbours/search', {
        as: 'clerk',
        purpose: 'counter-service',
        body: { street: 'garbi', number },
      })
    expect([(await search('1')).body.matches.length, (await search('11')).body.matches.length]).toEqual([0, 1])
  })

  it('can be found at the new address', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    await move(
      id,
      { address: { kind: 'dwelling', streetName: 'Quarantena', number: '77' }, since: '2024-01-01' },
      version,
    )
    const found = await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
      as: 'clerk',
      purpose: 'counter-service',
      body: { street: 'quarantena', number: '77' },
    })
    expect(found.body.matches.map((match) => match.id)).toEqual([id])
  })

  it('cannot lie in the future or before the present residence began', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    const address = { kind: 'dwelling', streetName: 'Nou' }
    expect(await move(id, { address, since: '2999-01-01' }, version)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/since' }] },
    })
    expect(await move(id, { address, since: '2019-01-01' }, version)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/since' }] },
    })
    expect((await openRecord(app, id)).headers.get('etag')).toBe('"1"')
  })

  it('gives the first answer again under the same key, and refuses another move under it', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    const idempotencyKey = randomUUID()
    const body = { address: { kind: 'informal-dwelling', description: 'A boat' } }
    const first = await move(id, body, version, { idempotencyKey })
    expect((await move(id, body, version, { idempotencyKey })).body).toEqual(first.body)
    expect(await move(id, { address: { kind: 'dwelling', streetName: 'Nou' } }, 2, { idempotencyKey })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-mismatch' },
    })
  })

  it('is not for somebody who has left', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    await depart(id, { cause: 'moved-away', saidBy: 'in-person', on: '2024-01-01' }, version)
    expect(await move(id, { address: { kind: 'dwelling', streetName: 'Nou' } }, 2)).toMatchObject({
      status: 409,
      body: { code: 'not-resident' },
    })
  })
})

describe('coming back', () => {
  const comeBack = (id: string, body: object, version: number, more: object = {}) =>
    app.ask<{ version: number; validFrom: string; code: string }>('POST', `/v1/neighbours/${id}/returns`, {
      as: 'clerk',
      body,
      idempotencyKey: randomUUID(),
      headers: { 'if-match': `"${version}"` },
      ...more,
    })
  const gone = async (on = '2023-06-01') => {
    const { id, version } = await register(app, { since: '2015-01-01' })
    await depart(id, { cause: 'moved-away', saidBy: 'in-person', on }, version)
    return id
  }

  it('is being the same neighbour again, with the years before and the gap', async () => {
    const id = await gone()
    const idempotencyKey = randomUUID()
    const home = { address: { kind: 'no-fixed-address' }, since: '2024-02-01' }
    const first = await comeBack(id, home, 2, { idempotencyKey })
    expect(first).toMatchObject({ status: 201, body: { validFrom: '2024-02-01', version: 3 } })
    expect((await comeBack(id, home, 2, { idempotencyKey })).body).toEqual(first.body)
    const { body } = await openRecord(app, id)
    expect(body).toMatchObject({
      address: { kind: 'no-fixed-address' },
      residence: { validFrom: '2024-02-01', residentSince: '2024-02-01' },
    })
    expect(body).not.toHaveProperty('departedOn')
    const past = await history(id)
    expect(past.body.movements.map(({ movement, cause }: Record<string, string>) => `${movement} ${cause}`)).toEqual([
      'registration arrival',
      'departure moved-away',
      'registration return',
    ])
    const proof = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile: 'social-housing' },
      idempotencyKey: randomUUID(),
    })
    const checked = await app.ask<{ claims: object }>('POST', '/v1/verifications', {
      body: { token: proof.body.token },
    })
    // The years before do not count again: nobody proves five years without a gap who was away for one.
    expect(checked.body.claims).toMatchObject({ resident_since: '2024-02-01', resident_at_least_5_years: false })
    const on = await move(id, { address: { kind: 'dwelling', streetName: 'Major' }, since: '2025-02-01' }, 3)
    expect(on.status).toBe(201)
    expect((await openRecord(app, id)).body).toMatchObject({
      residence: { validFrom: '2025-02-01', residentSince: '2024-02-01' },
    })
    expect(await depart(id, { cause: 'moved-away', saidBy: 'in-person' }, 4)).toMatchObject({ status: 201 })
  })

  it('is not for who never left, nor for a day before they left or after today', async () => {
    const { id, version } = await register(app)
    const home = { address: { kind: 'dwelling', streetName: 'del Far' } }
    expect(await comeBack(id, home, version)).toMatchObject({ status: 409, body: { code: 'still-resident' } })
    const left = await gone()
    for (const since of ['2023-05-31', '2999-01-01'])
      expect((await comeBack(left, { ...home, since }, 2)).status).toBe(422)
    expect((await comeBack(left, home, 1)).status).toBe(412)
    expect((await comeBack(left, { ...home, since: '2023-06-01' }, 2)).status).toBe(201)
  })

  it('is found before somebody makes a second record of them', async () => {
    const name = {
      given: 'Anselma',
      family: [
        `Retorn${randomUUID()
          .slice(0, 8)
          .replace(/[0-9-]/g, 'x')}`,
      ],
    }
    const { id, version } = await register(app, { name, since: '2015-01-01' })
    await depart(id, { cause: 'moved-away', saidBy: 'in-person', on: '2023-06-01' }, version)
    const again = await app.ask<{ candidates: object[] }>('POST', '/v1/neighbours', {
      as: 'clerk',
      body: { name, address: { kind: 'no-fixed-address' } },
      idempotencyKey: randomUUID(),
    })
    expect(again).toMatchObject({ status: 409, body: { candidates: [{ id, departedOn: '2023-06-01' }] } })
  })

  it('happens once when two clerks record it at the same moment', async () => {
    const id = await gone()
    const home = { address: { kind: 'dwelling', streetName: 'del Far' } }
    const statuses = (await Promise.all([comeBack(id, home, 2), comeBack(id, home, 2)])).map(({ status }) => status)
    const [done, other] = statuses.sort((a, b) => a - b)
    expect(done).toBe(201)
    expect([409, 412]).toContain(other)
    const { movements } = (await history(id)).body
    expect(movements.filter(({ cause }: Record<string, string>) => cause === 'return')).toHaveLength(1)
  })
})

describe('leaving', () => {
  it.each([
    ['death', {}],
    ['moved-away', { saidBy: 'in-person' }],
  ])('by %s takes effect at once', async (cause, said) => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    expect(await depart(id, { cause, ...said, on: '2024-06-01' }, version)).toMatchObject({
      status: 201,
      body: { status: 'departed', on: '2024-06-01', version: 2 },
    })
    const { body } = await openRecord(app, id)
    expect(body).toMatchObject({ departedOn: '2024-06-01' })
    expect(body).not.toHaveProperty('residence')
    expect((await history(id)).body.movements.at(-1)).toMatchObject({
      movement: 'departure',
      cause,
      effectiveOn: '2024-06-01',
    })
  })

  it('cannot be recorded for the future, or twice', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    expect((await depart(id, { cause: 'death', on: '2999-01-01' }, version)).status).toBe(422)
    await depart(id, { cause: 'death' }, version)
    expect(await depart(id, { cause: 'moved-away', saidBy: 'in-person' }, 2)).toMatchObject({
      status: 409,
      body: { code: 'not-resident' },
    })
  })

  it('needs the newest version, for a proceeding too', async () => {
    const { id, version } = await register(app)
    await patch(id, { sex: 'x' }, version)
    expect((await depart(id, { cause: 'death' }, version)).status).toBe(412)
    expect(
      (await depart(id, { cause: 'wrongly-registered', reason: 'Seen twice', informant: 'staff' }, version)).status,
    ).toBe(412)
  })
})

describe('a departure that somebody else decides', () => {
  const step = (id: string, proceedingId: string, what: 'notice' | 'decision', body: unknown, more: Asked = {}) =>
    app.ask<{ status: string; code: string; effectiveFrom: string }>(
      'POST',
      `/v1/neighbours/${id}/departures/${proceedingId}/${what}`,
      { as: 'clerk', body, ...more },
    )

  it('is a proceeding: notice, time to answer, a second clerk; the neighbour stays one meanwhile', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    const opened = await depart(
      id,
      { cause: 'wrongly-registered', reason: 'Nobody at the door, three times', informant: 'staff' },
      version,
    )
    expect(opened).toMatchObject({ status: 201, body: { status: 'proceeding' } })
    const { proceedingId } = opened.body
    expect((await openRecord(app, id)).body).toHaveProperty('residence')

    expect(await step(id, proceedingId, 'decision', { decision: 'approved' }, { as: 'second-clerk' })).toMatchObject({
      status: 409,
      body: { code: 'notice-missing' },
    })
    expect(
      await step(id, proceedingId, 'notice', { givenOn: today().subtract({ days: 40 }).toString() }),
    ).toMatchObject({ status: 422, body: { errors: [{ pointer: '/givenOn' }] } })
    const notified = await step(id, proceedingId, 'notice', { givenOn: today().toString() })
    expect(notified.body).toMatchObject({ status: 'notified', effectiveFrom: today().add({ days: 31 }).toString() })
    expect(await step(id, proceedingId, 'decision', { decision: 'approved' }, { as: 'second-clerk' })).toMatchObject({
      status: 409,
      body: { code: 'notice-running' },
    })

    app.clock.advance({ hours: 31 * 24 })
    try {
      expect(await step(id, proceedingId, 'decision', { decision: 'approved' })).toMatchObject({
        status: 409,
        body: { code: 'second-clerk-needed' },
      })
      expect((await openRecord(app, id)).body).toHaveProperty('residence')
      const idempotencyKey = randomUUID()
      const decided = await step(
        id,
        proceedingId,
        'decision',
        { decision: 'approved' },
        { as: 'second-clerk', idempotencyKey },
      )
      expect(decided).toMatchObject({ status: 200, body: { status: 'approved' } })
      expect(
        (await step(id, proceedingId, 'decision', { decision: 'approved' }, { as: 'second-clerk', idempotencyKey }))
          .body,
      ).toEqual(decided.body)
      expect((await openRecord(app, id)).body).toMatchObject({ departedOn: today().toString() })
    } finally {
      app.clock.advance({ hours: -31 * 24 })
    }
  })

  it('can be withdrawn, and opened again', async () => {
    const { id, version } = await register(app)
    const { proceedingId } = (
      await depart(id, { cause: 'wrongly-registered', reason: 'Never lived here', informant: 'staff' }, version)
    ).body
    expect(
      await depart(id, { cause: 'wrongly-registered', reason: 'Again', informant: 'staff' }, version),
    ).toMatchObject({
      status: 409,
      body: { code: 'proceeding-open' },
    })
    expect(await step(id, proceedingId, 'decision', { decision: 'withdrawn' })).toMatchObject({
      status: 200,
      body: { status: 'withdrawn' },
    })
    expect(await step(id, proceedingId, 'notice', { givenOn: today().toString() })).toMatchObject({
      status: 409,
      body: { code: 'proceeding-closed' },
    })
    expect(
      (await depart(id, { cause: 'wrongly-registered', reason: 'Again', informant: 'staff' }, version)).status,
    ).toBe(201)
    expect((await openRecord(app, id)).body).toHaveProperty('residence')
  })

  it('needs a reason', async () => {
    const { id, version } = await register(app)
    expect((await depart(id, { cause: 'wrongly-registered' }, version)).status).toBe(422)
  })

  it('is not found under another neighbour', async () => {
    const one = await register(app)
    const two = await register(app)
    const { proceedingId } = (
      await depart(one.id, { cause: 'wrongly-registered', reason: 'Seen twice', informant: 'staff' }, one.version)
    ).body
    expect((await step(two.id, proceedingId, 'decision', { decision: 'withdrawn' })).status).toBe(404)
  })
})
