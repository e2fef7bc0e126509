import { createHmac } from 'node:crypto'
import { wordsOfName } from '../../src/registry/person/names.ts'
import { type Token, tokenMaker, tokensOf } from '../../src/registry/search/search-tokens.ts'
import { blindIndexBits } from '../../src/town/store.ts'
import type { Townsperson } from './index-town.ts'

// A dump of the blind index as its thief sees it: rows of numbers, and what can be counted in them.

/** What the product hashes, each text once, by a number: what a value stands for, before any key. */
export class Facts {
  readonly texts: string[] = []
  readonly #ids = new Map<string, number>()
  readonly id = (text: string): number => {
    const known = this.#ids.get(text) ?? this.texts.push(text) - 1
    this.#ids.set(text, known)
    return known
  }
  readonly #place: Token
  readonly #plain = tokenMaker(this.id, 32)
  /** As the product’s own maker of tokens, but that it gives back what would be hashed; of a place the product hashes a hash. */
  readonly token: Token = (kind, ...parts) => (kind === 'street-number' ? this.#place : this.#plain)(kind, ...parts)

  /** @param size people, by which the product cuts places as coarsely as it does */
  constructor(size: number) {
    this.#place = tokenMaker(keyedHash('places'), blindIndexBits(size))
  }

  of(person: Pick<Townsperson, 'name'> & Partial<Townsperson>): number[] {
    const { name, dateOfBirth, address } = person
    return tokensOf(this.token, { names: [wordsOfName(name)], dateOfBirth, address })
  }
  readonly #ofNames = new Map<string, number[]>()
  /** The facts of a name of two parts alone, found out once. */
  ofName(given: string, family: string): number[] {
    const key = `${given}, ${family}`
    const known = this.#ofNames.get(key) ?? this.of({ name: { given, family: [family] } })
    this.#ofNames.set(key, known)
    return known
  }
  readonly #parts: string[][] = []
  parts(id: number): string[] {
    const known = this.#parts[id] ?? (this.texts[id] as string).split('\u0000')
    this.#parts[id] = known
    return known
  }
}

/** The first bits of a keyed hash, as the product makes them. */
export const keyedHash = (key: string) => (text: string) =>
  createHmac('sha256', key).update(text).digest().readUInt32BE()

/** What the dump has. Who lives together is in it in clear, as numbers: an attack may use it or leave it. */
export interface Dump {
  rows: readonly (readonly number[])[]
  households?: readonly number[] | undefined
}
/** Whom the attacker knows beforehand: which row is whose. */
export interface Known {
  row: number
  person: Townsperson
}

/** What anybody knows of such a town: how frequent names and years are, by how many values a row has. */
export interface Public {
  facts: Facts
  people: readonly Townsperson[]
  /** Another town of one size and one kind of index with the dump, which the attacker made and sees through. */
  shadow: { people: readonly Townsperson[]; dump: Dump; facts: readonly (readonly number[])[] }
}

/** Kinds of facts; none is unknown. */
const KINDS = ['?', 'exact', 'start', 'sound', 'start-year', 'sound-year', 'start-street', 'only', 'place']
const sorted = (row: readonly number[]) => row.every((value, at) => at === 0 || (row[at - 1] as number) <= value)

/**
 * Where rows keep the order they were made in, the place of a value in a row of that length tells what kind of fact
 * it stands for. The kind is put into the value: each then collides with its own kind alone.
 */
export function byPlace(dump: Dump, { facts, shadow }: Public): Dump {
  if (dump.rows.every(sorted)) return dump
  const seen = new Map<string, Map<string, number>>()
  shadow.facts.forEach((row, at) => {
    row.forEach((fact, place) => {
      const where = `${row.length} ${place}`
      const kinds = seen.get(where) ?? new Map<string, number>()
      seen.set(where, kinds)
      const kind = facts.parts(fact)[0] as string
      if (shadow.dump.rows[at]?.length === row.length) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    })
  })
  const kindAt = (length: number, place: number) => {
    const kinds = [...(seen.get(`${length} ${place}`) ?? [['?', 1] as const])].sort((a, b) => b[1] - a[1])
    const kind = kinds[0]?.[0] ?? '?'
    return KINDS.indexOf(kind)
  }
  return { ...dump, rows: dump.rows.map((row) => row.map((value, at) => value + 2 ** 32 * kindAt(row.length, at))) }
}

/** Whether a value may stand for a fact of a kind, by where it was found. */
export const maybeOf = (kind: string, value: number) => value < 2 ** 32 || KINDS[Math.floor(value / 2 ** 32)] === kind

/** Rows with what can be counted in them. */
export class Counted {
  readonly rows: readonly (readonly number[])[]
  readonly sets: Set<number>[]
  readonly holders = new Map<number, number[]>()
  readonly shared: Uint8Array
  readonly size: number
  readonly load: number
  readonly #classes = new Map<number, number>()
  readonly #core: Set<number>[]

  constructor({ rows, households }: Dump) {
    this.rows = rows
    this.sets = rows.map((row) => new Set(row))
    this.size = rows.length
    this.sets.forEach((set, row) => {
      for (const value of set) this.holders.set(value, [...(this.holders.get(value) ?? []), row])
    })
    this.load = rows.reduce((sum, row) => sum + row.length, 0) / this.holders.size
    this.shared = new Uint8Array(this.size * this.size)
    for (const rows of this.holders.values())
      for (const r of rows) for (const s of rows) (this.shared[r * this.size + s] as number) += 1
    this.#core = this.#ofWholeHouseholds(households)
  }

  /** What everybody of a household has: their address, and the name they share. */
  #ofWholeHouseholds(households: readonly number[] | undefined): Set<number>[] {
    const mates = new Map<number, number[]>()
    households?.forEach((household, row) => void mates.set(household, [...(mates.get(household) ?? []), row]))
    return this.sets.map((set, row) => {
      const others = (mates.get(households?.[row] ?? -1) ?? []).filter((mate) => mate !== row)
      return new Set(
        others.length === 0 ? [] : [...set].filter((value) => others.every((mate) => this.sets[mate]?.has(value))),
      )
    })
  }

  /** What a value looks like: its kind if known, how many hold it, and how much else these have in common. */
  classOf(value: number): number {
    const known = this.#classes.get(value)
    if (known !== undefined) return known
    const rows = this.holders.get(value) ?? []
    let [more, pairs] = [0, 0]
    for (const r of rows)
      for (const s of rows)
        if (r < s) [more, pairs] = [more + (this.shared[r * this.size + s] as number) - 1, pairs + 1]
    const lift = Math.min(15, Math.round(4 * Math.log2(1 + (pairs ? more / pairs : 0))))
    const often = Math.min(15, Math.round(2 * Math.log2(rows.length)))
    const made = (Math.floor(value / 2 ** 32) * 16 + often) * 16 + lift
    this.#classes.set(value, made)
    return made
  }

  /** The classes of what two rows share, apart where it is of the whole household of one or both. */
  between(r: number, s: number): number[] {
    const [few, many] = [this.sets[r] as Set<number>, this.sets[s] as Set<number>]
    const classes: number[] = []
    for (const value of few) {
      if (many.has(value))
        classes.push(this.classOf(value) * 3 + Number(this.#core[r]?.has(value)) + Number(this.#core[s]?.has(value)))
    }
    return classes
  }
}
