import type { UnitOfWork } from '../../firewall/model.ts'
import { type MovementOutline, movementsOf } from '../person/movements.ts'

/** A movement that stands: nothing has undone it. */
export type MovementInForce = MovementOutline

/**
 * What was written about a neighbour and was not undone, the earliest first. Undoing takes back the last thing alone, and
 * taking apart takes back a join: what they took back is left out, and so are they.
 *
 * @param before only what was written before an instant, exactly as PostgreSQL writes it
 */
export async function movementsInForce(
  unit: Pick<UnitOfWork, 'transaction' | 'unnamed'>,
  neighbourId: string,
  before?: string,
): Promise<MovementInForce[]> {
  const rows = await movementsOf(unit, neighbourId, before)
  const inForce: MovementInForce[] = []
  for (const row of rows) {
    if (row.cause === 'undone') inForce.pop()
    else if (row.cause === 'taken-apart') {
      const join = inForce.findLastIndex(({ cause }) => cause === 'joined')
      if (join >= 0) inForce.splice(join, 1)
    } else inForce.push(row)
  }
  return inForce
}

/**
 * Since when somebody is away, by what stands. A death recorded of somebody who had left ends nothing: they left when
 * they left.
 *
 * @returns an ISO date, or null of somebody who lives here
 */
export function awaySince(inForce: readonly MovementInForce[]): string | null {
  let since: string | null = null
  for (const { kind, effectiveOn } of inForce) {
    if (kind === 'registration') since = null
    else if (kind === 'departure') since ??= effectiveOn
  }
  return since
}

/** Whether a death stands, since they last came back. */
export const isDead = (inForce: readonly MovementInForce[]): boolean =>
  inForce.findLast(({ kind, cause }) => cause === 'death' || kind === 'registration')?.cause === 'death'
