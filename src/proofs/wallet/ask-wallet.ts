import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { type CallbackContext, HashAlgorithm } from '@openid4vc/oauth2'
import { calculateX509HashClientIdPrefixValue, Openid4vpVerifier } from '@openid4vc/openid4vp'
import { CompactSign, importJWK } from 'jose'
import { uuidv7 } from '../../platform/clock.ts'
import { inMunicipality } from '../../platform/database.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { randomBytes } from '../../platform/random.ts'
import { TooManyAttempts, triedTooOften } from '../../platform/tries.ts'
import type { Municipality } from '../../town/model.ts'
import type { PublicKey } from '../../verify/index.ts'
import { agreedProfile } from '../agreed-profile.ts'
import type { ProofDeps } from '../issue.ts'
import { questionSeal } from '../paper/document-seal.ts'
import type { DocumentSeal } from '../paper/pades.ts'
import type { Profile } from '../profiles.ts'
import { publishedKeys } from '../signing-keys.ts'
import { currentStatusLists } from '../status-list.ts'
import { type Counter, requesterAt, wantsToAsk } from './counters.ts'
import { typeOf } from './metadata.ts'
import {
  addPresentationAnswer,
  dropPresentationRequest,
  keepPresentationRequest,
  presentationRequest,
  takePresentationAnswers,
} from './store.ts'

/** How long a wallet has to answer, seconds. */
const ANSWER_SECONDS = 300
/** Questions of one counter within ten minutes: somebody every four seconds. */
const MOST_QUESTIONS = { source: 150, town: 1_000_000 }
/** What the proof is called in question and answer. */
export const QUERY = 'proof'

/** A question put to a wallet, with all that a page needs to open and check the answer by itself. */
export interface Question {
  id: string
  /** What the QR code shows: `openid4vp://…`. */
  link: string
  /** What the wallet has to sign, and whom it has to name. */
  nonce: string
  audience: string
  issuer: string
  service: string
  keys: readonly PublicKey[]
  /** Signed status lists by address, all of them: which one is looked into, the city does not learn. */
  statusLists: Record<string, string>
}

const COORDINATE = z.string().regex(/^[\w-]{43}$/)
/** The public half of the key pair that a counter's page made for one question. The other half never leaves the page. */
const AnswerKey = z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: COORDINATE, y: COORDINATE })

/** @throws {InvalidInput} of what is no point of P-256, and of what holds a private key */
async function answerKey(text: string): Promise<z.infer<typeof AnswerKey>> {
  const wrong = new InvalidInput([{ pointer: '/key', detail: 'A public JWK on P-256.' }])
  try {
    const key = AnswerKey.parse(JSON.parse(text))
    await importJWK({ ...key, alg: 'ECDH-ES' })
    return key
  } catch {
    throw wrong
  }
}

const never = () => {
  throw new Error('not a part of this protocol that is used here')
}
const hash: CallbackContext['hash'] = (data, algorithm) => {
  if (algorithm !== HashAlgorithm.Sha256) throw new Error('SHA-256 is the only hash used here')
  return Uint8Array.from(createHash('sha256').update(data).digest())
}

/**
 * Asks a wallet for a proof made for a counter's service: a request that the city signs and that names whose counter it is, an
 * answer encrypted to the counter's page, no more claims than the profile allows.
 *
 * The gate is asked each time: whoever may not ask any more, or while the register is closed, signs nothing in the city's name.
 *
 * @param key public JWK as JSON, made by the page for this question alone
 * @throws {Refusal} {TooManyAttempts} {InvalidInput}
 * @see OpenID4VP 1.0; OpenID4VC High Assurance Interoperability Profile 1.0, section 5
 */
export async function askWallet(
  deps: ProofDeps,
  town: Municipality,
  { counter, key }: { counter: Counter; key: string },
): Promise<Question> {
  const profile = await agreedProfile(deps, town, counter.profile.id)
  const publicJwk = await answerKey(key)
  const now = deps.clock.now()
  const expiresAt = now.add({ seconds: ANSWER_SECONDS }).toString()
  const { hash: keyed } = await deps.gate.keysOf(town.id)
  const tooOften = await inMunicipality(deps.database, town.id, (transaction) =>
    triedTooOften(transaction, {
      ...{ town, hash: keyed, now, kind: 'question' },
      ...{ source: { device: counter.id }, most: MOST_QUESTIONS },
    }),
  )
  if (tooOften) throw new TooManyAttempts()
  const seal = await questionSeal(deps, town)
  const id = uuidv7()
  const nonce = randomBytes(24).toString('base64url')
  const audience = await clientId(seal)
  const address = `${town.issuer}/counter/requests/${id}`
  const { authorizationRequest, jar } = await verifier(seal).createOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: {
      response_type: 'vp_token',
      response_mode: 'direct_post.jwt',
      client_id: audience,
      nonce,
      response_uri: address,
      dcql_query: queryFor(town, profile),
      client_metadata: {
        client_name: `${counter.organisation.name} \u00b7 ${profile.title.en}`,
        jwks: { keys: [{ ...publicJwk, kid: id, use: 'enc', alg: 'ECDH-ES' } as never] },
        encrypted_response_enc_values_supported: ['A128GCM', 'A256GCM'],
        vp_formats_supported: { 'dc+sd-jwt': { 'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256'] } },
      },
    },
    jar: {
      requestUri: address,
      expiresInSeconds: ANSWER_SECONDS,
      jwtSigner: { method: 'x5c', alg: 'ES256', x5c: [Buffer.from(seal.certificate).toString('base64')] },
    },
    now: new Date(now.epochMilliseconds),
  })
  const [{ keys }, statusLists] = await Promise.all([publishedKeys(deps, town.id), currentStatusLists(deps, town)])
  await deps.gate.decide(wantsToAsk(town, requesterAt(counter)), (transaction) =>
    keepPresentationRequest(transaction, {
      id,
      municipality_id: town.id,
      counter_id: counter.id,
      profile: profile.id,
      nonce,
      request_object: jar?.authorizationRequestJwt ?? '',
      expires_at: expiresAt,
    }),
  )
  return {
    ...{ id, link: authorizationRequest, nonce, audience },
    ...{ issuer: town.issuer, service: profile.id, keys, statusLists },
  }
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

const nowOf = (deps: ProofDeps) => new Date(deps.clock.now().epochMilliseconds)

/** The signed request, for the wallet that scanned the QR code. @throws {NotFound} */
export async function requestObject(deps: ProofDeps, town: Municipality, id: string): Promise<string> {
  const request = await inMunicipality(deps.database, town.id, (transaction) =>
    presentationRequest(transaction, { id, now: nowOf(deps) }),
  )
  if (request === undefined) throw new NotFound()
  return request.request_object
}

/** How a wallet says no, or that it has nothing that fits. @see OpenID4VP 1.0, section 8.5 */
export const WALLET_NO = /^(access_denied|vp_formats_not_supported|invalid_request|wallet_unavailable)$/

/**
 * Keeps an encrypted answer, or a wallet's no, until the counter's page has fetched it. Nothing that comes uses up the question.
 *
 * @throws {NotFound}
 */
export async function keepAnswer(
  deps: ProofDeps,
  town: Municipality,
  { id, answer }: { id: string; answer: string },
): Promise<void> {
  const kept = await inMunicipality(deps.database, town.id, (transaction) =>
    addPresentationAnswer(transaction, { answer, id, now: nowOf(deps) }),
  )
  if (kept.numUpdatedRows !== 1n) throw new NotFound()
}

/**
 * What wallets answered to a question since it was last asked, still encrypted; here it is forgotten by that.
 *
 * @returns undefined once the question is over, and of another counter's
 */
export async function takeAnswers(
  deps: ProofDeps,
  town: Municipality,
  { counter, id }: { counter: Counter; id: string },
): Promise<string[] | undefined> {
  const taken = await inMunicipality(deps.database, town.id, (transaction) =>
    takePresentationAnswers(transaction, { counterId: counter.id, id, now: nowOf(deps) }),
  )
  return taken?.answers
}

/** Ends a question: its counter has an answer that holds, or asks the next person. */
export const endQuestion = (
  deps: ProofDeps,
  town: Municipality,
  { counter, id }: { counter: Counter; id: string },
): Promise<void> =>
  inMunicipality(deps.database, town.id, async (transaction) => {
    await dropPresentationRequest(transaction, { counterId: counter.id, id })
  })
