import type { SealedRecord } from '../../firewall/model.ts'
import type { MessageKind } from '../../identity/telling.ts'
import { wrappedKey } from '../../keys/municipality-keys.ts'
import type { Transaction } from '../../platform/database.ts'
import type { SealedAnswer } from '../departure/hearing.ts'
import { proceedingAt } from '../departure/hearing-model.ts'
import { answersEver, proceedingsEver } from '../departure/store.ts'
import type { Address, Contact, NeighbourFields, Representation } from '../model.ts'
import { addressKeysOf, residencesEver, startsSaidEver } from '../residence/store.ts'
import { addressLocation, addressParts } from '../sealed-address.ts'
import type { Channel, NoticeWay } from './channels.ts'
import { joinsEver } from './join/store.ts'
import type { Reopen } from './representation/act-for.ts'
import { representationsOfBoth } from './representation/store.ts'
import { evidenceEver, noticesTo, particularsEver } from './store.ts'

// What the register's own tables hold about a neighbour beside their record, for whoever takes everything home. Which tables there
// are, and where each stands in what they get, says schema/everything.json.

/** All of it, as far as this room has it. Times are RFC 3339, days ISO. */
export interface HeldAbout {
  /** How they were known, each time something of it was written down. */
  versions: { writtenAt: string; identity: unknown; contact: unknown }[]
  /** Each time they lived somewhere, and where. */
  residences: { from: string; to: string | null; writtenAt: string; replacedAt: string | null; address?: Address }[]
  evidence: { strength: string; writtenAt: string; documentRemembered: boolean }[]
  messages: {
    kind: MessageKind
    from: string
    told?: { by: Channel; at: string }
    /** What it says, where it says something of its own. */
    details?: unknown
  }[]
  proceedings: {
    cause: string
    openedAt: string
    /** Not who said so: they may be in danger of whom they spoke against, and that is for a counter to say. */
    reason: string
    notice?: { on: string; by: NoticeWay }
    effectiveFrom: string | null
    council?: { on: string; outcome: string }
    decision?: { outcome: string; at: string }
    answers: (SealedAnswer & { receivedAt: string; readAt: string | null })[]
  }[]
  /** Those they act or acted for. */
  actsFor: { neighbourId: string; since: string; endedAt: string | null }[]
  /** Those who act or acted for them. */
  representatives: (Pick<Representation, 'kind' | 'limits'> & {
    neighbourId: string | null
    since: string
    endedAt: string | null
  })[]
  /** When they lived here from, as they said it themselves, and what was decided. */
  saidStarts: { said: unknown; at: string; decision: string | null }[]
  /** Records that were found to be theirs too. */
  joins: { proposedAt: string; decision: string | null; undoneAt: string | null; reason: unknown }[]
}

const instant = (date: Date) => date.toISOString()

/** The same record with every address somebody ever had here, each with its key. */
export async function withAllAddresses(
  transaction: Transaction,
  record: SealedRecord<NeighbourFields>,
): Promise<SealedRecord<NeighbourFields>> {
  const rows = await addressKeysOf(transaction, record.subject)
  const known = new Set(record.keys.map(({ id }) => id))
  const more = rows.filter(({ id }) => !known.has(id)).map((row) => wrappedKey({ ...row, owner: 'address' }))
  return { ...record, keys: [...record.keys, ...more] }
}

/**
 * Reads it within a gate's transaction.
 *
 * @param reopen opens what was sealed to the neighbour
 * @param reopenAddress opens what was sealed to an address they had
 */
export async function heldAbout(
  transaction: Transaction,
  {
    neighbourId,
    now,
    reopen,
    reopenAddress,
  }: {
    neighbourId: string
    now: Temporal.Instant
    reopen: Reopen
    reopenAddress: (addressId: string, ...of: Parameters<Reopen>) => unknown
  },
): Promise<HeldAbout> {
  const versions = await particularsEver(transaction, neighbourId)
  const location = (row: { version: number }, column: string) => ({
    table: 'particulars',
    column,
    row: `${neighbourId}/${row.version}`,
  })
  return {
    versions: versions.map((row) => ({
      writtenAt: instant(row.recorded_at),
      identity: reopen(location(row, 'identity'), row.identity),
      contact: reopen(location(row, 'contact'), row.contact) as { contact?: Contact },
    })),
    residences: await residencesOf(transaction, neighbourId, reopenAddress),
    evidence: await evidenceOf(transaction, neighbourId, reopen),
    messages: await messagesTo(transaction, { neighbourId, now, reopen }),
    proceedings: await proceedingsAbout(transaction, neighbourId, reopen),
    ...(await tiesOfBoth(transaction, neighbourId, reopen)),
    saidStarts: await startsSaid(transaction, neighbourId, reopen),
    joins: await joinsOf(transaction, neighbourId, reopen),
  }
}

async function residencesOf(
  transaction: Transaction,
  neighbourId: string,
  reopenAddress: (addressId: string, ...of: Parameters<Reopen>) => unknown,
): Promise<HeldAbout['residences']> {
  const rows = await residencesEver(transaction, neighbourId)
  return rows.map((row) => {
    const id = row.address_id
    const parts = addressParts({ place: row.place, reference: row.reference, usual_area: row.usual_area })
    const address =
      id === null
        ? undefined
        : (Object.assign(
            { kind: row.kind },
            ...parts.map(([column, sealed]) => reopenAddress(id, addressLocation(id, column), sealed)),
          ) as Address)
    return {
      from: String(row.valid_from),
      to: row.valid_to === null ? null : String(row.valid_to),
      writtenAt: instant(row.recorded_at),
      replacedAt: row.superseded_at === null ? null : instant(row.superseded_at),
      ...(address ? { address } : {}),
    }
  })
}

async function evidenceOf(
  transaction: Transaction,
  neighbourId: string,
  reopen: Reopen,
): Promise<HeldAbout['evidence']> {
  const rows = await evidenceEver(transaction, neighbourId)
  return rows.map((row) => {
    const { strength, document } = reopen({ table: 'evidence', column: 'details', row: row.id }, row.details) as {
      strength: string
      document: boolean
    }
    return { strength, writtenAt: instant(row.recorded_at), documentRemembered: document }
  })
}

/** Messages that they may know of already. */
async function messagesTo(
  transaction: Transaction,
  { neighbourId, now, reopen }: { neighbourId: string; now: Temporal.Instant; reopen: Reopen },
): Promise<HeldAbout['messages']> {
  const rows = await noticesTo(transaction, { neighbourId, visibleFrom: new Date(now.epochMilliseconds) })
  return rows.map((row) => ({
    kind: row.kind as MessageKind,
    from: instant(row.visible_from),
    ...(row.channel && row.sent_at ? { told: { by: row.channel as Channel, at: instant(row.sent_at) } } : {}),
    ...(row.details ? { details: reopen({ table: 'notices', column: 'details', row: row.id }, row.details) } : {}),
  }))
}

async function proceedingsAbout(
  transaction: Transaction,
  neighbourId: string,
  reopen: Reopen,
): Promise<HeldAbout['proceedings']> {
  const rows = await proceedingsEver(transaction, neighbourId)
  const answers = await answersEver(transaction, neighbourId)
  return rows.map((row) => ({
    cause: reopen(proceedingAt(row.id, 'cause'), row.cause) as string,
    openedAt: instant(row.opened_at),
    reason: (reopen(proceedingAt(row.id, 'reason'), row.reason) as { reason: string }).reason,
    ...(row.notice && row.notice_given_on
      ? {
          notice: {
            on: String(row.notice_given_on),
            ...(reopen(proceedingAt(row.id, 'notice'), row.notice) as { by: NoticeWay }),
          },
        }
      : {}),
    effectiveFrom: row.effective_from === null ? null : String(row.effective_from),
    ...(row.council_on && row.council_outcome
      ? {
          council: {
            on: String(row.council_on),
            outcome: reopen(proceedingAt(row.id, 'council_outcome'), row.council_outcome) as string,
          },
        }
      : {}),
    ...(row.decision && row.decided_at ? { decision: { outcome: row.decision, at: instant(row.decided_at) } } : {}),
    answers: answers
      .filter((one) => one.proceeding_id === row.id)
      .map((one) => ({
        ...(reopen({ table: 'proceeding_answers', column: 'words', row: one.id }, one.words) as SealedAnswer),
        receivedAt: instant(one.received_at),
        readAt: one.read_at === null ? null : instant(one.read_at),
      })),
  }))
}

async function tiesOfBoth(
  transaction: Transaction,
  neighbourId: string,
  reopen: Reopen,
): Promise<Pick<HeldAbout, 'actsFor' | 'representatives'>> {
  const rows = await representationsOfBoth(transaction, { neighbourId, representativeId: neighbourId })
  const seen = rows.filter(({ hidden }) => !hidden)
  const time = (row: (typeof rows)[number]) => ({
    since: instant(row.recorded_at),
    endedAt: row.ended_at === null ? null : instant(row.ended_at),
  })
  return {
    actsFor: seen
      .filter((row) => row.representative_id === neighbourId)
      .map((row) => ({ neighbourId: row.neighbour_id, ...time(row) })),
    representatives: seen
      .filter((row) => row.neighbour_id === neighbourId)
      .map((row) => ({
        ...(reopen({ table: 'representatives', column: 'details', row: row.id }, row.details) as Pick<
          Representation,
          'kind' | 'limits'
        >),
        neighbourId: row.representative_id,
        ...time(row),
      })),
  }
}

async function startsSaid(
  transaction: Transaction,
  neighbourId: string,
  reopen: Reopen,
): Promise<HeldAbout['saidStarts']> {
  const rows = await startsSaidEver(transaction, neighbourId)
  return rows.map((row) => ({
    said: reopen({ table: 'said_starts', column: 'content', row: row.id }, row.content),
    at: instant(row.said_at),
    decision: row.decision,
  }))
}

async function joinsOf(transaction: Transaction, neighbourId: string, reopen: Reopen): Promise<HeldAbout['joins']> {
  const rows = await joinsEver(transaction, neighbourId)
  return rows.map((row) => ({
    proposedAt: instant(row.proposed_at),
    decision: row.decision,
    undoneAt: row.undone_at === null ? null : instant(row.undone_at),
    reason: reopen({ table: 'joins', column: 'reason', row: row.id }, row.reason),
  }))
}
