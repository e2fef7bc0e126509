import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import type { KeyProvider } from './key-provider.ts'
import {
  type CiphertextLocation,
  type DataKey,
  type DataKeyOwner,
  newDataKey,
  unwrapDataKey,
  type WrappedKey,
} from './seal.ts'
import { dataKeyOf, keepDataKey, keepRegistryKey } from './store.ts'

/** The keys of a municipality that belong to no single person. */
export interface MunicipalityKeys {
  /** Seals ledger entries that are about nobody in particular. */
  ledger: DataKey
  /** HMAC-SHA-256 under the municipality's index key: recognises, never reveals. */
  hash(text: string): Buffer
  /** The first 32 bits of `hash(text)`. */
  hash32(text: string): number
}

/** Loads the keys, making them and recording the registry key the first time. */
export async function municipalityKeys(
  transaction: Transaction,
  keys: KeyProvider,
  municipalityId: string,
): Promise<MunicipalityKeys> {
  await recordRegistryKey(transaction, municipalityId, keys.currentKeyId())
  const ledger = await ensureKey(transaction, { keys, municipalityId, owner: 'ledger' })
  const index = await ensureKey(transaction, { keys, municipalityId, owner: 'blind-index' })
  return { ledger, hash: (text) => index.hash(text), hash32: (text) => index.hash32(text) }
}

export async function recordRegistryKey(transaction: Transaction, municipalityId: string, id: string): Promise<void> {
  await keepRegistryKey(transaction, { municipalityId, id })
}

async function ensureKey(
  transaction: Transaction,
  { keys, municipalityId, owner }: { keys: KeyProvider; municipalityId: string; owner: DataKeyOwner },
): Promise<DataKey> {
  const fresh = newDataKey(uuidv7())
  await storeDataKey(transaction, fresh.wrap(keys, municipalityId, owner))
  const row = await dataKeyOf(transaction, { municipalityId, owner })
  return unwrapDataKey(keys, wrappedKey(row))
}

/** Does nothing where the municipality already has its one key of this kind. */
export async function storeDataKey(transaction: Transaction, key: WrappedKey): Promise<void> {
  await keepDataKey(transaction, {
    id: key.id,
    municipality_id: key.municipalityId,
    owner: key.owner,
    registry_key_id: key.registryKeyId,
    wrapped: Buffer.from(key.wrapped),
  })
}

export function wrappedKey(row: {
  id: string
  municipality_id: string
  owner: string
  registry_key_id: string
  wrapped: Uint8Array
}): WrappedKey {
  return {
    id: row.id,
    municipalityId: row.municipality_id,
    owner: row.owner as DataKeyOwner,
    registryKeyId: row.registry_key_id,
    wrapped: row.wrapped,
  }
}

/** Opens something of the municipality's own, such as a private signing key. Never a record: those pass the gate. */
export function openOwn(
  keys: KeyProvider,
  {
    row,
    location,
    sealed,
  }: { row: Parameters<typeof wrappedKey>[0]; location: CiphertextLocation; sealed: Uint8Array },
): unknown {
  if (row.owner !== 'signing-key') throw new Error('only the municipality\u2019s own keys are opened here')
  return unwrapDataKey(keys, wrappedKey(row)).open(location, sealed)
}
