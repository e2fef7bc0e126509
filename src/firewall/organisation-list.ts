import { sql } from 'kysely'
import type { Disclosed } from './disclosed.ts'
import type { Gate } from './gate.ts'
import { type Machine, machinesOfAll } from './machines.ts'
import { shuttingOut } from './officer-acts.ts'
import type { Staff } from './requester.ts'

export interface OrganisationOutline {
  id: string
  name: string
  identifier: string | null
  aliases: string[]
  functions: string[]
  ties: { kind: string; relatedId: string }[]
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
  // Whom a tie can be entered to is seen while all else is closed.
  return gate.decide(shuttingOut(municipalityId, officer), async (transaction) => {
    const [organisations, functions, ties, promises] = [
      await transaction
        .selectFrom('organisations')
        .select(['id', 'name', 'identifier', 'aliases', 'suspended_at'])
        .select(sql<number>`upheld_reports(id)::integer`.as('upheld'))
        .select(sql<number>`waiting_reports(id)::integer`.as('waiting'))
        .orderBy('name')
        .execute(),
      await transaction.selectFrom('organisation_functions').select(['organisation_id', 'function']).execute(),
      await transaction.selectFrom('organisation_links').select(['organisation_id', 'kind', 'related_id']).execute(),
      await transaction
        .selectFrom('attestations')
        .select('organisation_id')
        .select((row) => row.fn.max('expires_at').as('until'))
        .where('lapsed_at', 'is', null)
        .groupBy('organisation_id')
        .execute(),
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
      ties: of(ties, id).map((row) => ({ kind: row.kind, relatedId: row.related_id })),
      attestedUntil: of(promises, id)[0]?.until?.toISOString() ?? null,
      suspendedAt: suspended_at?.toISOString() ?? null,
      reports: { waiting, upheld },
      machines: machines.get(id) ?? [],
    }))
  })
}
