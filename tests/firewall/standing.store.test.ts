import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEMO_ASKING, DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Ask } from '../../src/firewall/model.ts'
import {
  ACTIONS,
  type Action,
  type Client,
  type Requester,
  type Resident,
  type Staff,
} from '../../src/firewall/requester.ts'
import { createStandings, type Standing, type Standings } from '../../src/firewall/standing.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
let standings: Standings
beforeAll(async () => {
  app = await openApp({ town: { hourlyBudgetStaff: 3, hourlyBudgetOrganisation: 5, drawnShare: 0.25 } })
})
afterAll(() => app?.close())
beforeEach(() => {
  standings = createStandings()
})

const { library, agency } = DEMO_ASKING as Record<'library' | 'agency', Client>
let number = 0
/** Somebody whom nothing has been counted for. */
const staff = (more: Partial<Staff> = {}): Staff => {
  number += 1
  return { kind: 'staff', id: `standing-${number}`, role: 'clerk', organisationId: DEMO_OFFICE, ...more }
}
const resident = (neighbourId: string, more: Partial<Resident> = {}): Resident => ({
  kind: 'resident',
  id: `own ${neighbourId}`,
  neighbourId,
  ...more,
})
const asking = (requester: Requester, more: Partial<Ask> = {}): Ask => ({
  municipalityId: app.town.id,
  requester,
  action: 'open',
  purpose: 'counter-service',
  fields: ['name'],
  ...more,
})
const of = (ask: Ask, now = app.clock.now()): Promise<Standing> =>
  inMunicipality(app.database, app.town.id, (transaction) => standings.of(transaction, ask, now))
const times = async (who: string) =>
  (
    await app.peek<{ times: number }>(`select sum(times)::integer as times from query_counts where counted = '${who}'`)
  )[0]?.times ?? 0
const seen = (who: string, people: number, span = 'day') =>
  app.peek(
    `insert into seen_totals values ('${app.town.id}', '${who}', '${span}', date_trunc('${span}', clock_timestamp(), 'UTC'), ${people}, 0)
       on conflict (municipality_id, counted, span, begins) do update set people = ${people}`,
  )

describe('what counts as a question', () => {
  const FREE: readonly Action[] = [
    'register',
    'supervise',
    'protect',
    'handle-demand',
    'enrol',
    'answer',
    'demand',
    'open-by-order',
  ]

  it.each(ACTIONS.map((action) => [action] as const))(
    '%s: all but what looks into no record, or is never refused',
    async (action) => {
      const who = staff()
      await of(asking(who, { action }))
      expect(await times(`staff ${who.id}`)).toBe(FREE.includes(action) ? 0 : 1)
    },
  )

  it('is counted for a member of staff alone, for all machines of an organisation together, and for nobody else', async () => {
    const [one, other] = [staff(), staff()]
    await of(asking(one))
    await of(asking(one))
    await of(asking(other))
    expect(await times(`staff ${one.id}`)).toBe(2)
    expect(await times(`staff ${other.id}`)).toBe(1)
    await of(asking(library, { action: 'disclose' }))
    await of(asking({ ...library, id: 'another-machine' }, { action: 'disclose' }))
    expect(await times(`organisation ${library.organisationId}`)).toBe(2)
    await of(asking({ ...library, organisationId: null }, { action: 'disclose' }))
    expect(await times('organisation unknown')).toBe(1)
    const [before] = await app.peek<{ rows: number }>('select count(*)::integer as rows from query_counts')
    await of(asking(resident(randomUUID())))
    await of(asking({ kind: 'job', id: 'job' }, { action: 'compare' }))
    await of(asking({ kind: 'authority', id: 'court', functions: ['court'], organisationId: null }, { action: 'open' }))
    expect((await app.peek<{ rows: number }>('select count(*)::integer as rows from query_counts'))[0]).toEqual(before)
  })

  it('is one too many beyond what the town allows in an hour, until the next', async () => {
    const who = staff()
    const now = app.clock.now()
    for (let i = 0; i < 3; i += 1)
      expect(await of(asking(who), now)).toMatchObject({ overBudget: false, spentUntil: undefined })
    const over = await of(asking(who), now)
    expect(over.overBudget).toBe(true)
    const until = Temporal.Instant.from(String(over.spentUntil))
    expect(now.until(until).total('minutes')).toBeGreaterThan(0)
    expect(now.until(until).total('minutes')).toBeLessThanOrEqual(60)
    expect(until.epochMilliseconds % 3_600_000).toBe(0)
    // At the full hour it is the next one.
    const full = now.round({ smallestUnit: 'hour', roundingMode: 'floor' })
    expect((await of(asking(who), full)).spentUntil).toBe(full.add({ hours: 1 }).toString())
    // Staff go on with what shows nobody; a machine does not.
    expect((await of(asking(who, { fields: [] }))).overBudget).toBe(false)
    for (let i = 0; i < 6; i += 1) await of(asking(agency, { action: 'disclose' }))
    expect((await of(asking(agency, { action: 'disclose', fields: [] }))).overBudget).toBe(true)
  })

  it('may be twice as many for staff whom a supervisor released that day', async () => {
    const who = staff()
    const [key] = await app.peek<{ id: string }>('select id from data_keys limit 1')
    await app.peek(
      `insert into budget_releases (municipality_id, id, staff_id, data_key_id, reason, released_by)
         values ('${app.town.id}', '${randomUUID()}', '${who.id}', '${key?.id}', '\\x00', 'supervisor')`,
    )
    for (let i = 0; i < 6; i += 1) expect(await of(asking(who))).toMatchObject({ overBudget: false, released: true })
    expect((await of(asking(who))).overBudget).toBe(true)
    expect((await of(asking(staff()))).released).toBe(false)
  })
})

describe('what was shown', () => {
  it('is all that may be from the number of the day on, save for what shows nobody or is never refused', async () => {
    const who = staff()
    await seen(`staff ${who.id}`, 399)
    expect(await of(asking(who))).toMatchObject({ overBudget: false, spentUntil: undefined, muchSeen: true })
    await seen(`staff ${who.id}`, 400)
    const spent = await of(asking(who))
    expect(spent).toMatchObject({ overBudget: true, muchSeen: true })
    const tomorrow = app.clock.now().toZonedDateTimeISO('UTC').startOfDay().add({ days: 1 }).toInstant().toString()
    expect(spent.spentUntil).toBe(tomorrow)
    for (const free of [
      { fields: [] },
      { action: 'register' },
      { action: 'erase' },
      { purpose: 'incident' },
    ] as const) {
      const other = staff()
      await seen(`staff ${other.id}`, 400)
      expect(await of(asking(other, free)), JSON.stringify(free)).toMatchObject({
        overBudget: false,
        spentUntil: tomorrow,
      })
    }
  })

  it('is much from three quarters on', async () => {
    const who = staff()
    await seen(`staff ${who.id}`, 299)
    expect((await of(asking(who))).muchSeen).toBe(false)
    await seen(`staff ${who.id}`, 300)
    expect((await of(asking(who))).muchSeen).toBe(true)
  })

  it('is what the town says where it says something', async () => {
    await app.peek(`update municipalities set budgets = '{"clerk": {"day": {"people": 10, "points": 100}}}'`)
    const who = staff()
    await seen(`staff ${who.id}`, 10)
    const standing = await of(asking(who))
    expect(standing).toMatchObject({ overBudget: true, budgets: { clerk: { day: { people: 10, points: 100 } } } })
    await app.peek(`update municipalities set budgets = '{}'`)
    expect((await of(asking(who))).overBudget).toBe(false)
  })
})

describe('an office', () => {
  const monday = (time: string) =>
    Temporal.PlainDateTime.from(`2026-11-30T${time}`).toZonedDateTime('Europe/Madrid').toInstant()
  const hours = (value: object | null) =>
    app.peek(`update municipalities set office_hours = ${value === null ? 'null' : `'${JSON.stringify(value)}'`}`)

  it('is closed outside of its hours, by the town’s clock', async () => {
    await hours([
      { weekday: 1, from: '09:00', to: '14:00' },
      { weekday: 1, from: '16:00', to: '18:30' },
      { weekday: 3, from: '09:00', to: '14:00' },
    ])
    const closed = async (at: Temporal.Instant) => (await of(asking(staff()), at)).closed
    expect(await closed(monday('08:59'))).toBe(true)
    expect(await closed(monday('09:00'))).toBe(false)
    expect(await closed(monday('13:59'))).toBe(false)
    expect(await closed(monday('14:00'))).toBe(true)
    expect(await closed(monday('15:00'))).toBe(true)
    expect(await closed(monday('16:00'))).toBe(false)
    expect(await closed(monday('18:29'))).toBe(false)
    expect(await closed(monday('18:30'))).toBe(true)
    expect(await closed(monday('10:00').add({ hours: 24 }))).toBe(true)
    expect(await closed(monday('10:00').add({ hours: 48 }))).toBe(false)
    await hours([])
    expect(await closed(monday('10:00'))).toBe(true)
    await hours(null)
    expect(await closed(monday('03:00'))).toBe(false)
  })

  it('has the town’s day', async () => {
    expect((await of(asking(staff()), Temporal.Instant.from('2026-11-30T23:30:00Z'))).day).toBe('2026-12-01')
    expect((await of(asking(staff()), Temporal.Instant.from('2026-11-30T22:30:00Z'))).day).toBe('2026-11-30')
  })
})

describe('a way in', () => {
  it('has ended with whom it rests on, or with who acts for them', async () => {
    const [one, other] = [(await register(app)).id, (await register(app)).id]
    const ended = async (requester: Requester) => (await of(asking(requester, { purpose: 'own-record' }))).ended
    const acting = resident(one, { representative: { neighbourId: other, toldWhere: true } })
    expect(await ended(resident(one))).toBe(false)
    expect(await ended(acting)).toBe(false)
    expect(await ended(resident(one, { representative: { toldWhere: true } }))).toBe(false)
    const died = await app.ask('POST', `/v1/neighbours/${other}/departures`, {
      as: 'supervisor',
      body: { cause: 'death' },
      ifMatch: 1,
    })
    expect(died.status, died.text).toBe(201)
    expect(await ended(resident(other))).toBe(true)
    expect(await ended(acting)).toBe(true)
    expect(await ended(resident(one))).toBe(false)
    expect(await ended(resident(other, { representative: { neighbourId: one, toldWhere: true } }))).toBe(true)
    expect(await ended(staff({ id: other }))).toBe(false)
  })

  it('says how a lockdown stands', async () => {
    expect((await of(asking(staff()))).lockdown).toBe(false)
    await app.peek(`insert into lockdowns (municipality_id, closed) values ('${app.town.id}', true)`)
    expect((await of(asking(staff()))).lockdown).toBe(true)
    await app.peek('update lockdowns set closed = false')
    expect((await of(asking(staff()))).lockdown).toBe(false)
  })
})

describe('lots', () => {
  it('are drawn by the town’s share, below the lowest that this member of staff has drawn today', async () => {
    const who = staff()
    const { id } = await register(app)
    expect(await of(asking(who))).toMatchObject({ drawnShare: 0.25, lowestLot: undefined })
    const [key] = await app.peek<{ id: string }>('select id from data_keys limit 1')
    const day = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
    const draw = (staffId: string, lot: number, on = day) =>
      app.peek(
        `insert into drawn_openings (municipality_id, id, staff_id, neighbour_id, day, lot, data_key_id, content, weight)
           values ('${app.town.id}', '${randomUUID()}', '${staffId}', '${id}', '${on}', ${lot}, '${key?.id}', '\\x00', 1)`,
      )
    await draw(who.id, 0.5)
    await draw('somebody-else', 0.125)
    await draw(who.id, 0.0625, day.subtract({ days: 1 }))
    expect((await of(asking(who))).lowestLot).toBe(0.5)
  })
})

describe('a position', () => {
  const link = (organisation: string, related: string) =>
    app.peek(
      `insert into organisation_links (municipality_id, organisation_id, kind, related_id)
         values ('${app.town.id}', '${organisation}', 'memberOf', '${related}')`,
    )
  const unlink = () => app.peek(`delete from organisation_links where organisation_id = '${DEMO_OFFICE}'`)

  it('is remembered as long as the graph is the same, for each who asks', async () => {
    const who = staff()
    expect(standings.cached(asking(who))).toBeUndefined()
    const first = await of(asking(who))
    expect(first.position?.organisationId).toBe(DEMO_OFFICE)
    expect((await of(asking(who, { action: 'search' }))).position).toBe(first.position)
    expect(standings.cached(asking(who))).toEqual({ position: first.position, version: first.version })
    expect(standings.cached(asking(who))?.position).toBe(first.position)
    // Somebody else of the office may be lent to others; a machine is its organisation, whatever it is called.
    expect((await of(asking(staff()))).position).not.toBe(first.position)
    expect(standings.cached(asking(staff()))).toBeUndefined()
    const machine = await of(asking(library))
    expect((await of(asking({ ...library, id: 'another-machine' }))).position).toBe(machine.position)
    expect(machine.position?.organisationId).toBe(library.organisationId)
    expect(
      (await of(asking({ ...who, organisationId: String(library.organisationId) }))).position?.organisationId,
    ).toBe(library.organisationId)
  })

  it('is read again when the graph has changed', async () => {
    const who = staff()
    const first = await of(asking(who))
    await link(DEMO_OFFICE, String(agency.organisationId))
    try {
      const next = await of(asking(who))
      expect(next.version).not.toBe(first.version)
      expect(first.position?.organisations.has(String(agency.organisationId))).toBe(false)
      expect(next.position?.organisations.has(String(agency.organisationId))).toBe(true)
      expect(standings.cached(asking(who))?.version).toBe(next.version)
    } finally {
      await unlink()
    }
  })

  it('is forgotten town by town', async () => {
    const who = staff()
    await of(asking(who))
    standings.forget(randomUUID())
    expect(standings.cached(asking(who))).toBeDefined()
    standings.forget(app.town.id)
    expect(standings.cached(asking(who))).toBeUndefined()
  })

  it('reaches where staff are lent to, and what whoever helps or acts for somebody stands with', async () => {
    const who = staff()
    await app.peek(`insert into staff_affiliations values ('${app.town.id}', '${who.id}', '${agency.organisationId}')`)
    expect((await of(asking(who))).position?.organisations.has(String(agency.organisationId))).toBe(true)
    expect((await of(asking(staff()))).position?.organisations.has(String(agency.organisationId))).toBe(false)
    const { id } = await register(app)
    const both = [String(library.organisationId), String(agency.organisationId)]
    const helper = (standsWith: string[]) => resident(id, { helper: true, standsWith })
    const reached = (await of(asking(helper(both)))).position
    expect(reached?.organisationId).toBe(both[0])
    for (const one of both) expect(reached?.organisations.has(one), one).toBe(true)
    expect((await of(asking(helper(both.slice(0, 1))))).position?.organisations.has(both[1] ?? '')).toBe(false)
  })

  it('is nowhere of whoever stands with nobody, and of an organisation the registry does not know', async () => {
    expect((await of(asking(resident(randomUUID())))).position).toBeUndefined()
    expect((await of(asking({ kind: 'job', id: 'job' }))).position).toBeUndefined()
    expect((await of(asking({ ...library, organisationId: null }))).position).toBeUndefined()
    const unknown = staff({ organisationId: randomUUID() })
    expect((await of(asking(unknown))).position).toBeUndefined()
    expect(standings.cached(asking(unknown))).toBeUndefined()
  })
})

it('is closed in every way of a town that has no row', async () => {
  const nowhere = asking(staff(), { municipalityId: randomUUID() })
  const now = Temporal.Instant.from('2026-11-30T10:00:00Z')
  const standing = await inMunicipality(app.database, app.town.id, (transaction) =>
    createStandings().of(transaction, { ...nowhere, requester: resident(randomUUID()) }, now),
  )
  expect(standing).toEqual({
    version: '0',
    lockdown: true,
    overBudget: true,
    spentUntil: '2026-11-30T11:00:00Z',
    muchSeen: false,
    budgets: {},
    released: false,
    closed: false,
    drawnShare: 0,
    lowestLot: undefined,
    day: '2026-11-30',
    ended: true,
    position: undefined,
  })
})
