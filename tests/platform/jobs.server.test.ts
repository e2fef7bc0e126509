import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Database, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { createRunner, type Item, type Next, pauseAfter, type Work } from '../../src/platform/jobs.ts'
import type { LogLine } from '../../src/platform/telemetry.ts'
import { openApp, type TestApp } from '../support/app.ts'

let app: TestApp
/** What two processes have: a database handle each. */
const processes: Database[] = []
const log: LogLine[] = []
beforeAll(async () => {
  app = await openApp()
  for (let i = 0; i < 2; i += 1)
    processes.push(openDatabase(postgresDialect(app.url('padron_app_login'), { connections: 4, role: 'padron_app' })))
})
afterAll(async () => {
  for (const database of processes) await database.destroy()
  await app?.close()
})
/** A kind for each test: what one leaves running takes nothing from the next. */
let trial: Lowercase<string> = 'trial'
beforeEach(() => {
  log.length = 0
  trial = `${trial}-i` as Lowercase<string>
})

const work = (run: (item: Item) => Promise<Next>, more: Partial<Work> = {}): Work => ({
  kind: trial,
  look: Temporal.Duration.from({ seconds: 1 }),
  together: 4,
  patience: Temporal.Duration.from({ seconds: 20 }),
  run,
  ...more,
})
const runner = (kind: Work, process = 0) =>
  createRunner({ database: processes[process] as Database, clock: app.clock, log: (line) => void log.push(line) }, [
    kind,
  ])
const leave = (items: readonly string[], kind = trial) =>
  app.peek(`insert into jobs (municipality_id, kind, item, due_at)
    select '${app.town.id}', '${kind}', item, now() from unnest('{${items.join()}}'::text[]) item returning 1`)
const left = () =>
  app.peek<{ item: string; tries: number }>(`select item, tries from jobs where kind = '${trial}' order by item`)
const gate = () => {
  let open = () => {}
  return { shut: new Promise<void>((resolve) => (open = resolve)), open: () => open() }
}

it('two processes do each item once', async () => {
  const items = Array.from({ length: 60 }, () => randomUUID())
  await leave(items)
  const done: string[] = []
  const one = work(async ({ item }) => {
    await new Promise((resolve) => setImmediate(resolve))
    done.push(item)
    return 'done'
  })
  await Promise.all([runner(one).once(), runner(one, 1).once()])
  expect(done.sort()).toEqual(items.sort())
  expect(await left()).toEqual([])
})

it('what fails comes again after a pause of its own, with a line of the log, and delays nothing else', async () => {
  await leave(['broken', 'whole'])
  const tried: string[] = []
  const kind = work(async ({ item, tries }) => {
    tried.push(`${item} ${tries}`)
    if (item === 'broken') throw Object.assign(new Error('somebody@mail.example'), { code: 'no-way' })
    return 'done'
  })
  await runner(kind).once()
  await runner(kind).once()
  expect(tried.sort()).toEqual(['broken 1', 'whole 1'])
  expect(log).toMatchObject([{ level: 'error', event: trial, code: 'no-way' }])
  expect(JSON.stringify(log)).not.toContain('mail.example')
  app.clock.advance({ seconds: 11 })
  await runner(kind).once()
  expect(tried).toContain('broken 2')
  app.clock.advance({ seconds: 11 })
  await runner(kind).once()
  expect(tried).toHaveLength(3)
  expect([1, 2, 3, 12, 400].map((tries) => pauseAfter(tries).total('seconds'))).toEqual([10, 20, 40, 3600, 3600])
})

it('one that hangs is given up and keeps only its own place', async () => {
  await leave(['hangs', ...Array.from({ length: 9 }, (_, i) => `item-${i}`)])
  const { shut, open } = gate()
  const done: string[] = []
  const kind = work(
    async ({ item }) => {
      if (item === 'hangs') await shut
      done.push(item)
      return 'done'
    },
    { together: 2, patience: Temporal.Duration.from({ milliseconds: 3_000 }) },
  )
  const running = runner(kind)
  running.start()
  await expect.poll(() => done.length, { timeout: 50_000 }).toBe(9)
  await expect.poll(() => log, { timeout: 50_000 }).toMatchObject([{ code: 'out-of-time' }])
  open()
  await running.stop()
  expect(await left()).toEqual([{ item: 'hangs', tries: 1 }])
})

it('what a process that ended held is taken over, and says whether something was begun', async () => {
  await leave(['before', 'within'])
  const first = work(async (item) => {
    if (item.item === 'within') await item.begin()
    // As a process that is killed: nothing is settled.
    return new Promise<Next>(() => {})
  })
  const killed = runner(first)
  killed.start()
  await expect
    .poll(() => app.peek('select 1 from jobs where begun_at is not null'), { timeout: 50_000 })
    .toHaveLength(1)
  await app.peek(
    "update jobs set held_until = clock_timestamp() - interval '1 second' where held_by is not null returning 1",
  )
  const seen = new Map<string, Item>()
  await runner(
    work(async (item) => {
      seen.set(item.item, item)
      return 'done'
    }),
    1,
  ).once()
  expect([...seen.values()].map(({ item, tries, doubtful }) => [item, tries, doubtful]).sort()).toEqual([
    ['before', 2, false],
    ['within', 2, true],
  ])
})

it('whoever lost an item begins nothing with it any more', async () => {
  await leave(['taken'])
  let begun = false
  await runner(
    work(async (item) => {
      await app.peek(`update jobs set held_by = '${randomUUID()}' where item = 'taken' returning 1`)
      await item.begin()
      begun = true
      return 'done'
    }),
  ).once()
  expect(begun).toBe(false)
  expect(log).toMatchObject([{ code: 'claim-lost' }])
  expect(await left()).toHaveLength(1)
})

describe('work that every town has', () => {
  it('is there without anybody leaving it, sleeps, and is woken, also while it is under way', async () => {
    let runs = 0
    const { shut, open } = gate()
    const kind = work(
      async () => {
        runs += 1
        if (runs === 2) await shut
        return 'asleep'
      },
      { everywhere: 'town' },
    )
    const one = runner(kind)
    expect(await one.once()).toBe(1)
    expect(await one.once()).toBe(0)
    const wake = () => app.peek(`select wake_jobs('${trial}', array['${app.town.id}']::uuid[], now())`)
    await wake()
    const under = one.once()
    await expect.poll(() => runs, { timeout: 20_000 }).toBe(2)
    await wake()
    open()
    await under
    expect(runs).toBe(3)
  })

  it('is looked for in all towns at once: a thousand that sleep cost no question each', async () => {
    await app.peek(`insert into municipalities select (jsonb_populate_record(town, jsonb_build_object(
        'id', gen_random_uuid(), 'slug', 'sleeping-' || n, 'issuer', 'https://sleeping-' || n || '.example'))).*
      from municipalities town, generate_series(1, 1000) n where town.id = '${app.town.id}' returning 1`)
    let queries = 0
    const database = openDatabase(
      postgresDialect(app.url('padron_app_login'), { connections: 2, role: 'padron_app' }),
      {
        log: () => {
          queries += 1
        },
      },
    )
    let runs = 0
    const kind = work(
      async () => {
        runs += 1
        return 'asleep'
      },
      { everywhere: 'town', together: 50 },
    )
    const one = createRunner({ database, clock: app.clock, log: () => {} }, [kind])
    await one.once()
    expect(runs).toBe(1001)
    queries = 0
    await one.once()
    expect(queries).toBe(1)
    await database.destroy()
  })
})

it('stopping waits for what was begun, and begins nothing more', async () => {
  await leave(Array.from({ length: 12 }, (_, i) => `item-${i}`))
  const { shut, open } = gate()
  let begun = 0
  let ended = 0
  const running = runner(
    work(async () => {
      begun += 1
      await shut
      ended += 1
      return 'done'
    }),
  )
  running.start()
  await expect.poll(() => begun, { timeout: 20_000 }).toBe(4)
  const stopped = running.stop()
  open()
  await stopped
  expect([begun, ended]).toEqual([4, 4])
  expect(await left()).toHaveLength(8)
})

it('never claims more than there is room for, whatever the database believes of the table', async () => {
  // What it last heard knows nothing of this kind: it expects one row, and goes through the search again for each it finds.
  await app.peek('analyze jobs')
  await leave(Array.from({ length: 40 }, (_, i) => `item-${i}`))
  const claim = () =>
    app.peek(`select * from claim_jobs('${trial}', null, now(), 3, interval '1 minute', gen_random_uuid())`)
  expect(await claim()).toHaveLength(3)
  expect(await claim()).toHaveLength(3)
})
