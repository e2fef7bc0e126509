import { sql } from 'kysely'
import { isInUse, type Machine, machinesOf } from '../firewall/machines.ts'
import type { Transaction } from '../platform/database.ts'

/**
 * Why an organisation is answered nothing: it closes the gate by what it does itself, or by a link; it was suspended; its attestation
 * has run out, lapsed when its links changed, or was never made; nothing it does is on the list; no machine of its is in use; the registry is closed to all.
 */
export const CLOSED_BECAUSE = [
  'function',
  'link',
  'suspended',
  'attestation-lapsed',
  'attestation-over',
  'no-attestation',
  'no-function',
  'no-machine',
  'lockdown',
] as const
export type ClosedBecause = (typeof CLOSED_BECAUSE)[number]

/** How an organisation stands, for itself. Times are RFC 3339; `since` is a day (UTC): two that compare do not see what they share. */
export interface ProviderStanding {
  name: string
  /** Whether its machines are answered what their purpose allows. */
  answered: boolean
  /** Why not, the gravest first, and since when where that is known. It does not say whom a link leads to. */
  because: { reason: ClosedBecause; since: string | null }[]
  promiseUntil: string | null
  machines: Machine[]
}

interface StandingRow {
  name: string
  suspended_at: Date | null
  functions: string
  closes_itself: Date | null
  closes_by_link: Date | null
  attestation_until: Date | null
  attestation_over: Date | null
  attestation_lapsed: Date | null
  locked_down: Date | null
}

/** How an organisation stands and why. @returns undefined for one the registry does not know */
export async function standingOfOrganisation(
  transaction: Transaction,
  organisationId: string,
  now: Temporal.Instant,
): Promise<ProviderStanding | undefined> {
  // Each way to what closes the gate closed it when the last of its links was entered; the first way that did is the one told.
  const { rows } = await sql<StandingRow>`
    with recursive links (from_id, to_id, since) as (
      select organisation_id, related_id, since from organisation_links
      union all select related_id, organisation_id, since from organisation_links where kind in ('sharesWith', 'suppliedBy')),
    reached (id, since) as (
      select ${organisationId}::uuid, '-infinity'::timestamptz
      union select links.to_id, greatest(reached.since, links.since) from reached join links on links.from_id = reached.id),
    closing (own, since) as (
      select reached.id = ${organisationId}::uuid, greatest(reached.since, does.since)
      from reached join organisation_functions does on does.organisation_id = reached.id
      join functions known on known.id = does.function and known.closes),
    signed as (select expires_at, lapsed_at from attestations where organisation_id = ${organisationId}::uuid)
    select own.name, own.suspended_at,
      (select count(*) from organisation_functions does where does.organisation_id = own.id) as functions,
      (select min(since) from closing where closing.own) as closes_itself,
      (select min(since) from closing where not closing.own) as closes_by_link,
      (select max(expires_at) from signed where lapsed_at is null and expires_at > ${now.toString()}::timestamptz) as attestation_until,
      (select max(expires_at) from signed where lapsed_at is null) as attestation_over,
      (select max(lapsed_at) from signed) as attestation_lapsed,
      (select changed_at from lockdowns where closed) as locked_down
    from organisations own where own.id = ${organisationId}::uuid`.execute(transaction)
  const [row] = rows
  if (row === undefined) return undefined
  const because: ProviderStanding['because'] = []
  const add = (reason: ClosedBecause, since: Date | null) =>
    because.push({ reason, since: since?.toISOString().slice(0, 10) ?? null })
  if (row.closes_itself) add('function', row.closes_itself)
  if (row.closes_by_link) add('link', row.closes_by_link)
  if (row.suspended_at) add('suspended', row.suspended_at)
  else if (row.attestation_until === null) {
    if (row.attestation_over) add('attestation-over', row.attestation_over)
    else if (row.attestation_lapsed) add('attestation-lapsed', row.attestation_lapsed)
    else add('no-attestation', null)
  }
  if (Number(row.functions) === 0) add('no-function', null)
  const machines = await machinesOf(transaction, organisationId)
  if (!machines.some(isInUse)) add('no-machine', null)
  if (row.locked_down) add('lockdown', row.locked_down)
  return {
    name: row.name,
    answered: because.length === 0,
    because,
    promiseUntil: row.attestation_until?.toISOString() ?? null,
    machines,
  }
}
