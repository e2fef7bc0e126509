import { type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Transaction } from '../platform/database.ts'

// The SQL of answers kept under idempotency keys.

export const responseKey = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('data_keys')
    .innerJoin('neighbours', 'neighbours.id', 'data_keys.id')
    .select(['data_keys.id', 'data_keys.municipality_id', 'owner', 'registry_key_id', 'wrapped'])
    .where('data_keys.id', '=', id)
    .executeTakeFirst()

export const lockIdempotency = (transaction: Transaction, idempotencyId: string) =>
  sql`select pg_advisory_xact_lock(${idempotencyId}::bigint)`.execute(transaction)

export const responseUnder = (transaction: Transaction, id: Buffer) =>
  transaction.selectFrom('idempotency_keys').select(['fingerprint', 'response']).where('id', '=', id).executeTakeFirst()

export const keepResponse = (transaction: Transaction, row: Insertable<DB['idempotency_keys']>) =>
  transaction.insertInto('idempotency_keys').values(row).execute()
