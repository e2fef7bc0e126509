import { hash } from 'node:crypto'

// The Merkle tree of RFC 9162 section 2.1, SHA-256. Positions and sizes are bigint-free: a town's ledger
// stays below 2^53 entries.

export type Hash = Uint8Array

export const EMPTY_ROOT: Hash = hash('sha256', '', 'buffer')

/** The hash of an inner node. @see RFC 9162 section 2.1.1 */
export function nodeHash(left: Hash, right: Hash): Hash {
  return hash('sha256', Buffer.concat([Buffer.of(1), left, right]), 'buffer')
}

/** The hash over leaves `from` to `to` (excluded) of a tree, given by whoever holds it. */
export type SubtreeReader = (from: number, to: number) => Promise<Hash>

/** The largest power of two below `size`. */
export function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1))
}

/**
 * The proof that the leaf at `index` is in the tree of `size` leaves.
 *
 * @see RFC 9162 section 2.1.3.1
 */
export async function inclusionProof(subtree: SubtreeReader, index: number, size: number): Promise<Hash[]> {
  async function path(from: number, to: number): Promise<Hash[]> {
    if (to - from === 1) return []
    const middle = from + split(to - from)
    return index < middle
      ? [...(await path(from, middle)), await subtree(middle, to)]
      : [...(await path(middle, to)), await subtree(from, middle)]
  }
  if (!(index >= 0 && index < size)) throw new RangeError('no such leaf in a tree of this size')
  return path(0, size)
}

/**
 * The proof that the tree of `size` leaves begins with the tree of `earlier` leaves.
 *
 * @see RFC 9162 section 2.1.4.1
 */
export async function consistencyProof(subtree: SubtreeReader, earlier: number, size: number): Promise<Hash[]> {
  async function path(from: number, to: number, whole: boolean): Promise<Hash[]> {
    if (to === earlier) return whole ? [] : [await subtree(from, to)]
    const middle = from + split(to - from)
    return earlier <= middle
      ? [...(await path(from, middle, whole)), await subtree(middle, to)]
      : [...(await path(middle, to, false)), await subtree(from, middle)]
  }
  if (!(earlier >= 0 && earlier <= size)) throw new RangeError('the earlier tree is not the smaller one')
  return earlier === 0 || earlier === size ? [] : path(0, size, true)
}

/** A tree that grows leaf by leaf, keeping only the roots of its perfect subtrees. */
export interface GrowingTree {
  append(leaf: Hash): void
  size(): number
  root(): Hash
}

export function growingTree(): GrowingTree {
  /** By height; a gap where the size has a zero bit. */
  const roots: (Hash | undefined)[] = []
  let size = 0
  return {
    append(leaf) {
      let [height, hash] = [0, leaf]
      for (let below = roots[0]; below !== undefined; below = roots[height]) {
        hash = nodeHash(below, hash)
        roots[height] = undefined
        height += 1
      }
      roots[height] = hash
      size += 1
    },
    size: () => size,
    root: () =>
      roots.reduce((right, left) => (left && right ? nodeHash(left, right) : (left ?? right)), undefined) ?? EMPTY_ROOT,
  }
}

/** Whether a proof shows the leaf in the tree. @see RFC 9162 section 2.1.3.2 */
export function verifyInclusion(
  leaf: Hash,
  { index, size, proof, root }: { index: number; size: number; proof: readonly Hash[]; root: Hash },
): boolean {
  if (!isPosition(index) || !isPosition(size) || index >= size || leaf.length !== 32) return false
  let [node, last] = [index, size - 1]
  let computed = leaf
  for (const step of proof) {
    if (last === 0 || step.length !== 32) return false
    if (node % 2 === 1 || node === last) {
      computed = nodeHash(step, computed)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      computed = nodeHash(computed, step)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && same(computed, root)
}

/** Whether a proof shows that one tree begins with the other. @see RFC 9162 section 2.1.4.2 */
export function verifyConsistency(
  earlier: number,
  { size, earlierRoot, root, proof }: { size: number; earlierRoot: Hash; root: Hash; proof: readonly Hash[] },
): boolean {
  if (!isPosition(earlier) || !isPosition(size) || earlier > size) return false
  if (earlier === size) return proof.length === 0 && same(earlierRoot, root)
  if (earlier === 0) return proof.length === 0
  if (proof.length === 0 || proof.some((step) => step.length !== 32)) return false
  const steps = [...proof]
  let [node, last] = [earlier - 1, size - 1]
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  // A complete earlier tree is a node of the later one and need not be told again.
  const first = node === 0 ? earlierRoot : steps.shift()
  if (first === undefined) return false
  let [before, after] = [first, first]
  for (const step of steps) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      before = nodeHash(step, before)
      after = nodeHash(step, after)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      after = nodeHash(after, step)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && same(before, earlierRoot) && same(after, root)
}

const half = (position: number) => Math.floor(position / 2)
const isPosition = (number: number) => Number.isSafeInteger(number) && number >= 0
const same = (a: Hash, b: Hash) => a.length === b.length && Buffer.from(a).equals(b)
