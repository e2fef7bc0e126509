import { wrappedKey } from '../../src/keys/municipality-keys.ts'
import { unwrapDataKey } from '../../src/keys/seal.ts'
import { detailsAt, type LedgerContent, subjectAt } from '../../src/ledger/entries.ts'
import type { TestApp } from './app.ts'

export interface OpenedEntry {
  id: string
  recorded_at: Date
  action: string
  purpose: string
  outcome: string
  requester_kind: string
  leaf_hash: Uint8Array
  /** Whom it is about; a row does not say it. */
  subject_id: string | null
  /** Absent where the key was destroyed. */
  content: (LedgerContent & { salt: string }) | undefined
}

/** Entries of the ledger in the order of their ids, opened with the keys a test has. @param where of SQL */
export async function entriesOf(app: TestApp, where = 'true'): Promise<OpenedEntry[]> {
  const rows = await app.peek<OpenedEntry & { subject: Uint8Array; details: Uint8Array }>(
    `select * from ledger_entries where ${where} order by id`,
  )
  const { ledger } = await app.rooms.gate.keysOf(app.town.id)
  const keys = new Map(
    (await app.peek<Parameters<typeof wrappedKey>[0]>('select * from data_keys')).map((row) => [row.id, row]),
  )
  return rows.map(({ subject, details, ...row }) => {
    const about = ledger.openUnnamed(subjectAt(row.id), subject) as string | null
    const wrapped = about === null ? undefined : keys.get(about)
    const key = about === null ? ledger : wrapped && unwrapDataKey(app.keys, wrappedKey(wrapped))
    const content = key?.openUnnamed(detailsAt(row.id), details) as OpenedEntry['content']
    return { ...row, subject_id: about, content }
  })
}

/** Those about one person. */
export const entriesAbout = async (app: TestApp, id: string, where = 'true') =>
  (await entriesOf(app, where)).filter(({ subject_id }) => subject_id === id)
