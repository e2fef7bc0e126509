import { type Insertable, sql } from 'kysely'
import type { DB } from '../../../../schema/database.ts'
import { isSupervisor, type Staff } from '../../../firewall/requester.ts'
import type { Transaction } from '../../../platform/database.ts'
import { type After, afterPlace, toTheMillisecond } from '../../../platform/paging.ts'
import type { Moved } from './moved.ts'

// The SQL of records that are one person.

export const joinsEver = (transaction: Transaction, staysId: string) =>
  transaction
    .selectFrom('joins')
    .select(['id', 'reason', 'proposed_at', 'decision', 'undone_at'])
    .where('stays_id', '=', staysId)
    // What is not decided yet, or was refused, is of somebody else as far as anybody knows.
    .where('decision', '=', 'approved')
    .orderBy('proposed_at')
    .execute()

export const moveBelongings = (
  transaction: Transaction,
  { joinedId, staysId }: { joinedId: string; staysId: string },
) =>
  sql<{ moved: Moved['belongings'] }>`
    select move_belongings(${joinedId}::uuid, ${staysId}::uuid, null) as moved`.execute(transaction)

export const keepMoved = (transaction: Transaction, { moved, id }: { moved: Buffer; id: string }) =>
  transaction.updateTable('joins').set({ moved }).where('id', '=', id).execute()

export const joinRow = (transaction: Transaction, id: string) =>
  transaction.selectFrom('joins').select(['moved', 'hides_since']).where('id', '=', id).executeTakeFirstOrThrow()

export const markUndone = (transaction: Transaction, id: string) =>
  transaction.updateTable('joins').set({ undone_at: sql`now()` }).where('id', '=', id).execute()

export const moveBelongingsBack = (
  transaction: Transaction,
  { staysId, joinedId, belongings }: { staysId: string; joinedId: string; belongings: string },
) => sql`select move_belongings(${staysId}::uuid, ${joinedId}::uuid, ${belongings}::text::jsonb)`.execute(transaction)

export const joinOpenOf = (transaction: Transaction, { besides, ids }: { besides: string; ids: readonly string[] }) =>
  transaction
    .selectFrom('joins')
    .select('id')
    .where('decision', 'is', null)
    .where('id', '<>', besides)
    .where((row) => row.or([row('stays_id', 'in', ids), row('joined_id', 'in', ids)]))
    .executeTakeFirst()

export const whatStandsInTheWay = (transaction: Transaction, { joined, list }: { joined: string; list: string }) =>
  sql<{ joined: boolean; pending: boolean }>`
    select bool_or(record_of(one.id) <> one.id) as joined,
      bool_or(exists (select from proceedings open where open.neighbour_id = one.id and open.decision is null)
        or exists (select from erasures open where open.neighbour_id = one.id and open.decision is null)
        -- Years that wait at the record that stays go on waiting there; those of the other would be lost.
        or one.id = ${joined}::uuid and exists (select from said_starts open where open.neighbour_id = one.id and open.decision is null)) as pending
    from unnest(${list}::uuid[]) as one (id)`.execute(transaction)

export const joinStanding = (transaction: Transaction, { staysId, joinedId }: { staysId: string; joinedId: string }) =>
  transaction
    .selectFrom('joins')
    .select('id')
    .where('stays_id', '=', staysId)
    .where('joined_id', '=', joinedId)
    .where('decision', '=', 'approved')
    .where('undoes', 'is', null)
    .where('undone_at', 'is', null)
    .executeTakeFirst()

export const keepJoin = (transaction: Transaction, row: Insertable<DB['joins']>) =>
  transaction.insertInto('joins').values(row).execute()

export const lockJoin = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('joins')
    .select(['id', 'undoes', 'decision', 'proposed_by'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirstOrThrow()

export const decideJoinRow = (
  transaction: Transaction,
  { decision, decidedBy, decidedAt, id }: { decision: string; decidedBy: string; decidedAt: string; id: string },
) =>
  transaction
    .updateTable('joins')
    .set({ decision, decided_by: decidedBy, decided_at: decidedAt })
    .where('id', '=', id)
    .execute()

export const joinedIn = (transaction: Transaction, { id, staysId }: { id: string; staysId: string }) =>
  transaction
    .selectFrom('joins')
    .select('joined_id')
    .where('id', '=', id)
    .where('stays_id', '=', staysId)
    .executeTakeFirst()

export const joinsProposed = (
  transaction: Transaction,
  { staff, after, most }: { staff: Staff; after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('joins')
    .select(['id', 'stays_id', 'joined_id', 'undoes', 'proposed_by', 'proposed_at'])
    .where('decision', 'is', null)
    // Those whom a clerk is not shown take no place among those whom a clerk is to see.
    .$if(!isSupervisor(staff), (query) =>
      query.where(
        sql<boolean>`not exists (select from neighbours n where n.id in (joins.stays_id, joins.joined_id) and is_hidden(n.id, n.protected))`,
      ),
    )
    .where(afterPlace('proposed_at', 'id', after))
    .orderBy(toTheMillisecond('proposed_at'))
    .orderBy('id')
    .limit(most)
    .execute()

export const reasonOf = (transaction: Transaction, id: string) =>
  transaction.selectFrom('joins').select('reason').where('id', '=', id).executeTakeFirstOrThrow()

export const joinsStandingOf = (transaction: Transaction, id: string) =>
  sql<{ stays_id: string; joined_id: string }>`
        select stays_id, joined_id from joins where decision = 'approved' and undoes is null and undone_at is null
          and (stays_id = ${id} or joined_id = ${id})`.execute(transaction)

export const markJoinsHiding = (transaction: Transaction, staysId: string) =>
  transaction
    .updateTable('joins')
    .set({ hides_since: true })
    .where('stays_id', '=', staysId)
    .where('decision', '=', 'approved')
    .where('undone_at', 'is', null)
    .execute()
