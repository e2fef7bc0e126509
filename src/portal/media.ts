import type { Context } from 'hono'
import { Problem } from '../platform/problem.ts'

/** What may be added to words: a photo, a voice. Told by its first bytes, never by its name. */
const SIGNS: readonly (readonly [type: string, is: (bytes: Uint8Array) => boolean])[] = [
  ['image/jpeg', (bytes) => starts(bytes, 0xff, 0xd8, 0xff)],
  ['image/png', (bytes) => starts(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ['image/webp', (bytes) => text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP'],
  ['audio/wav', (bytes) => text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WAVE'],
  ['audio/webm', (bytes) => starts(bytes, 0x1a, 0x45, 0xdf, 0xa3)],
  ['audio/ogg', (bytes) => text(bytes, 0, 4) === 'OggS'],
  ['audio/mp4', (bytes) => text(bytes, 4, 8) === 'ftyp' && /^(M4A |mp4|isom|iso|3gp|dash)/.test(text(bytes, 8, 12))],
  ['audio/mpeg', (bytes) => text(bytes, 0, 3) === 'ID3' || (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe6) === 0xe2)],
]

export interface Attachment {
  mediaType: string
  bytes: Uint8Array
}

/** @returns undefined when it is neither a photo nor a voice of a kind we know */
export function attachmentOf(bytes: Uint8Array): Attachment | undefined {
  const mediaType = SIGNS.find(([, is]) => is(bytes))?.[0]
  if (mediaType === undefined) return undefined
  return { mediaType, bytes: (WITHOUT_NOTES[mediaType] ?? ((same) => same))(bytes) }
}

const starts = (bytes: Uint8Array, ...sign: number[]) => sign.every((byte, at) => bytes[at] === byte)
const text = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to))

/** A photo without what the camera wrote beside it: where it was taken, when, with which telephone. */
const WITHOUT_NOTES: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  'image/jpeg': jpegWithoutNotes,
  'image/png': pngWithoutNotes,
  'image/webp': webpWithoutNotes,
}

/** @see ITU-T T.81 annex B: APP1 to APP15 and COM are notes; APP14 says how colours are kept, and stays */
function jpegWithoutNotes(jpeg: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [jpeg.subarray(0, 2)]
  let at = 2
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1] ?? 0
    // The picture itself begins: nothing but picture follows.
    if (marker === 0xda) break
    const end = at + 2 + (((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0))
    const note = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe
    if (!note) kept.push(jpeg.subarray(at, end))
    at = end
  }
  kept.push(jpeg.subarray(at))
  return Buffer.concat(kept)
}

/** @see PNG (third edition) section 11.3: textual information, time stamps, Exif */
function pngWithoutNotes(png: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [png.subarray(0, 8)]
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 12 + view.getUint32(at)
    if (!/^(tEXt|zTXt|iTXt|tIME|eXIf)$/.test(text(png, at + 4, at + 8))) kept.push(png.subarray(at, end))
    at = end
  }
  return Buffer.concat(kept)
}

/** @see RFC 9649 section 2.7: EXIF and XMP chunks, and the bits of VP8X that announce them */
function webpWithoutNotes(webp: Uint8Array): Uint8Array {
  const kept: Buffer[] = []
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength)
  for (let at = 12; at + 8 <= webp.length; ) {
    const size = view.getUint32(at + 4, true)
    const end = at + 8 + size + (size % 2)
    const name = text(webp, at, at + 4)
    const chunk = Buffer.from(webp.subarray(at, end))
    if (name === 'VP8X') chunk[8] = (chunk[8] ?? 0) & ~0b1100
    if (name !== 'EXIF' && name !== 'XMP ') kept.push(chunk)
    at = end
  }
  const body = Buffer.concat([Buffer.from('WEBP'), ...kept])
  const head = Buffer.alloc(8)
  head.write('RIFF')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body])
}

const LARGEST_FILE = 4 * 1024 * 1024
const MOST_FILES = 2
const LARGEST_WORDS = 64 * 1024

/** A form that may bring photos or voices with it. @throws {Problem} too-large */
export async function formWithFiles(context: Context): Promise<{ form: URLSearchParams; files: Uint8Array[] }> {
  const tooLarge = () =>
    new Problem('too-large', 413, 'This is too large. Send two photos or voices at most, of four megabytes.')
  const several = /^multipart\/form-data\b/i.test(context.req.header('content-type') ?? '')
  const length = Number(context.req.header('content-length') ?? Number.NaN)
  if (several && !(length <= MOST_FILES * LARGEST_FILE + LARGEST_WORDS)) throw tooLarge()
  if (!several) {
    const body = await context.req.text()
    if (body.length > LARGEST_WORDS) throw tooLarge()
    return { form: new URLSearchParams(body), files: [] }
  }
  const form = new URLSearchParams()
  const files: Uint8Array[] = []
  for (const [name, value] of await context.req.formData()) {
    if (typeof value === 'string') form.append(name, value)
    else if (value.size > 0) files.push(new Uint8Array(await value.arrayBuffer()))
  }
  if (files.length > MOST_FILES || files.some((file) => file.length > LARGEST_FILE)) throw tooLarge()
  return { form, files }
}
