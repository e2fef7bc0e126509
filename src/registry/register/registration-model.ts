import type { Disclosed } from '../../firewall/disclosed.ts'

/** What registering answers; nothing personal, the clerk has just typed it. */
export interface Registered {
  id: string
  householdId: string
  /** As far as it is confirmed: what papers and proofs show. */
  residentSince: string
  /** An earlier day that was said, and waits for a second member of staff. */
  saidSince?: string
  version: number
}

/** The SQL type `registration`, as JSON. */
export type RegistrationRow = Record<string, unknown> & { document_hash: string | null }

/** One registration, sealed and ready for register_neighbours(). */
export interface RegistrationItem {
  /** Of the neighbour it makes. */
  id: string
  answer: Disclosed<Registered>
  graphVersion: string
  idempotency: string
  locks: number[]
  row: RegistrationRow
}

export type RegistrationOutcome =
  | { outcome: 'registered' }
  | { outcome: 'replayed'; fingerprint: Uint8Array; response: Uint8Array; owner: Uint8Array; idempotency: string }
  | { outcome: 'suspected'; candidates: string[] }
  | { outcome: 'graph-changed' }

/**
 * Where finished forms are handed in: those waiting at the same moment share one statement and one commit. A town has
 * one statement under way at a time, of half of the forms that are here lately: the database writes one half while the
 * service seals the other, and neither waits for the other. A second statement would only wait for the ledger.
 */
export interface RegistrationDesk {
  submit(municipalityId: string, item: RegistrationItem): Promise<RegistrationOutcome>
}
