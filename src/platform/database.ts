import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Dialect,
  Kysely,
  type KyselyConfig,
  type Transaction as KyselyTransaction,
  PGliteDialect,
  sql,
} from 'kysely'
import type { DB } from '../../schema/database.ts'

export type Database = Kysely<DB>
export type Transaction = KyselyTransaction<DB>

const DATE = 1082
const INT8 = 20
const asText = (value: unknown) => String(value)

export { postgresDialect } from './postgres.ts'

/** The embedded database. One session: everything inside a transaction must use that transaction. */
export function embeddedDialect(pglite: import('@electric-sql/pglite').PGlite): Dialect {
  return new PGliteDialect({ pglite })
}

/** Value parsers that make PGlite answer as postgres.js does. */
export const embeddedParsers = { [DATE]: asText, [INT8]: asText }

/** The role that a transaction takes, where nothing is kept for a session. */
const roleOf = new WeakMap<Database, string>()

/**
 * @param options `log` may say of a query its text, which has no values in it; its parameters are never passed on. `role` is
 *   taken by each transaction, where a pooler hands connections out by the transaction.
 */
export function openDatabase(
  dialect: Dialect,
  { log, role }: { log?: KyselyConfig['log']; role?: string | undefined } = {},
): Database {
  const database = new Kysely<DB>({ dialect, ...(log ? { log } : {}) })
  if (role !== undefined) roleOf.set(database, role)
  return database
}

const underWay = new AsyncLocalStorage<true>()

/**
 * Runs `work` in one transaction that can see only this municipality's rows.
 * A transaction waiting longer than 10 s for a lock is given up, not left hanging.
 *
 * @param where the municipality's id; with the database role to act as, where that is another than the connection's
 * @throws when called inside another: two would wait for each other on the embedded database's one session
 */
export async function inMunicipality<T>(
  database: Database,
  where: string | { municipalityId: string; role?: string | undefined },
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const { municipalityId, role } = typeof where === 'string' ? { municipalityId: where } : where
  if (underWay.getStore()) throw new Error('a transaction is under way here: pass it on')
  const acts = role ?? roleOf.get(database)
  return underWay.run(true, () =>
    database.transaction().execute(async (transaction) => {
      await sql`select set_config('padron.municipality', ${municipalityId}, true), set_config('lock_timeout', '10s', true)
        ${acts === undefined ? sql`` : sql`, set_config('role', ${acts}, true)`}`.execute(transaction)
      return work(transaction)
    }),
  )
}

/** What a foreign key refuses. @see PostgreSQL error codes, class 23 */
export const FOREIGN_KEY = '23503'
/** What a unique index refuses. */
export const NOT_UNIQUE = '23505'

/** The PostgreSQL error code (five characters) of a failed statement, or undefined. */
export function sqlState(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
