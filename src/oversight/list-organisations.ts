import type { Disclosed } from '../firewall/disclosed.ts'
import { type Machine, machinesOfAll } from '../firewall/machines.ts'
import type { Gate } from '../firewall/model.ts'
import {
  attestationRows,
  functionRows,
  linkRows,
  organisationFunctionsOpen,
  organisationRows,
  organisationsSuspended,
} from '../firewall/organisation-store.ts'
import type { Staff } from '../firewall/requester.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { shuttingOut } from './decide-act.ts'

export interface OrganisationOutline {
  id: string
  name: string
  identifier: string | null
  aliases: string[]
  functions: string[]
  links: { kind: string; relatedId: string }[]
  attestedUntil: string | null
  suspendedAt: string | null
  /** What neighbours reported of it within twelve months: waiting for an answer, and found right. */
  reports: { waiting: number; upheld: number }
  machines: Machine[]
}

/** Every organisation the registry knows, with what decides whether it is answered. @throws {Refusal} */
export async function listOrganisations(
  gate: Gate,
  municipalityId: string,
  officer: Staff,
): Promise<Disclosed<OrganisationOutline[]>> {
  // Whom a link can be entered to is seen while all else is closed.
  return gate.decide(shuttingOut(municipalityId, officer), async (transaction) => {
    const [organisations, functions, links, attestations] = [
      await organisationRows(transaction),
      await functionRows(transaction),
      await linkRows(transaction),
      await attestationRows(transaction),
    ]
    const machines = await machinesOfAll(transaction)
    const of = <T extends { organisation_id: string }>(rows: T[], id: string) =>
      rows.filter((row) => row.organisation_id === id)
    return organisations.map(({ id, name, identifier, aliases, suspended_at, upheld, waiting }) => ({
      id,
      name,
      identifier,
      aliases,
      functions: of(functions, id).map((row) => row.function),
      links: of(links, id).map((row) => ({ kind: row.kind, relatedId: row.related_id })),
      attestedUntil: of(attestations, id)[0]?.until?.toISOString() ?? null,
      suspendedAt: suspended_at?.toISOString() ?? null,
      reports: { waiting, upheld },
      machines: machines.get(id) ?? [],
    }))
  })
}

/** What each organisation does that is not shut out, by name; the same organisation once for each. */
export async function organisationsNotShutOut(
  transaction: Transaction,
): Promise<{ id: string; name: string; function: string }[]> {
  const { rows } = await organisationFunctionsOpen(transaction)
  return rows
}

/** Organisations that are suspended, for everybody to see. RFC 3339. */
export async function suspendedOrganisations(
  database: Database,
  municipalityId: string,
): Promise<{ name: string; since: string }[]> {
  return inMunicipality(database, municipalityId, async (transaction) => {
    const rows = await organisationsSuspended(transaction)
    return rows.map((row) => ({ name: row.name, since: row.suspended_at?.toISOString() ?? '' }))
  })
}
