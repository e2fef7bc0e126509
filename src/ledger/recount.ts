import { KeyUnavailable } from '../keys/key-faults.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import { wrappedKey } from '../keys/municipality-keys.ts'
import { type DataKey, sealedKeyId, unwrapDataKey } from '../keys/seal.ts'
import { dataKeysAmong } from '../keys/store.ts'
import { type LedgerContent, leafHash } from './entries.ts'
import type { StoredEntry } from './store.ts'
import type { Recount, RecountLeaves } from './verify.ts'

/**
 * Opens ledger entries only to hash them: what was in them is forgotten at once, and nothing of it is
 * returned. For `padron ledger verify`, which has to tell a true entry from one written by somebody
 * without the keys.
 */
export function leafRecounter(keys: KeyProvider): RecountLeaves {
  return async (transaction, entries) => {
    if (entries.length === 0) return []
    const ids = [...new Set(entries.map((entry) => keyIdOf(entry)).filter((id) => id !== undefined))]
    const rows = ids.length === 0 ? [] : await dataKeysAmong(transaction, ids)
    const wrapped = new Map(rows.map((row) => [row.id, wrappedKey(row)]))
    const open = new Map<string, DataKey>()
    return entries.map((entry): Recount => {
      const id = keyIdOf(entry)
      // Entries about somebody are sealed to that somebody; no other key may be named, least of all one that is gone.
      if (id === undefined || (entry.subject_id !== null && id !== entry.subject_id)) return 'broken'
      const row = wrapped.get(id)
      if (row === undefined) return entry.subject_id === null ? 'broken' : 'erased'
      try {
        const key = open.get(id) ?? unwrapDataKey(keys, row)
        open.set(id, key)
        return recount(key, entry)
      } catch (error) {
        if (error instanceof KeyUnavailable) return 'erased'
        return 'broken'
      }
    })
  }
}

function keyIdOf({ details }: StoredEntry): string | undefined {
  return details.length > 17 ? sealedKeyId(details) : undefined
}

function recount(key: DataKey, entry: StoredEntry): Recount {
  const location = { table: 'ledger_entries', column: 'details', row: entry.id }
  const { salt, ...content } = key.open(location, entry.details) as LedgerContent & { salt: string }
  const outlineAgrees =
    content.action === entry.action &&
    content.purpose === entry.purpose &&
    content.outcome === entry.outcome &&
    content.requesterKind === entry.requester_kind &&
    content.subject === entry.subject_id
  return outlineAgrees ? leafHash(entry.id, salt, content) : 'broken'
}
