import type { PublicKey } from './crypto.ts'
import { ProofInvalid } from './errors.ts'
import { fromBase64Url, verifyJws } from './jws.ts'

const LARGEST_LIST = 16 * 1024 * 1024

/** Where a proof's status stands: the list's address and the place in it. */
export interface StatusReference {
  uri: string
  index: number
}

/** @throws {ProofInvalid} malformed */
export function statusReference(payload: Record<string, unknown>): StatusReference | undefined {
  const { status } = payload
  if (status === undefined) return undefined
  const list = (status as { status_list?: { idx?: unknown; uri?: unknown } } | null)?.status_list
  if (
    typeof list?.uri !== 'string' ||
    typeof list.idx !== 'number' ||
    !Number.isSafeInteger(list.idx) ||
    list.idx < 0
  ) {
    throw new ProofInvalid('malformed')
  }
  return { uri: list.uri, index: list.idx }
}

/**
 * Reads one status out of an encoded list of 1, 2, 4 or 8 bits.
 *
 * @param list `bits` and `lst` as in a Status List
 * @throws {ProofInvalid} status-unavailable when the list is broken, too large, or has no such place
 * @see draft-ietf-oauth-status-list section 4
 */
export async function statusAt(list: { bits: unknown; lst: unknown }, index: number): Promise<number> {
  const { bits, lst } = list
  if ((bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) || typeof lst !== 'string')
    throw new ProofInvalid('status-unavailable')
  const bytes = await inflate(fromBase64Url(lst))
  const byte = bytes[Math.floor((index * bits) / 8)]
  if (byte === undefined) throw new ProofInvalid('status-unavailable')
  return (byte >> ((index * bits) % 8)) & ((1 << bits) - 1)
}

/**
 * Checks a signed status list and reads one status out of it.
 *
 * @throws {ProofInvalid} status-unavailable, or what verifyJws throws
 */
export async function statusFromToken(
  token: string,
  { reference, keys, now }: { reference: StatusReference; keys: readonly PublicKey[]; now: number },
): Promise<number> {
  const payload = await verifyJws(token, { type: 'statuslist+jwt', keys })
  if (payload.sub !== reference.uri) throw new ProofInvalid('status-unavailable')
  if (typeof payload.exp === 'number' && payload.exp <= now) throw new ProofInvalid('status-unavailable')
  const list = payload.status_list
  if (typeof list !== 'object' || list === null) throw new ProofInvalid('status-unavailable')
  return statusAt(list as { bits: unknown; lst: unknown }, reference.index)
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate')).getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      length += value.length
      if (length > LARGEST_LIST) throw new Error('too large')
      chunks.push(value)
    }
  } catch {
    throw new ProofInvalid('status-unavailable')
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
