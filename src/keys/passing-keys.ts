import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { SealBroken } from './cipher.ts'
import { KeyUnavailable } from './key-faults.ts'
import type { KeyProvider } from './key-provider.ts'
import { storeDataKey, wrappedKey } from './municipality-keys.ts'
import { type DataKey, newDataKey, sealedKeyId, unwrapDataKey } from './seal.ts'
import { dropPassingKeys, passingKeyRows } from './store.ts'

// What is typed and not kept, drafts above all, is as personal as a record, and nobody's yet. It is sealed by a key of the week, which
// is destroyed once nothing is sealed by it any more: what was copied of it into files of the server goes with an epoch.

/** How long one key seals. */
const WEEK: Temporal.DurationLike = { hours: 24 * 7 }
/** All of these keys are in one bucket, so that their weekly end turns no other. */
const BUCKET_ZERO = '0000'

interface Of {
  keys: KeyProvider
  municipalityId: string
  now: Temporal.Instant
}

/** When a key of the week was made. @see RFC 9562 section 5.7 */
const madeAt = (id: string) =>
  Temporal.Instant.fromEpochMilliseconds(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16))

/** The key of this week. */
export async function passingKey(transaction: Transaction, { keys, municipalityId, now }: Of): Promise<DataKey> {
  const [newest] = await passingKeyRows(transaction, municipalityId)
  const fresh = newest && Temporal.Instant.compare(madeAt(newest.id).add(WEEK), now) > 0
  const known = fresh ? whereItOpens(keys, newest) : undefined
  if (known) return known
  const made = newDataKey(`${uuidv7().slice(0, -4)}${BUCKET_ZERO}`)
  await storeDataKey(transaction, made.wrap(keys, municipalityId, 'passing'))
  return made
}

/** One that does not open, since somebody altered its row, keeps nobody from the others. */
function whereItOpens(keys: KeyProvider, row: Parameters<typeof wrappedKey>[0]): DataKey | undefined {
  try {
    return unwrapDataKey(keys, wrappedKey(row))
  } catch (error) {
    if (error instanceof SealBroken || error instanceof KeyUnavailable) return undefined
    throw error
  }
}

/** Finds the key that something was sealed by. @returns what opens it, or nothing where that key is gone */
export async function passingOpener(
  transaction: Transaction,
  { keys, municipalityId }: Omit<Of, 'now'>,
): Promise<(sealed: Uint8Array) => DataKey | undefined> {
  const rows = await passingKeyRows(transaction, municipalityId)
  const open = new Map<string, DataKey>()
  return (sealed) => {
    const id = sealedKeyId(sealed)
    const row = rows.find((one) => one.id === id)
    if (row === undefined) return undefined
    const key = open.get(id) ?? whereItOpens(keys, row)
    if (key) open.set(id, key)
    return key
  }
}

/** Destroys keys of weeks past that nothing is sealed by any more. */
export async function forgetPassingKeys(
  transaction: Transaction,
  { municipalityId, now }: Omit<Of, 'keys'>,
): Promise<void> {
  const rows = await passingKeyRows(transaction, municipalityId)
  const over = rows.filter(({ id }) => Temporal.Instant.compare(madeAt(id).add(WEEK), now) <= 0)
  if (over.length > 0)
    await dropPassingKeys(
      transaction,
      over.map(({ id }) => id),
    )
}
