import type { Disclosed } from '../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import type { DataKey } from '../keys/seal.ts'
import { type Told, toldOf } from '../messages/tell-in-person.ts'
import { today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { loadOutline } from '../registry/store.ts'
import type { Acting } from '../town/model.ts'
import { type ComplaintKind, type Duty, locationOfComplaint, type Outcome, openOutline } from './complain.ts'
import type { CityRequest } from './model.ts'
import { attachmentsNamed, requestsOfNeighbour } from './store.ts'

/** Something a neighbour asked while signed in, and what became of it. */
export interface Asked {
  kind: ComplaintKind
  request: CityRequest
  /** Photos and voices that came with it. */
  attachments: { id: string; mediaType: string }[]
  /** RFC 3339. */
  receivedAt: string
  /** RFC 3339 date. */
  dueOn: string
  answer?: string
  outcome?: Outcome
}

/** What a neighbour asked, of these duties or of any, the newest first; within a gate's transaction. */
async function readAsked(
  transaction: Transaction,
  {
    ledger,
    neighbourId,
    duties = ['counter', 'supervision', 'law'],
  }: { ledger: DataKey; neighbourId: string; duties?: readonly Duty[] | undefined },
): Promise<Asked[]> {
  const rows = await requestsOfNeighbour(transaction, { neighbourId, duties })
  const added = await attachmentsNamed(transaction, neighbourId)
  return rows.map((row) => ({
    kind: openOutline(ledger, row).kind,
    request: ledger.open(locationOfComplaint(row.id, 'content'), row.content) as CityRequest,
    attachments: added
      .filter((one) => one.complaint_id === row.id)
      .map((one) => ({ id: one.id, mediaType: one.media_type })),
    receivedAt: row.received_at.toISOString(),
    dueOn: row.due_on,
    ...(row.answer === null
      ? {}
      : { answer: ledger.open(locationOfComplaint(row.id, 'answer'), row.answer) as string }),
    ...(row.outcome === null ? {} : { outcome: row.outcome as Outcome }),
  }))
}

/** What a neighbour asked and what was answered, the newest first. @throws {NotFound} {Refusal} */
export async function askedBy(
  deps: RegistryDeps,
  { town, by: resident }: Acting<Resident>,
): Promise<Disclosed<Asked[]>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.open<Record<never, never>, never, Asked[]>(
    { municipalityId: town.id, requester: resident, action: 'open', purpose: 'own-record', fields: [] },
    (transaction) => loadOutline(transaction, resident.neighbourId, { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], { transaction }) => {
      if (record === undefined) throw new NotFound()
      return readAsked(transaction, { ledger, neighbourId: resident.neighbourId })
    },
  )
}

/** What passed between the city and a neighbour, as far as a counter has to do with it. */
export interface CounterMessages {
  told: Told[]
  asked: Asked[]
}

/**
 * That messages wait for a neighbour and how they were told, never what is in them; and what they asked a counter to do.
 * A complaint, an objection or a question who looked is nobody's business here.
 *
 * @throws {NotFound} {Refusal}
 */
export async function messagesAtCounter(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  neighbourId: string,
): Promise<Disclosed<CounterMessages>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.open<{ messages: never }, 'messages', CounterMessages>(
    { municipalityId: town.id, requester: staff, action: 'open', purpose: purposeOf(staff), fields: ['messages'] },
    (transaction) => loadOutline(transaction, neighbourId, { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], { transaction }) => {
      if (record === undefined) throw new NotFound()
      return {
        told: await toldOf(transaction, deps, neighbourId),
        asked: await readAsked(transaction, { ledger, neighbourId, duties: ['counter'] }),
      }
    },
  )
}
