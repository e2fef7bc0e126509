import { type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Transaction } from '../platform/database.ts'
import { type After, afterPlace, toTheMillisecond } from '../platform/paging.ts'

// The SQL of acts that take two officers, and of the lockdown.

export const countClosedAtOnce = (transaction: Transaction, { kind, decidedBy }: { kind: string; decidedBy: string }) =>
  transaction
    .selectFrom('officer_acts')
    .select((one) => one.fn.countAll<string>().as('done'))
    .where('kind', '=', kind)
    .where('decision', '=', 'at-once')
    .where('decided_by', '=', decidedBy)
    .where('decided_at', '>', sql<Date>`clock_timestamp() - interval '24 hours'`)
    .executeTakeFirstOrThrow()

export const countProposedBy = (transaction: Transaction, proposedBy: string) =>
  transaction
    .selectFrom('officer_acts')
    .select((one) => one.fn.countAll<string>().as('waiting'))
    .where('decision', 'is', null)
    .where('proposed_by', '=', proposedBy)
    .executeTakeFirstOrThrow()

export const keepAct = (transaction: Transaction, row: Insertable<DB['officer_acts']>) =>
  transaction.insertInto('officer_acts').values(row).execute()

export const lockAct = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('officer_acts')
    .select(['kind', 'content', 'proposed_by'])
    .where('id', '=', id)
    .where('decision', 'is', null)
    .forUpdate()
    .executeTakeFirst()

export const decideActRow = (
  transaction: Transaction,
  { decidedBy, decidedAt, decision, id }: { decidedBy: string; decidedAt: string; decision: string; id: string },
) =>
  transaction
    .updateTable('officer_acts')
    .set({
      decided_by: decidedBy,
      decided_at: decidedAt,
      decision,
    })
    .where('id', '=', id)
    .execute()

export const actsOfKindWaiting = (transaction: Transaction, kind: string) =>
  transaction
    .selectFrom('officer_acts')
    .select(['id', 'content'])
    .where('kind', '=', kind)
    .where('decision', 'is', null)
    .execute()

export const actsProposed = (transaction: Transaction, { after, most }: { after: After | undefined; most: number }) =>
  transaction
    .selectFrom('officer_acts')
    .select(['id', 'kind', 'content', 'proposed_by', 'proposed_at'])
    .where('decision', 'is', null)
    .where(afterPlace('proposed_at', 'id', after))
    .orderBy(toTheMillisecond('proposed_at'))
    .orderBy('id')
    .limit(most)
    .execute()

export const actsApprovedWith = (
  transaction: Transaction,
  { kind, proposedBy, decidedBy }: { kind: string; proposedBy: string; decidedBy: string },
) =>
  transaction
    .selectFrom('officer_acts')
    .select(['id', 'content'])
    .where('kind', '=', kind)
    .where('decision', '=', 'approved')
    .where((row) => row.or([row('proposed_by', '=', proposedBy), row('decided_by', '=', decidedBy)]))
    .where('decided_at', '>', sql<Date>`clock_timestamp() - ${USED_WITHIN}::text::interval`)
    .execute()

export const beginLockdowns = (transaction: Transaction, municipalityId: string) =>
  sql`insert into lockdowns (municipality_id) values (${municipalityId}) on conflict do nothing`.execute(transaction)

export const lockLockdown = (transaction: Transaction, municipalityId: string) =>
  sql<{ closed: boolean; round: string }>`
      select closed, round::text from lockdowns where municipality_id = ${municipalityId} for update`.execute(
    transaction,
  )

/** One vote a day of each officer in each round. */
export const keepVote = (
  transaction: Transaction,
  { municipalityId, round, officerId }: { municipalityId: string; round: string; officerId: string },
) =>
  sql`insert into lockdown_votes (municipality_id, round, staff_id)
        select ${municipalityId}, ${round}::text::bigint, ${officerId} where not exists (
          select from lockdown_votes vote where vote.round = ${round}::text::bigint and vote.staff_id = ${officerId}
            and vote.voted_at > clock_timestamp() - interval '1 day')`.execute(transaction)

export const setLockdown = (
  transaction: Transaction,
  { close, municipalityId }: { close: boolean; municipalityId: string },
) =>
  sql`update lockdowns set closed = ${close}, round = round + 1, changed_at = clock_timestamp()
          where municipality_id = ${municipalityId}`.execute(transaction)

export const lockdownWithVotes = (transaction: Transaction, municipalityId: string) =>
  sql<LockdownRow>`
    select state.closed, (select count(distinct vote.staff_id)::integer from lockdown_votes vote
      where vote.municipality_id = state.municipality_id and vote.round = state.round
        and vote.voted_at > clock_timestamp() - interval '1 day') as votes
    from lockdowns state where state.municipality_id = ${municipalityId}`.execute(transaction)

/** For how long after its approval an act that lists people may be used. */
export const USED_WITHIN = '7 days'

export interface LockdownRow {
  closed: boolean
  votes: number
}
