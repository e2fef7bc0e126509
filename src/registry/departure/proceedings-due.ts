import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../../platform/paging.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Name, NeighbourFields } from '../model.ts'
import { loadRecords } from '../store.ts'
import { type ProceedingCause, proceedingAt } from './hearing-model.ts'
import { proceedingDue, proceedingsDue } from './store.ts'

const MOST_LISTED = 25

export interface OpenProceeding {
  id: string
  neighbourId: string
  name: Name | undefined
  cause: ProceedingCause
  openedByYou: boolean
  /** ISO date: the last day to answer; absent until the neighbour was given notice. */
  answerBy?: string
  /** An answer waits to be read. */
  unread: boolean
}

/** That a departure is being decided, and until when it can be answered: nothing of what it says. */
export interface UnderWay {
  answerBy?: string
  unread: boolean
}

/** Whether a departure of somebody is being decided, inside a transaction of the gate's. */
export async function proceedingUnderWay(transaction: Transaction, id: string): Promise<UnderWay | undefined> {
  const row = await proceedingDue(transaction, id)
  return row && { ...lastDayOf(row), unread: Boolean(row.unread) }
}

const lastDayOf = ({ effective_from: from }: { effective_from: string | null }) =>
  from === null ? {} : { answerBy: Temporal.PlainDate.from(from).subtract({ days: 1 }).toString() }

/** Departures under way, by their last day to answer; those without notice last. Their reasons are not opened. @throws {Refusal} */
export async function openProceedings(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<OpenProceeding>>> {
  const after = readCursor(cursor)
  return deps.gate.open<
    NeighbourFields,
    'name',
    Paged<OpenProceeding>,
    Paged<Omit<OpenProceeding, 'name' | 'cause'> & { sealedCause: Uint8Array }>
  >(
    {
      municipalityId: town.id,
      requester: clerk,
      action: 'open',
      purpose: 'departure',
      fields: ['name'],
      worklist: true,
    },
    async (transaction) => {
      const read = await proceedingsDue(transaction, { clerk, after, most: MOST_LISTED + 1 })
      const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.effective_from ?? '9999-12-31', id: row.id }))
      const items = page.rows.map((row) => ({
        id: row.id,
        neighbourId: row.neighbour_id,
        sealedCause: row.cause,
        openedByYou: row.opened_by === clerk.id,
        ...lastDayOf(row),
        unread: Boolean(row.unread),
      }))
      const ids = items.map((one) => one.neighbourId)
      const records = await loadRecords(transaction, ids, { trueAt: today(deps.clock, town.timeZone) })
      return { records, beside: { items, more: page.more } }
    },
    (records, { beside, reopen }) => {
      const names = new Map(records.map((record) => [record.id, record.name]))
      const items = beside.items
        .filter((one) => names.has(one.neighbourId))
        .map(({ sealedCause, ...one }) => ({
          ...one,
          name: names.get(one.neighbourId),
          cause: reopen(one.neighbourId, proceedingAt(one.id, 'cause'), sealedCause) as ProceedingCause,
        }))
      return { items, more: beside.more }
    },
  )
}
