import { wrappedKey } from '../../src/keys/municipality-keys.ts'
import { type CiphertextLocation, unwrapDataKey } from '../../src/keys/seal.ts'
import type { TestApp } from './app.ts'

/** What a sealed column holds, opened with the registry key a test has. Only tests open past the gate. */
export async function unseal(
  app: TestApp,
  keyId: string,
  location: CiphertextLocation,
  sealed: Uint8Array,
): Promise<unknown> {
  const [row] = await app.peek<Parameters<typeof wrappedKey>[0]>(`select * from data_keys where id = '${keyId}'`)
  if (row === undefined) throw new Error('no such data key')
  return unwrapDataKey(app.keys, wrappedKey(row)).open(location, sealed)
}
