import type { Database } from '../platform/database.ts'
import { type EpochSet, markOf } from './epochs.ts'
import { KeyMaterialInvalid } from './key-faults.ts'
import type { EpochName } from './key-provider.ts'
import { epochsKnown, openEpochs } from './store.ts'

/** Makes the epochs of a file known, and looks whether those that are known are the same keys. @throws {KeyMaterialInvalid} */
export async function makeKnown(database: Database, { epochs }: Pick<EpochSet, 'epochs'>): Promise<void> {
  await namesKnown(
    database,
    epochs.map((one) => ({ bucket: one.bucket, epoch: one.epoch, mark: markOf(one) })),
  )
}

/** The same of names. @throws {KeyMaterialInvalid} */
export async function namesKnown(database: Database, names: readonly EpochName[]): Promise<void> {
  await mustBeTheSame(database, names)
  const named = names.map(({ bucket, epoch, mark }) => ({ bucket, epoch, mark: mark.toString('hex') }))
  await openEpochs(database, JSON.stringify(named))
  // Another process may have been quicker.
  await mustBeTheSame(database, names)
}

/** @throws {KeyMaterialInvalid} where one of them is another key than the database knows by its name */
export async function mustBeTheSame(database: Database, names: readonly EpochName[]): Promise<void> {
  const { rows } = await epochsKnown(database)
  const marks = new Map(rows.map(({ bucket, epoch, mark }) => [`${bucket} ${epoch}`, Buffer.from(mark)]))
  const wrong = names.find(({ bucket, epoch, mark }) => marks.get(`${bucket} ${epoch}`)?.equals(mark) === false)
  if (wrong !== undefined)
    throw new KeyMaterialInvalid(
      `The key of epoch ${wrong.epoch} of bucket ${wrong.bucket} is another one than the database knows: these epoch keys belong to another registry.`,
    )
}
