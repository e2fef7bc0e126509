import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Database, inMunicipality } from '../platform/database.ts'
import type { KeyProvider } from './key-provider.ts'
import { recordRegistryKey, WRAPPED_KEY, wrappedKey } from './municipality-keys.ts'
import { rewrap } from './seal.ts'

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
    await transaction
      .insertInto('registry_keys')
      .values({ municipality_id: municipalityId, id: keyId, awaited: true })
      .onConflict((known) => known.doNothing())
      .execute()
  })
}

/** From here on every process has to hold it. */
export async function switchRegistryKey(database: Database, municipalityId: string, keyId: string): Promise<void> {
  await inMunicipality(database, municipalityId, async (transaction) => {
    await recordRegistryKey(transaction, municipalityId, keyId)
    await transaction
      .updateTable('registry_keys')
      .set({ awaited: false })
      .where('municipality_id', '=', municipalityId)
      .where('id', '=', keyId)
      .execute()
  })
}

/** Keys that were announced and not switched to. */
export async function awaitedKeys(database: Database, municipalityId: string): Promise<string[]> {
  const rows = await inMunicipality(database, municipalityId, (transaction) =>
    transaction
      .selectFrom('registry_keys')
      .select('id')
      .where('municipality_id', '=', municipalityId)
      .where('awaited', '=', true)
      .execute(),
  )
  return rows.map(({ id }) => id)
}

/** How many data keys of a municipality are wrapped by another key than the current one. */
export async function dataKeysToRewrap(database: Database, keys: KeyProvider, municipalityId: string): Promise<number> {
  return inMunicipality(database, municipalityId, async (transaction) => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from data_keys
      where municipality_id = ${municipalityId} and registry_key_id <> ${keys.currentKeyId()}`.execute(transaction)
    return rows[0]?.count ?? 0
  })
}

/**
 * Wraps a municipality's data keys by the current registry key, a batch at a time, while the service goes on.
 * May be stopped and run again: what is done stays done. What was sealed is not touched.
 *
 * @returns how many were rewrapped
 * @throws {KeyUnavailable} when the key they are wrapped by now is not among those given
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
      const rows = await transaction
        .selectFrom('data_keys')
        .select(WRAPPED_KEY)
        .where('municipality_id', '=', municipalityId)
        .where('registry_key_id', '!=', keys.currentKeyId())
        .orderBy('registry_key_id')
        .orderBy('id')
        .limit(options.batch ?? 500)
        // No more than that, and none that somebody holds: whoever seals under these keys, or erases them, does so in an order
        // of their own.
        .forNoKeyUpdate()
        .skipLocked()
        .execute()
      if (rows.length === 0) return 0
      const fresh = rows.map((row) => {
        const { id, registryKeyId, wrapped } = rewrap(keys, wrappedKey(row))
        return { id, registryKeyId, wrapped: Buffer.from(wrapped).toString('hex') }
      })
      await sql`
        update data_keys set registry_key_id = fresh."registryKeyId", wrapped = decode(fresh.wrapped, 'hex')
        from jsonb_to_recordset(${JSON.stringify(fresh)}::text::jsonb) as fresh (id uuid, "registryKeyId" text, wrapped text)
        where data_keys.id = fresh.id`.execute(transaction)
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

/**
 * Writes down that a registry key is no longer used.
 *
 * @throws {KeyInUse} while any data key is wrapped by it
 */
export async function retireRegistryKey(database: Database, municipalityId: string, keyId: string): Promise<void> {
  await inMunicipality(database, municipalityId, async (transaction) => {
    // Waits for whoever is about to wrap with it; whoever comes later waits for this, and is refused.
    await transaction
      .selectFrom('registry_keys')
      .select('id')
      .where('municipality_id', '=', municipalityId)
      .where('id', '=', keyId)
      .forUpdate()
      .execute()
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from data_keys
      where municipality_id = ${municipalityId} and registry_key_id = ${keyId}`.execute(transaction)
    const left = rows[0]?.count ?? 0
    if (left > 0) throw new KeyInUse(keyId, left)
    await transaction
      .updateTable('registry_keys')
      .set({ retired_at: sql`now()` })
      .where('municipality_id', '=', municipalityId)
      .where('id', '=', keyId)
      .where('retired_at', 'is', null)
      .execute()
  })
}
