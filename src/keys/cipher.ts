import { type CipherKey, createCipheriv, createDecipheriv } from 'node:crypto'
import { Problem } from '../platform/problem.ts'
import { randomBytes } from '../platform/random.ts'

/** @throws when a ciphertext does not open under its key and context: altered, moved to another row, or the wrong key. */
export class SealBroken extends Problem {
  constructor() {
    super(
      'seal-broken',
      500,
      'A sealed record does not open. It may have been altered. Call whoever looks after this service.',
    )
  }
}

const NONCE = 12
const TAG = 16

/**
 * AES-256-GCM.
 *
 * @param head what stands before it, not part of what is sealed
 * @returns head, nonce (12 bytes), ciphertext, tag (16 bytes)
 */
export function sealBytes(
  key: CipherKey,
  { plain, context, head }: { plain: Uint8Array; context: string; head?: Uint8Array | undefined },
): Uint8Array {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(context))
  const sealed = [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(head ? [head, ...sealed] : sealed)
}

/** @throws {SealBroken} */
export function openBytes(key: CipherKey, sealed: Uint8Array, context: string): Uint8Array {
  if (sealed.length < NONCE + TAG) throw new SealBroken()
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
  const opened = decipher.update(sealed.subarray(NONCE, sealed.length - TAG))
  try {
    decipher.final()
  } catch {
    throw new SealBroken()
  }
  return opened
}
