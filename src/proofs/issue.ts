import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { UnitOfWork } from '../firewall/model.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { InvalidInput, NotFound, Problem } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { idempotencyOf } from '../registry/idempotency.ts'
import type { NeighbourFields } from '../registry/model.ts'
import { bearersOf } from '../registry/person/bearers.ts'
import { holdProof, holdStill } from '../registry/person/held-proofs.ts'
import { residencePeriods } from '../registry/person/read-history.ts'
import { mustBeHandedOn } from '../registry/person/representation/institutions.ts'
import { actOnce } from '../registry/replays.ts'
import { NotResident } from '../registry/residence/not-resident.ts'
import { hidesWhereabouts, loadRecords } from '../registry/store.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { agreedProfile } from './agreed-profile.ts'
import { claimsOf, fieldsFor, type ProvableField, restsOn } from './claims.ts'
import { ProfileId, profiles } from './profiles.ts'
import { type SigningKey, signSdJwt } from './sd-jwt.ts'
import type { SigningKeys } from './signing-keys.ts'
import { nextStatusList, openStatusList, randomIndex, statusListUri } from './status-list.ts'

export interface ProofDeps extends RegistryDeps {
  signing: SigningKeys
}

/** A public key of the holder's wallet: P-256, nothing private in it. */
export const HolderKey = z
  .strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string().regex(/^[\w-]{43}$/),
    y: z.string().regex(/^[\w-]{43}$/),
  })
  .openapi('HolderKey')
export type HolderKey = z.infer<typeof HolderKey>

/** Most copies at once. */
export const MOST_COPIES = 20

export const ProofOrder = z
  .strictObject({
    profile: ProfileId,
    handedTo: z.enum(['neighbour', 'representative']).default('neighbour'),
    holderKeys: z.array(HolderKey).min(1).max(MOST_COPIES).optional(),
    copies: z.int().min(1).max(MOST_COPIES).optional(),
  })
  .refine((order) => order.holderKeys === undefined || order.copies === undefined, {
    path: ['copies'],
    message: 'Each key of the holder gets a copy of its own: give keys, or a number, and not both.',
  })
  .openapi('ProofOrder', {
    description:
      'Copies are made to be shown once each: they share no number, so that two services cannot tell they saw the same person.',
  })
export type ProofOrder = z.infer<typeof ProofOrder>

export interface IssuedProof {
  id: string
  token: string
  expiresAt: string
  /** Every copy, the first included. */
  copies: { id: string; token: string }[]
}

/** @throws when a proof is asked for by somebody it may not be given to. */
export class NotForThisHolder extends Problem {
  constructor(askedBy: 'neighbour' | 'representative') {
    super(
      'not-for-this-holder',
      409,
      askedBy === 'neighbour'
        ? 'This proof is given to the neighbour alone, and to nobody for them.'
        : 'This proof is asked for by whoever represents the neighbour.',
    )
  }
}

/**
 * Signs a proof that a neighbour lives here, holding no more than the service profile allows.
 * Nothing in it names the record: the status index is random and there is no serial number.
 *
 * @throws {NotForThisHolder} {NotResident} {NotFound} {Refusal} {IdempotencyMismatch}
 */
export async function issueProof(
  deps: ProofDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, order, idempotencyKey }: { neighbourId: string; order: ProofOrder; idempotencyKey: string },
): Promise<Disclosed<IssuedProof>> {
  const profile = await agreedProfile(deps, town, order.profile)
  if (profile.askedBy !== 'either' && profile.askedBy !== order.handedTo) throw new NotForThisHolder(profile.askedBy)
  const day = today(deps.clock, town.timeZone)
  const fields = fieldsFor(profile.claims)
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: requester.id,
    operation: `prove ${neighbourId}`,
    key: idempotencyKey,
    body: order,
  })
  return deps.gate.open<NeighbourFields, ProvableField, IssuedProof, { hidden: boolean }>(
    { municipalityId: town.id, requester, action: 'prove', purpose: purposeOf(requester), fields },
    async (transaction) => {
      await holdStill(transaction, neighbourId)
      const records = await loadRecords(transaction, [neighbourId], { trueAt: day })
      return { records, beside: { hidden: records.some(hidesWhereabouts) } }
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      return actOnce(unit, { town, neighbourId, key }, async () => {
        if (order.handedTo === 'representative') await mustBeHandedOn(unit, { town, by: requester }, neighbourId)
        if (record.residence === undefined) throw new NotResident()
        const periods = await residencePeriods(unit.transaction, neighbourId)
        const claims = claimsOf(town, profile.claims, { record, protected: unit.beside.hidden, periods, day })
        const signer = await deps.signing.current(unit.transaction, town.id)
        const keys = order.holderKeys ?? Array.from({ length: order.copies ?? 1 }, () => undefined)
        const copies: { id: string; token: string }[] = []
        let expiresAt = ''
        for (const holderKey of keys) {
          const entry = await takeStatusEntry(deps, town, {
            unit,
            proof: { neighbourId, profileId: profile.id, signer, form: 'sd-jwt' },
          })
          expiresAt = entry.expiresAt.toString()
          copies.push({
            id: entry.id,
            token: await tokenAt(town, { signer, profileId: profile.id, entry, claims, holderKey }),
          })
        }
        const [first] = copies
        if (first === undefined) throw new InvalidInput([{ pointer: '/copies', detail: 'Ask for one at least.' }])
        return { ...first, expiresAt, copies }
      })
    },
  )
}

/** Where a proof stands in the city's books. */
export interface StatusEntry {
  id: string
  statusListId: string
  statusIndex: number
  /** Seconds since 1970, to the hour: a time to the second would tell two services that they saw the same person. */
  iat: number
  exp: number
  expiresAt: Temporal.Instant
}

function tokenAt(
  town: Municipality,
  {
    signer,
    profileId,
    entry: place,
    claims,
    holderKey,
  }: {
    signer: SigningKey
    profileId: string
    entry: StatusEntry
    claims: Record<string, unknown>
    holderKey: HolderKey | undefined
  },
): Promise<string> {
  const { iat, exp, statusListId, statusIndex } = place
  return signSdJwt(
    signer,
    {
      iss: town.issuer,
      iat,
      nbf: iat,
      exp,
      vct: `${town.issuer}/credentials/${profileId}`,
      aud: profileId,
      resident: true,
      municipality: town.slug,
      status: { status_list: { idx: statusIndex, uri: statusListUri(town, statusListId) } },
      ...(holderKey ? { cnf: { jwk: holderKey } } : {}),
    },
    claims,
  )
}

/** Writes a proof down and takes a random place in the status list for it. @throws {NotResident} */
export async function takeStatusEntry(
  deps: Pick<ProofDeps, 'clock' | 'gate'>,
  town: Municipality,
  {
    unit,
    proof,
  }: {
    unit: UnitOfWork
    proof: { neighbourId: string; profileId: string; signer: SigningKey; form: 'sd-jwt' | 'paper' }
  },
): Promise<StatusEntry> {
  const validityDays = profiles.get(proof.profileId)?.validityDays ?? 1
  const now = deps.clock.now()
  const iat = Math.floor(now.epochMilliseconds / 3_600_000) * 3600
  const exp = iat + validityDays * 86_400
  const expiresAt = Temporal.Instant.fromEpochMilliseconds(exp * 1000)
  const bearers = await bearersOf(deps.gate, town.id)
  const content = {
    profile: proof.profileId,
    form: proof.form,
    // What was true of them at most: what changes of it takes the proof back.
    restsOn: restsOn(profiles.get(proof.profileId)?.claims ?? []),
    issuedAt: now.toString({ smallestUnit: 'millisecond' }),
    expiresAt: expiresAt.toString({ smallestUnit: 'millisecond' }),
  }
  let list = await openStatusList(unit.transaction, town.id)
  for (;;) {
    const given = { neighbourId: proof.neighbourId, list, signingKeyId: proof.signer.kid, content }
    const held = await holdProof(unit, given, { draw: randomIndex, bearers })
    if (held) return { ...held, statusListId: list.id, iat, exp, expiresAt }
    list = await nextStatusList(unit.transaction, town.id, list.id)
  }
}
