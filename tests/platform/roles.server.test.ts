import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import everything from '../../schema/everything.json'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
let appRole: postgres.Sql
let ops: postgres.Sql
beforeAll(async () => {
  app = await openApp()
  const { id } = await register(app)
  await app.ask('POST', `/v1/neighbours/${id}/proofs`, { as: 'clerk', body: { profile: 'library' } })
  appRole = postgres(app.url('padron_app_login'), { max: 1, onnotice: () => {} })
  ops = postgres(app.url('padron_ops_login'), { max: 1, onnotice: () => {} })
})
afterAll(async () => {
  await Promise.all([appRole?.end(), ops?.end()])
  await app?.close()
})

const attempt = (login: () => postgres.Sql, statement: string) =>
  login()
    .begin(async (transaction) => {
      await transaction.unsafe(`select set_config('padron.municipality', '${app.town.id}', true)`)
      return transaction.unsafe(statement)
    })
    .then(
      (rows) => `done: ${(rows as unknown[]).length}`,
      (error: { code?: string }) => error.code,
    )

const DENIED = '42501'

describe('a sealed column', () => {
  const sealed = [
    'identity from particulars',
    'contact from particulars',
    'details from representatives',
    'place from addresses',
    'reference from addresses',
    'usual_area from addresses',
    'details from movements',
    'reason from proceedings',
    'notice from proceedings',
    'words from proceeding_answers',
    'details from ledger_entries',
    'details from notices',
  ]
  it.each(sealed)('is not read outside the gate: %s', async (column) => {
    expect(await attempt(() => appRole, `select ${column}`)).toBe(DENIED)
  })

  it('is read by the gate’s role, for as long as its transaction lasts', async () => {
    expect(await attempt(() => appRole, 'set local role padron_gate; select identity from particulars')).toMatch(
      /^done/,
    )
    expect(await attempt(() => appRole, 'select identity from particulars')).toBe(DENIED)
    expect(await attempt(() => ops, 'set local role padron_gate')).toBe(DENIED)
  })
})

describe('the service’s own login', () => {
  it.each([
    'create table mine (id int)',
    'drop table neighbours',
    'alter table neighbours add column nationality text',
    'alter table movements disable trigger movements_append_only',
    'alter table neighbours disable row level security',
    'set session_replication_role = replica',
    'create role friend superuser login',
    'truncate movements',
    ...[
      'movements',
      'particulars',
      'evidence',
      'ledger_entries',
      'ledger_sequence',
      'ledger_tiles',
      'ledger_checkpoints',
    ].flatMap((table) => [`delete from ${table}`, `update ${table} set municipality_id = municipality_id`]),
    ...[
      'neighbours',
      'residences',
      'addresses',
      'households',
      'proofs',
      'idempotency_keys',
      'status_lists',
      'signing_keys',
      'municipalities',
    ].map((table) => `delete from ${table}`),
    "update municipalities set issuer = 'https://evil.example'",
    "update neighbours set registered_at = '2000-01-01'",
    "update residences set valid_from = '2000-01-01'",
    "update proofs set id = '0192f000-0000-7000-8000-000000000001'",
    "update proceedings set opened_by = 'somebody else'",
    'update signing_keys set private_jwk = null',
    'select tokens from search_tokens',
    'select * from pg_authid',
    "copy neighbours to program 'cat'",
    "select pg_read_file('/etc/passwd')",
  ])('cannot: %s', async (statement) => {
    expect(await attempt(() => appRole, statement)).toBe(DENIED)
  })

  it('sees no row until it says for which municipality, and no other’s rows then', async () => {
    expect(await appRole`select id from neighbours`).toHaveLength(0)
    expect(await attempt(() => appRole, 'select id from neighbours')).toBe('done: 1')
    const other = '0192f000-0000-7000-8000-0000000000aa'
    expect(
      await attempt(() => appRole, `insert into neighbours (id, municipality_id) values ('${other}', '${other}')`),
    ).toBe(DENIED)
  })
})

describe('the login of people who watch the machine', () => {
  it('counts', async () => {
    const [counts] =
      await ops`select neighbours, departed, proofs from town_counts where municipality_id = ${app.town.id}`
    expect(counts).toEqual({ neighbours: '1', departed: '0', proofs: '1' })
    expect(await attempt(() => ops, 'select recorded_at, action, outcome from ledger_entries')).toMatch(/^done: [1-9]/)
    expect(await attempt(() => ops, 'select kind, waiting from job_states')).toMatch(/^done/)
  })

  it('reads nothing that marks a person, of neighbours or of staff', async () => {
    const readable = await app.peek<{ name: string; column: string }>(`
      select c.relname as name, a.attname as column from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
        and has_column_privilege('padron_readonly_ops', c.oid, a.attnum, 'select') order by 1, 2`)
    // Every table with a neighbour in it. Of the ledger's entries, which say that somebody did something, never to whom.
    const people = [everything.given, everything.through, everything.left].flatMap((tables) => Object.keys(tables))
    const ofPeople = readable.filter(({ name }) => people.includes(name))
    expect(ofPeople.map(({ name, column }) => `${name}.${column}`)).toEqual(
      ['action', 'id', 'leaf_hash', 'municipality_id', 'outcome', 'purpose', 'recorded_at', 'requester_kind'].map(
        (column) => `ledger_entries.${column}`,
      ),
    )
    const marks =
      /^(protected|protection_|departed_|erased_|neighbour_id|subject|person|staff_id|handle|item$|wrapped)|_by$/
    expect(readable.filter(({ column }) => marks.test(column))).toEqual([])
    // The id of a data key is that of whoever it opens.
    expect(readable).not.toContainEqual({ name: 'data_keys', column: 'id' })
  })

  it('reads no sealed column and no index of one, and writes nothing', async () => {
    const columns = await app.peek<{ table_name: string; column_name: string }>(
      "select table_name, column_name from information_schema.columns where table_schema = 'public' and (data_type = 'bytea' or table_name in ('search_tokens', 'particulars', 'evidence', 'idempotency_keys')) and column_name not in ('leaf_hash', 'root', 'public_key')",
    )
    expect(columns.length).toBeGreaterThan(15)
    for (const { table_name, column_name } of columns) {
      expect(await attempt(() => ops, `select ${column_name} from ${table_name}`), `${table_name}.${column_name}`).toBe(
        DENIED,
      )
    }
    const tables = await app.peek<{ table_name: string }>(
      "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    for (const { table_name } of tables)
      expect(await attempt(() => ops, `delete from ${table_name}`), table_name).toBe(DENIED)
  })
})

describe('what a bug cannot write, whoever runs it', () => {
  const town = () => app.town.id
  const neighbour = async () => (await app.peek<{ id: string }>('select id from neighbours limit 1'))[0]?.id
  const household = async () => (await app.peek<{ id: string }>('select id from households limit 1'))[0]?.id
  const peekCode = (statement: string) =>
    app.peek(statement).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )

  it('two residences at once', async () => {
    const row = `(gen_random_uuid(), '${town()}', '${await neighbour()}', '${await household()}', '2001-01-01')`
    expect(
      await peekCode(
        `insert into residences (id, municipality_id, neighbour_id, household_id, valid_from) values ${row}`,
      ),
    ).toBe('23P01')
  })

  it('an end before a beginning', async () => {
    const row = `(gen_random_uuid(), '${town()}', '${await neighbour()}', '${await household()}', '2001-01-01', '2000-01-01')`
    expect(
      await peekCode(
        `insert into residences (id, municipality_id, neighbour_id, household_id, valid_from, valid_to) values ${row}`,
      ),
    ).toBe('23514')
  })

  it.each([
    ["('dwelling', null, null, null)", 'a dwelling without a place'],
    ["('dwelling', '\\x00', '\\x00', null)", 'a dwelling with a reference address'],
    ["('no-fixed-address', null, null, null)", 'no fixed address without a reference address'],
    ["('tent', '\\x00', null, null)", 'a kind that is none'],
  ])('%s: %s', async (values) => {
    expect(
      await peekCode(
        `insert into addresses (id, municipality_id, kind, place, reference, usual_area) select gen_random_uuid(), '${town()}', v.* from (values ${values.replace("'dwelling'", "'dwelling'::text").replaceAll("'\\x00'", "'\\x00'::bytea").replaceAll('null', 'null::bytea')}) v`,
      ),
    ).toBe('23514')
  })

  it('an approval by the clerk who opened it', async () => {
    const id = await neighbour()
    expect(
      await peekCode(
        `insert into proceedings (id, municipality_id, neighbour_id, cause, reason, opened_by, notice_given_on, effective_from, decided_at, decided_by, decision) values (gen_random_uuid(), '${town()}', '${id}', 'duplicate', '\\x00', 'one', '2020-01-01', '2020-02-01', now(), 'one', 'approved')`,
      ),
    ).toBe('23514')
  })

  it('a change to what is append-only, not even as the owner', async () => {
    for (const table of ['movements', 'particulars', 'evidence', 'ledger_entries', 'ledger_sequence']) {
      expect(await peekCode(`delete from ${table}`), table).toBe('PD002')
      expect(await peekCode(`truncate ${table} cascade`), table).toBe('PD002')
    }
    expect(await peekCode("update residences set valid_from = '1990-01-01'")).toBe('PD002')
  })

  it('a gap in the ledger', async () => {
    const [entry] = await app.peek<{ id: string }>('select id from ledger_entries limit 1')
    expect(
      await peekCode(
        `insert into ledger_sequence (municipality_id, position, entry_id, leaf_hash) values ('${town()}', 7, '${entry?.id}', sha256('leaf'))`,
      ),
    ).toBe('23503')
  })

  it('one municipality’s neighbour in another’s household', async () => {
    const other = crypto.randomUUID()
    await app.peek(
      `insert into municipalities (id, slug, name, country_code, languages, issuer, time_zone, expected_population, blind_index_bits, reference_address) values ('${other}', 'other', '{"en":"Other"}', 'ES', '{en}', 'https://other.example', 'UTC', 100, 8, '{}')`,
    )
    expect(
      await peekCode(
        `insert into residences (id, municipality_id, neighbour_id, household_id, valid_from, valid_to) values (gen_random_uuid(), '${other}', '${await neighbour()}', '${await household()}', '1990-01-01', '1991-01-01')`,
      ),
    ).toBe('23503')
  })
})
