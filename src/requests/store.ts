import { type ExpressionBuilder, type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Staff } from '../firewall/requester.ts'
import type { Transaction } from '../platform/database.ts'
import { type After, afterPlace, toTheMillisecond } from '../platform/paging.ts'

// The SQL of what people ask of the city: complaints, applications, codes of organisations.

/** Keeps what somebody outside asks of the city, sealed, under the hash of the code they follow it by. */
export const keepApplication = (transaction: Transaction, row: Insertable<DB['applications']>) =>
  transaction.insertInto('applications').values(row).execute()

export const applicationUnder = (transaction: Transaction, referenceHash: Buffer) =>
  transaction
    .selectFrom('applications')
    .select(['id', 'decision', 'reason'])
    .where('reference_hash', '=', referenceHash)
    .executeTakeFirst()

export const openApplications = (
  transaction: Transaction,
  { after, most }: { after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('applications')
    .select(['id', 'asked_for', 'content', 'received_at'])
    .where('decision', 'is', null)
    .where(afterPlace('received_at', 'id', after))
    .orderBy(toTheMillisecond('received_at'))
    .orderBy('id')
    .limit(most)
    .execute()

export const refuseApplication = (
  transaction: Transaction,
  { decidedAt, decidedBy, reason, id }: { decidedAt: string; decidedBy: string; reason: Buffer; id: string },
) =>
  transaction
    .updateTable('applications')
    .set({ decided_at: decidedAt, decided_by: decidedBy, decision: 'refused', reason })
    .where('id', '=', id)
    .execute()

export const lockApplication = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('applications')
    .select(['content', 'asked_for'])
    .where('id', '=', id)
    .where('decision', 'is', null)
    .forUpdate()
    .executeTakeFirst()

export const markEnrolled = (
  transaction: Transaction,
  { decidedAt, organisationId, id }: { decidedAt: string; organisationId: string; id: string },
) =>
  transaction
    .updateTable('applications')
    .set({
      decided_at: decidedAt,
      decided_by: 'two officers',
      decision: 'enrolled',
      organisation_id: organisationId,
    })
    .where('id', '=', id)
    .execute()

export const appointmentsAfter = (transaction: Transaction, appointmentAt: Date) =>
  transaction.selectFrom('complaints').select('appointment_at').where('appointment_at', '>', appointmentAt).execute()

export const requestsOfNeighbour = (
  transaction: Transaction,
  { neighbourId, duties }: { neighbourId: string; duties: readonly string[] },
) =>
  transaction
    .selectFrom('complaints')
    .select(['id', 'outline', 'content', 'answer', 'outcome', 'received_at', 'due_on'])
    .where('neighbour_id', '=', neighbourId)
    .where('duty', 'in', duties)
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .execute()

export const attachmentsNamed = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('complaint_attachments')
    .innerJoin('complaints', 'complaints.id', 'complaint_id')
    .select(['complaint_attachments.id', 'complaint_id', 'media_type'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('complaint_attachments.id')
    .execute()

/** Requests that this member of staff may answer and nobody has, those due first. */
export const complaintsFor = (
  transaction: Transaction,
  {
    staff,
    duties,
    after,
    at,
    afterId,
    most,
  }: { staff: Staff; duties: readonly string[]; after: boolean; at: string; afterId: string; most: number },
) =>
  transaction
    .selectFrom('complaints')
    .select([
      'id',
      'outline',
      'received_at',
      'due_on',
      'escalated_at',
      'neighbour_id',
      'answer',
      'appointment_at',
      'appointment_was',
      'appointment_ended',
      'content',
      'service',
      'organisation_id',
      'fault',
    ])
    .where(openFor(staff))
    .where('duty', 'in', duties)
    .where(shownTo(staff))
    .$if(after, (query) => query.where(sql<boolean>`(due_on, id) > (${at}::text::date, ${afterId}::text::uuid)`))
    .orderBy('due_on')
    .orderBy('id')
    .limit(most)
    .execute()

export const attachmentsOfComplaints = (transaction: Transaction, complaintIds: string[]) =>
  transaction
    .selectFrom('complaint_attachments')
    .select(['id', 'complaint_id', 'media_type'])
    .where('complaint_id', 'in', complaintIds)
    .orderBy('id')
    .execute()

export const countComplaintsFor = (
  transaction: Transaction,
  { staff, duties }: { staff: Staff; duties: readonly string[] },
) =>
  transaction
    .selectFrom('complaints')
    .select((one) => one.fn.countAll<string>().as('waiting'))
    .where(openFor(staff))
    .where('duty', 'in', duties)
    .where(shownTo(staff))
    .executeTakeFirstOrThrow()

export const attachmentFor = (transaction: Transaction, { id, duties }: { id: string; duties: readonly string[] }) =>
  transaction
    .selectFrom('complaint_attachments')
    .innerJoin('complaints', 'complaints.id', 'complaint_id')
    .select(['complaint_attachments.content', 'media_type', 'neighbour_id'])
    .where('complaint_attachments.id', '=', id)
    .where('duty', 'in', duties)
    .executeTakeFirst()

/** Keeps the answer to a request that staff of this kind may answer and nobody has; an appointment for it is over. */
export const keepAnswer = (
  transaction: Transaction,
  {
    answer,
    answeredAt,
    outcome,
    id,
    duties,
    staff,
  }: { answer: Buffer; answeredAt: string; outcome: string; id: string; duties: readonly string[]; staff: Staff },
) =>
  transaction
    .updateTable('complaints')
    .set({
      answer,
      answered_at: answeredAt,
      outcome,
      // A time that was kept for it is somebody else's now.
      appointment_at: null,
      appointment_was: sql`coalesce(appointment_at, appointment_was)`,
      appointment_ended: sql`case when appointment_at is null then appointment_ended else 'answered' end`,
    })
    .where('id', '=', id)
    .where('duty', 'in', duties)
    .where(openFor(staff))
    .returning(['neighbour_id', 'fault', 'organisation_id', 'service'])
    .executeTakeFirst()

export const linkToOrganisation = (
  transaction: Transaction,
  { organisationId, id }: { organisationId: string; id: string },
) => transaction.updateTable('complaints').set({ organisation_id: organisationId }).where('id', '=', id).execute()

/** Keeps a request or a complaint; under a code somebody has already it keeps nothing. */
export const keepComplaint = (transaction: Transaction, row: Insertable<DB['complaints']>) =>
  transaction
    .insertInto('complaints')
    .values(row)
    .onConflict((conflict) => conflict.columns(['municipality_id', 'reference_hash']).doNothing())
    .executeTakeFirst()

export const keepAttachment = (transaction: Transaction, row: Insertable<DB['complaint_attachments']>) =>
  transaction.insertInto('complaint_attachments').values(row).execute()

export const complaintUnder = (transaction: Transaction, referenceHash: Buffer) =>
  transaction
    .selectFrom('complaints')
    .select(['id', 'due_on', 'answer', 'outcome', 'answered_at', 'escalated_at'])
    .select(['appointment_at', 'appointment_was', 'appointment_ended'])
    .where('reference_hash', '=', referenceHash)
    .executeTakeFirst()

export const escalate = (transaction: Transaction, { escalatedAt, id }: { escalatedAt: string; id: string }) =>
  transaction.updateTable('complaints').set({ escalated_at: escalatedAt }).where('id', '=', id).execute()

export const cancelAppointment = (
  transaction: Transaction,
  { appointmentWas, id }: { appointmentWas: Date | null; id: string },
) =>
  transaction
    .updateTable('complaints')
    .set({ appointment_at: null, appointment_was: appointmentWas, appointment_ended: 'cancelled' })
    .where('id', '=', id)
    .execute()

export const attachmentsBy = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('complaint_attachments')
    .innerJoin('complaints', 'complaints.id', 'complaint_id')
    .select(['complaint_attachments.id', 'complaint_attachments.content', 'media_type'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('complaint_attachments.id')
    .execute()

/** Of each complaint what it is about, sealed, and what became of it. */
export const outlinesOf = (transaction: Transaction) =>
  transaction.selectFrom('complaints').select(['id', 'outline', 'outcome']).execute()

export const lockOrganisationRequests = (transaction: Transaction, organisationId: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${`requests ${organisationId}`}, 0))`.execute(transaction)

export const machineRequestsOf = (transaction: Transaction, askedFor: string) =>
  transaction
    .selectFrom('applications')
    .select(['id', 'content', 'received_at'])
    .where('asked_for', '=', askedFor)
    .where('decision', 'is', null)
    .orderBy('received_at')
    .orderBy('id')
    .execute()

export const withdrawMachineRequest = (
  transaction: Transaction,
  { decidedAt, id, askedFor }: { decidedAt: string; id: string; askedFor: string },
) =>
  transaction
    .updateTable('applications')
    .set({ decided_at: decidedAt, decided_by: 'who asked', decision: 'withdrawn' })
    .where('id', '=', id)
    .where('asked_for', '=', askedFor)
    .where('decision', 'is', null)
    .executeTakeFirst()

export const organisationUnder = (transaction: Transaction, referenceHash: Buffer) =>
  transaction
    .selectFrom('organisation_codes')
    .select('organisation_id')
    .where('reference_hash', '=', referenceHash)
    .executeTakeFirst()

export const organisationOfApplication = (transaction: Transaction, referenceHash: Buffer) =>
  transaction
    .selectFrom('applications')
    .leftJoin('organisation_codes', 'organisation_codes.organisation_id', 'applications.organisation_id')
    .select(['applications.organisation_id', 'organisation_codes.organisation_id as renewed'])
    .where('applications.reference_hash', '=', referenceHash)
    .where('kind', '=', 'enrol')
    .executeTakeFirst()

export const keepOrganisationCode = (
  transaction: Transaction,
  {
    organisationId,
    municipalityId,
    given,
  }: {
    organisationId: string
    municipalityId: string
    given: { reference_hash: Buffer; given_at: string; given_by: string }
  },
) =>
  transaction
    .insertInto('organisation_codes')
    .values({ organisation_id: organisationId, municipality_id: municipalityId, ...given })
    .onConflict((known) => known.columns(['municipality_id', 'organisation_id']).doUpdateSet(given))
    .execute()

/** Not answered yet; for legal officers also what was passed on to the ombudsperson and not answered since. */
export const openFor =
  ({ role }: Staff) =>
  (row: ExpressionBuilder<DB, 'complaints'>) =>
    role === 'legal'
      ? row.or([row('answered_at', 'is', null), row('answered_at', '<', row.ref('escalated_at'))])
      : row('answered_at', 'is', null)

/** Whose complaints are hidden from somebody of this duty do not stand in a page of others'. */
export const shownTo = (staff: Staff) => (row: ExpressionBuilder<DB, 'complaints'>) =>
  staff.role === 'clerk'
    ? sql<boolean>`not exists (select from neighbours n where n.id = ${row.ref('neighbour_id')} and is_hidden(n.id, n.protected))`
    : sql<boolean>`true`
