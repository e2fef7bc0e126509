import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import { called, confirmedPlain, mustBePlain, plain } from '../firewall/free-text.ts'
import type { Gate } from '../firewall/model.ts'
import type { ActingIn, Staff } from '../firewall/requester.ts'
import { markFlagsReviewed } from '../firewall/store.ts'
import type { DataKey } from '../keys/seal.ts'
import type { LedgerContent } from '../ledger/entries.ts'
import { type LedgerLine, type LedgerQuery, ledgerLines } from '../ledger/lines.ts'
import { uuidv7 } from '../platform/clock.ts'
import { FOREIGN_KEY, sqlState, type Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { InvalidInput, NotFound, Problem } from '../platform/problem.ts'
import {
  drawnExplained,
  flagsOpen,
  flagsReviewed,
  flagsSettled,
  keepBudgetRelease,
  keepStaffLink,
  keepWatched,
  staffCounts,
  staffLinks,
  unlinkStaff,
  watchedRow,
} from './flag-store.ts'

export const FLAG_KINDS = [
  'no-case',
  'unknown-case',
  'own-record',
  'same-household',
  'same-address',
  'watched',
  'probing',
  'many-people',
  'out-of-hours',
  'given-and-used',
] as const

/** A look-up that a supervisor should ask about. Names nobody: ids and a pseudonym. */
export interface Flag {
  id: string
  raisedAt: string
  staff: string
  neighbourId: string
  kind: (typeof FLAG_KINDS)[number]
  /** What was opened. */
  fields: string[]
}

/** PostgreSQL: the row pointed to is not there. */
const supervising = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'supervise', purpose: 'supervision', fields: [] }) as const

/** On one page. */
const MOST_LISTED = 100

/** Flags nobody has reviewed, a page at a time and the oldest first. @throws {Refusal} for anyone but supervisors and auditors */
export function openFlags(
  gate: Gate,
  { municipalityId, by: requester }: ActingIn<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<Flag>>> {
  const after = readCursor(cursor)
  return gate.decide(supervising(municipalityId, requester), async (transaction) => {
    const read = await flagsOpen(transaction, { staffId: requester.id, after, most: MOST_LISTED + 1 })
    const { rows, more } = pageOf(read, MOST_LISTED, (row) => ({ at: row.raised_at.toISOString(), id: row.id }))
    const items = rows.map((row) => ({
      id: row.id,
      raisedAt: row.raised_at.toTemporalInstant().toString(),
      staff: row.staff_id,
      neighbourId: row.neighbour_id,
      kind: row.kind as Flag['kind'],
      fields: row.fields,
    }))
    return { items, more }
  })
}

/** How often somebody of the staff searched and opened. A pseudonym and numbers. */
export interface StaffActivity {
  staff: string
  /** Within the last 24 hours. */
  day: number
  /** Most within one hour of them. */
  busiestHour: number
  /** How many people they were shown today. */
  people: number
}

/** Who asked how often within a day, the busiest first. @throws {Refusal} for anyone but supervisors and auditors */
export function staffActivity(
  gate: Gate,
  municipalityId: string,
  requester: Staff,
): Promise<Disclosed<StaffActivity[]>> {
  return gate.decide(supervising(municipalityId, requester), async (transaction) => {
    const { rows } = await staffCounts(transaction, municipalityId)
    return rows.map(({ staff, day, busiest, people }) => ({ staff, day, busiestHour: busiest, people }))
  })
}

/** The ledger as those who watch over it see it, about nobody. @throws {Refusal} for anyone but supervisors and auditors */
export const exploreLedger = (
  gate: Gate,
  { municipalityId, by: requester }: ActingIn<Staff>,
  query: LedgerQuery,
): Promise<Disclosed<LedgerLine[]>> =>
  gate.decide(supervising(municipalityId, requester), (transaction) => ledgerLines(transaction, query))

/** Milliseconds between an entry of the ledger and a flag of the same transaction, at most. */
const SAME_LOOK = 5000

/** Of looks at a neighbour those that raised a flag which was looked into: what is not settled yet is told when it is. */
export async function settledLooks(
  transaction: Transaction,
  neighbourId: string,
): Promise<(look: { at: string; content: Pick<LedgerContent, 'requesterKind' | 'requester'> }) => boolean> {
  const flags = await flagsSettled(transaction, neighbourId)
  return ({ at, content }) =>
    content.requesterKind === 'staff' &&
    flags.some(
      ({ staff_id, raised_at }) =>
        staff_id === content.requester && Math.abs(raised_at.getTime() - Date.parse(at)) < SAME_LOOK,
    )
}

/** What supervision has to do with a neighbour, as far as they are told. Times are RFC 3339. */
export interface Oversight {
  /** Looks at them that were looked into. */
  flags: { raisedAt: string; kind: string; reviewedAt: string }[]
  /** Looks that were drawn by lot, and why they say they looked. */
  explained: { seenAt: string; reason: string }[]
  /** Each look at them is looked into. */
  watched: boolean
  /** Whether they are recorded as somebody of the staff, and since when. */
  staff: { since: string; until: string | null }[]
}

/** Looks of staff that were settled, with flags, explanations and links to staff: for whoever takes everything home, within a gate's transaction. What is not settled yet is told when it is. */
export async function oversightOf(transaction: Transaction, ledger: DataKey, neighbourId: string): Promise<Oversight> {
  const flags = await flagsReviewed(transaction, neighbourId)
  const drawn = await drawnExplained(transaction, neighbourId)
  const watched = await watchedRow(transaction, neighbourId)
  const staff = await staffLinks(transaction, neighbourId)
  return {
    flags: flags.map((row) => ({
      raisedAt: row.raised_at.toISOString(),
      kind: row.kind,
      reviewedAt: row.reviewed_at?.toISOString() ?? '',
    })),
    explained: drawn.map((row) => ({
      seenAt: row.seen_at.toISOString(),
      reason: row.reason === null ? '' : (ledger.open(reasonPlace(row.id), row.reason) as string),
    })),
    watched: watched.length > 0,
    staff: staff.map((row) => ({
      since: row.linked_at.toISOString(),
      until: row.unlinked_at?.toISOString() ?? null,
    })),
  }
}

/** Where the explanation of a look that was drawn by lot is sealed. */
export const reasonPlace = (id: string) => ({ table: 'drawn_openings', column: 'reason', row: id })

/** Marks flags as looked into, all or none. Nobody reviews a look-up of their own. @throws {NotFound} {Refusal} */
export function reviewFlags(
  gate: Gate,
  { municipalityId, by: requester }: ActingIn<Staff>,
  ids: readonly string[],
): Promise<Disclosed<object>> {
  return gate.decide(supervising(municipalityId, requester), async (transaction) => {
    const updated = await markFlagsReviewed(transaction, {
      reviewedBy: requester.id,
      ids: [...ids],
      staffId: requester.id,
    })
    if (updated.numUpdatedRows !== BigInt(ids.length)) throw new NotFound()
    return { reviewed: true }
  })
}

/** Neighbours whose every look-up is flagged: people others are curious about. @throws {InvalidInput} {Refusal} */
export function watchNeighbour(
  gate: Gate,
  { municipalityId, by: requester }: ActingIn<Staff>,
  neighbourId: string,
): Promise<Disclosed<object>> {
  return gate.decide(supervising(municipalityId, requester), async (transaction) => {
    await ofNeighbourHere(keepWatched(transaction, { municipalityId, neighbourId }))
    return { watched: true }
  })
}

/** Says in words what the database refuses: a neighbour that this town does not have. */
async function ofNeighbourHere(insert: Promise<unknown>): Promise<void> {
  try {
    await insert
  } catch (error) {
    if (sqlState(error) !== FOREIGN_KEY) throw error
    throw new InvalidInput([{ pointer: '/neighbourId', detail: 'No neighbour here has this id.' }])
  }
}

/** Which record is whose, of the staff: by the pseudonym they sign in with. */
export const StaffRecord = z.strictObject({ staff: called(200), neighbourId: z.uuid(), confirmedPlain })

/** Which record is a staff member's own, so that look-ups of it and of their household are flagged. Another supervisor says it of a supervisor. @throws {InvalidInput} {SaysTooMuch} {Refusal} */
export async function linkStaff(
  gate: Gate,
  { municipalityId, by: requester }: ActingIn<Staff>,
  record: z.infer<typeof StaffRecord>,
): Promise<Disclosed<object>> {
  await mustBePlain(gate, { municipalityId, by: requester }, { schema: StaffRecord, form: record })
  const { staff, neighbourId } = record
  if (staff === requester.id) return gate.turnAway(municipalityId, requester)
  return gate.decide(supervising(municipalityId, requester), async (transaction) => {
    // What was their record stays known for a year: nobody unlinks themself, looks, and links again.
    await unlinkStaff(transaction, staff)
    await ofNeighbourHere(keepStaffLink(transaction, { municipalityId, staffId: staff, neighbourId }))
    return { linked: true }
  })
}

/** Why somebody may be shown more today. */
export const Release = z.strictObject({ reason: plain(500, 3), confirmedPlain }).openapi('BudgetRelease')

/** @throws when it was done today already. */
export class ReleasedToday extends Problem {
  constructor() {
    super('released-today', 409, 'This was released once today already. Tomorrow there is a new budget.')
  }
}

/**
 * Doubles for today what a member of staff may be shown, once, with a reason that is sealed. Nobody does it for themself.
 *
 * @throws {ReleasedToday} {SaysTooMuch} {Refusal}
 */
export async function releaseBudget(
  gate: Gate,
  { municipalityId, by: requester }: ActingIn<Staff>,
  { staff, release }: { staff: string; release: z.infer<typeof Release> },
): Promise<Disclosed<object>> {
  if (requester.role !== 'supervisor' || staff === requester.id) return gate.turnAway(municipalityId, requester)
  await mustBePlain(gate, { municipalityId, by: requester }, { schema: Release, form: release })
  const { ledger } = await gate.keysOf(municipalityId)
  return gate.decide(supervising(municipalityId, requester), async (transaction, also) => {
    const id = uuidv7()
    const kept = await keepBudgetRelease(transaction, {
      id,
      municipality_id: municipalityId,
      staff_id: staff,
      data_key_id: ledger.id,
      reason: Buffer.from(ledger.seal({ table: 'budget_releases', column: 'reason', row: id }, release.reason)),
      released_by: requester.id,
    })
    if (kept.numInsertedOrUpdatedRows !== 1n) throw new ReleasedToday()
    also({ by: requester, action: 'release-budget', occasion: { staff } })
    return { released: true }
  })
}
