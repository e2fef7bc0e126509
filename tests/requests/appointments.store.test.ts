import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { freeTimes, hearingTimes } from '../../src/requests/book-hearing.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { signedIn } from '../support/signed-in.ts'

const t = LOCALES.en
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

function post(path: string, form: Record<string, string>, source: string = randomUUID()) {
  const headers = {
    host: 'vallmar.example',
    'test-source': source,
    'content-type': 'application/x-www-form-urlencoded',
  }
  const body = new URLSearchParams(form).toString()
  return app.fetch(new Request(`https://vallmar.example${path}?lang=en`, { method: 'POST', headers, body }))
}
const next = async () => (await freeTimes(app.rooms, app.town))[0] ?? ''
const codeIn = (html: string) => /class="digits code"[^>]*>\s*([^<\s]+)/.exec(html)?.[1] ?? ''
async function book(kind = 'refused') {
  const at = await next()
  const response = await post('/complain/appointment', { kind, at, language: 'en' })
  expect(response.status).toBe(201)
  return { at, code: codeIn(await response.text()) }
}
const staff = (role: 'clerk' | 'supervisor' | 'legal') =>
  signedIn(app, { kind: 'staff', subject: `${role}-1`, role, office: DEMO_OFFICE })

describe('the times at which somebody is heard', () => {
  const hours = [{ weekday: 7, from: '01:00', to: '04:00' }]
  it('are by the town’s clock, also on the night it is turned back or forward', () => {
    const madrid = (day: string) => hearingTimes(hours, Temporal.PlainDate.from(day), 'Europe/Madrid')
    expect(madrid('2026-10-24').slice(0, 6)).toEqual([
      '2026-10-24T23:00:00Z',
      '2026-10-24T23:30:00Z',
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T02:00:00Z',
      '2026-10-25T02:30:00Z',
    ])
    expect(madrid('2026-11-02')).toHaveLength(18)
  })

  it('begin tomorrow, end in time, and never run over midnight', () => {
    const day = Temporal.PlainDate.from('2026-11-02')
    const daily = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, from: '23:00', to: '23:59' }))
    const times = hearingTimes(daily, day, 'UTC')
    expect(times).toHaveLength(21)
    expect(times[0]).toBe('2026-11-03T23:00:00Z')
    expect(hearingTimes([{ weekday: 3, from: '10:00', to: '10:20' }], day, 'UTC')).toEqual([])
  })
})

describe('a complaint said in person', () => {
  it('needs no words, no name and no paper: a time and a code', async () => {
    const page = await (
      await app.fetch(new Request('https://vallmar.example/complain?lang=en', { headers: { host: 'vallmar.example' } }))
    ).text()
    const { at, code } = await book()
    expect(page).toContain(`value="${at}"`)
    expect(code.length).toBeGreaterThan(8)
    const followed = await (await post('/complain/follow', { code })).text()
    expect(followed).toContain(t['appointment.expected'])
    const [row] = await app.peek<{ neighbour_id: string | null; appointment_at: Date }>(
      'select neighbour_id, appointment_at from complaints order by received_at desc, id desc limit 1',
    )
    expect(row?.neighbour_id).toBeNull()
    expect(new Date(row?.appointment_at ?? 0).toISOString()).toBe(new Date(at).toISOString())
  })

  it('has its time for itself: whoever comes second is offered another', async () => {
    const { at } = await book()
    expect(await freeTimes(app.rooms, app.town)).not.toContain(at)
    for (const taken of [at, '2026-01-01T00:00:00Z', 'tomorrow']) {
      const second = await post('/complain/appointment', { kind: 'refused', at: taken })
      expect(second.status).toBe(409)
      expect(await second.text()).toContain(t['appointment.taken'])
    }
    const free = await next()
    const both = await Promise.all([1, 2].map(() => post('/complain/appointment', { kind: 'refused', at: free })))
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
  })

  it('can be called off with its code; the time is free again, the complaint stays', async () => {
    const { at, code } = await book()
    const page = await (await post('/complain/follow', { code, wish: 'cancel' })).text()
    expect(page).not.toContain(t['appointment.expected'])
    expect(page).toContain(t['complaint.waiting'].split('{day}')[0] ?? '')
    expect(await freeTimes(app.rooms, app.town)).toContain(at)
  })

  it('is not for one place to take all the times', async () => {
    const source = 'one place'
    const statuses: number[] = []
    for (let i = 0; i < 8; i += 1)
      statuses.push((await post('/complain/appointment', { kind: 'other', at: await next() }, source)).status)
    expect(statuses).toEqual([201, 201, 201, 201, 201, 201, 429, 429])
  })

  it('is handed over at the desk as a slip in the language of whoever asks, and heard by somebody else', async () => {
    const clerk = await staff('clerk')
    const at = await next()
    const slip = await (
      await clerk.send('/desk/appointments', { kind: 'refused', at, language: 'fr' }, '/desk/complaints')
    ).text()
    expect(slip).toContain(LOCALES.fr['appointment.keep'])
    expect(slip).toContain('Oficina de Drets Socials')
    const code = codeIn(slip)
    // Whoever has the slip may have a keyboard with other digits.
    const typed = code.replaceAll(/\d/g, (digit) => '٠١٢٣٤٥٦٧٨٩'[Number(digit)] ?? '')
    expect(await (await post('/complain/follow', { code: typed })).text()).toContain(t['appointment.expected'])
    const late = await clerk.send('/desk/appointments', { kind: 'refused', at, language: 'fr' }, '/desk/complaints')
    expect([late.status, (await late.text()).includes(t['appointment.taken'])]).toEqual([409, true])
    // What was asked is said in the language of whoever reads it; beside it stands the language for the answer.
    const said = '· Français<p>'
    expect(await (await clerk.open('/desk/complaints')).text()).not.toContain(said)
    const heard = await (await (await staff('supervisor')).open('/desk/complaints')).text()
    expect(heard).toContain(said)
    expect(heard).toContain(t['appointment.said'])
    expect(heard).toContain(t['appointment.expects'])
  })
})

describe('an answer that does not satisfy', () => {
  it('goes to the ombudsperson: legal officers have it again, write down what was said, and then nobody has', async () => {
    const response = await post('/complain', { kind: 'refused', text: 'They sent me away, twice.', language: 'en' })
    const code = codeIn(await response.text())
    const [supervisor, legal] = await Promise.all([staff('supervisor'), staff('legal')])
    const list = async (who: typeof legal) => (await who.open('/desk/complaints')).text()
    const complaint = /sent me away, twice.*?name="complaint" value="([^"]+)"/s.exec(await list(supervisor))?.[1] ?? ''
    const answer = (who: typeof legal, text: string) =>
      who.send('/desk/complaints', { complaint, answer: text, outcome: 'not-upheld' }, '/desk/complaints')
    expect((await answer(supervisor, 'We see no fault.')).status).toBe(303)
    for (const who of [supervisor, legal]) expect(await list(who)).not.toContain('sent me away, twice')

    const passed = await (await post('/complain/follow', { code, wish: 'escalate' })).text()
    expect(passed).toContain(t['complaint.escalated'])
    const again = await list(legal)
    expect(again).toContain('sent me away, twice')
    expect(again).toContain('We see no fault.')
    expect(await list(supervisor)).not.toContain('sent me away, twice')
    expect((await answer(supervisor, 'No.')).status).toBe(404)

    expect((await answer(legal, 'The office was wrong. Come back on any day.')).status).toBe(303)
    const settled = await (await post('/complain/follow', { code })).text()
    expect(settled).toContain('The office was wrong.')
    expect(settled).not.toContain(t['complaint.escalated'])
    expect(settled).not.toContain(t['complaint.escalate'])
    expect(await list(legal)).not.toContain('sent me away, twice')
    expect((await answer(legal, 'Twice.')).status).toBe(404)
  })
})
