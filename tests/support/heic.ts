// A photo as some telephones keep it (HEIF with HEVC), of four colours and with a place in its Exif item. No encoder of it can be
// had here; a picture of samples that are not compressed at all takes a few bits of entropy coding and is written by hand.
// @see ISO/IEC 23008-12 (the file), ITU-T H.265 (the picture): sections 7.3 (syntax), 9.3 (arithmetic coding)

/** A row of bits, the first the highest. */
class Bits {
  readonly #bits: number[] = []
  u(length: number, value: number): this {
    for (let i = length - 1; i >= 0; i -= 1) this.#bits.push(Math.floor(value / 2 ** i) % 2)
    return this
  }
  /** Exp-Golomb. @see H.265 section 9.2 */
  ue(value: number): this {
    const length = Math.floor(Math.log2(value + 1))
    return this.u(length, 0).u(length + 1, value + 1)
  }
  /** A one, and zeros up to the next byte. */
  trailing(): this {
    this.#bits.push(1)
    return this.aligned()
  }
  aligned(): this {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0)
    return this
  }
  bytes(): Buffer {
    const bytes = Buffer.alloc(this.#bits.length / 8)
    for (const [i, bit] of this.#bits.entries()) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (bit << (7 - (i % 8)))
    return bytes
  }
}

/** A unit of the stream: its type, and a byte between zeros that would otherwise be read as the start of another. */
function unit(type: number, content: Buffer): Buffer {
  const escaped: number[] = []
  let zeros = 0
  for (const byte of content) {
    if (zeros >= 2 && byte <= 3) {
      escaped.push(3)
      zeros = 0
    }
    escaped.push(byte)
    zeros = byte === 0 ? zeros + 1 : 0
  }
  return Buffer.from([type << 1, 1, ...escaped])
}

const LEVEL = 93
/** Main profile, which is in every decoder. */
const profile = (bits: Bits) => bits.u(2, 0).u(1, 0).u(5, 1).u(32, 0x60000000).u(4, 0b1001).u(43, 0).u(1, 0).u(8, LEVEL)

/** Side of the squares a picture is made of. */
const SQUARE = 16
/** The part of the range that the less likely value gets, of a context in its first states and a range of 448 and more. */
const LEAST = [240, 227, 216, 205] as const

/** The picture: squares in rows, each of one luma and two chroma values. */
function slice(squares: readonly (readonly [y: number, cb: number, cr: number])[]): Buffer {
  const bits = new Bits().u(1, 1).u(1, 0).ue(0).ue(2).ue(0).trailing()
  for (const [i, [y, cb, cr]] of squares.entries()) {
    // Of each square: that the one before was not the last (9.3.4.3.5), that it is not divided, that its samples follow.
    flush(bits, 510 - (i > 0 ? 2 : 0) - (LEAST[i] ?? 0) - 2).aligned()
    for (const [value, count] of [
      [y, SQUARE ** 2],
      [cb, (SQUARE / 2) ** 2],
      [cr, (SQUARE / 2) ** 2],
    ] as const)
      for (let n = 0; n < count; n += 1) bits.u(8, value)
  }
  // The last one was.
  return flush(bits, 508).aligned().bytes()
}

/** Ends the arithmetic code: nine bits that lie in what is left of its range, the last of them one. @see H.265 section 9.3 (informative) */
const flush = (bits: Bits, low: number): Bits => bits.u(9, low | 1)

const box = (name: string, ...content: Buffer[]) => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(content.reduce((sum, one) => sum + one.length, 8))
  return Buffer.concat([size, Buffer.from(name, 'latin1'), ...content])
}
const fullBox = (name: string, ...content: Buffer[]) => box(name, Buffer.alloc(4), ...content)
const u16 = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])))
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A HEIC file of two by two squares, or of one by two. @param exif a TIFF block that stands beside the picture @param turned held sideways @param said how many times larger the picture says it is than the file */
export function heic(exif: Buffer, turned = false, said = 1): Buffer {
  const [wide, high] = turned ? [SQUARE, 2 * SQUARE] : [2 * SQUARE, 2 * SQUARE]
  const colours = [
    [200, 128, 128],
    [60, 128, 128],
    [120, 90, 200],
    [120, 200, 90],
  ] as const
  const vps = new Bits().u(4, 0).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xffff)
  profile(vps).u(1, 1).ue(0).ue(0).ue(0).u(6, 0).ue(0).u(1, 0).u(1, 0).trailing()
  const sps = new Bits().u(4, 0).u(3, 0).u(1, 1)
  profile(sps)
    .ue(0)
    .ue(1)
    .ue(wide * said)
    .ue(high * said)
    .u(1, 0)
    .ue(0)
    .ue(0)
    .ue(0)
    .u(1, 1)
    .ue(0)
    .ue(0)
    .ue(0)
  // Squares of 16, transforms of 4 to 16; samples may stand as they are.
  sps.ue(1).ue(0).ue(0).ue(2).ue(0).ue(0).u(1, 0).u(1, 0).u(1, 0).u(1, 1).u(4, 7).u(4, 7).ue(1).ue(0).u(1, 1)
  sps.ue(0).u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(1, 0).trailing()
  const pps = new Bits().ue(0).ue(0).u(1, 0).u(1, 0).u(3, 0).u(1, 0).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).u(1, 0).u(1, 0)
  pps.ue(0).ue(0).u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(1, 1).u(1, 0).u(1, 1).u(1, 0).u(1, 0)
  pps.ue(0).u(1, 0).u(1, 0).trailing()
  const sets = [unit(32, vps.bytes()), unit(33, sps.bytes()), unit(34, pps.bytes())]
  const picture = unit(19, slice(turned ? colours.slice(0, 2) : colours))

  const configuration = Buffer.concat([
    Buffer.from([1, 1]),
    u32(0x60000000),
    Buffer.from([0x90, 0, 0, 0, 0, 0, LEVEL, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, sets.length]),
    ...sets.map((set, i) => Buffer.concat([Buffer.from([0x80 | (32 + i)]), u16(1, set.length), set])),
  ])
  const items = [Buffer.concat([u32(picture.length), picture]), Buffer.concat([u32(0), exif])] as const
  const info = (id: number, kind: string) =>
    box('infe', Buffer.from([2, 0, 0, 0]), u16(id, 0), Buffer.from(kind, 'latin1'), Buffer.alloc(1))
  const meta = (at: number) =>
    fullBox(
      'meta',
      fullBox('hdlr', u32(0), Buffer.from('pict', 'latin1'), Buffer.alloc(13)),
      fullBox('pitm', u16(1)),
      fullBox('iinf', u16(2), info(1, 'hvc1'), info(2, 'Exif')),
      fullBox('iref', box('cdsc', u16(2, 1, 1))),
      box(
        'iprp',
        box('ipco', box('hvcC', configuration), fullBox('ispe', u32(wide), u32(high)), box('irot', Buffer.from([1]))),
        fullBox('ipma', u32(1), u16(1), Buffer.from(turned ? [3, 0x81, 2, 0x83] : [2, 0x81, 2])),
      ),
      fullBox(
        'iloc',
        Buffer.from([0x44, 0]),
        u16(2),
        ...items.map((item, i) =>
          Buffer.concat([u16(i + 1, 0, 1), u32(at + (i === 0 ? 0 : items[0].length)), u32(item.length)]),
        ),
      ),
    )
  const head = box('ftyp', Buffer.from('heic\0\0\0\0mif1heic', 'latin1'))
  const at = head.length + meta(0).length + 8
  return Buffer.concat([head, meta(at), box('mdat', ...items)])
}
