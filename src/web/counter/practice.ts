import { hash } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, importPKCS8 } from 'jose'
import { type SigningKey, signSdJwt } from '../../proofs/sd-jwt.ts'
import { packStatusList, signedStatusList } from '../../proofs/status-list.ts'
import { answerOf, type Verification } from '../../proofs/verify-here.ts'
import type { PublicKey, RefusalCode } from '../../verify/index.ts'

/** What a practice proof shows, and so what a verifier must say to it. */
export const PRACTICE = {
  valid: 'valid',
  withheld: 'valid',
  expired: 'expired',
  early: 'not-yet-valid',
  revoked: 'revoked',
  other: 'wrong-audience',
  changed: 'bad-signature',
  added: 'disclosure-unmatched',
  key: 'unknown-key',
} as const satisfies Record<string, 'valid' | RefusalCode>
export type PracticeId = keyof typeof PRACTICE

export interface PracticeProof {
  id: PracticeId
  /** `valid`, or the code of the refusal. */
  expect: 'valid' | RefusalCode
  token: string
}

/** The service these proofs are shown to. */
export const PRACTICE_SERVICE = 'library'
export const practiceIssuer = (origin: string) => `${origin}/practice`
const listUri = (origin: string) => `${practiceIssuer(origin)}/status-list`

const HOUR = 3600
const DAY = 24 * HOUR
const PLACE_IN_FORCE = 0
const PLACE_REVOKED = 1

interface PracticeKey {
  key: SigningKey
  jwk: PublicKey
}

/** As many as this installation has cities, twice. */
const made = new Map<string, PracticeKey>()

/**
 * The practice key follows from the city's address, so that anyone can make it and nobody can take what it signs for
 * a proof. It signs for an issuer of its own, which no service has a reason to trust.
 */
async function practiceKey(origin: string, name = 'practice'): Promise<PracticeKey> {
  const known = made.get(`${name} ${origin}`)
  if (known) return known
  const key = await makeKey(origin, name)
  made.set(`${name} ${origin}`, key)
  return key
}

async function makeKey(origin: string, name: string): Promise<PracticeKey> {
  const secret = hash('sha256', `padron ${name} key, known to everybody: ${origin}`, 'hex')
  // RFC 5958 with RFC 5915: a P-256 private key and nothing else.
  const der = Buffer.from(`3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420${secret}`, 'hex')
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----`
  const privateKey = await importPKCS8(pem, 'ES256', { extractable: true })
  const { kty, crv, x, y } = await exportJWK(privateKey)
  const jwk = { kty, crv, x, y, alg: 'ES256', use: 'sig' }
  const kid = await calculateJwkThumbprint(jwk as { kty: string })
  return { key: { kid, algorithm: 'ES256', privateKey }, jwk: { ...jwk, kid } as PublicKey }
}

/** @returns the JWK set (RFC 7517) of the practice issuer */
export async function practiceKeys(origin: string): Promise<{ keys: PublicKey[] }> {
  return { keys: [(await practiceKey(origin)).jwk] }
}

/**
 * @param now seconds since 1970
 * @returns a status list token in which place 1 is revoked
 */
export async function practiceStatusList(origin: string, now: number): Promise<string> {
  const { key } = await practiceKey(origin)
  const lst = packStatusList(1024, 1, [[PLACE_REVOKED, 1]])
  return signedStatusList(key, { issuer: practiceIssuer(origin), uri: listUri(origin), lst, now })
}

/**
 * One proof of each kind a desk may be shown, about a person who does not exist.
 *
 * @param now seconds since 1970
 */
export async function practiceProofs(origin: string, now: number): Promise<PracticeProof[]> {
  const { key } = await practiceKey(origin)
  const { key: strange } = await practiceKey(origin, 'strange')
  const today = now - (now % HOUR)
  const make = (
    it: { from?: number; service?: string; place?: number; key?: SigningKey; hidden?: Record<string, unknown> } = {},
  ) => {
    const iat = it.from ?? today
    const service = it.service ?? PRACTICE_SERVICE
    return signSdJwt(
      it.key ?? key,
      {
        iss: practiceIssuer(origin),
        iat,
        nbf: iat,
        exp: iat + 30 * DAY,
        vct: `${practiceIssuer(origin)}/credentials/${service}`,
        aud: service,
        resident: true,
        municipality: 'practice',
        status: { status_list: { idx: it.place ?? PLACE_IN_FORCE, uri: listUri(origin) } },
      },
      it.hidden ?? { given_name: 'Noor', family_name: 'Practice' },
    )
  }
  const valid = await make()
  const tokens: Record<PracticeId, string> = {
    valid,
    withheld: withoutLast(await make()),
    expired: await make({ from: today - 60 * DAY }),
    early: await make({ from: today + 7 * DAY }),
    revoked: await make({ place: PLACE_REVOKED }),
    other: await make({ service: 'social-housing' }),
    changed: withLaterEnd(await make({ from: today - 60 * DAY }), today + 30 * DAY),
    added: `${valid}${(await make({ hidden: { resident_since: '2001-01-01' } })).split('~')[1]}~`,
    key: await make({ key: strange }),
  }
  return (Object.keys(PRACTICE) as PracticeId[]).map((id) => ({ id, expect: PRACTICE[id], token: tokens[id] }))
}

/** The bearer keeps the last claim to themselves. */
const withoutLast = (token: string) => `${token.split('~').slice(0, -2).join('~')}~`

/** What a forger does: a later end under the old signature. */
function withLaterEnd(token: string, exp: number): string {
  const [jwt = '', ...rest] = token.split('~')
  const [header, payload = '', signature] = jwt.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...claims, exp })).toString('base64url')
  return [[header, forged, signature].join('.'), ...rest].join('~')
}

/**
 * What a verifier that trusts the practice issuer says: the same program that checks real proofs, with other keys.
 *
 * @param now seconds since 1970
 */
export async function verifyPractice(origin: string, token: string, now: number): Promise<Verification> {
  const [{ keys }, list] = await Promise.all([practiceKeys(origin), practiceStatusList(origin, now)])
  return answerOf(token, {
    issuer: practiceIssuer(origin),
    service: PRACTICE_SERVICE,
    keys,
    statusLists: { [listUri(origin)]: list },
    now,
  })
}
