import { createSecretKey, hkdfSync, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { Problem } from '../platform/problem.ts'
import { openBytes, sealBytes } from './cipher.ts'

/** Whose data key is wrapped with which registry key, and for what: all of it is authenticated with the wrapping. */
export interface Wrapping {
  municipalityId: string
  keyId: string
  context: string
}

/**
 * Holds registry keys outside the database and wraps data keys with them. Shaped like a KMS:
 * key bytes never leave it, and every call names the key it used.
 */
export interface KeyProvider {
  /** The key new data keys are wrapped under. */
  currentKeyId(): string
  keyIds(): readonly string[]
  /** @returns 60 bytes: nonce, wrapped key, tag */
  wrap(at: Wrapping, dataKey: Uint8Array): Uint8Array
  /** @throws {KeyUnavailable} when the key is not here; {SealBroken} when the wrapping was altered */
  unwrap(at: Wrapping, wrapped: Uint8Array): Uint8Array
}

/** @throws when a registry key that something was sealed with is not among the keys this process was given. */
export class KeyUnavailable extends Problem {
  readonly keyId: string

  constructor(keyId: string) {
    super(
      'key-unavailable',
      503,
      'The registry cannot open its records: a key is missing. Call whoever looks after this service.',
    )
    this.keyId = keyId
  }
}

/** @throws when the key material given to the process cannot be read. Says what is wrong with its shape, never its content. */
export class KeyMaterialInvalid extends Error {
  readonly code = 'key-material-invalid'
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

/** Registry keys held in memory of this process, from a key file or the environment. */
export function localKeyProvider(material: KeyMaterial | (() => KeyMaterial)): KeyProvider {
  const present = typeof material === 'function' ? material : () => material
  const derived = new Map<string, KeyObject>()
  function registryKey(municipalityId: string, keyId: string): KeyObject {
    const root = present().keys[keyId]
    if (root === undefined) throw new KeyUnavailable(keyId)
    const cached = derived.get(`${root} ${municipalityId}`)
    if (cached) return cached
    const key = createSecretKey(
      new Uint8Array(hkdfSync('sha256', Buffer.from(root, 'base64'), municipalityId, 'padron registry key', 32)),
    )
    derived.set(`${root} ${municipalityId}`, key)
    return key
  }
  return {
    currentKeyId: () => present().current,
    keyIds: () => Object.keys(present().keys),
    wrap: ({ municipalityId, keyId, context }, dataKey) =>
      sealBytes(registryKey(municipalityId, keyId), { plain: dataKey, context }),
    unwrap: ({ municipalityId, keyId, context }, wrapped) =>
      openBytes(registryKey(municipalityId, keyId), wrapped, context),
  }
}

export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
