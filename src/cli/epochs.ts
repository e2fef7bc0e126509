import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type Config, ConfigInvalid } from '../config.ts'
import { makeEpochFile, readEpochFile } from '../keys/epoch-file.ts'
import {
  type Epoch,
  type EpochKeys,
  type EpochSet,
  epochKeys,
  type HeldEpochs,
  heldEpochs,
  withNewestCurrent,
} from '../keys/epochs.ts'
import { makeKeeper, openCopies } from '../keys/keeper.ts'
import { KeyMaterialInvalid } from '../keys/key-faults.ts'
import { keyFileProvider } from '../keys/key-file.ts'
import { epochsMissing, registryKeyStates } from '../keys/key-holding.ts'
import { type KeyProvider, localKeyProvider, parseKeyMaterial } from '../keys/key-provider.ts'
import { makeKnown, mustBeTheSame } from '../keys/known-epochs.ts'
import { TURNING, type TurningOptions, turnEpochs } from '../keys/turning.ts'
import type { Database } from '../platform/database.ts'
import type { Progress } from './output.ts'
import { recordKeyOperation } from './record-keys.ts'
import { configuredEpochs, copiesOf, readyEpochs, withOwner } from './stores.ts'

// What an operator does with epoch keys: those that turn by themselves, and the copies that whoever keeps the backups opens.

/** Makes the key pair of whoever keeps the backups. @returns what BACKUP_KEEPER_KEY is set to */
export async function createKeeper(file: string): Promise<string> {
  if (existsSync(file)) throw new ConfigInvalid(`There is a file ${file} already: nothing was written over it.`)
  const { privateJwk, publicJwk } = await makeKeeper()
  writeFileSync(file, `${JSON.stringify(privateJwk)}\n`, { mode: 0o600, flag: 'wx', flush: true })
  return JSON.stringify(publicJwk)
}

async function copiesWith(config: Config, keeperFile: string) {
  if (config.backups === undefined)
    throw new ConfigInvalid('BACKUP_KEEPER_KEY, BACKUP_KEYS_DIR: name the folder with the copies of the epoch keys.')
  if (!existsSync(keeperFile)) throw new ConfigInvalid(`There is no file ${keeperFile}.`)
  return openCopies(config.backups.folder, readFileSync(keeperFile, 'utf8'))
}

/** Puts the newest copy of the epoch keys where the lost file was. @throws {ConfigInvalid} where there is one */
export async function recoverEpochs(config: Config, keeperFile: string): Promise<{ file: string; generation: number }> {
  const file = config.epochKeyFile
  if (existsSync(file))
    throw new ConfigInvalid(`EPOCH_KEY_FILE: there are epoch keys at ${file}. Nothing was written over them.`)
  const { sets, broken } = await copiesWith(config, keeperFile)
  return withOwner(config, async (owner) => {
    // One that is not the right one would be in its way; a clock that was ahead may have made an older one look newer.
    const set = (await wholeOf(owner, sets, 'all')) ?? (await wholeOf(owner, sets, 'newest'))
    if (set !== undefined) {
      makeEpochFile(file, () => withNewestCurrent(set, set))
      await recordKeyOperation(config, { owner, action: 'epoch-keys-recovered' })
      return { file, generation: set.generation }
    }
    const faults = broken.length > 0 ? ` Broken are: ${broken.join(', ')}.` : ''
    throw new ConfigInvalid(
      `None of ${sets.length} copies holds every epoch key that is in use here: look for newer ones. Nothing was written.${faults}`,
    )
  })
}

/** The newest set that holds what is in use. */
async function wholeOf(
  owner: Database,
  sets: readonly EpochSet[],
  which: 'all' | 'newest',
): Promise<EpochSet | undefined> {
  for (const set of sets) {
    const here = localKeyProvider({ current: '', keys: {} }, epochKeys(set))
    if ((await epochsMissing(owner, here, which)) === 0 && (await areTheSame(owner, here))) return set
  }
  return undefined
}

async function areTheSame(owner: Database, keys: KeyProvider): Promise<boolean> {
  try {
    await mustBeTheSame(owner, keys.epochs())
    return true
  } catch (error) {
    if (error instanceof KeyMaterialInvalid) return false
    throw error
  }
}

/**
 * The keys of the configuration, and epoch keys that were destroyed since.
 *
 * @param keeperFile the private key of whoever keeps the backups
 * @param held epoch keys that were there earlier
 */
export async function keysAndCopies(
  config: Config,
  { keeperFile, held = [] }: { keeperFile?: string | undefined; held?: readonly Epoch[] },
): Promise<KeyProvider> {
  const present = configuredEpochs(config)
  const { all } = keeperFile === undefined ? { all: [] } : await copiesWith(config, keeperFile)
  const earlier = [...held, ...all].map((one) => ({ ...one, current: false }))
  const gone = heldEpochs({ generation: 0, epochs: earlier })
  let both: { of: HeldEpochs; is: HeldEpochs } | undefined
  const epochs: EpochKeys = {
    held(again) {
      const now = present.held(again)
      if (both?.of === now) return both.is
      const more = earlier.filter(({ bucket, epoch }) => now.at(bucket, epoch) === undefined)
      const is = {
        ...now,
        all: [...now.all, ...more],
        at: (bucket: number, epoch: number, mark?: Uint8Array) => now.at(bucket, epoch) ?? gone.at(bucket, epoch, mark),
      }
      both = { of: now, is }
      return is
    },
  }
  return config.registryKeys === undefined
    ? keyFileProvider(config.registryKeyFile, epochs)
    : localKeyProvider(parseKeyMaterial(config.registryKeys), epochs)
}

/**
 * @param asked whether whoever keeps the backups has brought what there is: older epochs that nobody has any more wrap rows that
 * somebody altered, and keep nobody else
 * @throws {ConfigInvalid} where a copy of the database is wrapped by keys that are not here
 */
export async function mustHaveEpochs(owner: Database, keys: KeyProvider, asked: boolean): Promise<void> {
  if ((await epochsMissing(owner, keys, asked ? 'newest' : 'all')) > 0)
    throw new ConfigInvalid(
      'What was put back is wrapped by epoch keys that were destroyed since: add --keeper <file>, with the private key of whoever keeps the backups.',
    )
  const missing = (await registryKeyStates(owner)).filter(({ id, needed }) => needed && !keys.keyIds().includes(id))
  if (missing.length > 0)
    throw new ConfigInvalid(
      `What was put back is wrapped by registry key ${missing.map(({ id }) => id).join(', ')}: bring the key file of that time.`,
    )
}

/** Nobody waits for anybody: the service does not run. */
const AT_ONCE: TurningOptions = { patience: 60_000, grace: 0 }

/** Wraps what was put back by the epoch keys that are in force here. @returns how many data keys do not open, and stay as they are */
export async function wrapAnew(config: Config, owner: Database, keys: KeyProvider): Promise<number> {
  const file = config.epochKeyFile
  await makeKnown(owner, readEpochFile(file))
  for (;;) {
    const { waits, broken } = await turnEpochs({ database: owner, keys, file, copies: copiesOf(config) }, AT_ONCE)
    if (waits === undefined || (waits === 'rows' && broken > 0)) return broken
    if (waits === 'processes') throw new ConfigInvalid(WAITS.processes)
    await pause(200)
  }
}

/** How long one command goes on, milliseconds: beyond the time that whoever read a wrapped key has to unwrap it. */
const TURNING_PATIENCE = 90_000

/** Ends what erasures began, as every night does by itself. @throws {ConfigInvalid} where it cannot be ended now: it says why */
export async function turnEpochKeys(
  config: Config,
  progress: Progress,
  options = TURNING,
): Promise<{ rewrapped: number; gone: number }> {
  const file = config.epochKeyFile
  const copies = copiesOf(config)
  const keys = await keysAndCopies(config, {})
  return withOwner(config, async (owner) => {
    await readyEpochs(config, owner, keys)
    await copies?.prune(readEpochFile(file))
    const until = performance.now() + TURNING_PATIENCE
    const outcome = { rewrapped: 0, gone: 0 }
    progress.begin('data keys', 0)
    for (;;) {
      const { rewrapped, gone, waits, broken } = await turnEpochs(
        { database: owner, keys, file, copies },
        { ...options, progress: (count) => progress.at(outcome.rewrapped + count) },
      )
      outcome.rewrapped += rewrapped
      outcome.gone += gone
      if (waits === undefined) break
      if (waits === 'rows' && broken > 0) throw new ConfigInvalid(WAITS.broken(broken))
      if (performance.now() > until) throw new ConfigInvalid(WAITS[waits])
      await pause(1_000)
    }
    progress.end()
    if (outcome.gone > 0) {
      const occasion = { epochs: String(outcome.gone) }
      await recordKeyOperation(config, { owner, action: 'epoch-keys-destroyed', occasion })
    }
    return outcome
  })
}

const WAITS = {
  processes:
    'A process that runs does not hold the newest epoch keys: its EPOCH_KEY_FILE is not the file that all hosts share, or it cannot read it. Mend that and start it anew, or end it, and run this again. Nothing is lost.',
  rows: 'Somebody holds records that are to be wrapped anew. Nothing is lost; run this again.',
  broken: (count: number) =>
    `${count} data keys do not open: their rows were altered. Their buckets keep their epochs; all others are turned.`,
  grace: 'The old keys go in a moment. Run this again.',
} as const
