import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Opened } from '../../firewall/model.ts'
import type { Requester } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { foldedWords } from '../../platform/folded-words.ts'
import { Problem } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Address, Criteria, Name, NeighbourField, NeighbourFields } from '../model.ts'
import { compatible, parseBirthDate, yearsApart } from '../person/dates/birth-date'
import { nameLikeness, nameWords, wordsOfName } from '../person/names.ts'
import { documentHash } from '../register/evidence.ts'
import { findByDocument, findCandidates, loadIdentities, loadRecords } from '../store.ts'
import { sufficient, tokenMaker, tokenSets } from './search-tokens.ts'

/** @throws when a search names too little to find one person rather than leaf through many. */
export class SearchTooWide extends Problem {
  constructor() {
    super(
      'search-too-wide',
      422,
      'Give a little more: two words of a name, a name with a year of birth or a street, a street with its number, or a document.',
    )
  }
}

export interface Match {
  id: string
  name?: Name
  dateOfBirth?: string
  address?: Address
  departedOn?: string
}

export interface Matches {
  matches: Match[]
  /** There are more people like this than were weighed: ask for one more detail. */
  more: boolean
}

const MOST_CANDIDATES = 300
const MOST_SHOWN = 10
const GOOD_ENOUGH = 0.6
/** Nobody looks further when somebody fits this well. */
const SURELY = 0.9

type Found = Opened<NeighbourFields, 'name' | 'previousNames' | 'dateOfBirth' | 'address' | 'departedOn'>

/**
 * Finds neighbours by what a clerk has been told, forgiving accents, order, spacing, alphabet and slips.
 * Candidates are opened and ranked behind the gate; at most ten are shown and written to the ledger as seen.
 *
 * @throws {SearchTooWide} {Refusal}
 * @see Haal Centraal BRP bevragen: minimum search combinations
 */
export async function searchNeighbours(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Requester>,
  { purpose, criteria }: { purpose: string; criteria: Criteria },
): Promise<Disclosed<Matches>> {
  if (!sufficient(criteria)) throw new SearchTooWide()
  const fields = ['name', 'dateOfBirth', 'address', 'departedOn', 'previousNames'] as const satisfies NeighbourField[]
  const { hash, hash32 } = await deps.gate.keysOf(town.id)
  const sets = tokenSets(tokenMaker(hash32, town.blindIndexBits), criteria)

  const trueAt = today(deps.clock, town.timeZone)
  // Where somebody lives is opened for those who are shown, unless it is what they are looked for by.
  const byPlace = criteria.street !== undefined || criteria.number !== undefined
  const weigh = (transaction: Transaction, ids: readonly string[]) =>
    byPlace ? loadRecords(transaction, ids, { trueAt }) : loadIdentities(transaction, ids)
  const rank = (records: readonly Found[]) =>
    records
      .map((record) => ({ record, score: scoreOf(record, criteria) }))
      .filter(({ score }) => score >= GOOD_ENOUGH)
      .sort((a, b) => b.score - a.score || (a.record.id < b.record.id ? -1 : 1))

  return deps.gate.open<NeighbourFields, (typeof fields)[number], Matches>(
    { municipalityId: town.id, requester, action: 'search', purpose, fields },
    async (transaction) => {
      const byDocument =
        criteria.document === undefined
          ? []
          : await findByDocument(transaction, town.id, documentHash(hash, criteria.document))
      const ids = [...new Set([...byDocument, ...(await findCandidates(transaction, sets.near, MOST_CANDIDATES))])]
      return weigh(transaction, ids)
    },
    async (near, unit, openMore) => {
      let records: readonly Found[] = near
      let ranked = rank(near)
      if ((ranked[0]?.score ?? 0) < SURELY && sets.far.length > 0) {
        const seen = new Set(near.map((record) => record.id))
        const far = await openMore(async (transaction) => {
          const ids = await findCandidates(transaction, sets.far, MOST_CANDIDATES)
          const unseen = ids.filter((id) => !seen.has(id))
          return weigh(transaction, unseen)
        })
        records = [...near, ...far]
        ranked = rank(records)
      }
      const best = ranked.slice(0, MOST_SHOWN).map(({ record }) => record)
      const whole = byPlace
        ? best
        : await openMore((transaction) =>
            loadRecords(
              transaction,
              best.map((record) => record.id),
              { trueAt },
            ),
          )
      const wholeById = new Map(whole.map((record) => [record.id, record]))
      // An earlier name finds its bearer and is not shown.
      const matches = best.map((record) => {
        const { previousNames: _, ...shown } = wholeById.get(record.id) ?? record
        return shown
      })
      unit.shown(matches.map((match) => match.id))
      unit.occasion({
        criteria: Object.keys(criteria).sort().join(' '),
        candidates: records.length,
        shown: matches.length,
      })
      return { matches, more: ranked.length > MOST_SHOWN || records.length >= MOST_CANDIDATES }
    },
  )
}

function scoreOf(
  record: Partial<Pick<NeighbourFields, 'name' | 'previousNames' | 'dateOfBirth' | 'address'>>,
  criteria: Criteria,
): number {
  const scores: number[] = []
  if (criteria.name !== undefined) {
    const typed = nameWords(criteria.name)
    const names = [...(record.name ? [record.name] : []), ...(record.previousNames ?? [])]
    scores.push(Math.max(0, ...names.map((name) => nameLikeness(typed, wordsOfName(name).all))))
  }
  if (criteria.dateOfBirth !== undefined) scores.push(birthScore(criteria.dateOfBirth, record.dateOfBirth))
  if (criteria.street !== undefined) {
    const street = record.address && 'streetName' in record.address ? (record.address.streetName ?? '') : ''
    scores.push(nameLikeness(nameWords(criteria.street), nameWords(street)))
  }
  if (criteria.number !== undefined) {
    const number = record.address && 'number' in record.address ? (record.address.number ?? '') : ''
    scores.push(foldedWords(number).join('') === foldedWords(criteria.number).join('') ? 1 : 0)
  }
  return scores.length === 0 ? 1 : scores.reduce((sum, score) => sum + score, 0) / scores.length
}

function birthScore(typed: string, recorded: string | undefined): number {
  if (recorded === undefined) return 0.5
  const a = parseBirthDate(typed)
  const b = parseBirthDate(recorded)
  if (a === undefined || b === undefined) return 0
  if (compatible(a, b)) return 1
  const apart = yearsApart(a, b)
  return apart === 0 ? 0.7 : apart === 1 ? 0.3 : 0
}
