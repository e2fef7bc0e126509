import type { Transaction } from '../../platform/database.ts'
import { movementsBefore } from '../person/store.ts'

/** A movement that stands: nothing has undone it. */
export interface StandingMovement {
  kind: string
  cause: string
  /** ISO date */
  effectiveOn: string
}

/**
 * What was written about a neighbour and was not undone, the earliest first. Undoing takes back the last thing alone, and
 * taking apart takes back a join: what they took back is left out, and so are they.
 *
 * @param before only what was written before an instant, exactly as PostgreSQL writes it
 */
export async function movementsThatStand(
  transaction: Transaction,
  neighbourId: string,
  before?: string,
): Promise<StandingMovement[]> {
  const rows = await movementsBefore(transaction, { neighbourId, before })
  const standing: StandingMovement[] = []
  for (const row of rows) {
    if (row.cause === 'undone') standing.pop()
    else if (row.cause === 'taken-apart') {
      const join = standing.findLastIndex(({ cause }) => cause === 'joined')
      if (join >= 0) standing.splice(join, 1)
    } else standing.push(row)
  }
  return standing
}

/**
 * Since when somebody is away, by what stands. A death recorded of somebody who had left ends nothing: they left when
 * they left.
 *
 * @returns an ISO date, or null of somebody who lives here
 */
export function awaySince(standing: readonly StandingMovement[]): string | null {
  let since: string | null = null
  for (const { kind, effectiveOn } of standing) {
    if (kind === 'registration') since = null
    else if (kind === 'departure') since ??= effectiveOn
  }
  return since
}

/** Whether a death stands, since they last came back. */
export const isDead = (standing: readonly StandingMovement[]): boolean =>
  standing.findLast(({ kind, cause }) => cause === 'death' || kind === 'registration')?.cause === 'death'
