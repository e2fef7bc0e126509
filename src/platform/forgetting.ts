import { sql } from 'kysely'
import type { Clock } from './clock.ts'
import { type Database, inMunicipality } from './database.ts'

/** Rows of a table that one transaction deletes at most: nobody waits long for it. */
const MOST = 2_000
/** Transactions of one go. */
const ROUNDS = 20

/**
 * Deletes a municipality's rows whose time is over, in every table whose rows have one: `schema/retention.json` says which. A table
 * at a time, so that one in which it fails keeps none of the others from it.
 *
 * @returns whether nothing is left of it
 * @throws what the first table failed with, once the others are done
 */
export async function forgetWhatIsOver(
  { database, clock }: { database: Database; clock: Clock },
  municipalityId: string,
  most = MOST,
): Promise<boolean> {
  const { rows: parts } = await sql<{ part: number }>`select part from kept_for order by part`.execute(database)
  const failed: unknown[] = []
  let left = false
  for (const { part } of parts) {
    try {
      if (!(await forgetPart(database, { clock, municipalityId, part, most }))) left = true
    } catch (error) {
      failed.push(error)
    }
  }
  if (failed.length > 0) throw failed[0]
  return !left
}

async function forgetPart(
  database: Database,
  { clock, municipalityId, part, most }: { clock: Clock; municipalityId: string; part: number; most: number },
): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const gone = await inMunicipality(database, municipalityId, async (transaction) => {
      const { rows } = await sql<{ gone: string }>`
        select forget_what_is_over(${clock.now().toString()}::text::timestamptz, ${most}::integer, ${part}::integer)::text as gone`.execute(
        transaction,
      )
      return Number(rows[0]?.gone ?? 0)
    })
    if (gone === 0) return true
  }
  return false
}
