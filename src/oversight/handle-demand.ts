import { randomInt } from 'node:crypto'
import type { Disclosed } from '../firewall/disclosed.ts'
import { mustBePlain } from '../firewall/free-text.ts'
import type { Ask, Gate } from '../firewall/model.ts'
import { organisationName } from '../firewall/organisation-store.ts'
import { type ActingIn, type Authority, Refusal, type Staff } from '../firewall/requester.ts'
import type { DataKey } from '../keys/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { InvalidInput, NotFound, Problem } from '../platform/problem.ts'
import { AnotherOfficer } from './decide-act.ts'
import { Demand, type OrderField } from './demand.ts'
import {
  countApprovals,
  demandByReference,
  demandOf,
  demandsListed,
  demandToReview,
  demandWithDocument,
  keepDemand,
  keepReview,
  lockDemand,
  moveDemand,
  type Stage,
} from './demand-store.ts'
import { freeDocument, handling } from './keep-document.ts'

/** For how long an order may be kept from whom it is about, days. */
export const MOST_SECRET_DAYS = 90

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
    const known = await organisationName(transaction, organisationId)
    // Who it is said to be is who it is: two officers approve what is enrolled, not what was typed beside it.
    if (known) demand = { ...said, authority: { ...said.authority, name: known.name } }
  })
  const { ledger } = await gate.keysOf(municipalityId)
  const store = (stage: Stage) => async (transaction: Transaction) => {
    await keepDemand(transaction, {
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
    const row = await demandToReview(transaction, id)
    if (row === undefined) throw new NotFound()
    if (row.stage !== 'under-review') throw new OutOfTurn()
    if (approves && row.recorded_by === officer.id) throw new AnotherOfficer()
    known = { reference: row.reference, demand: ledger.open(location(id), row.details) as Demand }
  })
  if (known === undefined) throw new Refusal()
  const { reference, demand } = known
  const review = (permitted: boolean) => async (transaction: Transaction) => {
    await lockDemand(transaction, id)
    const written = await keepReview(transaction, {
      municipalityId,
      requestId: id,
      staffId: officer.id,
      approves: approves && permitted,
    })
    if (written.numInsertedOrUpdatedRows !== 1n) throw new OutOfTurn()
    const enough = approves && permitted && (await approvalsOf(transaction, id)) >= 2
    const stage: Stage = !approves || !permitted ? 'refused' : enough ? 'approved' : 'under-review'
    await moveTo(transaction, { id, from: 'under-review', to: stage })
    return { id, reference, stage }
  }
  return gate.decide(askOf(municipalityId, reference, demand), review(true), review(false))
}

async function approvalsOf(transaction: Transaction, id: string): Promise<number> {
  const { approvals } = await countApprovals(transaction, id)
  return Number(approvals)
}

/** @throws {OutOfTurn} when it is not at `from` */
export async function moveTo(
  transaction: Transaction,
  { id, from, to }: { id: string; from: Stage; to: Stage },
): Promise<void> {
  const moved = await moveDemand(transaction, { to, id, from })
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
    const row = await demandWithDocument(transaction, id)
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
    const row = await demandOf(transaction, id)
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
    const read = await demandsListed(transaction, { after, most: MOST_LISTED + 1 })
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
  const row = await demandByReference(transaction, reference)
  if (row === undefined) throw new NotFound()
  if (row.stage !== 'opened' || row.notice_id === null || row.visible_from === null) throw new OutOfTurn()
  const demand = ledger.open(location(row.id), row.details) as Demand
  return {
    noticeId: row.notice_id,
    visibleFrom: row.visible_from.toTemporalInstant(),
    authorityId: demand.authority.organisationId,
  }
}
