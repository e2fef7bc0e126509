import { EM } from './fonts.ts'

/** A letter's outline as commands of a path, and how far the next one stands. */
export interface Outline {
  /** Units of {@link EM}. */
  advance: number
  path: readonly { type: string; values: readonly number[] }[]
}

interface Point {
  x: number
  y: number
  on: boolean
}
interface Box {
  left: number
  bottom: number
  right: number
  top: number
}

const NOWHERE: Box = { left: 0, bottom: 0, right: 0, top: 0 }

/**
 * A font of outlines and nothing else: a document says itself which of them it draws, and what each says.
 *
 * @param outlines the first of them is drawn for what is missing
 * @throws {RangeError} when an outline has curves that no such font has
 * @see ISO 14496-22, sections 5.2 and 5.3; ISO 32000-1, 9.9
 */
export function trueType(outlines: readonly Outline[]): Uint8Array {
  const drawn = outlines.map(({ advance, path }) => ({ advance, ...glyphOf(contoursOf(path)) }))
  const boxes = drawn.flatMap(({ box }) => (box ? [box] : []))
  const whole = boxes.reduce(
    (a, b) => ({
      left: Math.min(a.left, b.left),
      bottom: Math.min(a.bottom, b.bottom),
      right: Math.max(a.right, b.right),
      top: Math.max(a.top, b.top),
    }),
    boxes[0] ?? NOWHERE,
  )
  const offsets = [0]
  for (const { bytes } of drawn) offsets.push((offsets.at(-1) ?? 0) + bytes.length)
  const most = (count: (one: (typeof drawn)[number]) => number) => Math.max(0, ...drawn.map(count))
  const widest = most(({ advance }) => advance)
  return file({
    glyf: Buffer.concat(drawn.map(({ bytes }) => bytes)),
    head: Buffer.concat([
      long(0x00010000, 0x00010000, 0, 0x5f0f3cf5),
      short(0b1011, EM),
      Buffer.alloc(16),
      short(whole.left, whole.bottom, whole.right, whole.top, 0, 8, 2, 1, 0),
    ]),
    hhea: Buffer.concat([
      long(0x00010000),
      short(ASCENT * EM, DESCENT * EM, 0, widest, whole.left, 0, whole.right, 1, 0, 0, 0, 0, 0, 0, 0, drawn.length),
    ]),
    hmtx: Buffer.concat(drawn.map(({ advance, box }) => short(advance, box?.left ?? 0))),
    loca: long(...offsets),
    maxp: Buffer.concat([
      long(0x00010000),
      short(
        drawn.length,
        most(({ points }) => points),
        most(({ contours }) => contours),
        0,
        0,
        2,
      ),
      Buffer.alloc(16),
    ]),
  })
}

/** Of a line in all our fonts, ems. */
export const ASCENT = 1.069
export const DESCENT = -0.293

function contoursOf(path: Outline['path']): Point[][] {
  const contours: Point[][] = []
  for (const { type, values } of path) {
    const [a = 0, b = 0, c = 0, d = 0] = values.map(Math.round)
    const contour = contours.at(-1)
    if (type === 'M') contours.push([{ x: a, y: b, on: true }])
    else if (type === 'L') contour?.push({ x: a, y: b, on: true })
    else if (type === 'Q') contour?.push({ x: a, y: b, on: false }, { x: c, y: d, on: true })
    else if (type === 'Z') {
      const [first, last] = [contour?.[0], contour?.at(-1)]
      if (first !== last && first?.x === last?.x && first?.y === last?.y && last?.on) contour?.pop()
    } else throw new RangeError('an outline of cubic curves')
  }
  return contours
}

function glyphOf(contours: Point[][]): { bytes: Buffer; box: Box | undefined; points: number; contours: number } {
  const points = contours.flat()
  if (points.length === 0) return { bytes: Buffer.alloc(0), box: undefined, points: 0, contours: 0 }
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const box = { left: Math.min(...xs), bottom: Math.min(...ys), right: Math.max(...xs), top: Math.max(...ys) }
  let end = -1
  const ends = contours.map((contour) => {
    end += contour.length
    return end
  })
  const steps = (all: number[]) => short(...all.map((value, at) => value - (all[at - 1] ?? 0)))
  // Parts may lie over one another: the first point says so.
  const flags = Buffer.from(points.map(({ on }, at) => (on ? 1 : 0) | (at === 0 ? 0x40 : 0)))
  const outline = Buffer.concat([
    short(contours.length, box.left, box.bottom, box.right, box.top, ...ends, 0),
    flags,
    steps(xs),
    steps(ys),
  ])
  return { bytes: padded(outline), box, points: points.length, contours: contours.length }
}

function file(tables: Record<string, Buffer>): Uint8Array {
  const entries = Object.entries(tables)
  const power = 2 ** Math.floor(Math.log2(entries.length))
  const head = [long(0x00010000), short(entries.length, power * 16, Math.log2(power), (entries.length - power) * 16)]
  let offset = 12 + entries.length * 16
  for (const [tag, data] of entries) {
    head.push(Buffer.from(tag, 'latin1'), long(checksum(data), offset, data.length))
    offset += padded(data).length
  }
  return Buffer.concat([...head, ...entries.map(([, data]) => padded(data))])
}

const short = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(Math.round(value) & 0xffff, at * 2)
  return bytes
}
const long = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, at * 4)
  return bytes
}
const padded = (data: Buffer) => Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)])

function checksum(data: Buffer): number {
  const whole = padded(data)
  let sum = 0
  for (let at = 0; at < whole.length; at += 4) sum = (sum + whole.readUInt32BE(at)) >>> 0
  return sum
}
