import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
type Browser = Awaited<ReturnType<typeof signedIn>>
const write = (who: Browser, fields: Record<string, string>) =>
  who.open('/complain', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'test-source': randomUUID() },
    body: new URLSearchParams({ kind: 'refused', ...fields }).toString(),
  })
const codeOn = (html: string) => /class="digits code"[^>]*>\s*([0-9A-Z-]{19})\s*</.exec(html)?.[1] ?? ''
const rows = () =>
  app.peek<{ id: string; neighbour_id: string | null; received_at: Date }>(
    'select id, neighbour_id, received_at from complaints order by received_at',
  )

describe('what is written by somebody who is signed in', () => {
  it('is without their name unless they say so: no record, no hour, no number that tells when', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const page = await (await me.open('/complain')).text()
    expect(page).toMatch(/value="without"[^>]*checked/)
    for (const words of [t['messages.without'], t['messages.withoutHint'], t['messages.with'], t['messages.withHint']])
      expect(page).toContain(words)
    expect((await write(me, { text: 'They laughed at me', named: 'without' })).status).toBe(201)
    expect((await write(me, { text: 'They laughed again' })).status).toBe(201)
    for (const row of await rows()) {
      expect(row.neighbour_id).toBeNull()
      // Midnight of the town, and a number that is drawn and not counted.
      expect(row.received_at.toTemporalInstant().toZonedDateTimeISO('Europe/Madrid').hour).toBe(0)
      expect(row.id[14]).toBe('4')
    }
    expect(await (await me.open('/me/asked')).text()).not.toContain('laughed')
    const file = await (await me.send('/me/everything', { as: 'json' })).text()
    expect(file).not.toContain('laughed')
    const head = await signedIn(app, { kind: 'staff', subject: 'head', role: 'supervisor', office: DEMO_OFFICE })
    const list = await (await head.open('/desk/complaints')).text()
    expect(list).toContain('They laughed at me')
    expect(list).not.toContain(id)
  })

  it('is with it where they do, on their page and with a code', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const sent = await (await write(me, { text: 'My street is wrong', kind: 'wrong-data', named: 'with' })).text()
    expect(codeOn(sent)).not.toBe('')
    expect(await (await me.open('/me/asked')).text()).toContain('My street is wrong')
    expect((await rows()).map((row) => row.neighbour_id)).toContain(id)
  })

  it('is asked of nobody who is not signed in, who has no name to give', async () => {
    const nobody = await app.fetch(
      new Request('https://vallmar.example/complain', { headers: { host: 'vallmar.example' } }),
    )
    expect(await nobody.text()).not.toContain('name="named"')
  })
})

describe('what was to be with a name', () => {
  it('is not sent without it after the session ran out, and its words are still there', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const before = await rows()
    app.clock.advance({ hours: 30 })
    const answer = await write(me, { text: 'Nobody answered me', named: 'with' })
    const page = await answer.text()
    expect(answer.status).toBe(422)
    for (const words of [t['messages.signedOut'], 'Nobody answered me']) expect(page).toContain(words)
    expect(await rows()).toEqual(before)
  })
})

describe('what is pressed twice', () => {
  it('is another message where its words were changed in between', async () => {
    const me = await signedIn(app, { kind: 'resident', subject: (await register(app)).id })
    const idempotencyKey = randomUUID()
    const codes = new Set<string>()
    for (const text of ['First words', 'Other words', 'First words'])
      codes.add(codeOn(await (await write(me, { text, idempotencyKey })).text()))
    expect(codes.size).toBe(2)
  })

  it('is asked once, and has one code: a birth, leaving, an objection, a complaint', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const of = async () => (await app.peek(`select id from complaints where neighbour_id = '${id}'`)).length
    const sendings = [
      ['/me/change/child', { given: 'Petita', version: '1' }],
      ['/me/change/leave', { sure: 'yes' }],
      ['/me/change/object', { why: 'Not for statistics' }],
    ] as const
    for (const [i, [path, fields]] of sendings.entries()) {
      const idempotencyKey = randomUUID()
      for (const _ of [1, 2])
        expect((await me.send(path, { ...fields, idempotencyKey }, '/me/change')).status).toBe(303)
      expect([path, await of()]).toEqual([path, i + 1])
    }
    const idempotencyKey = randomUUID()
    const codes = new Set<string>()
    for (const _ of [1, 2]) codes.add(codeOn(await (await write(me, { text: 'Twice', idempotencyKey })).text()))
    expect(codes.size).toBe(1)
    expect(await (await me.open('/me/asked')).text()).toContain('Petita')
  })
})

describe('a time to say it in person', () => {
  const book = async () => {
    const page = await (await anybody('/complain')).text()
    const at = /<option value="(\d{4}-[^"]+)"/.exec(page)?.[1] ?? ''
    const html = await (await anybody('/complain/appointment', { at, kind: 'other' })).text()
    return { at, code: codeOn(html) }
  }
  const anybody = (path: string, fields?: Record<string, string>) =>
    app.fetch(
      new Request(`https://vallmar.example${path}`, {
        headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': randomUUID() },
        ...(fields ? { method: 'POST', body: new URLSearchParams(fields) } : {}),
      }),
    )
  const follow = async (code: string, more: Record<string, string> = {}) =>
    (await anybody('/complain/follow', { code, ...more })).text()
  const offers = async (at: string) => (await (await anybody('/complain')).text()).includes(`value="${at}"`)
  const until = (text: string) => text.split('{at}')[0] ?? ''

  it('that is called off, or answered before, is shown as that and is somebody else\u2019s', async () => {
    const first = await book()
    expect(await offers(first.at)).toBe(false)
    expect(await follow(first.code)).toContain(until(t['appointment.expected']))
    expect(await follow(first.code, { wish: 'cancel' })).toContain(until(t['appointment.gone']))
    expect(await follow(first.code)).toContain(until(t['appointment.gone']))
    expect(await offers(first.at)).toBe(true)

    const second = await book()
    const head = await signedIn(app, { kind: 'staff', subject: 'head', role: 'supervisor', office: DEMO_OFFICE })
    const list = await (await head.open('/desk/complaints')).text()
    for (const [, complaint = ''] of list.matchAll(/name="complaint" value="([^"]+)"/g))
      await head.send(
        '/desk/complaints',
        { complaint, answer: 'It is settled.', outcome: 'answered' },
        '/desk/complaints',
      )
    const answered = await follow(second.code)
    for (const words of [until(t['appointment.answered']), 'It is settled.']) expect(answered).toContain(words)
    expect(await offers(second.at)).toBe(true)
  })

  it('that is past is shown as past, and cannot be called off any more', async () => {
    const { code } = await book()
    app.clock.advance({ hours: 24 * 30 })
    const page = await follow(code)
    expect(page).toContain(until(t['appointment.past']))
    expect(page).not.toContain('value="cancel"')
    expect(await follow(code, { wish: 'cancel' })).toContain(until(t['appointment.past']))
  })
})
