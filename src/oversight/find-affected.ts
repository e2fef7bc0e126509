import type { Disclosed } from '../firewall/disclosed.ts'
import type { Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { signedBy } from '../proofs/store.ts'
import type { Name, NeighbourFields } from '../registry/model.ts'
import { type Bearers, bearersOf } from '../registry/person/bearers.ts'
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
      const bearers = await bearersOf(deps.gate, town.id)
      const all = await bearersUnder(transaction, { kid, now: deps.clock.now(), bearers })
      const rows = all.filter((id) => after === undefined || id > after)
      const ids = rows.slice(0, MOST_LISTED)
      const records = await loadRecords(transaction, ids, { trueAt: today(deps.clock, town.timeZone) })
      return { records, beside: { more: rows.length > MOST_LISTED } }
    },
    (records, { beside }) => ({ neighbours: records.map(({ id, name }) => ({ id, name })), ...beside }),
  )
}

/** Proofs whose bearers are opened at once. */
const AT_ONCE = 5000

/** Whose proofs in force a key signed, in the order of their ids. Whose each is lies sealed, so that all of them are opened for it. */
async function bearersUnder(
  transaction: Transaction,
  { kid, now, bearers }: { kid: string; now: Temporal.Instant; bearers: Bearers },
): Promise<string[]> {
  const ids = new Set<string>()
  for (let after: string | undefined; ; ) {
    const rows = await signedBy(transaction, { signingKeyId: kid, after, most: AT_ONCE })
    for (const { id, bearer } of rows) {
      if (bearer === null) continue
      const { neighbourId, expiresAt } = bearers.open(id, bearer)
      if (Temporal.Instant.compare(expiresAt, now) > 0) ids.add(neighbourId)
    }
    if (rows.length < AT_ONCE) return [...ids].toSorted()
    after = rows.at(-1)?.id
  }
}
