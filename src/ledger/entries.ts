import { createHash } from 'node:crypto'
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

/** Seals the details of an entry to the row with this id. */
export type EntrySealer = (entryId: string, value: unknown) => Uint8Array

/**
 * An entry ready to be stored. Its leaf hash covers a random salt and the content, so the tree says
 * nothing about anyone and outlives the erasure of the content.
 *
 * @see RFC 9162 section 2.1.1 (leaf hash: SHA-256 of 0x00 and the entry)
 */
export function ledgerEntry(content: LedgerContent, seal: EntrySealer): LedgerEntry {
  const id = uuidv7()
  const salt = randomBytes(16).toString('base64url')
  const { action, purpose, outcome, requesterKind, subject } = content
  return {
    id,
    action,
    purpose,
    outcome,
    requesterKind,
    subjectId: subject,
    details: seal(id, { ...content, salt }),
    leafHash: leafHash(id, salt, content),
  }
}

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
