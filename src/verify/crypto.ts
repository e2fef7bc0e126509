import { ProofInvalid } from './errors.ts'

// Node's own crypto checks a signature in half the time its WebCrypto takes, and digests without leaving
// the thread. Every other runtime has WebCrypto, and nothing is imported for either.
type NodeCrypto = Pick<typeof import('node:crypto'), 'createPublicKey' | 'hash' | 'verify'>

function nodeCrypto(): NodeCrypto | undefined {
  const host = globalThis as {
    navigator?: { userAgent?: string }
    process?: { getBuiltinModule?: (name: string) => unknown }
  }
  if (!host.navigator?.userAgent?.startsWith('Node.js/')) return undefined
  return host.process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
}

const node = nodeCrypto()
const encoder = new TextEncoder()

// Which algorithm a key is for follows from the key, never from the token.
const ES256 = {
  jwa: 'ES256',
  key: { name: 'ECDSA', namedCurve: 'P-256' },
  use: { name: 'ECDSA', hash: 'SHA-256' },
  digest: 'sha256',
}
const EDDSA = { jwa: 'EdDSA', key: { name: 'Ed25519' }, use: { name: 'Ed25519' }, digest: null }

/** @throws {ProofInvalid} algorithm-refused when the key is for neither ES256 nor EdDSA */
export function algorithmOf(key: PublicKey): typeof ES256 | typeof EDDSA {
  if (key.kty === 'EC' && key.crv === 'P-256') return ES256
  if (key.kty === 'OKP' && key.crv === 'Ed25519') return EDDSA
  throw new ProofInvalid('algorithm-refused')
}

const bytesOf = (signed: string | Uint8Array<ArrayBuffer>) =>
  typeof signed === 'string' ? encoder.encode(signed) : signed

type Check = (
  signature: Uint8Array<ArrayBuffer>,
  signed: string | Uint8Array<ArrayBuffer>,
) => boolean | Promise<boolean>

const checks = new WeakMap<PublicKey, Check>()

/** Whether a signature over text or bytes is this key's. A key that cannot be read signs nothing. */
export async function isSigned(
  key: PublicKey,
  signature: Uint8Array<ArrayBuffer>,
  signed: string | Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (signature.length !== 64) return false
  let check = checks.get(key)
  if (check === undefined) {
    check = checkOf(key)
    checks.set(key, check)
  }
  return check(signature, signed)
}

function checkOf(key: PublicKey): Check {
  const { kty, crv, x, y } = key
  const algorithm = algorithmOf(key)
  const jwk = { kty, crv, x, ...(y === undefined ? {} : { y }) } as JsonWebKey
  if (node) {
    try {
      const imported = node.createPublicKey({ key: jwk as never, format: 'jwk' })
      const dsaEncoding = 'ieee-p1363' as const
      return (signature, signed) =>
        node.verify(algorithm.digest, bytesOf(signed), { key: imported, dsaEncoding }, signature)
    } catch {
      return () => false
    }
  }
  const imported = crypto.subtle.importKey('jwk', jwk, algorithm.key, false, ['verify'])
  imported.catch(() => {})
  return async (signature, signed) => {
    try {
      return await crypto.subtle.verify(algorithm.use, await imported, signature, bytesOf(signed))
    } catch {
      return false
    }
  }
}

/** SHA-256 of ASCII text, base64url. */
export function digestOf(text: string): string | Promise<string> {
  if (node) return node.hash('sha256', text, 'base64url')
  return crypto.subtle.digest('SHA-256', encoder.encode(text)).then((bytes) => toBase64Url(new Uint8Array(bytes)))
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** A public key as a JWK set publishes it (RFC 7517). */
export interface PublicKey {
  kty?: string
  crv?: string
  x?: string
  y?: string
  kid?: string
  alg?: string
  use?: string
}
