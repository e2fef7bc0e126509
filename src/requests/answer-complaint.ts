import type { Disclosed } from '../firewall/disclosed.ts'
import { organisationNames } from '../firewall/organisations.ts'
import type { Staff } from '../firewall/requester.ts'
import { noticeOfAnswer } from '../messages/read-notices.ts'
import type { Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { InvalidInput, NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { hiddenAmong } from '../registry/store.ts'
import { countedFor } from '../registry/visits.ts'
import type { Acting, Municipality } from '../town/model.ts'
import type { Attachment } from './attachments.ts'
import {
  type Appointment,
  appointmentOf,
  attached,
  type ComplaintKind,
  type Duty,
  locationOfComplaint,
  type Outcome,
  openOutline,
  type ServiceFault,
  type ServiceReport,
} from './complain.ts'
import type { CityRequest } from './model.ts'
import { giversOf } from './service-reports.ts'
import {
  attachmentFor,
  attachmentsOfComplaints,
  complaintsFor,
  countComplaintsFor,
  keepAnswer,
  linkToOrganisation,
} from './store.ts'

// What people write to the city, as those read and answer it whose duty that is.

export interface ComplaintToAnswer {
  id: string
  kind: ComplaintKind
  language: string
  receivedAt: string
  dueOn: string
  escalated: boolean
  neighbourId: string | null
  request: CityRequest
  /** What was answered, before it was passed on. */
  answer: string | undefined
  appointment: Appointment | undefined
  /** What is reported, of kind `service`; the organisation by its name. */
  report: (ServiceReport & { organisation: string | undefined }) | undefined
  attachments: { id: string; mediaType: string }[]
}

/** Legal officers alone decide questions of law. */
const dutiesOf = ({ role }: Staff): readonly Duty[] =>
  role === 'clerk' ? ['counter'] : role === 'legal' ? ['counter', 'supervision', 'law'] : ['counter', 'supervision']

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

const MOST_LISTED = 50

/** What waits for an answer from somebody of this duty, the most urgent first, a page at a time. @throws {Refusal} */
export async function complaintsToAnswer(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<ComplaintToAnswer>>> {
  const after = readCursor(cursor)
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.decide(answering(town, staff), async (transaction) => {
    const read = await complaintsFor(transaction, {
      staff,
      duties: dutiesOf(staff),
      after: after !== undefined,
      at: after?.at ?? '',
      afterId: after?.id ?? '',
      most: MOST_LISTED + 1,
    })
    const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.due_on, id: row.id }))
    const { rows } = page
    const added =
      rows.length === 0
        ? []
        : await attachmentsOfComplaints(
            transaction,
            rows.map((row) => row.id),
          )
    const now = deps.clock.now()
    const names = await organisationNames(
      transaction,
      rows.flatMap((row) => row.organisation_id ?? []),
    )
    const items = rows.map((row) => ({
      id: row.id,
      attachments: added
        .filter((one) => one.complaint_id === row.id)
        .map((one) => ({ id: one.id, mediaType: one.media_type })),
      ...openOutline(ledger, row),
      receivedAt: row.received_at.toISOString(),
      dueOn: row.due_on,
      escalated: row.escalated_at !== null,
      neighbourId: row.neighbour_id,
      answer:
        row.answer === null ? undefined : (ledger.open(locationOfComplaint(row.id, 'answer'), row.answer) as string),
      appointment: appointmentOf(row, now),
      report:
        row.fault === null
          ? undefined
          : {
              service: row.service ?? '',
              fault: row.fault as ServiceFault,
              organisationId: row.organisation_id ?? undefined,
              organisation: names.get(row.organisation_id ?? ''),
            },
      request: ledger.open(locationOfComplaint(row.id, 'content'), row.content) as CityRequest,
    }))
    return { items, more: page.more }
  })
}

/** How many of them there are: a number alone, and of protected neighbours' none that the list would not show. */
export async function complaintsWaiting(
  deps: Pick<RegistryDeps, 'database' | 'clock'>,
  town: Pick<Municipality, 'id'>,
  staff: Staff,
): Promise<number> {
  return countedFor(deps, {
    town,
    staff,
    work: async (transaction) => {
      const { waiting } = await countComplaintsFor(transaction, { staff, duties: dutiesOf(staff) })
      return Number(waiting)
    },
  })
}

/** A photo or a voice that was added, for whoever may answer. @throws {NotFound} {Refusal} */
export async function openAttachment(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  id: string,
): Promise<Disclosed<Attachment>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.decide(answering(town, staff), async (transaction) => {
    const row = await attachmentFor(transaction, { id, duties: dutiesOf(staff) })
    if (row === undefined || (await hiddenFrom(transaction, staff, [row])).size > 0) throw new NotFound()
    const text = ledger.open(attached(id), row.content) as string
    return { mediaType: row.media_type, bytes: Buffer.from(text, 'base64') }
  })
}

/** Letters of an answer. */
const LONGEST_ANSWER = 10_000

/** Answers, once; a legal officer writes down what the ombudsperson said. @throws {NotFound} {Refusal} */
export async function answerComplaint(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  {
    id,
    answer,
    outcome,
    organisationId,
  }: { id: string; answer: string; outcome: Outcome; organisationId?: string | undefined },
): Promise<void> {
  if (answer.trim() === '') throw new InvalidInput([{ pointer: '/answer', detail: 'Write the answer.' }])
  if (answer.length > LONGEST_ANSWER)
    throw new InvalidInput([{ pointer: '/answer', detail: 'Write less.', tooLong: true }])
  const { ledger } = await deps.gate.keysOf(town.id)
  await deps.gate.decide(answering(town, staff), async (transaction) => {
    const done = await keepAnswer(transaction, {
      answer: Buffer.from(ledger.seal(locationOfComplaint(id, 'answer'), answer)),
      answeredAt: deps.clock.now().toString(),
      outcome,
      id,
      duties: dutiesOf(staff),
      staff,
    })
    if (organisationId !== undefined && done?.fault && done.organisation_id === null) {
      // Only one of those that give the service: nobody is suspended for what others did.
      const givers = await giversOf(transaction, done.service ?? '')
      if (!givers.some(({ id: giver }) => giver === organisationId))
        throw new InvalidInput([{ pointer: '/organisation', detail: 'Choose one that gives the service.' }])
      await linkToOrganisation(transaction, { organisationId, id })
    }
    if (done === undefined || (await hiddenFrom(transaction, staff, [done])).size > 0) throw new NotFound()
    if (done.neighbour_id === null) return
    await noticeOfAnswer(transaction, { clock: deps.clock, town, neighbourId: done.neighbour_id })
  })
}
