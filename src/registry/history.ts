import { sql } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Requester } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from './deps.ts'
import type { HistoryEntry, NeighbourFields } from './model.ts'
import type { Municipality } from './municipality.ts'
import { OPENABLE, type Openable } from './neighbours.ts'
import { type AsOf, loadRecords } from './store.ts'

export interface History {
  id: string
  knownAt: string
  trueAt: string
  /** The record as the registry knew it then. */
  state: Partial<NeighbourFields>
  movements: HistoryEntry[]
  residences: { validFrom: string; validTo: string | null; recordedAt: string; supersededAt: string | null }[]
}

/** A time during which somebody lived here, as the registry knows it now. */
export interface ResidencePeriod {
  validFrom: string
  /** The day after the last; null while it lasts. */
  validTo: string | null
}

/** When somebody has lived here, earliest first, inside a transaction of the gate's. */
export async function residencePeriods(transaction: Transaction, neighbourId: string): Promise<ResidencePeriod[]> {
  const { rows } = await sql<{ valid_from: string; valid_to: string | null }>`
    select valid_from::text, valid_to::text from residences
    where neighbour_id = ${neighbourId} and superseded_at is null order by valid_from`.execute(transaction)
  return rows.map(({ valid_from, valid_to }) => ({ validFrom: valid_from, validTo: valid_to }))
}

/**
 * A neighbour's history: every movement and residence the registry knew of at `knownAt`, and the record as
 * it was true on `trueAt`.
 *
 * @throws {NotFound} {Refusal}
 */
export async function neighbourHistory(
  deps: RegistryDeps,
  town: Municipality,
  requester: Requester,
  id: string,
  purpose: string,
  asOf: Partial<AsOf>,
): Promise<Disclosed<History>> {
  const knownAt = asOf.knownAt ?? deps.clock.now()
  const trueAt = asOf.trueAt ?? today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, Openable | 'history', History>(
    { municipalityId: town.id, requester, action: 'open', purpose, fields: [...OPENABLE, 'history'] },
    (transaction) => loadRecords(transaction, [id], { trueAt, ...(asOf.knownAt ? { knownAt } : {}) }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      const known = asOf.knownAt ? knownAt.toString() : 'infinity'
      const movements = await sql<{ kind: string; cause: string; effective_on: string; recorded_at: Date }>`
        select kind, cause, effective_on::text, recorded_at from movements
        where neighbour_id = ${id} and recorded_at <= ${known}::text::timestamptz order by recorded_at, id`.execute(
        hand.transaction,
      )
      const residences = await sql<{
        valid_from: string
        valid_to: string | null
        recorded_at: Date
        superseded_at: Date | null
      }>`
        select valid_from::text, valid_to::text, recorded_at, superseded_at from residences
        where neighbour_id = ${id} and recorded_at <= ${known}::text::timestamptz order by recorded_at, valid_from`.execute(
        hand.transaction,
      )
      const { id: _, ...state } = record
      return {
        id,
        knownAt: knownAt.toString(),
        trueAt: trueAt.toString(),
        state,
        movements: movements.rows.map((row) => ({
          movement: row.kind,
          cause: row.cause,
          effectiveOn: row.effective_on,
          recordedAt: row.recorded_at.toISOString(),
        })),
        residences: residences.rows.map((row) => ({
          validFrom: row.valid_from,
          validTo: row.valid_to,
          recordedAt: row.recorded_at.toISOString(),
          supersededAt: row.superseded_at?.toISOString() ?? null,
        })),
      }
    },
  )
}
