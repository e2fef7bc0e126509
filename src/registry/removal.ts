import type { Transaction } from '../platform/database.ts'

/** What the city decided about somebody who is no neighbour any more, as far as it is told without opening a record. */
export interface Removal {
  cause: 'moved-away' | 'wrongly-registered'
  /** ISO date from which it holds. */
  since: string
}

/**
 * What whoever held a card is told once it opens nothing any more. Of the dead, and of somebody whose record was
 * joined to another, nothing is said: whoever holds the card is not them, or has a new one. That they came back is not
 * said either: the card opens then what it opened before.
 *
 * @returns undefined when there is nothing to tell
 */
export async function removalOf(transaction: Transaction, neighbourId: string): Promise<Removal | undefined> {
  const [latest, ...earlier] = await transaction
    .selectFrom('movements')
    .select(['cause', 'effective_on'])
    .where('neighbour_id', '=', neighbourId)
    .where('kind', '=', 'departure')
    .orderBy('recorded_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
  const died = [latest, ...earlier].some((movement) => movement?.cause === 'death')
  if (latest === undefined || died) return undefined
  const { cause, effective_on: since } = latest
  return cause === 'moved-away' || cause === 'wrongly-registered' ? { cause, since } : undefined
}
