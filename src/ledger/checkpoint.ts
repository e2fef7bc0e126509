import { createHash, createPublicKey, verify } from 'node:crypto'
import type { Hash } from './merkle.ts'

/** Signs notes under a name that outsiders know the key of. */
export interface NoteSigner {
  /** E.g. `padron.example.org/ledger`. */
  name: string
  publicKey: Uint8Array
  sign(text: Uint8Array): Uint8Array
}

/** What a key signs: notes of its own, or cosignatures under others'. @see C2SP signed-note, signature types */
const TYPES = { note: 1, cosignature: 4 } as const
export type SignatureType = keyof typeof TYPES

type NoteKey = Pick<NoteSigner, 'name' | 'publicKey'>

/** @see C2SP signed-note: the first four bytes of SHA-256 over name, newline, type and public key */
export function keyHash(name: string, publicKey: Uint8Array, type: SignatureType = 'note'): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Uint8Array.of(TYPES[type]))
    .update(publicKey)
    .digest()
    .subarray(0, 4)
}

/** What a verifier configures: `<name>+<key hash>+<type and key>`. @see C2SP signed-note, verifier keys */
export function verifierKey({ name, publicKey }: NoteKey, type: SignatureType = 'note'): string {
  const key = Buffer.concat([Buffer.of(TYPES[type]), publicKey]).toString('base64')
  return `${name}+${keyHash(name, publicKey, type).toString('hex')}+${key}`
}

/** Reads a verifier key as outsiders hold it. @returns undefined when it is none of this type */
export function parseVerifierKey(text: string, type: SignatureType = 'note'): NoteKey | undefined {
  const [, name, hash, key] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? []
  const bytes = Buffer.from(key ?? '', 'base64')
  if (name === undefined || bytes.length !== 33 || bytes[0] !== TYPES[type]) return undefined
  const publicKey = bytes.subarray(1)
  return keyHash(name, publicKey, type).toString('hex') === hash ? { name, publicKey } : undefined
}

/** @param publicKey 32 bytes */
export function ed25519Verifier(publicKey: Uint8Array): (text: Uint8Array, signature: Uint8Array) => boolean {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  })
  return (text, signature) => verify(null, text, key, signature)
}

/**
 * A signed checkpoint: origin, size, root; an empty line; one signature.
 *
 * @see C2SP tlog-checkpoint
 */
export function signCheckpoint(signer: NoteSigner, size: number, root: Hash): string {
  const body = `${signer.name}\n${size}\n${Buffer.from(root).toString('base64')}\n`
  return `${body}\n${noteLine(signer, 'note', signer.sign(Buffer.from(body)))}\n`
}

/** One signature under a note. @see C2SP signed-note, format */
export function noteLine({ name, publicKey }: NoteKey, type: SignatureType, signature: Uint8Array): string {
  return `\u2014 ${name} ${Buffer.concat([keyHash(name, publicKey, type), signature]).toString('base64')}`
}

export interface Checkpoint {
  origin: string
  size: number
  root: Hash
}

/**
 * Reads a checkpoint and checks the signature of the one key given; others' signatures are passed over.
 *
 * @returns undefined when it is none or the signature is missing or wrong
 */
export function openCheckpoint(
  note: string,
  key: NoteKey,
  verify: (text: Uint8Array, signature: Uint8Array) => boolean,
): Checkpoint | undefined {
  const end = note.indexOf('\n\n')
  const body = note.slice(0, end + 1)
  const [origin, size, root, ...extensions] = body.split('\n')
  if (end < 0 || origin !== key.name || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || extensions.at(-1) !== '')
    return undefined
  const own = keyHash(key.name, key.publicKey)
  for (const line of note.slice(end + 2).split('\n')) {
    const match = /^\u2014 (\S+) (\S+)$/.exec(line)
    const bytes = Buffer.from(match?.[2] ?? '', 'base64')
    if (match?.[1] !== key.name || !bytes.subarray(0, 4).equals(own)) continue
    if (!verify(Buffer.from(body), bytes.subarray(4))) return undefined
    return { origin, size: Number(size), root: Buffer.from(root ?? '', 'base64') }
  }
  return undefined
}
