import { inMunicipality } from '../platform/database.ts'
import { type PublishedLedger, publishedCheckpoint } from './proofs.ts'
import { type EntryCount, entryCounts } from './store.ts'

/** Entries under the published checkpoint, counted by their outline; undefined before there is a checkpoint. */
export async function countEntries(
  published: PublishedLedger,
  municipalityId: string,
): Promise<{ size: number; checkpoint: string; counts: EntryCount[] } | undefined> {
  const checkpoint = await publishedCheckpoint(published, municipalityId)
  if (checkpoint === undefined) return undefined
  const { rows } = await inMunicipality(published.database, municipalityId, (transaction) =>
    entryCounts(transaction, { municipalityId, size: String(checkpoint.size) }),
  )
  return { size: checkpoint.size, checkpoint: checkpoint.note, counts: rows }
}
