import type { Disclosed } from '../firewall/disclosed.ts'
import type { Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { bearersUnderKey } from '../proofs/store.ts'
import type { Name, NeighbourFields } from '../registry/model.ts'
import { loadRecords } from '../registry/store.ts'
import type { Acting } from '../town/model.ts'
import { type Acts, officersBehind } from './decide-act.ts'

/** On one page of those whom an incident concerns. */
const MOST_LISTED = 100

export interface Affected {
  neighbours: { id: string; name?: Name | undefined }[]
  more: boolean
}

/**
 * Whose proofs in force a key signed: whom to tell, and to give new ones, when it was withdrawn. A list of people by a
 * property is an act of two legal officers: one proposed it and another approved it within a week. Opened and written down
 * like any look at a record; a hundred at a time, in the order of their ids.
 *
 * @throws {Refusal} for anyone but those two officers
 */
export async function affectedBy(
  deps: ProofDeps,
  { town, by: requester }: Acting<Staff>,
  { kid, after }: { kid: string; after: string | undefined },
): Promise<Disclosed<Affected>> {
  const approvals = await officersBehind(
    deps,
    { municipalityId: town.id, by: requester },
    { kind: 'affected', matches: (content) => (content as Acts['affected']).kid === kid },
  )
  return deps.gate.open<NeighbourFields, 'name', Affected, { more: boolean }>(
    { municipalityId: town.id, requester, action: 'open', purpose: 'incident', fields: ['name'], approvals },
    async (transaction) => {
      const rows = await bearersUnderKey(transaction, {
        signingKeyId: kid,
        now: new Date(deps.clock.now().epochMilliseconds),
        after,
        most: MOST_LISTED + 1,
      })
      const ids = rows.slice(0, MOST_LISTED).map((row) => row.neighbour_id)
      const records = await loadRecords(transaction, ids, { trueAt: today(deps.clock, town.timeZone) })
      return { records, beside: { more: rows.length > MOST_LISTED } }
    },
    (records, { beside }) => ({ neighbours: records.map(({ id, name }) => ({ id, name })), ...beside }),
  )
}
