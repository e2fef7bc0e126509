import { randomUUID } from 'node:crypto'
import type { DataKey } from '../keys/seal.ts'
import { today } from '../platform/clock.ts'
import { inMunicipality, NOT_UNIQUE, sqlState, type Transaction } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import { lettersIn, newReference, referenceOf } from '../platform/reference.ts'
import { triedTooOften } from '../platform/tries.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../town/model.ts'
import type { Attachment } from './attachments.ts'
import type { CityRequest } from './model.ts'
import {
  attachmentsBy,
  cancelAppointment,
  complaintUnder,
  escalate,
  keepAttachment,
  keepComplaint,
  outlinesOf,
} from './store.ts'

export const COMPLAINT_KINDS = [
  'refused',
  'asked-about-papers',
  'wrong-data',
  'who-looked',
  'change',
  'objection',
  'suggestion',
  'service',
  'other',
] as const
export type ComplaintKind = (typeof COMPLAINT_KINDS)[number]

/** Whose duty an answer is. */
export type Duty = 'counter' | 'supervision' | 'law'
/** What clerks do, and therefore answer; the rest may be about them. */
const COUNTER: readonly ComplaintKind[] = ['change', 'wrong-data']
/** What is a question of law: an objection (GDPR article 21), and what may end with a service being suspended. */
const OF_LAW: readonly ComplaintKind[] = ['objection', 'service']
const dutyOf = (kind: ComplaintKind): Duty =>
  COUNTER.includes(kind) ? 'counter' : OF_LAW.includes(kind) ? 'law' : 'supervision'

/** What a complaint is about, and the language it was written in: sealed, each as long as the other. */
export interface ComplaintOutline {
  kind: ComplaintKind
  language: string
}
const OUTLINE = 64
const outlineAt = (id: string) => ({ table: 'complaints', column: 'outline', row: id })
export const openOutline = (ledger: DataKey, { id, outline }: { id: string; outline: Uint8Array }) =>
  ledger.openUnnamed(outlineAt(id), outline) as ComplaintOutline

/** What is written in words; a service is reported on a page of its own. */
export const WRITTEN_KINDS = COMPLAINT_KINDS.filter((kind) => kind !== 'service')
/** A kind as a form says it. */
export const kindOf = (said: string | null): ComplaintKind => WRITTEN_KINDS.find((one) => one === said) ?? 'other'

/** What a service does that it may not: ask for more than its profile, or turn somebody away whose proof is valid. */
export const SERVICE_FAULTS = ['too-much', 'turned-away'] as const
export type ServiceFault = (typeof SERVICE_FAULTS)[number]
/** Which service is reported, of which organisation where that is known, and of what. Never with a name: it would say who uses it. */
export interface ServiceReport {
  service: string
  organisationId?: string | undefined
  fault: ServiceFault
}
export const OUTCOMES = ['upheld', 'partly', 'not-upheld', 'answered'] as const
export type Outcome = (typeof OUTCOMES)[number]

const WORKING_DAYS = 15
/** Within ten minutes: a library's one connection serves many people. */
const MOST_COMPLAINTS = { source: 60, town: 3000 } as const
/** Photos and voices are large: fewer of them from one place. */
const MOST_ATTACHMENTS = { source: 12, town: 600 } as const
/** There are few times, and nobody needs many. */
const MOST_APPOINTMENTS = { source: 6, town: 60 } as const
/** Somebody is turned away by one service at a time; a library's connection serves many. */
const MOST_REPORTS = { source: 12, town: 300 } as const
/** Where a photo or a voice lies, as its seal has it. */
export const attached = (id: string) => ({ table: 'complaint_attachments', column: 'content', row: id })
/** Where a complaint's words lie, as its seal has it. */
export const locationOfComplaint = (id: string, column: 'content' | 'answer') => ({
  table: 'complaints',
  column,
  row: id,
})

/** The fifteenth working day from today: Saturdays and Sundays are none. */
function dueFrom(day: Temporal.PlainDate): Temporal.PlainDate {
  let due = day
  for (let left = WORKING_DAYS; left > 0; ) {
    due = due.add({ days: 1 })
    if (due.dayOfWeek <= 5) left -= 1
  }
  return due
}

/**
 * Takes a complaint, question or suggestion from anyone. What it says is sealed; the code to follow it by is with whoever wrote
 * it and nowhere else. Of one without a name nothing is kept that ties it to anybody: no session, no source, and, as of all of
 * them, no hour and no id that says when it was made.
 *
 * @param source where it comes from; only its keyed hash of the day is kept, for counting, and not beside what was written
 * @throws {Problem} too-many-complaints, time-taken
 */
export async function complain(
  deps: RegistryDeps,
  town: Municipality,
  {
    complaint,
    source,
  }: {
    complaint: {
      kind: ComplaintKind
      request: CityRequest
      language: string
      /** Whose it is, where they want it to be with their name. */
      neighbourId?: string | undefined
      /** A mark that nobody guesses: the same words sent twice with it are asked once, and have one code. */
      idempotencyKey?: string | undefined
      attachments?: readonly Attachment[]
      /** RFC 3339: when it will be said in person, one of the free times. */
      appointmentAt?: string | undefined
      /** Of kind `service`. */
      report?: ServiceReport | undefined
    }
    source: string
  },
): Promise<{ reference: string }> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const { neighbourId, idempotencyKey, kind, language } = complaint
  const outline: ComplaintOutline = { kind, language }
  const { letters, shown } =
    idempotencyKey === undefined
      ? newReference()
      : referenceOf(
          hash(
            `complaint once ${JSON.stringify([neighbourId ?? '', complaint.kind, idempotencyKey, complaint.request, complaint.report])}`,
          ),
        )
  // Of all of them alike: beside one whose hour is known, one without a name would have that hour by its place in a copy.
  const id = randomUUID()
  const now = deps.clock.now()
  const receivedAt = today(deps.clock, town.timeZone).toZonedDateTime(town.timeZone).toInstant()
  const kept = await inMunicipality(deps.database, town.id, async (transaction) => {
    const { attachments = [], appointmentAt, report } = complaint
    const counted = [
      ['complaint', MOST_COMPLAINTS],
      ...(report === undefined ? [] : ([['service report', MOST_REPORTS]] as const)),
      ...(attachments.length > 0 ? ([['attachment', MOST_ATTACHMENTS]] as const) : []),
      ...(appointmentAt === undefined ? [] : ([['appointment', MOST_APPOINTMENTS]] as const)),
    ] as const
    // Somebody signed in is counted by themselves: what comes from the place they are in is no matter of theirs.
    const from = neighbourId === undefined ? source : { device: neighbourId }
    for (const [what, most] of counted)
      if (await triedTooOften(transaction, { town, hash, now, kind: what, source: from, most })) return false
    const written = await keepComplaint(transaction, {
      id,
      municipality_id: town.id,
      reference_hash: hash(`complaint ${letters}`),
      duty: dutyOf(complaint.kind),
      outline: Buffer.from(ledger.sealUnnamed(outlineAt(id), outline, OUTLINE)),
      neighbour_id: neighbourId ?? null,
      data_key_id: ledger.id,
      content: Buffer.from(ledger.seal(locationOfComplaint(id, 'content'), complaint.request)),
      received_at: receivedAt.toString(),
      due_on: dueFrom(today(deps.clock, town.timeZone)).toString(),
      appointment_at: appointmentAt ?? null,
      service: complaint.report?.service ?? null,
      organisation_id: complaint.report?.organisationId ?? null,
      fault: complaint.report?.fault ?? null,
    })
    if (written.numInsertedOrUpdatedRows !== 1n) return true
    for (const { mediaType, bytes } of attachments) {
      const attachment = randomUUID()
      await keepAttachment(transaction, {
        id: attachment,
        municipality_id: town.id,
        complaint_id: id,
        data_key_id: ledger.id,
        media_type: mediaType,
        content: Buffer.from(ledger.seal(attached(attachment), Buffer.from(bytes).toString('base64'))),
      })
    }
    return true
  }).catch((error: unknown) => {
    if (complaint.appointmentAt !== undefined && sqlState(error) === NOT_UNIQUE)
      throw new Problem('time-taken', 409, 'Somebody took that time a moment ago. Choose another.')
    throw error
  })
  if (!kept) throw new Problem('too-many-complaints', 429, 'Many messages came from here. Wait ten minutes.')
  return { reference: shown }
}

export interface Followed {
  dueOn: string
  answer: string | undefined
  outcome: Outcome | undefined
  escalated: boolean
  /** It was passed on, and has not been answered since. */
  withOmbudsperson: boolean
  appointment: Appointment | undefined
}

/** A time at which something is said in person, and what became of it. */
export interface Appointment {
  /** RFC 3339. */
  at: string
  state: 'expected' | 'past' | 'cancelled' | 'answered'
}

export function appointmentOf(
  row: { appointment_at: Date | null; appointment_was: Date | null; appointment_ended: string | null },
  now: Temporal.Instant,
): Appointment | undefined {
  const { appointment_at: at, appointment_was: was, appointment_ended: ended } = row
  if (at) return { at: at.toISOString(), state: at.getTime() < now.epochMilliseconds ? 'past' : 'expected' }
  return was === null ? undefined : { at: was.toISOString(), state: ended as 'cancelled' | 'answered' }
}

/** How a complaint stands, for whoever has its code; they may have it looked at again, or call their appointment off. @returns undefined for a code nothing has */
export async function follow(
  deps: RegistryDeps,
  town: Municipality,
  { typed, wish }: { typed: string; wish?: 'escalate' | 'cancel' | undefined },
): Promise<Followed | undefined> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await complaintUnder(transaction, hash(`complaint ${lettersIn(typed)}`))
    if (row === undefined) return undefined
    const late = row.due_on < today(deps.clock, town.timeZone).toString()
    const may = wish === 'escalate' && row.escalated_at === null && (row.answer !== null || late)
    if (may) await escalate(transaction, { escalatedAt: deps.clock.now().toString(), id: row.id })
    const now = deps.clock.now()
    const cancels = wish === 'cancel' && appointmentOf(row, now)?.state === 'expected'
    if (cancels) await cancelAppointment(transaction, { appointmentWas: row.appointment_at, id: row.id })
    return {
      appointment: cancels
        ? { at: row.appointment_at?.toISOString() ?? '', state: 'cancelled' }
        : appointmentOf(row, now),
      dueOn: row.due_on,
      answer:
        row.answer === null ? undefined : (ledger.open(locationOfComplaint(row.id, 'answer'), row.answer) as string),
      outcome: (row.outcome as Outcome | null) ?? undefined,
      escalated: may || row.escalated_at !== null,
      withOmbudsperson: may || (row.escalated_at !== null && (row.answered_at ?? 0) < row.escalated_at),
    }
  })
}

/** Photos and voices that a neighbour sent with their name, for themself, within a gate's transaction. */
export async function attachmentsOf(
  transaction: Transaction,
  ledger: DataKey,
  neighbourId: string,
): Promise<{ id: string; mediaType: string; base64: string }[]> {
  const rows = await attachmentsBy(transaction, neighbourId)
  return rows.map((row) => ({
    id: row.id,
    mediaType: row.media_type,
    base64: ledger.open(attached(row.id), row.content) as string,
  }))
}

export interface ComplaintCount {
  kind: ComplaintKind
  outcome: Outcome | 'waiting'
  count: number
}

/** How many, of each kind and outcome. Numbers alone. */
export async function countComplaints(
  deps: Pick<RegistryDeps, 'database' | 'gate'>,
  town: Pick<Municipality, 'id'>,
): Promise<ComplaintCount[]> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const rows = await inMunicipality(deps.database, town.id, (transaction) => outlinesOf(transaction))
  const counts = new Map<string, ComplaintCount>()
  for (const row of rows) {
    const { kind } = openOutline(ledger, row)
    const outcome = (row.outcome as Outcome | null) ?? 'waiting'
    const known = counts.get(`${kind} ${outcome}`) ?? { kind, outcome, count: 0 }
    counts.set(`${kind} ${outcome}`, { ...known, count: known.count + 1 })
  }
  return [...counts.values()].sort((one, other) => (one.kind < other.kind ? -1 : one.kind > other.kind ? 1 : 0))
}
