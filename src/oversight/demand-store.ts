import { type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Transaction } from '../platform/database.ts'
import type { After } from '../platform/paging.ts'

// The SQL of demands, their documents and reviews.

export const keepDemand = (transaction: Transaction, row: Insertable<DB['access_requests']>) =>
  transaction.insertInto('access_requests').values(row).execute()

export const demandToReview = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('access_requests')
    .select(['reference', 'stage', 'details', 'recorded_by'])
    .where('id', '=', id)
    .executeTakeFirst()

export const lockDemand = (transaction: Transaction, id: string) =>
  transaction.selectFrom('access_requests').select('id').where('id', '=', id).forUpdate().execute()

/** One review of each officer: a second by the same one writes nothing. */
export const keepReview = (
  transaction: Transaction,
  {
    municipalityId,
    requestId,
    staffId,
    approves,
  }: { municipalityId: string; requestId: string; staffId: string; approves: boolean },
) =>
  transaction
    .insertInto('access_request_reviews')
    .values({
      municipality_id: municipalityId,
      request_id: requestId,
      staff_id: staffId,
      approves,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()

export const countApprovals = (transaction: Transaction, requestId: string) =>
  transaction
    .selectFrom('access_request_reviews')
    .select((count) => count.fn.countAll<string>().as('approvals'))
    .where('request_id', '=', requestId)
    .where('approves', '=', true)
    .executeTakeFirstOrThrow()

/** From one stage to another, once: whoever comes second moves nothing. */
export const moveDemand = (transaction: Transaction, { to, id, from }: { to: Stage; id: string; from: Stage }) =>
  transaction
    .updateTable('access_requests')
    .set({ stage: to, decided_at: new Date() })
    .where('id', '=', id)
    .where('stage', '=', from)
    .executeTakeFirst()

export const demandWithDocument = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('access_requests')
    .innerJoin('demand_documents', 'demand_documents.id', 'access_requests.document_id')
    .select(['reference', 'stage', 'received_at', 'details', 'demand_documents.sha256'])
    .where('access_requests.id', '=', id)
    .executeTakeFirst()

export const demandOf = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('access_requests')
    .select(['reference', 'stage', 'subject_id', 'details'])
    .where('id', '=', id)
    .executeTakeFirst()

export const demandsListed = (transaction: Transaction, { after, most }: { after: After | undefined; most: number }) =>
  transaction
    .selectFrom('access_requests')
    .leftJoin('notices', (join) =>
      join
        .onRef('notices.id', '=', 'access_requests.notice_id')
        .on('notices.visible_from', '>', sql<Date>`clock_timestamp()`),
    )
    .select([
      'access_requests.id',
      'access_requests.details',
      'reference',
      'stage',
      'received_at',
      'notices.visible_from',
    ])
    .select((row) =>
      row
        .selectFrom('access_request_reviews')
        .select((count) => count.fn.countAll<string>().as('approvals'))
        .whereRef('request_id', '=', 'access_requests.id')
        .where('approves', '=', true)
        .as('approvals'),
    )
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(date_trunc('milliseconds', received_at), access_requests.id) < (${after?.at ?? ''}::text::timestamptz, ${after?.id ?? ''}::text::uuid)`,
      ),
    )
    .orderBy(sql`date_trunc('milliseconds', received_at)`, 'desc')
    .orderBy('access_requests.id', 'desc')
    .limit(most)
    .execute()

export const demandByReference = (transaction: Transaction, reference: string) =>
  transaction
    .selectFrom('access_requests')
    .leftJoin('notices', 'notices.id', 'access_requests.notice_id')
    .select(['access_requests.id', 'access_requests.details', 'stage', 'notice_id', 'visible_from'])
    .where('reference', '=', reference)
    .executeTakeFirst()

export const keepDemandDocument = (transaction: Transaction, row: Insertable<DB['demand_documents']>) =>
  transaction.insertInto('demand_documents').values(row).execute()

/** A document this officer brought that no demand rests on yet. */
export const unusedDocument = (transaction: Transaction, { id, uploadedBy }: { id: string; uploadedBy: string }) =>
  transaction
    .selectFrom('demand_documents')
    .select('sha256')
    .where('id', '=', id)
    .where('uploaded_by', '=', uploadedBy)
    .where((document) =>
      document.not(
        document.exists(
          document.selectFrom('access_requests').select('id').whereRef('document_id', '=', 'demand_documents.id'),
        ),
      ),
    )
    .executeTakeFirst()

export const demandDocument = (transaction: Transaction, which: { requestId: string } | { documentId: string }) =>
  transaction
    .selectFrom('demand_documents')
    .leftJoin('access_requests', 'access_requests.document_id', 'demand_documents.id')
    .select(['demand_documents.id', 'demand_documents.content'])
    .where((one) =>
      'requestId' in which
        ? one('access_requests.id', '=', which.requestId)
        : one('demand_documents.id', '=', which.documentId),
    )
    .executeTakeFirst()

export const nameSubject = (transaction: Transaction, { subjectId, id }: { subjectId: string; id: string }) =>
  transaction.updateTable('access_requests').set({ subject_id: subjectId }).where('id', '=', id).execute()

export const linkNotice = (transaction: Transaction, { noticeId, id }: { noticeId: string; id: string }) =>
  transaction.updateTable('access_requests').set({ notice_id: noticeId }).where('id', '=', id).execute()

export const noticesOverdue = (transaction: Transaction, dueBy: Date) =>
  transaction
    .selectFrom('access_requests')
    .innerJoin('notices', 'notices.id', 'access_requests.notice_id')
    .leftJoin('notice_deliveries', (join) =>
      join.onRef('notice_deliveries.notice_id', '=', 'notices.id').on('channel', '!=', 'portal'),
    )
    .select(['reference', 'due_by'])
    .where('due_by', '<', dueBy)
    .where('notice_deliveries.notice_id', 'is', null)
    .orderBy('due_by')
    .execute()

export type Stage = 'refused' | 'under-review' | 'approved' | 'opened'
