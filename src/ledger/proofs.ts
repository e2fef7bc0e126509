import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { consistencyProof, type Hash, inclusionProof } from './merkle.ts'
import { checkpointBefore, cosignaturesOf, newestCheckpoint, positionOf } from './store.ts'
import { ledgerTree, TILE } from './tree.ts'

/** The newest signed checkpoint, with the cosignatures of witnesses that it has; undefined before there is one. */
export async function latestCheckpoint(database: Database, municipalityId: string): Promise<SignedTree | undefined> {
  return inMunicipality(database, municipalityId, async (transaction) =>
    withCosignatures(transaction, municipalityId, await newestCheckpoint(transaction, municipalityId)),
  )
}

/** Where the ledger is published from. */
export interface PublishedLedger {
  database: Database
  /** Each checkpoint is published as it is signed: in a demonstration, whose people are invented. */
  ledgerAtOnce?: boolean | undefined
}

/**
 * The checkpoint that everybody sees. Its size is how often records were opened and refused: seen at every moment it would tell
 * whoever watches a counter which entry is whose. So it is published in daily steps, at four in the morning.
 *
 * @see last_publication, schema/0001_platform.sql
 */
export const publishedCheckpoint = (published: PublishedLedger, municipalityId: string) =>
  checkpointOf(published, municipalityId, 'morning')

/** The checkpoint that witnesses are asked about: that of the last full hour, since whoever asks a witness learns its size. */
export const checkpointForWitnesses = (published: PublishedLedger, municipalityId: string) =>
  checkpointOf(published, municipalityId, 'hour')

async function checkpointOf(
  { database, ledgerAtOnce }: PublishedLedger,
  municipalityId: string,
  moment: 'morning' | 'hour',
): Promise<SignedTree | undefined> {
  if (ledgerAtOnce) return latestCheckpoint(database, municipalityId)
  return inMunicipality(database, municipalityId, async (transaction) =>
    withCosignatures(transaction, municipalityId, await checkpointBefore(transaction, { municipalityId, moment })),
  )
}

/** A checkpoint as it is handed out. */
export interface SignedTree {
  size: number
  /** A signed note, with the cosignatures of witnesses. */
  note: string
  /** RFC 3339. */
  signedAt: string
}

async function withCosignatures(
  transaction: Transaction,
  municipalityId: string,
  row: { size: string; note: string; signed_at: Date } | undefined,
): Promise<SignedTree | undefined> {
  if (row === undefined) return undefined
  const cosignatures = await cosignaturesOf(transaction, { municipalityId, size: row.size })
  return {
    size: Number(row.size),
    signedAt: row.signed_at.toISOString(),
    note: [row.note, ...cosignatures.map(({ line }) => `${line}\n`)].join(''),
  }
}

/**
 * A tile of the tree at its published checkpoint: at most 256 hashes of 32 bytes.
 *
 * @param width how many hashes; less than 256 only for the last tile of a level
 * @returns undefined when the tree does not reach that far
 * @see C2SP tlog-tiles
 */
export async function readTile(
  published: PublishedLedger,
  municipalityId: string,
  { level, index, width }: { level: number; index: number; width: number },
): Promise<Uint8Array | undefined> {
  const checkpoint = await publishedCheckpoint(published, municipalityId)
  const reach = Math.floor((checkpoint?.size ?? 0) / TILE ** level)
  if (width < 1 || width > TILE || index * TILE + width > reach) return undefined
  return inMunicipality(published.database, municipalityId, async (transaction) =>
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
