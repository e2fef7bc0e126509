import { foldedWords } from '../../src/platform/folded-words.ts'
import { nameWords, sound, wordsOfName } from '../../src/registry/person/names.ts'
import { type Counted, type Known, maybeOf, type Public } from './index-dump.ts'
import { buildings, type Townsperson } from './index-town.ts'

// What the blind index tells somebody who has a dump of it and no key, by the best attack we know: they build towns
// of their own under keys of their own, see there what values of the index look like by what they stand for, and
// bring what they learnt to the dump. Nothing here is random but by a seed. Everybody is invented.

type Weights = Map<number, number>

/**
 * What the known people teach: for each fact of theirs, which value it may be. Everybody with the fact must have the
 * value; of a row, each value stands for about one fact; and a value is held at least as often as its fact is true.
 */
function learn(
  counted: Counted,
  known: readonly { row: number; facts: readonly number[] }[],
  { often, kindOf }: { often: Weights; kindOf: (fact: number) => string },
) {
  const rowsOf = new Map<number, number[]>()
  for (const { row, facts } of known) for (const fact of facts) rowsOf.set(fact, [...(rowsOf.get(fact) ?? []), row])
  const learnt = new Map<number, Weights>()
  const evenOut = (weights: Weights) => {
    const sum = [...weights.values()].reduce((a, b) => a + b, 0)
    for (const [value, weight] of weights) {
      if (weight / sum < 0.003) weights.delete(value)
      else weights.set(value, weight / sum)
    }
  }
  for (const [fact, rows] of rowsOf) {
    const weights: Weights = new Map()
    const kind = kindOf(fact)
    const awaited = counted.load + (often.get(fact) ?? 0)
    for (const row of rows.slice(0, 3)) {
      for (const value of counted.sets[row] ?? []) {
        if (!maybeOf(kind, value)) continue
        const missing = rows.filter((one) => !counted.sets[one]?.has(value)).length
        const held = counted.holders.get(value)?.length ?? 0
        weights.set(value, 0.02 ** missing * Math.exp(-((held - awaited) ** 2) / (3 * awaited)) + 1e-12)
      }
    }
    evenOut(weights)
    learnt.set(fact, weights)
  }
  for (let turn = 0; turn < 4; turn += 1) {
    for (const { facts } of known) {
      const mass: Weights = new Map()
      for (const fact of facts)
        for (const [value, weight] of learnt.get(fact) ?? []) mass.set(value, (mass.get(value) ?? 0) + weight)
      for (const fact of facts) {
        const weights = learnt.get(fact) as Weights
        for (const [value, weight] of weights) weights.set(value, weight / Math.max(1, mass.get(value) ?? 1))
      }
    }
    for (const weights of learnt.values()) evenOut(weights)
  }
  return learnt
}

/** A row that lacks the value is not quite ruled out: what was learnt may be wrong. */
const LEAST = 0.003

/** How much likelier a row is if the fact is true of its person than if it is not. */
function ratio(counted: Counted, weights: Weights, row: number): number {
  let sum = 0
  for (const [value, weight] of weights) {
    if (counted.sets[row]?.has(value)) sum += (weight * counted.size) / (counted.holders.get(value)?.length ?? 1)
  }
  return Math.max(sum, LEAST)
}
const perhaps = (chance: number, of: number) => Math.log(1 - chance + chance * of)

function normalised(logs: number[]): number[] {
  const top = Math.max(...logs)
  const parts = logs.map((log) => Math.exp(log - top))
  const sum = parts.reduce((a, b) => a + b, 0)
  return parts.map((part) => part / sum)
}

export interface Guess {
  row: number
  given: string
  family: string
  sure: number
}
const YEARS = Array.from({ length: 96 }, (_, i) => String(1930 + i))
const share = <T>(list: readonly T[], of: (one: T) => readonly string[]) => {
  const counts = new Map<string, number>()
  for (const one of list)
    for (const text of new Set(of(one))) counts.set(text, (counts.get(text) ?? 0) + 1 / list.length)
  return counts
}
const formsOf = (word: string) => [`exact ${word}`, `start ${word.slice(0, 3)}`, `sound ${sound(word)}`]
const ABOUT = ['year', 'street-number', 'start-year', 'sound-year', 'start-street']

/** A fact of which something was learnt. */
interface Told {
  kind: string
  /** What of a word it is made of: `exact`, `start` or `sound`. */
  form: string
  a: string
  b: string
  weights: Weights
}

/** Everything the attacker makes of one dump and whom they know: who was born when and who lives where. */
export function infer(counted: Counted, known: readonly Known[], open: Public) {
  const { facts, people, shadow } = open
  const chance = share(people, (one) => wordsOfName(one.name).all.flatMap(formsOf))
  const often: Weights = new Map()
  for (const row of shadow.facts) for (const fact of row) often.set(fact, (often.get(fact) ?? 0) + 1)
  const taught = known.map(({ row, person }) => ({ row, facts: facts.of(person) }))
  const learnt = learn(counted, taught, { often, kindOf: (fact) => facts.parts(fact)[0] as string })
  const told = [...learnt].map(([fact, weights]): Told => {
    const [kind = '', a = '', b = ''] = facts.parts(fact)
    return { kind, form: kind.slice(0, 5), a, b, weights }
  })
  const byValue = new Map<number, { one: Told; more: number }[]>()
  for (const one of told) {
    for (const [value, weight] of one.weights) {
      const entries = byValue.get(value) ?? []
      byValue.set(value, entries)
      entries.push({ one, more: (weight * counted.size) / (counted.holders.get(value)?.length ?? 1) })
    }
  }
  /** What a row may hold of what was learnt, and how much likelier it is so if it is true: as `ratio`, of all at once. */
  const heldBy = (row: number) => {
    const sums = new Map<Told, number>()
    for (const value of counted.sets[row] ?? [])
      for (const { one, more } of byValue.get(value) ?? []) sums.set(one, (sums.get(one) ?? 0) + more)
    return [...sums].map(([one, of]) => ({ one, of: Math.max(of, LEAST) }))
  }

  const places = buildings(counted.size).map((place) => {
    const address = { kind: 'dwelling' as const, ...place }
    const parts = facts.of({ name: { given: 'x', family: ['y'] }, address }).map((id) => facts.parts(id))
    const numbers = parts
      .filter(([kind]) => kind === 'street-number')
      .map(([, street, number]) => `${street} ${number}`)
    return {
      flats: place.flats,
      numbers,
      streets: new Set(parts.filter(([kind]) => kind === 'start-street').map(([, , street]) => street ?? '')),
    }
  })
  const yearShare = share(people, (one) => [one.dateOfBirth])
  // Which year, street or number a fact speaks of, and how likely somebody of there has the word as well.
  const speaksOf = ({ kind, form, a, b }: Told): [about: string, chance: number] =>
    kind === 'year' ? [a, 1] : kind === 'street-number' ? [`${a} ${b}`, 1] : [b, chance.get(`${form} ${a}`) ?? 0]
  const speaking = (one: Told) => ABOUT.includes(one.kind)
  const absent = new Map<string, number>()
  for (const one of told.filter(speaking)) {
    const [about, likely] = speaksOf(one)
    absent.set(about, (absent.get(about) ?? 0) + perhaps(likely, LEAST))
  }
  const years: number[][] = []
  const homes: number[][] = []
  for (let row = 0; row < counted.size; row += 1) {
    const scores = new Map(absent)
    for (const { one, of } of heldBy(row)) {
      if (!speaking(one)) continue
      const [about, likely] = speaksOf(one)
      scores.set(about, (scores.get(about) ?? 0) + perhaps(likely, of) - perhaps(likely, LEAST))
    }
    const sum = (abouts: Iterable<string>) => [...abouts].reduce((total, about) => total + (scores.get(about) ?? 0), 0)
    years.push(normalised(YEARS.map((year) => Math.log(yearShare.get(year) ?? 1e-4) + (scores.get(year) ?? 0))))
    homes.push(normalised(places.map(({ flats, numbers, streets }) => Math.log(flats) + sum(numbers) + sum(streets))))
  }
  for (const { row, person } of known) {
    years[row] = YEARS.map((year) => Number(year === person.dateOfBirth))
    homes[row] = places.map((_, at) => Number(at === person.building))
  }
  return { counted, learnt, told, heldBy, years, homes, places, chance, taught }
}

export type Inferred = ReturnType<typeof infer>
const halfOctave = (length: number) => Math.round(2 * Math.log2(length))
const MOST_NAMES = 10

/** The likeliest name of every row that is not known, by how many values it has and by all that was inferred. */
export function nameRows(
  { counted, learnt, told, heldBy, years, homes, places, chance, taught }: Inferred,
  open: Public,
): Guess[] {
  const { facts, people, shadow } = open
  const namesOf = (of: (person: Townsperson) => readonly string[]) =>
    [...share(people, of)].map(([name, often]) => ({
      name,
      often,
      forms: [...new Set(nameWords(name).flatMap(formsOf))],
    }))
  const [givens, families] = [namesOf(({ name }) => [name.given]), namesOf(({ name }) => name.family)]
  // How many values people of a name have.
  const lengths = new Map<string, number>()
  shadow.dump.rows.forEach((row, at) => {
    const { given, family } = (shadow.people[at] as Townsperson).name
    for (const name of new Set(['', given, ...family])) {
      const key = `${name} ${halfOctave(row.length)}`
      lengths.set(key, (lengths.get(key) ?? 0) + 1)
    }
  })
  const withWord = Map.groupBy(
    told.filter(({ kind }) => kind.endsWith('-year') || kind === 'start-street'),
    ({ b }) => b,
  )
  const knownRows = new Set(taught.map(({ row }) => row))
  const guesses: Guess[] = []
  counted.rows.forEach((values, row) => {
    if (knownRows.has(row)) return
    const evidence = new Map<string, number>()
    // Of pairs with any other word: only to choose which names to look at, where each pair is asked for itself.
    const company = new Map<string, number>()
    const pairedWith = (form: string, by: number) => void company.set(form, (company.get(form) ?? 0) + by)
    const add = (form: string, by: number) => void evidence.set(form, (evidence.get(form) ?? 0) + by)
    const likely = new Map(YEARS.map((year, at) => [year, years[row]?.[at] ?? 0]))
    places.forEach(({ streets }, at) => {
      for (const street of streets) likely.set(street, (likely.get(street) ?? 0) + (homes[row]?.[at] ?? 0))
    })
    for (const { one, of } of heldBy(row)) {
      const { kind, form, a, b } = one

      if (kind.endsWith('-year') || kind === 'start-street') {
        const there = Math.min(1, likely.get(b) ?? 0)
        add(`${form} ${a}`, perhaps(there, of) - perhaps(there, LEAST))
      } else if (kind === form) {
        pairedWith(`${form} ${a}`, perhaps(chance.get(`${form} ${b}`) ?? 0, of))
        pairedWith(`${form} ${b}`, perhaps(chance.get(`${form} ${a}`) ?? 0, of))
      }
    }
    // Whoever is of a year or street and lacks what somebody of a word would have there is not of that word.
    for (const [about, there] of likely) {
      if (there > 0.1)
        for (const { form, a } of withWord.get(about) ?? []) add(`${form} ${a}`, perhaps(Math.min(1, there), LEAST))
    }
    const length = halfOctave(values.length)
    const all = (lengths.get(` ${length}`) ?? 0) / shadow.dump.rows.length
    const sum = (forms: readonly string[]) => forms.reduce((total, form) => total + (evidence.get(form) ?? 0), 0)
    const best = (names: typeof givens) =>
      names
        .map(({ name, often, forms }) => {
          const prior = Math.log((lengths.get(`${name} ${length}`) ?? 0) + 10 * all * often)
          const paired = forms.reduce((total, form) => total + (company.get(form) ?? 0), 0)
          const own = sum(forms)
          return { name, forms, prior, sum: own, score: prior + own + paired }
        })
        .sort((x, y) => y.score - x.score)
        .slice(0, MOST_NAMES)
    const [bestGivens, bestFamilies] = [best(givens), best(families)]
    const both = bestGivens.flatMap((given) =>
      bestFamilies.map((family) => {
        // What two words have in common speaks once.
        let score =
          given.prior + family.prior + given.sum + sum(family.forms.filter((form) => !given.forms.includes(form)))
        for (const fact of facts.ofName(given.name, family.name)) {
          const weights = learnt.get(fact)
          if (weights) score += Math.log(ratio(counted, weights, row))
        }
        return { given: given.name, family: family.name, score }
      }),
    )
    const sure = normalised(both.map(({ score }) => score))
    const top = sure.indexOf(Math.max(...sure))
    const { given = '', family = '' } = both[top] ?? {}
    guesses.push({ row, given, family, sure: sure[top] ?? 0 })
  })
  return guesses.sort((x, y) => y.sure - x.sure)
}

/** Whoever is named for nearly certain is taken for known, and teaches in turn. */
export function propagate(first: Inferred, known: readonly Known[], open: Public): Guess[] {
  const guesses = nameRows(first, open)
  if (known.length === 0) return guesses
  const built = buildings(first.counted.size)
  const mostOf = (parts: readonly number[] = []) => parts.indexOf(Math.max(...parts))
  const taken = guesses
    .filter(({ sure }) => sure > 0.9)
    .map(({ row, given, family }): Known => {
      const building = mostOf(first.homes[row])
      const { streetName, number } = built[building] as (typeof built)[number]
      const dateOfBirth = YEARS[mostOf(first.years[row])] ?? ''
      const address = { kind: 'dwelling' as const, streetName, number }
      return { row, person: { name: { given, family: [family] }, dateOfBirth, address, building, household: -1 } }
    })
  const again = nameRows(infer(first.counted, [...known, ...taken], open), open)
  const taught = new Set(taken.map(({ row }) => row))
  return [...guesses.filter(({ row }) => taught.has(row)), ...again].sort((x, y) => y.sure - x.sure)
}

export const rightlyNamed = ({ given, family }: Guess, person: Townsperson) =>
  foldedWords(given).join() === foldedWords(person.name.given).join() && person.name.family.includes(family)
