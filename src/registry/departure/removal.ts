import type { Removal } from '../../identity/telling.ts'
import type { Transaction } from '../../platform/database.ts'
import { movementsInForce } from './movements-in-force.ts'

/**
 * What whoever held a card is told once it opens nothing any more. Of the dead, and of somebody whose record was
 * joined to another, nothing is said: whoever holds the card is not them, or has a new one. That they came back is not
 * said either: the card opens then what it opened before.
 *
 * @returns undefined when there is nothing to tell
 */
export async function removalOf(transaction: Transaction, neighbourId: string): Promise<Removal | undefined> {
  const movements = await movementsInForce(transaction, neighbourId)
  const latest = movements.findLast(({ kind }) => kind === 'departure')
  if (latest === undefined || movements.some(({ cause }) => cause === 'death')) return undefined
  const { cause, effectiveOn: since } = latest
  return cause === 'moved-away' || cause === 'wrongly-registered' ? { cause, since } : undefined
}
