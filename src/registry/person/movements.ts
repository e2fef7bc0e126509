import type { UnitOfWork } from '../../firewall/model.ts'
import type { DataKey } from '../../keys/seal.ts'
import { movementRows, type StoredMovement } from './store.ts'

// What happened to a record, and when. All of it is sealed to the neighbour, of one length as far as that goes: that somebody was
// born, died or was removed on a day would name a record to whoever reads the papers.

/** What may be the cause of which kind of movement. */
const CAUSES = {
  // Who left and lives here again is the same neighbour: their record, their past and its gap stay one.
  registration: ['birth', 'arrival', 'omission', 'return'],
  // An address that was wrong from the start is corrected, which is not a move: nobody lived there.
  change: [
    ...['address', 'address-corrected', 'time-corrected', 'start-refused', 'personal-data', 'representatives'],
    ...['undone', 'joined', 'taken-apart'],
  ],
  // Neighbours say that they still live here. Asked of everyone alike, and nothing follows from silence.
  confirmation: ['residence'],
  departure: ['death', 'moved-away', 'duplicate', 'wrongly-registered', 'undone', 'joined'],
} as const satisfies Record<string, readonly string[]>

export type MovementKind = keyof typeof CAUSES
type Cause = (typeof CAUSES)[MovementKind][number]

export interface MovementOutline {
  kind: MovementKind
  cause: Cause
  /** ISO date. */
  effectiveOn: string
}

/** What is sealed of a movement: besides its outline, who wrote it and what it says. */
export interface MovementContent extends MovementOutline {
  recordedBy: string
  /** As each kind of movement has it. */
  said: unknown
}

export interface Movement extends MovementContent {
  id: string
  recordedAt: Date
  /** The same instant exactly as PostgreSQL writes it: what was written in one act has one. */
  at: string
}

/** Bytes that a content is filled up to steps of. */
const STEP = 256
const FIRST = '1850-01-01'

/**
 * @throws where it is none, which is a fault of ours: no cause of its kind, of the future, or from before anybody lived. A day of
 * grace, since it is tomorrow already in the east of the world when UTC still says today.
 */
export function mustBeAMovement({ kind, cause, effectiveOn }: MovementOutline, now: Temporal.Instant): void {
  if (!(CAUSES[kind] as readonly string[]).includes(cause)) throw new Error(`a ${kind} has no cause of this name`)
  const tomorrow = now.toZonedDateTimeISO('UTC').toPlainDate().add({ days: 1 }).toString()
  if (effectiveOn < FIRST || effectiveOn > tomorrow) throw new Error(`a ${kind} is of a day that it cannot be of`)
}

const detailsAt = (id: string) => ({ table: 'movements', column: 'details', row: id })

/** @throws where it is no movement */
export function sealMovement(
  key: Pick<DataKey, 'sealUnnamed'>,
  id: string,
  { now, ...content }: MovementContent & { now: Temporal.Instant },
): Buffer {
  mustBeAMovement(content, now)
  return Buffer.from(key.sealUnnamed(detailsAt(id), content, STEP))
}

export const openMovement = (
  key: Pick<DataKey, 'openUnnamed'>,
  { id, details }: Pick<StoredMovement, 'id' | 'details'>,
) => key.openUnnamed(detailsAt(id), details) as MovementContent

/** The same as a part of a record. */
export const sealedMovement = ({ id, details }: Pick<StoredMovement, 'id' | 'details'>) => ({
  ...{ location: detailsAt(id), sealed: details, unnamed: true as const },
})

/** What was written about a neighbour whose key is at hand, the earliest first. @param before an instant as PostgreSQL writes it */
export async function movementsOf(
  { transaction, unnamed }: Pick<UnitOfWork, 'transaction' | 'unnamed'>,
  neighbourId: string,
  before?: string,
): Promise<Movement[]> {
  const rows = await movementRows(transaction, { neighbourId, before })
  return rows.map((row) => ({
    ...openMovement(unnamed(neighbourId), row),
    ...{ id: row.id, recordedAt: row.recorded_at, at: row.at },
  }))
}
