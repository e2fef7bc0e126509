import type { MunicipalityKeys } from '../keys/municipality-keys.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { drawOpenings } from './drawn.ts'
import { countLeaving, neverSpent, Spent, spentUntil } from './leaving.ts'
import type { Ask } from './model.ts'
import type { Standing } from './standing.ts'
import { conspicuous, keepFlagOfTheDay, keepFlags, keepProbingFlag } from './store.ts'

/**
 * What is written down of each answer that shows somebody, in its transaction: it is counted, flagged and drawn by lot.
 *
 * @throws {Spent} where this would be more than whoever asks may be shown: then nothing is
 */
export async function watchLeaving(
  transaction: Transaction,
  {
    keys,
    ask,
    standing,
    seen,
    caseStands,
  }: {
    keys: Pick<MunicipalityKeys, 'hash' | 'ledger'>
    ask: Ask
    standing: Standing
    seen: readonly string[]
    caseStands: boolean | undefined
  },
): Promise<void> {
  const totals = await countLeaving(transaction, { hash: keys.hash, ask, shown: seen })
  const { budgets = {}, released = false } = standing
  const until = neverSpent(ask)
    ? undefined
    : spentUntil(ask.requester, { totals, town: budgets, released, counted: 'with-this' })
  if (until !== undefined) throw new Spent(until)
  await raiseFlags(transaction, { ask, standing, seen, caseStands })
  await drawOpenings(transaction, { municipalityKeys: keys, ask, standing, seen, stands: caseStands === true })
}

/**
 * Writes down what a supervisor should look at, by what was seen and not by which verb was used: a look-up without a case or
 * under one that nobody issued, of somebody's own record, household or address at any time in the last year, or of a watched neighbour; many people in a day;
 * outside the office's hours. Whoever looked is not told and not stopped.
 */
async function raiseFlags(
  transaction: Transaction,
  {
    ask,
    standing: { muchSeen = false, closed = false },
    seen,
    caseStands,
  }: {
    ask: Ask
    standing: Pick<Standing, 'muchSeen' | 'closed'>
    seen: readonly string[]
    caseStands: boolean | undefined
  },
): Promise<void> {
  const { requester, action, municipalityId, fields } = ask
  if (requester.kind !== 'staff' || seen.length === 0) return
  // What is seen on the way to registering somebody, or on a list of work, has no case of its own.
  const needsCase = (fields.length > 0 || action === 'open') && action !== 'register' && !ask.worklist
  const withoutCase = needsCase && requester.case === undefined
  const unknownCase = needsCase && caseStands === false
  const { rows } = await conspicuous(transaction, {
    seen: JSON.stringify(seen),
    requesterId: requester.id,
    withoutCase,
    unknownCase,
    muchSeen,
    closed,
    municipalityId,
  })
  if (rows.length === 0) return
  await keepFlags(
    transaction,
    rows.map((row) => ({
      id: uuidv7(),
      municipality_id: municipalityId,
      staff_id: requester.id,
      neighbour_id: row.neighbour_id,
      kind: row.kind,
      fields: [...fields],
    })),
  )
}

/** Flags whoever made a way in for somebody that was used at once from where it was made: they are asked about it. */
export const raiseGivenAndUsed = (
  transaction: Transaction,
  municipalityId: string,
  { staffId, neighbourId }: { staffId: string; neighbourId: string },
) => keepFlagOfTheDay(transaction, { municipalityId, staffId, neighbourId, kind: 'given-and-used' })

/** Flags whoever may be asking for somebody who hides: a supervisor should look. */
export async function raiseProbing(
  transaction: Transaction,
  municipalityId: string,
  { staffId, neighbourId }: { staffId: string; neighbourId: string },
): Promise<void> {
  await keepProbingFlag(transaction, { municipalityId, staffId, neighbourId })
}
