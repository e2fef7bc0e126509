import type { Transaction } from '../platform/database.ts'
import type { Municipality } from './municipality.ts'

/** Tries of a kind of code within ten minutes: from one place, and from all places together. */
export interface MostTries {
  source: number
  town: number
}

const PERIOD = 600_000

/**
 * Counts one try, across processes, and says whether there were too many. Where it came from is kept as a keyed hash
 * that changes every day, for at most a day.
 *
 * @param kind what is tried, e.g. `card`
 */
export async function triedTooOften(
  transaction: Transaction,
  town: Municipality,
  hash: (text: string) => Buffer,
  now: Temporal.Instant,
  kind: string,
  source: string,
  most: MostTries,
): Promise<boolean> {
  const day = now.toString().slice(0, 10)
  const period = new Date(Math.floor(now.epochMilliseconds / PERIOD) * PERIOD)
  let tooMany = false
  for (const [where, limit] of [
    [`from ${source}`, most.source],
    ['everywhere', most.town],
  ] as const) {
    const { attempts } = await transaction
      .insertInto('code_attempts')
      .values({ municipality_id: town.id, source: hash(`${kind} tries ${day} ${where}`), period })
      .onConflict((conflict) =>
        conflict
          .columns(['municipality_id', 'source', 'period'])
          .doUpdateSet((update) => ({ attempts: update('code_attempts.attempts', '+', 1) })),
      )
      .returning('attempts')
      .executeTakeFirstOrThrow()
    tooMany ||= attempts > limit
  }
  return tooMany
}
