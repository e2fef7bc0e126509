import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Opened } from '../../firewall/model.ts'
import type { Requester } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { Problem } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Address, Criteria, Name, NeighbourField, NeighbourFields } from '../model.ts'
import { documentHash } from '../register/evidence.ts'
import { findByDocument, findCandidates, loadIdentities, loadRecords } from '../store.ts'
import { rank } from './ranking.ts'
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
      let ranked = rank(near, criteria)
      if ((ranked[0]?.score ?? 0) < SURELY && sets.far.length > 0) {
        const seen = new Set(near.map((record) => record.id))
        const far = await openMore(async (transaction) => {
          const ids = await findCandidates(transaction, sets.far, MOST_CANDIDATES)
          const unseen = ids.filter((id) => !seen.has(id))
          return weigh(transaction, unseen)
        })
        records = [...near, ...far]
        ranked = rank(records, criteria)
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
