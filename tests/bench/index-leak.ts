import type { Criteria } from '../../src/registry/model.ts'
import { nameWords, sound, wordsOfName } from '../../src/registry/person/names.ts'
import { likenessOf, tokenSets } from '../../src/registry/search/search-tokens.ts'
import { blindIndexBits } from '../../src/town/store.ts'
import { pairAttack } from '../support/index-attack.ts'
import { byPlace, Facts, keyedHash } from '../support/index-dump.ts'
import { type Guess, infer, propagate, rightlyNamed } from '../support/index-inference.ts'
import { type Townsperson, town } from '../support/index-town.ts'
import { dice } from './people.ts'

// What a stolen blind index gives away, as it is and as it might be, and what each way costs the search. No database.
// `node tests/bench/index-leak.ts` takes a minute or two; with names (`now lean`) it measures these variants, with `--all` all of
// them.

const PEOPLE = 2_000
const ALL = process.argv.includes('--all')
const named = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const WANTED = named.length > 0 ? named : ['now', 'open']
const KNOWN = ALL || named.length > 0 ? [0, 10, 50, 200] : [0, 200]
interface Variant {
  name: string
  sorted: boolean
  without: readonly string[]
  /** Kinds that are left out as well, and out of what is looked for: others stand for the same. */
  doubled?: readonly string[]
  sizes?: readonly number[]
  /** Values that one of the index stands for: its bits follow from it. */
  bits(values: number, people: number): number
}
/** As `blindIndexBits`. */
const today = (_: number, people: number) => blindIndexBits(people)
const behind = (people: number) => (values: number) => Math.round(Math.log2(values / people))
const padded = { sorted: true, without: [], sizes: [24, 48, 96] }
/** Two words by their sound, a word with a year by its sound, a word with a street by how it starts. */
const lean = { ...padded, doubled: ['exact', 'start', 'start-year'], sizes: [16, 32, 64] }

const EVERY: Variant[] = [
  { name: 'now', ...padded, bits: today },
  { name: 'open: as now, in the order they were made, not filled up', sorted: false, without: [], bits: today },
  { name: 'coarse: as now, 64 people to a value', ...padded, bits: behind(64) },
  { name: 'lean: one form a pair, 32 people to a value', ...lean, bits: behind(32) },
]

const VARIANTS = EVERY.filter(({ name }) => ALL || WANTED.some((one) => name.split(':')[0] === one))
const facts = new Facts(PEOPLE)

/** How a variant keeps a town: which facts, in rows of which sizes, under how many bits. */
function kept(variant: Variant, rows: readonly (readonly number[])[]) {
  const kindOf = (fact: number) => facts.parts(fact)[0] as string
  const doubled = (fact: number) => variant.doubled?.includes(kindOf(fact)) ?? false
  const dropped = (fact: number) => variant.without.includes(kindOf(fact)) || doubled(fact)
  const sizeOf = (length: number) => variant.sizes?.find((size) => size >= length) ?? length
  const lengths = rows.map((row) => row.reduce((sum, fact) => sum + Number(!dropped(fact)), 0))
  return {
    dropped,
    doubled,
    sizeOf,
    bits: variant.bits(
      lengths.reduce((sum, length) => sum + sizeOf(length), 0),
      rows.length,
    ),
  }
}

/** A town as this variant would keep it. */
function indexed(variant: Variant, rows: readonly (readonly number[])[], key: string) {
  const { dropped, sizeOf, bits } = kept(variant, rows)
  const hash = hashes(key)
  const roll = dice(key.length * 97)
  const values = rows.map((row) => {
    const own = new Set(row.filter((fact) => !dropped(fact)).map((fact) => hash(fact) >>> (32 - bits)))
    const size = sizeOf(own.size)
    while (own.size < size) own.add(Math.floor(roll() * 2 ** bits))
    return variant.sorted ? [...own].sort((a, b) => a - b) : [...own]
  })
  return { rows: values, kept: rows.map((row) => row.filter((fact) => !dropped(fact))), bits }
}

/** The keyed hash of facts, each made once. */
function hashes(key: string) {
  const hash = keyedHash(key)
  const made: number[] = []
  return (fact: number) => {
    const known = made[fact] ?? hash(facts.texts[fact] as string)
    made[fact] = known
    return known
  }
}

const percent = (part: number) => (part * 100).toFixed(part < 0.0995 ? 1 : 0)
const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
const say = (text: string) => void process.stdout.write(`${text}\n\n`)
const started = performance.now()
const passed = (what: string) => void process.stderr.write(`${what} ${Math.round(performance.now() - started)} ms\n`)

const people = town(PEOPLE, 1)
const shadowPeople = town(PEOPLE, 2)
const census = town(10_000, 3)
const factsOf = (of: readonly Townsperson[]) => of.map((person) => facts.of(person))
const [ownFacts, shadowFacts] = [factsOf(people), factsOf(shadowPeople)]

const mostFrequent = (list: string[]) => {
  const counts = new Map<string, number>()
  for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? ''
}
const commonest = {
  given: mostFrequent(census.map(({ name }) => name.given)),
  family: mostFrequent(census.flatMap(({ name }) => name.family)),
}
const right = (guesses: readonly Guess[]) =>
  guesses.filter((guess) => rightlyNamed(guess, people[guess.row] as Townsperson)).length

const leaks: string[][] = []
for (const variant of VARIANTS) {
  for (const together of [false, true]) {
    const [own, shadow] = [indexed(variant, ownFacts, 'theirs'), indexed(variant, shadowFacts, 'ours')]
    const households = (of: readonly Townsperson[]) => (together ? of.map(({ household }) => household) : undefined)
    const open = {
      facts,
      people: census,
      shadow: {
        people: shadowPeople,
        dump: { rows: shadow.rows, households: households(shadowPeople) },
        facts: shadow.kept,
      },
    }
    const dump = byPlace({ rows: own.rows, households: households(people) }, open)
    const sharpened = { ...open, shadow: { ...open.shadow, dump: byPlace(open.shadow.dump, open) } }
    const attack = pairAttack(dump, people, sharpened)
    passed(`${variant.name}, ${own.bits} bits`)
    for (const k of together ? [200] : KNOWN) {
      const known = people.slice(0, k).map((person, row) => ({ row, person }))
      const inferred = infer(attack.counted, known, sharpened)
      const figures = attack.tell(known, inferred)
      const answers = together ? [] : propagate(inferred, known, sharpened)
      const blind = people.slice(k).map((_, at) => ({ row: at + k, ...commonest, sure: 1 }))
      leaks.push([
        `${variant.name}${together ? ', households seen' : ''}`,
        String(k),
        ...figures.map(
          ({ precision, recall, best }) =>
            `${percent(precision)} at ${percent(recall)}; ${percent(best.precision)} at ${percent(best.recall)}`,
        ),
        together
          ? ''
          : `${right(answers)} (${right(answers.slice(0, 100))} of the surest 100; ${right(blind)} blindly)`,
      ])
      process.stderr.write(`${leaks.at(-1)?.join(' | ')}\n`)
      passed(`${k} known`)
    }
  }
}
say(
  table(
    ['variant', 'known', 'one building', '…of other households', 'one year', 'relatives', 'rightly named of the rest'],
    leaks,
  ),
)

// What it costs to search: how many records are opened for what is near, and whether whoever was meant is one of them.
const QUERIES: Record<string, (person: Townsperson) => number[][]> = {
  'name and year': ({ name, dateOfBirth }) => near({ name: `${name.given} ${name.family[0]}`, dateOfBirth }),
  'one word and year': ({ name, dateOfBirth }) => near({ name: nameWords(name.given)[0] ?? '', dateOfBirth }),
  'two words': ({ name }) => near({ name: `${name.given} ${name.family[0]}` }),
  'family name and street': ({ name, address }) => near({ name: name.family[0] ?? '', street: address.streetName }),
  'street and number': ({ address }) => near({ street: address.streetName, number: address.number }),
  'the same person, when registering': ({ name, dateOfBirth }) =>
    likenessOf(facts.token, wordsOfName(name), dateOfBirth).sets.slice(0, 1),
  'the same, by sound with year': ({ name, dateOfBirth }) => {
    const [who] = likenessOf(facts.token, wordsOfName(name), undefined).locks
    const words = [nameWords(name.given)[0] ?? '', nameWords(name.family[0] ?? '')[0] ?? '']
    return [[who as number, ...words.map((word) => facts.token('sound-year', sound(word), dateOfBirth))]]
  },
}
const near = (criteria: Criteria) => tokenSets(facts.token, criteria).near
const ASKED = 200

function searchCosts(): string[][] {
  const [size, living, rows] = [PEOPLE, people, ownFacts]
  const hash = hashes('search')
  passed(`${size} people`)
  const asked = Object.entries(QUERIES).map(([name, setsOf]) => ({
    name,
    sets: living.slice(0, ASKED).map((person) => setsOf(person)),
  }))
  return VARIANTS.map((variant) => {
    const { dropped, doubled, sizeOf, bits } = kept(variant, rows)
    const value = (fact: number) => hash(fact) >>> (32 - bits)
    const postings = new Map<number, Set<number>>()
    for (const { sets } of asked)
      for (const fact of sets.flat(2)) if (!dropped(fact)) postings.set(value(fact), new Set())
    const roll = dice(size)
    let values = 0
    rows.forEach((row, at) => {
      let length = 0
      for (const fact of row) {
        if (dropped(fact)) continue
        length += 1
        postings.get(value(fact))?.add(at)
      }
      values += sizeOf(length)
      for (let more = sizeOf(length) - length; more > 0; more -= 1)
        postings.get(Math.floor(roll() * 2 ** bits))?.add(at)
    })
    const cells = asked.map(({ sets }) => {
      let [opened, found] = [0, 0]
      const usable = sets.map((one) =>
        one.map((set) => set.filter((fact) => !doubled(fact))).filter((set) => set.length > 0 && !set.some(dropped)),
      )
      if (usable.every((one) => one.length === 0)) return '—'
      usable.forEach((one, meant) => {
        const candidates = new Set<number>()
        for (const set of one) {
          const [first, ...rest] = set
            .map((fact) => postings.get(value(fact)) as Set<number>)
            .sort((a, b) => a.size - b.size)
          for (const row of first ?? []) if (rest.every((other) => other.has(row))) candidates.add(row)
        }
        opened += candidates.size
        found += Number(candidates.has(meant))
      })
      return `${(opened / ASKED).toFixed(1)}, ${percent(found / ASKED)} %`
    })
    return [
      variant.name,
      String(size),
      String(bits),
      (values / 2 ** bits).toFixed(1),
      (values / size).toFixed(1),
      ...cells,
    ]
  })
}
say(
  table(
    ['variant', 'people', 'bits', 'people behind a value', 'values a person', ...Object.keys(QUERIES)],
    searchCosts(),
  ),
)
