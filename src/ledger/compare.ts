/** A leaf as it ought to be at a place; `undefined` where only its number is known. */
export interface Ought {
  position: number
  leaf: string | undefined
}

/** An entry that lies at a place now. */
export interface Found {
  position: number
  entry: string
  leaf: string
}

export type Difference =
  /** The entry at this place is not what it was. */
  | { kind: 'altered'; position: number; entry: string }
  /** An entry lies here that never had a place. */
  | { kind: 'inserted'; position: number; entry: string }
  /** The entry that had this place is gone. */
  | { kind: 'removed'; position: number }
  /** The entry lies at another place than the one it was given. */
  | { kind: 'reordered'; position: number; belongs: number; entry: string }

/**
 * What was done to a list of leaves. Both lists in order of position. One entry put in or taken out moves
 * all that follow; that alone is not called a change of order.
 */
export function compareLeaves(ought: readonly Ought[], found: readonly Found[]): Difference[] {
  const positionOf = new Map(
    ought.flatMap(({ leaf, position }) => (leaf === undefined ? [] : [[leaf, position] as const])),
  )
  const targets = found.map(({ leaf }) => positionOf.get(leaf))
  const settled = longestRising(targets)
  const missing = new Set(ought.map(({ position }) => position))
  for (const target of targets) if (target !== undefined) missing.delete(target)

  const differences: Difference[] = []
  let expected = ought[0]?.position ?? 0
  for (const [index, { position, entry }] of found.entries()) {
    const target = targets[index]
    if (target === undefined) {
      const altered = missing.delete(expected)
      differences.push({ kind: altered ? 'altered' : 'inserted', position: altered ? expected : position, entry })
      if (altered) expected += 1
    } else if (settled.has(index)) {
      expected = target + 1
    } else {
      differences.push({ kind: 'reordered', position, belongs: target, entry })
    }
  }
  for (const position of missing) differences.push({ kind: 'removed', position })
  return differences.sort((a, b) => a.position - b.position)
}

/** Indices of a longest strictly rising subsequence; undefined values are passed over. */
function longestRising(values: readonly (number | undefined)[]): Set<number> {
  const ends: number[] = []
  const before = new Map<number, number>()
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((values[ends[middle] ?? 0] ?? 0) < value) low = middle + 1
      else high = middle
    }
    const previous = ends[low - 1]
    if (previous !== undefined) before.set(index, previous)
    ends[low] = index
  }
  const rising = new Set<number>()
  for (let at = ends.at(-1); at !== undefined; at = before.get(at)) rising.add(at)
  return rising
}
