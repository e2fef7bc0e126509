import { type Database, inMunicipality } from '../platform/database.ts'
import { latestCheckpoint } from './proofs.ts'
import { type EntryCount, entryCounts } from './store.ts'

/** Entries under the newest checkpoint, counted by their outline; undefined before there is a checkpoint. */
export async function countEntries(
  database: Database,
  municipalityId: string,
): Promise<{ size: number; checkpoint: string; counts: EntryCount[] } | undefined> {
  const checkpoint = await latestCheckpoint(database, municipalityId)
  if (checkpoint === undefined) return undefined
  const { rows } = await inMunicipality(database, municipalityId, (transaction) =>
    entryCounts(transaction, { municipalityId, size: String(checkpoint.size) }),
  )
  return { size: checkpoint.size, checkpoint: checkpoint.note, counts: rows }
}
