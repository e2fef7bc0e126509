import { isInUse, type Machine, machinesOf } from '../firewall/machines.ts'
import type { Transaction } from '../platform/database.ts'
import { standingRow } from './organisation-store.ts'

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
  attestedUntil: string | null
  machines: Machine[]
}

/** How an organisation stands and why. @returns undefined for one the registry does not know */
export async function standingOfOrganisation(
  transaction: Transaction,
  organisationId: string,
  now: Temporal.Instant,
): Promise<ProviderStanding | undefined> {
  // Each way to what closes the gate closed it when the last of its links was entered; the first way that did is the one told.
  const { rows } = await standingRow(transaction, { organisationId, now: now.toString() })
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
    attestedUntil: row.attestation_until?.toISOString() ?? null,
    machines,
  }
}
