import type { Disclosed } from '../firewall/disclosed.ts'
import type { GateHand } from '../firewall/gate.ts'
import type { Staff } from '../firewall/requester.ts'
import { today, uuidv7 } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { once } from '../registry/idempotency.ts'
import type { NeighbourFields } from '../registry/model.ts'
import type { Municipality } from '../registry/municipality.ts'
import { earlierAnswer, keepAnswer } from '../registry/replays.ts'
import { NotResident } from '../registry/residences.ts'
import { loadRecords } from '../registry/store.ts'
import { type Claim, type Profile, profiles } from './profiles.ts'
import { signSdJwt } from './sd-jwt.ts'
import type { SigningKeys } from './signing-keys.ts'
import { openStatusList, randomIndex, statusListUri } from './status-list.ts'

export interface ProofDeps extends RegistryDeps {
  signing: SigningKeys
}

export interface IssuedProof {
  id: string
  token: string
  expiresAt: string
}

const FIELDS: Record<Claim, keyof NeighbourFields & ('name' | 'dateOfBirth' | 'address' | 'residence')> = {
  given_name: 'name',
  family_name: 'name',
  birthdate: 'dateOfBirth',
  address: 'address',
  district: 'address',
  resident_since: 'residence',
  resident_at_least_1_year: 'residence',
  resident_at_least_2_years: 'residence',
  resident_at_least_3_years: 'residence',
  resident_at_least_5_years: 'residence',
}

/**
 * Signs a proof that a neighbour lives here, holding no more than the service profile allows.
 * Nothing in it names the record: the status index is random and there is no serial number.
 *
 * @throws {NotResident} {NotFound} {Refusal} {IdempotencyMismatch}
 */
export async function issueProof(
  deps: ProofDeps,
  town: Municipality,
  clerk: Staff,
  neighbourId: string,
  profileId: string,
  idempotencyKey: string,
): Promise<Disclosed<IssuedProof>> {
  const profile = profiles.get(profileId)
  if (profile === undefined) throw new NotFound()
  const day = today(deps.clock, town.timeZone)
  const fields = [...new Set([...profile.claims.map((claim) => FIELDS[claim]), 'residence' as const])]
  const key = await once(deps.gate, town.id, {
    requester: clerk.id,
    operation: `prove ${neighbourId}`,
    key: idempotencyKey,
    body: profileId,
  })
  return deps.gate.open<NeighbourFields, (typeof fields)[number], IssuedProof>(
    { municipalityId: town.id, requester: clerk, action: 'prove', purpose: 'counter-service', fields },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: day }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      const earlier = await earlierAnswer<IssuedProof>(hand, neighbourId, key)
      if (earlier) return earlier
      if (record.residence === undefined) throw new NotResident()
      const proof = await sign(deps, town, hand, neighbourId, profile, claimsOf(record, profile, day))
      await keepAnswer(hand, town, neighbourId, key, proof)
      return proof
    },
  )
}

type Provable = Partial<Pick<NeighbourFields, 'name' | 'dateOfBirth' | 'address' | 'residence'>>

/** The claims of one person for one profile; what is unknown is left out, never guessed. */
export function claimsOf(record: Provable, profile: Profile, day: Temporal.PlainDate): Record<string, unknown> {
  const since = record.residence?.residentSince
  const years = since === undefined ? -1 : Temporal.PlainDate.from(since).until(day, { largestUnit: 'years' }).years
  const { address } = record
  const district = address && 'territory' in address ? address.territory?.district : undefined
  const values: Record<Claim, unknown> = {
    given_name: record.name?.given,
    family_name: record.name?.family?.join(' '),
    birthdate: record.dateOfBirth,
    address,
    district,
    resident_since: since,
    resident_at_least_1_year: years >= 1,
    resident_at_least_2_years: years >= 2,
    resident_at_least_3_years: years >= 3,
    resident_at_least_5_years: years >= 5,
  }
  return Object.fromEntries(
    profile.claims.map((claim) => [claim, values[claim]]).filter(([, value]) => value !== undefined),
  )
}

async function sign(
  deps: ProofDeps,
  town: Municipality,
  hand: GateHand,
  neighbourId: string,
  profile: Profile,
  hidden: Record<string, unknown>,
): Promise<IssuedProof> {
  const key = await deps.signing.current(hand.transaction, town.id)
  const list = await openStatusList(hand.transaction, town.id)
  const now = deps.clock.now()
  // To the hour: a time to the second would tell two services that they saw the same person.
  const hour = Math.floor(now.epochMilliseconds / 3_600_000) * 3600
  const exp = hour + profile.validityDays * 86_400
  const expires = Temporal.Instant.fromEpochMilliseconds(exp * 1000)
  const id = uuidv7()
  const index = await takeIndex()
  const token = await signSdJwt(
    key,
    {
      iss: town.issuer,
      iat: hour,
      nbf: hour,
      exp,
      vct: `${town.issuer}/credentials/${profile.id}`,
      aud: profile.id,
      resident: true,
      municipality: town.slug,
      status: { status_list: { idx: index, uri: statusListUri(town, list.id) } },
    },
    hidden,
  )
  return { id, token, expiresAt: expires.toString() }

  async function takeIndex(): Promise<number> {
    for (;;) {
      const status_index = randomIndex(list.capacity)
      const taken = await hand.transaction
        .insertInto('proofs')
        .values({
          id,
          municipality_id: town.id,
          neighbour_id: neighbourId,
          profile: profile.id,
          signing_key_id: key.kid,
          status_list_id: list.id,
          status_index,
          issued_at: now.toString(),
          expires_at: expires.toString(),
        })
        .onConflict((conflict) => conflict.columns(['status_list_id', 'status_index']).doNothing())
        .executeTakeFirst()
      if (taken.numInsertedOrUpdatedRows === 1n) return status_index
    }
  }
}

/**
 * Takes a proof back. Verifiers learn it from the status list, within its time to live.
 *
 * @throws {NotFound} {Refusal}
 */
export async function revokeProof(
  deps: ProofDeps,
  town: Municipality,
  clerk: Staff,
  proofId: string,
): Promise<Disclosed<{ id: string; revokedAt: string }>> {
  const day = today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, never, { id: string; revokedAt: string }>(
    { municipalityId: town.id, requester: clerk, action: 'revoke', purpose: 'counter-service', fields: [] },
    async (transaction) => {
      const proof = await transaction
        .selectFrom('proofs')
        .select('neighbour_id')
        .where('id', '=', proofId)
        .executeTakeFirst()
      return proof === undefined ? [] : loadRecords(transaction, [proof.neighbour_id], { trueAt: day })
    },
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      await hand.transaction
        .updateTable('proofs')
        .set({ revoked_at: deps.clock.now().toString() })
        .where('id', '=', proofId)
        .where('revoked_at', 'is', null)
        .execute()
      const row = await hand.transaction
        .selectFrom('proofs')
        .select('revoked_at')
        .where('id', '=', proofId)
        .executeTakeFirstOrThrow()
      return { id: proofId, revokedAt: row.revoked_at?.toISOString() ?? '' }
    },
  )
}
