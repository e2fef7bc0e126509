import { randomUUID } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { syncFolder } from '../platform/durable.ts'
import { type EpochKeys, type EpochSet, epochBytes, heldEpochs, parseEpochs, wipe } from './epochs.ts'
import { KeyMaterialInvalid } from './key-faults.ts'
import { KEY_FILE_FRESH } from './key-file.ts'

// The key folder: one file with the epoch keys, which every host of an installation reaches. It is the only file here that changes
// by itself, and what leaves it is written over.

/** A process that holds the file longer than this has ended in the middle, milliseconds. */
const ABANDONED = 30_000
const WAITS = 200
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

/**
 * Writes over the file and puts other keys in its place: what those before wrapped opens for nobody. Who is at the file is waited for:
 * nobody else comes back to this.
 */
export async function destroyEpochFile(path: string, make: () => EpochSet): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  for (let tries = 1; ; tries += 1)
    try {
      return alone(path, (mine) => replace(path, make(), mine))
    } catch (error) {
      if (!(error instanceof Taken) || tries * WAITS > 2 * ABANDONED) throw error
      await pause(WAITS)
    }
}

/** Ends what a process left behind that was ended in the middle: drafts, and bytes that were to be written over. */
export function tidyEpochFile(path: string): void {
  try {
    if (existsSync(path)) alone(path, () => {})
  } catch (error) {
    // Whoever is at it does that too.
    if (!(error instanceof Taken)) throw error
  }
}

/** @throws where another process holds the file */
class Taken extends KeyMaterialInvalid {
  constructor(path: string) {
    super(`Another process changes the epoch keys at ${path}. Try again.`)
  }
}

/** What one process makes beside the file; others know it by the end of its name. */
interface Mine {
  draft: string
  before: string
  /** @throws {Taken} where it was taken over meanwhile */
  hold(): void
}

function alone<T>(path: string, work: (mine: Mine) => T): T {
  const lock = `${path}.lock`
  const token = randomUUID()
  takeOver(lock, `${path}.${token}.probe`)
  try {
    writeFileSync(lock, token, { flag: 'wx', mode: OWNER_ONLY })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Taken(path)
  }
  const isMine = () => existsSync(lock) && readFileSync(lock, 'utf8') === token
  try {
    tidy(path, token)
    return work({
      draft: `${path}.${token}.new`,
      before: `${path}.${token}.old`,
      hold() {
        if (!isMine()) throw new Taken(path)
      },
    })
  } finally {
    if (isMine()) rmSync(lock, { force: true })
  }
}

/** Takes the lock of a process away that has ended in the middle. Both times are the file server's. */
function takeOver(lock: string, aside: string): void {
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  if (since === undefined) return
  writeFileSync(aside, '', { mode: OWNER_ONLY })
  const age = statSync(aside).mtimeMs - since
  try {
    if (Math.abs(age) > ABANDONED) renameSync(lock, aside)
  } catch {
    // Another one was quicker.
  }
  rmSync(aside, { force: true })
}

/** Writes over what is left of processes that have ended. */
function tidy(path: string, token: string): void {
  const folder = dirname(path)
  const left = readdirSync(folder).filter(
    (name) => name.startsWith(`${basename(path)}.`) && /\.(new|old|gone)$/.test(name),
  )
  for (const name of left) {
    const away = `${path}.${token}.gone`
    // Whoever would still give it its place finds it gone.
    renameSync(join(folder, name), away)
    // Ended before the new one took its place: it is the file itself under another name.
    const same = existsSync(path) && readFileSync(away).equals(readFileSync(path))
    if (same) rmSync(away)
    else writeOver(away)
  }
}

function replace(path: string, set: EpochSet, mine: Mine): void {
  const bytes = epochBytes(set)
  const owner = statSync(path, { throwIfNoEntry: false })
  try {
    writeFileSync(mine.draft, bytes, { mode: OWNER_ONLY, flush: true })
    // Whoever runs this, the service reads it.
    if (owner && process.getuid?.() === 0) chownSync(mine.draft, owner.uid, owner.gid)
    mine.hold()
    const end = owner ? aside(path, mine.before) : () => {}
    renameSync(mine.draft, path)
    // The new name is on the disk before the old bytes are not.
    syncFolder(dirname(path))
    end()
  } finally {
    bytes.fill(0)
    if (existsSync(mine.draft)) writeOver(mine.draft)
  }
}

/** Keeps hold of the bytes of a file. @returns writes over them, once another file has its place */
function aside(path: string, name: string): () => void {
  try {
    linkSync(path, name)
    return () => writeOver(name)
  } catch {
    // Where a file has one name only.
    const file = openSync(path, 'r+')
    return () => {
      writeSync(file, Buffer.alloc(fstatSync(file).size), 0, undefined, 0)
      fsyncSync(file)
      closeSync(file)
    }
  }
}

function writeOver(path: string): void {
  writeFileSync(path, Buffer.alloc(statSync(path).size), { flag: 'r+', flush: true })
  rmSync(path)
}

const NONE: EpochSet = { generation: 0, epochs: [] }

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
      // Without the file, or without reading it, there are no keys, and whoever waits for this process goes on waiting.
      wipe(set.epochs)
      set = NONE
      held = heldEpochs(set)
      if (now !== undefined) {
        set = readEpochFile(path)
        held = heldEpochs(set)
      }
      seen = now
      return held
    },
  }
}

function changeOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && `${stat.ino} ${stat.mtimeMs} ${stat.size}`
}
