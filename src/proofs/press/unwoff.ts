import { inflateSync } from 'node:zlib'

const HEADER = 44
const ENTRY = 20

/**
 * Unpacks a WOFF font into the plain font it was made from, once, so that no table is unpacked again for every letter.
 *
 * @throws {RangeError} when it is no such file
 * @see W3C WOFF File Format 1.0, sections 3 and 5
 */
export function unpackWoff(woff: Buffer): Buffer {
  if (woff.toString('latin1', 0, 4) !== 'wOFF') throw new RangeError('not a WOFF file')
  const count = woff.readUInt16BE(12)
  const tables = Array.from({ length: count }, (_, at) => {
    const entry = HEADER + at * ENTRY
    const [offset, packed, length] = [4, 8, 12].map((field) => woff.readUInt32BE(entry + field)) as [
      number,
      number,
      number,
    ]
    const stored = woff.subarray(offset, offset + packed)
    const tag = woff.subarray(entry, entry + 4)
    return { tag, checksum: woff.readUInt32BE(entry + 16), data: packed < length ? inflateSync(stored) : stored }
  })
  const power = 2 ** Math.floor(Math.log2(count))
  const head = Buffer.alloc(12 + count * 16)
  head.writeUInt32BE(woff.readUInt32BE(4), 0)
  for (const [at, value] of [count, power * 16, Math.log2(power), (count - power) * 16].entries())
    head.writeUInt16BE(value, 4 + at * 2)
  const parts: Buffer[] = [head]
  let offset = head.length
  for (const [at, { tag, checksum, data }] of tables.entries()) {
    const entry = 12 + at * 16
    tag.copy(head, entry)
    for (const [field, value] of [checksum, offset, data.length].entries())
      head.writeUInt32BE(value, entry + 4 + field * 4)
    const padding = Buffer.alloc((4 - (data.length % 4)) % 4)
    parts.push(data, padding)
    offset += data.length + padding.length
  }
  return Buffer.concat(parts)
}
