import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { signInWithCard } from '../../../src/identity/sign-in-with-card.ts'
import { giveCard } from '../../../src/registry/person/give-card.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'
import { shownTo } from '../../support/shown.ts'
import { signedIn } from '../../support/signed-in.ts'

// A slow line: a button is pressed twice, a form comes back twice, a session ends with the card it came of.

const t = LOCALES.en
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const resident = async () => {
  const { id } = await register(app)
  return { id, me: await signedIn(app, { kind: 'resident', subject: id }) }
}
const csrfIn = (page: string) => /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
/** The form of a page that goes to a path, as its button sends it. */
function formOn(page: string, action: string): Record<string, string> {
  const at = page.search(new RegExp(`action="${action}["?]`))
  expect(at, action).toBeGreaterThan(0)
  const form = page.slice(at, page.indexOf('</form>', at))
  return Object.fromEntries(
    [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
}
const codeIn = (page: string) => /class="digits code"[^>]*>\s*([0-9A-Z-]+)\s*</.exec(page)?.[1] ?? ''
const anybody = (path: string, fields: Record<string, string>) =>
  app.fetch(
    new Request(`https://vallmar.example${path}`, {
      method: 'POST',
      headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': randomUUID() },
      body: new URLSearchParams(fields),
    }),
  )

describe('pressed twice', () => {
  it('hiding is hiding, and a change of something else meanwhile refuses nobody', async () => {
    const { id, me } = await resident()
    const form = formOn(await (await me.open('/me/change')).text(), '/me/change/hide')
    const press = () => me.open('/me/change/hide', { method: 'POST', body: new URLSearchParams(form) })
    const [first, second] = [await press(), await press()]
    expect([first.status, second.status]).toEqual([303, 303])
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(await app.peek(`select protected from neighbours where id = '${id}'`)).toEqual([{ protected: true }])
  })

  it('an appointment is one, with one code; somebody else’s time is said to be taken', async () => {
    const page = await (
      await app.fetch(
        new Request('https://vallmar.example/complain', {
          headers: { host: 'vallmar.example', 'accept-language': 'en' },
        }),
      )
    ).text()
    const form = formOn(page, '/complain/appointment')
    const at = /<option value="(\d{4}-[^"]+)"/.exec(page)?.[1] ?? ''
    const press = () => anybody('/complain/appointment', { ...form, at, kind: 'refused' })
    const [first, second] = [await press(), await press()]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(codeIn(await second.text())).toBe(codeIn(await first.text()))
    expect(await app.peek('select from complaints where appointment_at is not null')).toHaveLength(1)
    const other = await anybody('/complain/appointment', { ...form, idempotencyKey: randomUUID(), at, kind: 'refused' })
    expect(other.status).toBe(409)
  })

  it('a helper is one, and so is their code', async () => {
    const { id, me } = await resident()
    const page = await (await me.open('/me/helpers')).text()
    const last = app.clock.now().toZonedDateTimeISO('UTC').toPlainDate().add({ days: 20 })
    const until = { 'until-day': String(last.day), 'until-month': String(last.month), 'until-year': String(last.year) }
    const form = { ...formOn(page, '/me/helpers'), name: 'Marta Soler', 'for-library': 'yes', ...until }
    const press = async () =>
      codeIn(await (await me.open('/me/helpers', { method: 'POST', body: new URLSearchParams(form) })).text())
    const [first, second] = await Promise.all([press(), press()])
    expect(first).toHaveLength(24)
    expect(second).toBe(first)
    expect(await app.peek(`select from helpers where neighbour_id = '${id}'`)).toHaveLength(1)
  })

  it('a move is a move, also when both presses are under way at once', async () => {
    const { me } = await resident()
    const form = {
      ...formOn(await (await me.open('/me/change/move')).text(), '/me/change/move'),
      where: 'dwelling',
      street: 'de la Prova',
      number: '12',
    }
    const press = () => me.open('/me/change/move', { method: 'POST', body: new URLSearchParams(form) })
    const answers = await Promise.all([press(), press()])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
  })
})

describe('a form that is not taken', () => {
  it('comes back from the second mistake on, too, as it was, with the page it came from', async () => {
    const { me } = await resident()
    const start = await (await me.open('/me/change')).text()
    const typed = { contact: 'x'.repeat(400) }
    let form: Record<string, string> = { csrf: csrfIn(start), ...formOn(start, '/me/change/reach'), ...typed }
    let referer = 'https://vallmar.example/me/change'
    for (const _ of [1, 2, 3]) {
      const answer = await me.open('/me/change/reach', {
        method: 'POST',
        body: new URLSearchParams(form),
        headers: { referer },
      })
      const page = await answer.text()
      expect(answer.status).toBe(422)
      expect(page).toContain('x'.repeat(400))
      expect(page).toMatch(/<title>Error: /)
      form = { ...formOn(page, '/me/change/reach'), ...typed }
      referer = 'https://vallmar.example/me/change/reach'
    }
  })

  it('of which nothing was said comes back and says it: an objection without a reason, leaving without being sure', async () => {
    const { me } = await resident()
    const object = await me.send('/me/change/object', { why: '  ' }, '/me/change')
    expect([object.status, (await object.text()).includes('id="why-fault"')]).toEqual([422, true])
    const leave = await me.send('/me/change/leave', {}, '/me/change')
    expect([leave.status, (await leave.text()).includes('-fault"')]).toEqual([422, true])
  })

  it('brings back who was found to act for a child, with what a court limited, and looks for nobody once more', async () => {
    const year = app.clock.now().toZonedDateTimeISO('UTC').year
    const child = await register(app, { dateOfBirth: String(year - 6) })
    const parent = await register(app, { name: { given: 'Nura', family: ['Provadora'] }, dateOfBirth: '1985-02-03' })
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-7', role: 'clerk', office: DEMO_OFFICE })
    const path = `/desk/neighbours/${child.id}/representatives`
    const found = await (await clerk.send(`${path}/find`, { said: 'Nura Provadora 1985' }, path)).text()
    const form = { ...formOn(found, path), who: parent.id, kind: 'parent', 'not-told-where': 'yes' }
    const refused = await clerk.open(path, { method: 'POST', body: new URLSearchParams(form) })
    const page = await refused.text()
    expect(refused.status).toBe(422)
    expect(page).toMatch(/Nura Provadora[\s\S]*id="court-fault"/)
    expect(page).toMatch(/id="not-told-where"[^>]*checked/)
    const again = {
      ...formOn(page, path),
      who: parent.id,
      kind: 'parent',
      'not-told-where': 'yes',
      court: 'Family court 3',
    }
    expect((await clerk.open(path, { method: 'POST', body: new URLSearchParams(again) })).status).toBe(303)
  })

  it('is no answer: nothing, or blanks, closes no question of anybody’s', async () => {
    await anybody('/complain', { kind: 'refused', text: 'They sent me away', language: 'en' })
    const legal = await signedIn(app, { kind: 'staff', subject: 'legal', role: 'legal', office: DEMO_OFFICE })
    const page = await (await legal.open('/desk/complaints')).text()
    const complaint = /name="complaint" value="([^"]+)"/.exec(page)?.[1] ?? ''
    for (const answer of ['', '   ', 'x'.repeat(10_001)]) {
      const refused = await legal.send(
        '/desk/complaints',
        { complaint, answer, outcome: 'answered' },
        '/desk/complaints',
      )
      expect([refused.status, (await refused.text()).includes(`answer-${complaint}-fault`)]).toEqual([422, true])
    }
    expect(await app.peek(`select from complaints where id = '${complaint}' and answered_at is null`)).toHaveLength(1)
    // Answered by a colleague meanwhile: what was written comes back to whoever wrote it, and goes to nobody.
    await legal.send('/desk/complaints', { complaint, answer: 'We are sorry.', outcome: 'upheld' }, '/desk/complaints')
    await anybody('/complain', { kind: 'refused', text: 'Another one', language: 'en' })
    const late = await legal.send(
      '/desk/complaints',
      { complaint, answer: 'Dear neighbour, your question', outcome: 'upheld' },
      '/desk/complaints',
    )
    const back = await late.text()
    expect(late.status).toBe(404)
    expect(back).toMatch(/Nothing was sent[\s\S]*Dear neighbour, your question[\s\S]*<h1/)
    expect(back).not.toMatch(/<textarea[^>]*>Dear neighbour/)
  })
})

describe('a card that is ended', () => {
  it('takes with it the session that came of it, and says so where its holder lands', async () => {
    const { id } = await register(app)
    const clerk = { kind: 'staff', id: 'clerk-1', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' } as const
    const { code } = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    )
    const { cardId } = await signInWithCard(app.rooms, app.town, {
      typed: { code, word: 'molinet' },
      source: randomUUID(),
    })
    const me = await signedIn(app, { kind: 'resident', subject: id, way: { kind: 'card', id: cardId } } as never)
    const ended = await me.send('/me/devices', { what: 'lost' }, '/me/devices')
    expect(ended.headers.get('location')).toBe('/me/in?ended=1')
    const landed = await app.fetch(
      new Request('https://vallmar.example/me/in?ended=1', {
        headers: { host: 'vallmar.example', 'accept-language': 'en' },
      }),
    )
    expect(await landed.text()).toContain(t['waysIn.endedAll'])
  })

  it('since a day ends nothing since that day unless that is asked for', async () => {
    const { me } = await resident()
    const day = { 'since-day': '1', 'since-month': '2', 'since-year': '2026' }
    const answer = await me.send('/me/devices', { what: 'lost', ...day }, '/me/devices')
    expect([answer.status, (await answer.text()).includes(t['waysIn.sinceAlone'])]).toEqual([422, true])
  })
})
