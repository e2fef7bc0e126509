import { ProofInvalid } from './errors.ts'

/** What a compact proof may be made of. */
export type Cbor = number | string | boolean | null | Uint8Array<ArrayBuffer> | Cbor[] | Map<number | string, Cbor>

const DEEPEST = 8
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads one CBOR value in its shortest encoding. Numbers are whole; tags, fractions and lengths left open are refused,
 * and so is a map that names a key twice or anything after the value.
 *
 * @throws {ProofInvalid} malformed
 * @see RFC 8949 section 4.2.1 (core deterministic encoding)
 */
export function readCbor(bytes: Uint8Array<ArrayBuffer>): Cbor {
  let at = 0
  const value = read(0)
  if (at !== bytes.length) throw new ProofInvalid('malformed')
  return value

  function take(count: number): Uint8Array<ArrayBuffer> {
    if (count > bytes.length - at) throw new ProofInvalid('malformed')
    at += count
    return bytes.slice(at - count, at)
  }

  function size(info: number): number {
    if (info < 24) return info
    if (info > 27) throw new ProofInvalid('malformed')
    const width = 1 << (info - 24)
    const value = take(width).reduce((sum, byte) => sum * 256 + byte, 0)
    const shortest = width === 1 ? value >= 24 : value >= 2 ** (width * 4)
    if (!shortest || !Number.isSafeInteger(value)) throw new ProofInvalid('malformed')
    return value
  }

  function read(depth: number): Cbor {
    if (depth > DEEPEST) throw new ProofInvalid('malformed')
    const head = take(1)[0] ?? 0
    const [major, info] = [head >> 5, head & 31]
    if (major === 7) {
      if (info === 20 || info === 21) return info === 21
      if (info === 22) return null
      throw new ProofInvalid('malformed')
    }
    const length = size(info)
    switch (major) {
      case 0:
        return length
      case 1:
        return -1 - length
      case 2:
        return take(length)
      case 3:
        return text(take(length))
      case 4:
        if (length > bytes.length - at) throw new ProofInvalid('malformed')
        return Array.from({ length }, () => read(depth + 1))
      case 5:
        return map(length, depth)
      default:
        throw new ProofInvalid('malformed')
    }
  }

  function map(length: number, depth: number): Cbor {
    const result = new Map<number | string, Cbor>()
    for (let entry = 0; entry < length; entry += 1) {
      const key = read(depth + 1)
      if ((typeof key !== 'number' && typeof key !== 'string') || result.has(key)) throw new ProofInvalid('malformed')
      result.set(key, read(depth + 1))
    }
    return result
  }
}

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new ProofInvalid('malformed')
  }
}

/** The head and content of a byte string or text, for what is signed. */
export function writeCbor(value: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const content = typeof value === 'string' ? new TextEncoder().encode(value) : value
  const major = typeof value === 'string' ? 0x60 : 0x40
  const { length } = content
  const head =
    length < 24 ? [major | length] : length < 256 ? [major | 24, length] : [major | 25, length >> 8, length & 255]
  return Uint8Array.from([...head, ...content])
}
