import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forgetWhatIsOver } from '../../src/platform/forgetting.ts'
import { openApp, type TestApp } from '../support/app.ts'

const retention: Record<string, string> = JSON.parse(readFileSync('schema/retention.json', 'utf8'))
let app: TestApp
let timed: { held: string; since: string; keep: string }[]
beforeAll(async () => {
  app = await openApp()
  timed = await app.peek('select held, since, keep::text from kept_for order by part')
})
afterAll(() => app?.close())

const tables = async () =>
  (
    await app.peek<{ name: string }>(`select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'kysely%'`)
  ).map(({ name }) => name)

it('every table says how long its rows are kept', async () => {
  expect(Object.keys(retention).sort()).toEqual((await tables()).sort())
  for (const { held } of timed) expect(retention[held], held).toMatch(/hour|day|week|month|year|until/)
})

it('what is over in one town is found without looking at the rows of the others', async () => {
  const everywhere = await app.peek<{ held: string }>(`select held from kept_for where not exists (
    select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = held::regclass and a.attname = 'municipality_id')`)
  expect(everywhere).toEqual([])
})

describe('a row whose time is over', () => {
  /** Rows that stand for any: with whatever a column takes, and a time. */
  const PLAIN: Record<string, string> = {
    uuid: 'gen_random_uuid()',
    text: "'x' || gen_random_uuid()",
    bytea: "convert_to(gen_random_uuid()::text, 'UTF8')",
    integer: 'floor(random() * 1e9)::integer',
    'double precision': 'random()',
    numeric: '1',
    smallint: '1',
    bigint: 'floor(random() * 1e12)::bigint',
    boolean: 'true',
    date: 'current_date',
    jsonb: "'{}'",
    ARRAY: "'{}'",
    'timestamp with time zone': 'clock_timestamp()',
  }
  async function put(table: string, given: Record<string, string>): Promise<void> {
    const columns = await app.peek<{ name: string; type: string }>(`
      select column_name as name, data_type as type from information_schema.columns
      where table_name = '${table}' and is_generated = 'NEVER' and is_nullable = 'NO' and column_default is null`)
    const values = {
      ...Object.fromEntries(columns.map(({ name, type }) => [name, PLAIN[type] ?? 'null'])),
      municipality_id: `'${app.town.id}'`,
      ...given,
    }
    await app.peek(
      `insert into ${table} (${Object.keys(values).join()}) values (${Object.values(values).join()}) returning 1`,
    )
  }
  const count = async (table: string, where = 'true') =>
    Number((await app.peek<{ n: string }>(`select count(*)::text as n from ${table} where ${where}`))[0]?.n)

  beforeAll(async () => {
    // What a row means is not tried here: any row may stand for one. The walls around rows are tried where they stand.
    for (const { held } of timed) {
      for (const { name } of await app.peek<{ name: string }>(`
        select conname as name from pg_constraint where conrelid = '${held}'::regclass and contype in ('c', 'f') and conparentid = 0
        order by contype = 'f' desc`))
        await app.peek(`alter table ${held} drop constraint "${name}"`)
      await app.peek(`alter table ${held} disable trigger user`)
    }
  })

  it('is forgotten in every table, and one whose time is not over stays', async () => {
    const plain = timed.filter(({ since }) => /^\w+$/.test(since) && since !== 'answered_at')
    expect(plain.length).toBeGreaterThan(15)
    for (const { held, since, keep } of plain) {
      await put(held, { [since]: `clock_timestamp() - interval '${keep}' - interval '2 hours'` })
      await put(held, { [since]: `clock_timestamp() - interval '${keep}' + interval '2 hours'` })
    }
    const day = (name: string, ago: string) => ({
      id: `'${name}'`,
      answered_at: `clock_timestamp() - interval '${ago}'`,
    })
    const [old, young] = ['10000000-0000-4000-8000-000000000000', '20000000-0000-4000-8000-000000000000']
    await put('complaints', day(old, '5 years 1 day'))
    await put('complaints', day(young, '4 years 11 months'))
    await put('complaints', { id: "'30000000-0000-4000-8000-000000000000'" })
    await put('complaint_attachments', { complaint_id: `'${old}'` })
    await put('complaint_attachments', { complaint_id: `'${young}'` })
    const at = (days: number, hour: number) =>
      `date_trunc('day', now()) - interval '${days} days' + interval '${hour} hours'`
    for (const [size, days, hour] of [
      [1, 40, 1],
      [2, 40, 2],
      [3, 39, 1],
      [4, 3, 1],
      [5, 3, 2],
    ] as const)
      await put('ledger_checkpoints', { size: `${size}`, signed_at: at(days, hour) })
    for (const size of [1, 2, 4])
      await put('ledger_cosignatures', {
        size: `${size}`,
        witness: "'w'",
        received_at: size > 3 ? at(3, 2) : at(40, 2),
      })

    // Messages that were told so long ago; what tells of a proceeding stays, and so does what nobody knows was told.
    const notice = async (id: string, kind: string, told: string | undefined) => {
      await put('notices', { id: `'${id}'`, kind: `'${kind}'` })
      if (told !== undefined)
        await put('notice_deliveries', {
          notice_id: `'${id}'`,
          channel: "'post'",
          sent_at: `clock_timestamp() - interval '${told}'`,
        })
    }
    await app.peek('alter table notice_deliveries disable trigger user')
    const messages = ['way-in', 'way-in', 'proceeding', 'answer'].map((kind, i) => ({
      id: `4000000${i}-0000-4000-8000-000000000000`,
      kind,
    }))
    for (const [i, { id, kind }] of messages.entries())
      await notice(id, kind, ['5 years 1 day', '4 years 11 months', '6 years', undefined][i])

    // In portions, as many as it takes.
    while (!(await forgetWhatIsOver(app, app.town.id, 1)));

    for (const { held } of plain) expect(await count(held), held).toBe(1)
    expect(await count('complaints')).toBe(2)
    expect(await count('complaint_attachments')).toBe(1)
    const left = await app.peek<{ id: string }>('select id from notices order by id')
    expect(left.map(({ id }) => id)).toEqual(messages.slice(1).map(({ id }) => id))
    expect(await count('notice_deliveries')).toBe(2)
    const sizes = await app.peek<{ size: string }>('select size::text from ledger_checkpoints order by size')
    expect(sizes.map(({ size }) => size)).toEqual(['2', '3', '4', '5'])
    expect(await count('ledger_cosignatures')).toBe(2)
  })

  it('and nothing but that work deletes what is append-only', async () => {
    await app.peek('alter table ledger_checkpoints enable trigger user')
    await expect(app.peek('delete from ledger_checkpoints')).rejects.toThrow(/append-only/)
    await expect(
      app.peek(
        "with a as (select set_config('padron.forgets', 'ledger_entries', true)) delete from ledger_entries using a",
      ),
    ).rejects.toThrow(/append-only/)
  })
})
