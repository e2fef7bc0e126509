import { randomInt } from 'node:crypto'
import { sql } from 'kysely'
import type { Transaction } from './database.ts'
import { Problem } from './problem.ts'

/** How often within ten minutes, from one place, and from all places of a town of 100,000 together. */
export interface MostTries {
  source: number
  town: number
}

const PERIOD = 600_000
/** Rows over which what comes from all places is counted, so that none of them is waited for. */
const SHARDS = 16
/** Where a whole town is over its limit, each place still has so many: it slows strangers, and shuts nobody out. */
const STILL = 1

/** Where something was tried: from a network, or from a device that was let in before and is counted by itself alone. */
export type Source = string | { device: string }

/** @throws when much of what somebody tried was wrong. Whatever is right is never answered so. */
export class TooManyAttempts extends Problem {
  constructor() {
    super(
      'too-many-attempts',
      429,
      'Many wrong codes came from here. Check each letter, and ask at any counter if it is refused again.',
    )
  }
}

/** A large town tries more than a small one. */
export const townLimit = ({ expectedPopulation }: { expectedPopulation: number }, most: MostTries): number =>
  Math.ceil(most.town * Math.max(1, expectedPopulation / 100_000))

/**
 * Counts one, across processes, and says whether there were too many. Where it came from is kept as a keyed hash that changes
 * every day, for at most a day.
 *
 * What comes from a place that is refused counts for nobody else, so that no place can bring a town to its limit; and a device
 * that was let in before is neither counted with its place nor slowed with the town.
 *
 * Of codes only wrong ones are counted, since no number of right ones is too many: a library or a shelter is one place, and
 * a code of 75 bits or more is not found by trying.
 *
 * @param kind what is counted, e.g. `card`
 */
export async function triedTooOften(
  transaction: Transaction,
  {
    town,
    hash,
    now,
    kind,
    source,
    most,
  }: {
    town: { id: string; expectedPopulation: number }
    hash: (text: string) => Buffer
    now: Temporal.Instant
    kind: string
    source: Source
    most: MostTries
  },
): Promise<boolean> {
  const day = now.toString().slice(0, 10)
  const period = new Date(Math.floor(now.epochMilliseconds / PERIOD) * PERIOD)
  const key = (where: string) => hash(`${kind} tries ${day} ${where}`)
  const count = async (where: Buffer) => {
    const { attempts } = await transaction
      .insertInto('code_attempts')
      .values({ municipality_id: town.id, source: where, period })
      .onConflict((conflict) =>
        conflict
          .columns(['municipality_id', 'source', 'period'])
          .doUpdateSet((update) => ({ attempts: update('code_attempts.attempts', '+', 1) })),
      )
      .returning('attempts')
      .executeTakeFirstOrThrow()
    return attempts
  }
  if (typeof source !== 'string') return (await count(key(`device ${source.device}`))) > most.source
  const shards = Array.from({ length: SHARDS }, (_, shard) => key(`everywhere ${shard}`))
  const here = await count(key(`from ${source}`))
  const all = await transaction
    .selectFrom('code_attempts')
    .select(sql<number>`coalesce(sum(attempts), 0)::integer`.as('attempts'))
    .where('municipality_id', '=', town.id)
    .where('source', 'in', shards)
    .where('period', '=', period)
    .executeTakeFirstOrThrow()
  if (here > (all.attempts >= townLimit(town, most) ? Math.min(STILL, most.source) : most.source)) return true
  // Last, so that the one row others may wait for is held for no longer than it takes to end.
  await count(shards[randomInt(SHARDS)] as Buffer)
  return false
}
