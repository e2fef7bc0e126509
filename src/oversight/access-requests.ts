import { randomInt } from 'node:crypto'
import { sql } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import { mustBePlain } from '../firewall/free-text.ts'
import type { Ask, Gate } from '../firewall/model.ts'
import { type ActingIn, type Authority, Refusal, type Staff } from '../firewall/requester.ts'
import type { DataKey } from '../keys/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { InvalidInput, NotFound, Problem } from '../platform/problem.ts'
import { Demand, type OrderField } from './demand.ts'
import { AnotherOfficer } from './officer-acts.ts'
import { freeDocument, handling } from './order-documents.ts'

/** For how long an order may be kept from whom it is about, days. */
export const MOST_SECRET_DAYS = 90

export type Stage = 'refused' | 'under-review' | 'approved' | 'opened'

export interface Recorded {
  id: string
  reference: string
  stage: Stage
}

export interface AccessRequest extends Recorded {
  receivedAt: string
  demand: Demand
  /** SHA-256 of its document, hex. */
  documentSha256: string
  approvals: number
}

/** @throws when a demand is no longer where this step begins. */
export class OutOfTurn extends Problem {
  constructor() {
    super('out-of-turn', 409, 'This demand is not at the stage for this. Look at it again.')
  }
}

const location = (id: string) => ({ table: 'access_requests', column: 'details', row: id })

/**
 * Writes a demand down as a case and decides it at once. From or for immigration enforcement it is refused, whatever
 * it rests on; only a judge's order about one named neighbour comes under review; all else is refused.
 *
 * @throws {InvalidInput} when it is to be kept secret for longer than anything is, or its document was not uploaded
 * @throws {SaysTooMuch} when its words may be about somebody's papers, and nobody said that they are not
 * @throws {Refusal} for anyone but legal staff
 */
export async function recordDemand(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  { said, now }: { said: Demand; now: Temporal.Instant },
): Promise<Disclosed<Recorded>> {
  await mustBePlain(gate, { municipalityId, by: officer }, { schema: Demand, form: said })
  if (said.secretUntil !== undefined) mustEndInTime(said.secretUntil, now, '/secretUntil')
  const id = uuidv7()
  const reference = newReference()
  let demand = said
  await gate.decide(handling(municipalityId, officer), async (transaction) => {
    await freeDocument(transaction, officer, said.documentId)
    const { organisationId } = said.authority
    if (organisationId === undefined) return
    const known = await transaction
      .selectFrom('organisations')
      .select('name')
      .where('id', '=', organisationId)
      .executeTakeFirst()
    // Who it is said to be is who it is: two officers approve what is enrolled, not what was typed beside it.
    if (known) demand = { ...said, authority: { ...said.authority, name: known.name } }
  })
  const { ledger } = await gate.keysOf(municipalityId)
  const store = (stage: Stage) => async (transaction: Transaction) => {
    await transaction
      .insertInto('access_requests')
      .values({
        id,
        municipality_id: municipalityId,
        reference,
        recorded_by: officer.id,
        basis: demand.basis,
        data_key_id: ledger.id,
        details: Buffer.from(ledger.seal(location(id), demand)),
        document_id: demand.documentId,
        subject_id: stage === 'refused' ? null : (demand.neighbourId ?? null),
        stage,
      })
      .execute()
    return { id, reference, stage }
  }
  return gate.decide(askOf(municipalityId, reference, demand), store('under-review'), store('refused'))
}

/** @throws {InvalidInput} when something is to be kept from a neighbour for longer than anything is */
export function mustEndInTime(until: string, now: Temporal.Instant, pointer: string): void {
  const last = now.toZonedDateTimeISO('UTC').toPlainDate().add({ days: MOST_SECRET_DAYS })
  if (Temporal.PlainDate.compare(until, last) > 0)
    throw new InvalidInput([
      { pointer, detail: `An order is kept from the neighbour for ${MOST_SECRET_DAYS} days at most.` },
    ])
}

/** What the policies are asked about a demand: when it comes, at each review, and at the opening. */
export function askOf(municipalityId: string, reference: string, demand: Demand): Ask {
  const requester: Authority = {
    kind: 'authority',
    id: reference,
    functions: demand.authority.functions,
    organisationId: demand.authority.organisationId ?? null,
  }
  return {
    municipalityId,
    requester,
    action: 'demand',
    purpose: demand.purpose === 'immigration-control' ? 'immigration-control' : 'judge-order',
    fields: demand.fields,
    // Who is not named may be anyone; and a demand for nothing is not one about somebody.
    subjects: (demand.neighbourId ?? demand.person) === undefined || demand.fields.length === 0 ? 2 : 1,
    judgeOrder: demand.basis === 'judge-order',
  }
}

/** Letters and digits that are not taken for one another. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const newReference = () => `D-${Array.from({ length: 10 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`

/**
 * One legal officer's view of a demand under review. The second approval by another officer allows one opening; a
 * single "no" refuses it. Whoever wrote it down does not approve it. The authority is asked about again: one that is tied to
 * enforcement since is refused.
 *
 * @throws {AnotherOfficer} {Refusal} {NotFound} {OutOfTurn}
 */
export async function reviewDemand(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  { id, approves }: { id: string; approves: boolean },
): Promise<Disclosed<Recorded>> {
  const { ledger } = await gate.keysOf(municipalityId)
  let known: { reference: string; demand: Demand } | undefined
  await gate.decide(handling(municipalityId, officer), async (transaction) => {
    const row = await transaction
      .selectFrom('access_requests')
      .select(['reference', 'stage', 'details', 'recorded_by'])
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw new NotFound()
    if (row.stage !== 'under-review') throw new OutOfTurn()
    if (approves && row.recorded_by === officer.id) throw new AnotherOfficer()
    known = { reference: row.reference, demand: ledger.open(location(id), row.details) as Demand }
  })
  if (known === undefined) throw new Refusal()
  const { reference, demand } = known
  const review = (permitted: boolean) => async (transaction: Transaction) => {
    await transaction.selectFrom('access_requests').select('id').where('id', '=', id).forUpdate().execute()
    const written = await transaction
      .insertInto('access_request_reviews')
      .values({
        municipality_id: municipalityId,
        request_id: id,
        staff_id: officer.id,
        approves: approves && permitted,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (written.numInsertedOrUpdatedRows !== 1n) throw new OutOfTurn()
    const enough = approves && permitted && (await approvalsOf(transaction, id)) >= 2
    const stage: Stage = !approves || !permitted ? 'refused' : enough ? 'approved' : 'under-review'
    await moveTo(transaction, { id, from: 'under-review', to: stage })
    return { id, reference, stage }
  }
  return gate.decide(askOf(municipalityId, reference, demand), review(true), review(false))
}

async function approvalsOf(transaction: Transaction, id: string): Promise<number> {
  const { approvals } = await transaction
    .selectFrom('access_request_reviews')
    .select((count) => count.fn.countAll<string>().as('approvals'))
    .where('request_id', '=', id)
    .where('approves', '=', true)
    .executeTakeFirstOrThrow()
  return Number(approvals)
}

/** @throws {OutOfTurn} when it is not at `from` */
export async function moveTo(
  transaction: Transaction,
  { id, from, to }: { id: string; from: Stage; to: Stage },
): Promise<void> {
  const moved = await transaction
    .updateTable('access_requests')
    .set({ stage: to, decided_at: new Date() })
    .where('id', '=', id)
    .where('stage', '=', from)
    .executeTakeFirst()
  if (moved.numUpdatedRows !== 1n) throw new OutOfTurn()
}

/** A demand as it was written down. @throws {Refusal} {NotFound} */
export async function readDemand(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  id: string,
): Promise<Disclosed<AccessRequest>> {
  const { ledger } = await gate.keysOf(municipalityId)
  return gate.decide(handling(municipalityId, officer), async (transaction) => {
    const row = await transaction
      .selectFrom('access_requests')
      .innerJoin('demand_documents', 'demand_documents.id', 'access_requests.document_id')
      .select(['reference', 'stage', 'received_at', 'details', 'demand_documents.sha256'])
      .where('access_requests.id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw new NotFound()
    return {
      id,
      reference: row.reference,
      stage: row.stage as Stage,
      receivedAt: row.received_at.toTemporalInstant().toString(),
      demand: ledger.open(location(id), row.details) as Demand,
      documentSha256: Buffer.from(row.sha256).toString('hex'),
      approvals: await approvalsOf(transaction, id),
    }
  })
}

/** What an approved order names. */
export interface ApprovedOrder {
  /** Absent where it names its person in words. */
  neighbourId: string | undefined
  fields: OrderField[]
  approvals: number
  demand: Demand
  reference: string
}

/** An approved order, for the one opening it allows. @throws {Refusal} {NotFound} {OutOfTurn} */
export async function approvedOrder(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  id: string,
): Promise<ApprovedOrder> {
  const { ledger } = await gate.keysOf(municipalityId)
  let order: Awaited<ReturnType<typeof approvedOrder>> | undefined
  await gate.decide(handling(municipalityId, officer), async (transaction) => {
    const row = await transaction
      .selectFrom('access_requests')
      .select(['reference', 'stage', 'subject_id', 'details'])
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw new NotFound()
    if (row.stage !== 'approved') throw new OutOfTurn()
    const demand = ledger.open(location(id), row.details) as Demand
    if ((row.subject_id === null) === (demand.person === undefined)) throw new OutOfTurn()
    const approvals = await approvalsOf(transaction, id)
    order = {
      neighbourId: row.subject_id ?? undefined,
      fields: demand.fields,
      approvals,
      demand,
      reference: row.reference,
    }
  })
  if (order === undefined) throw new Refusal()
  return order
}

/** Ends an approved order whose words fit no one neighbour: it must not stand and wait until somebody comes whom they fit. @throws {Refusal} */
export async function endUnfitting(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  id: string,
): Promise<void> {
  await gate.decide(handling(municipalityId, officer), async (transaction, also) => {
    await moveTo(transaction, { id, from: 'approved', to: 'refused' })
    also({ by: officer, action: 'order-fits-nobody', occasion: { demand: id } })
  })
}

export interface DemandOutline extends Recorded {
  receivedAt: string
  demand: Demand
  /** RFC 3339: until when the neighbour is not told, of an order that was opened in secret. */
  secretUntil: string | undefined
  approvals: number
}

/** Demands on one page. */
const MOST_LISTED = 30

/** Demands, a page at a time and the newest first, with what each says: nobody approves what they have not read. @throws {Refusal} */
export async function listDemands(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<DemandOutline>>> {
  const { ledger } = await gate.keysOf(municipalityId)
  const after = readCursor(cursor)
  return gate.decide(handling(municipalityId, officer), async (transaction) => {
    const read = await transaction
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
      .limit(MOST_LISTED + 1)
      .execute()
    const { rows, more } = pageOf(read, MOST_LISTED, (row) => ({ at: row.received_at.toISOString(), id: row.id }))
    const items = rows.map((row) => ({
      id: row.id,
      reference: row.reference,
      stage: row.stage as Stage,
      receivedAt: row.received_at.toISOString(),
      demand: ledger.open(location(row.id), row.details) as Demand,
      secretUntil: row.visible_from?.toISOString(),
      approvals: Number(row.approvals ?? 0),
    }))
    return { items, more }
  })
}

/** An order that was opened and is kept from the neighbour, for whoever prolongs that. @throws {NotFound} {OutOfTurn} when it is not secret any more */
export async function secretOrder(
  transaction: Transaction,
  ledger: DataKey,
  reference: string,
): Promise<{ noticeId: string; visibleFrom: Temporal.Instant; authorityId: string | undefined }> {
  const row = await transaction
    .selectFrom('access_requests')
    .leftJoin('notices', 'notices.id', 'access_requests.notice_id')
    .select(['access_requests.id', 'access_requests.details', 'stage', 'notice_id', 'visible_from'])
    .where('reference', '=', reference)
    .executeTakeFirst()
  if (row === undefined) throw new NotFound()
  if (row.stage !== 'opened' || row.notice_id === null || row.visible_from === null) throw new OutOfTurn()
  const demand = ledger.open(location(row.id), row.details) as Demand
  return {
    noticeId: row.notice_id,
    visibleFrom: row.visible_from.toTemporalInstant(),
    authorityId: demand.authority.organisationId,
  }
}
