import { sql } from 'kysely'
import type { Transaction } from '../platform/database.ts'
import { type NoteSigner, signCheckpoint } from './checkpoint.ts'
import { EMPTY_ROOT, type Hash, nodeHash, type SubtreeReader, split } from './merkle.ts'

/** Hashes in a tile, and so leaves under a node one level up. @see C2SP tlog-tiles */
export const TILE = 256

/** The tree over a municipality's placed entries, read inside a transaction. */
export interface LedgerTree {
  /** Up to 256 hashes of one level: leaves at level 0, roots of tiles above. */
  tile(level: number, index: number, width: number): Promise<Hash[]>
  subtree: SubtreeReader
  root(size: number): Promise<Hash>
}

export function ledgerTree(transaction: Transaction, municipalityId: string): LedgerTree {
  const full = new Map<string, Promise<Hash[]>>()

  function tile(level: number, index: number, width: number): Promise<Hash[]> {
    if (width < TILE) return compute(level, index, width)
    const key = `${level} ${index}`
    const known = full.get(key) ?? stored(level, index)
    full.set(key, known)
    return known
  }

  async function stored(level: number, index: number): Promise<Hash[]> {
    const row = await transaction
      .selectFrom('ledger_tiles')
      .select('hashes')
      .where('municipality_id', '=', municipalityId)
      .where('level', '=', level)
      .where('tile', '=', String(index))
      .executeTakeFirst()
    if (row === undefined) return compute(level, index, TILE)
    return Array.from({ length: TILE }, (_, i) => row.hashes.subarray(i * 32, i * 32 + 32))
  }

  async function compute(level: number, index: number, width: number): Promise<Hash[]> {
    if (level > 0) {
      const hashes: Hash[] = []
      for (let i = 0; i < width; i += 1) hashes.push(fold(await tile(level - 1, index * TILE + i, TILE)))
      return hashes
    }
    const { rows } = await sql<{ leaf_hash: Uint8Array }>`
      select entry.leaf_hash from ledger_sequence placed join ledger_entries entry on entry.id = placed.entry_id
      where placed.municipality_id = ${municipalityId}
        and placed.position >= ${String(index * TILE)}::text::bigint and placed.position < ${String(index * TILE + width)}::text::bigint
      order by placed.position`.execute(transaction)
    if (rows.length < width) throw new RangeError('the ledger has no such entries')
    return rows.map((row) => row.leaf_hash)
  }

  async function subtree(from: number, to: number): Promise<Hash> {
    const size = to - from
    if (size === 0) return EMPTY_ROOT
    // The lowest level whose tiles hold nodes no larger than half of this.
    let [level, span] = [0, 1]
    while (span * TILE <= size && from % (span * TILE) === 0) [level, span] = [level + 1, span * TILE]
    if (size === span && from % span === 0)
      return fold(level === 0 ? [await node(0, from)] : await tile(level - 1, from / span, TILE))
    const middle = from + split(size)
    return nodeHash(await subtree(from, middle), await subtree(middle, to))
  }

  async function node(level: number, index: number): Promise<Hash> {
    const tileIndex = Math.floor(index / TILE)
    const hashes = await partial(level, tileIndex, (index % TILE) + 1)
    const hash = hashes[index % TILE]
    if (hash === undefined) throw new RangeError('the ledger has no such entry')
    return hash
  }

  const partials = new Map<string, Promise<Hash[]>>()
  /** A tile as far as it goes, read once. */
  async function partial(level: number, index: number, least: number): Promise<Hash[]> {
    const key = `${level} ${index}`
    const known = partials.get(key)
    if (known && (await known).length >= least) return known
    const reading = widest(level, index, least)
    partials.set(key, reading)
    return reading
  }
  async function widest(level: number, index: number, least: number): Promise<Hash[]> {
    const size = await placedEntries(transaction, municipalityId)
    const width = Math.min(TILE, Math.floor(size / TILE ** level) - index * TILE)
    return tile(level, index, Math.max(least, width))
  }

  return { tile, subtree, root: (size) => subtree(0, size) }
}

/** The root of a perfect tree over hashes, whose number is a power of two. */
function fold(hashes: readonly Hash[]): Hash {
  let level = hashes
  while (level.length > 1) {
    const above: Hash[] = []
    for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i] as Hash, level[i + 1] as Hash))
    level = above
  }
  return level[0] ?? EMPTY_ROOT
}

/** How many entries have a place. */
export async function placedEntries(transaction: Transaction, municipalityId: string): Promise<number> {
  const { rows } = await sql<{ size: string }>`
    select coalesce(max(position) + 1, 0)::text as size from ledger_sequence where municipality_id = ${municipalityId}`.execute(
    transaction,
  )
  return Number(rows[0]?.size ?? 0)
}

/**
 * Keeps the tiles that the newest places completed and signs a checkpoint over them. Called by whoever
 * placed them, in the same transaction and under the same lock.
 */
export async function integrate(transaction: Transaction, municipalityId: string, signer: NoteSigner): Promise<void> {
  const size = await placedEntries(transaction, municipalityId)
  if (size === 0) return
  const { rows } = await sql<{ size: string }>`
    select coalesce(max(size), 0)::text as size from ledger_checkpoints where municipality_id = ${municipalityId}`.execute(
    transaction,
  )
  const before = Number(rows[0]?.size ?? 0)
  if (before === size) return
  for (let [level, span] = [0, TILE]; span <= size; [level, span] = [level + 1, span * TILE]) {
    const tree = ledgerTree(transaction, municipalityId)
    for (let index = Math.floor(before / span); index < Math.floor(size / span); index += 1) {
      await transaction
        .insertInto('ledger_tiles')
        .values({
          municipality_id: municipalityId,
          level,
          tile: String(index),
          hashes: Buffer.concat(await tree.tile(level, index, TILE)),
        })
        .execute()
    }
  }
  const root = await ledgerTree(transaction, municipalityId).root(size)
  await transaction
    .insertInto('ledger_checkpoints')
    .values({
      municipality_id: municipalityId,
      size: String(size),
      root: Buffer.from(root),
      note: signCheckpoint(signer, size, root),
    })
    .execute()
}
