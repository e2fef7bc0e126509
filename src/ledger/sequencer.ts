import { sql } from 'kysely'
import { type Database, inMunicipality } from '../platform/database.ts'
import type { NoteSigner } from './checkpoint.ts'
import { integrate } from './tree.ts'

/** Gives ledger entries their places, off the path of the requests that wrote them. */
export interface Sequencer {
  /**
   * Gives every committed entry not yet placed the next positions, in order of id, without gaps. One process
   * at a time does it (advisory lock); the others find the lock taken and leave it.
   *
   * With a `signer`, the tree grows by them and a checkpoint over it is signed in the same transaction.
   *
   * @returns how many entries were placed; nothing where another process is at it
   */
  place(municipalityId: string, signer?: NoteSigner): Promise<number | undefined>
  /** Wakes the work of every town whose ledger was written to since this was last called; the first time, of all. */
  wake(now: Temporal.Instant): Promise<void>
}

/**
 * Looks at every entry the first time; from then on only at those of transactions that were running, or
 * had not begun, when it last looked. No entry is missed however late its transaction commits.
 */
export function sequencer(database: Database): Sequencer {
  const settled = new Map<string, string>()
  let since = '0'
  return {
    async wake(now) {
      const { rows } = await sql<{ running: string }>`
        select wake_ledgers(${since}::text::xid8, ${now.toString()}::text::timestamptz)::text as running`.execute(
        database,
      )
      since = rows[0]?.running ?? since
    },
    async place(municipalityId, signer) {
      const { placed, running } = await inMunicipality(database, municipalityId, async (transaction) => {
        const { rows } = await sql<{ mine: boolean; running: string }>`
          select pg_try_advisory_xact_lock(hashtext('ledger sequence'), hashtext(${municipalityId})) as mine,
            pg_snapshot_xmin(pg_current_snapshot())::text as running`.execute(transaction)
        const [state] = rows
        if (!state?.mine) return {}
        const inserted = await sql`
          insert into ledger_sequence (municipality_id, position, entry_id, leaf_hash)
          select ${municipalityId}::uuid,
            coalesce((select max(position) + 1 from ledger_sequence where municipality_id = ${municipalityId}::uuid), 0)
              + row_number() over (order by entry.id) - 1,
            entry.id, entry.leaf_hash
          from ledger_entries entry
          where entry.municipality_id = ${municipalityId}::uuid
            and entry.written_by >= ${settled.get(municipalityId) ?? '0'}::text::xid8
            and not exists (select from ledger_sequence placed where placed.entry_id = entry.id)`.execute(transaction)
        if (signer) await integrate(transaction, municipalityId, signer)
        return { placed: Number(inserted.numAffectedRows ?? 0), running: state.running }
      })
      if (running !== undefined) settled.set(municipalityId, running)
      return placed
    },
  }
}
