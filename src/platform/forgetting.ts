import { sql } from 'kysely'
import type { Clock } from './clock.ts'
import { type Database, inMunicipality } from './database.ts'

/** Rows of a table that one transaction deletes at most: nobody waits long for it. */
const MOST = 2_000
/** Transactions of one go. */
const ROUNDS = 20

/**
 * Deletes a municipality's rows whose time is over, in every table whose rows have one: `schema/retention.json` says which.
 *
 * @returns whether nothing is left of it
 */
export async function forgetWhatIsOver(
  { database, clock }: { database: Database; clock: Clock },
  municipalityId: string,
  most = MOST,
): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const gone = await inMunicipality(database, municipalityId, async (transaction) => {
      const { rows } = await sql<{ gone: string }>`
        select forget_what_is_over(${clock.now().toString()}::text::timestamptz, ${most}::integer)::text as gone`.execute(
        transaction,
      )
      return Number(rows[0]?.gone ?? 0)
    })
    if (gone === 0) return true
  }
  return false
}
