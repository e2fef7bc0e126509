import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEMO_ASKING, DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { createGate, type GateDeps } from '../../src/firewall/gate.ts'
import { OverBudget } from '../../src/firewall/leaving.ts'
import type { Ask, Gate, UnitOfWork } from '../../src/firewall/model.ts'
import { type Client, Refusal, type Resident, type Staff } from '../../src/firewall/requester.ts'
import { detailsAt, subjectAt } from '../../src/ledger/entries.ts'
import type { Transaction } from '../../src/platform/database.ts'
import { NotFound, Problem } from '../../src/platform/problem.ts'
import type { NeighbourFields } from '../../src/registry/model.ts'
import { loadRecords } from '../../src/registry/store.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesOf } from '../support/entries.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'

// The gate by itself, with work of the tests' own: what each kind of question leaves in the ledger, and what it counts.

let app: TestApp
let gate: Gate
beforeAll(async () => {
  app = await openApp()
  gate = app.rooms.gate
})
afterAll(() => app?.close())

const clerk: Staff = { kind: 'staff', id: 'gate-clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-7/31' }
const legal: Staff = { kind: 'staff', id: 'gate-legal', role: 'legal', organisationId: DEMO_OFFICE }
const { library, agency } = DEMO_ASKING as Record<'library' | 'agency', Client>

const asking = (more: Partial<Ask<keyof NeighbourFields & string>> = {}) =>
  ({
    municipalityId: app.town.id,
    requester: clerk,
    action: 'open',
    purpose: 'counter-service',
    fields: ['name'],
    ...more,
  }) as Ask<keyof NeighbourFields & string>
const load =
  (...ids: string[]) =>
  (transaction: Transaction) =>
    loadRecords(transaction, ids, { trueAt: app.clock.now().toZonedDateTimeISO('UTC').toPlainDate() })
const open = <T>(
  ids: readonly string[],
  use: (names: string[], unit: UnitOfWork<undefined>, more: (...ids: string[]) => Promise<string[]>) => T | Promise<T>,
  ask = asking(),
) => {
  return gate.open<NeighbourFields, keyof NeighbourFields & string, T>(ask, load(...ids), (records, unit, openMore) =>
    use(
      records.map(({ name }) => name?.given ?? ''),
      unit,
      async (...others) => (await openMore(load(...others))).map(({ name }) => name?.given ?? ''),
    ),
  )
}

interface Entry {
  id: string
  action: string
  purpose: string
  outcome: string
  requester_kind: string
  subject_id: string | null
  details: Uint8Array
}
interface Details {
  requester: string
  organisation: string | null
  fields: readonly string[]
  policies: readonly string[]
  subject: string | null
  occasion?: Record<string, unknown>
}

let last = ''
const newest = async () => (await app.peek<Entry>('select id from ledger_entries order by id desc limit 1'))[0]?.id
beforeEach(async () => {
  last = (await newest()) ?? '00000000-0000-0000-0000-000000000000'
})
/** What was written since the test began, opened. */
async function written(): Promise<(Omit<Entry, 'id' | 'details'> & Details)[]> {
  const rows = await entriesOf(app, `id > '${last}'`)
  return rows.map(({ content, action, purpose, outcome, requester_kind, subject_id }) => ({
    ...(content as Details),
    ...{ action, purpose, outcome, requester_kind, subject_id },
  }))
}
const count = (transaction: Transaction) =>
  sql<{ n: number }>`select count(*)::integer as n from neighbours`.execute(transaction).then(({ rows }) => rows[0]?.n)
const times = async (who: string) =>
  (
    await app.peek<{ times: number }>(`select sum(times)::integer as times from query_counts where counted = '${who}'`)
  )[0]?.times ?? 0
const seen = async (who: string) =>
  (await app.peek<{ people: number }>(`select people from seen_totals where counted = '${who}' and span = 'day'`))[0]
    ?.people ?? 0
/** Somebody of the staff whom nothing has been counted for. */
let staffNumber = 0
const fresh = (more: Partial<Staff> = {}): Staff => {
  staffNumber += 1
  return { ...clerk, id: `gate-${staffNumber}`, ...more }
}

describe('what is decided without opening anything', () => {
  const supervise = () =>
    asking({
      requester: { ...clerk, id: 'gate-supervisor', role: 'supervisor' },
      action: 'supervise',
      purpose: 'supervision',
      fields: [],
    })

  it('is done, and written down with what happened besides, in one commit', async () => {
    const answer = await shownTo(
      gate.decide(supervise(), async (transaction, also) => {
        also({ by: legal, action: 'policies-changed', occasion: { cells: 3 } })
        return count(transaction)
      }),
    )
    expect(answer).toBeGreaterThanOrEqual(0)
    expect(await written()).toMatchObject([
      {
        action: 'supervise',
        purpose: 'supervision',
        outcome: 'permitted',
        requester: 'gate-supervisor',
        organisation: DEMO_OFFICE,
        policies: ['staff.purpose'],
        subject_id: null,
        subject: null,
        occasion: { case: 'T-7/31' },
      },
      {
        action: 'policies-changed',
        purpose: 'registry',
        outcome: 'permitted',
        requester_kind: 'staff',
        requester: 'gate-legal',
        fields: [],
        policies: [],
        subject: null,
        occasion: { cells: 3 },
      },
    ])
  })

  it('is not done where it is refused: the refusal stands alone, and says nothing of the fields', async () => {
    let done = false
    const asked = { ...supervise(), requester: clerk, fields: ['name' as const] }
    await expect(
      gate.decide(asked, async () => {
        done = true
      }),
    ).rejects.toBeInstanceOf(Refusal)
    expect(done).toBe(false)
    expect(await written()).toMatchObject([
      { action: 'supervise', outcome: 'refused', fields: [], subject: null, occasion: { case: 'T-7/31' } },
    ])
  })

  it('is done otherwise where it is refused and something is to be done then, with an entry of the refusal', async () => {
    const answer = await shownTo(
      gate.decide(
        { ...supervise(), requester: clerk },
        async () => 'permitted',
        async (transaction) => `otherwise ${typeof (await count(transaction))}`,
      ),
    )
    expect(answer).toBe('otherwise number')
    expect(await written()).toMatchObject([{ action: 'supervise', outcome: 'refused', policies: [] }])
    // Where it is permitted, there is nothing otherwise.
    expect(
      await shownTo(
        gate.decide(
          supervise(),
          async () => 'permitted',
          async () => 'otherwise',
        ),
      ),
    ).toBe('permitted')
  })

  it('is refused where the work itself refuses, and what it wrote is not kept', async () => {
    const row = randomUUID()
    await expect(
      gate.decide(supervise(), async (transaction) => {
        await sql`insert into query_counts (municipality_id, counted, hour, times)
          values (${app.town.id}::uuid, ${row}, now(), 1)`.execute(transaction)
        throw new Refusal()
      }),
    ).rejects.toBeInstanceOf(Refusal)
    expect(await times(row)).toBe(0)
    expect(await written()).toMatchObject([{ action: 'supervise', outcome: 'refused', policies: [] }])
  })

  it('leaves nothing behind where the work fails, and the error is its own', async () => {
    const fault = new Error('the disk is full')
    await expect(
      gate.decide(supervise(), async () => {
        throw fault
      }),
    ).rejects.toBe(fault)
    expect(await written()).toEqual([])
  })

  it('says to staff who have asked too often that they have, and until when', async () => {
    const many = fresh()
    const ask = asking({ requester: many, purpose: 'counter-service', action: 'open', fields: ['name'] })
    await app.peek(
      `insert into query_counts values ('${app.town.id}', 'staff ${many.id}', date_trunc('hour', clock_timestamp()), 240)`,
    )
    const refused = await gate
      .decide(ask, async () => 'shown')
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    expect(refused).toBeInstanceOf(OverBudget)
    const until = Temporal.Instant.from((refused as OverBudget).until)
    const now = app.clock.now()
    expect(now.until(until).total('minutes')).toBeGreaterThan(0)
    expect(now.until(until).total('minutes')).toBeLessThanOrEqual(60)
    expect(until.toZonedDateTimeISO('UTC').minute).toBe(0)
    expect(await written()).toMatchObject([{ outcome: 'refused', policies: ['firewall.budget'] }])
  })
})

describe('what happens to the registry itself', () => {
  it('is an entry, with whatever work writes, and work’s answer comes back', async () => {
    const by = { kind: 'job', id: 'checkpoints' } as const
    const answer = await gate.record(
      app.town.id,
      { by, action: 'checkpoint', occasion: { size: 4 } },
      async (transaction) => typeof (await count(transaction)),
    )
    expect(answer).toBe('number')
    expect(await gate.record(app.town.id, { by, action: 'rotated' })).toBeUndefined()
    const entries = await written()
    expect(entries).toMatchObject([
      { action: 'checkpoint', purpose: 'registry', outcome: 'permitted', requester_kind: 'job', organisation: null },
      { action: 'rotated', fields: [], policies: [], subject: null },
    ])
    expect(entries.map(({ occasion }) => occasion)).toEqual([{ size: 4 }, undefined])
  })

  it('is no entry where its work fails', async () => {
    const by = { kind: 'job', id: 'checkpoints' } as const
    await expect(
      gate.record(app.town.id, { by, action: 'checkpoint' }, async () => {
        throw new NotFound()
      }),
    ).rejects.toBeInstanceOf(NotFound)
    expect(await written()).toEqual([])
  })
})

describe('whoever comes to a door that is not theirs', () => {
  it('is refused, and the entry says who and not what for', async () => {
    await expect(gate.turnAway(app.town.id, agency)).rejects.toBeInstanceOf(Refusal)
    expect(await written()).toMatchObject([
      {
        action: 'open',
        purpose: 'unknown',
        outcome: 'refused',
        requester_kind: 'client',
        requester: agency.id,
        organisation: agency.organisationId,
        policies: [],
        fields: [],
        subject: null,
      },
    ])
  })
})

describe('work on what was opened', () => {
  it('may say why, and what else happened: an entry each, besides that of each person', async () => {
    const [one, other] = [(await register(app)).id, (await register(app)).id]
    last = (await newest()) ?? ''
    const names = await shownTo(
      open([one], async (opened, unit, more) => {
        unit.occasion({ weighed: 2 })
        unit.also({ by: legal, action: 'told', occasion: { code: 'late' } })
        return [...opened, ...(await more(other))]
      }),
    )
    expect(names).toHaveLength(2)
    expect(names.every((name) => name.length > 2)).toBe(true)
    const entries = await written()
    expect(entries.map(({ subject_id }) => subject_id)).toEqual([one, other, null, null])
    expect(entries.map(({ action }) => action)).toEqual(['open', 'open', 'open', 'told'])
    expect(entries.map(({ occasion }) => occasion)).toEqual([
      { case: 'T-7/31' },
      { case: 'T-7/31' },
      { weighed: 2, case: 'T-7/31' },
      { code: 'late' },
    ])
  })

  it('has an entry about nobody where nobody was found, and none where somebody was and nothing was said', async () => {
    const { id } = await register(app)
    last = (await newest()) ?? ''
    await shownTo(open([randomUUID()], (opened) => opened))
    await shownTo(open([id], (opened) => opened))
    expect((await written()).map(({ subject_id }) => subject_id)).toEqual([null, id])
  })

  it('names those who were shown, where it says who; the others were not looked at', async () => {
    const [one, other] = [(await register(app)).id, (await register(app)).id]
    const who = fresh()
    const search = asking({ requester: who, action: 'search' })
    last = (await newest()) ?? ''
    await shownTo(
      open(
        [one, other],
        (opened, unit) => {
          unit.shown([other])
          return opened.length
        },
        search,
      ),
    )
    expect((await written()).map(({ subject_id }) => subject_id)).toEqual([other])
    expect(await seen(`staff ${who.id}`)).toBe(1)
    await shownTo(open([one, other], (opened) => opened.length, search))
    expect(await seen(`staff ${who.id}`)).toBe(2)
  })

  it('keeps from the work each record that the rules keep from whoever asks, and names nobody who was kept', async () => {
    const [one, hidden] = [(await register(app)).id, (await register(app, { protected: true })).id]
    last = (await newest()) ?? ''
    const opened = await shownTo(
      open([one, hidden], async (names, _, more) => [names.length, (await more(hidden)).length]),
    )
    expect(opened).toEqual([1, 0])
    expect((await written()).map(({ subject_id }) => subject_id)).toEqual([one])
    const supervisor = fresh({ role: 'supervisor' })
    expect(await shownTo(open([one, hidden], (names) => names.length, asking({ requester: supervisor })))).toBe(2)
  })

  it('lets whoever wrote a hidden record see it in their visit', async () => {
    const { id } = await register(app, { protected: true })
    const writer = fresh()
    const see = (visited?: boolean) =>
      shownTo(
        gate.open<NeighbourFields, 'name', number>(
          asking({ requester: writer }) as Ask<'name'>,
          async (transaction) =>
            (await load(id)(transaction)).map((record) => ({
              ...record,
              ...(visited === undefined ? {} : { visited }),
            })),
          (records) => records.length,
        ),
      )
    expect(await see()).toBe(0)
    expect(await see(false)).toBe(0)
    expect(await see(true)).toBe(1)
  })

  it('learns whether somebody else would be let through too', async () => {
    const { id } = await register(app)
    const told = await shownTo(
      open([id], async (_, unit) => [
        await unit.lets(asking({ requester: library, action: 'disclose', purpose: 'service-eligibility' })),
        await unit.lets(asking({ requester: agency, action: 'disclose', purpose: 'service-eligibility' })),
        await unit.lets(
          asking({
            requester: { kind: 'resident', id: 'own', neighbourId: id },
            purpose: 'own-record',
          }),
        ),
      ]),
    )
    expect(told).toEqual([true, false, true])
  })

  it('learns that the budget of whoever asks is used up, and goes on where it may', async () => {
    const { id } = await register(app)
    const who = fresh()
    const registering = asking({ requester: who, action: 'register', purpose: 'registration' })
    const spent = () => shownTo(open([id], (_, unit) => ({ spent: unit.spent }), registering))
    expect(await spent()).toEqual({ spent: false })
    await app.peek(
      `insert into seen_totals values ('${app.town.id}', 'staff ${who.id}', 'day', date_trunc('day', clock_timestamp(), 'UTC'), 400, 10)
         on conflict (municipality_id, counted, span, begins) do update set people = 400`,
    )
    expect(await spent()).toEqual({ spent: true })
    await expect(open([id], (names) => names, asking({ requester: who }))).rejects.toBeInstanceOf(OverBudget)
  })

  it('can seal and open to the keys of the records at hand, and to no other', async () => {
    const [one, other] = [(await register(app)).id, (await register(app)).id]
    const place = { table: 'notices', column: 'content', row: randomUUID() }
    const back = await shownTo(
      open([one], async (_, unit) => unit.reopen(one, place, unit.seal(one, place, { said: 'yes' }))),
    )
    expect(back).toEqual({ said: 'yes' })
    await expect(open([one], (_, unit) => unit.seal(other, place, 'x'))).rejects.toThrow('without its data key')
  })

  it('is handed what load found beside the records', async () => {
    const { id } = await register(app)
    const beside = await shownTo(
      gate.open<NeighbourFields, 'name', string, { note: string }>(
        asking() as Ask<'name'>,
        async (transaction) => ({ records: await load(id)(transaction), beside: { note: 'found beside' } }),
        (records, unit) => `${records.length} ${unit.beside.note}`,
      ),
    )
    expect(beside).toBe('1 found beside')
  })
})

describe('somebody behind whoever asks', () => {
  it('has to be permitted too: else it is their refusal, with nothing of anybody’s budget', async () => {
    const { id } = await register(app)
    const behind = (requester: Client) =>
      asking({
        requester: { kind: 'resident', id: 'own', neighbourId: id },
        purpose: 'own-record',
        action: 'prove',
        behind: asking({ requester, action: 'disclose', purpose: 'service-eligibility' }),
      })
    last = (await newest()) ?? ''
    expect(await shownTo(open([id], (names) => names.length, behind(library)))).toBe(1)
    let worked = false
    await expect(
      open(
        [id],
        () => {
          worked = true
        },
        behind(agency),
      ),
    ).rejects.toBeInstanceOf(Refusal)
    expect(worked).toBe(false)
    const [permitted, refused, ...others] = await written()
    expect(permitted).toMatchObject({ outcome: 'permitted', subject_id: id })
    expect(refused).toMatchObject({
      action: 'prove',
      outcome: 'refused',
      requester: 'own',
      policies: ['firewall.enforcement'],
    })
    expect(others).toEqual([])
  })

  it('does not make a refusal of theirs one of the budget of whoever asks', async () => {
    const who = fresh()
    await app.peek(
      `insert into query_counts values ('${app.town.id}', 'staff ${who.id}', date_trunc('hour', clock_timestamp()), 999)`,
    )
    const ask = asking({
      requester: who,
      fields: [],
      behind: asking({ requester: agency, action: 'disclose', purpose: 'service-eligibility' }),
    })
    const refused = await open([], (names) => names.length, ask).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(Refusal)
  })
})

describe('work that is undone', () => {
  class Teapot extends Problem {
    constructor() {
      super('teapot', 418, 'This is a teapot.')
    }
  }
  const fails = (error: unknown) => () => {
    throw error
  }

  it('leaves an entry of each person it looked at, with the code of why', async () => {
    const { id } = await register(app)
    const who = fresh()
    last = (await newest()) ?? ''
    await expect(open([id], fails(new Teapot()), asking({ requester: who }))).rejects.toBeInstanceOf(Teapot)
    expect(await written()).toMatchObject([
      {
        subject_id: id,
        outcome: 'permitted',
        policies: ['staff.purpose'],
        occasion: { undone: 'teapot', case: 'T-7/31' },
      },
    ])
    expect(await seen(`staff ${who.id}`)).toBe(1)
  })

  it('leaves no name of whom a search only weighed', async () => {
    const { id } = await register(app)
    for (const [action, purpose] of [
      ['search', 'counter-service'],
      ['register', 'registration'],
    ] as const) {
      const who = fresh()
      last = (await newest()) ?? ''
      await expect(open([id], fails(new Teapot()), asking({ requester: who, action, purpose }))).rejects.toBeInstanceOf(
        Teapot,
      )
      expect(await written(), action).toEqual([])
      expect(await seen(`staff ${who.id}`), action).toBe(0)
    }
    const job = { kind: 'job', id: 'gate-job' } as const
    last = (await newest()) ?? ''
    await expect(
      open([id], fails(new Teapot()), asking({ requester: job, action: 'compare', purpose: 'hidden-likeness' })),
    ).rejects.toBeInstanceOf(Teapot)
    expect(await written()).toEqual([])
    // Whom it had said it would show is named.
    const show = async (_: string[], unit: UnitOfWork<undefined>) => {
      unit.shown([id])
      throw new Teapot()
    }
    await expect(open([id], show, asking({ action: 'search' }))).rejects.toBeInstanceOf(Teapot)
    expect((await written()).map(({ subject_id }) => subject_id)).toEqual([id])
  })

  it('leaves an entry of a refusal besides, where the work refuses', async () => {
    const { id } = await register(app)
    last = (await newest()) ?? ''
    await expect(open([id], fails(new Refusal()))).rejects.toBeInstanceOf(Refusal)
    expect(await written()).toMatchObject([
      { subject_id: id, outcome: 'permitted', occasion: { undone: 'refused' } },
      { subject_id: null, outcome: 'refused', policies: [], fields: [] },
    ])
    last = (await newest()) ?? ''
    await expect(open([randomUUID()], fails(new Refusal()))).rejects.toBeInstanceOf(Refusal)
    expect(await written()).toMatchObject([{ subject_id: null, outcome: 'refused' }])
  })

  it('leaves nothing where nobody was looked at', async () => {
    await expect(open([randomUUID()], fails(new NotFound()))).rejects.toBeInstanceOf(NotFound)
    expect(await written()).toEqual([])
  })

  it('leaves nothing of a fault of ours, whose error says what it is', async () => {
    const { id } = await register(app)
    last = (await newest()) ?? ''
    const fault = new Error('the disk is full')
    await expect(open([id], fails(fault))).rejects.toBe(fault)
    class Away extends Problem {
      constructor() {
        super('away', 500, 'Something is away.')
      }
    }
    await expect(open([id], fails(new Away()))).rejects.toBeInstanceOf(Away)
    expect(await written()).toEqual([])
  })

  it('is refused, and not explained, to whoever may not ask any more by then', async () => {
    const { id } = await register(app)
    last = (await newest()) ?? ''
    const overtaken = async () => {
      await app.peek(
        `insert into lockdowns (municipality_id, closed) values ('${app.town.id}', true)
           on conflict (municipality_id) do update set closed = true`,
      )
      throw new Teapot()
    }
    try {
      await expect(open([id], overtaken)).rejects.toBeInstanceOf(Refusal)
    } finally {
      await app.peek('update lockdowns set closed = false')
    }
    expect(await written()).toMatchObject([
      { outcome: 'refused', policies: ['firewall.lockdown'], subject_id: null, fields: [] },
    ])
  })

  it('is undone too where its answer would show more than whoever asks may see', async () => {
    const people = [(await register(app)).id, (await register(app)).id]
    const who = fresh()
    await app.peek(
      `insert into seen_totals values ('${app.town.id}', 'staff ${who.id}', 'day', date_trunc('day', clock_timestamp(), 'UTC'), 399, 10)`,
    )
    last = (await newest()) ?? ''
    const refused = await open(people, (names) => names, asking({ requester: who })).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(OverBudget)
    const until = Temporal.Instant.from((refused as OverBudget).until)
    expect(until.toZonedDateTimeISO('UTC').hour).toBe(0)
    expect(await written()).toMatchObject([{ outcome: 'refused', policies: ['firewall.budget'], subject_id: null }])
    // One of them is not too many.
    expect(await shownTo(open(people.slice(0, 1), (names) => names.length, asking({ requester: who })))).toBe(1)
  })
})

describe('a machine or a neighbour who has been shown all they may', () => {
  it('is refused without being told that they have', async () => {
    const { id } = await register(app)
    await app.peek(
      `insert into seen_totals values ('${app.town.id}', 'organisation ${library.organisationId}', 'day', date_trunc('day', clock_timestamp(), 'UTC'), 9000, 10)
         on conflict (municipality_id, counted, span, begins) do update set people = 9000`,
    )
    const refused = await open(
      [id],
      (names) => names,
      asking({ requester: library, action: 'disclose', purpose: 'service-eligibility' }),
    ).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(Refusal)
    await app.peek(`delete from seen_totals where counted like 'organisation %'`)
  })
})

describe('a registration', () => {
  const admit = (requester: Staff, at = gate) =>
    gateKeys().then((ledger) =>
      at.admit(
        asking({ requester, action: 'register', purpose: 'registration', fields: ['name', 'address'] }),
        randomUUID(),
        ledger,
      ),
    )
  const gateKeys = async () => (await gate.keysOf(app.town.id)).ledger

  it('is admitted with the version of the graph it was decided at and the entry that goes with it', async () => {
    const { graphVersion, entry, disclose } = await admit(clerk)
    const [graph] = await app.peek<{ version: string }>(`select version::text from organisation_graphs`)
    expect(graphVersion).toBe(graph?.version)
    expect(entry).toMatchObject({ action: 'register', purpose: 'registration', outcome: 'permitted' })
    expect((await gateKeys()).openUnnamed(subjectAt(entry.id), entry.subject)).toMatch(/^[0-9a-f-]{36}$/)
    expect((await gateKeys()).openUnnamed(detailsAt(entry.id), entry.details)).toMatchObject({
      policies: ['staff.purpose'],
      fields: ['name', 'address'],
      occasion: { case: 'T-7/31' },
    })
    expect(await shownTo(Promise.resolve(disclose('done')))).toBe('done')
    expect(await written()).toEqual([])
  })

  it('is refused to whoever registers nobody, with an entry', async () => {
    await expect(admit(legal)).rejects.toBeInstanceOf(Refusal)
    expect(await written()).toMatchObject([{ action: 'register', outcome: 'refused', requester: 'gate-legal' }])
  })

  it('goes on in a lockdown and whatever was asked before, and is no question', async () => {
    const who = fresh()
    await app.peek(
      `insert into query_counts values ('${app.town.id}', 'staff ${who.id}', date_trunc('hour', clock_timestamp()), 5000)`,
    )
    await app.peek(`insert into lockdowns (municipality_id, closed) values ('${app.town.id}', true)
         on conflict (municipality_id) do update set closed = true`)
    try {
      await expect(admit(who)).resolves.toBeDefined()
    } finally {
      await app.peek(`update lockdowns set closed = false`)
    }
    expect(await times(`staff ${who.id}`)).toBe(5000)
  })

  it('is decided by the position known already, until it is forgotten', async () => {
    const own = createGate(app.deps as unknown as GateDeps)
    const who = fresh()
    const { graphVersion } = await admit(who, own)
    await app.peek(
      `insert into organisation_links (municipality_id, organisation_id, kind, related_id)
         values ('${app.town.id}', '${DEMO_OFFICE}', 'memberOf', '${agency.organisationId}')`,
    )
    try {
      // The registration's own statement fails then, because the graph is no longer at this version.
      expect((await admit(who, own)).graphVersion).toBe(graphVersion)
      own.forget(app.town.id)
      await expect(admit(who, own)).rejects.toBeInstanceOf(Refusal)
    } finally {
      await app.peek(`delete from organisation_links where organisation_id = '${DEMO_OFFICE}'`)
    }
    own.forget(app.town.id)
    expect((await admit(who, own)).graphVersion).not.toBe(graphVersion)
  })
})

describe('the keys of a town', () => {
  it('are read once, and again where that failed', async () => {
    let reads = 0
    let away = true
    const keys = {
      ...app.keys,
      unwrap: (...given: Parameters<typeof app.keys.unwrap>) => {
        reads += 1
        if (away) throw new Error('the key file is away')
        return app.keys.unwrap(...given)
      },
    }
    const own = createGate({ ...(app.deps as unknown as GateDeps), keys })
    await expect(own.keysOf(app.town.id)).rejects.toThrow('away')
    away = false
    const before = reads
    const first = await own.keysOf(app.town.id)
    const once = reads
    expect(once).toBeGreaterThan(before)
    expect(await own.keysOf(app.town.id)).toBe(first)
    expect(reads).toBe(once)
  })
})

const resident = (neighbourId: string, more: Partial<Resident> = {}): Resident => ({
  kind: 'resident',
  id: `own ${neighbourId}`,
  neighbourId,
  ...more,
})

describe('somebody’s own record', () => {
  it('opens for them alone, and for a helper only what helping is', async () => {
    const [one, other] = [(await register(app)).id, (await register(app)).id]
    const own = (who: Resident, purpose: string, action: Ask['action']) =>
      open([one], (names) => names.length, asking({ requester: who, purpose, action }))
    expect(await shownTo(own(resident(one), 'own-record', 'open'))).toBe(1)
    // What is asked is about their own record; another's is not among those found.
    expect(await shownTo(own(resident(other), 'own-record', 'open'))).toBe(0)
    await expect(own(resident(one, { helper: true }), 'helping', 'open')).rejects.toBeInstanceOf(Refusal)
    expect(await shownTo(own(resident(one, { helper: true }), 'helping', 'prove'))).toBe(1)
  })

  it('has in the entry no case, which only staff have', async () => {
    const { id } = await register(app)
    last = (await newest()) ?? ''
    await shownTo(
      open(
        [id],
        (names) => names.length,
        asking({ requester: { ...resident(id), case: 'T-1' } as Resident, purpose: 'own-record' }),
      ),
    )
    const [entry] = await written()
    expect(entry?.occasion).toBeUndefined()
    expect(entry).toMatchObject({ requester_kind: 'resident', organisation: null })
  })
})
