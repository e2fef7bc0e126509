import { sql } from 'kysely'
import { type Database, inMunicipality } from '../platform/database.ts'
import type { NoteSigner } from './checkpoint.ts'
import { integrate } from './tree.ts'

/**
 * Gives every entry not yet placed the next positions, in order of id, without gaps. One process at a
 * time does it (advisory lock); the others find the lock taken and leave it.
 *
 * Looks back `window` for entries whose transaction committed late; undefined looks at every entry.
 *
 * With a `signer`, the tree grows by them and a checkpoint over it is signed in the same transaction.
 *
 * @returns how many entries were placed
 */
export async function sequenceEntries(
  database: Database,
  municipalityId: string,
  window?: Temporal.Duration,
  signer?: NoteSigner,
): Promise<number> {
  return inMunicipality(database, municipalityId, async (transaction) => {
    const lock = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('ledger sequence'), hashtext(${municipalityId})) as mine`.execute(
      transaction,
    )
    if (!lock.rows[0]?.mine) return 0
    const since = window ? `${window.total('seconds')} seconds` : '100 years'
    const placed = await sql`
      insert into ledger_sequence (municipality_id, position, entry_id)
      select ${municipalityId}::uuid,
        coalesce((select max(position) + 1 from ledger_sequence where municipality_id = ${municipalityId}::uuid), 0)
          + row_number() over (order by entry.id) - 1,
        entry.id
      from ledger_entries entry
      where entry.municipality_id = ${municipalityId}::uuid
        and entry.recorded_at > clock_timestamp() - ${since}::interval
        and not exists (select from ledger_sequence placed where placed.entry_id = entry.id)`.execute(transaction)
    if (signer) await integrate(transaction, municipalityId, signer)
    return Number(placed.numAffectedRows ?? 0)
  })
}
