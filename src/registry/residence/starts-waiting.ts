import type { Disclosed } from '../../firewall/disclosed.ts'
import { purposeOf, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import { type Paged, pageOf, readCursor } from '../../platform/paging.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Name, NeighbourFields, SaidStart } from '../model.ts'
import { versionOf } from '../person/store.ts'
import { loadRecords } from '../store.ts'
import type { Period } from './periods.ts'
import { periodsInForce } from './residence-rows.ts'
import { withSaidStarts } from './said-starts.ts'
import { startsSaid } from './store.ts'

export interface WaitingStart extends SaidStart {
  neighbourId: string
  name?: Name
  /** Since when they have lived here as far as it is confirmed. */
  residentSince?: string
}

const MOST_LISTED = 25

/** Starts that wait for a second member of staff, the first said first. Each is opened, and in the ledger. @throws {Refusal} */
export async function startsWaiting(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<WaitingStart>>> {
  const after = readCursor(cursor)
  const fields = ['name', 'residence', 'said'] as const
  return deps.gate.open<
    NeighbourFields,
    (typeof fields)[number],
    Paged<WaitingStart>,
    { more: string | undefined; listed: ReadonlySet<string> }
  >(
    { municipalityId: town.id, requester: clerk, action: 'open', purpose: 'changes', fields, worklist: true },
    async (transaction) => {
      const read = await startsSaid(transaction, { clerk, after, most: MOST_LISTED + 1 })
      const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.said_at.toISOString(), id: row.id }))
      const { rows } = page
      const listed = new Set(rows.map(({ id }) => id))
      const ids = [...new Set(rows.map((row) => row.neighbour_id))]
      const records = await loadRecords(transaction, ids, { trueAt: today(deps.clock, town.timeZone) })
      return { records: await withSaidStarts(transaction, records, clerk), beside: { more: page.more, listed } }
    },
    (records, { beside: { more, listed } }) => ({
      items: records
        .flatMap(({ id, name, residence, said = [] }) =>
          // What else the same neighbour said stands on its own page.
          said
            .filter((one) => listed.has(one.id))
            .map((one) => ({
              ...one,
              neighbourId: id,
              ...(name ? { name } : {}),
              ...(residence ? { residentSince: residence.residentSince } : {}),
            })),
        )
        .sort((one, other) => one.saidAt.localeCompare(other.saidAt)),
      more,
    }),
  )
}

/** When somebody has lived here: each residence as it is confirmed, and what waits. */
export interface ResidenceDates {
  id: string
  version: number
  periods: Period[]
  said: SaidStart[]
}

/** The days that a clerk may correct, confirm or refuse. @throws {Refusal} {NotFound} */
export async function residenceDates(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  id: string,
): Promise<Disclosed<ResidenceDates>> {
  const fields = ['residence', 'said'] as const
  return deps.gate.open<NeighbourFields, (typeof fields)[number], ResidenceDates>(
    { municipalityId: town.id, requester: clerk, action: 'open', purpose: purposeOf(clerk), fields },
    async (transaction) => {
      const records = await loadRecords(transaction, [id], { trueAt: today(deps.clock, town.timeZone) })
      return withSaidStarts(transaction, records, clerk)
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const { version } = await versionOf(unit.transaction, id)
      return { id, version, periods: await periodsInForce(unit.transaction, id, false), said: record.said ?? [] }
    },
  )
}
