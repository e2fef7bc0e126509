import { type Insertable, sql } from 'kysely'
import type { DB } from '../../../schema/database.ts'
import type { Transaction } from '../../platform/database.ts'
import { type After, afterPlace, toTheMillisecond } from '../../platform/paging.ts'

// The SQL of registrations, drafts, and records that may be one person with somebody who hides.

export const decideLikenessesJoined = (
  transaction: Transaction,
  { decidedAt, decidedBy, neighbourId }: { decidedAt: string; decidedBy: string; neighbourId: string },
) =>
  transaction
    .updateTable('likenesses')
    .set({ decision: 'joined', decided_at: decidedAt, decided_by: decidedBy })
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .execute()

export const markLikenessesHiding = (transaction: Transaction, neighbourId: string) =>
  transaction
    .updateTable('likenesses')
    .set({ hides: true })
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .execute()

export const registerAll = (
  transaction: Transaction,
  { townId, graphVersion, batch }: { townId: string; graphVersion: string; batch: string },
) =>
  sql<{ item: number; outcome: string }>`
        select item, outcome from register_neighbours(${townId}, ${graphVersion}::text::bigint, ${batch}::text::json)`.execute(
    transaction,
  )

export const keepDraftRow = (
  transaction: Transaction,
  {
    row,
    content,
    updatedAt,
    staffId,
  }: { row: Insertable<DB['drafts']>; content: Buffer; updatedAt: string; staffId: string },
) =>
  transaction
    .insertInto('drafts')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['municipality_id', 'id'])
        .doUpdateSet({ content, data_key_id: row.data_key_id, updated_at: updatedAt })
        .where('drafts.staff_id', '=', staffId),
    )
    .executeTakeFirst()

export const draftsRecent = (transaction: Transaction, { staffId, since }: { staffId: string; since: Date }) =>
  transaction
    .selectFrom('drafts')
    .select(['id', 'content', 'updated_at'])
    .where('staff_id', '=', staffId)
    // A week's, all of them: who waits is among the oldest.
    .where('updated_at', '>', since)
    .orderBy('updated_at', 'desc')
    .execute()

export const dropDraftRow = (transaction: Transaction, { id, staffId }: { id: string; staffId: string }) =>
  transaction.deleteFrom('drafts').where('id', '=', id).where('staff_id', '=', staffId).execute()

export const keepLikeness = (transaction: Transaction, row: Insertable<DB['likenesses']>) =>
  transaction
    .insertInto('likenesses')
    .values(row)
    .onConflict((open) => open.doNothing())
    .executeTakeFirst()

export const likenessAt = (transaction: Transaction, { neighbourId, at }: { neighbourId: string; at: string }) =>
  transaction
    .selectFrom('likenesses')
    .select(['id', 'hides'])
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .where((row) => sql<boolean>`${row.ref('recorded_at')} = ${at}::text::timestamptz`)
    .executeTakeFirst()

export const undoLikeness = (
  transaction: Transaction,
  { decidedAt, decidedBy, id }: { decidedAt: string; decidedBy: string; id: string },
) =>
  transaction
    .updateTable('likenesses')
    .set({ decision: 'undone', decided_at: decidedAt, decided_by: decidedBy })
    .where('id', '=', id)
    .execute()

export const likenessesOf = (transaction: Transaction, neighbourId: string) =>
  transaction.selectFrom('likenesses').select(['id', 'content']).where('neighbour_id', '=', neighbourId).execute()

export const likenessesToldApart = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('likenesses')
    .select(['id', 'content'])
    .where('neighbour_id', '=', neighbourId)
    .where('decision', '=', 'apart')
    .execute()

export const likenessesOpen = (transaction: Transaction, { after, most }: { after: After | undefined; most: number }) =>
  transaction
    .selectFrom('likenesses')
    .select(['id', 'neighbour_id', 'recorded_at'])
    .where('decision', 'is', null)
    .where(afterPlace('recorded_at', 'id', after))
    .orderBy(toTheMillisecond('recorded_at'))
    .orderBy('id')
    .limit(most)
    .execute()

export const likenessToDecide = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('likenesses')
    .select(['id', 'content', 'recorded_at', 'recorded_by'])
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .executeTakeFirstOrThrow()

export const likenessOpenOf = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('likenesses')
    .select(['id', 'hides'])
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .executeTakeFirst()

export const tellLikenessApart = (
  transaction: Transaction,
  { decidedAt, decidedBy, id }: { decidedAt: string; decidedBy: string; id: string },
) =>
  transaction
    .updateTable('likenesses')
    .set({ decision: 'apart', decided_at: decidedAt, decided_by: decidedBy })
    .where('id', '=', id)
    .where('decision', 'is', null)
    .executeTakeFirst()
