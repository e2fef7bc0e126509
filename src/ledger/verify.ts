import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { openCheckpoint } from './checkpoint.ts'
import { compareLeaves, type Difference, type Found, type Ought } from './compare.ts'
import { growingTree, type Hash } from './merkle.ts'
import { checkpointsSigned, entriesBetween, entriesUnplaced, type StoredEntry, tilesBetween } from './store.ts'
import { placedEntries, TILE } from './tree.ts'
/** A leaf computed anew; `erased` when its key was destroyed; `broken` when the row is not what was sealed. */
export type Recount = Hash | 'erased' | 'broken'

/** Computes leaves anew from what is sealed in the entries. The gate alone can. */
export type RecountLeaves = (
  transaction: Transaction,
  municipalityId: string,
  entries: readonly StoredEntry[],
) => Promise<Recount[]>

export type Finding =
  | Difference
  /** A checkpoint that the town's key did not sign. */
  | { kind: 'false-checkpoint'; size: number }
  /** The leaves stopped agreeing with signed checkpoints between these two sizes. */
  | { kind: 'unsigned-change'; after: number; before: number }

export interface LedgerReport {
  /** Entries that have a place. */
  entries: number
  /** Entries that wait for a place. */
  waiting: number
  /** Checkpoints that were held against the leaves. */
  checkpoints: number
  /** Entries whose content nobody can open any more; their leaves are checked all the same. */
  erased: number
  findings: Finding[]
}

export interface LedgerCheck {
  key: { name: string; publicKey: Uint8Array }
  /** Whether checkpoints that the key signed under other names are this ledger's too. */
  anyName?: boolean
  verifySignature(text: Uint8Array, signature: Uint8Array): boolean
  recount: RecountLeaves
  /** A role that may read entries, where the login itself may not. */
  role?: string
  /** Checkpoints that outsiders kept, as signed notes. */
  kept?: readonly string[]
  progress?: { begin(what: string, total: number): void; at(done: number): void; end(): void }
}

const STEP = 16 * TILE

/**
 * Rebuilds the tree from the rows, holds it against every signed checkpoint, this database's and those others
 * kept, and says which entry was altered, removed, inserted or reordered.
 *
 * What the leaves ought to be is read from the stored tiles and, after the last of them, from the places.
 * Whoever changes those too is found out by the checkpoints, which only the town's key can sign.
 */
export async function verifyLedger(
  database: Database,
  municipalityId: string,
  check: LedgerCheck,
): Promise<LedgerReport> {
  const verify = async (transaction: Transaction): Promise<LedgerReport> => {
    const { signed, findings } = await signedCheckpoints(transaction, municipalityId, check)
    const size = Math.max(await placedEntries(transaction, municipalityId), ...signed.keys())
    const [allOught, allFound]: [Ought[], Found[]] = [[], []]
    const tree = growingTree()
    let agreed = 0
    let doubtful: number | undefined
    let [entries, erased] = [0, 0]

    check.progress?.begin('entries', size)
    for (let from = 0; from < size; from += STEP) {
      const to = Math.min(from + STEP, size)
      const step = await readStep(transaction, municipalityId, { from, to, recount: check.recount })
      entries += step.found.length
      erased += step.erased
      const intact = step.found.length === to - from && step.ought.every(({ leaf }, i) => leaf === step.found[i]?.leaf)
      if (!intact) {
        for (const one of step.ought) allOught.push(one)
        for (const one of step.found) allFound.push(one)
      }
      for (const { leaf, position } of step.ought) {
        if (doubtful !== undefined) break
        if (leaf === undefined) doubtful = position + 1
        else tree.append(Buffer.from(leaf, 'hex'))
        const promised = signed.get(position + 1)
        if (promised === undefined) continue
        if (doubtful === undefined && Buffer.from(promised).equals(tree.root())) agreed = position + 1
        else doubtful = position + 1
      }
      check.progress?.at(to)
    }
    check.progress?.end()

    if (doubtful !== undefined) findings.push({ kind: 'unsigned-change', after: agreed, before: doubtful })
    findings.push(...compareLeaves(allOught, allFound))
    const { waiting, forged } = await checkWaiting(transaction, municipalityId, check.recount)
    for (const entry of forged) findings.push({ kind: 'inserted', position: size, entry })
    return { entries, waiting, checkpoints: signed.size, erased, findings }
  }
  return inMunicipality(database, { municipalityId, role: check.role }, verify)
}

async function signedCheckpoints(transaction: Transaction, municipalityId: string, check: LedgerCheck) {
  const findings: Finding[] = []
  const signed = new Map<number, Hash>()
  const rows = await checkpointsSigned(transaction, municipalityId)
  const notes = [...rows, ...(check.kept ?? []).map((note) => ({ size: Number(note.split('\n')[1]), note }))]
  for (const { size, note } of notes) {
    // Under whatever name the town's key signed it: its address changes, and after a restore its ledger has another name.
    const key = check.anyName ? { ...check.key, name: note.split('\n')[0] ?? '' } : check.key
    const opened = openCheckpoint(note, key, check.verifySignature)
    const known = signed.get(Number(size))
    if (opened?.size !== Number(size) || (known && !Buffer.from(known).equals(opened.root)))
      findings.push({ kind: 'false-checkpoint', size: Number(size) })
    else signed.set(opened.size, opened.root)
  }
  return { signed, findings }
}

async function readStep(
  transaction: Transaction,
  municipalityId: string,
  { from, to, recount }: { from: number; to: number; recount: RecountLeaves },
): Promise<{ ought: Ought[]; found: Found[]; erased: number }> {
  const { rows } = await entriesBetween(transaction, { municipalityId, from: String(from), to: String(to) })
  const tiles = await tilesBetween(transaction, {
    municipalityId,
    from: String(Math.floor(from / TILE)),
    before: String(Math.ceil(to / TILE)),
  })
  const leaves = new Map(rows.map((row) => [Number(row.position), hex(row.placed_leaf)]))
  for (const { tile, hashes } of tiles) {
    for (let i = 0; i < TILE; i += 1) leaves.set(Number(tile) * TILE + i, hex(hashes.subarray(i * 32, i * 32 + 32)))
  }
  const present = rows.filter((row) => row.id !== null)
  const counted = await recount(transaction, municipalityId, present)
  let erased = 0
  const found = present.map((row, index): Found => {
    const leaf = counted[index]
    if (leaf === 'erased') erased += 1
    return {
      position: Number(row.position),
      entry: row.id,
      leaf: leaf === 'erased' ? hex(row.leaf_hash) : typeof leaf === 'object' ? hex(leaf) : `broken ${row.id}`,
    }
  })
  const ought = Array.from({ length: to - from }, (_, i) => ({ position: from + i, leaf: leaves.get(from + i) }))
  return { ought, found, erased }
}

/** Entries without a place: new ones, or such as somebody put in who cannot seal. */
async function checkWaiting(transaction: Transaction, municipalityId: string, recount: RecountLeaves) {
  const { rows } = await entriesUnplaced(transaction, municipalityId)
  const counted = await recount(transaction, municipalityId, rows)
  const forged = rows.filter((row, index) => {
    const leaf = counted[index]
    return leaf === 'broken' || (typeof leaf === 'object' && hex(leaf) !== hex(row.leaf_hash))
  })
  return { waiting: rows.length - forged.length, forged: forged.map((row) => row.id) }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
