import { createHash, randomInt } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { type CallbackContext, HashAlgorithm, Oauth2ServerErrorResponseError } from '@openid4vc/oauth2'
import { Openid4vciIssuer } from '@openid4vc/openid4vci'
import { compactVerify, decodeJwt, importJWK } from 'jose'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { passing } from '../../firewall/free-text.ts'
import type { Staff } from '../../firewall/requester.ts'
import { freshNumber, freshUntil } from '../../identity/fresh-number.ts'
import type { DataKey } from '../../keys/seal.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { inMunicipality, type Transaction } from '../../platform/database.ts'
import { type Code, OAuthProblem } from '../../platform/problem.ts'
import { randomBytes } from '../../platform/random.ts'
import { onRecord } from '../../registry/on-record.ts'
import { mustBeHandedOn } from '../../registry/person/representation/institutions.ts'
import { NotResident } from '../../registry/residence/not-resident.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import { agreedProfile } from '../agreed-profile.ts'
import { HolderKey, issueProof, NotForThisHolder, type ProofDeps } from '../issue.ts'
import { ProfileId } from '../profiles.ts'
import { issuerMetadata } from './metadata.ts'
import {
  keepNonce,
  keepOffer,
  lockOffer,
  markOfferIssued,
  noteOfferOutcome,
  noteRedeemed,
  offersMade,
  offerWithToken,
} from './store.ts'

export const OfferOrder = z
  .strictObject({ profile: ProfileId, handedTo: z.enum(['neighbour', 'representative']).default('neighbour') })
  .openapi('WalletOffer')
export type OfferOrder = z.infer<typeof OfferOrder>

export interface Offer {
  id: string
  /** What a QR code shows: `openid-credential-offer://…`. */
  offer: string
  /** Six digits, said or handed over apart from the QR code. */
  transactionCode: string
  expiresAt: string
}

/** How long an offer waits to be scanned, and how long a token and a number to sign hold. */
const OFFER_SECONDS = 600
const NONCE_SECONDS = 300
const MOST_ATTEMPTS = 5

const refuse = () => {
  throw new Error('not a part of this protocol that is used here')
}
/** What the library asks of its host. It verifies nothing that we have not given it. */
const callbacks: Omit<CallbackContext, 'clientAuthentication'> = {
  hash: (data, algorithm) => {
    if (algorithm !== HashAlgorithm.Sha256) throw new Error('SHA-256 is the only hash used here')
    return Uint8Array.from(createHash('sha256').update(data).digest())
  },
  generateRandom: (length) => Uint8Array.from(randomBytes(length)),
  signJwt: refuse,
  decryptJwe: refuse,
  encryptJwe: refuse,
  verifyJwt: async (signer, { compact }) => {
    if (signer.method !== 'jwk' || signer.alg !== 'ES256') return { verified: false }
    const key = HolderKey.safeParse(holderPart(signer.publicJwk))
    if (!key.success) return { verified: false }
    try {
      await compactVerify(compact, await importJWK(key.data, 'ES256'), { algorithms: ['ES256'] })
      return { verified: true, signerJwk: signer.publicJwk }
    } catch {
      return { verified: false }
    }
  },
}
const library = new Openid4vciIssuer({ callbacks: callbacks as never })

const holderPart = ({
  kty,
  crv,
  x,
  y,
}: {
  kty: string
  crv?: string | undefined
  x?: string | undefined
  y?: string | undefined
}) => ({ kty, crv, x, y })

/**
 * Offers a neighbour's wallet a proof: a code in a QR code and, apart from it, six digits. Nothing of the record is
 * opened yet but that it is there; the wallet's own request opens it, as the neighbour's.
 *
 * @throws {NotForThisHolder} {NotResident} {NotFound} {Refusal}
 */
export async function offerToWallet(
  deps: ProofDeps,
  { town, by: clerk }: Acting<Staff>,
  { neighbourId, order }: { neighbourId: string; order: OfferOrder },
): Promise<Disclosed<Offer>> {
  const profile = await agreedProfile(deps, town, order.profile)
  if (profile.askedBy !== 'either' && profile.askedBy !== order.handedTo) throw new NotForThisHolder(profile.askedBy)
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const code = randomBytes(32).toString('base64url')
  const transactionCode = String(randomInt(1_000_000)).padStart(6, '0')
  const id = uuidv7()
  const expires = deps.clock.now().add({ seconds: OFFER_SECONDS })
  const { credentialOffer } = await library.createCredentialOffer({
    issuerMetadata: issuerMetadata(town),
    credentialConfigurationIds: [profile.id],
    grants: {
      'urn:ietf:params:oauth:grant-type:pre-authorized_code': {
        'pre-authorized_code': code,
        tx_code: { input_mode: 'numeric', length: 6 },
      },
    },
  })
  return onRecord(
    deps,
    { town, by: clerk },
    {
      id: neighbourId,
      action: 'prove',
      fields: ['residence'],
      use: async (record, unit) => {
        if (record.residence === undefined) throw new NotResident()
        if (order.handedTo === 'representative') await mustBeHandedOn(unit, { town, by: clerk }, neighbourId)
        await keepOffer(unit.transaction, {
          id,
          municipality_id: town.id,
          neighbour_id: neighbourId,
          profile: Buffer.from(ledger.sealUnnamed(profileAt(id), profile.id, STEP)),
          handed_to: order.handedTo,
          code_hash: hash(`wallet code ${code}`),
          transaction_hash: hash(`wallet transaction ${id} ${transactionCode}`),
          expires_at: expires.toString(),
        })
        return { id, offer: credentialOffer, transactionCode, expiresAt: expires.toString() }
      },
    },
  )
}

const profileAt = (id: string) => ({ table: 'wallet_offers', column: 'profile', row: id })
/** Bytes: as long for each. */
const STEP = 64
const openProfile = (ledger: DataKey, { id, profile }: { id: string; profile: Uint8Array }) =>
  ledger.openUnnamed(profileAt(id), profile) as string

/** Gives a wallet that knows code and digits a token, once. @throws {OAuthProblem} the same for every wrong guess */
export async function redeemOffer(
  deps: ProofDeps,
  town: Municipality,
  form: { code: string; transactionCode: string },
): Promise<{ token: string; expiresIn: number }> {
  const { hash } = await deps.gate.keysOf(town.id)
  const token = randomBytes(32).toString('base64url')
  const redeemed = await inMunicipality(deps.database, town.id, async (transaction) => {
    const offer = await lockOffer(transaction, {
      codeHash: hash(`wallet code ${form.code}`),
      now: new Date(deps.clock.now().epochMilliseconds),
    })
    if (offer === undefined || offer.attempts >= MOST_ATTEMPTS) return false
    // Both sides are keyed hashes: comparing them gives nothing away.
    const right = hash(`wallet transaction ${offer.id} ${form.transactionCode}`).equals(offer.transaction_hash)
    await noteRedeemed(transaction, {
      right,
      tokenHash: hash(`wallet token ${token}`),
      attempts: offer.attempts + 1,
      id: offer.id,
    })
    return right
  })
  if (!redeemed) throw new OAuthProblem('invalid_grant', 400, 'The code or the six digits are not right, or too old.')
  return { token, expiresIn: OFFER_SECONDS }
}

/** A number for a wallet to sign, good once. Nothing of it is kept until it is signed: anyone may ask for one. */
export async function newNonce(deps: ProofDeps, town: Municipality): Promise<{ nonce: string; expiresIn: number }> {
  const { hash } = await deps.gate.keysOf(town.id)
  const number = freshNumber(hash, { kind: 'wallet', now: deps.clock.now(), seconds: NONCE_SECONDS })
  return { nonce: Buffer.from(number).toString('base64url'), expiresIn: NONCE_SECONDS }
}

async function offerOf(deps: ProofDeps, town: Municipality, authorization: string) {
  const [, token = ''] = /^Bearer ([\w-]{43})$/.exec(authorization) ?? []
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const offer = await inMunicipality(deps.database, town.id, (transaction) =>
    offerWithToken(transaction, {
      tokenHash: hash(`wallet token ${token}`),
      // A token is good for as long again as the offer it came of.
      expiresAfter: new Date(deps.clock.now().subtract({ seconds: OFFER_SECONDS }).epochMilliseconds),
    }),
  )
  if (offer === undefined) throw new OAuthProblem('invalid_token', 401, 'This token is not known here, or too old.')
  return { ...offer, profile: openProfile(ledger, offer) }
}

/** The keys a wallet shows that it holds, each with a fresh signature. @throws {OAuthProblem} */
async function holderKeysOf(
  deps: ProofDeps,
  town: Municipality,
  { offer, request }: { offer: { id: string; profile: string }; request: Record<string, unknown> },
): Promise<HolderKey[]> {
  const metadata = issuerMetadata(town)
  try {
    const { credentialConfigurationId, proofs } = library.parseCredentialRequest({
      issuerMetadata: metadata,
      credentialRequest: request,
    })
    if (credentialConfigurationId !== offer.profile)
      throw new OAuthProblem('unknown_credential_configuration', 400, 'Ask for what was offered.')
    const jwts = proofs?.jwt ?? []
    const nonce = decodeJwt(jwts[0] ?? '').nonce
    const stale = new OAuthProblem('invalid_nonce', 400, 'Sign a fresh number from the nonce endpoint.')
    if (typeof nonce !== 'string' || (await nonceUntil(deps, town, nonce)) === undefined) throw stale
    const keys: HolderKey[] = []
    for (const jwt of jwts) {
      const { header } = await library.verifyCredentialRequestJwtProof({
        issuerMetadata: metadata,
        jwt,
        expectedNonce: nonce,
        now: new Date(deps.clock.now().epochMilliseconds),
      })
      keys.push(HolderKey.parse(holderPart(header.jwk ?? { kty: '' })))
    }
    if (new Set(keys.map(({ x }) => x)).size !== keys.length)
      throw new OAuthProblem('invalid_proof', 400, 'Give each copy a key of its own.')
    // Used is what was signed.
    if (!(await useNonce(deps, town, nonce))) throw stale
    return keys
  } catch (error) {
    if (error instanceof OAuthProblem) throw error
    const code = error instanceof Oauth2ServerErrorResponseError ? (error.errorResponse.error as Code) : 'invalid_proof'
    throw new OAuthProblem(code, 400, 'The request or its proof of possession is not right.')
  }
}

async function nonceUntil(deps: ProofDeps, town: Municipality, nonce: string): Promise<Temporal.Instant | undefined> {
  const { hash } = await deps.gate.keysOf(town.id)
  return freshUntil(hash, { kind: 'wallet', now: deps.clock.now(), text: nonce })
}

async function useNonce(deps: ProofDeps, town: Municipality, nonce: string): Promise<boolean> {
  const { hash } = await deps.gate.keysOf(town.id)
  const until = await nonceUntil(deps, town, nonce)
  if (until === undefined) return false
  const used = await inMunicipality(deps.database, town.id, (transaction) =>
    keepNonce(transaction, {
      municipalityId: town.id,
      nonceHash: hash(`wallet nonce ${nonce}`),
      expiresAt: until.toString(),
    }),
  )
  return used.numInsertedOrUpdatedRows === 1n
}

/**
 * Issues what was offered, one copy for each key the wallet proves, as the neighbour's own request.
 *
 * @throws {OAuthProblem} {NotResident} {Refusal}
 */
export async function issueToWallet(
  deps: ProofDeps,
  town: Municipality,
  { authorization, request }: { authorization: string; request: Record<string, unknown> },
): Promise<Disclosed<object>> {
  const offer = await offerOf(deps, town, authorization)
  const holderKeys = await holderKeysOf(deps, town, { offer, request })
  const handedTo = offer.handed_to === 'representative' ? 'representative' : 'neighbour'
  const own = { kind: 'resident', id: `wallet ${offer.id}`, neighbourId: offer.neighbour_id } as const
  // What was offered to whoever acts for somebody is theirs to fetch where they may, and when.
  const requester = handedTo === 'representative' ? { ...own, representative: { toldWhere: true } } : own
  // One offer is issued once: a second request with other keys does not repeat the first.
  const issued = await issueProof(
    deps,
    { town, by: requester },
    {
      neighbourId: offer.neighbour_id,
      order: { profile: ProfileId.parse(offer.profile), handedTo, holderKeys },
      idempotencyKey: `wallet offer ${offer.id}`,
    },
  )
  await inMunicipality(deps.database, town.id, (transaction) =>
    markOfferIssued(transaction, { issuedAt: deps.clock.now().toString(), id: offer.id }),
  )
  return issued.map(({ copies }) => ({
    credentials: copies.map(({ token }) => ({ credential: token })),
    notification_id: offer.id,
  }))
}

export const Notification = z.object({
  notification_id: z.uuid(),
  event: z.enum(['credential_accepted', 'credential_failure', 'credential_deleted']),
  event_description: passing(500).optional(),
})

/** A wallet says what became of it. Its own words are not kept. @throws {OAuthProblem} */
export async function noteOutcome(
  deps: ProofDeps,
  town: Municipality,
  {
    authorization,
    notification: { notification_id, event },
  }: { authorization: string; notification: z.infer<typeof Notification> },
): Promise<void> {
  const offer = await offerOf(deps, town, authorization)
  if (offer.id !== notification_id) throw new OAuthProblem('invalid_notification_id', 400, 'No such notification.')
  await inMunicipality(deps.database, town.id, (transaction) =>
    noteOfferOutcome(transaction, { outcome: event, id: offer.id }),
  )
}

/** A proof that waits to be fetched by a wallet, or was. Times are RFC 3339. */
export interface OfferOutline {
  profile: string
  until: string
  fetchedAt: string | null
}

/** Codes for wallets that were given out about a neighbour in the last month, within a gate's transaction. */
export async function offersAbout(
  transaction: Transaction,
  ledger: DataKey,
  neighbourId: string,
): Promise<OfferOutline[]> {
  const rows = await offersMade(transaction, neighbourId)
  return rows.map((row) => ({
    profile: openProfile(ledger, row),
    until: row.expires_at.toISOString(),
    fetchedAt: row.issued_at?.toISOString() ?? null,
  }))
}
