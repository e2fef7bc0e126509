import { createSecretKey, hkdfSync, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { openBytes, sealBytes } from './cipher.ts'
import { type Epoch, type EpochKeys, type HeldEpochs, markOf } from './epochs.ts'
import { KeyMaterialInvalid, KeyUnavailable } from './key-faults.ts'

/** Whose data key is wrapped with which registry key, and for what: all of it is authenticated with the wrapping. */
export interface Wrapping {
  municipalityId: string
  keyId: string
  context: string
  /** Of a data key in the database: it is wrapped by the bucket's epoch key too. @see bucketOf */
  bucket?: number | undefined
}

/** Which epoch a process holds a key of. */
export interface EpochName {
  bucket: number
  epoch: number
  /** 8 bytes that say which key it is. */
  mark: Buffer
}

/**
 * Holds registry keys outside the database and wraps data keys with them. Shaped like a KMS:
 * key bytes never leave it, and every call names the key it used.
 */
export interface KeyProvider {
  /** The key new data keys are wrapped under. */
  currentKeyId(): string
  keyIds(): readonly string[]
  /** Goes up with each change of the epoch keys. */
  generation(): number
  /** The epochs of which a key is here. */
  epochs(): readonly EpochName[]
  /** @returns 60 bytes: nonce, wrapped key, tag; in a bucket 72, which begin with the number of the epoch and the mark of its key */
  wrap(at: Wrapping, dataKey: Uint8Array): Uint8Array
  /** @throws {KeyUnavailable} when the key is not here; {SealBroken} when the wrapping was altered */
  unwrap(at: Wrapping, wrapped: Uint8Array): Uint8Array
}

/** `{"current":"k1","keys":{"k1":"<32 bytes, base64>"}}`: what a key file or environment variable holds. */
export interface KeyMaterial {
  current: string
  keys: Record<string, string>
}

export function parseKeyMaterial(text: string): KeyMaterial {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new KeyMaterialInvalid('The registry keys are not valid JSON.')
  }
  if (typeof parsed !== 'object' || parsed === null || !('current' in parsed) || !('keys' in parsed)) {
    throw new KeyMaterialInvalid('The registry keys need "current" and "keys".')
  }
  const { current, keys } = parsed
  if (typeof current !== 'string' || typeof keys !== 'object' || keys === null) {
    throw new KeyMaterialInvalid('The registry keys need "current" (a key id) and "keys" (an object).')
  }
  const checked: Record<string, string> = {}
  for (const [id, key] of Object.entries(keys)) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(id) || typeof key !== 'string' || Buffer.from(key, 'base64').length !== 32) {
      throw new KeyMaterialInvalid('Every registry key needs an id of letters, digits, - or _ and 32 bytes in base64.')
    }
    checked[id] = key
  }
  if (checked[current] === undefined) throw new KeyMaterialInvalid('"current" names no key among "keys".')
  return { current, keys: checked }
}

/** Key material with one more key, that is not used yet. @returns it, and the id of the new key */
export function withAnnouncedKey(material: KeyMaterial): { material: KeyMaterial; id: string } {
  const { current: id, keys } = withNewKey(material)
  return { material: { current: material.current, keys }, id }
}

/** New key material with one more key, which becomes the current one. */
export function withNewKey(material?: KeyMaterial, prefix = 'k'): KeyMaterial {
  const id = `${prefix}${Temporal.Now.instant().epochMilliseconds.toString(36)}`
  return { current: id, keys: { ...material?.keys, [id]: randomBytes(32).toString('base64') } }
}

/** Keys that are worked out are kept, so many of them at most. */
const MOST_DERIVED = 50_000
/** Before what a bucket wraps: the number of the epoch, and the mark of its key, which the database compares. */
const EPOCH = 4
const HEAD = EPOCH + 8

/** Registry and epoch keys held in memory of this process, from files or the environment. */
export function localKeyProvider(material: KeyMaterial | (() => KeyMaterial), epochs: EpochKeys): KeyProvider {
  const present = typeof material === 'function' ? material : () => material
  const derived = new Map<string, KeyObject>()
  let held: HeldEpochs | undefined

  /** What was worked out from an epoch key goes with it. */
  function now(again = false): HeldEpochs {
    const newest = epochs.held(again)
    if (newest !== held || derived.size > MOST_DERIVED) derived.clear()
    held = newest
    return newest
  }

  function derivedKey({ municipalityId, keyId }: Wrapping, epoch?: Epoch): KeyObject {
    const root = present().keys[keyId]
    if (root === undefined) throw new KeyUnavailable(keyId)
    const name = `${root} ${municipalityId} ${epoch?.bucket} ${epoch?.epoch}`
    const cached = derived.get(name)
    if (cached) return cached
    // One that was written over is none.
    if (epoch?.key.every((byte) => byte === 0))
      throw new KeyUnavailable(`epoch ${epoch.epoch} of bucket ${epoch.bucket}`)
    const secret = Buffer.concat([Buffer.from(root, 'base64'), epoch?.key ?? new Uint8Array()])
    const info = epoch === undefined ? 'padron registry key' : 'padron registry and epoch key'
    const bytes = new Uint8Array(hkdfSync('sha256', secret, municipalityId, info, 32))
    const worked = createSecretKey(bytes)
    secret.fill(0)
    bytes.fill(0)
    derived.set(name, worked)
    return worked
  }

  return {
    currentKeyId: () => present().current,
    keyIds: () => Object.keys(present().keys),
    generation: () => now().generation,
    epochs: () => now().all.map((one) => ({ bucket: one.bucket, epoch: one.epoch, mark: markOf(one) })),
    wrap(at, dataKey) {
      if (at.bucket === undefined) return sealBytes(derivedKey(at), { plain: dataKey, context: at.context })
      const epoch = now().current(at.bucket)
      if (epoch === undefined) throw new KeyUnavailable(`bucket ${at.bucket}`)
      const key = derivedKey(at, epoch)
      const head = Buffer.alloc(HEAD)
      head.writeUInt32BE(epoch.epoch)
      markOf(epoch).copy(head, EPOCH)
      return sealBytes(key, { plain: dataKey, context: at.context, head })
    },
    unwrap(at, wrapped) {
      if (at.bucket === undefined) return openBytes(derivedKey(at), wrapped, at.context)
      const number = Buffer.from(wrapped.subarray(0, EPOCH)).readUInt32BE()
      const mark = wrapped.subarray(EPOCH, HEAD)
      const epoch = now().at(at.bucket, number, mark) ?? now(true).at(at.bucket, number, mark)
      if (epoch === undefined) throw new KeyUnavailable(`epoch ${number} of bucket ${at.bucket}`)
      return openBytes(derivedKey(at, epoch), wrapped.subarray(HEAD), at.context)
    },
  }
}

export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
