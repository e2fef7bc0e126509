import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type EpochKeys, type EpochSet, epochBytes, epochKeys, parseEpochs } from './epochs.ts'
import { KeyMaterialInvalid } from './key-faults.ts'
import { KEY_FILE_FRESH } from './key-file.ts'

// The key folder: one file with the epoch keys, which every host of an installation reaches. It is the only file here that changes
// by itself, and what leaves it is written over.

/** A process that holds the file longer than this has ended in the middle, milliseconds. */
const ABANDONED = 30_000
const OWNER_ONLY = 0o600

/** @throws {KeyMaterialInvalid} when it is absent, can be read by others, or is no such file */
export function readEpochFile(path: string): EpochSet {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new KeyMaterialInvalid(`There are no epoch keys at ${path}.`)
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
    throw new KeyMaterialInvalid(`The epoch keys at ${path} can be read by others. Run: chmod 600 ${path}`)
  try {
    return parseEpochs(readFileSync(path))
  } catch (error) {
    // What was read while another file took its place was written over: there is a whole one now.
    if (!(error instanceof KeyMaterialInvalid)) throw error
    return parseEpochs(readFileSync(path))
  }
}

/**
 * Changes the file, one process at a time: what another put in meanwhile is what is changed. The bytes of the file before are
 * written over once the new one has its place.
 *
 * @throws {KeyMaterialInvalid} where another process is at it
 */
export function updateEpochFile(path: string, change: (set: EpochSet) => EpochSet): EpochSet {
  return alone(path, () => {
    const before = readEpochFile(path)
    const after = change(before)
    if (after !== before && after.generation !== before.generation) replace(path, after)
    return after
  })
}

/** Makes the file where there is none. @returns what is in it */
export function makeEpochFile(path: string, make: () => EpochSet): EpochSet {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return alone(path, () => {
    if (existsSync(path)) return readEpochFile(path)
    const made = make()
    replace(path, made)
    return made
  })
}

/** Writes over the file, and takes it away: what its keys wrapped opens for nobody. */
export function destroyEpochFile(path: string): void {
  if (!existsSync(path)) return
  const file = openSync(path, 'r+')
  rmSync(path)
  wipe(file)
}

function alone<T>(path: string, work: () => T): T {
  const lock = `${path}.lock`
  const abandoned = statSync(lock, { throwIfNoEntry: false })
  if (abandoned !== undefined && Temporal.Now.instant().epochMilliseconds - abandoned.mtimeMs > ABANDONED)
    rmSync(lock, { force: true })
  try {
    writeFileSync(lock, '', { flag: 'wx', mode: OWNER_ONLY })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new KeyMaterialInvalid(`Another process changes the epoch keys at ${path}. Try again.`)
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function replace(path: string, set: EpochSet): void {
  const draft = `${path}.${process.pid}.new`
  const bytes = epochBytes(set)
  writeFileSync(draft, bytes, { mode: OWNER_ONLY, flush: true })
  bytes.fill(0)
  const before = existsSync(path) ? openSync(path, 'r+') : undefined
  renameSync(draft, path)
  const folder = openSync(dirname(path), 'r')
  try {
    // The new name is on the disk before the old bytes are not.
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
  if (before !== undefined) wipe(before)
}

function wipe(file: number): void {
  writeSync(file, Buffer.alloc(fstatSync(file).size), 0, undefined, 0)
  fsyncSync(file)
  closeSync(file)
}

/** Epoch keys from a file, seen within a second of a change, and at once where a key is asked for that was not here yet. */
export function epochFile(path: string): EpochKeys {
  let set = readEpochFile(path)
  let seen = changeOf(path)
  let checked = performance.now()
  const look = () => {
    checked = performance.now()
    const now = changeOf(path)
    if (now === seen) return
    const before = set
    // Without the file there are no keys.
    set = now === undefined ? { generation: before.generation + 1, epochs: [] } : readEpochFile(path)
    seen = now
    for (const { key } of before.epochs) key.fill(0)
  }
  const keys = epochKeys(() => {
    if (performance.now() - checked > KEY_FILE_FRESH) look()
    return set
  })
  return {
    ...keys,
    at(bucket, epoch) {
      const found = keys.at(bucket, epoch)
      if (found !== undefined) return found
      look()
      return keys.at(bucket, epoch)
    },
  }
}

function changeOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && `${stat.ino} ${stat.mtimeMs} ${stat.size}`
}
