import { randomInt } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { CompactSign } from 'jose'
import type { Clock } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import type { Municipality } from '../town/model.ts'
import type { SigningKey } from './sd-jwt.ts'
import type { SigningKeys } from './signing-keys.ts'
import {
  beginStatusList,
  closeStatusList,
  fingerprint,
  placesRevoked,
  statusListOpen,
  statusListRow,
  statusListsLatest,
} from './store.ts'

const CAPACITY = 1 << 20
/** How long a verifier may keep a status list, seconds. */
export const STATUS_TTL = 60

/**
 * Packs statuses of 1, 2, 4 or 8 bits, lowest index in the lowest bits, and deflates them.
 *
 * @returns the `lst` value: base64url of a ZLIB stream
 * @see draft-ietf-oauth-status-list section 4
 */
export function packStatusList(
  size: number,
  bits: 1 | 2 | 4 | 8,
  statuses: Iterable<readonly [index: number, status: number]>,
): string {
  const bytes = new Uint8Array(Math.ceil((size * bits) / 8))
  for (const [index, status] of statuses) {
    const at = Math.floor((index * bits) / 8)
    bytes[at] = (bytes[at] ?? 0) | (status << ((index * bits) % 8))
  }
  return deflateSync(bytes, { level: 9 }).toString('base64url')
}

/** The list new proofs go into, opened when the municipality has none. */
export async function openStatusList(
  transaction: Transaction,
  municipalityId: string,
): Promise<{ id: string; capacity: number }> {
  const find = () => statusListOpen(transaction, municipalityId)
  const list = await find()
  if (list) return list
  await beginStatusList(transaction, { municipalityId, capacity: CAPACITY })
  return (await find()) ?? openStatusList(transaction, municipalityId)
}

/** Closes a list to new proofs, keeping it published, and gives the one that takes its place. */
export async function nextStatusList(
  transaction: Transaction,
  municipalityId: string,
  full: string,
): Promise<{ id: string; capacity: number }> {
  await closeStatusList(transaction, full)
  return openStatusList(transaction, municipalityId)
}

/** A random place in the list, so that neighbouring indexes say nothing about who came to the counter together. */
export function randomIndex(capacity: number): number {
  return randomInt(capacity)
}

export const statusListUri = (town: Municipality, id: string) => `${town.issuer}/status-lists/${id}`

interface StatusDeps {
  database: Database
  clock: Clock
  signing: SigningKeys
}

/** The packed list, by what is publicly revoked in it. */
const packed = new Map<string, { revoked: string; lst: string }>()
const MOST_PACKED = 64

/** Signed lists, while nothing in them changed: the same bytes for caches to recognise. */
const signed = new Map<string, { token: string; at: number; revoked: string; kid: string }>()
/** Seconds. */
const SIGNED_KEPT = 30

/**
 * The signed status list, one bit a proof: 1 is revoked, and publicly so. When it is signed anew depends on its age and
 * on what is public, never on what was changed today.
 *
 * @returns undefined when the municipality has no such list
 */
export async function statusListToken(
  deps: StatusDeps,
  town: Municipality,
  listId: string,
): Promise<string | undefined> {
  return inMunicipality(deps.database, town.id, (transaction) => signStatusList(transaction, { deps, town, listId }))
}

/** The same, inside a transaction under way. */
export async function signStatusList(
  transaction: Transaction,
  { deps, town, listId }: { deps: Omit<StatusDeps, 'database'>; town: Municipality; listId: string },
): Promise<string | undefined> {
  const list = await statusListRow(transaction, listId)
  if (list === undefined) return undefined
  const key = await deps.signing.current(transaction, town.id)
  const { lst, revoked } = await packedList(transaction, list, deps.clock.now())
  const kept = signed.get(listId)
  const at = Math.floor(deps.clock.now().epochMilliseconds / 1000)
  if (kept && kept.kid === key.kid && kept.revoked === revoked && at - kept.at < SIGNED_KEPT && at >= kept.at)
    return kept.token
  const token = await signedStatusList(key, { issuer: town.issuer, uri: statusListUri(town, listId), lst, now: at })
  if (signed.size >= MOST_PACKED) signed.clear()
  signed.set(listId, { token, at, revoked, kid: key.kid })
  return token
}

/**
 * @param lst one bit a proof, packed and in base64url; `now` in seconds since 1970
 * @see draft-ietf-oauth-status-list section 5.1
 */
export function signedStatusList(
  key: SigningKey,
  { issuer, uri, lst, now }: { issuer: string; uri: string; lst: string; now: number },
): Promise<string> {
  const payload = {
    iss: issuer,
    sub: uri,
    iat: now,
    exp: now + 10 * STATUS_TTL,
    ttl: STATUS_TTL,
    status_list: { bits: 1, lst },
  }
  return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: key.algorithm, typ: 'statuslist+jwt', kid: key.kid })
    .sign(key.privateKey)
}

async function packedList(
  transaction: Transaction,
  list: { id: string; capacity: number; all_revoked: boolean },
  now: Temporal.Instant,
): Promise<{ lst: string; revoked: string }> {
  const places = list.all_revoked
    ? undefined
    : placesRevoked(transaction, { listId: list.id, publicFrom: new Date(now.epochMilliseconds) })
  const revoked = places === undefined ? 'all' : await fingerprint(transaction, places)
  const known = packed.get(list.id)
  if (known?.revoked === revoked) return known
  const indexes = places
    ? (await places.execute()).map((row) => row.status_index)
    : Array.from({ length: list.capacity }, (_, index) => index)
  const lst = packStatusList(
    list.capacity,
    1,
    indexes.map((index) => [index, 1] as const),
  )
  if (packed.size >= MOST_PACKED) packed.clear()
  const fresh = { revoked, lst }
  packed.set(list.id, fresh)
  return fresh
}

/** How much of them a page takes along, characters. */
const MOST_CARRIED = 120_000

/** The signed lists that proofs in force stand in, by address, the newest first, as far as they fit into a page. */
export async function currentStatusLists(deps: StatusDeps, town: Municipality): Promise<Record<string, string>> {
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const lists = await statusListsLatest(transaction, town.id)
    const carried: Record<string, string> = {}
    let size = 0
    for (const { id } of lists) {
      const token = await signStatusList(transaction, { deps, town, listId: id })
      if (token === undefined || size + token.length > MOST_CARRIED) continue
      size += token.length
      carried[statusListUri(town, id)] = token
    }
    return carried
  })
}
