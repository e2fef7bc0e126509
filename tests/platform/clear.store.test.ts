import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import clear from '../../schema/clear.json'
import texts from '../../schema/free-text.json'
import { openApp, type TestApp } from '../support/app.ts'

// Every column of every table, and why it may be read by whoever has a dump: schema/clear.json. A new column fails here
// until it is sealed or stands there with its reason.

interface Column {
  table: string
  column: string
  type: string
}
interface Listed {
  kind: string
  why?: string
  of?: string
  /** Which texts of schema/free-text.json lie in it. */
  text?: string[]
}
const listed: Record<string, Record<string, Listed>> = clear

let app: TestApp
let columns: Column[]
beforeAll(async () => {
  app = await openApp()
  columns = await app.peek<Column>(`
    select c.table_name as "table", c.column_name as "column", c.data_type as type
    from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name not like 'kysely_%'
    order by 1, 2`)
})
afterAll(() => app?.close())

const all = () => Object.entries(listed).flatMap(([table, of]) => Object.keys(of).map((column) => `${table}.${column}`))
const find = ({ table, column }: Column): Listed => {
  const known = listed[table]?.[column]
  if (known === undefined) throw new Error(`${table}.${column} is not listed`)
  return known
}
/** What only holds bytes that tell nothing without a key. */
const OPAQUE = ['sealed', 'keyed-hash', 'wrapped-key']

describe('every column of the database', () => {
  it('is listed, and nothing is listed that is not there', () => {
    expect(all().sort()).toEqual(columns.map(({ table, column }) => `${table}.${column}`).sort())
  })

  it('is of a kind that its type allows: what is sealed or hashed is bytes', () => {
    for (const one of columns) {
      const { kind } = find(one)
      expect(['clear', 'public', 'blind', 'plain-hash', ...OPAQUE], one.column).toContain(kind)
      if (OPAQUE.includes(kind)) expect(`${one.table}.${one.column} ${one.type}`).toMatch(/ bytea$/)
    }
  })

  it('says why it lies in clear and what it tells, or what it is a hash of', () => {
    for (const one of columns) {
      const { kind, why = '', of = '' } = find(one)
      if (kind === 'keyed-hash' || kind === 'blind') expect(of.length, one.column).toBeGreaterThan(3)
      else if (kind === 'clear') expect(why, `${one.table}.${one.column}`).toMatch(/.{10}[Tt]ells\b/)
      else if (kind !== 'sealed') expect(why.length, `${one.table}.${one.column}`).toBeGreaterThan(10)
    }
  })

  it('has no bytes in clear but keys that are public and hashes of what is', () => {
    const open = columns
      .filter((one) => one.type === 'bytea' && !OPAQUE.includes(find(one).kind) && find(one).kind !== 'public')
      .map(({ table, column }) => `${table}.${column}`)
    expect(open).toEqual(['demand_documents.sha256', 'epochs.mark', 'passkeys.public_key'])
  })

  it('that holds a text says which, and every text that is kept has such a column', () => {
    const held = new Set(Object.values(listed).flatMap((of) => Object.values(of).flatMap(({ text = [] }) => text)))
    const kept = Object.entries(texts.schemas)
      .filter(([, fields]) => Object.values(fields).some((holds) => holds !== 'passing'))
      .map(([name]) => name)
      // Addresses come by all of these and lie in one place.
      .filter((name) => !/residences|returns/.test(name))
    for (const name of kept) expect([...held], name).toContain(name)
  })

  it('that is text in clear holds none that somebody typed freely, save where the list says so', async () => {
    const free = columns.filter(({ table, column, type }) => {
      const { kind, text } = listed[table]?.[column] ?? { kind: '' }
      return kind === 'clear' && text !== undefined && /text|jsonb|ARRAY/.test(type)
    })
    expect(free.map(({ table, column }) => `${table}.${column}`)).toEqual([
      'attestations.signed_by',
      'clients.id',
      'organisations.aliases',
      'organisations.name',
      'sessions.work_case',
      'staff_neighbours.staff_id',
    ])
  })
})
