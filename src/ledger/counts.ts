import { sql } from 'kysely'
import { type Database, inMunicipality } from '../platform/database.ts'
import { latestCheckpoint } from './proofs.ts'

/** How many entries of a kind there are. */
export interface EntryCount {
  requesterKind: string
  action: string
  purpose: string
  permitted: number
  refused: number
}

/** Entries under the newest checkpoint, counted by their outline; undefined before there is a checkpoint. */
export async function countEntries(
  database: Database,
  municipalityId: string,
): Promise<{ size: number; checkpoint: string; counts: EntryCount[] } | undefined> {
  const checkpoint = await latestCheckpoint(database, municipalityId)
  if (checkpoint === undefined) return undefined
  const { rows } = await inMunicipality(database, municipalityId, (transaction) =>
    sql<EntryCount>`
      select entry.requester_kind as "requesterKind", entry.action, entry.purpose,
        count(*) filter (where entry.outcome = 'permitted')::integer as permitted,
        count(*) filter (where entry.outcome = 'refused')::integer as refused
      from ledger_sequence placed join ledger_entries entry on entry.id = placed.entry_id
      where placed.municipality_id = ${municipalityId} and placed.position < ${String(checkpoint.size)}::text::bigint
      group by 1, 2, 3`.execute(transaction),
  )
  return { size: checkpoint.size, checkpoint: checkpoint.note, counts: rows }
}
