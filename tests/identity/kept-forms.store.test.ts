import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { fillForm } from '../../src/http/html-forms.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
type Browser = Awaited<ReturnType<typeof signedIn>>
const csrfOn = async (who: Browser, path: string) =>
  /name="csrf" value="([^"]+)"/.exec(await (await who.open(path)).text())?.[1] ?? ''
const post = (who: Browser, path: string, from: string, fields: Record<string, string>) =>
  who.open(path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { referer: `https://vallmar.example${from}` },
  })
/** Where somebody comes back to after signing in. */
const backTo = (answer: Response) =>
  new URL(answer.headers.get('location') ?? '', 'https://vallmar.example').searchParams.get('to') ?? ''

describe('what somebody typed when their session ran out', () => {
  it('is on the same form again after they came in by the same card, and nothing was sent', async () => {
    const { id } = await register(app)
    const way = { kind: 'card', id: randomUUID() } as const
    const me = await signedIn(app, { kind: 'resident', subject: id, way })
    const csrf = await csrfOn(me, '/me/change')
    app.clock.advance({ minutes: 11 })
    const why = 'Do not use it for statistics: I said so twice.'
    const late = await post(me, '/me/change/object', '/me/change', { csrf, why })
    expect(late.status).toBe(303)
    const to = backTo(late)
    expect(to).toMatch(/^\/me\/change\?kept=[0-9a-f-]{36}$/)
    expect(await app.peek('select id from complaints')).toEqual([])

    const back = await signedIn(app, { kind: 'resident', subject: id, way })
    const page = await (await back.open(to)).text()
    expect(page).toContain(t['session.back'])
    expect(page).toMatch(new RegExp(`<textarea[^>]*name="why"[^>]*>${why}</textarea>`))
    // Nothing of it in other forms of the page.
    expect(page.split(why)).toHaveLength(2)
    // Somebody who came in by another card does not find it.
    const other = await signedIn(app, { kind: 'resident', subject: id })
    expect(await (await other.open(to)).text()).not.toContain(why)
    const sent = await post(back, '/me/change/object', to, { csrf: await csrfOn(back, '/me/change'), why })
    expect(sent.status).toBe(303)
    expect(await app.peek('select id from kept_forms')).toEqual([])
  })

  it('need not be kept of whoever is still there: each page says when it ends, and a button keeps the session', async () => {
    const { id } = await register(app)
    const clerk = { kind: 'staff', subject: 'clerk-7', role: 'clerk', office: DEMO_OFFICE } as const
    for (const [one, page, stay, idle] of [
      [{ kind: 'resident', subject: id } as const, '/me/change', '/me/stay', 540],
      [clerk, '/desk/register', '/desk/stay', 1740],
    ] as const) {
      const who = await signedIn(app, one)
      const html = await (await who.open(page)).text()
      const csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''
      expect(html).toContain(`data-idle="${idle}"`)
      expect(html).toMatch(/data-ends="\d{4,5}"/)
      for (const words of [t['session.soon'], t['session.stay'], t['session.idle'].split('{')[0] ?? ''])
        expect(html).toContain(words)
      for (let n = 0; n < 3; n += 1) {
        app.clock.advance({ seconds: idle - 60 })
        expect((await who.open(stay, { method: 'POST', body: new URLSearchParams({ csrf }) })).status).toBe(200)
      }
      app.clock.advance({ seconds: idle + 90 })
      expect((await who.open(stay, { method: 'POST', body: new URLSearchParams({ csrf }) })).status).toBe(303)
    }
  })

  it('is dropped when they sign out, and after an hour', async () => {
    const { id } = await register(app)
    const way = { kind: 'card', id: randomUUID() } as const
    const late = async () => {
      const me = await signedIn(app, { kind: 'resident', subject: id, way })
      const csrf = await csrfOn(me, '/me/change')
      app.clock.advance({ minutes: 11 })
      return backTo(await post(me, '/me/change/object', '/me/change', { csrf, why: 'Twice' }))
    }
    const first = await late()
    const back = await signedIn(app, { kind: 'resident', subject: id, way })
    expect(await (await back.open(first)).text()).toContain('Twice')
    await back.send('/me/leave', {})
    const again = await signedIn(app, { kind: 'resident', subject: id, way })
    expect(await (await again.open(first)).text()).not.toContain('Twice')
    const second = await late()
    app.clock.advance({ minutes: 61 })
    const later = await signedIn(app, { kind: 'resident', subject: id, way })
    expect(await (await later.open(second)).text()).not.toContain('Twice')
  })

  it('is never kept of a form that hides somebody, nor of a form that another site sends', async () => {
    const { id, version } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const csrf = await csrfOn(me, '/me/change')
    app.clock.advance({ minutes: 11 })
    const before = await app.peek('select id from kept_forms')
    await post(me, '/me/change/hide', '/me/change', { csrf, version: String(version) })
    const forged = await post(me, '/me/change/object', '/me/change', { csrf: 'x', why: 'Not mine' })
    expect(forged.status).toBe(403)
    expect(await app.peek('select id from kept_forms')).toEqual(before)
  })

  it('is there for an officer whose sign-in is not fresh any more', async () => {
    const officer = { kind: 'staff', subject: 'legal-1', role: 'legal', office: DEMO_OFFICE } as const
    const desk = await signedIn(app, officer)
    const csrf = await csrfOn(desk, '/desk/organisations')
    app.clock.advance({ minutes: 16 })
    const late = await post(desk, '/desk/organisations', '/desk/organisations', {
      csrf,
      name: 'House of Bread',
      identifier: 'G1234',
    })
    const to = backTo(late)
    expect(late.headers.get('location')).toMatch(/^\/sign-in\/start\?to=/)
    const back = await signedIn(app, officer)
    const page = await (await back.open(to)).text()
    expect(page).toMatch(/<input[^>]*name="name"[^>]*value="House of Bread"/)
    expect(page).toMatch(/<details[^>]*open/)
  })

  it('is nowhere in the browser: no page carries it, and it lies sealed', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const csrf = await csrfOn(me, '/me/change')
    app.clock.advance({ minutes: 11 })
    const late = await post(me, '/me/change/object', '/me/change', { csrf, why: 'Nowhere at all' })
    expect(JSON.stringify([...late.headers])).not.toContain('Nowhere')
    const rows = await app.peek<{ content: Uint8Array }>('select content from kept_forms')
    for (const { content } of rows) expect(Buffer.from(content).toString('latin1')).not.toContain('Nowhere')
  })
})

const WORDS = { note: 'Here it is', gone: 'It is gone', typed: 'Typed: {text}', changed: 'Somebody changed it' }

describe('a form that is filled in again', () => {
  const page = `<!doctype html><html><body>
    <form action="/a" method="post"><input type="hidden" name="child" value="1"><input name="x"></form>
    <details><summary>s</summary><form action="/a" method="post"><input type="hidden" name="child" value="2"><input name="x">
      <textarea name="y"></textarea><select name="z"><option value="1" selected>1</option><option value="2">2</option></select>
      <input type="checkbox" name="c" value="yes" checked><input type="radio" name="r" value="p" checked><input type="radio" name="r" value="q">
      <input type="file" name="f"><input type="hidden" name="csrf" value="fresh"></form></details></body></html>`
  const fields = [
    ['csrf', 'old'],
    ['child', '2'],
    ['x', '<b>"bread"'],
    ['y', 'two\nlines </textarea>'],
    ['z', '2'],
    ['r', 'q'],
  ] as const

  it('is the one it was, among those that go to one place, with every kind of box', () => {
    const filled = fillForm(page, { action: '/a', fields }, WORDS)
    expect(filled).toContain('value="&lt;b&gt;&quot;bread&quot;"')
    expect(filled.split('bread')).toHaveLength(2)
    expect(filled).toContain('two\nlines &lt;/textarea&gt;')
    expect(filled).toMatch(/<option value="2" selected="">/)
    expect(filled).not.toMatch(/value="1" selected/)
    expect(filled).toMatch(/value="q" checked=""/)
    expect(filled).not.toMatch(/name="c" value="yes" checked/)
    expect(filled).toContain('value="fresh"')
    expect(filled).toMatch(/<details open="">/)
    expect(filled).toContain('Here it is')
  })

  it('is never another one: where it is gone, what was written stands above the page', () => {
    for (const typed of [
      { action: '/b', fields },
      { action: '/a', fields: fields.map(([name, value]) => [name, name === 'child' ? '3' : value] as const) },
    ]) {
      const filled = fillForm(page, typed, WORDS)
      expect(filled).not.toMatch(/<textarea[^>]*>two/)
      expect(filled).toMatch(/It is gone[\s\S]*two\nlines &lt;\/textarea&gt;[\s\S]*<form/)
    }
  })

  it('leaves in its boxes what somebody wrote meanwhile, and says beside them what was typed', () => {
    const now = `<main><form action="/a"><input type="hidden" name="version" value="3"><label for="n">Name</label><input id="n" name="name" value="Awa">
      <input name="born" value="9-9-1989"><select name="z"><option value="1" selected>One</option><option value="2">Two</option></select></form></main>`
    const typed = {
      action: '/a',
      fields: [
        ['version', '2'],
        ['name', 'Demba'],
        ['born', '9-9-1989'],
        ['z', '2'],
      ] as const,
    }
    const filled = fillForm(now, typed, WORDS)
    expect(filled).toContain('value="Awa"')
    expect(filled).toMatch(/Typed: Demba<\/p><input id="n"/)
    expect(filled).toContain('Typed: Two')
    expect(filled.match(/Typed:/g)).toHaveLength(2)
    expect(filled).toContain('Somebody changed it')
    expect(filled).toMatch(/<option value="1" selected="">/)
  })

  it('has no secret in it that was typed', () => {
    const now = '<main><form action="/a"><input name="word"><input name="x"></form></main>'
    const filled = fillForm(
      now,
      {
        action: '/a',
        fields: [
          ['word', 'mango'],
          ['x', 'seen'],
        ],
      },
      WORDS,
    )
    expect(filled).toContain('value="seen"')
    expect(filled).not.toContain('mango')
  })
})
