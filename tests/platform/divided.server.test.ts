import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import listed from '../../schema/global.json'
import { demoTown } from '../../src/cli/demo-town.ts'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { openEmbedded } from '../../src/platform/embedded.ts'
import { CannotDivide, dividedStatements, migrate, partsOf } from '../../src/platform/migrations.ts'
import { foundTown } from '../../src/town/town-file.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { scratchFolder } from '../support/process.ts'

// Every table of a town can be divided by town. The rules are those of PostgreSQL's hash partitioning and of Citus: the town is in
// every key, no row points into another town, and no function reads several towns save those that schema/global.json names.

const tables: Record<string, { why: string; reference?: boolean }> = listed.tables
const across: Record<string, string> = listed.across
const PARTS = 4

let app: TestApp
let divided: TestApp
beforeAll(async () => {
  app = await openApp()
  divided = await openApp({ partitions: PARTS })
})
afterAll(async () => {
  await app?.close()
  await divided?.close()
})

/** Names of what a query finds. */
const names = async (where: TestApp, query: string) =>
  (await where.peek<{ name: string }>(query)).map(({ name }) => name).sort()
const OURS = `c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`
const global = `c.relname in (${Object.keys(tables)
  .map((name) => `'${name}'`)
  .join(', ')})`
const TOWN = `(select attnum from pg_attribute where attrelid = c.oid and attname = 'municipality_id')`

describe('a table', () => {
  it('belongs to a town, with the town first in its primary key, or is on the list of those that belong to none', async () => {
    const without = await names(
      app,
      `select c.relname as name from pg_class c where ${OURS} and not exists (
         select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p' and k.conkey[1] = ${TOWN})`,
    )
    expect(without).toEqual(Object.keys(tables).sort())
    for (const { why } of Object.values(tables)) expect(why.length).toBeGreaterThan(10)
  })

  it('has the town first in every unique index and every exclusion', async () => {
    expect(
      await names(
        app,
        `select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
         where ${OURS} and not ${global} and (i.indisunique or i.indisexclusion) and i.indkey[0] is distinct from ${TOWN}`,
      ),
    ).toEqual([])
    // By which the town has to be the same.
    expect(
      await names(
        app,
        `select x.conname as name from pg_constraint x join pg_class c on c.oid = x.conrelid join pg_operator o on o.oid = x.conexclop[1]
         where x.contype = 'x' and ${OURS} and o.oprname <> '='`,
      ),
    ).toEqual([])
  })

  it('points to rows of the same town, or to a table that belongs to none and may be pointed to', async () => {
    const references = Object.keys(tables).filter((name) => tables[name]?.reference)
    const pointing = await app.peek<{ name: string; whither: string; by: string; at: string; own: boolean }>(
      `select k.conname as name, d.relname as whither, ${global} as own,
         (select attname from pg_attribute where attrelid = k.conrelid and attnum = k.conkey[1]) as by,
         (select attname from pg_attribute where attrelid = k.confrelid and attnum = k.confkey[1]) as at
       from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class d on d.oid = k.confrelid
       where k.contype = 'f' and ${OURS}`,
    )
    expect(pointing.length).toBeGreaterThan(100)
    const wrong = pointing.filter(({ whither, by, at, own }) =>
      whither in tables ? !references.includes(whither) : own || by !== 'municipality_id' || at !== 'municipality_id',
    )
    expect(wrong).toEqual([])
  })

  it('shows rows of one town only', async () => {
    expect(
      await names(
        app,
        `select c.relname as name from pg_class c where ${OURS} and not ${global} and not (c.relrowsecurity and exists (
           select from pg_policy p where p.polrelid = c.oid and p.polname = 'own_municipality'))`,
      ),
    ).toEqual([])
  })

  it('numbers its rows by nothing smaller than a bigint', async () => {
    expect(
      await names(
        app,
        `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
         where ${OURS} and a.attidentity <> '' and a.atttypid <> 'bigint'::regtype`,
      ),
    ).toEqual([])
  })
})

describe('a function or a view', () => {
  it('reads one town, save those that the list gives a reason for', async () => {
    const towns = await names(app, `select c.relname as name from pg_class c where ${OURS} and not ${global}`)
    const reads = new RegExp(`\\b(from|join|into|update)\\s+(${towns.join('|')})\\b`)
    const read = await app.peek<{ name: string; body: string }>(`
      select proname as name, prosrc as body from pg_proc p join pg_language l on l.oid = p.prolang
      where pronamespace = 'public'::regnamespace and lanname in ('sql', 'plpgsql')
      union all
      select relname, pg_get_viewdef(oid) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'`)
    expect(read.length).toBeGreaterThan(60)
    const several = read.filter(({ body }) =>
      body
        .replaceAll(/--.*$/gm, '')
        .split(';')
        .some((statement) => reads.test(statement) && !/municipality|\btown\b/.test(statement)),
    )
    const wide = [...several.map(({ name }) => name), ...Object.keys(across)]
    expect([...new Set(wide)].sort()).toEqual(Object.keys(across).sort())
    const known = read.map(({ name }) => name)
    expect(Object.keys(across).filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('a divided database', () => {
  it('has every table of a town in parts, and nobody but its owner reaches a part past its table', async () => {
    const inParts = await names(
      divided,
      `select c.relname as name from pg_class c where ${OURS} and c.relkind = 'p'
         and (select count(*) from pg_inherits where inhparent = c.oid) = ${PARTS}`,
    )
    const whole = await names(divided, `select c.relname as name from pg_class c where ${OURS} and c.relkind = 'r'`)
    expect(whole).toEqual(Object.keys(tables).sort())
    expect(inParts).toEqual(
      await names(app, `select c.relname as name from pg_class c where ${OURS} and not ${global}`),
    )
    for (const role of ['padron_app', 'padron_gate', 'padron_readonly_ops'])
      expect(
        await names(
          divided,
          `select c.relname as name from pg_class c where c.relnamespace = 'parts'::regnamespace and c.relkind = 'r'
             and (has_schema_privilege('${role}', 'parts', 'usage') or has_any_column_privilege('${role}', c.oid, 'select'))`,
        ),
      ).toEqual([])
  })

  it('has the same columns, keys, rules and grants as one that is not', async () => {
    const asked = [
      `select c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull as name
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 where ${OURS}`,
      `select c.relname || ' ' || pg_get_constraintdef(k.oid) as name from pg_constraint k join pg_class c on c.oid = k.conrelid
       where ${OURS} and k.conparentid = 0 and k.contype <> 't'`,
      `select c.relname || ' ' || t.tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
       where ${OURS} and not t.tgisinternal`,
      `select table_name || ' ' || column_name || ' ' || grantee || ' ' || privilege_type as name
       from information_schema.column_privileges where table_schema = 'public'`,
      `select tablename || ' ' || policyname || ' ' || qual as name from pg_policies where schemaname = 'public'`,
    ]
    for (const query of asked) expect(await names(divided, query)).toEqual(await names(app, query))
  })

  it('registers, moves, proves and lets go like any other', async () => {
    const { id } = await register(divided)
    const proof = await divided.ask<{ credential?: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    expect(proof.status).toBe(201)
    const move = await divided.ask<{ version: number }>('POST', `/v1/neighbours/${id}/residences`, {
      as: 'clerk',
      ifMatch: 1,
      body: { address: { kind: 'dwelling', streetName: 'Nou', number: '3' } },
    })
    expect(move.status, move.text).toBe(201)
    const left = await divided.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      ifMatch: 2,
      body: { cause: 'death' },
    })
    expect(left.status, left.text).toBe(201)
    expect(await divided.peek('select from proofs where public_from is not null')).toHaveLength(1)
    // Names of tables, where a rule asks for one, are those of the tables and not of their parts.
    expect(await divided.peek(`select held from takings where held = 'proofs'`)).toHaveLength(1)
  })

  it('keeps what is append-only in each part too, and a person’s residences apart', async () => {
    const code = (text: string) =>
      divided.peek(text).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      )
    await register(divided)
    for (const table of ['movements', ...Array.from({ length: PARTS }, (_, i) => `parts.movements_${i}`)])
      expect(await code(`delete from ${table}`), table).toBe('PD002')
    expect(
      await code(`insert into residences (municipality_id, id, neighbour_id, household_id, valid_from)
        select municipality_id, gen_random_uuid(), neighbour_id, household_id, valid_from - 1 from residences
        where superseded_at is null limit 1`),
    ).toBe('23P01')
  })

  it('stays divided as it is: the same number is nothing to do, another is refused', async () => {
    const owner = openDatabase(postgresDialect(divided.url('postgres'), { connections: 1 }))
    const whole = openDatabase(postgresDialect(app.url('postgres'), { connections: 1 }))
    try {
      expect(await partsOf(owner)).toBe(PARTS)
      expect(await migrate(owner)).toEqual([])
      expect(await migrate(owner, { partitions: PARTS })).toEqual([])
      await expect(migrate(owner, { partitions: 2 })).rejects.toThrow(/divided into 4 parts/)
      await expect(migrate(whole, { partitions: 2 })).rejects.toThrow(CannotDivide)
    } finally {
      await owner.destroy()
      await whole.destroy()
    }
  })

  it('may be the embedded one, from its beginning', async () => {
    const folder = scratchFolder()
    try {
      const embedded = await openEmbedded(folder.path, { partitions: 2 })
      expect(await partsOf(embedded.database)).toBe(2)
      await embedded.close()
      const again = await openEmbedded(folder.path)
      expect(await partsOf(again.database)).toBe(2)
      await again.close()
      await expect(openEmbedded(folder.path, { partitions: 3 })).rejects.toThrow(/divided into 2 parts/)
    } finally {
      folder.remove()
    }
  })

  it('has between one part and thirty-two', async () => {
    const name = `divided_${process.pid}_${Date.now()}`
    const root = openDatabase(postgresDialect(app.url('postgres'), { connections: 1 }))
    await sql.raw(`create database ${name}`).execute(root)
    const url = new URL(app.url('postgres'))
    url.pathname = name
    const empty = openDatabase(postgresDialect(url.href, { connections: 1 }))
    try {
      for (const partitions of [0, 33, 1.5, Number.NaN])
        await expect(migrate(empty, { partitions })).rejects.toThrow(/1 to 32 parts/)
    } finally {
      await empty.destroy()
      await sql.raw(`drop database ${name} with (force)`).execute(root)
      await root.destroy()
    }
  })

  it('makes of a later migration’s table one in parts, where it belongs to a town', () => {
    const town =
      'create table later (\n  municipality_id uuid not null,\n  id uuid not null,\n  primary key (municipality_id, id)\n);\n'
    expect(dividedStatements(town, 2)).toEqual([
      town.replace(');\n', ') partition by hash (municipality_id);'),
      'create table parts.later_0 partition of later for values with (modulus 2, remainder 0);',
      'create table parts.later_1 partition of later for values with (modulus 2, remainder 1);',
    ])
    const list = 'create table words (\n  id text primary key\n);\n'
    expect(dividedStatements(list, 2)).toEqual([list])
  })
})

describe.each([
  ['', () => app],
  [', in parts', () => divided],
])('two towns with organisations and machines of the same ids%s', (_, where) => {
  it('each have their own, and what closes the gate in one says nothing of the other', async () => {
    const owner = openDatabase(postgresDialect(where().url('postgres'), { connections: 1 }))
    try {
      const file = demoTown('https://other.example', Temporal.Now.instant())
      const other = await foundTown(owner, { ...file, slug: 'other' })
      const [own] = file.organisations.filter((one) => one.functions.includes('library'))
      const [border] = file.organisations.filter((one) => one.functions.includes('immigration-enforcement'))
      if (own === undefined || border === undefined) throw new Error('the town has no such organisations')
      const closed = async (town: string) => {
        const [row] = await where().peek<{ closed: boolean }>(`
          select closes_the_gate('${own.id}') as closed, set_config('padron.municipality', '', false)
          from (select set_config('padron.municipality', '${town}', false)) as town`)
        return row?.closed
      }
      expect(await where().peek(`select from organisations where id = '${own.id}'`)).toHaveLength(2)
      await where().peek(`insert into organisation_links (municipality_id, organisation_id, kind, related_id)
        values ('${other.id}', '${own.id}', 'sharesWith', '${border.id}')`)
      expect([await closed(where().town.id), await closed(other.id)]).toEqual([false, true])
    } finally {
      await owner.destroy()
    }
  })
})
