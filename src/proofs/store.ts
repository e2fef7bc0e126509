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
    .innerJoin('proofs', 'proofs.id', 'check_codes.proof_id')
    .select('content')
    .where('check_codes.id', '=', id)
    .where('check_codes.expires_at', '>', now)
    .where((either) => either.or([either('public_from', 'is', null), either('public_from', '>', now)]))
    .executeTakeFirst()

export const proofAt = (
  transaction: Transaction,
  { statusListId, statusIndex, now }: { statusListId: string; statusIndex: number; now: Date },
) =>
  transaction
    .selectFrom('proofs')
    .select(['neighbour_id', 'issued_at'])
    .where('status_list_id', '=', statusListId)
    .where('status_index', '=', statusIndex)
    .where((either) => either.or([either('public_from', 'is', null), either('public_from', '>', now)]))
    .executeTakeFirst()

export const keepProof = (transaction: Transaction, row: Insertable<DB['proofs']>) =>
  transaction
    .insertInto('proofs')
    .values(row)
    .onConflict((conflict) => conflict.columns(['municipality_id', 'status_list_id', 'status_index']).doNothing())
    .executeTakeFirst()

export const proofsIssued = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('proofs')
    .select(['id', 'profile', 'form', 'issued_at', 'expires_at', 'revoked_at', 'public_from'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('issued_at', 'desc')
    .execute()

export const bearerOf = (transaction: Transaction, id: string) =>
  transaction.selectFrom('proofs').select('neighbour_id').where('id', '=', id).executeTakeFirst()

export const markRevoked = (transaction: Transaction, { now, proofId }: { now: string; proofId: string }) =>
  sql`
        update proofs set revoked_at = coalesce(revoked_at, ${now}::text::timestamptz), public_from = ${now}::text::timestamptz
        where id = ${proofId} and (revoked_at is null or public_from > ${now}::text::timestamptz)`.execute(transaction)

export const revokedAt = (transaction: Transaction, id: string) =>
  transaction.selectFrom('proofs').select('revoked_at').where('id', '=', id).executeTakeFirstOrThrow()

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

export const bearersUnderKey = (
  transaction: Transaction,
  { signingKeyId, now, after, most }: { signingKeyId: string; now: Date; after: string | undefined; most: number },
) =>
  transaction
    .selectFrom('proofs')
    .select('neighbour_id')
    .distinct()
    .where('signing_key_id', '=', signingKeyId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .where('neighbour_id', '>', after ?? '00000000-0000-0000-0000-000000000000')
    .orderBy('neighbour_id')
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
    .where('revoked_at', 'is not', null)
    .where('public_from', '<=', publicFrom)
    // What was taken back and is not known here any more, since the database was restored.
    .union(
      transaction
        .selectFrom('lost_places')
        .select('status_index')
        .where('status_list_id', '=', listId)
        .where('public_from', '<=', publicFrom),
    )
