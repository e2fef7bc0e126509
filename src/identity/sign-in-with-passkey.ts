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
import { called, confirmedPlain, fieldsSayingTooMuch, mustBePlain, plain, SaysTooMuch } from '../firewall/free-text.ts'
import type { DataKey } from '../keys/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import type { Acting, Municipality } from '../town/model.ts'
import type { IdentityDeps } from './deps.ts'
import { freshNumber, freshUntil } from './fresh-number.ts'
import { stillWaits, WayWaits, wayTimes, wayTimesOfOwn } from './new-ways.ts'
import { isRefusedAccess } from './presence.ts'
import {
  enrolmentUnder,
  keepChallenge,
  keepPasskeyRow,
  lockPasskey,
  markPasskeyUsed,
  passkeyOf,
  passkeysInUse,
  passkeysOf,
  useEnrolment,
} from './resident-store.ts'
import { noticeOfWays } from './telling.ts'

type Deps = IdentityDeps

/** How long a QR code for a telephone waits, and a number to sign. */
export const ENROLMENT_SECONDS = 900
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

/** What somebody calls a device, and what it calls them where others use it too: as they wish. */
export const DeviceName = z.strictObject({ device: plain(60, 0), owner: called(60, 0).default(''), confirmedPlain })
export type DeviceName = z.infer<typeof DeviceName>

async function newChallenge(deps: Deps, town: Municipality): Promise<Uint8Array<ArrayBuffer>> {
  const { hash } = await deps.gate.keysOf(town.id)
  return freshNumber(hash, { kind: 'passkey', now: deps.clock.now(), seconds: CHALLENGE_SECONDS })
}

/** What a signature has to be over: a number of this town's in time. Used is what was signed, once the signature is right. */
function challenges(deps: Deps, hash: (text: string) => Buffer) {
  let signed: { challenge: string; until: Temporal.Instant } | undefined
  return {
    expected: (challenge: string): boolean => {
      const until = freshUntil(hash, { kind: 'passkey', now: deps.clock.now(), text: challenge })
      signed = until && { challenge, until }
      return until !== undefined
    },
    /** @throws {PasskeyRefused} of one that was signed before */
    use: async (transaction: Transaction, municipalityId: string): Promise<void> => {
      if (signed === undefined) throw new PasskeyRefused()
      const used = await keepChallenge(transaction, {
        municipalityId,
        challengeHash: hash(`passkey ${signed.challenge}`),
        expiresAt: signed.until.toString(),
      })
      if (used.numInsertedOrUpdatedRows !== 1n) throw new PasskeyRefused()
    },
  }
}

/** Where a new passkey's owner is known from: a code from the counter, or the session they are in. */
export type Owner = { code: string } | { neighbourId: string }

/**
 * What a browser needs to make a passkey. Nothing in it says whose, but what its owner wishes to be called on it.
 *
 * @throws {SaysTooMuch} before there is a passkey that would not be kept
 * @throws {PasskeyRefused} for a code that is none
 */
export async function passkeyOptions(
  deps: Deps,
  { town, by: owner }: Acting<Owner>,
  named: DeviceName,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  await mustBePlain(deps.gate, { municipalityId: town.id, by: ENROLLING }, { schema: DeviceName, form: named })
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const { neighbourId, known } = await inMunicipality(deps.database, town.id, async (transaction) => {
    const neighbourId =
      'neighbourId' in owner
        ? owner.neighbourId
        : (await openEnrolment(transaction, { hash, code: owner.code, now: deps.clock.now() }))?.neighbour_id
    if (neighbourId === undefined) throw new PasskeyRefused()
    const rows = await passkeysInUse(transaction, neighbourId)
    return { neighbourId, known: rows }
  })
  return generateRegistrationOptions({
    challenge: await newChallenge(deps, town),
    rpName: 'Padrón',
    rpID: relyingParty(town).id,
    // Shown by the device in its list of passkeys: it must not say what for.
    userName: named.owner || '·',
    // The same for the same person, so that two of a family are two on one telephone, and one of them is not there twice.
    userID: Uint8Array.from(hash(`passkey user ${neighbourId}`)),
    excludeCredentials: known.map((row) => ({
      id: ledger.open(credentialPlace(row.handle), row.credential) as string,
    })),
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
}

/** Whose a code from the counter is, while it is good. */
const openEnrolment = (
  transaction: Transaction,
  { hash, code, now }: { hash: (text: string) => Buffer; code: string; now: Temporal.Instant },
) => enrolmentUnder(transaction, { codeHash: hash(`enrolment ${code}`), now: new Date(now.epochMilliseconds) })

/**
 * Keeps a new passkey for a neighbour. A code is good once.
 *
 * @returns whose it is, and whether it works only after a while
 * @throws {SaysTooMuch} {PasskeyRefused}
 */
export async function keepPasskey(
  deps: Deps,
  { town, by: owner }: Acting<Owner>,
  { response, named }: { response: RegistrationResponseJSON; named: DeviceName },
): Promise<PasskeyHolder & { waits: boolean }> {
  if (fieldsSayingTooMuch(DeviceName, named).length > 0 && !named.confirmedPlain) throw new SaysTooMuch([])
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const handle = uuidv7()
  const party = relyingParty(town)
  const { expected, use } = challenges(deps, hash)
  const verified = await verifyRegistrationResponse({
    response,
    expectedChallenge: expected,
    expectedOrigin: party.origins,
    expectedRPID: party.id,
    requireUserVerification: true,
  }).catch(() => ({ verified: false as const, registrationInfo: undefined }))
  if (!verified.verified || verified.registrationInfo === undefined) throw new PasskeyRefused()
  const { credential } = verified.registrationInfo
  const now = deps.clock.now()
  return inMunicipality(deps.database, town.id, async (transaction) => {
    await use(transaction, town.id)
    let neighbourId: string | undefined
    let made: { given_by: string | null; given_from: Buffer | null } = { given_by: null, given_from: null }
    if ('neighbourId' in owner) neighbourId = owner.neighbourId
    else {
      const used = await useEnrolment(transaction, {
        codeHash: hash(`enrolment ${owner.code}`),
        now: new Date(now.epochMilliseconds),
      })
      neighbourId = used?.neighbour_id
      if (used) made = { given_by: used.given_by, given_from: used.given_from }
    }
    if (neighbourId === undefined) throw new PasskeyRefused()
    // Made from a session, it was made with what they had before.
    const about = { town, neighbourId, now }
    const { works, shows } = await ('neighbourId' in owner ? wayTimesOfOwn : wayTimes)(transaction, about)
    await keepPasskeyRow(transaction, {
      id: hash(`credential ${credential.id}`),
      municipality_id: town.id,
      neighbour_id: neighbourId,
      handle,
      public_key: Buffer.from(credential.publicKey),
      counter: credential.counter,
      device: Buffer.from(ledger.seal(locationOf(handle), { device: named.device || '·', owner: named.owner })),
      credential: Buffer.from(ledger.seal(credentialPlace(handle), credential.id)),
      created_at: now.toString(),
      works_from: works.toString(),
      shows_from: shows.toString(),
      ...made,
    })
    const waits = Temporal.Instant.compare(works, now) > 0
    await noticeOfWays(transaction, { deps, town, neighbourId, kind: waits ? 'way-waits' : 'ways-changed' })
    return { neighbourId, handle, waits }
  }).catch((error: unknown) => {
    throw isRefusedAccess(error) ? new PasskeyRefused() : error
  })
}

/** What a browser needs to sign in with whichever passkey of this city it holds. */
export async function signInOptions(deps: Deps, town: Municipality): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return generateAuthenticationOptions({
    challenge: await newChallenge(deps, town),
    ...{ rpID: relyingParty(town).id, userVerification: 'required' },
  })
}

/** Whose passkey it is, and which. */
export interface PasskeyHolder {
  neighbourId: string
  handle: string
}

/**
 * Whose passkey it is. One that counts backwards is refused, and its owner is told, as they are of one that counts far ahead: it may
 * have been copied.
 *
 * @throws {PasskeyRefused} {WayWaits}
 * @see Web Authentication Level 3, section 6.1.1 (signature counter)
 */
export async function signInWithPasskey(
  deps: Deps,
  town: Municipality,
  response: AuthenticationResponseJSON,
): Promise<PasskeyHolder> {
  const { hash } = await deps.gate.keysOf(town.id)
  const id = hash(`credential ${response.id}`)
  const known = await inMunicipality(deps.database, town.id, (transaction) => passkeyOf(transaction, id))
  if (known === undefined) throw new PasskeyRefused()
  const party = relyingParty(town)
  const { expected, use } = challenges(deps, hash)
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: expected,
    expectedOrigin: party.origins,
    expectedRPID: party.id,
    requireUserVerification: true,
    // The count is compared below, where its owner can be told.
    credential: { id: response.id, publicKey: Uint8Array.from(known.public_key), counter: 0 },
  }).catch(() => ({ verified: false, authenticationInfo: undefined }))
  if (!verified || authenticationInfo === undefined) throw new PasskeyRefused()
  if (stillWaits(known, deps.clock.now())) throw new WayWaits(known.works_from.toTemporalInstant())
  const { newCounter } = authenticationInfo
  const { neighbour_id: neighbourId, handle } = known
  const now = deps.clock.now()
  const back = await inMunicipality(deps.database, town.id, async (transaction) => {
    await use(transaction, town.id)
    const { counter } = await lockPasskey(transaction, id)
    const before = Number(counter)
    const backwards = (before > 0 || newCounter > 0) && newCounter <= before
    if (backwards || newCounter > before + MOST_AHEAD)
      await noticeOfWays(transaction, { deps, town, neighbourId, kind: 'way-in' })
    if (!backwards) await markPasskeyUsed(transaction, { counter: newCounter, usedAt: now.toString(), id })
    return backwards
  })
  if (back) throw new PasskeyRefused()
  return { neighbourId, handle }
}

/** What somebody calls a device is theirs: it may be their name. */
const locationOf = (handle: string) => ({ table: 'passkeys', column: 'device', row: handle })
const credentialPlace = (handle: string) => ({ table: 'passkeys', column: 'credential', row: handle })
/** What a device is called and calls its owner, as it was sealed. */
export const deviceNamed = (ledger: DataKey, handle: string, sealed: Uint8Array) =>
  ledger.open(locationOf(handle), sealed) as { device: string; owner: string }

export interface Device {
  handle: string
  device: string
  /** What it calls its owner; empty where they did not say. */
  owner: string
  createdAt: string
  /** RFC 3339; later than now, where it does not work yet. */
  worksFrom: string
  usedAt: string | null
}

/** The devices a neighbour signs in with, within a transaction; with those removed since for who tells them apart afterwards. */
export async function devicesIn(
  transaction: Transaction,
  {
    ledger,
    neighbourId,
    which = 'in-use',
  }: { ledger: DataKey; neighbourId: string; which?: 'in-use' | 'ever' | undefined },
): Promise<Device[]> {
  const rows = await passkeysOf(transaction, { neighbourId, which })
  return rows.map((row) => ({
    handle: row.handle,
    ...deviceNamed(ledger, row.handle, row.device),
    createdAt: row.created_at.toISOString(),
    worksFrom: row.works_from.toISOString(),
    usedAt: row.used_at?.toISOString() ?? null,
  }))
}

/** How much further than by one a device may count between two sign-ins before its owner is told: it counts for other services too. */
export const MOST_AHEAD = 200
