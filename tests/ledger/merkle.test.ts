import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  nodeHash,
  split,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/merkle.ts'

interface Vector {
  leafIdx: number
  treeSize: number
  root: string
  leafHash: string
  size1: number
  size2: number
  root1: string
  root2: string
  proof: string[] | null
  desc: string
  wantErr: boolean
}

/** Some have sizes beyond 2^53, which JSON rounds: all of those must be refused. */
function vectorsOf(kind: string): [string, Vector][] {
  const folder = join('tests/vectors/merkle', kind)
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8'))])
}
const bytes = (text: string | null) => Buffer.from(text ?? '', 'base64')

describe('the vectors of others', () => {
  it('are all there', () => {
    expect(vectorsOf('inclusion').length).toBeGreaterThanOrEqual(35)
    expect(vectorsOf('consistency').length).toBeGreaterThanOrEqual(35)
  })

  it.each(vectorsOf('inclusion'))('inclusion %s', (_, { leafHash, leafIdx, treeSize, proof, root, wantErr }) => {
    expect(
      verifyInclusion(bytes(leafHash), {
        index: leafIdx,
        size: treeSize,
        proof: (proof ?? []).map(bytes),
        root: bytes(root),
      }),
    ).toBe(!wantErr)
  })

  it.each(vectorsOf('consistency'))('consistency %s', (_, { size1, size2, root1, root2, proof, wantErr }) => {
    expect(
      verifyConsistency(size1, {
        size: size2,
        earlierRoot: bytes(root1),
        root: bytes(root2),
        proof: (proof ?? []).map(bytes),
      }),
    ).toBe(!wantErr)
  })
})

const leaf = (i: number): Hash => hash('sha256', Buffer.concat([Buffer.of(0), Buffer.from(`entry ${i}`)]), 'buffer')
function rootOf(from: number, to: number): Hash {
  if (to === from) return EMPTY_ROOT
  if (to - from === 1) return leaf(from)
  const middle = from + split(to - from)
  return nodeHash(rootOf(from, middle), rootOf(middle, to))
}
const subtree = async (from: number, to: number) => rootOf(from, to)

describe('our own proofs', () => {
  it('show every leaf of every tree up to 40, and show no other', async () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = await inclusionProof(subtree, index, size)
        expect(verifyInclusion(leaf(index), { index, size, proof, root: rootOf(0, size) })).toBe(true)
        expect(verifyInclusion(leaf(index + 1), { index, size, proof, root: rootOf(0, size) })).toBe(false)
        if (size > 1)
          expect(verifyInclusion(leaf(index), { index: (index + 1) % size, size, proof, root: rootOf(0, size) })).toBe(
            false,
          )
      }
    }
  })

  it('show every tree to be the beginning of every later one, and no altered one', async () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let earlier = 0; earlier <= size; earlier += 1) {
        const proof = await consistencyProof(subtree, earlier, size)
        expect(
          verifyConsistency(earlier, { size, earlierRoot: rootOf(0, earlier), root: rootOf(0, size), proof }),
        ).toBe(true)
        if (earlier > 0)
          expect(verifyConsistency(earlier, { size, earlierRoot: leaf(999), root: rootOf(0, size), proof })).toBe(false)
      }
    }
  })

  it('fail with any bit changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(), fc.nat(), async (size, at, step, bit) => {
        const index = at % size
        const proof = await inclusionProof(subtree, index, size)
        const changed = proof.map((one) => Uint8Array.from(one))
        const one = changed[step % changed.length]
        if (one) one[bit % 32] = (one[bit % 32] ?? 0) ^ (1 << (bit % 8))
        expect(verifyInclusion(leaf(index), { index, size, proof: changed, root: rootOf(0, size) })).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})
