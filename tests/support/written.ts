import { wrappedKey } from '../../src/keys/municipality-keys.ts'
import { type DataKey, sealedKeyId, unwrapDataKey } from '../../src/keys/seal.ts'
import type { TestApp } from './app.ts'

/** Everything the database holds, as text: what is sealed is opened with the registry key a test has. */
export async function everythingWritten(app: TestApp): Promise<string> {
  const keys = new Map<string, DataKey>()
  for (const row of await app.peek<Parameters<typeof wrappedKey>[0]>('select * from data_keys'))
    keys.set(row.id, unwrapDataKey(app.keys, wrappedKey(row)))
  const tables = await app.peek<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  )
  let all = ''
  for (const { name } of tables) {
    for (const row of await app.peek(`select * from ${name}`)) {
      const values = Object.values(row)
      const texts = values.filter((value) => typeof value === 'string' || typeof value === 'number').map(String)
      // A place in a sealed row is one of its ids, or an id with a number.
      const places = texts.flatMap((text) => [text, ...texts.map((other) => `${text}/${other}`)])
      for (const [column, value] of Object.entries(row)) {
        if (!(value instanceof Uint8Array)) {
          all += `${JSON.stringify(value)} `
          continue
        }
        const key = value.length > 40 ? keys.get(keyOf(value)) : undefined
        for (const place of key ? places : []) {
          try {
            all += `${JSON.stringify(key?.open({ table: name, column, row: place }, value))} `
            break
          } catch {
            // Another place of the same row.
          }
        }
        if (key === undefined && UNNAMED.includes(`${name}.${column}`))
          all += openUnnamed([...keys.values()], { table: name, column, row, value })
      }
    }
  }
  return all
}

/** Columns whose ciphertext does not say which key it was sealed by. */
const UNNAMED = [
  'complaints.outline',
  'helpers.details',
  'idempotency_keys.response',
  'ledger_entries.details',
  'movements.details',
  'proofs.content',
  'resident_cards.farewell',
  'wallet_offers.profile',
]

/** What a value says that any of these keys opens: those named in its row first. */
function openUnnamed(
  keys: readonly DataKey[],
  { table, column, row, value }: { table: string; column: string; row: Record<string, unknown>; value: Uint8Array },
): string {
  const { id } = row
  const place = id instanceof Uint8Array ? Buffer.from(id).toString('hex') : String(id)
  const named = keys.filter((key) => Object.values(row).includes(key.id))
  for (const key of [...named, ...keys]) {
    try {
      return `${JSON.stringify(key.openUnnamed({ table, column, row: place }, value))} `
    } catch {
      // Another key's.
    }
  }
  return ''
}

function keyOf(sealed: Uint8Array): string {
  try {
    return sealedKeyId(sealed)
  } catch {
    return ''
  }
}
