import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { type _HMAC, hmac } from '@noble/hashes/hmac.js'
import { type _SHA256, sha256 } from '@noble/hashes/sha2.js'
import { randomBytes } from '../platform/random.ts'
import { openBytes, SealBroken, sealBytes } from './cipher.ts'
import { bucketOf } from './epochs.ts'
import type { KeyProvider, Wrapping } from './key-provider.ts'

/** Ciphertext as it lies in a column. Nothing but the gate's opener turns it back. */
export type Sealed = Uint8Array & { readonly __sealed: unique symbol }

export type DataKeyOwner = 'neighbour' | 'address' | 'blind-index' | 'signing-key' | 'ledger' | 'passing'

/** Where a ciphertext belongs: it opens in this row and column and in no other. */
export interface CiphertextLocation {
  table: string
  column: string
  row: string
}

/** A data key as stored: wrapped by a registry key and an epoch key. */
export interface WrappedKey {
  id: string
  municipalityId: string
  owner: DataKeyOwner
  registryKeyId: string
  wrapped: Uint8Array
}

const FORMAT = 1
const HEADER = 17
const STEP = 64
const contextOf = (location: CiphertextLocation, keyId: string) =>
  `padron:1:${location.table}:${location.column}:${location.row}:${keyId}`

/** How a data key is wrapped: by the epoch key of its bucket too. */
const wrappingOf = ({ id, municipalityId, owner, registryKeyId: keyId }: Omit<WrappedKey, 'wrapped'>): Wrapping => ({
  municipalityId,
  keyId,
  context: `padron:1:data_keys:wrapped:${id}:${owner}`,
  bucket: bucketOf(id),
})

type Keyed = _HMAC<_SHA256>

/** A data key in memory, for as long as one request needs it. */
export class DataKey {
  readonly id: string
  readonly #key: KeyObject
  /** A format byte and this key's id. */
  readonly #head: Uint8Array
  #keyed: Keyed | undefined
  #working: Keyed | undefined
  #marking: KeyObject | undefined

  constructor(id: string, bytes: Uint8Array) {
    this.id = id
    this.#key = createSecretKey(bytes)
    this.#head = Buffer.concat([Buffer.of(FORMAT), uuidBytes(id)])
  }

  /**
   * Seals a value for one row and column. The ciphertext starts with a format byte and this key's id;
   * the plaintext is padded to steps of 64 bytes, so that its length says little.
   */
  seal(location: CiphertextLocation, value: unknown): Sealed {
    const text = JSON.stringify(value)
    const padding = STEP - (Buffer.byteLength(text) % STEP)
    const padded = Buffer.from(text + ' '.repeat(padding))
    return sealBytes(this.#key, { plain: padded, context: contextOf(location, this.id), head: this.#head }) as Sealed
  }

  /** @throws {SealBroken} when it was altered, moved, or sealed under another key */
  open(location: CiphertextLocation, sealed: Uint8Array): unknown {
    if (sealed[0] !== FORMAT || sealedKeyId(sealed) !== this.id) throw new SealBroken()
    const padded = openBytes(this.#key, sealed.subarray(HEADER), contextOf(location, this.id))
    return JSON.parse(Buffer.from(padded).toString())
  }

  /** Seals a value so that nothing of it says by which key: no id stands before it. @param step bytes that it is filled up to steps of */
  sealUnnamed(location: CiphertextLocation, value: unknown, step: number): Sealed {
    const text = JSON.stringify(value)
    const over = Buffer.byteLength(text) % step
    const plain = Buffer.from(over === 0 ? text : text + ' '.repeat(step - over))
    return sealBytes(this.#key, { plain, context: contextOf(location, this.id) }) as Sealed
  }

  /** @throws {SealBroken} when it was altered, moved, or sealed under another key */
  openUnnamed(location: CiphertextLocation, sealed: Uint8Array): unknown {
    return JSON.parse(Buffer.from(openBytes(this.#key, sealed, contextOf(location, this.id))).toString())
  }

  /**
   * Sixteen bytes by which whoever has this key finds a row, and which tell nobody else that two rows have to do with each other.
   * Made by another key than that which seals (HKDF-SHA-256, then HMAC-SHA-256).
   */
  mark(of: string): Buffer {
    this.#marking ??= createSecretKey(new Uint8Array(hkdfSync('sha256', this.#key, '', 'padron marks', 32)))
    return createHmac('sha256', this.#marking).update(of).digest().subarray(0, 16)
  }

  wrap(keys: KeyProvider, municipalityId: string, owner: DataKeyOwner): WrappedKey {
    const whose = { id: this.id, municipalityId, owner, registryKeyId: keys.currentKeyId() }
    const bytes = this.#key.export()
    const wrapped = keys.wrap(wrappingOf(whose), bytes)
    bytes.fill(0)
    return { ...whose, wrapped }
  }

  /** HMAC-SHA-256, for keys that index rather than seal. */
  hash(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }

  /**
   * The first 32 bits of `hash(text)`. A registration asks for some thirty of them: the state after the key is made once
   * and copied, which takes two thirds of the time of an HMAC from the start.
   */
  hash32(text: string): number {
    this.#keyed ??= hmac.create(sha256, this.#key.export()) as Keyed
    this.#working = this.#keyed._cloneInto(this.#working)
    this.#working.update(utf8(text)).digestInto(digest)
    return ((digest[0] << 24) | (digest[1] << 16) | (digest[2] << 8) | digest[3]) >>> 0
  }
}

const digest = new Uint8Array(32) as Uint8Array & { 0: number; 1: number; 2: number; 3: number }
const encoder = new TextEncoder()
const room = new Uint8Array(4096)

/** The bytes of a text, good until the next call. */
function utf8(text: string): Uint8Array {
  // A UTF-16 unit takes three bytes at most.
  if (text.length * 3 > room.length) return encoder.encode(text)
  return room.subarray(0, encoder.encodeInto(text, room).written)
}

/** How long something of one step is that was sealed without its key's name. @see DataKey.sealUnnamed */
export const unnamedLength = (step: number) => step + UNNAMED_BESIDE
const UNNAMED_BESIDE = 28

/** A fresh random key, its id that of the neighbour or address it seals. */
export function newDataKey(id: string): DataKey {
  const bytes = randomBytes(32)
  const key = new DataKey(id, bytes)
  bytes.fill(0)
  return key
}

/** @throws {KeyUnavailable} {SealBroken} */
export function unwrapDataKey(keys: KeyProvider, row: WrappedKey): DataKey {
  const bytes = keys.unwrap(wrappingOf(row), row.wrapped)
  const key = new DataKey(row.id, bytes)
  bytes.fill(0)
  return key
}

/** The same data key under the provider's current registry key, and the current epoch key of its bucket. */
export function rewrap(keys: KeyProvider, row: WrappedKey): WrappedKey {
  return unwrapDataKey(keys, row).wrap(keys, row.municipalityId, row.owner)
}

/** Which data key a ciphertext says it was sealed under. */
export function sealedKeyId(sealed: Uint8Array): string {
  const hex = Buffer.from(sealed.buffer, sealed.byteOffset + 1, 16).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function uuidBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}
