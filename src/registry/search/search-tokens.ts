import { foldedWords } from '../../platform/folded-words.ts'
import type { Address, Criteria } from '../model.ts'
import { parseBirthDate, possibleYears, tellingYears } from '../person/dates/birth-date.ts'
import { hasTellingWord, nameWords, sound, type WordsOfName } from '../person/names.ts'

/** Turns text into one value of the municipality's blind index. */
export type Token = (kind: string, ...parts: readonly (string | number)[]) => number

/**
 * Makes the values of one form or one search; some are asked for twice.
 *
 * @param hash32 the first 32 bits of a keyed hash
 * @param bits how many of them are kept: fewer bits, more people behind each value
 */
export function tokenMaker(hash32: (text: string) => number, bits: number): Token {
  const made = new Map<string, number>()
  return (kind, ...parts) => {
    const text = `${kind}\u0000${parts.join('\u0000')}`
    const token = made.get(text) ?? hash32(text) >>> (32 - bits)
    made.set(text, token)
    return token
  }
}

const start = (word: string) => word.slice(0, 3)

function pairs(words: readonly string[]): [string, string][] {
  return words.flatMap((a, i) => words.slice(i + 1).map((b): [string, string] => (a < b ? [a, b] : [b, a])))
}

const pairToken = (token: Token, { kind, a, b }: { kind: string; a: string; b: string }) =>
  a < b ? token(kind, a, b) : token(kind, b, a)

/** Every value a neighbour is found by. No value stands for one fact alone: names go in pairs or with a year or street. */
export function tokensOf(
  token: Token,
  person: { names: readonly WordsOfName[]; dateOfBirth?: string | undefined; address?: Address | undefined },
): number[] {
  const found = new Set<number>()
  const date = person.dateOfBirth === undefined ? undefined : parseBirthDate(person.dateOfBirth)
  const years = date ? tellingYears(date) : []
  const streets = streetWords(person.address)
  for (const words of person.names) {
    for (const [a, b] of pairs(words.all)) {
      found.add(pairToken(token, { kind: 'exact', a, b }))
      found.add(pairToken(token, { kind: 'start', a: start(a), b: start(b) }))
      found.add(pairToken(token, { kind: 'sound', a: words.sound(a), b: words.sound(b) }))
    }
    for (const word of words.all) {
      for (const year of years) {
        found.add(token('start-year', start(word), year))
        found.add(token('sound-year', words.sound(word), year))
      }
      // Of who does not know when they were born there is no year to go with.
      if (years.length === 0) found.add(token('sound-year', words.sound(word), UNKNOWN))
      for (const street of streets) found.add(token('start-street', start(word), start(street)))
    }
    if (words.given.length === 0 || words.family.length === 0) {
      found.add(token('only', words.sound([...words.given, ...words.family].join(''))))
    }
  }
  const number = 'number' in (person.address ?? {}) ? (person.address as { number?: string }).number : undefined
  if (number && person.address && 'streetName' in person.address && person.address.streetName) {
    found.add(placeToken(token, person.address.streetName, number))
  }
  return [...found]
}

const UNKNOWN = 'unknown'
/** Bits that are left out of what a place is found by: some two hundred times fewer values than the index has. */
const COARSER = 8

/**
 * What a street and a number are found by: one of few values, which stands for a hundred people or so of many buildings, so that it
 * does not show who lives in one. There is one and not one for each word: two together would show it. Whoever is found is compared
 * behind the gate.
 *
 * @param street as written: "Carrer del Garbí" and "garbi" are one
 */
const placeToken = (token: Token, street: string, number: string) =>
  token('place', token('street-number', mostTelling(street), foldedWords(number).join('')) >>> COARSER)

/** What a street is rather than what it is called, in the languages of the desk and of their neighbours. */
const KINDS_OF_WAY = new Set(
  foldedWords(`
    avenida avenue avinguda alameda autovia baixada bajada barri barriada barrio boulevard bulevar calcada calle camino caminho
    cami carrer carretera chemin corso cuesta estrada glorieta impasse largo lane paratge paraje parc parque partida passage
    passatge passeig passeio pasaje paseo place placa placeta plaza plazuela poligon poligono praca quai quartier rambla road
    ronda route rua rue square strada strasse street torrent travessa travessera travessia travesia urbanitzacio urbanizacion
    venelle via viale villa zona شارع زنقة ساحة حي`),
)

/** The one word a street is found by: the longest of its name, whatever kind of way it is. */
function mostTelling(street: string): string {
  const words = nameWords(street)
  const called = words.filter((word) => !KINDS_OF_WAY.has(word))
  const [first = '', ...others] = called.length > 0 ? called : words
  return others.reduce((longest, word) => (word.length > longest.length ? word : longest), first)
}

/** A row of the index has one of these lengths, or a multiple of the last. */
const LENGTHS = [24, 48, 96] as const

/**
 * What is kept of somebody: their values in no order that tells when each was made or of what, filled up with values that belong to
 * nobody. Those are the same each time, or two copies of a database would tell them from the others.
 *
 * @param id whose row it is
 */
export function indexRow(token: Token, id: string, values: readonly number[]): number[] {
  const row = new Set(values)
  const longest = LENGTHS[2]
  const length = LENGTHS.find((one) => one >= row.size) ?? Math.ceil(row.size / longest) * longest
  for (let i = 0; row.size < length; i += 1) row.add(token('nobody', id, i))
  return [...row].sort((a, b) => a - b)
}

/** Whether the criteria are enough to look somebody up without leafing through the register. */
export function sufficient(criteria: Criteria): boolean {
  const words = criteria.name === undefined ? [] : nameWords(criteria.name)
  return (
    (words.length >= 2 && hasTellingWord(criteria.name ?? '')) ||
    (words.length >= 1 &&
      (tellsOfOne(criteria.dateOfBirth) || criteria.street !== undefined || criteria.mononym === true)) ||
    (criteria.street !== undefined && criteria.number !== undefined) ||
    criteria.document !== undefined
  )
}

const FEW_YEARS = 3

/** With one word of a name, a year finds somebody; a decade leafs through many. */
function tellsOfOne(dateOfBirth: string | undefined): boolean {
  const date = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  return date !== undefined && possibleYears(date).length <= FEW_YEARS
}

/** Sets of values to look for, the most telling first: a candidate holds every value of one set. */
export interface TokenSets {
  /** What fits all that was typed. */
  near: number[][]
  /** What fits part of it, for when nobody near is who was meant. */
  far: number[][]
}

export function tokenSets(token: Token, criteria: Criteria): TokenSets {
  const words = criteria.name === undefined ? [] : nameWords(criteria.name).slice(0, 5)
  const date = criteria.dateOfBirth === undefined ? undefined : parseBirthDate(criteria.dateOfBirth)
  const street = criteria.street === undefined ? [] : telling(criteria.street)
  const twos = pairs(words)
  const pair = (kind: string, form: (word: string) => string) =>
    twos.map(([a, b]) => pairToken(token, { kind, a: form(a), b: form(b) }))
  const asWritten = (word: string) => word
  const near: number[][] = []
  const far: number[][] = []

  if (date) {
    for (const year of tellingYears(date)) {
      const starts = words.map((word) => token('start-year', start(word), year))
      const sounds = words.map((word) => token('sound-year', sound(word), year))
      near.push([...starts, ...sounds])
      far.push(starts, sounds)
      if (words.length > 1) far.push(...words.map((word) => [token('sound-year', sound(word), year)]))
    }
    // The year may be the slip.
    far.push(pair('exact', asWritten), pair('sound', sound), pair('start', start))
  } else if (words.length > 0 && street.length > 0) {
    near.push(words.flatMap((word) => street.map((part) => token('start-street', start(word), start(part)))))
  } else {
    near.push(pair('exact', asWritten), pair('sound', sound))
    far.push(pair('start', start))
  }
  if (words.length >= 3) {
    for (const one of pair('exact', asWritten)) far.push([one])
    for (const one of pair('sound', sound)) far.push([one])
  }
  if (words.length > 0 && criteria.mononym) near.push([token('only', sound(words.join('')))])
  if (words.length === 0 && street.length > 0 && criteria.number !== undefined) {
    near.push([placeToken(token, criteria.street ?? '', criteria.number)])
  }
  const distinct = (sets: number[][]) => sets.filter((set) => set.length > 0).map((set) => [...new Set(set)])
  return { near: distinct(near), far: distinct(far) }
}

/** What two clerks registering the same person have in common, and where such a person would be found. */
export function likenessOf(
  token: Token,
  words: WordsOfName,
  dateOfBirth: string | undefined,
): { locks: number[]; sets: number[][] } {
  const [given, family] = [words.given[0], words.family[0]]
  const who =
    given !== undefined && family !== undefined
      ? pairToken(token, { kind: 'sound', a: words.sound(given), b: words.sound(family) })
      : token('only', words.sound([...words.given, ...words.family].join('')))
  const date = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  const telling = date ? tellingYears(date) : []
  const years = telling.length > 0 ? [...telling, UNKNOWN] : []
  // The year goes with a word of the name, as it does in the index.
  const [word = ''] = [...words.given, ...words.family]
  const born = (year: string | number) => token('sound-year', words.sound(word), year)
  return { locks: [who], sets: years.length > 0 ? years.map((year) => [who, born(year)]) : [[who]] }
}

function streetWords(address: Address | undefined): string[] {
  return address && 'streetName' in address && address.streetName ? telling(address.streetName) : []
}

/** The two longest words of a street's name: people leave out the rest. */
function telling(street: string): string[] {
  return nameWords(street)
    .sort((a, b) => b.length - a.length)
    .slice(0, 2)
}
