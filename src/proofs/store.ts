import { type Insertable, type SelectQueryBuilder, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'

// The SQL of proofs, codes on papers and status lists.

/** What a paper shows under its code. The code itself is on the paper and nowhere else. */
export const keepCheckCode = (transaction: Transaction, row: Insertable<DB['check_codes']>) =>
  transaction.insertInto('check_codes').values(row).execute()

export const paperUnder = (transaction: Transaction, { id, now }: { id: Buffer; now: Date }) =>
  transaction
    .selectFrom('check_codes')
    .select('content')
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst()

interface Place {
  statusListId: string
  statusIndex: number
  now: Date
}

/** Whether everybody sees that what was given at a place is taken back. */
export const isPubliclyOver = async (transaction: Transaction, place: Place): Promise<boolean> => {
  const { statusListId, statusIndex, now } = place
  const row = await transaction
    .selectFrom('proofs')
    .select('id')
    .where('status_list_id', '=', statusListId)
    .where('status_index', '=', statusIndex)
    .where('public_from', '<=', now)
    .executeTakeFirst()
  return row !== undefined
}

/** Whose a proof is, sealed to the town; of one that is not over. */
export const bearerAt = (transaction: Transaction, { statusListId, statusIndex, now }: Place) =>
  transaction
    .selectFrom('proofs')
    .select(['id', 'bearer'])
    .where('status_list_id', '=', statusListId)
    .where('status_index', '=', statusIndex)
    .where('mark', 'is not', null)
    .where((either) => either.or([either('public_from', 'is', null), either('public_from', '>', now)]))
    .executeTakeFirst()

export const bearerOf = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('proofs')
    .select(['id', 'bearer'])
    .where('id', '=', id)
    .where('mark', 'is not', null)
    .executeTakeFirst()

export const statusListOpen = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('status_lists')
    .select(['id', 'capacity'])
    .where('municipality_id', '=', municipalityId)
    .where('closed_at', 'is', null)
    .executeTakeFirst()

export const beginStatusList = (
  transaction: Transaction,
  { municipalityId, capacity }: { municipalityId: string; capacity: number },
) =>
  transaction
    .insertInto('status_lists')
    .values({ id: uuidv7(), municipality_id: municipalityId, capacity })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const closeStatusList = (transaction: Transaction, id: string) =>
  transaction
    .updateTable('status_lists')
    .set({ closed_at: new Date() })
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .execute()

export const statusListRow = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('status_lists')
    .select(['id', 'capacity', 'all_revoked'])
    .where('id', '=', id)
    .executeTakeFirst()

export const statusListsLatest = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('status_lists')
    .select('id')
    .where('municipality_id', '=', municipalityId)
    .orderBy('opened_at', 'desc')
    .limit(8)
    .execute()

/** What a key signed and nobody took back, so many at a time in the order of their ids. */
export const signedBy = (
  transaction: Transaction,
  { signingKeyId, after, most }: { signingKeyId: string; after: string | undefined; most: number },
) =>
  transaction
    .selectFrom('proofs')
    .select(['id', 'bearer'])
    .where('signing_key_id', '=', signingKeyId)
    .where('public_from', 'is', null)
    .where('mark', 'is not', null)
    .where('id', '>', after ?? '00000000-0000-0000-0000-000000000000')
    .orderBy('id')
    .limit(most)
    .execute()

/** Tells one set of places from another: their number, their sum and the sum of their squares. */
export async function fingerprint(
  transaction: Transaction,
  places: SelectQueryBuilder<DB, 'proofs', { status_index: number }>,
): Promise<string> {
  const { print } = await transaction
    .selectFrom(places.as('places'))
    .select(
      sql<string>`count(*) || ' ' || coalesce(sum(status_index), 0) || ' ' || coalesce(sum(status_index::numeric * status_index), 0)`.as(
        'print',
      ),
    )
    .executeTakeFirstOrThrow()
  return print
}

/** A query for the places of a list whose proofs are taken back, as far as that is public. */
export const placesRevoked = (transaction: Transaction, { listId, publicFrom }: { listId: string; publicFrom: Date }) =>
  transaction
    .selectFrom('proofs')
    .select('status_index')
    .where('status_list_id', '=', listId)
    .where('public_from', '<=', publicFrom)
    // What was taken back and is not known here any more, since the database was restored.
    .union(
      transaction
        .selectFrom('lost_places')
        .select('status_index')
        .where('status_list_id', '=', listId)
        .where('public_from', '<=', publicFrom),
    )
