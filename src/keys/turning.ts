import { setTimeout as pause } from 'node:timers/promises'
import { type Database, inMunicipality } from '../platform/database.ts'
import { readEpochFile, updateEpochFile } from './epoch-file.ts'
import { type EpochSet, markOf, withNewestCurrent, withNextEpochs, withoutEpochs } from './epochs.ts'
import type { KeyCopies } from './keeper.ts'
import { KeyMaterialInvalid } from './key-faults.ts'
import { keyHolders } from './key-holding.ts'
import type { KeyProvider } from './key-provider.ts'
import { rewrapBatch } from './rotation.ts'
import { closeEpochs, epochsKnown, lockOfOldEpochs, markGone, openEpochs, townsOfOldEpochs } from './store.ts'

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
  /** Epochs whose key is gone for good now. */
  gone: number
  /** Why it is not finished: run again, it goes on where it stopped. */
  waits: 'processes' | 'rows' | 'grace' | undefined
}

/** A file is seen within a second, and said within two more. */
export const TURNING: TurningOptions = { patience: 15_000, grace: 10_000 }

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
  const { database, file, keys } = turning
  const outcome: Turned = { rewrapped: 0, gone: 0, waits: undefined }
  const { rows: before } = await epochsKnown(database)
  const lost = before.filter(({ lost, newest, closedAt }) => lost && newest && closedAt === null)
  const under = readEpochFile(file)
  if (lost.length === 0 && before.every(({ newest }) => newest) && under.epochs.every(({ current }) => current))
    return outcome

  let held = updateEpochFile(file, (set) =>
    withNextEpochs(
      set,
      lost.map(({ bucket }) => bucket),
    ),
  )
  // Whoever keeps the backups has a key before anything is wrapped by it.
  await turning.copies?.keep(held)
  await makeKnown(database, held)
  if (held.epochs.some(({ current }) => !current)) {
    if (!(await everyProcessHas(turning, held, options))) return { ...outcome, waits: 'processes' }
    held = updateEpochFile(file, withNewestCurrent)
  }
  if (!(await everyProcessHas(turning, held, options))) return { ...outcome, waits: 'processes' }

  const { rows: towns } = await townsOfOldEpochs(database)
  for (const town of towns)
    for (;;) {
      const count = await inMunicipality(database, town.id, async (transaction) => {
        const { rows } = await lockOfOldEpochs(transaction, town.id, options.batch ?? 500)
        return rewrapBatch(transaction, keys, rows)
      })
      if (count === 0) break
      outcome.rewrapped += count
      options.progress?.(outcome.rewrapped)
    }
  const { rows: closing } = await closeEpochs(database)
  if ((closing[0]?.still ?? 0) > 0) return { ...outcome, waits: 'rows' }

  const { rows: after } = await epochsKnown(database)
  const closed = after.flatMap(({ bucket, epoch, closedAt }) =>
    closedAt === null ? [] : [{ bucket, epoch, closedAt }],
  )
  const free = closed.filter(
    ({ closedAt }) => closedAt.getTime() + options.grace <= Temporal.Now.instant().epochMilliseconds,
  )
  held = updateEpochFile(file, (set) => withoutEpochs(set, free))
  if (!(await everyProcessHas(turning, held, options))) return { ...outcome, waits: 'processes' }
  await turning.copies?.keep(held)
  await markGone(database, JSON.stringify(free.map(({ bucket, epoch }) => ({ bucket, epoch }))))
  return { ...outcome, gone: free.length, waits: free.length < closed.length ? 'grace' : undefined }
}

/** Makes the epochs of a file known, and looks whether those that are known are the same keys. @throws {KeyMaterialInvalid} */
export async function makeKnown(database: Database, { epochs }: Pick<EpochSet, 'epochs'>): Promise<void> {
  const named = epochs.map((one) => ({ bucket: one.bucket, epoch: one.epoch, mark: markOf(one).toString('hex') }))
  await openEpochs(database, JSON.stringify(named))
  const { rows } = await epochsKnown(database)
  const marks = new Map(
    rows.map(({ bucket, epoch, mark }) => [`${bucket} ${epoch}`, Buffer.from(mark).toString('hex')]),
  )
  const wrong = named.find(({ bucket, epoch, mark }) => {
    const known = marks.get(`${bucket} ${epoch}`)
    return known !== undefined && known !== mark
  })
  if (wrong !== undefined)
    throw new KeyMaterialInvalid(
      `The key of epoch ${wrong.epoch} of bucket ${wrong.bucket} is another one than the database knows: these epoch keys belong to another registry.`,
    )
}

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
