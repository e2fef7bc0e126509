import type { Requester, Staff } from '../firewall/requester.ts'
import { Refusal } from '../firewall/requester.ts'
import { type Database, inMunicipality } from '../platform/database.ts'
import type { Municipality } from '../registry/municipality.ts'
import { type TokenVerifier, Unauthenticated } from './tokens.ts'

export interface IdentityDeps {
  database: Database
  tokens: TokenVerifier
}

/**
 * Who is asking, from the Authorization header of a request to one municipality.
 *
 * @throws {Unauthenticated} without a valid token for this municipality
 */
export async function requesterOf(
  deps: IdentityDeps,
  town: Municipality,
  authorization: string | undefined,
): Promise<Requester> {
  const token = /^Bearer ([A-Za-z0-9_.-]{1,8192})$/.exec(authorization ?? '')?.[1]
  if (token === undefined) throw new Unauthenticated()
  const bearer = await deps.tokens.verify(token)
  if (bearer.municipality !== town.slug) throw new Unauthenticated()
  if (bearer.kind === 'staff') return { kind: 'staff', id: bearer.id, role: bearer.role, organisationId: bearer.office }
  const organisationId = await inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await transaction
      .selectFrom('clients')
      .select('organisation_id')
      .where('id', '=', bearer.id)
      .executeTakeFirst()
    return row?.organisation_id ?? null
  })
  return { kind: 'client', id: bearer.id, organisationId }
}

/** Staff only; a provider's machine gets the same refusal as everywhere. @throws {Unauthenticated} {Refusal} */
export async function staffOf(
  deps: IdentityDeps,
  town: Municipality,
  authorization: string | undefined,
): Promise<Staff> {
  const requester = await requesterOf(deps, town, authorization)
  if (requester.kind !== 'staff') throw new Refusal()
  return requester
}
