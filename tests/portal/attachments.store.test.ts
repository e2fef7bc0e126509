import { crc32, deflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { attachmentOf } from '../../src/portal/media.ts'
import { type House, openHouse } from '../support/house.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

const WHERE = 'GPS 41.3874 2.1686'
/** A segment of a JPEG, or a chunk of the others. */
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
const riff = (form: string, ...chunks: [string, Buffer][]) => {
  const body = Buffer.concat([
    Buffer.from(form),
    ...chunks.map(([name, content]) => {
      const size = Buffer.alloc(4)
      size.writeUInt32LE(content.length)
      return Buffer.concat([Buffer.from(name), size, content, Buffer.alloc(content.length % 2)])
    }),
  ])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(body.length)
  return Buffer.concat([Buffer.from('RIFF'), size, body])
}
const jpeg = Buffer.concat([
  Buffer.from([0xff, 0xd8]),
  segment(0xe0, 'JFIF\0'),
  segment(0xe1, `Exif\0\0${WHERE}`),
  segment(0xfe, WHERE),
  segment(0xda, 'scan'),
  Buffer.from([1, 2, 3, 0xff, 0xe1, 0, 9, 4, 5, 0xff, 0xd9]),
])
const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
const png = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  pngChunk('IHDR', header),
  pngChunk('eXIf', Buffer.from(WHERE)),
  pngChunk('tEXt', Buffer.from(`Comment\0${WHERE}`)),
  pngChunk('IDAT', deflateSync(Buffer.from([0, 128]))),
  pngChunk('IEND', Buffer.alloc(0)),
])
const webp = riff(
  'WEBP',
  ['VP8X', Buffer.from([0b1100, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['VP8 ', Buffer.from('picture')],
  ['EXIF', Buffer.from(WHERE)],
  ['XMP ', Buffer.from(WHERE)],
)

describe('a photo', () => {
  it.each([
    ['image/jpeg', jpeg],
    ['image/png', png],
    ['image/webp', webp],
  ])('loses what the camera wrote about where it was, and nothing of the picture: %s', (type, bytes) => {
    const kept = attachmentOf(bytes)
    expect(kept?.mediaType).toBe(type)
    expect(Buffer.from(kept?.bytes ?? []).toString('latin1')).not.toContain('GPS')
    expect(attachmentOf(kept?.bytes ?? new Uint8Array())?.bytes).toEqual(kept?.bytes)
  })

  it('keeps every byte of the scan, markers in it too, and says how long it is', () => {
    const kept = Buffer.from(attachmentOf(jpeg)?.bytes ?? [])
    expect(kept.subarray(-11)).toEqual(jpeg.subarray(-11))
    const shorter = Buffer.from(attachmentOf(webp)?.bytes ?? [])
    expect(shorter.readUInt32LE(4)).toBe(shorter.length - 8)
    expect(shorter[20]).toBe(0)
  })

  it('that ends too early, or anything that is neither photo nor voice, breaks nothing', () => {
    for (const whole of [jpeg, png, webp])
      for (let end = 0; end < whole.length; end += 1) attachmentOf(whole.subarray(0, end))
    for (const other of ['<svg onload=alert(1)>', '%PDF-1.7', 'MZ', '<!doctype html>', ''])
      expect(attachmentOf(Buffer.from(other))).toBeUndefined()
  })
})

const send = async (parts: Record<string, string>, files: Buffer[], source = Math.random().toString()) => {
  const body = new FormData()
  for (const [name, value] of Object.entries(parts)) body.append(name, value)
  for (const file of files) body.append('added', new Blob([Uint8Array.from(file)]), 'my house.jpg')
  const packed = new Response(body)
  const bytes = await packed.arrayBuffer()
  return house.fetch(
    new Request('https://vallmar.example/complain', {
      method: 'POST',
      headers: {
        host: 'vallmar.example',
        'accept-language': 'en',
        'content-type': packed.headers.get('content-type') ?? '',
        'content-length': String(bytes.byteLength),
        'test-source': source,
      },
      body: bytes,
    }),
  )
}
const staff = (role: 'clerk' | 'supervisor') =>
  signedIn(house, { kind: 'staff', subject: role, role, office: DEMO_OFFICE })

describe('what somebody sends to the city', () => {
  it('may be a photo or a voice alone; it lies sealed, and is saved by whoever may answer, never shown as a page', async () => {
    const voice = Buffer.concat([Buffer.from('OggS'), Buffer.from('spoken words, not typed')])
    expect((await send({ kind: 'refused', text: '' }, [jpeg, voice])).status).toBe(201)
    const rows = await house.peek<{ content: Uint8Array; media_type: string }>(
      'select content, media_type from complaint_attachments order by id',
    )
    expect(rows.map((row) => row.media_type)).toEqual(['image/jpeg', 'audio/ogg'])
    for (const row of rows) {
      const lies = Buffer.from(row.content).toString('latin1')
      for (const seen of ['spoken', 'JFIF', Buffer.from('spoken words').toString('base64').slice(0, 12)])
        expect(lies).not.toContain(seen)
    }
    const supervisor = await staff('supervisor')
    const list = await (await supervisor.open('/desk/complaints')).text()
    const links = [...list.matchAll(/href="(\/desk\/complaints\/attachments\/[^"]+)"/g)].map(([, href = '']) => href)
    expect(links).toHaveLength(2)
    const photo = await supervisor.open(links[0] ?? '')
    expect(photo.headers.get('content-disposition')).toBe('attachment; filename="padron"')
    expect(photo.headers.get('content-security-policy')).toContain('sandbox')
    expect(photo.headers.get('cache-control')).toBe('no-store')
    expect(Buffer.from(await photo.arrayBuffer()).toString('latin1')).not.toContain('GPS')
    const heard = await supervisor.open(links[1] ?? '')
    expect(Buffer.from(await heard.arrayBuffer())).toEqual(voice)
    // A complaint about a refusal is not for clerks.
    expect((await (await staff('clerk')).open(links[0] ?? '')).status).toBe(404)
  })

  it('is refused kindly when it is something else, and the words are still there', async () => {
    const answer = await send({ kind: 'other', text: 'They asked for my papers' }, [
      Buffer.from('<svg onload=alert(1)>'),
    ])
    expect(answer.status).toBe(422)
    expect(await answer.text()).toContain('They asked for my papers')
  })

  it('has a limit, for one file, for all, and for one place', async () => {
    expect((await send({ kind: 'other', text: 'x' }, [jpeg, jpeg, jpeg])).status).toBe(413)
    const huge = Buffer.concat([jpeg, Buffer.alloc(5 * 1024 * 1024)])
    expect((await send({ kind: 'other', text: 'x' }, [huge])).status).toBe(413)
    let refused = 0
    for (let n = 0; n < 14; n += 1)
      if ((await send({ kind: 'other', text: 'x' }, [jpeg], 'one library')).status === 429) refused += 1
    expect(refused).toBe(2)
    expect((await send({ kind: 'other', text: 'words alone' }, [], 'one library')).status).toBe(201)
  })

  it('goes with whoever is erased', async () => {
    const { id } = await register(house)
    const before = await house.peek('select from complaint_attachments')
    await house.peek(
      `update complaints set neighbour_id = '${id}' where id = (select complaint_id from complaint_attachments limit 1)`,
    )
    await house.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person' },
      ifMatch: 1,
    })
    const { body } = await house.ask<{ id: string }>('POST', `/v1/neighbours/${id}/erasures`, {
      as: 'supervisor',
      body: { ground: 'court' },
    })
    await house.ask('POST', `/v1/erasures/${body.id}/decision`, { as: 'legal', body: { approves: true } })
    expect((await house.peek('select from complaint_attachments')).length).toBeLessThan(before.length)
  })
})
