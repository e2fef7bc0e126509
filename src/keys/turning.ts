import { setTimeout as pause } from 'node:timers/promises'
import { type Database, inMunicipality } from '../platform/database.ts'
import { readEpochFile, updateEpochFile } from './epoch-file.ts'
import { type EpochSet, wipe, withNewestCurrent, withNextEpochs, withoutOlder } from './epochs.ts'
import type { KeyCopies } from './keeper.ts'
import { keyHolders } from './key-holding.ts'
import type { KeyProvider } from './key-provider.ts'
import { makeKnown } from './known-epochs.ts'
import { rewrapWhatOpens } from './rotation.ts'
import { closeEpochs, epochsKnown, lockOfOldEpochs, markGone, townsOfOldEpochs } from './store.ts'

/** What a turning goes by. */
export interface Turning {
  database: Database
  keys: KeyProvider
  /** The file with the epoch keys. */
  file: string
  /** Where whoever keeps the backups finds them; a demonstration has none. */
  copies: KeyCopies | undefined
}

export interface TurningOptions {
  /** How long one go waits for other processes, milliseconds. */
  patience: number
  /** How long whoever read a wrapped key has to unwrap it, milliseconds. */
  grace: number
  batch?: number | undefined
  progress?: ((rewrapped: number) => void) | undefined
}

export interface Turned {
  /** Data keys that were wrapped anew. */
  rewrapped: number
  /** Data keys that do not open: their buckets are not turned. */
  broken: number
  /** Epochs whose key is gone for good now. */
  gone: number
  /** Why it is not finished: run again, it goes on where it stopped. */
  waits: 'processes' | 'rows' | 'grace' | undefined
}

/** A file is seen within a second, and said within two more. */
export const TURNING: TurningOptions = { patience: 15_000, grace: 10_000 }

/** @throws when an erasure cannot be ended: whoever looks at the log has to see to it */
export class ErasureWaits extends Error {
  readonly code: string

  constructor(why: string) {
    super('an erasure is not ended')
    this.code = `epochs-wait-for-${why}`
  }
}

/**
 * Ends what erasures began: each bucket in which a data key was destroyed gets a new epoch key, the others in it are wrapped by
 * that, and the old one is destroyed in the key folder and in every process. What was copied of the destroyed key earlier, into a
 * log, a journal of the server or a backup, opens from then on for nobody but whoever keeps the backups' keys, as long as those are
 * kept.
 *
 * Goes on beside the service, in steps of which each may be the last, and any number of processes may be at it.
 *
 * @throws {KeyMaterialInvalid} where the file and the database do not go together
 */
export async function turnEpochs(turning: Turning, options: TurningOptions = TURNING): Promise<Turned> {
  const sets: EpochSet[] = []
  const read = (set: EpochSet) => {
    sets.push(set)
    return set
  }
  try {
    return await turned(turning, options, read)
  } finally {
    for (const { epochs } of sets) wipe(epochs)
  }
}

async function turned(turning: Turning, options: TurningOptions, read: (set: EpochSet) => EpochSet): Promise<Turned> {
  const { database, file, copies } = turning
  const outcome: Turned = { rewrapped: 0, broken: 0, gone: 0, waits: undefined }
  const known = (await epochsKnown(database)).rows
  const lost = known.filter((one) => one.lost && one.newest && one.closedAt === null).map(({ bucket }) => bucket)
  const under = read(readEpochFile(file))
  await copies?.keep(under)
  if (lost.length === 0 && known.every(({ newest }) => newest) && under.epochs.every(({ current }) => current))
    return outcome

  const made = read(updateEpochFile(file, (set) => withNextEpochs(set, lost)))
  // Whoever keeps the backups has a key before anything is wrapped by it.
  await copies?.keep(made)
  await makeKnown(database, made)
  if (!(await everyProcessHas(turning, made, options))) return { ...outcome, waits: 'processes' }
  const switched = read(updateEpochFile(file, (set) => withNewestCurrent(set, made)))
  if (!(await everyProcessHas(turning, switched, options))) return { ...outcome, waits: 'processes' }

  const { rewrapped, broken } = await wrapAnew(turning, options)
  await closeEpochs(database)
  const after = (await epochsKnown(database)).rows
  const now = Temporal.Now.instant().epochMilliseconds
  const mayBeRead = after.filter(({ closedAt }) => closedAt === null || closedAt.getTime() + options.grace > now)
  const needed = new Set(mayBeRead.map(({ bucket, epoch }) => `${bucket} ${epoch}`))
  const left = read(
    updateEpochFile(file, (set) => withoutOlder(set, (one) => needed.has(`${one.bucket} ${one.epoch}`))),
  )
  if (!(await everyProcessHas(turning, left, options))) return { ...outcome, rewrapped, broken, waits: 'processes' }
  await copies?.keep(left)
  const here = new Set(left.epochs.map(({ bucket, epoch }) => `${bucket} ${epoch}`))
  const gone = after.filter(({ bucket, epoch, closedAt }) => closedAt !== null && !here.has(`${bucket} ${epoch}`))
  await markGone(database, JSON.stringify(gone.map(({ bucket, epoch }) => ({ bucket, epoch }))))
  const waits = after.some((one) => one.closedAt === null && !one.newest)
    ? 'rows'
    : gone.length < after.filter(({ closedAt }) => closedAt !== null).length
      ? 'grace'
      : undefined
  return { rewrapped, broken, gone: gone.length, waits }
}

/** Wraps whatever an older epoch wraps by the current one, each row once: one that does not open keeps none of the others. */
async function wrapAnew(
  { database, keys }: Turning,
  { batch = 500, progress }: TurningOptions,
): Promise<{ rewrapped: number; broken: number }> {
  let [rewrapped, broken] = [0, 0]
  const { rows: towns } = await townsOfOldEpochs(database)
  for (const { id: town } of towns)
    for (let after: string | undefined = NOBODY; after !== undefined; ) {
      const from: string = after
      const did = await inMunicipality(database, town, async (transaction) => {
        const { rows } = await lockOfOldEpochs(transaction, { town, after: from, most: batch })
        return { ...(await rewrapWhatOpens(transaction, keys, rows)), last: rows.at(-1)?.id }
      })
      rewrapped += did.rewrapped
      broken += did.broken
      after = did.last
      progress?.(rewrapped)
    }
  return { rewrapped, broken }
}
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** Waits until this process and every other one holds what the file holds. @returns whether they do */
async function everyProcessHas(
  { database, keys }: Turning,
  { generation }: EpochSet,
  { patience }: TurningOptions,
): Promise<boolean> {
  const until = performance.now() + patience
  for (;;) {
    const lacking = (await keyHolders(database)).filter((holder) => holder.generation < generation)
    if (keys.generation() >= generation && lacking.length === 0) return true
    if (performance.now() > until) return false
    await pause(200)
  }
}
