import { type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { DataKeyOwner } from './seal.ts'

// The SQL of registry keys, of data keys, and of which process holds which.

/** What `wrappedKey` reads. */
export const WRAPPED_KEY = ['id', 'municipality_id', 'owner', 'registry_key_id', 'wrapped'] as const

export const holdKeys = (
  database: Database,
  { process, held, current, generation }: { process: string; held: string[]; current: string; generation: number },
) =>
  sql`select hold_keys(${process}::text::uuid, ${held}::text[], ${current}, ${generation}::integer::bigint)`.execute(
    database,
  )

export const letGoOfKeys = (database: Database, process: string) =>
  sql`select let_go_of_keys(${process}::text::uuid)`.execute(database).catch(() => {})

export const holders = (database: Database, gone: number) =>
  sql<Holder>`select process::text, keys, current, generation::integer from key_holders
    where seen_at > clock_timestamp() - make_interval(secs => ${gone}::double precision)`.execute(database)

export const keyStates = (database: Database) =>
  sql<KeyState>`select id, needed, retired from registry_key_states()`.execute(database)

export const keepRegistryKey = (
  transaction: Transaction,
  { municipalityId, id }: { municipalityId: string; id: string },
) =>
  transaction
    .insertInto('registry_keys')
    .values({ municipality_id: municipalityId, id })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const dataKeyOf = (
  transaction: Transaction,
  { municipalityId, owner }: { municipalityId: string; owner: DataKeyOwner },
) =>
  transaction
    .selectFrom('data_keys')
    .select(WRAPPED_KEY)
    .where('municipality_id', '=', municipalityId)
    .where('owner', '=', owner)
    .executeTakeFirstOrThrow()

export const keepDataKey = (transaction: Transaction, row: Insertable<DB['data_keys']>) =>
  transaction
    .insertInto('data_keys')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()

/** Keys of a week, the newest first. */
export const passingKeyRows = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('data_keys')
    .select(WRAPPED_KEY)
    .where('municipality_id', '=', municipalityId)
    .where('owner', '=', 'passing')
    .orderBy('id', 'desc')
    .execute()

/** Those by which nothing is sealed any more. */
export const dropPassingKeys = (transaction: Transaction, ids: string[]) =>
  sql`
    delete from data_keys held where held.owner = 'passing' and held.id = any (${ids}::text[]::uuid[])
      and not exists (select from drafts one where one.municipality_id = held.municipality_id and one.data_key_id = held.id)
      and not exists (select from kept_forms one where one.municipality_id = held.municipality_id and one.data_key_id = held.id)`.execute(
    transaction,
  )

export const announceKey = (transaction: Transaction, { municipalityId, id }: { municipalityId: string; id: string }) =>
  transaction
    .insertInto('registry_keys')
    .values({ municipality_id: municipalityId, id, awaited: true })
    .onConflict((known) => known.doNothing())
    .execute()

export const switchToKey = (transaction: Transaction, { municipalityId, id }: { municipalityId: string; id: string }) =>
  transaction
    .updateTable('registry_keys')
    .set({ awaited: false })
    .where('municipality_id', '=', municipalityId)
    .where('id', '=', id)
    .execute()

export const keysAwaited = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('registry_keys')
    .select('id')
    .where('municipality_id', '=', municipalityId)
    .where('awaited', '=', true)
    .execute()

export const countToRewrap = (
  transaction: Transaction,
  { municipalityId, current }: { municipalityId: string; current: string },
) =>
  sql<{ count: number }>`
      select count(*)::integer as count from data_keys
      where municipality_id = ${municipalityId} and registry_key_id <> ${current}`.execute(transaction)

export const lockToRewrap = (
  transaction: Transaction,
  { municipalityId, registryKeyId, most }: { municipalityId: string; registryKeyId: string; most: number },
) =>
  transaction
    .selectFrom('data_keys')
    .select(WRAPPED_KEY)
    .where('municipality_id', '=', municipalityId)
    .where('registry_key_id', '!=', registryKeyId)
    .orderBy('registry_key_id')
    .orderBy('id')
    .limit(most)
    // No more than that, and none that somebody holds: whoever seals under these keys, or erases them, does so in an order
    // of their own.
    .forNoKeyUpdate()
    .skipLocked()
    .execute()

export const rewrapRows = (transaction: Transaction, fresh: string) =>
  sql`
        update data_keys set registry_key_id = fresh."registryKeyId", wrapped = decode(fresh.wrapped, 'hex')
        from jsonb_to_recordset(${fresh}::text::jsonb) as fresh (id uuid, "registryKeyId" text, wrapped text)
        where data_keys.id = fresh.id`.execute(transaction)

export const lockRegistryKey = (
  transaction: Transaction,
  { municipalityId, id }: { municipalityId: string; id: string },
) =>
  transaction
    .selectFrom('registry_keys')
    .select('id')
    .where('municipality_id', '=', municipalityId)
    .where('id', '=', id)
    .forUpdate()
    .execute()

export const countUnder = (
  transaction: Transaction,
  { municipalityId, keyId }: { municipalityId: string; keyId: string },
) =>
  sql<{ count: number }>`
      select count(*)::integer as count from data_keys
      where municipality_id = ${municipalityId} and registry_key_id = ${keyId}`.execute(transaction)

export const markRetired = (transaction: Transaction, { municipalityId, id }: { municipalityId: string; id: string }) =>
  transaction
    .updateTable('registry_keys')
    .set({ retired_at: sql`now()` })
    .where('municipality_id', '=', municipalityId)
    .where('id', '=', id)
    .where('retired_at', 'is', null)
    .execute()

export const dataKeysAmong = (transaction: Transaction, ids: string[]) =>
  transaction.selectFrom('data_keys').select(WRAPPED_KEY).where('id', 'in', ids).execute()

export const dataKeysSome = (database: Database) =>
  database.selectFrom('data_keys').select(WRAPPED_KEY).limit(1000).execute()

export const dataKeysAtRandom = (database: Database, most: number) =>
  database.selectFrom('data_keys').select(WRAPPED_KEY).orderBy(sql`random()`).limit(most).execute()

/** Epochs there are, without those whose key is gone. */
export const epochsKnown = (database: Database) =>
  sql<{ bucket: number; epoch: number; mark: Uint8Array; lost: boolean; closedAt: Date | null; newest: boolean }>`
    select bucket, epoch, mark, lost, closed_at as "closedAt",
      not exists (select from epochs newer where newer.bucket = one.bucket and newer.epoch > one.epoch) as newest
    from epochs one where gone_at is null order by bucket, epoch`.execute(database)

export const openEpochs = (database: Database, named: string) =>
  sql`select open_epochs(${named}::text::jsonb)`.execute(database)

export const closeEpochs = (database: Database) =>
  sql<{ still: number }>`select close_epochs() as still`.execute(database)

export const markGone = (database: Database, named: string) =>
  sql`select epochs_gone(${named}::text::jsonb)`.execute(database)

/** Data keys of a town that an older epoch wraps. */
export const lockOfOldEpochs = (
  transaction: Transaction,
  { town, after, most }: { town: string; after: string; most: number },
) =>
  sql<{ id: string; municipality_id: string; owner: string; registry_key_id: string; wrapped: Buffer }>`
    select id, municipality_id, owner, registry_key_id, wrapped from data_keys
    where municipality_id = ${town}::text::uuid and id > ${after}::text::uuid and (bucket, epoch) in (
      select bucket, epoch from epochs one where closed_at is null
        and exists (select from epochs newer where newer.bucket = one.bucket and newer.epoch > one.epoch))
    order by id limit ${most}
    -- None that somebody holds: whoever seals under these keys, or erases them, does so in an order of their own.
    for no key update skip locked`.execute(transaction)

export const townsOfOldEpochs = (database: Database) =>
  sql<{ id: string }>`select towns_of_old_epochs()::text as id`.execute(database)

/** What a process says of its registry keys: ids, never bytes. */
export interface Holder {
  process: string
  keys: readonly string[]
  current: string
  /** Of its epoch keys. */
  generation: number
}

export interface KeyState {
  id: string
  /** Every process has to hold it. */
  needed: boolean
  retired: boolean
}
