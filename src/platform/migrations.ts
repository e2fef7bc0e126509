import { setTimeout as pause } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { type MigrationProvider, type MigrationResult, Migrator } from 'kysely/migration'
import { sqlState } from './database.ts'
import { DatabaseAway } from './postgres.ts'

const files = import.meta.glob<string>('../../schema/*.sql', { query: '?raw', import: 'default', eager: true })

const provider: MigrationProvider = {
  getMigrations: async () =>
    Object.fromEntries(
      Object.entries(files).map(([path, text]) => [
        path.replace(/^.*\/|\.sql$/g, ''),
        {
          up: async (database: Kysely<unknown>) => {
            // Whoever comes after waits behind what waits for a table: not for long, while the service goes on.
            await sql`select set_config('lock_timeout', ${`${LOCK.milliseconds}ms`}, true)`.execute(database)
            await runScript(database, text)
          },
        },
      ]),
    ),
}

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

async function runScript(database: Kysely<unknown>, script: string): Promise<void> {
  for (const statement of statementsOf(script)) await sql.raw(statement).execute(database)
}

/**
 * Brings the database to the newest schema, once, whoever starts first (Kysely's advisory lock).
 * Needs the owner's login. The service may run meanwhile: a table that somebody holds is waited for a second or two at a time.
 *
 * @returns the names of the migrations that were applied now
 * @throws the database's own error when a migration fails; that one is rolled back whole
 */
export async function migrate<T>(database: Kysely<T>): Promise<string[]> {
  const results = await applied(database)
  await sql`grant select on kysely_migration to padron_app, padron_readonly_ops`.execute(database)
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName)
}

/** All at once where there is nothing yet; otherwise one after the other, so that no table is held while another is waited for. */
async function applied<T>(database: Kysely<T>): Promise<MigrationResult[]> {
  const migrator = new Migrator({ db: database, provider })
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
  const names = Object.keys(await provider.getMigrations())
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(database)
    const applied = new Set(rows.map((row) => row.name))
    return names.filter((name) => !applied.has(name))
  } catch (error) {
    if (NOT_THERE.includes(sqlState(error) ?? '')) return names
    throw error
  }
}
