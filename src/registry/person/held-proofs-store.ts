import { sql } from 'kysely'
import { byteArray } from '../../platform/byte-array.ts'
import type { Transaction } from '../../platform/database.ts'

// The SQL of what neighbours were given.

export interface StoredProof {
  id: string
  status_list_id: string
  status_index: number
  mark: Uint8Array
  content: Uint8Array
  public_from: Date | null
}

export const proofsMarked = async (transaction: Transaction, marks: readonly Buffer[]): Promise<StoredProof[]> => {
  const { rows } = await sql<StoredProof>`
    select id, status_list_id, status_index, mark, content, public_from from proofs
    where municipality_id = current_municipality() and mark = any (${byteArray(marks)}::text::bytea[])`.execute(
    transaction,
  )
  return rows
}

/** Which of them there are, in hex. */
export const marksThere = async (transaction: Transaction, marks: readonly Buffer[]): Promise<ReadonlySet<string>> => {
  const { rows } = await sql<{ mark: Uint8Array }>`
    select mark from proofs
    where municipality_id = current_municipality() and mark = any (${byteArray(marks)}::text::bytea[])`.execute(
    transaction,
  )
  return new Set(rows.map(({ mark }) => Buffer.from(mark).toString('hex')))
}

/** Holds a neighbour until this is over: nobody else gives them anything, nor records that they leave. */
export const lockHolder = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('neighbours')
    .select(['departed_on', sql<Date>`clock_timestamp()`.as('now')])
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()

/** A free place of a list from an index on, or from its beginning; none that another transaction is giving out. */
export const freePlace = async (transaction: Transaction, { listId, from }: { listId: string; from: number }) => {
  const next = (since: number) =>
    transaction
      .selectFrom('proofs')
      .select(['id', 'status_index'])
      .where('status_list_id', '=', listId)
      .where('mark', 'is', null)
      .where('status_index', '>=', since)
      .orderBy('status_index')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
  return (await next(from)) ?? (from > 0 ? await next(0) : undefined)
}

export const countFree = async (transaction: Transaction, listId: string): Promise<number> => {
  const { free } = await transaction
    .selectFrom('proofs')
    .select(sql<number>`count(*)::integer`.as('free'))
    .where('status_list_id', '=', listId)
    .where('mark', 'is', null)
    .executeTakeFirstOrThrow()
  return free
}

/** @returns how many of the places were free */
export const fillPlaces = async (
  transaction: Transaction,
  { listId, indexes, content, bearer }: { listId: string; indexes: readonly number[]; content: Buffer; bearer: Buffer },
): Promise<number> => {
  const { numAffectedRows } = await sql`
    insert into proofs (municipality_id, id, status_list_id, status_index, content, bearer)
    select current_municipality(), gen_random_uuid(), ${listId}::text::uuid, place, ${content}, ${bearer}
    from unnest(${`{${indexes.toSorted((one, other) => one - other).join(',')}}`}::text::integer[]) place
    on conflict do nothing`.execute(transaction)
  return Number(numAffectedRows)
}

export const giveProof = (
  transaction: Transaction,
  { id, ...given }: { id: string; mark: Buffer; content: Buffer; bearer: Buffer; signing_key_id: string },
) => transaction.updateTable('proofs').set(given).where('id', '=', id).where('mark', 'is', null).execute()

/** Whoever is shown it finds its new holder, unless it was taken back and everybody sees that. */
export const handOver = (
  transaction: Transaction,
  { id, mark, content, bearer }: { id: string; mark: Buffer; content: Buffer; bearer: Buffer },
) =>
  transaction
    .updateTable('proofs')
    .set({ mark, content, bearer: sql<Buffer>`case when bearer is not null then ${bearer}::bytea end` })
    .where('id', '=', id)
    .execute()

export const remarkProof = (transaction: Transaction, { id, mark }: { id: string; mark: Buffer }) =>
  transaction.updateTable('proofs').set({ mark }).where('id', '=', id).execute()

export const takeBackProofs = (
  transaction: Transaction,
  {
    neighbourId,
    proofs,
    seen,
  }: { neighbourId: string; proofs: readonly { id: string; content: Buffer }[]; seen: string | undefined },
) =>
  sql`select take_back_proofs(${neighbourId}::text::uuid, ${`{${proofs.map(({ id }) => id).join(',')}}`}::text::uuid[],
    ${byteArray(proofs.map(({ content }) => content))}::text::bytea[],
    case when ${seen ?? ''}::text = '' then null else ${seen ?? ''}::text::timestamptz end)`.execute(transaction)

/** Nobody asks any more about what everybody sees to be over: whose it was is forgotten. */
export const forgetBearers = (transaction: Transaction, now: Date) =>
  sql`select forget_bearers(${now}::timestamptz)`.execute(transaction)
