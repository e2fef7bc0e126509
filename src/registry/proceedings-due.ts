import type { Disclosed } from '../firewall/disclosed.ts'
import type { Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { RegistryDeps } from './deps.ts'
import type { Name, NeighbourFields } from './model.ts'
import type { Municipality } from './municipality.ts'
import { loadRecords } from './store.ts'

export interface OpenProceeding {
  id: string
  neighbourId: string
  name: Name | undefined
  cause: string
  openedBy: string
  noticeGivenOn: string | null
  effectiveFrom: string | null
}

/** Departures under way, the soonest to decide first. @throws {Refusal} */
export async function openProceedings(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  neighbourId?: string,
): Promise<Disclosed<OpenProceeding[]>> {
  let found: Omit<OpenProceeding, 'name'>[] = []
  return deps.gate.open<NeighbourFields, 'name', OpenProceeding[]>(
    { municipalityId: town.id, requester: clerk, action: 'open', purpose: 'departure', fields: ['name'] },
    async (transaction) => {
      const rows = await transaction
        .selectFrom('proceedings')
        .select(['id', 'neighbour_id', 'cause', 'opened_by', 'notice_given_on', 'effective_from'])
        .where('decision', 'is', null)
        .$if(neighbourId !== undefined, (query) => query.where('neighbour_id', '=', neighbourId ?? ''))
        .orderBy('effective_from')
        .limit(100)
        .execute()
      found = rows.map((row) => ({
        id: row.id,
        neighbourId: row.neighbour_id,
        cause: row.cause,
        openedBy: row.opened_by,
        noticeGivenOn: row.notice_given_on,
        effectiveFrom: row.effective_from,
      }))
      return loadRecords(
        transaction,
        found.map((one) => one.neighbourId),
        { trueAt: today(deps.clock, town.timeZone) },
      )
    },
    (records) => {
      const names = new Map(records.map((record) => [record.id, record.name]))
      return found
        .filter((one) => names.has(one.neighbourId))
        .map((one) => ({ ...one, name: names.get(one.neighbourId) }))
    },
  )
}
