import { approvedOrder, askOf, MOST_SECRET_DAYS, moveTo, type OrderField } from '../firewall/access-requests.ts'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Opened } from '../firewall/gate.ts'
import type { Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from './deps.ts'
import type { NeighbourFields } from './model.ts'
import type { Municipality } from './municipality.ts'
import { leaveMessage } from './reach.ts'
import { loadRecords } from './store.ts'

/** How long after the opening, or after the day an order keeps it secret until, the neighbour knows at the latest. */
const DAYS_TO_NOTIFY = 3

/**
 * Opens what an approved order names, once, and leaves the neighbour a notice. The policies are asked with the number
 * of legal officers who approved, and about the authority as it stands now.
 *
 * @throws {Refusal} {NotFound} {OutOfTurn} the second time, or before two officers have approved
 */
export async function openByOrder(
  deps: RegistryDeps,
  town: Municipality,
  officer: Staff,
  requestId: string,
): Promise<Disclosed<Opened<NeighbourFields, OrderField>>> {
  const order = await approvedOrder(deps.gate, town.id, officer, requestId)
  const day = today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, OrderField, Opened<NeighbourFields, OrderField>>(
    {
      municipalityId: town.id,
      requester: officer,
      action: 'open-by-order',
      purpose: 'judge-order',
      fields: order.fields,
      approvals: order.approvals,
      // Whom it is opened for is asked about again, now: a tie that was found since closes what two officers approved.
      behind: askOf(town.id, order.reference, order.demand),
    },
    (transaction) => loadRecords(transaction, [order.neighbourId], { trueAt: day }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      await moveTo(hand.transaction, requestId, 'approved', 'opened')
      const now = deps.clock.now()
      const secretUntil = order.demand.secretUntil
      const visibleFrom =
        secretUntil === undefined
          ? now
          : Temporal.PlainDate.from(secretUntil).toZonedDateTime(town.timeZone).toInstant()
      const latest = now.add({ hours: 24 * MOST_SECRET_DAYS })
      const [, from = now] = [now, visibleFrom, latest].sort(Temporal.Instant.compare)
      const details = {
        reference: order.reference,
        authority: order.demand.authority.name,
        basis: order.demand.basisText,
        fields: order.fields,
        openedAt: now.toString(),
      }
      await leaveMessage(hand.transaction, town, {
        neighbourId: order.neighbourId,
        kind: 'access-request',
        visibleFrom: from,
        dueBy: from.add({ hours: 24 * DAYS_TO_NOTIFY }),
        details: (id) => hand.seal(order.neighbourId, { table: 'notices', column: 'details', row: id }, details),
      })
      hand.occasion({ order: order.reference })
      return record
    },
  )
}
