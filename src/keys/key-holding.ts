import { randomUUID } from 'node:crypto'
import { type Database, inMunicipality } from '../platform/database.ts'
import { type Log, outlineOf } from '../platform/telemetry.ts'
import { SealBroken } from './cipher.ts'
import { KeyMaterialInvalid } from './key-faults.ts'
import type { KeyProvider } from './key-provider.ts'
import { namesKnown } from './known-epochs.ts'
import { municipalityKeys } from './municipality-keys.ts'
import { epochsKnown, type Holder, holders, holdKeys, type KeyState, keyStates, letGoOfKeys } from './store.ts'

/** How often a process says which keys it holds, milliseconds. */
export const HEARTBEAT = 2_000
/** A process that has said nothing for so long is no more, seconds. */
export const GONE = 30

/** Says again and again which registry keys this process holds. @returns says that it is no more */
export async function sayWhatIsHeld(database: Database, keys: KeyProvider, log: Log): Promise<() => Promise<void>> {
  const process = randomUUID()
  const say = async () => {
    await holdKeys(database, { process, ...whatIsHeld(keys) })
  }
  await say()
  let saying = Promise.resolve()
  const timer = setInterval(() => {
    saying = say().catch((error: unknown) => log({ level: 'error', event: 'keys-held', ...outlineOf(error) }))
  }, HEARTBEAT)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await saying
    await letGoOfKeys(database, process)
  }
}

/** One that cannot read its keys holds none of them, and is there all the same: whoever waits for it goes on waiting. */
function whatIsHeld(keys: KeyProvider): { held: string[]; current: string; generation: number } {
  try {
    return { held: [...keys.keyIds()], current: keys.currentKeyId(), generation: keys.generation() }
  } catch {
    return { held: [], current: 'none', generation: 0 }
  }
}

/** Every process there is. */
export async function keyHolders(database: Database): Promise<Holder[]> {
  const { rows } = await holders(database, GONE)
  return rows
}

/** The registry keys of all towns; one that is neither needed nor retired is announced. */
export async function registryKeyStates(database: Database): Promise<KeyState[]> {
  return (await keyStates(database)).rows
}

/** What keeps a process from opening what is sealed here: keys it lacks, and whether its current one is retired. */
export async function keysMissing(
  database: Database,
  keys: KeyProvider,
): Promise<{ missing: string[]; retired: boolean }> {
  const rows = await registryKeyStates(database)
  const held = keys.keyIds()
  const current = keys.currentKeyId()
  return {
    missing: [
      ...rows.filter(({ id, needed }) => needed && !held.includes(id)).map(({ id }) => id),
      // The file with them is away: nobody opens until it is back.
      ...(whatIsHeld(keys).generation === 0 ? ['of the epochs'] : []),
    ],
    retired: rows.some(({ id, retired }) => id === current && retired),
  }
}

/**
 * Makes the epochs of a registry in which nothing is sealed yet known; of any other, looks whether every key is here and is the
 * one that is meant.
 *
 * @throws {KeyMaterialInvalid}
 */
export async function epochsMustBeHere(database: Database, keys: KeyProvider): Promise<void> {
  const { rows } = await epochsKnown(database)
  // Two hosts that begin with files of their own: the second one finds the keys of the first.
  if (rows.length === 0) return namesKnown(database, keys.epochs())
  const missing = await epochsMissing(database, keys, 'newest')
  if (missing > 0)
    throw new KeyMaterialInvalid(
      `${missing} epoch keys that are in use here are not among those given. Is EPOCH_KEY_FILE the file that all hosts share? If that is lost: padron keys recover <keeper>. After the database was put back: padron restore --keeper <keeper>`,
    )
  const here = new Map(keys.epochs().map((one) => [`${one.bucket} ${one.epoch}`, one.mark.toString('hex')]))
  const inUse = rows.filter(({ bucket, epoch, closedAt }) => closedAt === null && here.has(`${bucket} ${epoch}`))
  if (inUse.some(({ bucket, epoch, mark }) => here.get(`${bucket} ${epoch}`) !== Buffer.from(mark).toString('hex')))
    throw new KeyMaterialInvalid('The epoch keys given are those of another registry.')
}

/**
 * How many epochs that may wrap something here have no key among those given.
 *
 * @param which all of them; or those alone by which anybody is sealed from now on: what an older one still wraps, where a row was
 * altered, keeps nobody else from theirs
 */
export async function epochsMissing(
  database: Database,
  keys: Pick<KeyProvider, 'epochs'>,
  which: 'all' | 'newest' = 'all',
): Promise<number> {
  const here = new Set(keys.epochs().map(({ bucket, epoch }) => `${bucket} ${epoch}`))
  const { rows } = await epochsKnown(database)
  const open = rows.filter(({ closedAt, newest }) => closedAt === null && (newest || which === 'all'))
  return open.filter(({ bucket, epoch }) => !here.has(`${bucket} ${epoch}`)).length
}

/**
 * Refuses a start with keys that do not open what is here.
 *
 * @throws {KeyMaterialInvalid} which says which key is missing, retired or another than it was
 */
export async function mustOpen(
  database: Database,
  keys: KeyProvider,
  municipalityIds: readonly string[],
): Promise<void> {
  const { missing, retired } = await keysMissing(database, keys)
  if (missing.length > 0)
    throw new KeyMaterialInvalid(
      `Records here are sealed under registry key ${missing.join(', ')}, which is not among the keys given.`,
    )
  if (retired)
    throw new KeyMaterialInvalid(
      `Registry key ${keys.currentKeyId()} is retired: the key file is an old one. Take the new one.`,
    )
  const current = keys.currentKeyId()
  const known = (await registryKeyStates(database)).map(({ id }) => id)
  if (known.length > 0 && !known.includes(current)) {
    const lacking = (await keyHolders(database)).some((holder) => !holder.keys.includes(current))
    if (lacking)
      throw new KeyMaterialInvalid(
        `Registry key ${current} is current here, and processes that run do not hold it. Announce it first: padron keys rotate`,
      )
  }
  const [first] = municipalityIds
  if (first === undefined) return
  try {
    await inMunicipality(database, first, (transaction) => municipalityKeys(transaction, keys, first))
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw new KeyMaterialInvalid(
      'The registry keys given have the right names and are other keys than those that sealed what is here.',
    )
  }
}
