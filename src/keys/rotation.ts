import { setTimeout as pause } from 'node:timers/promises'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { SealBroken } from './cipher.ts'
import { KeyUnavailable } from './key-faults.ts'
import type { KeyProvider } from './key-provider.ts'
import { recordRegistryKey, wrappedKey } from './municipality-keys.ts'
import { rewrap, type WrappedKey } from './seal.ts'
import {
  announceKey,
  countToRewrap,
  countUnder,
  keysAwaited,
  lockRegistryKey,
  lockToRewrap,
  markRetired,
  rewrapRows,
  switchToKey,
} from './store.ts'

/** How long keys that somebody holds are left to them, milliseconds. */
const HELD = 100

/** @throws when a registry key is still needed. */
export class KeyInUse extends Error {
  readonly code = 'key-in-use'

  constructor(keyId: string, count: number) {
    super(`${count} data keys are still wrapped by ${keyId}. Run padron keys rotate until none is left.`)
  }
}

/** Makes a registry key known to a municipality. Nothing is wrapped by it, and a process may do without it, until it is switched to. */
export async function announceRegistryKey(database: Database, municipalityId: string, keyId: string): Promise<void> {
  await inMunicipality(database, municipalityId, async (transaction) => {
    await announceKey(transaction, { municipalityId, id: keyId })
  })
}

/** From here on every process has to hold it. */
export async function switchRegistryKey(database: Database, municipalityId: string, keyId: string): Promise<void> {
  await inMunicipality(database, municipalityId, async (transaction) => {
    await recordRegistryKey(transaction, municipalityId, keyId)
    await switchToKey(transaction, { municipalityId, id: keyId })
  })
}

/** Keys that were announced and not switched to. */
export async function awaitedKeys(database: Database, municipalityId: string): Promise<string[]> {
  const rows = await inMunicipality(database, municipalityId, (transaction) => keysAwaited(transaction, municipalityId))
  return rows.map(({ id }) => id)
}

/** How many data keys of a municipality are wrapped by another key than the current one. */
export async function dataKeysToRewrap(database: Database, keys: KeyProvider, municipalityId: string): Promise<number> {
  return inMunicipality(database, municipalityId, async (transaction) => {
    const { rows } = await countToRewrap(transaction, { municipalityId, current: keys.currentKeyId() })
    return rows[0]?.count ?? 0
  })
}

/**
 * Wraps a municipality's data keys by the current registry key, a batch at a time, while the service goes on.
 * May be stopped and run again: what is done stays done. What was sealed is not touched.
 *
 * @returns how many were rewrapped
 * @throws {KeyUnavailable} when the key they are wrapped by now is not among those given; {SealBroken}
 */
export async function rewrapDataKeys(
  database: Database,
  {
    keys,
    municipalityId,
    options = {},
  }: {
    keys: KeyProvider
    municipalityId: string
    options?: { batch?: number; progress?: (done: number) => void } | undefined
  },
): Promise<number> {
  let done = 0
  for (;;) {
    const count = await inMunicipality(database, municipalityId, async (transaction) => {
      const rows = await lockToRewrap(transaction, {
        municipalityId,
        registryKeyId: keys.currentKeyId(),
        most: options.batch ?? 500,
      })
      await keepRewrapped(
        transaction,
        rows.map((row) => rewrap(keys, wrappedKey(row))),
      )
      return rows.length
    })
    if (count === 0) {
      if ((await dataKeysToRewrap(database, keys, municipalityId)) === 0) return done
      await pause(HELD)
    }
    done += count
    options.progress?.(done)
  }
}

/** Wraps those of some data keys that open by the current keys. @returns how many did, and how many do not open */
export async function rewrapWhatOpens(
  transaction: Transaction,
  keys: KeyProvider,
  rows: readonly Parameters<typeof wrappedKey>[0][],
): Promise<{ rewrapped: number; broken: number }> {
  const fresh = rows.flatMap((row) => {
    try {
      return [rewrap(keys, wrappedKey(row))]
    } catch (error) {
      if (error instanceof SealBroken || error instanceof KeyUnavailable) return []
      throw error
    }
  })
  await keepRewrapped(transaction, fresh)
  return { rewrapped: fresh.length, broken: rows.length - fresh.length }
}

async function keepRewrapped(transaction: Transaction, keys: readonly WrappedKey[]): Promise<void> {
  if (keys.length === 0) return
  const fresh = keys.map(({ id, registryKeyId, wrapped }) => ({
    ...{ id, registryKeyId },
    wrapped: Buffer.from(wrapped).toString('hex'),
  }))
  await rewrapRows(transaction, JSON.stringify(fresh))
}

/**
 * Writes down that a registry key is no longer used.
 *
 * @throws {KeyInUse} while any data key is wrapped by it
 */
export async function retireRegistryKey(database: Database, municipalityId: string, keyId: string): Promise<void> {
  await inMunicipality(database, municipalityId, async (transaction) => {
    // Waits for whoever is about to wrap with it; whoever comes later waits for this, and is refused.
    await lockRegistryKey(transaction, { municipalityId, id: keyId })
    const { rows } = await countUnder(transaction, { municipalityId, keyId })
    const left = rows[0]?.count ?? 0
    if (left > 0) throw new KeyInUse(keyId, left)
    await markRetired(transaction, { municipalityId, id: keyId })
  })
}
