import { CASE_NUMBER } from '../firewall/cases.ts'
import { saysTooMuch } from '../firewall/free-text.ts'
import { clientKeys, clientRow } from '../firewall/organisation-store.ts'
import type { Requester, Staff, StaffRole } from '../firewall/requester.ts'
import type { Credentials } from '../http/route.ts'
import { type Database, inMunicipality } from '../platform/database.ts'
import type { Municipality } from '../town/model.ts'
import { checkDpop } from './dpop.ts'
import { keepUsedProof } from './session-store.ts'
import { type Bearer, type TokenVerifier, Unauthenticated } from './tokens.ts'

/** Staff whose tokens are bound to a key. */
const WITH_A_KEY: readonly StaffRole[] = ['supervisor', 'legal']

export interface CredentialDeps {
  database: Database
  tokens: TokenVerifier
  /** Whether tokens of service providers, supervisors and legal officers must be bound to a key. */
  senderConstrained: boolean
  /** Refuses and writes the refusal down. */
  turnAway(municipalityId: string, requester: Requester): Promise<never>
}

/**
 * Who is asking, from the headers of a request to one municipality.
 *
 * @throws {Unauthenticated} without a valid token for this municipality, used by whom it was given to
 */
export async function requesterOf(
  deps: CredentialDeps,
  town: Municipality,
  credentials: Credentials,
): Promise<Requester> {
  const [, scheme, token] = /^(Bearer|DPoP) ([A-Za-z0-9_.-]{1,8192})$/.exec(credentials.authorization ?? '') ?? []
  if (token === undefined) throw new Unauthenticated()
  const bearer = await deps.tokens.verify(token)
  if (bearer.municipality !== town.slug) throw new Unauthenticated()
  await checkPossession(deps, town, { credentials, bearer, token: scheme === 'DPoP' ? token : undefined })
  if (bearer.kind === 'staff') {
    const { id, role, office } = bearer
    return { kind: 'staff', id, role, organisationId: office, case: caseOf(credentials) }
  }
  const organisationId = await inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await clientRow(transaction, bearer.id)
    const keys = await clientKeys(transaction, bearer.id)
    // A machine that named its keys is known by them: whoever got a token for another key, or one that is ended, is not it.
    const known = keys.some((key) => key.thumbprint === bearer.boundTo && key.ended_at === null)
    if (keys.length > 0 && !known) throw new Unauthenticated()
    return row === undefined || row.ended_at !== null ? null : row.organisation_id
  })
  return { kind: 'client', id: bearer.id, organisationId }
}

/** Staff only; a provider's machine gets the same refusal as everywhere. @throws {Refusal} */
export const staffOf = async (
  { turnAway }: Pick<CredentialDeps, 'turnAway'>,
  town: Municipality,
  requester: Requester,
): Promise<Staff> => (requester.kind === 'staff' ? requester : turnAway(town.id, requester))

function caseOf({ workCase }: Credentials): string | undefined {
  const usual = workCase !== undefined && CASE_NUMBER.test(workCase)
  // A look-up under somebody's document is one without a case: it stands in the ledger for years.
  return usual && !saysTooMuch(workCase, 'name') ? workCase : undefined
}

/** A token bound to a key comes with a fresh proof by that key, used once. @see RFC 9449 sections 7 and 11.1 */
async function checkPossession(
  deps: CredentialDeps,
  town: Municipality,
  {
    credentials: { dpop, method, path },
    bearer,
    token,
  }: { credentials: Credentials; bearer: Bearer; token: string | undefined },
): Promise<void> {
  const { boundTo } = bearer
  if (boundTo === undefined) {
    // What opens most is worth nothing to whoever copies it: it goes with a key that stays where it is.
    const needsKey = bearer.kind === 'client' || WITH_A_KEY.includes(bearer.role)
    if (token !== undefined || (needsKey && deps.senderConstrained)) throw new Unauthenticated()
    return
  }
  if (token === undefined || dpop === undefined) throw new Unauthenticated()
  const url = `${town.issuer}${path}`
  const id = await checkDpop(dpop, { method, url, accessToken: token, thumbprint: boundTo })
  const fresh = await inMunicipality(deps.database, town.id, async (transaction) => {
    const kept = await keepUsedProof(transaction, { municipalityId: town.id, id })
    return kept.numInsertedOrUpdatedRows === 1n
  })
  if (!fresh) throw new Unauthenticated()
}
