import { type Cbor, readCbor, writeCbor } from './cbor.ts'
import { algorithmOf, isSigned, type PublicKey } from './crypto.ts'
import { ProofInvalid } from './errors.ts'
import { fromBase64Url } from './jws.ts'
import type { StatusReference } from './status.ts'

/** Letters that a QR code packs tightly and that stand unescaped in the fragment of a URL. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-./:'
const BASE = ALPHABET.length
const FORM = /^[0-9A-Z$*+\-./:]+$/

/**
 * Two bytes as three letters, lowest first, as in RFC 9285, in an alphabet without the space and the percent sign.
 *
 * @throws {ProofInvalid} malformed
 */
export function fromCompactText(text: string): Uint8Array<ArrayBuffer> {
  if (!FORM.test(text) || text.length % 3 === 1) throw new ProofInvalid('malformed')
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 3) {
    const letters = [...text.slice(at, at + 3)]
    const value = letters.reduceRight((sum, letter) => sum * BASE + ALPHABET.indexOf(letter), 0)
    if (value > (letters.length === 3 ? 0xffff : 0xff)) throw new ProofInvalid('malformed')
    if (letters.length === 3) bytes.push(value >> 8)
    bytes.push(value & 0xff)
  }
  return Uint8Array.from(bytes)
}

/** The other way round. */
export function toCompactText(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 2) {
    const pair = at + 1 < bytes.length
    let value = pair ? (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0) : (bytes[at] ?? 0)
    for (let letter = 0; letter < (pair ? 3 : 2); letter += 1) {
      text += ALPHABET[value % BASE]
      value = Math.floor(value / BASE)
    }
  }
  return text
}

/** Whether a text is a compact proof rather than an SD-JWT. */
export const isCompact = (text: string) => FORM.test(text)

/** The names of claims, as short as a QR code wants them; docs/proofs.md says the same. */
export const SHORT_NAMES = {
  given_name: 'g',
  family_name: 'f',
  birthdate: 'b',
  address: 'a',
  district: 'd',
  resident_since: 's',
  household_size: 'h',
  continuous_residence_since: 'c',
  residence_gaps: 'x',
} as const
/** Claims that say yes or no for a number of years: `resident_at_least_2_years`, `age_over_18`. */
export const YEARS = 'y'
export const AGES = 'o'
/** Where the proof's status stands: the list's id, 16 bytes, and the place in it. */
export const STATUS = 'l'

/** A compact proof in the terms of an SD-JWT's payload. */
export interface CompactPayload {
  iss: string
  aud: string
  iat: number
  exp: number
  status: StatusReference
  claims: Record<string, unknown>
}

/**
 * Checks a compact proof: a COSE_Sign1 whose payload is a CWT claims set.
 *
 * @throws {ProofInvalid} malformed, algorithm-refused, unknown-key, bad-signature
 * @see RFC 9052 section 4.4; RFC 8392 section 3
 */
export async function readCompact(text: string, keys: readonly PublicKey[]): Promise<CompactPayload> {
  const message = readCbor(fromCompactText(text))
  if (!Array.isArray(message) || message.length !== 4) throw new ProofInvalid('malformed')
  const [head, open, body, signature] = message
  if (!(head instanceof Uint8Array && body instanceof Uint8Array && signature instanceof Uint8Array))
    throw new ProofInvalid('malformed')
  if (!(open instanceof Map) || open.size > 0) throw new ProofInvalid('malformed')
  const key = keyFor(readCbor(head), keys)
  const signed = [0x84, ...writeCbor('Signature1'), ...writeCbor(head), 0x40, ...writeCbor(body)]
  if (!(await isSigned(key, signature, Uint8Array.from(signed)))) throw new ProofInvalid('bad-signature')
  return payloadOf(readCbor(body))
}

/** Which key signed follows from its name and the keys at hand; the algorithm follows from the key. */
function keyFor(header: Cbor, keys: readonly PublicKey[]): PublicKey {
  if (!(header instanceof Map)) throw new ProofInvalid('malformed')
  const [algorithm, name] = [header.get(1), header.get(4)]
  if (header.size !== 2 || !(name instanceof Uint8Array) || name.length !== 8) throw new ProofInvalid('malformed')
  if (algorithm !== -7 && algorithm !== -8) throw new ProofInvalid('algorithm-refused')
  const prefix = toBase64UrlPrefix(name)
  const key = keys.find((candidate) => candidate.kid?.startsWith(prefix) && startsWith(candidate.kid, name))
  if (key === undefined) throw new ProofInvalid('unknown-key')
  if (algorithmOf(key).jwa !== (algorithm === -7 ? 'ES256' : 'EdDSA')) throw new ProofInvalid('algorithm-refused')
  return key
}

/** Ten of the eleven letters of eight bytes; the last letter holds two bits of the ninth. */
const toBase64UrlPrefix = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 10)

function startsWith(kid: string, name: Uint8Array): boolean {
  const bytes = fromBase64Url(kid)
  return name.every((byte, at) => bytes[at] === byte)
}

function payloadOf(value: Cbor): CompactPayload {
  if (!(value instanceof Map)) throw new ProofInvalid('malformed')
  const [iss, aud, exp, iat, list] = [value.get(1), value.get(3), value.get(4), value.get(6), value.get(STATUS)]
  if (typeof iss !== 'string' || typeof aud !== 'string' || typeof exp !== 'number' || typeof iat !== 'number')
    throw new ProofInvalid('malformed')
  if (!Array.isArray(list) || list.length !== 2) throw new ProofInvalid('malformed')
  const [id, index] = list
  if (!(id instanceof Uint8Array) || id.length !== 16 || typeof index !== 'number' || index < 0)
    throw new ProofInvalid('malformed')
  const claims: Record<string, unknown> = { resident: true }
  for (const [name, short] of Object.entries(SHORT_NAMES)) {
    const claim = value.get(short)
    if (claim !== undefined) claims[name] = plain(claim)
  }
  for (const [years, yes] of entries(value.get(YEARS)))
    claims[`resident_at_least_${years}_${years === 1 ? 'year' : 'years'}`] = yes
  for (const [age, yes] of entries(value.get(AGES))) claims[`age_over_${age}`] = yes
  return { iss, aud, exp, iat, status: { uri: `${iss}/status-lists/${uuid(id)}`, index }, claims }
}

function entries(value: Cbor | undefined): [number, boolean][] {
  if (value === undefined) return []
  if (!(value instanceof Map)) throw new ProofInvalid('malformed')
  return [...value].map(([years, yes]) => {
    if (typeof years !== 'number' || typeof yes !== 'boolean') throw new ProofInvalid('malformed')
    return [years, yes]
  })
}

function plain(value: Cbor): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map || value instanceof Uint8Array) throw new ProofInvalid('malformed')
  return value
}

function uuid(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
