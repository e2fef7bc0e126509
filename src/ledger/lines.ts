import type { Transaction } from '../platform/database.ts'
import { linesBefore } from './store.ts'

/** An entry as it lies open: whose record it is about, who asked and what they saw are sealed. */
export interface LedgerLine {
  /** Its place in the tree, from 0. */
  position: number
  /** RFC 3339. */
  at: string
  action: string
  purpose: string
  outcome: 'permitted' | 'refused'
  requesterKind: string
  /** SHA-256 of the entry, its leaf in the tree; base64url. */
  leafHash: string
}

export interface LedgerQuery {
  /** Entries with a place before this one: to begin with, the size of a checkpoint. */
  before: number
  /** Refusals alone. */
  refused: boolean
}

/** The newest entries before a place, twenty-five at most. */
export async function ledgerLines(transaction: Transaction, { before, refused }: LedgerQuery): Promise<LedgerLine[]> {
  const rows = await linesBefore(transaction, { before: String(before), refused })
  return rows.map((row) => ({
    position: Number(row.position),
    at: row.recorded_at.toTemporalInstant().toString(),
    action: row.action,
    purpose: row.purpose,
    outcome: row.outcome as LedgerLine['outcome'],
    requesterKind: row.requester_kind,
    leafHash: Buffer.from(row.leaf_hash).toString('base64url'),
  }))
}
