import { randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type EpochKeys, type EpochSet, epochBytes, heldEpochs, parseEpochs, wipe } from './epochs.ts'
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
  if (stat === undefined)
    throw new KeyMaterialInvalid(
      `There are no epoch keys at ${path}. The newest copy comes there with: padron keys recover <keeper>`,
    )
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
    throw new KeyMaterialInvalid(`The epoch keys at ${path} can be read by others. Run: chmod 600 ${path}`)
  try {
    return parseEpochs(readFileSync(path))
  } catch (error) {
    // What was read while another file took its place was written over: there is a whole one now.
    if (!(error instanceof KeyMaterialInvalid)) throw error
    try {
      return parseEpochs(readFileSync(path))
    } catch {
      throw new KeyMaterialInvalid(
        `The epoch keys at ${path} are cut off, or are something else. Move the file aside, and run: padron keys recover <keeper>`,
      )
    }
  }
}

/**
 * Changes the file, one process at a time: what another put in meanwhile is what is changed. The bytes of the file before are
 * written over once the new one has its place, and so are keys that leave it.
 *
 * @throws {KeyMaterialInvalid} where another process is at it
 */
export function updateEpochFile(path: string, change: (set: EpochSet) => EpochSet): EpochSet {
  return alone(path, (mine) => {
    const before = readEpochFile(path)
    const after = change(before)
    if (after.generation !== before.generation) replace(path, after, mine)
    wipe(before.epochs.filter(({ key }) => !after.epochs.some((one) => one.key === key)))
    return after
  })
}

/** Makes the file where there is none. @returns what is in it */
export function makeEpochFile(path: string, make: () => EpochSet): EpochSet {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return alone(path, (mine) => {
    if (existsSync(path)) return readEpochFile(path)
    const made = make()
    replace(path, made, mine)
    return made
  })
}

/** Writes over the file and puts other keys in its place: what those before wrapped opens for nobody. */
export function destroyEpochFile(path: string, make: () => EpochSet): void {
  alone(path, (mine) => replace(path, make(), mine))
}

/** Ends what a process left behind that was ended in the middle: drafts, and bytes that were to be written over. */
export function tidyEpochFile(path: string): void {
  if (existsSync(path)) alone(path, () => {})
}

const draftOf = (path: string) => `${path}.new`
const beforeOf = (path: string) => `${path}.old`

/** @param work is told how to see that it still holds the file */
function alone<T>(path: string, work: (mine: () => void) => T): T {
  const lock = `${path}.lock`
  const token = randomUUID()
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  // A clock that was put back is no reason to wait for ever.
  if (since !== undefined && Math.abs(Temporal.Now.instant().epochMilliseconds - since) > ABANDONED)
    rmSync(lock, { force: true })
  const taken = () => new KeyMaterialInvalid(`Another process changes the epoch keys at ${path}. Try again.`)
  try {
    writeFileSync(lock, token, { flag: 'wx', mode: OWNER_ONLY })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw taken()
  }
  const isMine = () => existsSync(lock) && readFileSync(lock, 'utf8') === token
  try {
    tidy(path)
    return work(() => {
      if (!isMine()) throw taken()
    })
  } finally {
    if (isMine()) rmSync(lock, { force: true })
  }
}

function tidy(path: string): void {
  if (existsSync(draftOf(path))) writeOver(draftOf(path))
  const before = statSync(beforeOf(path), { throwIfNoEntry: false })
  if (before === undefined) return
  // Ended before the new one took its place: it is the file itself under another name.
  if (before.ino === statSync(path, { throwIfNoEntry: false })?.ino) rmSync(beforeOf(path))
  else writeOver(beforeOf(path))
}

function replace(path: string, set: EpochSet, mine: () => void): void {
  const bytes = epochBytes(set)
  try {
    writeFileSync(draftOf(path), bytes, { mode: OWNER_ONLY, flush: true })
    mine()
    if (existsSync(path)) linkSync(path, beforeOf(path))
    renameSync(draftOf(path), path)
    syncFolder(path)
  } finally {
    bytes.fill(0)
    // After a fault the new bytes are in the way, after none the old ones.
    tidy(path)
  }
}

/** The new name is on the disk before the old bytes are not. */
function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function writeOver(path: string): void {
  writeFileSync(path, Buffer.alloc(statSync(path).size), { flag: 'r+', flush: true })
  rmSync(path)
}

/** Epoch keys from a file, seen within a second of a change, and at once where it is asked for. */
export function epochFile(path: string): EpochKeys {
  let set = readEpochFile(path)
  let held = heldEpochs(set)
  let seen = changeOf(path)
  let checked = performance.now()
  return {
    held(again = false) {
      if (!again && performance.now() - checked < KEY_FILE_FRESH) return held
      checked = performance.now()
      const now = changeOf(path)
      if (now === seen) return held
      // Without the file there are no keys, and whoever waits for this process goes on waiting.
      const read = now === undefined ? { generation: 0, epochs: [] } : readEpochFile(path)
      seen = now
      wipe(set.epochs)
      set = read
      held = heldEpochs(read)
      return held
    },
  }
}

function changeOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && `${stat.ino} ${stat.mtimeMs} ${stat.size}`
}
