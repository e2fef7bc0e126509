import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { createRedraw } from '../../src/requests/redrawing.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { type CorpusFile, mediaCorpus, notMedia, PLACE, sizeIn, spoken } from '../support/media-corpus.ts'
import { register } from '../support/people.ts'
import { WHOLE } from '../support/sampled.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const redraw = createRedraw()
let files: CorpusFile[]
beforeAll(async () => {
  files = await mediaCorpus()
}, 120_000)
const photoOf = async () => (await redraw(files.find(({ kind }) => kind === 'photo')?.bytes ?? new Uint8Array()))?.bytes

describe('what a photo or a voice says of a place', () => {
  it('is in twenty files and more, in corners of every kind of container', () => {
    expect(files.length).toBeGreaterThanOrEqual(20)
    for (const { name, bytes } of files) expect(Buffer.from(bytes).includes(PLACE), name).toBe(true)
  })

  it('is in none of them any more once they were made anew: none is copied, and each is still seen or heard', async () => {
    for (const { name, bytes, kind } of files) {
      const made = await redraw(bytes)
      expect(made?.mediaType, name).toMatch(kind === 'photo' ? /^image\/jpeg$/ : /^audio\//)
      expect(Buffer.from(made?.bytes ?? []).includes(PLACE), name).toBe(false)
      // Made anew once more it is read again.
      expect((await redraw(made?.bytes ?? new Uint8Array()))?.mediaType, name).toBe(made?.mediaType)
    }
  })

  it('says nothing either of when it was made anew', async () => {
    const made = await Promise.all(files.map(({ bytes }) => redraw(bytes)))
    const mp4 = made.filter((one) => one?.mediaType === 'audio/mp4')
    expect(mp4.length).toBeGreaterThan(0)
    for (const one of mp4) {
      const bytes = Buffer.from(one?.bytes ?? [])
      for (const box of ['mvhd', 'tkhd', 'mdhd']) {
        const at = bytes.indexOf(box)
        expect(at, box).toBeGreaterThan(0)
        expect(
          bytes.subarray(at + 8, at + (bytes[at + 4] === 1 ? 24 : 16)).every((byte) => byte === 0),
          box,
        ).toBe(true)
      }
    }
  })

  it('is drawn the way up it was held', async () => {
    const turned = files.find(({ name }) => name.includes('held sideways'))
    const made = await redraw(turned?.bytes ?? new Uint8Array())
    expect(await sizeIn(made?.bytes ?? new Uint8Array())).toEqual({ width: 24, height: 32 })
    const upright = files.find(({ name }) => name.includes('HEIC held upright'))
    const drawn = await redraw(upright?.bytes ?? new Uint8Array())
    expect(await sizeIn(drawn?.bytes ?? new Uint8Array())).toEqual({ width: 32, height: 16 })
  })
})

describe('what is no photo and no voice', () => {
  it('is not kept: a film, a page, a program, a picture of too many pixels, or half of one', async () => {
    for (const [name, bytes] of await notMedia()) expect(await redraw(bytes), name).toBeUndefined()
  })

  it('breaks nothing, wherever it ends', async () => {
    for (const { bytes } of files.filter((_, i) => WHOLE || i % 4 === 0))
      for (let end = 0; end < bytes.length; end += Math.max(1, Math.floor(bytes.length / 7)))
        await redraw(bytes.subarray(0, end))
  })
})

const send = async (parts: Record<string, string>, files: Buffer[], source = Math.random().toString()) => {
  const body = new FormData()
  for (const [name, value] of Object.entries(parts)) body.append(name, value)
  for (const file of files) body.append('added', new Blob([Uint8Array.from(file)]), 'my house.jpg')
  const packed = new Response(body)
  const bytes = await packed.arrayBuffer()
  return app.fetch(
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
  signedIn(app, { kind: 'staff', subject: role, role, office: DEMO_OFFICE })

describe('what somebody sends to the city', () => {
  it('may be a photo or a voice alone; it lies sealed, and is saved by whoever may answer, never shown as a page', async () => {
    const photo = await photoOf()
    const voice = await spoken()
    expect((await send({ kind: 'refused', text: '' }, [Buffer.from(photo ?? []), Buffer.from(voice)])).status).toBe(201)
    const rows = await app.peek<{ content: Uint8Array; media_type: string }>(
      'select content, media_type from complaint_attachments order by media_type desc',
    )
    expect(rows.map((row) => row.media_type)).toEqual(['image/jpeg', 'audio/ogg'])
    for (const row of rows) {
      const lies = Buffer.from(row.content).toString('latin1')
      for (const seen of ['OggS', 'JFIF', Buffer.from('OpusHead').toString('base64').slice(0, 10)])
        expect(lies).not.toContain(seen)
    }
    const supervisor = await staff('supervisor')
    const list = await (await supervisor.open('/desk/complaints')).text()
    const links = [...list.matchAll(/href="(\/desk\/complaints\/attachments\/[^"]+)"/g)].map(([, href = '']) => href)
    expect(links).toHaveLength(2)
    const shown = await Promise.all(links.map((link) => supervisor.open(link)))
    const photographed = shown.find((answer) => answer.headers.get('content-type') === 'image/jpeg')
    expect(photographed?.headers.get('content-disposition')).toBe('attachment; filename="padron"')
    expect(photographed?.headers.get('content-security-policy')).toContain('sandbox')
    expect(photographed?.headers.get('cache-control')).toBe('no-store')
    const heard = shown.find((answer) => answer.headers.get('content-type') === 'audio/ogg')
    expect(await heard?.text()).toMatch(/^OggS/)
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
    const jpeg = Buffer.from((await photoOf()) ?? [])
    const many = await send({ kind: 'other', text: 'Nobody heard me' }, [jpeg, jpeg, jpeg])
    expect([many.status, (await many.text()).includes('Nobody heard me')]).toEqual([422, true])
    const huge = Buffer.concat([jpeg, Buffer.alloc(9 * 1024 * 1024)])
    const large = await send({ kind: 'other', text: 'Nobody heard me' }, [huge])
    expect(large.status).toBe(422)
    expect(await large.text()).toMatch(/Eight megabytes at most[\s\S]*Nobody heard me/)
    let refused = 0
    for (let n = 0; n < 14; n += 1)
      if ((await send({ kind: 'other', text: 'x' }, [jpeg], 'one library')).status === 429) refused += 1
    expect(refused).toBe(2)
    expect((await send({ kind: 'other', text: 'words alone' }, [], 'one library')).status).toBe(201)
  })

  it('goes with whoever is erased', async () => {
    const { id } = await register(app)
    const before = await app.peek('select from complaint_attachments')
    await app.peek(
      `update complaints set neighbour_id = '${id}' where id = (select complaint_id from complaint_attachments limit 1)`,
    )
    await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person' },
      ifMatch: 1,
    })
    const { body } = await app.ask<{ id: string }>('POST', `/v1/neighbours/${id}/erasures`, {
      as: 'supervisor',
      body: { ground: 'court' },
    })
    await app.ask('POST', `/v1/erasures/${body.id}/decision`, { as: 'legal', body: { approves: true } })
    expect((await app.peek('select from complaint_attachments')).length).toBeLessThan(before.length)
  })
})
