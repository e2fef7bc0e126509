import type { Opened } from '../firewall/model.ts'
import type { MunicipalityKeys } from '../keys/municipality-keys.ts'
import type { Transaction } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import type { Name, NeighbourFields } from '../registry/model.ts'
import { compatible, parseBirthDate } from '../registry/person/dates/birth-date.ts'
import { nameLikeness, nameWords, wordsOfName } from '../registry/person/names.ts'
import { tokenMaker, tokenSets } from '../registry/search/search-tokens.ts'
import { findCandidates } from '../registry/store.ts'
import type { Municipality } from '../town/model.ts'
import type { Demand } from './demand.ts'

// An order names its person as a court knows them. Nobody looks for them before two officers have approved it: a look is an
// answer, too. Then it has to fit one neighbour and no other.

/** @throws when the words of an order fit no neighbour, or more than one: the two are answered alike. */
export class FitsNobody extends Problem {
  constructor() {
    super('order-fits-nobody', 409, 'The order\u2019s words fit no one neighbour for certain. Nothing was opened.')
  }
}

/** So many may be meant at most: among more, somebody could have been left out. */
const MOST_CANDIDATES = 100
/** Near enough that somebody may say they are meant. */
const NEARLY_THE_SAME = 0.9

export type Named = Opened<NeighbourFields, 'name' | 'previousNames' | 'dateOfBirth'>

/** Whom the words of an order may mean, by their blind index. @throws {FitsNobody} among so many that one could be left out */
export async function candidatesFor(
  transaction: Transaction,
  {
    keys,
    town,
    named: { name, dateOfBirth },
  }: {
    keys: Pick<MunicipalityKeys, 'hash32'>
    town: Pick<Municipality, 'blindIndexBits'>
    named: NonNullable<Demand['person']>
  },
): Promise<string[]> {
  const { near, far } = tokenSets(tokenMaker(keys.hash32, town.blindIndexBits), { name, dateOfBirth })
  const found = await findCandidates(transaction, [...near, ...far], MOST_CANDIDATES)
  if (found.length >= MOST_CANDIDATES) throw new FitsNobody()
  return found
}

/**
 * The one neighbour they fit: the same words of a name, whatever their order, accents or alphabet, and the same date of birth; with
 * nobody else of nearly that name who may have been born then, or of whom nobody knows when they were.
 *
 * @throws {FitsNobody}
 */
export function theOneNamed(records: readonly Named[], { name, dateOfBirth }: NonNullable<Demand['person']>): Named {
  const said = parseBirthDate(dateOfBirth)
  const words = nameWords(name)
  const possible = records.filter((record) => {
    const born = record.dateOfBirth === undefined ? undefined : parseBirthDate(record.dateOfBirth)
    const alike = Math.max(0, ...namesOf(record).map((one) => nameLikeness(words, wordsOfName(one).all)))
    return alike >= NEARLY_THE_SAME && (said === undefined || born === undefined || compatible(said, born))
  })
  const [one] = possible
  const exact = (record: Named) => namesOf(record).some((known) => writings(known).some((text) => isSame(text, name)))
  if (one === undefined || possible.length > 1 || one.dateOfBirth === undefined || !exact(one)) throw new FitsNobody()
  return one
}

const namesOf = ({ name, previousNames = [] }: Named): Name[] => [...(name ? [name] : []), ...previousNames]

/** A name in each way it is recorded. */
const writings = (name: Name): string[] =>
  [name, ...(name.transliteration ? [name.transliteration] : [])].map(({ given, family = [] }) =>
    [given ?? '', ...family].join(' '),
  )

/** The same words in any order, or the same letters joined otherwise. */
const isSame = (one: string, other: string): boolean => {
  const [words, others] = [nameWords(one), nameWords(other)]
  return words.toSorted().join(' ') === others.toSorted().join(' ') || words.join('') === others.join('')
}
