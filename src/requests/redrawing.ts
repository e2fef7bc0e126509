import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import type { Attachment, Redraw } from './attachments.ts'

// A photo is decoded and drawn anew, a voice is taken out of its container and put into another: what was beside them is not
// removed, it is never copied. What reads a stranger's picture runs in WebAssembly, where it reaches nothing of ours.

/** Pixels of a photo that are decoded at most: a few bytes can say that they are millions. */
const MOST_PIXELS = 26_000_000
/** The longer side of what is kept: a page of paper can be read at that. */
const LONGEST_SIDE = 1800
const QUALITY = 82

interface Picture {
  width: number
  height: number
  data: Uint8ClampedArray
}

type PhotoKind = 'jpeg' | 'png' | 'webp' | 'heic'
/** Brands of HEIF files whose pictures are HEVC. @see ISO/IEC 23008-12 annex B.4 */
const HEIC = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'])

const require = createRequire(import.meta.url)
const compiled = async (path: string) =>
  WebAssembly.compile(new Uint8Array(await readFile(require.resolve(path))) as Uint8Array<ArrayBuffer>)

let codecs: Promise<Codecs> | undefined
interface Codecs {
  decode: Record<PhotoKind, (bytes: ArrayBuffer) => Promise<Picture>>
  encode(picture: Picture): Promise<ArrayBuffer>
}

async function loadCodecs(): Promise<Codecs> {
  const [jpegIn, jpegOut, png, webp] = await Promise.all([
    import('@jsquash/jpeg/decode.js'),
    import('@jsquash/jpeg/encode.js'),
    import('@jsquash/png/decode.js'),
    import('@jsquash/webp/decode.js'),
  ])
  await jpegIn.init(await compiled('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'))
  await jpegOut.init(await compiled('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'))
  await png.init(await compiled('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'))
  await webp.init(await compiled('@jsquash/webp/codec/dec/webp_dec.wasm'))
  return {
    decode: {
      // The way up a photo is held is written beside it, and is drawn.
      jpeg: (bytes) => jpegIn.default(bytes, { preserveOrientation: true }),
      png: (bytes) => png.default(bytes),
      webp: (bytes) => webp.default(bytes),
      heic: heicPicture,
    },
    encode: (picture) =>
      jpegOut.default(picture as ImageData, { quality: QUALITY, progressive: false, optimize_coding: true }),
  }
}

/** Photos as JPEG, voices in a container of their own kind. One is made at a time. */
export function createRedraw(): Redraw {
  let last: Promise<unknown> = Promise.resolve()
  return (bytes) => {
    const next = last.then(async () => {
      const kind = photoKind(bytes)
      return kind === undefined ? voice(bytes) : photo(bytes, kind)
    })
    last = next.catch(() => {})
    return next
  }
}

const starts = (bytes: Uint8Array, ...sign: number[]) => sign.every((byte, at) => bytes[at] === byte)
const text = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to))

function photoKind(bytes: Uint8Array): PhotoKind | undefined {
  if (starts(bytes, 0xff, 0xd8, 0xff)) return 'jpeg'
  if (starts(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png'
  if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP') return 'webp'
  if (text(bytes, 4, 8) === 'ftyp' && HEIC.has(text(bytes, 8, 12))) return 'heic'
  return undefined
}

async function photo(bytes: Uint8Array, kind: PhotoKind): Promise<Attachment | undefined> {
  const size = kind === 'heic' ? undefined : sizeOf(bytes, kind)
  if (kind !== 'heic' && (size === undefined || size.width * size.height > MOST_PIXELS)) return undefined
  codecs ??= loadCodecs()
  const { decode, encode } = await codecs
  try {
    const picture = await decode[kind](Uint8Array.from(bytes).buffer)
    if (!(picture.width > 0 && picture.height > 0)) return undefined
    await turn()
    const drawn = shrunk(picture)
    await turn()
    return { mediaType: 'image/jpeg', bytes: new Uint8Array(await encode(drawn)) }
  } catch {
    return undefined
  }
}

/** As much of libheif as is used. Its own JavaScript writes to the log and keeps the last file; its functions do neither. */
interface Libheif {
  heif_context_alloc(): object
  heif_context_free(context: object): void
  heif_context_read_from_memory(context: object, bytes: Uint8Array): unknown
  /** What is no picture has a `code` that says why. */
  heif_js_context_get_primary_image_handle(context: object): object
  heif_image_handle_get_width(handle: object): number
  heif_image_handle_get_height(handle: object): number
  heif_image_handle_release(handle: object): void
  heif_js_decode_image2(handle: object, colours: unknown, chroma: unknown): Decoded | { code: unknown }
  heif_image_release(image: object): void
  heif_colorspace: { heif_colorspace_RGB: unknown }
  heif_chroma: { heif_chroma_interleaved_RGBA: unknown }
}
interface Decoded {
  image: object
  channels: readonly { width: number; height: number; stride: number; data: Uint8Array }[]
}

/** The one picture that a HEIC file is of, the way up it was held. @throws of what cannot be read, or has too many pixels */
async function heicPicture(bytes: ArrayBuffer): Promise<Picture> {
  const heif: Libheif = require('libheif-js/wasm-bundle')
  const context = heif.heif_context_alloc()
  try {
    heif.heif_context_read_from_memory(context, new Uint8Array(bytes))
    const handle = heif.heif_js_context_get_primary_image_handle(context)
    if (!handle || 'code' in handle) throw new Error('no picture')
    try {
      const [width, height] = [heif.heif_image_handle_get_width(handle), heif.heif_image_handle_get_height(handle)]
      if (!(width > 0 && height > 0 && width * height <= MOST_PIXELS)) throw new Error('too many pixels')
      const { heif_colorspace_RGB: colours } = heif.heif_colorspace
      const made = heif.heif_js_decode_image2(handle, colours, heif.heif_chroma.heif_chroma_interleaved_RGBA)
      if (!made || 'code' in made) throw new Error('no picture')
      try {
        return pixelsIn(made)
      } finally {
        heif.heif_image_release(made.image)
      }
    } finally {
      heif.heif_image_handle_release(handle)
    }
  } finally {
    heif.heif_context_free(context)
  }
}

/** Copied out, row by row: rows may be longer in memory than they are wide. */
function pixelsIn({ channels: [pixels] }: Decoded): Picture {
  if (pixels === undefined) throw new Error('no picture')
  const { width, height, stride } = pixels
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y += 1) data.set(pixels.data.subarray(y * stride, y * stride + width * 4), y * width * 4)
  return { width, height, data }
}

/** What a photo says of its size, before anything of it is decoded. */
function sizeOf(bytes: Uint8Array, kind: Exclude<PhotoKind, 'heic'>): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (kind === 'png') return bytes.length < 24 ? undefined : { width: view.getUint32(16), height: view.getUint32(20) }
  if (kind === 'jpeg') return jpegSize(bytes, view)
  return webpSize(bytes, view)
}

/** @see ITU-T T.81 section B.2.2: the frame header */
function jpegSize(bytes: Uint8Array, view: DataView): { width: number; height: number } | undefined {
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) at += 1
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) }
    else at += 2 + view.getUint16(at + 2)
  }
  return undefined
}

/** @see RFC 9649 section 2: the canvas of VP8X, or the first frame of VP8 and VP8L */
function webpSize(bytes: Uint8Array, view: DataView): { width: number; height: number } | undefined {
  if (bytes.length < 30) return undefined
  const three = (at: number) => view.getUint16(at, true) + ((bytes[at + 2] ?? 0) << 16)
  switch (text(bytes, 12, 16)) {
    case 'VP8X':
      return { width: three(24) + 1, height: three(27) + 1 }
    case 'VP8L': {
      const bits = view.getUint32(21, true)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
    default:
      return undefined
  }
}

/** No larger than is kept, each pixel the mean of those it stands for; what is see-through becomes white. */
function shrunk({ width, height, data }: Picture): Picture {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height))
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
  const drawn = new Uint8ClampedArray(w * h * 4)
  for (let y = 0; y < h; y += 1) {
    const [top, bottom] = [
      Math.floor((y * height) / h),
      Math.max(Math.floor(((y + 1) * height) / h), Math.floor((y * height) / h) + 1),
    ]
    for (let x = 0; x < w; x += 1) {
      const [left, right] = [
        Math.floor((x * width) / w),
        Math.max(Math.floor(((x + 1) * width) / w), Math.floor((x * width) / w) + 1),
      ]
      let [red, green, blue] = [0, 0, 0]
      for (let v = top; v < bottom; v += 1)
        for (let u = left; u < right; u += 1) {
          const at = (v * width + u) * 4
          const alpha = (data[at + 3] ?? 255) / 255
          red += (data[at] ?? 0) * alpha + 255 * (1 - alpha)
          green += (data[at + 1] ?? 0) * alpha + 255 * (1 - alpha)
          blue += (data[at + 2] ?? 0) * alpha + 255 * (1 - alpha)
        }
      const count = (bottom - top) * (right - left)
      drawn.set([red / count, green / count, blue / count, 255], (y * w + x) * 4)
    }
  }
  return { width: w, height: h, data: drawn }
}

/** Bytes that set up a decoder, of every kind but Vorbis, whose comments are written anew with its container. */
const MOST_SETUP = 64
const bytesIn = (description: AudioDecoderConfig['description']) => description?.byteLength ?? 0

/** What is heard in these containers is put into a new one of the same kind, packet by packet, with nothing that was written beside it. */
async function voice(bytes: Uint8Array): Promise<Attachment | undefined> {
  const media = await import('mediabunny')
  const kinds = [
    [media.WAVE, 'audio/wav', () => new media.WavOutputFormat()],
    [media.MP3, 'audio/mpeg', () => new media.Mp3OutputFormat({ xingHeader: false })],
    [media.OGG, 'audio/ogg', () => new media.OggOutputFormat()],
    [media.MP4, 'audio/mp4', () => new media.Mp4OutputFormat({ fastStart: 'in-memory' })],
    [media.QTFF, 'audio/mp4', () => new media.Mp4OutputFormat({ fastStart: 'in-memory' })],
    [media.WEBM, 'audio/webm', () => new media.WebMOutputFormat()],
    [media.MATROSKA, 'audio/webm', () => new media.WebMOutputFormat()],
    [media.ADTS, 'audio/aac', () => new media.AdtsOutputFormat()],
  ] as const
  const input = new media.Input({
    source: new media.BufferSource(bytes),
    formats: kinds.map(([format]) => format),
  })
  try {
    const found = await input.getFormat()
    const [, mediaType, container] = kinds.find(([format]) => format === found) ?? []
    const track = await input.getPrimaryAudioTrack()
    // What is seen is no voice.
    if (container === undefined || track === null || (await input.getPrimaryVideoTrack()) !== null) return undefined
    if ((await input.getAudioTracks()).length !== 1) return undefined
    const { codec } = track
    const decoderConfig = await track.getDecoderConfig()
    if (codec === null || decoderConfig === null) return undefined
    const target = new media.BufferTarget()
    const output = new media.Output({ format: container(), target })
    const source = new media.EncodedAudioPacketSource(codec)
    output.addAudioTrack(source)
    await output.start()
    const packets = new media.EncodedPacketSink(track)
    // What a decoder is told at the start is a few bytes; a container may hide more there.
    if (codec === 'vorbis' && mediaType !== 'audio/ogg') return undefined
    if (codec !== 'vorbis' && bytesIn(decoderConfig.description) > MOST_SETUP) return undefined
    let any = false
    for await (const packet of packets.packets()) {
      await source.add(packet, any ? undefined : { decoderConfig })
      any = true
    }
    if (!any) return undefined
    await output.finalize()
    if (target.buffer === null) return undefined
    const made = new Uint8Array(target.buffer)
    if (mediaType === 'audio/mp4') forgetWhen(made)
    return { mediaType: mediaType ?? '', bytes: made }
  } catch {
    return undefined
  } finally {
    input.dispose()
  }
}

const HOLDING = new Set(['moov', 'trak', 'mdia'])
const TIMED = new Set(['mvhd', 'tkhd', 'mdhd'])

/** Writes zero over when an MP4 was made, which is when it was sent. @see ISO/IEC 14496-12 sections 8.2.2, 8.3.2 and 8.4.2 */
function forgetWhen(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at)
    const name = text(bytes, at + 4, at + 8)
    if (HOLDING.has(name)) forgetWhen(bytes.subarray(at + 8, at + size))
    // A version and flags, then the times of creation and of change: four bytes each, or eight of version 1.
    if (TIMED.has(name)) bytes.fill(0, at + 12, at + (bytes[at + 8] === 1 ? 28 : 20))
    if (size < 8) return
    at += size
  }
}
