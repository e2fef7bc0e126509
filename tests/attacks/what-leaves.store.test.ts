import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { BUDGETS } from '../../src/firewall/budgets.ts'
import { spentUntil } from '../../src/firewall/leaving.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { searchNeighbours } from '../../src/registry/search/search.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesAbout } from '../support/entries.ts'
import { openRecord, register, somebody } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'

// A clerk who is paid for it goes through the register, by whichever verb. What counts is whom they are shown.

const DAY = 12
let app: TestApp
beforeAll(async () => {
  const budget = { people: DAY, points: 200 }
  app = await openApp({
    town: {
      hourlyBudgetStaff: 1_000_000,
      budgets: { clerk: { hour: budget, day: budget, month: budget }, organisation: { hour: budget } },
    },
  })
})
afterAll(() => app?.close())

const totals = async (who: string) =>
  app.peek<{ span: string; people: number; points: number }>(
    `select span, people, points from seen_totals where counted = 'staff ${who}' order by span`,
  )
const flags = async (staff: string) =>
  (await app.peek<{ kind: string }>(`select distinct kind from flags where staff_id = '${staff}'`))
    .map(({ kind }) => kind)
    .sort()
const clerk = (id: string, more: Partial<Staff> = {}): Staff => ({
  kind: 'staff',
  id,
  role: 'clerk',
  organisationId: DEMO_OFFICE,
  case: 'T-2041',
  ...more,
})
const find = (who: Staff, name: string, year: string) =>
  shownTo(
    searchNeighbours(
      app.rooms,
      { town: app.town, by: who },
      { purpose: 'counter-service', criteria: { name, dateOfBirth: year } as never },
    ),
  )
const released = (staff: string, as: string) =>
  app.ask<{ code: string }>('POST', `/v1/staff-activity/${staff}/release`, {
    as,
    body: { reason: 'A bus has come with forty people' },
  })

describe('what somebody of the staff is shown', () => {
  it('is counted once for each person and field, whichever verb showed it', async () => {
    const { id } = await register(
      app,
      somebody({ name: { given: 'Rosamunda', family: ['Prims'] }, dateOfBirth: '1970' }),
    )
    const who = clerk('counted')
    await find(who, 'Rosamunda Prims', '1970')
    const [day] = await totals('counted')
    expect(day).toMatchObject({ span: 'day', people: 1, points: 7 })
    await find(who, 'Rosamunda Prims', '1970')
    expect(await totals('counted')).toEqual([
      { span: 'day', people: 1, points: 7 },
      { span: 'hour', people: 1, points: 7 },
      { span: 'month', people: 1, points: 7 },
    ])
    // Which person it was is not in the table.
    const rows = await app.peek<{ row: string }>('select seen_people::text as row from seen_people')
    for (const { row } of rows) expect(row).not.toContain(id)
  })

  it('ends at the day’s number of people, with until when; registering goes on and shows nobody', async () => {
    const people: string[] = []
    for (let i = 0; i < DAY + 4; i += 1) people.push((await register(app)).id)
    const answers = []
    for (const id of people) answers.push(await openRecord(app, id, 'second-clerk'))
    const shown = answers.filter(({ status }) => status === 200).length
    expect(shown).toBeLessThanOrEqual(DAY)
    expect(shown).toBeGreaterThan(DAY - 4)
    const last = answers.at(-1)
    expect(last).toMatchObject({ status: 403, body: { code: 'over-budget' } })
    expect(Temporal.Instant.from(String(last?.body.until)).epochMilliseconds).toBeGreaterThan(Date.now() - 1000)
    for (const path of ['/proofs', '/papers']) {
      const body = path === '/proofs' ? { profile: 'residence' } : { kind: 'individual', language: 'en' }
      const answer = await app.ask('POST', `/v1/neighbours/${people[0]}${path}`, { as: 'second-clerk', body })
      expect(answer.body.code, path).toBe('over-budget')
    }
    expect(await flags('second-clerk')).toContain('many-people')
    const new1 = somebody({ name: { given: 'Nova', family: ['Arribada'] }, dateOfBirth: '1990-01-01' })
    const write = (body: object) =>
      app.ask<{ code: string; candidates: object[] }>('POST', '/v1/neighbours', { as: 'second-clerk', body })
    expect((await write(new1)).status).toBe(201)
    const again = await write({ ...new1, address: somebody().address })
    expect(again).toMatchObject({ status: 409, body: { code: 'duplicate-suspected' } })
    expect(again.text).not.toContain('Nova')
    expect((await write({ ...new1, confirmedDistinct: true, distinctBecause: 'seen-both' })).status).toBe(201)
  })

  it('is counted also when it is asked for all at once', async () => {
    const people: string[] = []
    for (let i = 0; i < DAY + 12; i += 1) people.push((await register(app)).id)
    const answers = await Promise.all(people.map((id) => openRecord(app, id)))
    const shown = answers.filter(({ status }) => status === 200).length
    expect(shown).toBeLessThanOrEqual(DAY)
    const proofs: string[] = []
    for (const id of people) {
      const body = { profile: 'library' }
      proofs.push(
        (await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, { as: 'supervisor', body })).body
          .token,
      )
    }
    const told = await Promise.all(
      proofs.map((proof) =>
        app.ask('POST', '/v1/disclosures', {
          as: 'library',
          body: { subject: { proof }, purpose: 'service-eligibility', fields: ['name'] },
        }),
      ),
    )
    // Nothing is lost either: all they may be told is told.
    expect(told.filter(({ status }) => status === 200).length).toBe(DAY)
  })

  it('does not end registering into a household when it is flagged', async () => {
    const home = await register(app)
    await app.peek(`update municipalities set office_hours = '[]'`)
    const body = { ...somebody(), address: undefined, householdId: home.householdId }
    expect((await app.ask('POST', '/v1/neighbours', { as: 'second-clerk', body })).status).toBe(201)
    await find(clerk('late'), 'Rosamunda Prims', '1970')
    expect(await flags('late')).toEqual(['out-of-hours'])
    await app.peek('update municipalities set office_hours = null')
  })

  it('is counted, flagged and written down where the answer is an error: why something cannot be done says what is known', async () => {
    const { id } = await register(app, { dateOfBirth: '1983-05-17' })
    await app.ask('POST', '/v1/watched-neighbours', { as: 'supervisor', body: { neighbourId: id } })
    const trail = async () => (await entriesAbout(app, id)).length
    const guess = (since: string, as: string) =>
      app.ask('POST', `/v1/neighbours/${id}/residences`, {
        as,
        body: { address: { kind: 'no-fixed-address', usualArea: 'zz' }, since },
        ifMatch: 99,
      })
    const before = await trail()
    expect((await guess('1983-05-16', 'supervisor')).status).toBe(422)
    expect((await guess('1983-05-18', 'supervisor')).status).toBe(412)
    expect(await trail()).toBe(before + 2)
    expect(await flags('supervisor')).toEqual(expect.arrayContaining(['no-case', 'watched']))
    expect((await totals('supervisor')).find(({ span }) => span === 'day')?.people).toBeGreaterThan(0)
    const left = (await app.ask('POST', `/v1/neighbours/${id}/returns`, {
      as: 'supervisor',
      body: { address: { kind: 'no-fixed-address' } },
      ifMatch: 99,
    })) as { body: { code: string } }
    expect(left.body.code).toBe('still-resident')
    expect(await trail()).toBe(before + 3)
    // Whoever asked too often in the hour is answered nothing of it.
    await app.peek('update municipalities set hourly_budget_staff = 4')
    const statuses = []
    for (let day = 1; day < 8; day += 1) statuses.push((await guess(`1983-05-0${day}`, 'supervisor')).status)
    expect(statuses.at(-1)).toBe(403)
    await app.peek('update municipalities set hourly_budget_staff = 1000000')
  })

  it('is each of a household whose address it shows, and each sees it among their look-ups', async () => {
    const home = await register(app)
    const mate = await register(app, { address: undefined, householdId: home.householdId } as never)
    await app.ask('POST', '/v1/neighbours', {
      as: 'second-clerk',
      body: { ...somebody(), address: undefined, householdId: home.householdId },
    })
    const recent = `purpose = 'registration' and recorded_at > now() - interval '1 minute'`
    for (const { id } of [home, mate]) expect((await entriesAbout(app, id, recent)).length).toBeGreaterThan(1)
  })

  it('is released once a day by a supervisor with a reason, never by oneself', async () => {
    const one = (await register(app)).id
    expect((await openRecord(app, one, 'second-clerk')).status).toBe(403)
    expect((await released('second-clerk', 'second-clerk')).status).toBe(403)
    expect((await released('supervisor', 'supervisor')).status).toBe(403)
    expect((await released('second-clerk', 'supervisor')).status).toBe(201)
    expect((await openRecord(app, one, 'second-clerk')).status).toBe(200)
    expect((await released('second-clerk', 'supervisor')).body.code).toBe('released-today')
  })

  it('is flagged by a search as by an opening: a neighbour who is watched, one’s own address, no case', async () => {
    const home = await register(app, { name: { given: 'Casimira', family: ['Veïna'] }, dateOfBirth: '1966' })
    const mine = await register(app, { address: undefined, householdId: home.householdId } as never)
    await app.ask('POST', '/v1/staff-records', {
      as: 'supervisor',
      body: { staff: 'relative', neighbourId: mine.id },
    })
    await app.ask('POST', '/v1/watched-neighbours', { as: 'supervisor', body: { neighbourId: home.id } })
    await find(clerk('relative'), 'Casimira Veïna', '1966')
    expect(await flags('relative')).toEqual(['same-household', 'watched'])
    // Linked to another record since: what was theirs within the year is theirs still.
    const other = await register(app)
    await app.ask('POST', '/v1/staff-records', {
      as: 'supervisor',
      body: { staff: 'relative', neighbourId: other.id },
    })
    await app.peek(`delete from flags where staff_id = 'relative'`)
    await find(clerk('relative'), 'Casimira Veïna', '1966')
    expect(await flags('relative')).toEqual(['same-household', 'watched'])
    await find(clerk('idle', { case: undefined }), 'Casimira Veïna', '1966')
    expect(await flags('idle')).toEqual(['no-case', 'watched'])
  })

  it('is nobody’s to link for themself', async () => {
    const { id } = await register(app)
    const body = { staff: 'supervisor', neighbourId: id }
    expect((await app.ask('POST', '/v1/staff-records', { as: 'supervisor', body })).status).toBe(403)
  })
})

describe('the usual budgets', () => {
  /** A visit: two searches that show four people each and the record of whoever came, with a household of four. */
  it('meet no refusal in a day of sixty visits, and end for whoever goes through the register', () => {
    const budget = BUDGETS.clerk
    if (budget === undefined) throw new Error('no budget')
    const perVisit = { people: 4, points: 4 * 5 + 15 + 4 * 5 }
    const day = { people: perVisit.people * 60, points: perVisit.points * 60 }
    expect(day.people).toBeLessThan(budget.day.people)
    expect(day.points).toBeLessThan(budget.day.points)
    // Fifteen visits in one hour.
    expect(perVisit.people * 15).toBeLessThan(budget.hour.people)
    expect(perVisit.points * 15).toBeLessThan(budget.hour.points)
    expect(day.people * 22).toBeLessThan(budget.month.people)
    expect(day.points * 22).toBeLessThan(budget.month.points)
    expect(day.people * 4).toBeLessThan(budget.day.people * 3)
    const begins = '2026-11-27T00:00:00Z'
    const at = (people: number) =>
      spentUntil(clerk('x'), { totals: [{ span: 'day', begins, people, points: 0 }], town: {}, released: false })
    expect(at(399)).toBeUndefined()
    expect(at(400)).toBe('2026-11-28T00:00:00Z')
    expect(
      spentUntil(clerk('x'), { totals: [{ span: 'day', begins, people: 400, points: 0 }], town: {}, released: true }),
    ).toBeUndefined()
  })
})
