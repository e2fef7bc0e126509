import { organisationsNotShutOut } from '../oversight/list-organisations.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { type Profile, profiles } from '../proofs/profiles.ts'

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
    return new Map([...profiles.values()].map((profile) => [profile.id, among(rows, profile)]))
  })
}

/** The same of one service, inside a transaction. */
export async function giversOf(transaction: Transaction, service: string): Promise<ReportedOrganisation[]> {
  const profile = profiles.get(service)
  const rows = await organisationsNotShutOut(transaction)
  // A proof that is shown to anybody may have been turned away by any of them, the registry's own offices aside.
  return profile === undefined ? [] : among(rows, profile)
}

function among(
  rows: readonly { id: string; name: string; function: string }[],
  { givenBy }: Pick<Profile, 'givenBy'>,
): ReportedOrganisation[] {
  const gives = (row: { function: string }) =>
    givenBy.length === 0 ? !OFFICES.includes(row.function) : givenBy.includes(row.function)
  return [...new Map(rows.filter(gives).map((row) => [row.id, row.name]))].map(([id, name]) => ({ id, name }))
}

/** What the registry's own offices do: they give proofs, and turn none away. */
const OFFICES: readonly string[] = ['citizenship-office', 'council', 'court', 'prosecution', 'ombudsperson']
