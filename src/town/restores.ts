import type { Clock } from '../platform/clock.ts'
import { type Database, inMunicipality } from '../platform/database.ts'
import type { Municipality } from './model.ts'
import { latestRestore } from './store.ts'

/** That the register was put back to an earlier state, as everybody is told. */
export interface Restored {
  at: string
  /** What was written after it is not known. */
  until: string
  /** No proof from before is valid any more. */
  reissue: boolean
}

/** How long it is said. */
const SAID = { hours: 24 * 90 }

/** The last restore of a town, for three months. */
export async function recentRestore(
  { database, clock }: { database: Database; clock: Clock },
  town: Pick<Municipality, 'id'>,
): Promise<Restored | undefined> {
  const row = await inMunicipality(database, town.id, (transaction) =>
    latestRestore(transaction, new Date(clock.now().subtract(SAID).epochMilliseconds)),
  )
  return row && { at: row.restored_at.toISOString(), until: row.known_until.toISOString(), reissue: row.reissue }
}
