import { setTimeout as pause } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { type MigrationProvider, type MigrationResult, Migrator } from 'kysely/migration'
import { sqlState } from './database.ts'
import { DatabaseAway } from './postgres.ts'

const files = import.meta.glob<string>('../../schema/*.sql', { query: '?raw', import: 'default', eager: true })

/** @param parts into how many parts each table of a town is divided; none where it is 0 */
const providerOf = (parts: number): MigrationProvider => ({
  getMigrations: async () =>
    Object.fromEntries(
      Object.entries(files).map(([path, text]) => [
        path.replace(/^.*\/|\.sql$/g, ''),
        {
          up: async (database: Kysely<unknown>) => {
            // Whoever comes after waits behind what waits for a table: not for long, while the service goes on.
            await sql`select set_config('lock_timeout', ${`${LOCK.milliseconds}ms`}, true)`.execute(database)
            const statements = statementsOf(text)
            const run = parts === 0 ? statements : statements.flatMap((one) => dividedStatements(one, parts))
            for (const statement of run) await sql.raw(statement).execute(database)
          },
        },
      ]),
    ),
})

/**
 * How long a table is waited for, and how often, with how long a pause in which whoever waited behind that goes on. A little
 * longer than a second: after that PostgreSQL lets pass whoever waits behind and keeps the one in front waiting.
 */
const LOCK = { milliseconds: 1_500, tries: 60, pause: 2_000 } as const
/** What a database says that waited so long, or found that two wait for each other. */
const WAITED = ['55P03', '40P01']

/** Splits at the end of each statement; `$$` bodies stay whole. */
export function statementsOf(script: string): string[] {
  const statements: string[] = []
  let current = ''
  let inBody = false
  for (const line of script.split('\n')) {
    if (!inBody && /^\s*(--.*)?$/.test(line)) continue
    current += `${line}\n`
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) inBody = !inBody
    if (!inBody && /;\s*(--.*)?$/.test(line)) {
      statements.push(current)
      current = ''
    }
  }
  if (current.trim()) statements.push(current)
  return statements
}

/** Where the parts of divided tables are. Nobody but the owner may reach them past the table they are parts of. */
const PARTS = 'parts'
/** Each costs time whenever a statement is planned. */
const MOST_PARTS = 32
/** Exclusion constraints and identity columns of divided tables. @see PostgreSQL 17, release notes */
const DIVIDES_FROM = 170_000

/** @throws when the tables cannot be divided as it was said, and says why. Nothing was changed. */
export class CannotDivide extends Error {
  readonly code = 'cannot-divide'
}

/**
 * The same statement for a database whose tables are divided by town. A table belongs to a town when the town stands first in its
 * primary key. What a trigger refuses of a whole table it refuses of each part too.
 */
export function dividedStatements(statement: string, parts: number): string[] {
  const each = Array.from({ length: parts }, (_, i) => i)
  const table = /^create table (\w+) \(/.exec(statement)?.[1]
  if (
    table !== undefined &&
    /\n {2}(primary key \(municipality_id\b|municipality_id uuid primary key\b)/.test(statement)
  ) {
    // How rows lie is said of each part.
    const [, stored = ''] = /\)( with \([^)]*\))?;\s*$/.exec(statement) ?? []
    return [
      statement.replace(/\)( with \([^)]*\))?;\s*$/, ') partition by hash (municipality_id);'),
      ...each.map(
        (i) =>
          `create table ${PARTS}.${table}_${i} partition of ${table} for values with (modulus ${parts}, remainder ${i})${stored};`,
      ),
    ]
  }
  const guard =
    /^create trigger \w+ before [\w ]+ on (\w+)\s+for each statement execute function refuse_change\(\);/.exec(
      statement,
    )?.[1]
  if (guard !== undefined)
    return [statement, ...each.map((i) => statement.replace(` on ${guard}`, ` on ${PARTS}.${guard}_${i}`))]
  return [statement]
}

/** Into how many parts the tables of this database are divided; 0 where they are not, or where there are none yet. */
export async function partsOf<T>(database: Kysely<T>): Promise<number> {
  const { rows } = await sql<{ parts: number }>`
    select count(*)::integer as parts from pg_inherits where inhparent = to_regclass('neighbours')`.execute(database)
  return rows[0]?.parts ?? 0
}

/** @throws {CannotDivide} */
async function mustDivide<T>(database: Kysely<T>, parts: number): Promise<void> {
  if (!Number.isInteger(parts) || parts < 1 || parts > MOST_PARTS)
    throw new CannotDivide(`Tables are divided into 1 to ${MOST_PARTS} parts.`)
  const { rows } = await sql<{ version: number; name: string }>`
    select current_setting('server_version_num')::integer as version, current_setting('server_version') as name`.execute(
    database,
  )
  const [{ version, name } = { version: 0, name: '' }] = rows
  if (version < DIVIDES_FROM)
    throw new CannotDivide(
      `This is PostgreSQL ${name}: divided tables need PostgreSQL 17 or newer. Nothing was changed.`,
    )
  await sql`create schema if not exists ${sql.id(PARTS)}`.execute(database)
}

export interface MigrateOptions {
  /** Into how many parts the tables are divided, where the database is empty. One that is divided stays so. */
  partitions?: number | undefined
}

/**
 * Brings the database to the newest schema, once, whoever starts first (Kysely's advisory lock).
 * Needs the owner's login. The service may run meanwhile: a table that somebody holds is waited for a second or two at a time.
 *
 * @returns the names of the migrations that were applied now
 * @throws the database's own error when a migration fails; that one is rolled back whole
 * @throws {CannotDivide} when it is to be divided and cannot be
 */
export async function migrate<T>(database: Kysely<T>, { partitions }: MigrateOptions = {}): Promise<string[]> {
  const there = await partsOf(database)
  if (partitions !== undefined && (partitions === 0 || partitions !== there)) {
    const { rows } = await sql<{ empty: boolean }>`select to_regclass('municipalities') is null as empty`.execute(
      database,
    )
    if (rows[0]?.empty !== true)
      throw new CannotDivide(
        there === 0
          ? 'The tables of this database are there and not divided. Divide them in an empty database. Nothing was changed.'
          : `The tables of this database are divided into ${there} parts. Nothing was changed.`,
      )
    await mustDivide(database, partitions)
  }
  const results = await applied(database, partitions ?? there)
  await sql`grant select on kysely_migration to padron_app, padron_readonly_ops`.execute(database)
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName)
}

/** All at once where there is nothing yet; otherwise one after the other, so that no table is held while another is waited for. */
async function applied<T>(database: Kysely<T>, parts: number): Promise<MigrationResult[]> {
  const migrator = new Migrator({ db: database, provider: providerOf(parts) })
  const anew = (await migrator.getMigrations()).every(({ executedAt }) => executedAt === undefined)
  const all: MigrationResult[] = []
  for (let tries = 1; ; ) {
    const { error, results = [] } = await (anew ? migrator.migrateToLatest() : migrator.migrateUp())
    const reason = error instanceof DatabaseAway ? error.reason : sqlState(error)
    if (error === undefined) {
      all.push(...results)
      if (anew || results.length === 0) return all
      tries = 1
    } else if (WAITED.includes(reason ?? '') && tries < LOCK.tries) {
      tries += 1
      await pause(LOCK.pause)
    } else throw error
  }
}

// Undefined table, and what a login is told whose role does not exist yet.
const NOT_THERE = ['42P01', '42704', '22023']

/** The migrations of this build that have not been applied. Readable by the application's role. */
export async function pendingMigrations<T>(database: Kysely<T>): Promise<string[]> {
  const names = Object.keys(await providerOf(0).getMigrations())
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(database)
    const applied = new Set(rows.map((row) => row.name))
    return names.filter((name) => !applied.has(name))
  } catch (error) {
    if (NOT_THERE.includes(sqlState(error) ?? '')) return names
    throw error
  }
}
