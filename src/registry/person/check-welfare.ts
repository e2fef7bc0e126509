import type { Disclosed } from '../../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import { inMunicipality, type Transaction } from '../../platform/database.ts'
import { type Page, type Paged, pageOf, readCursor } from '../../platform/paging.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Name, NeighbourFields } from '../model.ts'
import { onRecord } from '../on-record.ts'
import { loadRecords } from '../store.ts'
import { isOfAge, isUnder, OF_AGE } from './representation/act-for.ts'
import { countWelfareChecks, keepWelfareCheck, markWelfareLooked, welfareChecksRaised } from './store.ts'

// Children of whom a trained person should know. That a household was left to them the database sees by itself; what they do by
// themselves is written down where it is done. Nothing is refused to them for it.

export type WelfareReason = 'left-alone' | 'hides-alone' | 'leaves-alone'

/** Writes down that a trained person should look, once until somebody has. */
export async function raiseWelfareCheck(
  transaction: Transaction,
  {
    town,
    neighbourId,
    reason,
  }: { town: Pick<Municipality, 'id'>; neighbourId: string; reason: Exclude<WelfareReason, 'left-alone'> },
): Promise<void> {
  await keepWelfareCheck(transaction, { municipalityId: town.id, neighbourId, reason })
}

/** Whether somebody is certainly a minor. */
export const isMinor = (
  dateOfBirth: string | undefined,
  day: Temporal.PlainDate,
  town: Pick<Municipality, 'leapDayBirthday'>,
): boolean => isUnder(OF_AGE, { dateOfBirth, day, leapDay: town.leapDayBirthday })

/** Of a minor who says by themself that they leave: a trained person is told. @throws {Refusal} */
export async function noteLeavingAlone(deps: RegistryDeps, { town, by: resident }: Acting<Resident>): Promise<void> {
  const day = today(deps.clock, town.timeZone)
  await onRecord(
    deps,
    { town, by: resident },
    {
      id: resident.neighbourId,
      action: 'open',
      fields: ['dateOfBirth'],
      use: async (record, { transaction }) => {
        if (isMinor(record.dateOfBirth, day, town))
          await raiseWelfareCheck(transaction, { town, neighbourId: resident.neighbourId, reason: 'leaves-alone' })
      },
    },
  )
}

export interface WelfareCheck {
  id: string
  neighbourId: string
  name: Name | undefined
  dateOfBirth: string | undefined
  reason: WelfareReason
  /** ISO date. */
  raisedOn: string
}

const MOST_LISTED = 30

/** How many wait. A number alone, for supervisors. */
export async function welfareChecksWaiting(
  deps: Pick<RegistryDeps, 'database'>,
  town: Pick<Municipality, 'id'>,
): Promise<number> {
  const { waiting } = await inMunicipality(deps.database, town.id, (transaction) => countWelfareChecks(transaction))
  return Number(waiting)
}

interface CheckRow {
  id: string
  neighbour_id: string
  reason: string
  raised_on: string
}

/** Those that wait, the oldest first. Whoever is of age among them is not one of them. @throws {Refusal} for anyone but supervisors */
export async function welfareChecks(
  deps: RegistryDeps,
  { town, by: supervisor }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<WelfareCheck>>> {
  if (supervisor.role !== 'supervisor') return deps.gate.turnAway(town.id, supervisor)
  const day = today(deps.clock, town.timeZone)
  const after = readCursor(cursor)
  return deps.gate.open<NeighbourFields, 'name' | 'dateOfBirth', Paged<WelfareCheck>, Page<CheckRow>>(
    {
      municipalityId: town.id,
      requester: supervisor,
      action: 'open',
      purpose: purposeOf(supervisor),
      fields: ['name', 'dateOfBirth'],
      worklist: true,
    },
    async (transaction) => {
      const read = await welfareChecksRaised(transaction, { after, most: MOST_LISTED + 1 })
      const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.raised_on, id: row.id }))
      const ids = [...new Set(page.rows.map((row) => row.neighbour_id))]
      return { records: await loadRecords(transaction, ids, { trueAt: day }), beside: page }
    },
    async (records, { transaction, beside: { rows, more } }) => {
      const known = new Map(records.map((record) => [record.id, record]))
      const items: WelfareCheck[] = []
      for (const row of rows) {
        const record = known.get(row.neighbour_id)
        if (record === undefined) continue
        if (isOfAge(OF_AGE, { dateOfBirth: record.dateOfBirth, day, leapDay: town.leapDayBirthday }))
          await looked(transaction, { id: row.id, by: 'their age', day })
        else
          items.push({
            id: row.id,
            neighbourId: row.neighbour_id,
            name: record.name,
            dateOfBirth: record.dateOfBirth,
            reason: row.reason as WelfareReason,
            raisedOn: row.raised_on,
          })
      }
      return { items, more }
    },
  )
}

async function looked(
  transaction: Transaction,
  { id, by, day }: { id: string; by: string; day: Temporal.PlainDate },
): Promise<bigint> {
  const { numUpdatedRows } = await markWelfareLooked(transaction, { lookedBy: by, lookedOn: day.toString(), id })
  return numUpdatedRows
}

/** Marks one as looked after. @throws {NotFound} {Refusal} */
export async function settleWelfareCheck(
  deps: RegistryDeps,
  { town, by: supervisor }: Acting<Staff>,
  id: string,
): Promise<void> {
  if (supervisor.role !== 'supervisor') return deps.gate.turnAway(town.id, supervisor)
  await deps.gate.decide(
    { municipalityId: town.id, requester: supervisor, action: 'supervise', purpose: 'supervision', fields: [] },
    async (transaction) => {
      const done = await looked(transaction, { id, by: supervisor.id, day: today(deps.clock, town.timeZone) })
      if (done !== 1n) throw new NotFound()
    },
  )
}
