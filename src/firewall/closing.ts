import { sql } from 'kysely'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import { closes } from './functions.ts'
import type { Act } from './officer-acts.ts'
import { BOTH_WAYS, closesTheGateFor, standsUnderAnOffice } from './organisations.ts'
import type { Staff } from './requester.ts'

/**
 * Whether an act shuts somebody out and opens nothing: one officer is enough for that. What would shut out the registry's own
 * offices takes two like all else: registering would end with it, for everybody.
 */
export const closesTheGate =
  (act: Act, officer: Staff) =>
  async (transaction: Transaction): Promise<boolean> => {
    const office = officer.organisationId
    switch (act.kind) {
      case 'function': {
        const { organisationId, function: said } = act.content
        return closes([said]) && !(await standsUnderAnOffice(transaction, [organisationId], office))
      }
      case 'tie': {
        await mustBeKnown(transaction, [act.content.organisationId, act.content.relatedId])
        const { organisationId, relatedId, kind } = act.content
        const ends = BOTH_WAYS.includes(kind) ? [organisationId, relatedId] : [relatedId]
        const shut = BOTH_WAYS.includes(kind) ? [organisationId, relatedId] : [organisationId]
        const open: string[] = []
        for (const id of shut) if (!(await closesTheGateFor(transaction, [id]))) open.push(id)
        for (const id of ends)
          if (await closesTheGateFor(transaction, [id])) return !(await standsUnderAnOffice(transaction, open, office))
        return false
      }
      case 'lend': {
        await mustBeKnown(transaction, [act.content.organisationId])
        // One colleague a day: whoever would shut out one after the other would end the registry with it.
        const closing = await closesTheGateFor(transaction, [act.content.organisationId])
        return closing && !(await hasLentToday(transaction, officer.id))
      }
      case 'end-machine':
      case 'end-key':
        return true
      default:
        return false
    }
  }

/** Whether an officer has lent somebody to an enforcing body alone within a day. */
async function hasLentToday(transaction: Transaction, officerId: string): Promise<boolean> {
  const lent = await transaction
    .selectFrom('officer_acts')
    .select('id')
    .where('kind', '=', 'lend')
    .where('decision', '=', 'at-once')
    .where('decided_by', '=', officerId)
    .where('decided_at', '>', sql<Date>`clock_timestamp() - interval '24 hours'`)
    .limit(1)
    .executeTakeFirst()
  return lent !== undefined
}

/** @throws {NotFound} for an organisation the registry does not know */
export async function mustBeKnown(transaction: Transaction, ids: readonly string[]): Promise<void> {
  const known = await transaction.selectFrom('organisations').select('id').where('id', 'in', ids).execute()
  if (new Set(known.map(({ id }) => id)).size !== new Set(ids).size) throw new NotFound()
}
