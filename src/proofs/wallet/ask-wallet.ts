import { createHash } from 'node:crypto'
import { type CallbackContext, HashAlgorithm } from '@openid4vc/oauth2'
import { calculateX509HashClientIdPrefixValue, Openid4vpVerifier } from '@openid4vc/openid4vp'
import { CompactSign, compactDecrypt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { uuidv7 } from '../../platform/clock.ts'
import { inMunicipality } from '../../platform/database.ts'
import { NotFound } from '../../platform/problem.ts'
import { randomBytes } from '../../platform/random.ts'
import type { Municipality } from '../../town/model.ts'
import type { ProofDeps } from '../issue.ts'
import { documentSeal } from '../paper/document-seal.ts'
import type { DocumentSeal } from '../paper/pades.ts'
import { type Profile, profiles } from '../profiles.ts'
import { type Verification, verifyHere } from '../verify-here.ts'
import { typeOf } from './metadata.ts'
import {
  addPresentationAnswer,
  dropPresentationAnswers,
  dropPresentationRequest,
  keepPresentationRequest,
  presentationRequest,
} from './store.ts'

/** How long a wallet has to answer, seconds. */
export const ANSWER_SECONDS = 300
const QUERY = 'proof'

/** A question put to a wallet, and the key that alone opens the answer: the desk keeps it, the city does not. */
export interface Question {
  id: string
  /** What the QR code shows: `openid4vp://…`. */
  link: string
  key: JWK
}

export function profileOf(service: string): Profile {
  const profile = profiles.get(service)
  if (profile === undefined) throw new NotFound()
  return profile
}

const never = () => {
  throw new Error('not a part of this protocol that is used here')
}
const hash: CallbackContext['hash'] = (data, algorithm) => {
  if (algorithm !== HashAlgorithm.Sha256) throw new Error('SHA-256 is the only hash used here')
  return Uint8Array.from(createHash('sha256').update(data).digest())
}

/**
 * Asks a wallet for a proof made for this service: a signed request, an encrypted answer, no more claims than the
 * profile allows.
 *
 * @see OpenID4VP 1.0; OpenID4VC High Assurance Interoperability Profile 1.0, section 5
 */
export async function askWallet(deps: ProofDeps, town: Municipality, profile: Profile): Promise<Question> {
  const seal = await documentSeal(deps, town)
  const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const id = uuidv7()
  const nonce = randomBytes(24).toString('base64url')
  const publicJwk = { ...(await exportJWK(pair.publicKey)), kid: id, use: 'enc', alg: 'ECDH-ES' }
  const address = `${town.issuer}/counter/requests/${id}`
  const { authorizationRequest, jar } = await verifier(seal).createOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: {
      response_type: 'vp_token',
      response_mode: 'direct_post.jwt',
      client_id: await clientId(seal),
      nonce,
      response_uri: address,
      dcql_query: queryFor(town, profile),
      client_metadata: {
        client_name: profile.title.en,
        jwks: { keys: [publicJwk as never] },
        encrypted_response_enc_values_supported: ['A128GCM', 'A256GCM'],
        vp_formats_supported: { 'dc+sd-jwt': { 'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256'] } },
      },
    },
    jar: {
      requestUri: address,
      expiresInSeconds: ANSWER_SECONDS,
      jwtSigner: { method: 'x5c', alg: 'ES256', x5c: [Buffer.from(seal.certificate).toString('base64')] },
    },
    now: new Date(deps.clock.now().epochMilliseconds),
  })
  const now = deps.clock.now()
  await inMunicipality(deps.database, town.id, async (transaction) => {
    await keepPresentationRequest(transaction, {
      id,
      municipality_id: town.id,
      profile: profile.id,
      nonce,
      request_object: jar?.authorizationRequestJwt ?? '',
      expires_at: now.add({ seconds: ANSWER_SECONDS }).toString(),
    })
  })
  return { id, link: authorizationRequest, key: await exportJWK(pair.privateKey) }
}

function verifier(seal: DocumentSeal): Openid4vpVerifier {
  const signJwt: CallbackContext['signJwt'] = async (_, { header, payload }) => {
    const jwt = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader(header as never)
      .sign(seal.privateKey)
    return { jwt, signerJwk: { kty: 'EC' } }
  }
  const callbacks = { hash, signJwt, encryptJwe: never, decryptJwe: never, verifyJwt: never }
  return new Openid4vpVerifier({ callbacks: callbacks as never })
}

async function clientId(seal: DocumentSeal): Promise<string> {
  return `x509_hash:${await calculateX509HashClientIdPrefixValue({ hash, x509Certificate: seal.certificate })}`
}

const queryFor = (town: Municipality, profile: Profile) => ({
  credentials: [
    {
      id: QUERY,
      format: 'dc+sd-jwt',
      meta: { vct_values: [typeOf(town, profile)] },
      ...(profile.claims.length > 0 ? { claims: profile.claims.map((claim) => ({ path: [claim] })) } : {}),
    },
  ],
})

const open = (deps: ProofDeps, town: Municipality, id: string) =>
  inMunicipality(deps.database, town.id, (transaction) =>
    presentationRequest(transaction, { id, now: new Date(deps.clock.now().epochMilliseconds) }),
  )

/** Whether something has come, or the question is over: when to look again. Says nothing of what came. */
export async function isSettled(deps: ProofDeps, town: Municipality, id: string): Promise<boolean> {
  const request = await open(deps, town, id)
  return request === undefined || request.answers.length > 0
}

/** The signed request, for the wallet that scanned the QR code. @throws {NotFound} */
export async function requestObject(deps: ProofDeps, town: Municipality, id: string): Promise<string> {
  const request = await open(deps, town, id)
  if (request === undefined) throw new NotFound()
  return request.request_object
}

/** How a wallet says no, or that it has nothing that fits. @see OpenID4VP 1.0, section 8.5 */
export const WALLET_NO = /^(access_denied|vp_formats_not_supported|invalid_request|wallet_unavailable)$/

/** Keeps an encrypted answer, or a wallet's no, until the desk has read it. Nothing that comes uses up the question. @throws {NotFound} */
export async function keepAnswer(
  deps: ProofDeps,
  town: Municipality,
  { id, answer }: { id: string; answer: string },
): Promise<void> {
  const kept = await inMunicipality(deps.database, town.id, (transaction) =>
    addPresentationAnswer(transaction, {
      answer,
      id,
      now: new Date(deps.clock.now().epochMilliseconds),
    }),
  )
  if (kept.numUpdatedRows !== 1n) throw new NotFound()
}

/** What came, and whether the question still waits: a no, or what does not hold, is shown, and another may still answer. */
export interface Answered {
  /** Nothing of a wallet that says no. */
  verification: Verification | undefined
  waiting: boolean
}

/** One answer, opened: what it proves, or that the wallet says no. */
type Opened = { verification: Verification | undefined }

/**
 * What the wallet answered, opened with the desk's key, and then forgotten here. A proof that holds ends the question; anything
 * else does not, since whoever sees the QR code can send it.
 *
 * @returns undefined while nothing has come that this desk's key opens
 * @throws {NotFound} once it was read, or when it is over
 */
export async function readAnswer(
  deps: ProofDeps,
  town: Municipality,
  { profile, id, key }: { profile: Profile; id: string; key: JWK },
): Promise<Answered | undefined> {
  const request = await open(deps, town, id)
  if (request === undefined || request.profile !== profile.id) throw new NotFound()
  if (request.answers.length === 0) return undefined
  const audience = await clientId(await documentSeal(deps, town))
  let answered: Answered | undefined
  for (const answer of request.answers) {
    const opened = await openedAnswer(deps, town, { profile, answer, key, asked: { nonce: request.nonce, audience } })
    if (opened?.verification?.valid) {
      answered = { ...opened, waiting: false }
      break
    }
    if (opened) answered = { ...opened, waiting: true }
  }
  await inMunicipality(deps.database, town.id, async (transaction) => {
    if (answered?.waiting === false) await dropPresentationRequest(transaction, id)
    // What came since this was read is still there.
    else await dropPresentationAnswers(transaction, { answers: request.answers, id })
  })
  return answered
}

/** @returns undefined of what this desk's key does not open: it is somebody's noise */
async function openedAnswer(
  deps: ProofDeps,
  town: Municipality,
  {
    profile,
    answer,
    key,
    asked,
  }: { profile: Profile; answer: string; key: JWK; asked: { nonce: string; audience: string } },
): Promise<Opened | undefined> {
  if (WALLET_NO.test(answer)) return { verification: undefined }
  const presented = await decrypted(answer, key)
  if (presented === undefined) return undefined
  if ('error' in presented) return { verification: undefined }
  return { verification: await verifyHere(deps, town, { token: presented.proof, service: profile.id, holder: asked }) }
}

/** The one presentation in an encrypted answer, or the wallet's no. @returns undefined for anything else */
async function decrypted(answer: string, key: JWK): Promise<{ proof: string } | { error: string } | undefined> {
  try {
    const { plaintext } = await compactDecrypt(answer, await importJWK({ ...key, alg: 'ECDH-ES' }), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A128GCM', 'A256GCM'],
    })
    const said = JSON.parse(new TextDecoder().decode(plaintext))
    if (WALLET_NO.test(String(said?.error))) return { error: said.error }
    const presented = said?.vp_token?.[QUERY]
    const one = Array.isArray(presented) ? presented[0] : presented
    return typeof one === 'string' ? { proof: one } : undefined
  } catch {
    return undefined
  }
}
