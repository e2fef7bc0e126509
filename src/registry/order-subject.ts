import type { Demand } from '../firewall/access-requests.ts'
import type { Opened } from '../firewall/gate.ts'
import type { MunicipalityKeys } from '../firewall/municipality-keys.ts'
import type { Transaction } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import { compatible, parseBirthDate } from './birth-date.ts'
import type { NeighbourFields } from './model.ts'
import type { Municipality } from './municipality.ts'
import { nameLikeness, nameWords, wordsOfName } from './names.ts'
import { tokenMaker, tokenSets } from './search-tokens.ts'
import { findCandidates } from './store.ts'

// An order names its person as a court knows them. Nobody looks for them before two officers have approved it: a look is an
// answer, too. Then it has to fit one neighbour and no other.

/** @throws when the words of an order fit no neighbour, or more than one: the two are answered alike. */
export class FitsNobody extends Problem {
  constructor() {
    super('order-fits-nobody', 409, 'The order\u2019s words fit no one neighbour for certain. Nothing was opened.')
  }
}

const MOST_CANDIDATES = 100
/** A slip of the pen, not another name. */
const THE_SAME_NAME = 0.9

export type Named = Opened<NeighbourFields, 'name' | 'previousNames' | 'dateOfBirth'>

/** Whom the words of an order may mean, by their blind index. */
export async function candidatesFor(
  transaction: Transaction,
  keys: Pick<MunicipalityKeys, 'hash32'>,
  town: Pick<Municipality, 'blindIndexBits'>,
  { name, dateOfBirth }: NonNullable<Demand['person']>,
): Promise<string[]> {
  const { near, far } = tokenSets(tokenMaker(keys.hash32, town.blindIndexBits), { name, dateOfBirth })
  return findCandidates(transaction, [...near, ...far], MOST_CANDIDATES)
}

/** The one neighbour they fit. @throws {FitsNobody} */
export function theOneNamed(records: readonly Named[], { name, dateOfBirth }: NonNullable<Demand['person']>): Named {
  const said = parseBirthDate(dateOfBirth)
  const words = nameWords(name)
  const fits = records.filter((record) => {
    const born = record.dateOfBirth === undefined ? undefined : parseBirthDate(record.dateOfBirth)
    const names = [...(record.name ? [record.name] : []), ...(record.previousNames ?? [])]
    const alike = Math.max(0, ...names.map((one) => nameLikeness(words, wordsOfName(one).all)))
    return alike >= THE_SAME_NAME && said !== undefined && born !== undefined && compatible(said, born)
  })
  const [one] = fits
  if (one === undefined || fits.length > 1) throw new FitsNobody()
  return one
}
