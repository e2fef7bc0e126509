import { KeyObject, sign } from 'node:crypto'
import { encode } from 'cborg'
import type { Address } from '../registry/model.ts'
import { AGES, SHORT_NAMES, STATUS, toCompactText, YEARS } from '../verify/compact.ts'
import { addressText } from './address-text.ts'
import type { SigningKey } from './sd-jwt.ts'

/** What a compact proof says, besides its claims. Times in seconds since 1970. */
export interface CompactTerms {
  iss: string
  aud: string
  iat: number
  exp: number
  statusListId: string
  statusIndex: number
}

/**
 * Signs a proof short enough for a QR code: a COSE_Sign1 over a CWT claims set, as text for the fragment of a URL.
 * Its claims are all open, for paper cannot choose what to show.
 *
 * @see RFC 9052 section 4.4; RFC 8392; docs/proofs.md
 */
export async function signCompact(
  key: SigningKey,
  terms: CompactTerms,
  claims: Record<string, unknown>,
): Promise<string> {
  const head = encode(
    new Map<number, unknown>([
      [1, key.algorithm === 'ES256' ? -7 : -8],
      [4, new Uint8Array(Buffer.from(key.kid, 'base64url').subarray(0, 8))],
    ]),
  )
  const body = encode(payloadOf(terms, claims))
  const toSign = encode(['Signature1', head, new Uint8Array(0), body])
  const signature = await signatureOf(key, toSign)
  return toCompactText(encode([head, new Map(), body, signature]))
}

function payloadOf(terms: CompactTerms, claims: Record<string, unknown>): Map<number | string, unknown> {
  const payload = new Map<number | string, unknown>([
    [1, terms.iss],
    [3, terms.aud],
    [4, terms.exp],
    [6, terms.iat],
    [STATUS, [new Uint8Array(Buffer.from(terms.statusListId.replaceAll('-', ''), 'hex')), terms.statusIndex]],
  ])
  for (const [name, short] of Object.entries(SHORT_NAMES)) {
    const claim = claims[name]
    if (claim === undefined) continue
    payload.set(short, name === 'address' ? addressText(claim as Address) : claim)
  }
  const numbered = (form: RegExp) =>
    new Map(
      Object.entries(claims).flatMap(([name, yes]) => {
        const match = form.exec(name)
        return match ? [[Number(match[1]), yes] as const] : []
      }),
    )
  const [years, ages] = [numbered(/^resident_at_least_(\d+)_years?$/), numbered(/^age_over_(\d+)$/)]
  if (years.size > 0) payload.set(YEARS, years)
  if (ages.size > 0) payload.set(AGES, ages)
  return payload
}

async function signatureOf(key: SigningKey, bytes: Uint8Array): Promise<Uint8Array> {
  if (globalThis.navigator?.userAgent?.startsWith('Node.js/')) {
    const handle = KeyObject.from(key.privateKey)
    const digest = key.algorithm === 'ES256' ? 'sha256' : null
    return new Uint8Array(sign(digest, bytes, { key: handle, dsaEncoding: 'ieee-p1363' }))
  }
  const algorithm = key.algorithm === 'ES256' ? { name: 'ECDSA', hash: 'SHA-256' } : { name: 'Ed25519' }
  return new Uint8Array(await crypto.subtle.sign(algorithm, key.privateKey, Uint8Array.from(bytes)))
}

/** What a QR code holds: an address that opens the checking page, in letters that make the code small. */
export const qrText = (issuer: string, compact: string) => `${issuer.toUpperCase()}/V#${compact}`
