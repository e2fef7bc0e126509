import { type Database, inMunicipality } from '../platform/database.ts'
import { consistencyProof, type Hash, inclusionProof } from './merkle.ts'
import { cosignaturesOf, newestCheckpoint, positionOf } from './store.ts'
import { ledgerTree, TILE } from './tree.ts'

/** The newest signed checkpoint, with the cosignatures of witnesses that it has; undefined before there is one. */
export async function latestCheckpoint(
  database: Database,
  municipalityId: string,
): Promise<{ size: number; note: string; signedAt: string } | undefined> {
  return inMunicipality(database, municipalityId, async (transaction) => {
    const row = await newestCheckpoint(transaction, municipalityId)
    if (row === undefined) return undefined
    const cosignatures = await cosignaturesOf(transaction, { municipalityId, size: row.size })
    const signedAt = row.signed_at.toISOString()
    return {
      size: Number(row.size),
      signedAt,
      note: [row.note, ...cosignatures.map(({ line }) => `${line}\n`)].join(''),
    }
  })
}

/**
 * A tile of the tree at its newest checkpoint: at most 256 hashes of 32 bytes.
 *
 * @param width how many hashes; less than 256 only for the last tile of a level
 * @returns undefined when the tree does not reach that far
 * @see C2SP tlog-tiles
 */
export async function readTile(
  database: Database,
  municipalityId: string,
  { level, index, width }: { level: number; index: number; width: number },
): Promise<Uint8Array | undefined> {
  const checkpoint = await latestCheckpoint(database, municipalityId)
  const reach = Math.floor((checkpoint?.size ?? 0) / TILE ** level)
  if (width < 1 || width > TILE || index * TILE + width > reach) return undefined
  return inMunicipality(database, municipalityId, async (transaction) =>
    Buffer.concat(await ledgerTree(transaction, municipalityId).tile(level, index, width)),
  )
}

export interface Inclusion {
  index: number
  size: number
  proof: Hash[]
}

/** Shows that the entry with this leaf hash is in the tree of `size` entries; undefined when it is not. */
export async function proveInclusion(
  database: Database,
  municipalityId: string,
  { leafHash, size }: { leafHash: Hash; size: number },
): Promise<Inclusion | undefined> {
  return inMunicipality(database, municipalityId, async (transaction) => {
    const row = await positionOf(transaction, { municipalityId, leafHash: Buffer.from(leafHash) })
    const index = Number(row?.position ?? size)
    if (index >= size) return undefined
    return { index, size, proof: await inclusionProof(ledgerTree(transaction, municipalityId).subtree, index, size) }
  })
}

/** Shows that the tree of `size` entries begins with the tree of `earlier` entries. */
export async function proveConsistency(
  database: Database,
  municipalityId: string,
  { earlier, size }: { earlier: number; size: number },
): Promise<Hash[]> {
  return inMunicipality(database, municipalityId, (transaction) =>
    consistencyProof(ledgerTree(transaction, municipalityId).subtree, earlier, size),
  )
}
