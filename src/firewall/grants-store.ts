import { sql } from 'kysely'
import type { Transaction } from '../platform/database.ts'
import type { GrantTable } from './grant-table.ts'

// The SQL of what a town has agreed that anyone may get.

export interface AgreedRow {
  digest: string
  /** The database's fingerprint of the table: what has one mark never changes. */
  mark: string
  basis: string
  cells: GrantTable
  agreed_at: Date
  in_force_from: Date
}

/** What is in force at a time. */
export const agreedAt = (transaction: Transaction, now: Date) =>
  transaction
    .selectFrom('agreed_grants')
    .select(['digest', 'mark', 'basis', 'cells', 'agreed_at', 'in_force_from'])
    .where('in_force_from', '<=', now)
    .orderBy('in_force_from', 'desc')
    .orderBy('agreed_at', 'desc')
    .limit(1)
    .executeTakeFirst() as Promise<AgreedRow | undefined>

/** The mark of what is in force at a time. */
export const agreedMarkAt = (transaction: Transaction, now: Date) =>
  transaction
    .selectFrom('agreed_grants')
    .select('mark')
    .where('in_force_from', '<=', now)
    .orderBy('in_force_from', 'desc')
    .orderBy('agreed_at', 'desc')
    .limit(1)
    .executeTakeFirst()

/** What was agreed and is not in force yet, the soonest first; of what begins at one time the last that was agreed. */
export const agreedToCome = (transaction: Transaction, now: Date) =>
  transaction
    .selectFrom('agreed_grants')
    .distinctOn('in_force_from')
    .select(['digest', 'mark', 'basis', 'cells', 'agreed_at', 'in_force_from'])
    .where('in_force_from', '>', now)
    .orderBy('in_force_from')
    .orderBy('agreed_at', 'desc')
    .execute() as Promise<AgreedRow[]>

/** Every table that was in force at some time since; one that was called off before it began never was. */
export const agreedSince = (transaction: Transaction, since: Date, now: Date) =>
  sql<AgreedRow>`
    select digest, mark, basis, cells, agreed_at, in_force_from from (
      select one.*, lead(in_force_from) over (order by in_force_from, agreed_at) as until from agreed_grants one
      where in_force_from <= ${now}) known
    where until is null or (until >= ${since} and until > in_force_from)`.execute(transaction)

export const keepAgreed = (
  transaction: Transaction,
  row: {
    municipalityId: string
    basis: 'founding' | 'narrower' | 'officers' | 'returned'
    digest: string
    cells: GrantTable
    agreedAt: string
    inForceFrom: string
  },
) =>
  sql`insert into agreed_grants (municipality_id, basis, digest, cells, mark, agreed_at, in_force_from)
    values (${row.municipalityId}, ${row.basis}, ${row.digest}, ${JSON.stringify(row.cells)}::text::jsonb, '', ${row.agreedAt},
      ${row.inForceFrom})`.execute(transaction)

/** So that two processes that start together write down one. */
export const lockAgreed = (transaction: Transaction, municipalityId: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended('agreed grants ' || ${municipalityId}, 0))`.execute(transaction)
