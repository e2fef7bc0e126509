import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { crc32, deflateSync } from 'node:zlib'
import * as media from 'mediabunny'
import { heic } from './heic.ts'

// Photos and voices that say where they were made, in the corners that cameras, telephones and editors write to; and things that
// look like them. All of them are made here.

/** What a place is written as, in each of them. */
export const PLACE = 'Carrer Invented 12, 41.3874 N 2.1686 E'

export interface CorpusFile {
  name: string
  kind: 'photo' | 'voice'
  bytes: Uint8Array
}

const require = createRequire(import.meta.url)
const wasm = (path: string) => WebAssembly.compile(Uint8Array.from(readFileSync(require.resolve(path))))

/** A picture of four colours. */
function picture(width: number, height: number): ImageData {
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      data.set([x < width / 2 ? 220 : 30, y < height / 2 ? 200 : 60, 90, 255], (y * width + x) * 4)
  return { width, height, data, colorSpace: 'srgb' } as unknown as ImageData
}

const segment = (marker: number, body: string | Buffer) => {
  const bytes = Buffer.from(body)
  return Buffer.concat([Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255]), bytes])
}
const pngChunk = (name: string, body: Buffer) => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(body.length)
  const named = Buffer.concat([Buffer.from(name), body])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([size, named, sum])
}
const riffChunk = (name: string, content: Buffer) => {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(content.length)
  return Buffer.concat([Buffer.from(name), size, content, Buffer.alloc(content.length % 2)])
}
const riff = (form: string, ...chunks: Buffer[]) => riffChunk('RIFF', Buffer.concat([Buffer.from(form), ...chunks]))
const box = (name: string, content: Buffer) => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(content.length + 8)
  return Buffer.concat([size, Buffer.from(name, 'latin1'), content])
}

/** An Exif block (TIFF, little-endian) with an orientation and a text. */
function exif(orientation: number): Buffer {
  const text = Buffer.from(`${PLACE}\0`)
  const entries = Buffer.alloc(2 + 2 * 12 + 4)
  entries.writeUInt16LE(2, 0)
  entries.writeUInt16LE(0x010e, 2)
  entries.writeUInt16LE(2, 4)
  entries.writeUInt32LE(text.length, 6)
  entries.writeUInt32LE(8 + entries.length, 10)
  entries.writeUInt16LE(0x0112, 14)
  entries.writeUInt16LE(3, 16)
  entries.writeUInt32LE(1, 18)
  entries.writeUInt16LE(orientation, 22)
  return Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), entries, text])
}

const place = Buffer.from(PLACE)

async function jpegs(): Promise<CorpusFile[]> {
  const encoder = await import('@jsquash/jpeg/encode.js')
  await encoder.init(await wasm('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'))
  const plain = Buffer.from(await encoder.default(picture(32, 24)))
  const withSegment = (marker: number, body: string | Buffer) =>
    Buffer.concat([plain.subarray(0, 2), segment(marker, body), plain.subarray(2)])
  const exifBlock = (orientation: number) => Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif(orientation)])
  const named: [string, Buffer][] = [
    ['a JPEG with Exif', withSegment(0xe1, exifBlock(1))],
    ['a JPEG held sideways', withSegment(0xe1, exifBlock(6))],
    ['a JPEG with XMP', withSegment(0xe1, `http://ns.adobe.com/xap/1.0/\0<x>${PLACE}</x>`)],
    ['a JPEG with IPTC', withSegment(0xed, `Photoshop 3.0\0${PLACE}`)],
    ['a JPEG with a comment', withSegment(0xfe, PLACE)],
    ['a JPEG with a colour profile that says so', withSegment(0xe2, `ICC_PROFILE\0\x01\x01${PLACE}`)],
    ['a JPEG with a maker note of its own', withSegment(0xef, PLACE)],
    ['a JPEG with more after its end', Buffer.concat([plain, place])],
    ['a JPEG with another JPEG after its end', Buffer.concat([plain, withSegment(0xe1, exifBlock(1))])],
    ['a JPEG that is an archive too', Buffer.concat([plain, Buffer.from('PK\x03\x04', 'latin1'), place])],
  ]
  return named.map(([name, bytes]) => ({ name, kind: 'photo', bytes }))
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const header = (width: number, height: number) => {
  const bytes = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0])
  bytes.writeUInt32BE(width, 0)
  bytes.writeUInt32BE(height, 4)
  return bytes
}
function pngs(): CorpusFile[] {
  const rows = Buffer.concat(Array.from({ length: 24 }, () => Buffer.concat([Buffer.from([0]), Buffer.alloc(96, 120)])))
  const png = (...more: Buffer[]) =>
    Buffer.concat([
      PNG,
      pngChunk('IHDR', header(32, 24)),
      ...more,
      pngChunk('IDAT', deflateSync(rows)),
      pngChunk('IEND', Buffer.alloc(0)),
    ])
  const named: [string, Buffer][] = [
    ['a PNG with a text', png(pngChunk('tEXt', Buffer.from(`Comment\0${PLACE}`)))],
    ['a PNG with Exif', png(pngChunk('eXIf', exif(1)))],
    ['a PNG with a chunk of its own', png(pngChunk('plAc', place))],
    ['a PNG with more after its end', Buffer.concat([png(), place])],
  ]
  return named.map(([name, bytes]) => ({ name, kind: 'photo', bytes }))
}

async function webps(): Promise<CorpusFile[]> {
  const encoder = await import('@jsquash/webp/encode.js')
  await encoder.init(await wasm('@jsquash/webp/codec/enc/webp_enc_simd.wasm'))
  const plain = Buffer.from(await encoder.default(picture(32, 24)))
  const body = plain.subarray(12)
  const extended = (...more: Buffer[]) =>
    riff('WEBP', riffChunk('VP8X', Buffer.from([0b1100, 0, 0, 0, 31, 0, 0, 23, 0, 0])), body, ...more)
  const named: [string, Buffer][] = [
    ['a WebP with Exif', extended(riffChunk('EXIF', exif(1)))],
    ['a WebP with XMP', extended(riffChunk('XMP ', place))],
    ['a WebP with more after its end', Buffer.concat([plain, place])],
  ]
  return named.map(([name, bytes]) => ({ name, kind: 'photo', bytes }))
}

interface Codec {
  codec: 'opus' | 'aac' | 'mp3' | 'pcm-s16'
  rate: number
  description?: Uint8Array
  packet: Uint8Array
  seconds: number
}
const opusHead = Uint8Array.from([...Buffer.from('OpusHead'), 1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0])
/** A frame of MPEG-1 layer III, 128 kbit/s at 44.1 kHz, in which nothing is heard. */
const mp3Frame = Uint8Array.from([0xff, 0xfb, 0x90, 0xc4, ...new Array(413).fill(0)])
const CODECS = {
  opus: {
    codec: 'opus',
    rate: 48_000,
    description: opusHead,
    packet: Uint8Array.from([0xf8, 0xff, 0xfe]),
    seconds: 0.02,
  },
  aac: {
    codec: 'aac',
    rate: 44_100,
    description: Uint8Array.from([0x12, 0x08]),
    packet: Uint8Array.from([0x01, 0x18, 0x20, 0x07]),
    seconds: 1024 / 44_100,
  },
  mp3: { codec: 'mp3', rate: 44_100, packet: mp3Frame, seconds: 1152 / 44_100 },
  pcm: { codec: 'pcm-s16', rate: 8000, packet: new Uint8Array(320), seconds: 0.02 },
} as const satisfies Record<string, Codec>

/** A short silence in a container, with the place in its tags. */
async function audio(format: media.OutputFormat, { codec, rate, packet, seconds, ...more }: Codec): Promise<Buffer> {
  const target = new media.BufferTarget()
  const output = new media.Output({ format, target })
  const source = new media.EncodedAudioPacketSource(codec)
  output.addAudioTrack(source)
  output.setMetadataTags({ title: PLACE, comment: PLACE })
  await output.start()
  const names = { opus: 'opus', aac: 'mp4a.40.2', mp3: 'mp3', 'pcm-s16': 'pcm-s16' }
  const decoderConfig = { codec: names[codec], sampleRate: rate, numberOfChannels: 1, ...more }
  for (let i = 0; i < 12; i += 1)
    await source.add(new media.EncodedPacket(packet, 'key', i * seconds, seconds), { decoderConfig })
  await output.finalize()
  return Buffer.from(target.buffer ?? new ArrayBuffer(0))
}

async function voices(): Promise<CorpusFile[]> {
  const { opus, aac, mp3, pcm } = CODECS
  const wav = await audio(new media.WavOutputFormat(), pcm)
  const mpeg = await audio(new media.Mp3OutputFormat(), mp3)
  const mp4 = await audio(new media.Mp4OutputFormat({ fastStart: 'in-memory' }), aac)
  const named: [string, Buffer][] = [
    ['an Ogg with comments', await audio(new media.OggOutputFormat(), opus)],
    ['a WebM with tags', await audio(new media.WebMOutputFormat(), opus)],
    ['an MP4 with tags', mp4],
    ['an MP4 with a box of its own', Buffer.concat([mp4, box('udta', box('\u00a9xyz', place))])],
    ['an MP4 with free space', Buffer.concat([mp4, box('free', place)])],
    ['an MP3 with ID3 before it', mpeg],
    ['an MP3 with ID3 after it', Buffer.concat([mpeg, Buffer.from(`TAG${PLACE}`.padEnd(128, '\0'))])],
    ['a WAV with a list of notes', wav],
    ['a WAV with a broadcast note', Buffer.concat([wav, riffChunk('bext', place)])],
    ['an AAC stream with ID3 before it', await audio(new media.AdtsOutputFormat(), aac)],
  ]
  return named.map(([name, bytes]) => ({ name, kind: 'voice', bytes }))
}

function heics(): CorpusFile[] {
  return [
    { name: 'a HEIC with Exif', kind: 'photo', bytes: heic(exif(1)) },
    { name: 'a HEIC held upright, with Exif', kind: 'photo', bytes: heic(exif(6), true) },
  ]
}

export async function mediaCorpus(): Promise<CorpusFile[]> {
  return [...(await jpegs()), ...pngs(), ...(await webps()), ...heics(), ...(await voices())]
}

/** A voice in an Ogg, with nothing beside it. */
export const spoken = (): Promise<Uint8Array> => audio(new media.OggOutputFormat(), CODECS.opus)

/** Things that are no photo and no voice, each by what it is. */
export async function notMedia(): Promise<[string, Uint8Array][]> {
  const [jpeg] = await jpegs()
  const huge = Buffer.concat([
    PNG,
    pngChunk('IHDR', header(60_000, 60_000)),
    pngChunk('IDAT', deflateSync(Buffer.alloc(1000))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
  return [
    ['a film', await film()],
    ['a picture of too many pixels', huge],
    ['a HEIC whose picture says it is a thousand times larger', heic(exif(1), false, 500)],
    ['a drawing with a script', Buffer.from('<svg onload=alert(1)>')],
    ['a paper', Buffer.from('%PDF-1.7')],
    ['a program', Buffer.from('MZ')],
    ['a page', Buffer.from('<!doctype html>')],
    ['nothing', new Uint8Array()],
    ['the first half of a photo\u2019s head', (jpeg?.bytes ?? new Uint8Array()).subarray(0, 20)],
    ['the sign of an Ogg and words', Buffer.from(`OggS${PLACE}`)],
  ]
}

/** A film with a sound. */
async function film(): Promise<Uint8Array> {
  const target = new media.BufferTarget()
  const output = new media.Output({ format: new media.WebMOutputFormat(), target })
  const [seen, heard] = [new media.EncodedVideoPacketSource('vp8'), new media.EncodedAudioPacketSource('opus')]
  output.addVideoTrack(seen)
  output.addAudioTrack(heard)
  await output.start()
  await seen.add(new media.EncodedPacket(Uint8Array.from([0x10, 2, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0]), 'key', 0, 0.04), {
    decoderConfig: { codec: 'vp8', codedWidth: 16, codedHeight: 16 },
  })
  await heard.add(new media.EncodedPacket(CODECS.opus.packet, 'key', 0, 0.02), {
    decoderConfig: { codec: 'opus', sampleRate: 48_000, numberOfChannels: 1, description: opusHead },
  })
  await output.finalize()
  return Buffer.from(target.buffer ?? new ArrayBuffer(0))
}

/** How large a JPEG is, by decoding it. */
export async function sizeIn(jpeg: Uint8Array): Promise<{ width: number; height: number }> {
  const decoder = await import('@jsquash/jpeg/decode.js')
  await decoder.init(await wasm('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'))
  const { width, height } = await decoder.default(Uint8Array.from(jpeg).buffer)
  return { width, height }
}
