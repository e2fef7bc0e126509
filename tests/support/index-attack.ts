import { dice } from '../bench/people.ts'
import { Counted, type Dump, type Known, type Public } from './index-dump.ts'
import { type Inferred, infer } from './index-inference.ts'
import type { Townsperson } from './index-town.ts'

// Which two rows of a dump are of one building, year or family. A classifier learns it in the attacker's own town, from
// what two rows share: how many values, of which classes, and what known people say of years and buildings.

const PAIRS = {
  'same building': (p: Townsperson, q: Townsperson) => p.building === q.building,
  'same building, not one household': (p: Townsperson, q: Townsperson) =>
    p.building === q.building && p.household !== q.household,
  'same year': (p: Townsperson, q: Townsperson) => p.dateOfBirth === q.dateOfBirth,
  relatives: (p: Townsperson, q: Townsperson) =>
    p.household === q.household && p.name.family.some((name) => q.name.family.includes(name)),
}
export type PairKind = keyof typeof PAIRS
export const PAIR_KINDS = Object.keys(PAIRS) as PairKind[]

/** For each class of value, how much likelier two holders are a pair of each kind than any two people, as a logarithm. */
type ClassTable = Map<number, number[]>
type Visit = (r: number, s: number) => void

/** One pair in four of those that share something: enough to count by, and the same in each run. */
function visitPairs({ size, shared }: Counted, visit: Visit): void {
  for (let r = 0; r < size; r += 1)
    for (let s = r + 1; s < size; s += 1) if (counts(r, s) && shared[r * size + s] !== 0) visit(r, s)
}
const counts = (r: number, s: number) => (r * 31 + s * 17) % 4 === 0

const isPair = (people: readonly Townsperson[], kind: PairKind, r: number, s: number) =>
  PAIRS[kind](people[r] as Townsperson, people[s] as Townsperson)

function classTable(counted: Counted, people: readonly Townsperson[]): ClassTable {
  const seen = new Map<number, number[]>()
  const all = PAIR_KINDS.map(() => 0)
  let pairs = 0
  for (let r = 0; r < counted.size; r += 1) {
    for (let s = r + 1; s < counted.size; s += 1) {
      if (!counts(r, s)) continue
      const truths = PAIR_KINDS.map((kind) => Number(isPair(people, kind, r, s)))
      pairs += 1
      truths.forEach((truth, kind) => {
        all[kind] = (all[kind] as number) + truth
      })
      for (const one of counted.between(r, s)) {
        const row = seen.get(one) ?? Array.from({ length: truths.length + 1 }, () => 0)
        seen.set(one, row)
        truths.forEach((truth, kind) => {
          row[kind] = (row[kind] as number) + truth
        })
        row[truths.length] = (row[truths.length] as number) + 1
      }
    }
  }
  const logarithms = (row: number[]) =>
    all.map((hits, kind) => {
      const often = hits / pairs
      return Math.log(((row[kind] as number) + 20 * often) / ((row[all.length] as number) + 20) / often)
    })
  return new Map([...seen].map(([one, row]) => [one, logarithms(row)]))
}

const REST = 2 * PAIR_KINDS.length
/** What a classifier weighs of two rows. */
const WIDTH = REST + 4

function shareOf(counted: Counted, table: ClassTable, r: number, s: number): Float32Array {
  const line = new Float32Array(WIDTH)
  const classes = counted.between(r, s)
  for (let kind = 0; kind < PAIR_KINDS.length; kind += 1) {
    let [sum, most] = [0, -5]
    for (const one of classes) {
      const tells = table.get(one)?.[kind] ?? 0
      sum += tells
      if (tells > most) most = tells
    }
    line[2 * kind] = sum
    line[2 * kind + 1] = most
  }
  line[REST] = classes.length
  line[REST + 1] = Math.sqrt(classes.length)
  return line
}

function addKnown(line: Float32Array, { years, homes }: Inferred, r: number, s: number): void {
  const both = (parts: readonly number[][]) => {
    const [x, y] = [parts[r] as number[], parts[s] as number[]]
    let sum = 1e-4
    for (let at = 0; at < x.length; at += 1) sum += (x[at] as number) * (y[at] as number)
    return Math.log(sum)
  }
  line[REST + 2] = both(years)
  line[REST + 3] = both(homes)
}

/** Weights that tell pairs of a kind from others: logistic regression, by steps. */
function regression(lessons: readonly { line: Float32Array; hit: number }[], roll: () => number) {
  const columns = Array.from({ length: WIDTH }, (_, i) => i)
  const mean = columns.map((i) => lessons.reduce((sum, { line }) => sum + (line[i] as number), 0) / lessons.length)
  const spread = columns.map((i) => {
    const squares = lessons.reduce((sum, { line }) => sum + ((line[i] as number) - (mean[i] as number)) ** 2, 0)
    return Math.sqrt(squares / lessons.length) || 1
  })
  const weights = new Float64Array(WIDTH)
  let bias = 0
  const part = (line: Float32Array, i: number) => ((line[i] as number) - (mean[i] as number)) / (spread[i] as number)
  const score = (line: Float32Array) => {
    let sum = bias
    for (let i = 0; i < WIDTH; i += 1) sum += (weights[i] as number) * part(line, i)
    return sum
  }
  for (let step = 0; step < 150_000; step += 1) {
    const { line, hit } = lessons[Math.floor(roll() * lessons.length)] as (typeof lessons)[number]
    const by = (0.05 / (1 + step / 30_000)) * (hit - 1 / (1 + Math.exp(-score(line))))
    for (let i = 0; i < WIDTH; i += 1) weights[i] = (weights[i] as number) + by * part(line, i)
    bias += by
  }
  return score
}

export interface PairFigures {
  kind: PairKind
  /** How many of any two people are such a pair. */
  base: number
  /** The most precise answer that finds one pair in twenty at least: the threshold is chosen for the attacker. */
  precision: number
  recall: number
  /** The answer with the best F1. */
  best: { precision: number; recall: number }
}

/** A dump against the attacker's own town; what is the same whomever they know is worked out once. */
export function pairAttack(dump: Dump, people: readonly Townsperson[], open: Public) {
  const [ours, theirs] = [new Counted(open.shadow.dump), new Counted(dump)]
  const table = classTable(ours, open.shadow.people)
  const linesOf = (counted: Counted, keep: Visit | ((r: number, s: number) => boolean)) => {
    const lines: { r: number; s: number; line: Float32Array }[] = []
    visitPairs(counted, (r, s) => {
      if (keep(r, s) !== false) lines.push({ r, s, line: shareOf(counted, table, r, s) })
    })
    return lines
  }
  const roll = dice(31)
  const anyPair = (r: number, s: number) => PAIR_KINDS.some((kind) => isPair(open.shadow.people, kind, r, s))
  const lessons = linesOf(ours, (r, s) => anyPair(r, s) || roll() < 0.1)
  const asked = linesOf(theirs, () => undefined)

  return {
    counted: theirs,
    /** The first rows are known; the truth of the dump only marks the answers. */
    tell(known: readonly Known[], inferred: Inferred): PairFigures[] {
      const bothKnown = (r: number, s: number) => r < known.length && s < known.length
      if (known.length > 0) {
        const taught = open.shadow.people.slice(0, known.length).map((person, row) => ({ row, person }))
        const there = infer(ours, taught, open)
        for (const { line, r, s } of lessons) addKnown(line, there, r, s)
        for (const { line, r, s } of asked) addKnown(line, inferred, r, s)
      }
      const studied = lessons.filter(({ r, s }) => !bothKnown(r, s))
      const judged = asked.filter(({ r, s }) => !bothKnown(r, s))
      return PAIR_KINDS.map((kind) => {
        const marked = studied.map(({ line, r, s }) => ({ line, hit: Number(isPair(open.shadow.people, kind, r, s)) }))
        const score = regression(marked, dice(77))
        const scores = Float64Array.from(judged, ({ line }) => score(line))
        const hits = scores.filter((_, i) => isPair(people, kind, judged[i]?.r ?? 0, judged[i]?.s ?? 0))
        let [all, pairs] = [0, 0]
        for (let r = 0; r < people.length; r += 1) {
          for (let s = Math.max(r + 1, r < known.length ? known.length : 0); s < people.length; s += 1) {
            if (counts(r, s)) [all, pairs] = [all + 1, pairs + Number(isPair(people, kind, r, s))]
          }
        }
        return { kind, base: pairs / all, ...operatingPoints(scores, hits, pairs) }
      })
    },
  }
}

function operatingPoints(scores: Float64Array, hits: Float64Array, pairs: number) {
  scores.sort()
  hits.sort()
  let figures = { precision: 0, recall: 0 }
  let best = { precision: 0, recall: 0 }
  let [f1, above] = [0, scores.length]
  for (let at = hits.length - 1; at >= 0; at -= 1) {
    const threshold = hits[at] as number
    if (hits[at - 1] === threshold) continue
    while (above > 0 && (scores[above - 1] as number) >= threshold) above -= 1
    const [precision, recall] = [(hits.length - at) / (scores.length - above), (hits.length - at) / pairs]
    if (recall >= 0.05 && precision > figures.precision) figures = { precision, recall }
    const mean = (2 * precision * recall) / (precision + recall)
    if (mean > f1) [f1, best] = [mean, { precision, recall }]
  }
  return { ...figures, best }
}
