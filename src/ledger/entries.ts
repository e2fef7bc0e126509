import { createHash, randomInt } from 'node:crypto'
import type { DataKey } from '../keys/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { randomBytes } from '../platform/random.ts'
import { appendRows, type LedgerEntry } from './store.ts'

/** What the ledger remembers of one decision. Sealed; only its outline is stored in clear. */
export interface LedgerContent {
  requesterKind: LedgerEntry['requesterKind']
  requester: string
  organisation: string | null
  action: string
  purpose: string
  fields: readonly string[]
  outcome: 'permitted' | 'refused'
  /** Ids of the policies that decided; empty when nothing permitted. */
  policies: readonly string[]
  subject: string | null
  /** Fewer words about the occasion, e.g. how many candidates a search weighed. Never personal data. */
  occasion?: Record<string, number | string>
}

/** What an entry is sealed by. */
export interface EntryKeys {
  /** Of the person it is about; of the town where it is about nobody. */
  about: Pick<DataKey, 'mark' | 'sealUnnamed'>
  town: Pick<DataKey, 'mark' | 'sealUnnamed'>
}

export const detailsAt = (id: string) => ({ table: 'ledger_entries', column: 'details', row: id })
export const subjectAt = (id: string) => ({ table: 'ledger_entries', column: 'subject', row: id })

/** Whom an entry is about, or nobody: in as many bytes. */
const SUBJECT = 40
/** Details are filled up to steps of so many bytes. */
const STEP = 256

/**
 * An entry ready to be stored. Its leaf hash covers a random salt and the content, so the tree says
 * nothing about anyone and outlives the erasure of the content. Nor does the row say whom it is about, or that two are about one.
 *
 * @see RFC 9162 section 2.1.1 (leaf hash: SHA-256 of 0x00 and the entry)
 */
export function ledgerEntry(content: LedgerContent, { about, town }: EntryKeys): LedgerEntry {
  const id = uuidv7()
  const salt = randomBytes(16).toString('base64url')
  const { action, purpose, outcome, requesterKind, subject } = content
  const details = { ...content, salt }
  return {
    id,
    action,
    purpose,
    outcome,
    requesterKind,
    subject: town.sealUnnamed(subjectAt(id), subject, SUBJECT),
    mark: subject === null ? markOfNobody(town, id) : markOf(about, weekOf(id), channelsOf(requesterKind)),
    details: about.sealUnnamed(detailsAt(id), details, STEP),
    leafHash: leafHash(id, salt, content),
  }
}

const WEEK = 7 * 86_400_000
/** The week in which an entry was made, by its id. @see RFC 9562 section 5.7 */
const weekOf = (id: string) => Math.floor(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) / WEEK)

/** What services asked is marked in one of so many ways, by lot: whoever asked about one person shares a mark that seldom. */
const BY_LOT = 16
const channelsOf = (kind: LedgerEntry['requesterKind']): readonly string[] =>
  kind === 'client' ? Array.from({ length: BY_LOT }, (_, i) => `client ${i}`) : [kind]
const KINDS = Object.keys({ staff: 1, client: 1, resident: 1, job: 1, authority: 1 } satisfies Record<
  LedgerEntry['requesterKind'],
  1
>) as LedgerEntry['requesterKind'][]

const textOf = (week: number, channel: string) => `ledger ${week} ${channel}`
const markOf = (key: Pick<DataKey, 'mark'>, week: number, channels: readonly string[]) =>
  key.mark(textOf(week, channels[randomInt(channels.length)] ?? ''))

/** Every mark there can be of somebody since an instant, by whom it may be that asked: what finds the entries about them. */
export function marksSince(
  key: Pick<DataKey, 'mark'>,
  { since, until }: { since: Temporal.Instant; until: Temporal.Instant },
): Buffer[] {
  // A week more at each end: the clocks of a service and of its database differ.
  const [first, last] = [since.epochMilliseconds / WEEK - 1, until.epochMilliseconds / WEEK + 1].map(Math.floor)
  const marks: Buffer[] = []
  for (let week = first ?? 0; week <= (last ?? -1); week += 1)
    for (const kind of KINDS) for (const channel of channelsOf(kind)) marks.push(key.mark(textOf(week, channel)))
  return marks
}

/** The mark of an entry about nobody: of no person's, and known to whoever verifies. */
export const markOfNobody = (town: Pick<DataKey, 'mark'>, id: string) => town.mark(`ledger nobody ${id}`)

/** Whether an entry can have this mark. */
export const isMarkOf = (
  key: Pick<DataKey, 'mark'>,
  { id, kind, mark }: { id: string; kind: LedgerEntry['requesterKind']; mark: Uint8Array },
) => channelsOf(kind).some((channel) => key.mark(textOf(weekOf(id), channel)).equals(mark))

export function leafHash(id: string, salt: string, content: LedgerContent): Uint8Array {
  const { requesterKind, requester, organisation, action, purpose, fields, outcome, policies, subject, occasion } =
    content
  const canonical = JSON.stringify([
    id,
    salt,
    requesterKind,
    requester,
    organisation,
    action,
    purpose,
    fields,
    outcome,
    policies,
    subject,
    occasion ?? null,
  ])
  return createHash('sha256').update(Uint8Array.of(0)).update(canonical).digest()
}

/** Appends entries in the transaction they tell of: no entry, no disclosure. */
export async function append(
  transaction: Transaction,
  municipalityId: string,
  entries: readonly LedgerEntry[],
): Promise<void> {
  if (entries.length === 0) return
  await appendRows(transaction, { entries, municipalityId })
}
