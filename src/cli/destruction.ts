import { timingSafeEqual } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { combine, split } from 'shamir-secret-sharing'
import { type Config, ConfigInvalid } from '../config.ts'
import { destroyEpochFile } from '../keys/epoch-file.ts'
import { newEpochs } from '../keys/epochs.ts'
import { KeyUnavailable } from '../keys/key-faults.ts'
import { keyFileProvider, readKeyFile, writeKeyFile } from '../keys/key-file.ts'
import { type KeyProvider, withNewKey } from '../keys/key-provider.ts'
import { wrappedKey } from '../keys/municipality-keys.ts'
import { unwrapDataKey } from '../keys/seal.ts'
import { dataKeysAtRandom, dataKeysSome } from '../keys/store.ts'
import type { Database } from '../platform/database.ts'
import { keyFileOf } from './keys.ts'
import { recordKeyOperation } from './record-keys.ts'
import { configuredEpochs, withOwner } from './stores.ts'

/** How many shares there are, and how many of them are needed to destroy. */
export const SHARES = 5
export const QUORUM = 3

const FORM = /^padron-share:([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/=]+)$/

/**
 * Writes shares of the current registry key, one file for each keeper. Any three of them can show that they agree to
 * destroy; together they are the key, so they are kept apart.
 *
 * @throws {ConfigInvalid} when the folder holds shares already
 */
export async function splitKey(config: Config, folder: string): Promise<{ key: string; files: string[] }> {
  const { current, keys } = readKeyFile(keyFileOf(config))
  const shares = await split(Uint8Array.from(Buffer.from(keys[current] ?? '', 'base64')), SHARES, QUORUM)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files = shares.map((_, index) => join(folder, `share-${index + 1}.txt`))
  if (files.some((file) => existsSync(file))) throw new ConfigInvalid(`There are shares in ${folder} already.`)
  for (const [index, share] of shares.entries()) {
    const text = `padron-share:${current}:${Buffer.from(share).toString('base64')}\n`
    writeFileSync(files[index] ?? '', text, { mode: 0o600, flag: 'wx' })
  }
  return { key: current, files }
}

/** @throws {ConfigInvalid} unless at least three different shares make up the current registry key */
async function proveQuorum(keyFile: string, shareFiles: readonly string[]): Promise<string> {
  const { current, keys } = readKeyFile(keyFile)
  const shares = shareFiles.map((file) => {
    const [, key, share] = FORM.exec(readFileSync(file, 'utf8').trim()) ?? []
    if (key === undefined || share === undefined) throw new ConfigInvalid(`${file} holds no share.`)
    if (key !== current) throw new ConfigInvalid(`${file} is a share of another key. Split the current one again.`)
    return share
  })
  if (new Set(shares).size < QUORUM) throw new ConfigInvalid(`It takes ${QUORUM} different shares.`)
  const whole = await combine([...new Set(shares)].map((share) => Uint8Array.from(Buffer.from(share, 'base64')))).catch(
    () => new Uint8Array(),
  )
  const key = Buffer.from(keys[current] ?? '', 'base64')
  if (whole.length !== key.length || !timingSafeEqual(whole, key))
    throw new ConfigInvalid('These shares do not make up the registry key.')
  return current
}

/** What has to be typed. */
export const confirmationFor = (keyId: string) => `DESTROY ${keyId}`

/**
 * Destroys every registry key in the key file: what was sealed until now opens for nobody, ever. Running processes
 * follow within a second. Copies of the file elsewhere have to be destroyed by whoever keeps them.
 *
 * @param typed the confirmation as it was typed
 * @throws {ConfigInvalid} without a quorum or the confirmation
 */
export async function destroyKeys(config: Config, shareFiles: readonly string[], typed: string): Promise<string> {
  const file = keyFileOf(config)
  const current = await proveQuorum(file, shareFiles)
  if (typed.trim() !== confirmationFor(current))
    throw new ConfigInvalid(`Nothing was destroyed. To go on, type: ${confirmationFor(current)}`)
  await withOwner(config, (owner) => recordKeyOperation(config, { owner, action: 'registry-keys-destroyed' }))
  overwrite(file)
  // Whoever has a copy of the registry key opens nothing with it alone.
  await destroyEpochFile(config.epochKeyFile, newEpochs)
  return current
}

/** The old content is written over before a file with a new key takes its place. */
function overwrite(file: string): void {
  const size = readFileSync(file).length
  writeFileSync(file, Buffer.alloc(size), { flush: true, mode: 0o600 })
  writeKeyFile(file, withNewKey())
}

export interface Drill {
  /** Data keys that opened before, and of those how many open with the copy that was destroyed. */
  opened: number
  openedAfter: number
}

/** Goes through the destruction on a copy of the key file and shows that nothing opens with it. Changes nothing. */
export async function drillDestruction(config: Config, shareFiles: readonly string[]): Promise<Drill> {
  const file = keyFileOf(config)
  await proveQuorum(file, shareFiles)
  const folder = mkdtempSync(join(tmpdir(), 'padron-drill-'))
  try {
    const copy = join(folder, 'keys.json')
    copyFileSync(file, copy)
    overwrite(copy)
    return await withOwner(config, async (owner) => {
      const rows = await dataKeysSome(owner)
      const count = (keys: KeyProvider) => rows.filter((row) => opens(keys, wrappedKey(row))).length
      // With the epoch keys still there: the registry key alone is enough to close everything.
      const epochs = configuredEpochs(config)
      return { opened: count(keyFileProvider(file, epochs)), openedAfter: count(keyFileProvider(copy, epochs)) }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function opens(keys: KeyProvider, row: ReturnType<typeof wrappedKey>): boolean {
  try {
    unwrapDataKey(keys, row)
    return true
  } catch (error) {
    if (error instanceof KeyUnavailable) return false
    throw error
  }
}

/** A sample of data keys, and how many of them these registry keys open. Looks into nothing that they seal. */
export async function keysThatOpen(
  owner: Database,
  keys: KeyProvider,
  sample = 1000,
): Promise<{ tried: number; opened: number }> {
  const rows = await dataKeysAtRandom(owner, sample)
  return { tried: rows.length, opened: rows.filter((row) => opens(keys, wrappedKey(row))).length }
}
