import type { ExpressionBuilder } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Staff } from '../firewall/requester.ts'
import { today, uuidv7 } from '../platform/clock.ts'
import { inMunicipality, sqlState, type Transaction } from '../platform/database.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../registry/municipality.ts'
import { noticeOfAnswer } from '../registry/notices.ts'
import { hiddenAmong } from '../registry/store.ts'
import { triedTooOften } from '../registry/tries.ts'
import { countedFor } from '../registry/visits.ts'
import type { Attachment } from './media.ts'
import { lettersIn, newReference } from './reference.ts'

export const COMPLAINT_KINDS = [
  'refused',
  'asked-about-papers',
  'wrong-data',
  'who-looked',
  'change',
  'objection',
  'suggestion',
  'other',
] as const
export type ComplaintKind = (typeof COMPLAINT_KINDS)[number]
/** A kind as a form says it. */
export const kindOf = (said: string | null): ComplaintKind => COMPLAINT_KINDS.find((one) => one === said) ?? 'other'
export const OUTCOMES = ['upheld', 'partly', 'not-upheld', 'answered'] as const
export type Outcome = (typeof OUTCOMES)[number]

const WORKING_DAYS = 15
/** Within ten minutes: a library's one connection serves many people. */
const MOST_COMPLAINTS = { source: 60, town: 3000 } as const
/** Photos and voices are large: fewer of them from one place. */
const MOST_ATTACHMENTS = { source: 12, town: 600 } as const
/** There are few times, and nobody needs many. */
const MOST_APPOINTMENTS = { source: 6, town: 60 } as const
const attached = (id: string) => ({ table: 'complaint_attachments', column: 'content', row: id })
/** Where a complaint's words lie, as its seal has it. */
export const placeOfComplaint = (id: string, column: 'content' | 'answer') => ({ table: 'complaints', column, row: id })

/** What somebody says, and the entry of the ledger it is about, if any. */
export interface Words {
  text: string
  /** A child to be registered in the household of whoever wrote. */
  newborn?: { given: string; family: string; born: string } | undefined
  entryId?: string | undefined
}

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
 * it and nowhere else.
 *
 * @param source where it comes from; only its keyed hash of the day is kept, for counting
 * @throws {Problem} too-many-complaints, time-taken
 */
export async function complain(
  deps: RegistryDeps,
  town: Municipality,
  complaint: {
    kind: ComplaintKind
    words: Words
    language: string
    neighbourId?: string | undefined
    attachments?: readonly Attachment[]
    /** RFC 3339: when it will be said in person, one of the free times. */
    appointmentAt?: string | undefined
  },
  source: string,
): Promise<{ reference: string }> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const { letters, shown } = newReference()
  const id = uuidv7()
  const sent = await inMunicipality(deps.database, town.id, async (transaction) => {
    const { attachments = [], appointmentAt } = complaint
    const now = deps.clock.now()
    const counted = [
      ['complaint', MOST_COMPLAINTS],
      ...(attachments.length > 0 ? ([['attachment', MOST_ATTACHMENTS]] as const) : []),
      ...(appointmentAt === undefined ? [] : ([['appointment', MOST_APPOINTMENTS]] as const)),
    ] as const
    for (const [what, most] of counted)
      if (await triedTooOften(transaction, town, hash, now, what, source, most)) return false
    await transaction
      .insertInto('complaints')
      .values({
        id,
        municipality_id: town.id,
        reference_hash: hash(`complaint ${letters}`),
        kind: complaint.kind,
        neighbour_id: complaint.neighbourId ?? null,
        language: complaint.language,
        data_key_id: ledger.id,
        content: Buffer.from(ledger.seal(placeOfComplaint(id, 'content'), complaint.words)),
        received_at: deps.clock.now().toString(),
        due_on: dueFrom(today(deps.clock, town.timeZone)).toString(),
        appointment_at: appointmentAt ?? null,
      })
      .execute()
    for (const { mediaType, bytes } of attachments) {
      const attachment = uuidv7()
      await transaction
        .insertInto('complaint_attachments')
        .values({
          id: attachment,
          municipality_id: town.id,
          complaint_id: id,
          data_key_id: ledger.id,
          media_type: mediaType,
          content: Buffer.from(ledger.seal(attached(attachment), Buffer.from(bytes).toString('base64'))),
        })
        .execute()
    }
    return true
  }).catch((error: unknown) => {
    if (complaint.appointmentAt !== undefined && sqlState(error) === '23505')
      throw new Problem('time-taken', 409, 'Somebody took that time a moment ago. Choose another.')
    throw error
  })
  if (!sent) throw new Problem('too-many-complaints', 429, 'Many messages came from here. Wait ten minutes.')
  return { reference: shown }
}

export interface Followed {
  dueOn: string
  answer: string | undefined
  outcome: Outcome | undefined
  escalated: boolean
  /** It was passed on, and has not been answered since. */
  withOmbudsperson: boolean
  /** RFC 3339: when it will be said in person. */
  appointmentAt: string | undefined
}

/** How a complaint stands, for whoever has its code; they may have it looked at again, or call their appointment off. @returns undefined for a code nothing has */
export async function follow(
  deps: RegistryDeps,
  town: Municipality,
  typed: string,
  wish?: 'escalate' | 'cancel',
): Promise<Followed | undefined> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await transaction
      .selectFrom('complaints')
      .select(['id', 'due_on', 'answer', 'outcome', 'answered_at', 'escalated_at', 'appointment_at'])
      .where('reference_hash', '=', hash(`complaint ${lettersIn(typed)}`))
      .executeTakeFirst()
    if (row === undefined) return undefined
    const late = row.due_on < today(deps.clock, town.timeZone).toString()
    const may = wish === 'escalate' && row.escalated_at === null && (row.answer !== null || late)
    if (may)
      await transaction
        .updateTable('complaints')
        .set({ escalated_at: deps.clock.now().toString() })
        .where('id', '=', row.id)
        .execute()
    if (wish === 'cancel')
      await transaction.updateTable('complaints').set({ appointment_at: null }).where('id', '=', row.id).execute()
    return {
      appointmentAt: wish === 'cancel' ? undefined : row.appointment_at?.toISOString(),
      dueOn: row.due_on,
      answer: row.answer === null ? undefined : (ledger.open(placeOfComplaint(row.id, 'answer'), row.answer) as string),
      outcome: (row.outcome as Outcome | null) ?? undefined,
      escalated: may || row.escalated_at !== null,
      withOmbudsperson: may || (row.escalated_at !== null && (row.answered_at ?? 0) < row.escalated_at),
    }
  })
}

export interface ComplaintToAnswer {
  id: string
  kind: ComplaintKind
  language: string
  receivedAt: string
  dueOn: string
  escalated: boolean
  neighbourId: string | null
  words: Words
  /** What was answered, before it was passed on. */
  answer: string | undefined
  /** RFC 3339: when they come to say it. */
  appointmentAt: string | undefined
  attachments: { id: string; mediaType: string }[]
}

/** What clerks do, and therefore answer; the rest may be about them. */
export const REQUESTS: readonly ComplaintKind[] = ['change', 'wrong-data']
/** An objection is a question of law: legal officers alone decide it. */
const kindsFor = ({ role }: Staff) =>
  role === 'clerk' ? REQUESTS : COMPLAINT_KINDS.filter((kind) => kind !== 'objection' || role === 'legal')

const answering = (town: Municipality, requester: Staff) => {
  const purpose = requester.role === 'clerk' ? 'requests' : 'complaints'
  return { municipalityId: town.id, requester, action: 'answer', purpose, fields: [] } as const
}

/** Of neighbours who wrote, those hidden from somebody of this duty: what they ask for says who and where they are. */
async function hiddenFrom(
  transaction: Transaction,
  staff: Staff,
  written: readonly { neighbour_id: string | null }[],
): Promise<ReadonlySet<string>> {
  if (staff.role !== 'clerk') return new Set()
  return hiddenAmong(
    transaction,
    written.flatMap(({ neighbour_id }) => neighbour_id ?? []),
  )
}

/** Not answered yet; for legal officers also what was passed on to the ombudsperson and not answered since. */
const openFor =
  ({ role }: Staff) =>
  (row: ExpressionBuilder<DB, 'complaints'>) =>
    role === 'legal'
      ? row.or([row('answered_at', 'is', null), row('answered_at', '<', row.ref('escalated_at'))])
      : row('answered_at', 'is', null)

/** What waits for an answer from somebody of this duty, the most urgent first. @throws {Refusal} */
export async function complaintsToAnswer(
  deps: RegistryDeps,
  town: Municipality,
  staff: Staff,
): Promise<Disclosed<ComplaintToAnswer[]>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.decide(answering(town, staff), async (transaction) => {
    const rows = await transaction
      .selectFrom('complaints')
      .select([
        'id',
        'kind',
        'language',
        'received_at',
        'due_on',
        'escalated_at',
        'neighbour_id',
        'answer',
        'appointment_at',
        'content',
      ])
      .where(openFor(staff))
      .where('kind', 'in', kindsFor(staff))
      .orderBy('due_on')
      .limit(100)
      .execute()
    const added =
      rows.length === 0
        ? []
        : await transaction
            .selectFrom('complaint_attachments')
            .select(['id', 'complaint_id', 'media_type'])
            .where(
              'complaint_id',
              'in',
              rows.map((row) => row.id),
            )
            .orderBy('id')
            .execute()
    const hidden = await hiddenFrom(transaction, staff, rows)
    const seen = rows.filter((row) => row.neighbour_id === null || !hidden.has(row.neighbour_id))
    return seen.map((row) => ({
      id: row.id,
      attachments: added
        .filter((one) => one.complaint_id === row.id)
        .map((one) => ({ id: one.id, mediaType: one.media_type })),
      kind: row.kind as ComplaintKind,
      language: row.language,
      receivedAt: row.received_at.toISOString(),
      dueOn: row.due_on,
      escalated: row.escalated_at !== null,
      neighbourId: row.neighbour_id,
      answer: row.answer === null ? undefined : (ledger.open(placeOfComplaint(row.id, 'answer'), row.answer) as string),
      appointmentAt: row.appointment_at?.toISOString(),
      words: ledger.open(placeOfComplaint(row.id, 'content'), row.content) as Words,
    }))
  })
}

/** How many of them there are: a number alone, and of protected neighbours' none that the list would not show. */
export async function complaintsWaiting(
  deps: Pick<RegistryDeps, 'database' | 'clock'>,
  town: Pick<Municipality, 'id'>,
  staff: Staff,
): Promise<number> {
  return countedFor(deps, town, staff, async (transaction) => {
    const rows = await transaction
      .selectFrom('complaints')
      .select('neighbour_id')
      .where(openFor(staff))
      .where('kind', 'in', kindsFor(staff))
      .execute()
    const hidden = await hiddenFrom(transaction, staff, rows)
    return rows.filter(({ neighbour_id }) => neighbour_id === null || !hidden.has(neighbour_id)).length
  })
}

/** A photo or a voice that was added, for whoever may answer. @throws {NotFound} {Refusal} */
export async function openAttachment(
  deps: RegistryDeps,
  town: Municipality,
  staff: Staff,
  id: string,
): Promise<Disclosed<Attachment>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.decide(answering(town, staff), async (transaction) => {
    const row = await transaction
      .selectFrom('complaint_attachments')
      .innerJoin('complaints', 'complaints.id', 'complaint_id')
      .select(['complaint_attachments.content', 'media_type', 'neighbour_id'])
      .where('complaint_attachments.id', '=', id)
      .where('kind', 'in', kindsFor(staff))
      .executeTakeFirst()
    if (row === undefined || (await hiddenFrom(transaction, staff, [row])).size > 0) throw new NotFound()
    const text = ledger.open(attached(id), row.content) as string
    return { mediaType: row.media_type, bytes: Buffer.from(text, 'base64') }
  })
}

/** Answers, once; a legal officer writes down what the ombudsperson said. @throws {NotFound} {Refusal} */
export async function answerComplaint(
  deps: RegistryDeps,
  town: Municipality,
  staff: Staff,
  id: string,
  answer: string,
  outcome: Outcome,
): Promise<void> {
  const { ledger } = await deps.gate.keysOf(town.id)
  await deps.gate.decide(answering(town, staff), async (transaction) => {
    const done = await transaction
      .updateTable('complaints')
      .set({
        answer: Buffer.from(ledger.seal(placeOfComplaint(id, 'answer'), answer)),
        answered_at: deps.clock.now().toString(),
        outcome,
      })
      .where('id', '=', id)
      .where('kind', 'in', kindsFor(staff))
      .where(openFor(staff))
      .returning('neighbour_id')
      .executeTakeFirst()
    if (done === undefined || (await hiddenFrom(transaction, staff, [done])).size > 0) throw new NotFound()
    if (done.neighbour_id === null) return
    await noticeOfAnswer(transaction, deps, town, done.neighbour_id)
  })
}

export interface ComplaintCount {
  kind: ComplaintKind
  outcome: Outcome | 'waiting'
  count: number
}

/** How many, of each kind and outcome. Numbers alone. */
export async function countComplaints(
  deps: Pick<RegistryDeps, 'database'>,
  town: Pick<Municipality, 'id'>,
): Promise<ComplaintCount[]> {
  const rows = await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .selectFrom('complaints')
      .select(['kind', 'outcome'])
      .select((count) => count.fn.countAll<string>().as('count'))
      .groupBy(['kind', 'outcome'])
      .orderBy('kind')
      .execute(),
  )
  return rows.map((row) => ({
    kind: row.kind as ComplaintKind,
    outcome: (row.outcome as Outcome | null) ?? 'waiting',
    count: Number(row.count),
  }))
}
