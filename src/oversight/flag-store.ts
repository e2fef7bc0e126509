import { type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Transaction } from '../platform/database.ts'
import { type After, afterPlace, toTheMillisecond } from '../platform/paging.ts'

// The SQL of flags, of openings to be explained, of whom is watched, and of staff who are neighbours.

export const drawnOpenings = (
  transaction: Transaction,
  {
    day,
    whose,
    after,
    most,
  }: { day: string; whose: { own: string } | { unreadBut: string }; after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('drawn_openings')
    .select(['id', 'day', 'seen_at', 'staff_id', 'neighbour_id', 'content', 'reason'])
    .where('day', '<', day)
    .where('read_at', 'is', null)
    .$if('own' in whose, (query) =>
      query.where('staff_id', '=', 'own' in whose ? whose.own : '').where('explained_at', 'is', null),
    )
    // Nobody reads their own, and their own take no place among those of others.
    .$if('unreadBut' in whose, (query) => query.where('staff_id', '!=', 'unreadBut' in whose ? whose.unreadBut : ''))
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(day, id) > (${after?.at ?? ''}::text::date, ${after?.id ?? ''}::text::uuid)`),
    )
    .orderBy('day')
    .orderBy('id')
    .limit(most)
    .execute()

export const neighboursDrawnUnexplained = (
  transaction: Transaction,
  { staffId, day }: { staffId: string; day: string },
) =>
  transaction
    .selectFrom('drawn_openings')
    .select('neighbour_id')
    .distinct()
    .where('staff_id', '=', staffId)
    .where('day', '<', day)
    .where('explained_at', 'is', null)
    .where('read_at', 'is', null)
    .execute()

export const lockDrawn = (
  transaction: Transaction,
  { id, staffId, day }: { id: string; staffId: string; day: string },
) =>
  transaction
    .selectFrom('drawn_openings')
    .select('explained_at')
    .where('id', '=', id)
    .where('staff_id', '=', staffId)
    .where('day', '<', day)
    .forUpdate()
    .executeTakeFirst()

export const explainDrawnRow = (
  transaction: Transaction,
  { reason, explainedAt, id }: { reason: Buffer; explainedAt: Date; id: string },
) =>
  transaction
    .updateTable('drawn_openings')
    .set({
      reason,
      explained_at: explainedAt,
    })
    .where('id', '=', id)
    .execute()

export const markDrawnRead = (
  transaction: Transaction,
  { readBy, readAt, id, staffId, day }: { readBy: string; readAt: Date; id: string; staffId: string; day: string },
) =>
  transaction
    .updateTable('drawn_openings')
    .set({ read_by: readBy, read_at: readAt })
    .where('id', '=', id)
    .where('staff_id', '!=', staffId)
    .where((drawn) => drawn.or([drawn('explained_at', 'is not', null), drawn('day', '<', day)]))
    .where('read_at', 'is', null)
    .executeTakeFirst()

/** Those nobody has looked at. Nobody settles their own, and their own take no place among those of others. */
export const flagsOpen = (
  transaction: Transaction,
  { staffId, after, most }: { staffId: string; after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('flags')
    .select(['id', 'raised_at', 'staff_id', 'neighbour_id', 'kind', 'fields'])
    .where('reviewed_at', 'is', null)
    // Nobody settles their own, and their own take no place among those of others.
    .where('staff_id', '!=', staffId)
    .where(afterPlace('raised_at', 'id', after))
    .orderBy(toTheMillisecond('raised_at'))
    .orderBy('id')
    .limit(most)
    .execute()

export const staffCounts = (transaction: Transaction, municipalityId: string) =>
  sql<{ staff: string; day: number; busiest: number; people: number }>`
      select substr(counted, 7) as staff, sum(times)::integer as day, max(times) as busiest,
        coalesce((select shown.people from seen_totals shown where shown.municipality_id = ${municipalityId}::uuid
          and shown.counted = asked.counted and shown.span = 'day' and shown.begins = date_trunc('day', clock_timestamp(), 'UTC')), 0) as people
      from query_counts asked where counted like 'staff %' and hour > clock_timestamp() - interval '1 day'
      group by counted order by max(times) desc, sum(times) desc`.execute(transaction)

export const flagsSettled = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('flags')
    .select(['staff_id', 'raised_at'])
    .where('neighbour_id', '=', neighbourId)
    .where('reviewed_at', 'is not', null)
    .execute()

export const flagsReviewed = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('flags')
    .select(['raised_at', 'kind', 'reviewed_at'])
    .where('neighbour_id', '=', neighbourId)
    .where('reviewed_at', 'is not', null)
    .orderBy('raised_at')
    .execute()

export const drawnExplained = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('drawn_openings')
    .select(['id', 'seen_at', 'reason'])
    .where('neighbour_id', '=', neighbourId)
    .where('read_at', 'is not', null)
    .where('reason', 'is not', null)
    .orderBy('seen_at')
    .execute()

export const watchedRow = (transaction: Transaction, neighbourId: string) =>
  transaction.selectFrom('watched_neighbours').select('neighbour_id').where('neighbour_id', '=', neighbourId).execute()

export const staffLinks = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('staff_neighbours')
    .select(['linked_at', 'unlinked_at'])
    .where('neighbour_id', '=', neighbourId)
    .execute()
export const keepWatched = (
  transaction: Transaction,
  { municipalityId, neighbourId }: { municipalityId: string; neighbourId: string },
) =>
  transaction
    .insertInto('watched_neighbours')
    .values({ municipality_id: municipalityId, neighbour_id: neighbourId })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const unlinkStaff = (transaction: Transaction, staffId: string) =>
  transaction
    .updateTable('staff_neighbours')
    .set({ unlinked_at: new Date() })
    .where('staff_id', '=', staffId)
    .where('unlinked_at', 'is', null)
    .execute()

export const keepStaffLink = (
  transaction: Transaction,
  { municipalityId, staffId, neighbourId }: { municipalityId: string; staffId: string; neighbourId: string },
) =>
  transaction
    .insertInto('staff_neighbours')
    .values({ municipality_id: municipalityId, staff_id: staffId, neighbour_id: neighbourId })
    .execute()

export const keepBudgetRelease = (transaction: Transaction, row: Insertable<DB['budget_releases']>) =>
  transaction
    .insertInto('budget_releases')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
