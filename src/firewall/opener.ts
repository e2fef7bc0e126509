import type { KeyProvider } from '../keys/key-provider.ts'
import { type CiphertextLocation, type DataKey, unwrapDataKey, type WrappedKey } from '../keys/seal.ts'
import type { Opened, SealedRecord, Unnamed } from './model.ts'

/** For the gate alone: turns ciphertext into the permitted fields. Unwraps each key once, and only if a permitted field needs it. */
export function createOpener(keys: KeyProvider) {
  const wrapped = new Map<string, WrappedKey>()
  const open = new Map<string, DataKey>()

  function keyOf(id: string): DataKey {
    const known = open.get(id)
    if (known) return known
    const row = wrapped.get(id)
    if (row === undefined) throw new Error('a record came without its data key')
    const key = unwrapDataKey(keys, row)
    open.set(id, key)
    return key
  }

  return {
    keyOf,
    seal: (keyId: string, location: CiphertextLocation, value: unknown) => keyOf(keyId).seal(location, value),
    reopen: (keyId: string, location: CiphertextLocation, sealed: Uint8Array) => keyOf(keyId).open(location, sealed),
    unnamed: (keyId: string): Unnamed => keyOf(keyId),
    open<Fields, Field extends keyof Fields & string>(
      record: SealedRecord<Fields>,
      fields: readonly Field[],
    ): Opened<Fields, Field> {
      for (const key of record.keys) wrapped.set(key.id, key)
      const assembled: Partial<Fields> = { ...record.facts }
      for (const part of record.parts) {
        if (!part.holds.some((field) => (fields as readonly string[]).includes(field))) continue
        const key = keyOf(part.keyId)
        const { location, sealed } = part
        part.assemble(assembled, part.unnamed ? key.openUnnamed(location, sealed) : key.open(location, sealed))
      }
      const permitted: Partial<Pick<Fields, Field>> = {}
      for (const field of fields) if (assembled[field] !== undefined) permitted[field] = assembled[field]
      return { id: record.subject, ...permitted }
    },
  }
}
