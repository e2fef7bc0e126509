import type { SealedPart, SealedRecord, UnitOfWork } from '../../firewall/model.ts'
import type { Requester, Resident, Staff } from '../../firewall/requester.ts'
import { uuidv7 } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { Problem } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { NeighbourFields, SaidStart } from '../model.ts'
import { carrySaid, decideSaid, keepSaid, reopenSaid, saidOf, startsToDecide } from './store.ts'

// Starts that are somebody's word: kept sealed beside the residence, which begins on the day it was registered until a
// second member of staff has confirmed them. A correction that takes a second person waits in the same way.

type Content = Pick<SaidStart, 'from' | 'with' | 'reason' | 'neverThere'>

/** @throws when a start waits to be decided already, was decided, or would be decided by whoever said it. */
export class StartWaits extends Problem {
  constructor(code: 'start-waiting' | 'start-decided' | 'second-clerk-needed') {
    super(code, 409, REASONS[code])
  }
}
const REASONS = {
  'start-waiting': 'A start of this residence waits to be decided. Confirm or refuse it first.',
  'start-decided': 'This start was confirmed or refused already.',
  'second-clerk-needed': 'Somebody other than whoever said this start has to confirm it.',
} as const

export const contentOf = (id: string) => ({ table: 'said_starts', column: 'content', row: id })
export const saidBy = (requester: Requester): string => (requester.kind === 'resident' ? 'neighbour' : requester.id)

/** Records with the starts that wait for somebody to decide them, the first said first. */
export async function withSaidStarts(
  transaction: Transaction,
  records: readonly SealedRecord<NeighbourFields>[],
  requester: Requester,
): Promise<SealedRecord<NeighbourFields>[]> {
  if (records.length === 0) return []
  const rows = await startsToDecide(
    transaction,
    records.map(({ subject }) => subject),
  )
  const partOf = (row: (typeof rows)[number]): SealedPart<NeighbourFields> => ({
    location: contentOf(row.id),
    sealed: row.content,
    keyId: row.neighbour_id,
    holds: ['said'],
    assemble: (record, value) => {
      const said: SaidStart = {
        id: row.id,
        residenceId: row.residence_id,
        present: row.valid_to === null,
        ...(value as Content),
        saidAt: row.said_at.toISOString(),
        yours: row.said_by === saidBy(requester),
      }
      record.said = [...(record.said ?? []), said]
    },
  })
  return records.map((record) => ({
    ...record,
    parts: [...record.parts, ...rows.filter((row) => row.neighbour_id === record.subject).map(partOf)],
  }))
}

/** Keeps a start as said, until somebody else decides it. @throws {StartWaits} when one of this residence waits already */
export async function keepSaidStart(
  unit: UnitOfWork,
  { town, by: requester }: Acting<Staff | Resident>,
  { of, said }: { of: { neighbourId: string; residenceId: string }; said: Content },
): Promise<string> {
  const id = uuidv7()
  const kept = await keepSaid(unit.transaction, {
    id,
    municipality_id: town.id,
    neighbour_id: of.neighbourId,
    residence_id: of.residenceId,
    content: Buffer.from(unit.seal(of.neighbourId, contentOf(id), said)),
    said_by: saidBy(requester),
  })
  if (kept.numInsertedOrUpdatedRows !== 1n) throw new StartWaits('start-waiting')
  return id
}

/** The start of one residence that waits to be decided, where there is one. @returns an ISO date */
export async function saidStartOf(
  unit: UnitOfWork,
  neighbourId: string,
  residenceId: string,
): Promise<string | undefined> {
  const row = await saidOf(unit.transaction, residenceId)
  return row && (unit.reopen(neighbourId, contentOf(row.id), row.content) as Content).from
}

/** What waits of one residence goes on with the row that continues it. */
export async function carrySaidStart(unit: UnitOfWork, from: string, to: string): Promise<void> {
  await carrySaid(unit.transaction, { to, from })
}

/** Decides starts that wait: those of residences that turn out never to have been lapse. */
export async function decideSaidStarts(
  unit: UnitOfWork,
  {
    requester,
    which,
    decision,
  }: {
    requester: Staff | Resident
    which: { id: string } | { residenceId: string; saidAt?: string }
    decision: 'confirmed' | 'refused' | 'lapsed'
  },
): Promise<void> {
  const [column, value] = 'id' in which ? (['id', which.id] as const) : (['residence_id', which.residenceId] as const)
  await decideSaid(unit.transaction, { decision, decidedBy: saidBy(requester), column, value, which })
}

/**
 * A start that lapsed because an act ended its residence waits again, with the row that makes the residence true again.
 *
 * @param at the instant of the act's transaction, exactly as PostgreSQL writes it
 */
export async function reopenSaidStart(
  unit: UnitOfWork,
  { from, to, at }: { from: string; to: string; at: string },
): Promise<void> {
  await reopenSaid(unit.transaction, { to, from, at })
}
