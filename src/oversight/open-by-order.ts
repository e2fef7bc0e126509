import type { Disclosed } from '../firewall/disclosed.ts'
import type { Opened } from '../firewall/model.ts'
import { closesTheGateFor, givesOrders } from '../firewall/organisations.ts'
import { Refusal, type Staff } from '../firewall/requester.ts'
import { holdBack } from '../messages/leave-message.ts'
import type { OrderTold } from '../messages/read-notices.ts'
import { noticesOfOrders } from '../messages/store.ts'
import { today } from '../platform/clock.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { NeighbourFields } from '../registry/model.ts'
import type { Reopen } from '../registry/person/representation/act-for.ts'
import { loadIdentities, loadRecords } from '../registry/store.ts'
import type { Acting, Municipality } from '../town/model.ts'
import type { Acts } from './decide-act.ts'
import type { OrderField } from './demand.ts'
import { linkNotice, nameSubject, noticesOverdue } from './demand-store.ts'
import {
  approvedOrder,
  askOf,
  endUnfitting,
  MOST_SECRET_DAYS,
  moveTo,
  OutOfTurn,
  secretOrder,
} from './handle-demand.ts'
import { candidatesFor, FitsNobody, theOneNamed } from './order-subject.ts'

/** What is looked at to open an order. */
type Looked = OrderField | 'name' | 'dateOfBirth'

/** What the order names, and nothing of what its person was told from others by. */
function onlyOf(
  record: Opened<NeighbourFields, Looked>,
  fields: readonly OrderField[],
): Opened<NeighbourFields, OrderField> {
  const kept = Object.entries(record).filter(([key]) => key === 'id' || (fields as readonly string[]).includes(key))
  return Object.fromEntries(kept) as Opened<NeighbourFields, OrderField>
}

/** How long after the opening, or after the day an order keeps it secret until, the neighbour knows at the latest. */
const DAYS_TO_NOTIFY = 3

/**
 * Opens what an approved order names, once, and leaves the neighbour a notice. The policies are asked with the number
 * of legal officers who approved, and about the authority as it stands now.
 *
 * @throws {FitsNobody} when its words fit no one neighbour: then the order is over
 * @throws {Refusal} {NotFound} {OutOfTurn} the second time, or before two officers have approved
 */
export async function openByOrder(
  deps: RegistryDeps,
  { town, by: officer }: Acting<Staff>,
  requestId: string,
): Promise<Disclosed<Opened<NeighbourFields, OrderField>>> {
  const order = await approvedOrder(deps.gate, { municipalityId: town.id, by: officer }, requestId)
  const day = today(deps.clock, town.timeZone)
  const keys = await deps.gate.keysOf(town.id)
  const { person } = order.demand
  const named = order.neighbourId === undefined ? person : undefined
  // Whoever is named in words is told from others by their name and date of birth, which are in the order.
  const fields = [...new Set<Looked>([...order.fields, ...(named ? (['name', 'dateOfBirth'] as const) : [])])]
  const opening = deps.gate.open<NeighbourFields, Looked, Opened<NeighbourFields, OrderField>>(
    {
      municipalityId: town.id,
      requester: officer,
      action: 'open-by-order',
      purpose: 'judge-order',
      fields,
      approvals: order.approvals,
      // Whom it is opened for is asked about again, now: a link that was found since closes what two officers approved.
      behind: askOf(town.id, order.reference, order.demand),
    },
    async (transaction) =>
      named
        ? loadIdentities(transaction, await candidatesFor(transaction, { keys, town, named }))
        : loadRecords(transaction, [order.neighbourId ?? ''], { trueAt: day }),
    async (records, unit, openMore) => {
      // Whom else the words might have meant was not looked at for anybody.
      if (named) unit.shown([])
      const neighbourId = named ? theOneNamed(records, named).id : order.neighbourId
      if (neighbourId === undefined) throw new NotFound()
      const [record] = named
        ? await openMore((transaction) => loadRecords(transaction, [neighbourId], { trueAt: day }))
        : records
      if (record === undefined) throw new NotFound()
      if (named) {
        unit.shown([neighbourId])
        await nameSubject(unit.transaction, { subjectId: neighbourId, id: requestId })
      }
      await moveTo(unit.transaction, { id: requestId, from: 'approved', to: 'opened' })
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
      const notice = await deps.leaveMessage(unit.transaction, town, {
        neighbourId,
        kind: 'access-request',
        visibleFrom: from,
        dueBy: from.add({ hours: 24 * DAYS_TO_NOTIFY }),
        details: (id) => unit.seal(neighbourId, { table: 'notices', column: 'details', row: id }, details),
      })
      await linkNotice(unit.transaction, { noticeId: notice, id: requestId })
      unit.occasion({ order: order.reference })
      return onlyOf(record, order.fields)
    },
  )
  return opening.catch(async (error: unknown) => {
    if (error instanceof FitsNobody) await endUnfitting(deps.gate, { municipalityId: town.id, by: officer }, requestId)
    throw error
  })
}

/** Orders on which a neighbour's record was opened and of which they may know, the newest first. */
export async function ordersTold(transaction: Transaction, neighbourId: string, reopen: Reopen): Promise<OrderTold[]> {
  const rows = await noticesOfOrders(transaction, neighbourId)
  return rows.flatMap((row) =>
    row.details === null
      ? []
      : [reopen({ table: 'notices', column: 'details', row: row.id }, row.details) as OrderTold],
  )
}

/**
 * Keeps an order that was opened from its neighbour for longer, as two officers decided: while it still is, for ninety days from
 * now at most, and for no authority that is tied to enforcement since. When that is over the neighbour is told.
 *
 * @throws {NotFound} {OutOfTurn} {Refusal}
 */
export async function prolongSecrecy(
  deps: Pick<RegistryDeps, 'gate' | 'clock'>,
  town: Municipality,
  { transaction, secrecy: { reference, until } }: { transaction: Transaction; secrecy: Acts['secrecy'] },
): Promise<void> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const order = await secretOrder(transaction, ledger, reference)
  const stillOrders = order.authorityId !== undefined && (await givesOrders(transaction, order.authorityId))
  if (order.authorityId === undefined || !stillOrders || (await closesTheGateFor(transaction, [order.authorityId])))
    throw new Refusal()
  const now = deps.clock.now()
  const from = Temporal.PlainDate.from(until).toZonedDateTime(town.timeZone).toInstant()
  const latest = today(deps.clock, town.timeZone)
    .add({ days: MOST_SECRET_DAYS + 1 })
    .toZonedDateTime(town.timeZone)
    .toInstant()
  const ended = Temporal.Instant.compare(order.visibleFrom, now) <= 0
  if (ended || Temporal.Instant.compare(from, order.visibleFrom) <= 0 || Temporal.Instant.compare(from, latest) > 0)
    throw new OutOfTurn()
  await holdBack(transaction, {
    messageId: order.noticeId,
    visibleFrom: from,
    dueBy: from.add({ hours: 24 * DAYS_TO_NOTIFY }),
  })
}

/** An order that was opened, whose neighbour has not been told by the day the law wants it. */
export interface LateNotice {
  reference: string
  /** RFC 3339: the latest at which they had to know. */
  dueBy: string
}

/** Those of a town, the longest overdue first. What waits on somebody's own page only has not told them. Opens nothing. */
export async function lateNotices(
  deps: Pick<RegistryDeps, 'database' | 'clock'>,
  town: Pick<Municipality, 'id'>,
): Promise<LateNotice[]> {
  const rows = await inMunicipality(deps.database, town.id, (transaction) =>
    noticesOverdue(transaction, new Date(deps.clock.now().epochMilliseconds)),
  )
  return rows.map((row) => ({ reference: row.reference, dueBy: row.due_by.toISOString() }))
}
