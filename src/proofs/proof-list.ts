import type { Disclosed } from '../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { type Acts, officersBehind } from '../oversight/officer-acts.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { Name, NeighbourFields } from '../registry/model.ts'
import { loadRecords } from '../registry/store.ts'
import type { Municipality } from '../town/municipality.ts'
import type { ProofDeps } from './issue.ts'

/** A proof as the city's books have it: nothing of what it says. */
export interface ProofOutline {
  id: string
  profile: string
  form: string
  issuedAt: string
  expiresAt: string
  revokedAt: string | null
  /** From when others see that it was taken back, as long as they do not. */
  publicFrom: string | null
}

/** A neighbour's proofs, all of them, the newest first. What a change took back is among them, to be given anew. */
export async function proofsOf(
  deps: ProofDeps,
  town: Municipality,
  requester: Staff | Resident,
  neighbourId: string,
): Promise<Disclosed<{ proofs: ProofOutline[] }>> {
  return deps.gate.open<NeighbourFields, never, { proofs: ProofOutline[] }>(
    { municipalityId: town.id, requester, action: 'open', purpose: purposeOf(requester), fields: [] },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      const now = deps.clock.now().epochMilliseconds
      const rows = await hand.transaction
        .selectFrom('proofs')
        .select(['id', 'profile', 'form', 'issued_at', 'expires_at', 'revoked_at', 'public_from'])
        .where('neighbour_id', '=', neighbourId)
        .orderBy('issued_at', 'desc')
        .execute()
      const proofs = rows.map((row) => ({
        id: row.id,
        profile: row.profile,
        form: row.form,
        issuedAt: row.issued_at.toISOString(),
        expiresAt: row.expires_at.toISOString(),
        revokedAt: row.revoked_at?.toISOString() ?? null,
        publicFrom: row.public_from && row.public_from.getTime() > now ? row.public_from.toISOString() : null,
      }))
      return { proofs }
    },
  )
}

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
  town: Municipality,
  requester: Staff,
  kid: string,
  after: string | undefined,
): Promise<Disclosed<Affected>> {
  let more = false
  const approvals = await officersBehind(
    deps,
    town.id,
    requester,
    'affected',
    (content) => (content as Acts['affected']).kid === kid,
  )
  return deps.gate.open<NeighbourFields, 'name', Affected>(
    { municipalityId: town.id, requester, action: 'open', purpose: 'incident', fields: ['name'], approvals },
    async (transaction) => {
      const rows = await transaction
        .selectFrom('proofs')
        .select('neighbour_id')
        .distinct()
        .where('signing_key_id', '=', kid)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', new Date(deps.clock.now().epochMilliseconds))
        .where('neighbour_id', '>', after ?? '00000000-0000-0000-0000-000000000000')
        .orderBy('neighbour_id')
        .limit(MOST_LISTED + 1)
        .execute()
      more = rows.length > MOST_LISTED
      const ids = rows.slice(0, MOST_LISTED).map((row) => row.neighbour_id)
      return loadRecords(transaction, ids, { trueAt: today(deps.clock, town.timeZone) })
    },
    (records) => ({ neighbours: records.map(({ id, name }) => ({ id, name })), more }),
  )
}
