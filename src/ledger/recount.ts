import { KeyUnavailable } from '../keys/key-faults.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import { wrappedKey } from '../keys/municipality-keys.ts'
import { type DataKey, unwrapDataKey } from '../keys/seal.ts'
import { dataKeyOf, dataKeysAmong } from '../keys/store.ts'
import { detailsAt, isMarkOf, type LedgerContent, leafHash, markOfNobody, subjectAt } from './entries.ts'
import type { StoredEntry } from './store.ts'
import type { Recount, RecountLeaves } from './verify.ts'

/**
 * Opens ledger entries only to hash them: what was in them is forgotten at once, and nothing of it is
 * returned. For `padron ledger verify`, which has to tell a true entry from one written by somebody
 * without the keys.
 */
export function leafRecounter(keys: KeyProvider): RecountLeaves {
  return async (transaction, municipalityId, entries) => {
    if (entries.length === 0) return []
    const town = townKey(keys, await dataKeyOf(transaction, { municipalityId, owner: 'ledger' }))
    // The registry was destroyed: nobody opens any of them.
    if (town === undefined) return entries.map(() => 'erased')
    const subjects = entries.map((entry) => subjectOf(town, entry))
    const ids = [...new Set(subjects.filter((id) => typeof id === 'string'))]
    const rows = ids.length === 0 ? [] : await dataKeysAmong(transaction, ids)
    const wrapped = new Map(rows.map((row) => [row.id, wrappedKey(row)]))
    const open = new Map<string, DataKey>()
    return entries.map((entry, i): Recount => {
      const subject = subjects[i]
      if (subject === undefined) return 'broken'
      const row = subject === null ? undefined : wrapped.get(subject)
      if (subject !== null && row === undefined) return 'erased'
      try {
        const key = row === undefined ? town : (open.get(row.id) ?? unwrapDataKey(keys, row))
        if (row) open.set(row.id, key)
        return recount(key, entry, { subject, town })
      } catch (error) {
        if (error instanceof KeyUnavailable) return 'erased'
        return 'broken'
      }
    })
  }
}

function townKey(keys: KeyProvider, row: Parameters<typeof wrappedKey>[0]): DataKey | undefined {
  try {
    return unwrapDataKey(keys, wrappedKey(row))
  } catch (error) {
    if (error instanceof KeyUnavailable) return undefined
    throw error
  }
}

/** Whom an entry is about; null of one about nobody, undefined where that was altered. */
function subjectOf(town: DataKey, { id, subject }: StoredEntry): string | null | undefined {
  try {
    return town.openUnnamed(subjectAt(id), subject) as string | null
  } catch {
    return undefined
  }
}

function recount(
  key: DataKey,
  entry: StoredEntry,
  { subject, town }: { subject: string | null; town: DataKey },
): Recount {
  const { salt, ...content } = key.openUnnamed(detailsAt(entry.id), entry.details) as LedgerContent & { salt: string }
  const outlineAgrees =
    content.action === entry.action &&
    content.purpose === entry.purpose &&
    content.outcome === entry.outcome &&
    content.requesterKind === entry.requester_kind &&
    content.subject === subject &&
    // By another mark its neighbour would not find it.
    (subject === null
      ? markOfNobody(town, entry.id).equals(entry.mark)
      : isMarkOf(key, { id: entry.id, kind: content.requesterKind, mark: entry.mark }))
  return outlineAgrees ? leafHash(entry.id, salt, content) : 'broken'
}
