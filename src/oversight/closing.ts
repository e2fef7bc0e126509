import { closes } from '../firewall/functions.ts'
import { citizenshipOffice, knownOrganisations } from '../firewall/organisation-store.ts'
import { BOTH_WAYS, closesTheGateFor, standsUnderAnOffice } from '../firewall/organisations.ts'
import type { Staff } from '../firewall/requester.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { Act, ActKind } from './decide-act.ts'
import { countClosedAtOnce } from './officer-store.ts'

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
      case 'link': {
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
        const closing = await closesTheGateFor(transaction, [act.content.organisationId])
        return closing && (await mayAlone(transaction, officer.id, act.kind))
      }
      case 'end-machine':
      case 'end-key': {
        const { organisationId } = act.content
        await mustBeKnown(transaction, [organisationId])
        if (await isAnOffice(transaction, organisationId, office)) return false
        return mayAlone(transaction, officer.id, act.kind)
      }
      case 'call-off':
        return true
      default:
        return false
    }
  }

/** What one officer does alone within a day: enough for any one case, and not enough to end the registry one by one. */
const ALONE_A_DAY: Partial<Record<ActKind, number>> = { lend: 1, 'end-machine': 3, 'end-key': 10 }

async function mayAlone(transaction: Transaction, officerId: string, kind: ActKind): Promise<boolean> {
  const { done } = await countClosedAtOnce(transaction, { kind, decidedBy: officerId })
  return Number(done) < (ALONE_A_DAY[kind] ?? 0)
}

/** Whether an organisation is the officer's own office, or another of the registry's. */
async function isAnOffice(transaction: Transaction, organisationId: string, own: string): Promise<boolean> {
  if (organisationId === own) return true
  const office = await citizenshipOffice(transaction, organisationId)
  return office !== undefined
}

/** @throws {NotFound} for an organisation the registry does not know */
export async function mustBeKnown(transaction: Transaction, ids: readonly string[]): Promise<void> {
  const known = await knownOrganisations(transaction, ids)
  if (new Set(known.map(({ id }) => id)).size !== new Set(ids).size) throw new NotFound()
}
