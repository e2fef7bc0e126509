import { type ExpressionBuilder, type Insertable, sql } from 'kysely'
import type { DB } from '../../../schema/database.ts'
import type { Staff } from '../../firewall/requester.ts'
import type { Transaction } from '../../platform/database.ts'
import { type After, afterPlace, toTheMillisecond } from '../../platform/paging.ts'
import type { Channel } from '../person/channels.ts'

// The SQL of proceedings and erasures.

export const proceedingOpen = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('proceedings')
    .select('id')
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .executeTakeFirst()

export const keepProceeding = (transaction: Transaction, row: Insertable<DB['proceedings']>) =>
  transaction.insertInto('proceedings').values(row).execute()

export const withdrawProceedings = (
  transaction: Transaction,
  { decidedBy, decidedAt, neighbourId }: { decidedBy: string; decidedAt: string; neighbourId: string },
) =>
  transaction
    .updateTable('proceedings')
    .set({ decision: 'withdrawn', decided_by: decidedBy, decided_at: decidedAt })
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .execute()

export const keepErasure = (transaction: Transaction, row: Insertable<DB['erasures']>) =>
  transaction
    .insertInto('erasures')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()

export const erasuresProposed = (
  transaction: Transaction,
  { after, most }: { after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('erasures')
    .select(['id', 'neighbour_id', 'ground', 'proposed_by', 'proposed_at', 'asked'])
    .where('decision', 'is', null)
    .where(afterPlace('proposed_at', 'id', after))
    .orderBy(toTheMillisecond('proposed_at'))
    .orderBy('id')
    .limit(most)
    .execute()

/** Erasures of late, and whether a key that opens earlier copies is there still. */
export const erasuresDecided = (transaction: Transaction, { since, most }: { since: Date; most: number }) =>
  sql<{ id: string; decidedAt: Date; waits: boolean }>`
    select one.id, one.decided_at as "decidedAt", exists (
      select from epochs held where held.bucket = bucket_of(one.neighbour_id)
        and held.gone_at is null and (held.lost or held.closed_at is not null)) as waits
    from erasures one where one.decision = 'approved' and one.decided_at > ${since}
    order by one.decided_at desc, one.id limit ${most}`.execute(transaction)

export const countOpenAbout = (transaction: Transaction, neighbourId: string) =>
  sql<Openings>`
    select
      (select count(*)::integer from proceedings one where one.neighbour_id = ${neighbourId} and one.decision is null) as proceedings,
      (select count(*)::integer from complaints one where one.neighbour_id = ${neighbourId} and one.answered_at is null) as questions,
      (select count(*)::integer from access_requests one left join notices told on told.id = one.notice_id
        where one.subject_id = ${neighbourId} and (one.stage in ('under-review', 'approved') or told.visible_from > now()
          or (one.stage = 'opened' and not exists (
            select from notice_deliveries way where way.notice_id = told.id and way.channel <> 'portal')))) as orders,
      (select count(*)::integer from flags one where one.neighbour_id = ${neighbourId} and one.reviewed_at is null) as flags`.execute(
    transaction,
  )

export const lockErasure = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('erasures')
    .select('proposed_by')
    .where('id', '=', id)
    .where('decision', 'is', null)
    .forUpdate()
    .executeTakeFirst()

export const decideErasureRow = (
  transaction: Transaction,
  { decision, decidedBy, decidedAt, id }: { decision: string; decidedBy: string; decidedAt: string; id: string },
) =>
  transaction
    .updateTable('erasures')
    .set({ decision, decided_by: decidedBy, decided_at: decidedAt })
    .where('id', '=', id)
    .execute()

export const erase = (transaction: Transaction, id: string) =>
  sql`select erase_neighbour(${id}::text::uuid)`.execute(transaction)

export const proceedingsWithNotice = (transaction: Transaction, ids: string) =>
  sql<Row>`
    select one.id, one.neighbour_id, cause, reason, notice, opened_at, opened_by, notice_given_on::text,
      effective_from::text, council_on::text, council_outcome, told.channel as told_by, told.sent_at as told_at
    from proceedings one left join notice_deliveries told on told.notice_id = one.message_id
    where one.neighbour_id = any (${ids}::uuid[]) and decision is null`.execute(transaction)

export const answersOfProceedings = (transaction: Transaction, proceedingIds: string[]) =>
  transaction
    .selectFrom('proceeding_answers')
    .select(['id', 'proceeding_id', 'words', 'received_at', 'read_at'])
    .where('proceeding_id', 'in', proceedingIds)
    .orderBy('received_at')
    .orderBy('id')
    .execute()

export const keepNoticeGiven = (
  transaction: Transaction,
  {
    noticeGivenOn,
    effectiveFrom,
    notice,
    id,
  }: { noticeGivenOn: string; effectiveFrom: string; notice: Buffer; id: string },
) =>
  transaction
    .updateTable('proceedings')
    .set({
      notice_given_on: noticeGivenOn,
      effective_from: effectiveFrom,
      notice,
    })
    .where('id', '=', id)
    .where('decision', 'is', null)
    .where('notice_given_on', 'is', null)
    .executeTakeFirst()

export const proceedingDue = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('proceedings')
    .select(['effective_from'])
    .select(waitsUnread)
    .where('neighbour_id', '=', neighbourId)
    .where('decision', 'is', null)
    .executeTakeFirst()

export const proceedingsDue = (
  transaction: Transaction,
  { clerk, after, most }: { clerk: Staff; after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('proceedings')
    .innerJoin('neighbours', 'neighbours.id', 'neighbour_id')
    .select(['proceedings.id', 'neighbour_id', 'cause', 'opened_by', 'effective_from'])
    .select(waitsUnread)
    .where('decision', 'is', null)
    // Those of protected neighbours are a supervisor's, and take no place among a clerk's.
    .$if(clerk.role !== 'supervisor', (query) =>
      query.where(
        (n) => sql<boolean>`not hides_whereabouts(${n.ref('neighbours.id')}, ${n.ref('neighbours.protected')})`,
      ),
    )
    // Those whose neighbour has no notice yet come last.
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(coalesce(effective_from, '9999-12-31'), proceedings.id) > (${after?.at ?? ''}::text::date, ${after?.id ?? ''}::text::uuid)`,
      ),
    )
    .orderBy(sql`coalesce(effective_from, '9999-12-31')`)
    .orderBy('proceedings.id')
    .limit(most)
    .execute()

export const countAnswers = (transaction: Transaction, proceedingId: string) =>
  transaction
    .selectFrom('proceeding_answers')
    .select((said) => said.fn.countAll<string>().as('count'))
    .where('proceeding_id', '=', proceedingId)
    .executeTakeFirstOrThrow()

export const keepProceedingAnswer = (transaction: Transaction, row: Insertable<DB['proceeding_answers']>) =>
  transaction.insertInto('proceeding_answers').values(row).execute()

export const markAnswerRead = (
  transaction: Transaction,
  { readBy, readAt, id, proceedingId }: { readBy: string; readAt: string; id: string; proceedingId: string },
) =>
  transaction
    .updateTable('proceeding_answers')
    .set({ read_by: readBy, read_at: readAt })
    .where('id', '=', id)
    .where('proceeding_id', '=', proceedingId)
    .where('read_at', 'is', null)
    .execute()

export const keepOpinion = (
  transaction: Transaction,
  { councilOn, councilOutcome, id }: { councilOn: string; councilOutcome: Buffer; id: string },
) =>
  transaction
    .updateTable('proceedings')
    .set({ council_on: councilOn, council_outcome: councilOutcome })
    .where('id', '=', id)
    .execute()

export const decideProceedingRow = (
  transaction: Transaction,
  { decision, decidedBy, decidedAt, id }: { decision: string; decidedBy: string; decidedAt: string; id: string },
) =>
  transaction
    .updateTable('proceedings')
    .set({ decision, decided_by: decidedBy, decided_at: decidedAt })
    .where('id', '=', id)
    .execute()

export const answersIn = (transaction: Transaction, proceedingId: string) =>
  transaction.selectFrom('proceeding_answers').select('id').where('proceeding_id', '=', proceedingId).execute()

export const lockProceeding = (transaction: Transaction, at: { neighbourId: string; proceedingId?: string }) =>
  transaction
    .selectFrom('proceedings')
    .select(['id', 'opened_at', 'decision'])
    .where('neighbour_id', '=', at.neighbourId)
    .$if(at.proceedingId !== undefined, (query) => query.where('id', '=', at.proceedingId ?? ''))
    .$if(at.proceedingId === undefined, (query) => query.where('decision', 'is', null))
    .forUpdate()
    .executeTakeFirst()

export const proceedingsEver = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('proceedings')
    .select(['id', 'cause', 'reason', 'notice', 'notice_given_on', 'effective_from', 'opened_at'])
    .select(['council_on', 'council_outcome', 'decision', 'decided_at'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('opened_at')
    .execute()

export const answersEver = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('proceeding_answers')
    .select(['id', 'proceeding_id', 'words', 'received_at', 'read_at'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('received_at')
    .execute()

export const waitsUnread = (one: ExpressionBuilder<DB, 'proceedings'>) =>
  one
    .exists(
      one
        .selectFrom('proceeding_answers')
        .select('proceeding_answers.id')
        .whereRef('proceeding_id', '=', 'proceedings.id')
        .where('read_at', 'is', null),
    )
    .as('unread')

/** How many of each. */
export interface Openings {
  proceedings: number
  /** What they asked with their name and was not answered. */
  questions: number
  /** Orders of an authority that are not decided, whose secrecy is not over, or of which they have not been told. */
  orders: number
  /** Looks at them that nobody has looked into. */
  flags: number
}

export interface Row {
  id: string
  neighbour_id: string
  cause: Uint8Array
  reason: Uint8Array
  notice: Uint8Array | null
  opened_at: Date
  opened_by: string
  notice_given_on: string | null
  effective_from: string | null
  council_on: string | null
  council_outcome: Uint8Array | null
  told_by: Channel | null
  told_at: Date | null
}
