import { z } from '@hono/zod-openapi'
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { Disclosed } from '../firewall/disclosed.ts'
import { confirmedPlain, fieldsSayingTooMuch, mustBePlain, plain, SaysTooMuch } from '../firewall/free-text.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today, uuidv7 } from '../platform/clock.ts'
import { inMunicipality } from '../platform/database.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import { randomBytes } from '../platform/random.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { NeighbourFields } from '../registry/model.ts'
import type { Municipality } from '../registry/municipality.ts'
import { isNeighbour, isRefusedAccess } from '../registry/presence.ts'
import { mustBeOldEnough } from '../registry/representation.ts'
import { NotResident } from '../registry/residences.ts'
import { loadRecords } from '../registry/store.ts'

type Deps = Pick<RegistryDeps, 'database' | 'clock' | 'gate'>

/** How long a QR code for a telephone waits, and a number to sign. */
const ENROLMENT_SECONDS = 900
const CHALLENGE_SECONDS = 300
/** Who enrols a telephone has not signed in yet. */
const ENROLLING = { kind: 'job', id: 'portal' } as const

/** @throws when a telephone could not be enrolled or recognised. */
export class PasskeyRefused extends Problem {
  constructor() {
    super('passkey-refused', 401, 'This device was not recognised. Use your card, or ask at any counter.')
  }
}

/**
 * Where passkeys belong: the city's own address. A demonstration on this machine is reached as `localhost`, since
 * passkeys do not go with numbers.
 */
export function relyingParty(town: Municipality): { id: string; origins: string[] } {
  const { hostname, port, origin } = new URL(town.issuer)
  if (hostname !== '127.0.0.1') return { id: hostname, origins: [origin] }
  return { id: 'localhost', origins: [`http://localhost:${port}`] }
}

/** What somebody calls a device. */
export const DeviceName = z.strictObject({ device: plain(60, 0), confirmedPlain })
export type DeviceName = z.infer<typeof DeviceName>

/** A code for one telephone, to be shown as a QR code at the counter. @throws {NotResident} {NotFound} {Refusal} */
export async function offerEnrolment(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  neighbourId: string,
): Promise<Disclosed<{ code: string }>> {
  const { hash } = await deps.gate.keysOf(town.id)
  const code = randomBytes(24).toString('base64url')
  const day = today(deps.clock, town.timeZone)
  const fields = ['dateOfBirth', 'departedOn'] as const
  return deps.gate.open<NeighbourFields, (typeof fields)[number], { code: string }>(
    { municipalityId: town.id, requester: clerk, action: 'enrol', purpose: purposeOf(clerk), fields },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: day }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      if (record.departedOn !== undefined) throw new NotResident()
      mustBeOldEnough(town, record.dateOfBirth, day)
      const now = deps.clock.now()
      await hand.transaction
        .insertInto('enrolments')
        .values({
          id: uuidv7(),
          municipality_id: town.id,
          neighbour_id: neighbourId,
          code_hash: hash(`enrolment ${code}`),
          expires_at: now.add({ seconds: ENROLMENT_SECONDS }).toString(),
        })
        .execute()
      return { code }
    },
  )
}

async function newChallenge(deps: Deps, town: Municipality, challenge: string): Promise<void> {
  const { hash } = await deps.gate.keysOf(town.id)
  const now = deps.clock.now()
  await inMunicipality(deps.database, town.id, async (transaction) => {
    await transaction
      .insertInto('passkey_challenges')
      .values({
        municipality_id: town.id,
        challenge_hash: hash(`passkey ${challenge}`),
        expires_at: now.add({ seconds: CHALLENGE_SECONDS }).toString(),
      })
      .execute()
  })
}

/** Whether the number was given out and not signed before. */
async function takeChallenge(deps: Deps, town: Municipality, challenge: string): Promise<boolean> {
  const { hash } = await deps.gate.keysOf(town.id)
  const taken = await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .deleteFrom('passkey_challenges')
      .where('challenge_hash', '=', hash(`passkey ${challenge}`))
      .where('expires_at', '>', new Date(deps.clock.now().epochMilliseconds))
      .executeTakeFirst(),
  )
  return taken.numDeletedRows === 1n
}

/**
 * What a browser needs to make a passkey. Nothing in it says whose.
 *
 * @throws {SaysTooMuch} before there is a passkey that would not be kept
 */
export async function passkeyOptions(
  deps: Deps,
  town: Municipality,
  named: DeviceName,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  await mustBePlain(deps.gate, town.id, ENROLLING, DeviceName, named)
  const options = await generateRegistrationOptions({
    rpName: 'Padrón',
    rpID: relyingParty(town).id,
    // Shown by the device in its list of passkeys: it must not say what for.
    userName: '·',
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
  })
  await newChallenge(deps, town, options.challenge)
  return options
}

/** Where a new passkey's owner is known from: a code from the counter, or the session they are in. */
export type Owner = { code: string } | { neighbourId: string }

/** Keeps a new passkey for a neighbour. A code is good once. @throws {SaysTooMuch} {PasskeyRefused} */
export async function keepPasskey(
  deps: Deps,
  town: Municipality,
  owner: Owner,
  response: RegistrationResponseJSON,
  named: DeviceName,
): Promise<{ neighbourId: string }> {
  if (fieldsSayingTooMuch(DeviceName, named).length > 0 && !named.confirmedPlain) throw new SaysTooMuch([])
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const handle = uuidv7()
  const party = relyingParty(town)
  const verified = await verifyRegistrationResponse({
    response,
    expectedChallenge: (challenge) => takeChallenge(deps, town, challenge),
    expectedOrigin: party.origins,
    expectedRPID: party.id,
    requireUserVerification: false,
  }).catch(() => ({ verified: false as const, registrationInfo: undefined }))
  if (!verified.verified || verified.registrationInfo === undefined) throw new PasskeyRefused()
  const { credential } = verified.registrationInfo
  const now = deps.clock.now()
  return inMunicipality(deps.database, town.id, async (transaction) => {
    let neighbourId: string | undefined
    if ('neighbourId' in owner) neighbourId = owner.neighbourId
    else {
      const used = await transaction
        .deleteFrom('enrolments')
        .where('code_hash', '=', hash(`enrolment ${owner.code}`))
        .where('expires_at', '>', new Date(now.epochMilliseconds))
        .where((row) => isNeighbour(row.ref('neighbour_id')))
        .returning('neighbour_id')
        .executeTakeFirst()
      neighbourId = used?.neighbour_id
    }
    if (neighbourId === undefined) throw new PasskeyRefused()
    await transaction
      .insertInto('passkeys')
      .values({
        id: hash(`credential ${credential.id}`),
        municipality_id: town.id,
        neighbour_id: neighbourId,
        handle,
        public_key: Buffer.from(credential.publicKey),
        counter: credential.counter,
        device: Buffer.from(ledger.seal(placeOf(handle), named.device || '·')),
        created_at: now.toString(),
      })
      .execute()
    return { neighbourId }
  }).catch((error: unknown) => {
    throw isRefusedAccess(error) ? new PasskeyRefused() : error
  })
}

/** What a browser needs to sign in with whichever passkey of this city it holds. */
export async function signInOptions(deps: Deps, town: Municipality): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const options = await generateAuthenticationOptions({ rpID: relyingParty(town).id, userVerification: 'preferred' })
  await newChallenge(deps, town, options.challenge)
  return options
}

/** Whose passkey it is. @throws {PasskeyRefused} */
export async function signInWithPasskey(
  deps: Deps,
  town: Municipality,
  response: AuthenticationResponseJSON,
): Promise<{ neighbourId: string }> {
  const { hash } = await deps.gate.keysOf(town.id)
  const id = hash(`credential ${response.id}`)
  const known = await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .selectFrom('passkeys')
      .select(['public_key', 'counter', 'neighbour_id'])
      .where('id', '=', id)
      .where((row) => isNeighbour(row.ref('neighbour_id')))
      .executeTakeFirst(),
  )
  if (known === undefined) throw new PasskeyRefused()
  const party = relyingParty(town)
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: (challenge) => takeChallenge(deps, town, challenge),
    expectedOrigin: party.origins,
    expectedRPID: party.id,
    requireUserVerification: false,
    credential: { id: response.id, publicKey: Uint8Array.from(known.public_key), counter: Number(known.counter) },
  }).catch(() => ({ verified: false, authenticationInfo: undefined }))
  if (!verified || authenticationInfo === undefined) throw new PasskeyRefused()
  await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .updateTable('passkeys')
      .set({ counter: authenticationInfo.newCounter, used_at: deps.clock.now().toString() })
      .where('id', '=', id)
      .execute(),
  )
  return { neighbourId: known.neighbour_id }
}

/** What somebody calls a device is theirs: it may be their name. */
const placeOf = (handle: string) => ({ table: 'passkeys', column: 'device', row: handle })

export interface Device {
  handle: string
  device: string
  createdAt: string
  usedAt: string | null
}

/** The devices a neighbour signs in with. */
export async function devicesOf(deps: Deps, town: Municipality, resident: Resident): Promise<Device[]> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const rows = await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .selectFrom('passkeys')
      .select(['handle', 'device', 'created_at', 'used_at'])
      .where('neighbour_id', '=', resident.neighbourId)
      .orderBy('created_at')
      .execute(),
  )
  return rows.map((row) => ({
    handle: row.handle,
    device: ledger.open(placeOf(row.handle), row.device) as string,
    createdAt: row.created_at.toISOString(),
    usedAt: row.used_at?.toISOString() ?? null,
  }))
}

export async function forgetDevice(deps: Deps, town: Municipality, resident: Resident, handle: string): Promise<void> {
  await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .deleteFrom('passkeys')
      .where('handle', '=', handle)
      .where('neighbour_id', '=', resident.neighbourId)
      .execute(),
  )
}
