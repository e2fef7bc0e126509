import { organisationsNotShutOut } from '../firewall/organisation-list.ts'
import { type Database, inMunicipality } from '../platform/database.ts'
import { profiles } from '../proofs/profiles.ts'

/** An organisation that may have been it, by its name. */
export interface ReportedOrganisation {
  id: string
  name: string
}

/**
 * The organisations that give each service, by the service's id: those enrolled that do what it needs and are not shut out, the
 * registry's own offices aside. Organisations are no secret.
 */
export async function whoGives(
  deps: { database: Database },
  town: { id: string },
): Promise<ReadonlyMap<string, ReportedOrganisation[]>> {
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const rows = await organisationsNotShutOut(transaction)
    return new Map(
      [...profiles.values()].map(({ id, givenBy }) => {
        const known = new Map(rows.filter((row) => givenBy.includes(row.function)).map((row) => [row.id, row.name]))
        return [id, [...known].map(([organisation, name]) => ({ id: organisation, name }))]
      }),
    )
  })
}
