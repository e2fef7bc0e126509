import type { Disclosed } from '../firewall/disclosed.ts'
import type { Gate } from '../firewall/model.ts'
import type { LinkKind } from '../firewall/organisations.ts'
import { type ActingIn, Refusal, type Staff } from '../firewall/requester.ts'
import type { DataKey } from '../keys/seal.ts'
import type { Clock } from '../platform/clock.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import {
  actsApprovedWith,
  actsOfKindWaiting,
  actsProposed,
  countProposedBy,
  decideActRow,
  keepAct,
  lockAct,
} from './officer-store.ts'

// What widens who is answered, or lists people, takes two legal officers. One rule and one place for all of it.

/** What two officers decide together, by its kind. */
export interface Acts {
  enrol: {
    name: string
    identifier?: string | undefined
    functions: string[]
    signedBy?: string | undefined
    clients: string[]
    /** Names of organisations that are never answered which it names or sounds like: officers look twice. */
    resembles?: string[] | undefined
  }
  application: {
    /** What was asked for: to be enrolled; or, by an organisation that is, another machine or other keys for one. */
    what: 'enrol' | 'machine' | 'keys'
    applicationId: string
    client: string
    name: string
    identifier?: string | undefined
    functions: string[]
    /** RFC 7638 thumbprints that are the machine's besides those it has. */
    keys: string[]
    /** What it says of its links and its need, and who signs that it passes nothing on. */
    links?: string
    need?: string
    signedBy?: string
    resembles?: string[]
  }
  function: { organisationId: string; function: string }
  link: { organisationId: string; kind: LinkKind; relatedId: string }
  attestation: { organisationId: string; signedBy: string }
  machine: { organisationId: string; client: string }
  'end-machine': { organisationId: string; client: string }
  'end-key': { organisationId: string; client: string; thumbprint: string }
  /** After what neighbours reported of it, until two officers take another attestation. */
  suspend: { organisationId: string; upheld: number }
  alias: { organisationId: string; name: string; resembles?: string[] | undefined }
  lend: { staff: string; organisationId: string }
  'take-back': { staff: string; organisationId: string }
  affected: { kid: string }
  /** What the loaded rules give: the digest of the whole table. */
  widen: { digest: string }
  /** Whatever wider rules begin later do not. */
  'call-off': Record<string, never>
  /** An order of this reference is kept from its neighbour until this day. */
  secrecy: { reference: string; until: string; basis: string; documentId: string }
}
export type ActKind = keyof Acts
export type Act = { [K in ActKind]: { kind: K; content: Acts[K] } }[ActKind]

/** What an act does when it takes effect, in the transaction of the decision. @returns the id of what it made, where it made something */
export type Carry = (transaction: Transaction, act: Act) => Promise<string | undefined>

/** @throws when an officer would approve what they proposed themself. */
export class AnotherOfficer extends Problem {
  constructor() {
    super('another-officer', 409, 'Another legal officer has to approve this.')
  }
}

export interface ActState {
  id: string
  status: 'waiting' | 'done' | 'refused'
  /** What was made, where it was made at once or is approved now. */
  made?: string | undefined
}

const location = (id: string) => ({ table: 'officer_acts', column: 'content', row: id })
/** What a legal officer asks the gate to enrol. */
export const enrolling = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'enrol', purpose: 'enrolment', fields: [] }) as const
/** What a legal officer asks the gate where they shut somebody out: that goes on while all else is closed. */
export const shuttingOut = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'protect', purpose: 'protection', fields: [] }) as const

/** Proposals of one officer that may wait at once: a list that nobody can read through hides what is in it. */
const MOST_WAITING = 20

/** @throws when an officer has proposed more than others can look at. */
export class TooManyProposals extends Problem {
  constructor() {
    super('too-many-proposals', 429, 'Many of your proposals wait. Another officer has to decide some of them first.')
  }
}

/**
 * Proposes an act. What closes the gate takes effect at once: to shut somebody out, one officer is enough.
 *
 * @param closes whether it closes the gate, asked in the same transaction
 * @throws {TooManyProposals} {Refusal} for anyone but legal officers
 */
export async function proposeAct(
  deps: { gate: Gate; clock: Clock },
  { municipalityId, by: officer }: ActingIn<Staff>,
  {
    act,
    carry,
    closes = async () => false,
    onlyClosing = false,
  }: {
    act: Act
    carry: Carry
    closes?: ((transaction: Transaction) => Promise<boolean>) | undefined
    onlyClosing?: boolean | undefined
  },
): Promise<Disclosed<ActState>> {
  const { ledger } = await deps.gate.keysOf(municipalityId)
  const ask = (onlyClosing ? shuttingOut : enrolling)(municipalityId, officer)
  return deps.gate.decide(ask, async (transaction, also) => {
    const id = uuidv7()
    const atOnce = await closes(transaction)
    if (onlyClosing && !atOnce) throw new Refusal()
    const { waiting } = await countProposedBy(transaction, officer.id)
    if (!atOnce && Number(waiting) >= MOST_WAITING) throw new TooManyProposals()
    const now = deps.clock.now().toString()
    await keepAct(transaction, {
      id,
      municipality_id: municipalityId,
      kind: act.kind,
      data_key_id: ledger.id,
      content: Buffer.from(ledger.seal(location(id), act.content)),
      proposed_by: officer.id,
      proposed_at: now,
      ...(atOnce ? { decided_by: officer.id, decided_at: now, decision: 'at-once' } : {}),
    })
    also({ by: officer, action: atOnce ? 'officer-act-at-once' : 'officer-act-proposed', occasion: { kind: act.kind } })
    if (!atOnce) return { id, status: 'waiting' }
    return { id, status: 'done', made: await carry(transaction, act) }
  })
}

/**
 * Another officer's decision. Approved, it takes effect in the same commit.
 *
 * @throws {AnotherOfficer} {NotFound} {Refusal}
 */
export async function decideAct(
  deps: { gate: Gate; clock: Clock },
  { municipalityId, by: officer }: ActingIn<Staff>,
  { id, approves, carry }: { id: string; approves: boolean; carry: Carry },
): Promise<Disclosed<ActState>> {
  const { ledger } = await deps.gate.keysOf(municipalityId)
  return deps.gate.decide(enrolling(municipalityId, officer), async (transaction, also) => {
    const row = await lockAct(transaction, id)
    if (row === undefined) throw new NotFound()
    if (approves && row.proposed_by === officer.id) throw new AnotherOfficer()
    await decideActRow(transaction, {
      decidedBy: officer.id,
      decidedAt: deps.clock.now().toString(),
      decision: approves ? 'approved' : 'refused',
      id,
    })
    also({
      by: officer,
      action: approves ? 'officer-act-approved' : 'officer-act-refused',
      occasion: { kind: row.kind },
    })
    if (!approves) return { id, status: 'refused' }
    const act = { kind: row.kind, content: ledger.open(location(id), row.content) } as Act
    return { id, status: 'done', made: await carry(transaction, act) }
  })
}

/** What waits of one kind, opened; inside a decision of the gate's. */
export async function waitingOf<K extends ActKind>(
  transaction: Transaction,
  ledger: DataKey,
  kind: K,
): Promise<Acts[K][]> {
  const rows = await actsOfKindWaiting(transaction, kind)
  return rows.map((row) => ledger.open(location(row.id), row.content) as Acts[K])
}

export type WaitingAct = Act & { id: string; proposedAt: string; proposedByYou: boolean }

/** On one page. */
const MOST_LISTED = 50

/** What waits for a second officer, a page at a time and the oldest first. @throws {Refusal} */
export async function actsWaiting(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<WaitingAct>>> {
  const { ledger } = await gate.keysOf(municipalityId)
  const after = readCursor(cursor)
  return gate.decide(enrolling(municipalityId, officer), async (transaction) => {
    const read = await actsProposed(transaction, { after, most: MOST_LISTED + 1 })
    const { rows, more } = pageOf(read, MOST_LISTED, (row) => ({ at: row.proposed_at.toISOString(), id: row.id }))
    const items = rows.map((row) => ({
      ...({ kind: row.kind, content: ledger.open(location(row.id), row.content) } as Act),
      id: row.id,
      proposedAt: row.proposed_at.toISOString(),
      proposedByYou: row.proposed_by === officer.id,
    }))
    return { items, more }
  })
}

/**
 * How many officers stand behind an act of this kind that somebody who took part in it wants to use now.
 *
 * @returns 2, or 0 where there is none that is fresh enough
 */
export async function officersBehind(
  deps: { gate: Gate },
  { municipalityId, by: officer }: ActingIn<Staff>,
  { kind, matches }: { kind: ActKind; matches: (content: unknown) => boolean },
): Promise<number> {
  const { ledger } = await deps.gate.keysOf(municipalityId)
  let officers = 0
  await deps.gate.decide(enrolling(municipalityId, officer), async (transaction) => {
    const rows = await actsApprovedWith(transaction, {
      kind,
      proposedBy: officer.id,
      decidedBy: officer.id,
    })
    if (rows.some((row) => matches(ledger.open(location(row.id), row.content)))) officers = 2
  })
  return officers
}
