import type { Transaction } from '../platform/database.ts'
import { type NoteSigner, signCheckpoint } from './checkpoint.ts'
import { EMPTY_ROOT, type Hash, nodeHash, type SubtreeReader, split } from './merkle.ts'
import { integratedSize, keepCheckpoint, keepTile, leavesBetween, placedSize, rootsBetween, tileRow } from './store.ts'

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
  const read = new Map<string, Promise<Hash[]>>()

  /** The hashes of a tile as far as it goes, read once. */
  function soFar(level: number, index: number): Promise<Hash[]> {
    const key = `${level} ${index}`
    const reading = read.get(key) ?? stored(level, index)
    read.set(key, reading)
    return reading
  }

  async function stored(level: number, index: number): Promise<Hash[]> {
    const row = await tileRow(transaction, { municipalityId, level, tile: String(index) })
    if (row) return Array.from({ length: TILE }, (_, i) => row.hashes.subarray(i * 32, i * 32 + 32))
    const [first, end] = [`${index * TILE}`, `${index * TILE + TILE}`]
    const { rows } =
      level === 0
        ? await leavesBetween(transaction, { municipalityId, first, end })
        : await rootsBetween(transaction, { municipalityId, level: level - 1, first, end })
    return rows.map(({ hash }) => hash)
  }

  async function tile(level: number, index: number, width: number): Promise<Hash[]> {
    const hashes = await soFar(level, index)
    if (hashes.length < width) throw new RangeError('the ledger has no such entries')
    return hashes.slice(0, width)
  }

  async function subtree(from: number, to: number): Promise<Hash> {
    const size = to - from
    if (size === 0) return EMPTY_ROOT
    if (size > 1 && (!Number.isInteger(Math.log2(size)) || from % size !== 0)) {
      const middle = from + split(size)
      return nodeHash(await subtree(from, middle), await subtree(middle, to))
    }
    // A perfect tree: some of the hashes of one tile, the highest that has them.
    let [level, span] = [0, 1]
    while (span * TILE <= size) [level, span] = [level + 1, span * TILE]
    const first = from / span
    const within = first % TILE
    const hashes = await tile(level, Math.floor(first / TILE), within + size / span)
    return fold(hashes.slice(within))
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
  const { rows } = await placedSize(transaction, municipalityId)
  return Number(rows[0]?.size ?? 0)
}

/**
 * Keeps the tiles that the newest places completed and signs a checkpoint over them. Called by whoever
 * placed them, in the same transaction and under the same lock.
 */
export async function integrate(transaction: Transaction, municipalityId: string, signer: NoteSigner): Promise<void> {
  const size = await placedEntries(transaction, municipalityId)
  if (size === 0) return
  const { rows } = await integratedSize(transaction, municipalityId)
  const before = Number(rows[0]?.size ?? 0)
  if (before === size) return
  for (let [level, span] = [0, TILE]; span <= size; [level, span] = [level + 1, span * TILE]) {
    const tree = ledgerTree(transaction, municipalityId)
    for (let index = Math.floor(before / span); index < Math.floor(size / span); index += 1) {
      const hashes = await tree.tile(level, index, TILE)
      await keepTile(transaction, {
        municipality_id: municipalityId,
        level,
        tile: String(index),
        hashes: Buffer.concat(hashes),
        root: Buffer.from(fold(hashes)),
      })
    }
  }
  const root = await ledgerTree(transaction, municipalityId).root(size)
  await keepCheckpoint(transaction, {
    municipalityId,
    size: String(size),
    root: Buffer.from(root),
    note: signCheckpoint(signer, size, root),
  })
}
