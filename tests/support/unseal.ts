import { wrappedKey } from '../../src/keys/municipality-keys.ts'
import { type CiphertextLocation, type DataKey, unwrapDataKey } from '../../src/keys/seal.ts'
import type { TestApp } from './app.ts'

/** A data key, opened with the registry key a test has. Only tests open past the gate. */
export async function dataKey(app: TestApp, keyId: string): Promise<DataKey> {
  const [row] = await app.peek<Parameters<typeof wrappedKey>[0]>(`select * from data_keys where id = '${keyId}'`)
  if (row === undefined) throw new Error('no such data key')
  return unwrapDataKey(app.keys, wrappedKey(row))
}

/** What a sealed column holds. */
export const unseal = async (app: TestApp, keyId: string, location: CiphertextLocation, sealed: Uint8Array) =>
  (await dataKey(app, keyId)).open(location, sealed)
