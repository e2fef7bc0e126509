import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { signInWithCard } from '../../src/identity/sign-in-with-card.ts'
import {
  keepPasskey,
  passkeyOptions,
  signInOptions,
  signInWithPasskey,
} from '../../src/identity/sign-in-with-passkey.ts'
import { type Ending, endWaysIn, waysIn } from '../../src/registry/person/end-ways-in.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { letWorkNow } from '../../src/registry/person/let-way-work.ts'
import { offerEnrolment } from '../../src/registry/person/offer-enrolment.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'
import { enrolTelephone, Telephone } from '../support/telephone.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
const clerk: Staff = { kind: 'staff', id: 'clerk-1', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }
const WORD = 'molinet'

const enrolled = (id: string, named?: { device: string; owner: string }) => enrolTelephone(app, clerk, id, named)
async function comeIn(telephone: Telephone, verified = true) {
  const { challenge } = await signInOptions(app.rooms, app.town)
  return signInWithPasskey(app.rooms, app.town, telephone.sign(challenge, verified))
}
const card = async (id: string, word: string = WORD, earlier?: { code: string; word: string }) =>
  (
    await shownTo(
      giveCard(
        app.rooms,
        { town: app.town, by: clerk },
        { source: 'desk', neighbourId: id, word, ...(earlier ? { earlier } : {}) },
      ),
    )
  ).code
const enter = (code: string, word: string = WORD) =>
  signInWithCard(app.rooms, app.town, { typed: { code, word }, source: randomUUID() })
const end = (id: string, ending: Ending) =>
  endWaysIn(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, ending })
const alive = async (me: Awaited<ReturnType<typeof signedIn>>) => (await me.open('/me/helpers')).status === 200

/** Somebody with a card and two telephones, signed in by each. */
async function withThree() {
  const { id } = await register(app)
  const code = await card(id)
  const { cardId } = await enter(code)
  const telephones = [await enrolled(id), await enrolled(id)]
  // Made at a counter beside a card, they wait until their owner lets them work.
  for (const { handle } of telephones)
    await letWorkNow(
      app.rooms,
      { town: app.town, by: { kind: 'resident', id: `card ${cardId}`, neighbourId: id } },
      handle,
    )
  const by = (way: { kind: 'card' | 'telephone'; id: string }) => signedIn(app, { kind: 'resident', subject: id, way })
  const sessions = [
    await by({ kind: 'card', id: cardId }),
    ...(await Promise.all(telephones.map(({ handle }) => by({ kind: 'telephone', id: handle })))),
  ]
  const open = () => Promise.all(sessions.map(alive))
  return { id, code, cardId, telephones, open, sessions }
}

describe('a way in that is cut off', () => {
  it('takes the sessions that came of it: a removed telephone, a cancelled card, a card that another replaced', async () => {
    const { id, code, telephones, open } = await withThree()
    expect(await open()).toEqual([true, true, true])
    await end(id, { what: 'telephone', id: telephones[0]?.handle ?? '' })
    expect(await open()).toEqual([true, false, true])
    // One that waits leaves the old one as it is; one that works at once, or is used, takes its place.
    await card(id)
    expect(await open()).toEqual([true, false, true])
    await card(id, WORD, { code, word: WORD })
    expect(await open()).toEqual([false, false, true])
    await expect(enter(code)).rejects.toMatchObject({ code: 'card-refused' })
    await expect(comeIn(telephones[0]?.telephone as Telephone)).rejects.toMatchObject({ code: 'passkey-refused' })
    expect(await comeIn(telephones[1]?.telephone as Telephone)).toMatchObject({ neighbourId: id })
  })

  it('ends all at once where it was lost: card and sessions; telephones and helpers where that is said, or those since a day', async () => {
    const first = await withThree()
    await end(first.id, { what: 'lost', telephonesToo: false })
    expect(await first.open()).toEqual([false, false, false])
    expect(await comeIn(first.telephones[0]?.telephone as Telephone)).toMatchObject({ neighbourId: first.id })
    const second = await withThree()
    await end(second.id, { what: 'lost', telephonesToo: true })
    for (const { telephone } of second.telephones)
      await expect(comeIn(telephone)).rejects.toMatchObject({ code: 'passkey-refused' })
    const third = await withThree()
    await app.peek(
      `update passkeys set created_at = created_at - interval '9 days' where handle = '${third.telephones[0]?.handle}'`,
    )
    const since = Temporal.Now.plainDateISO('Europe/Madrid').subtract({ days: 2 })
    await end(third.id, { what: 'lost', telephonesToo: true, since })
    expect(await comeIn(third.telephones[0]?.telephone as Telephone)).toMatchObject({ neighbourId: third.id })
    await expect(comeIn(third.telephones[1]?.telephone as Telephone)).rejects.toMatchObject({ code: 'passkey-refused' })
  })

  it('is seen and ended at a desk and by its owner, one or all, and both pages say what there is', async () => {
    const { id, sessions, telephones, open } = await withThree()
    const desk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const at = `/desk/neighbours/${id}/ways-in`
    for (const page of [await (await desk.open(at)).text(), await (await sessions[2]?.open('/me/devices'))?.text()])
      for (const words of [
        'Blue telephone',
        t['waysIn.cards'],
        t['desk.sessions'],
        t['waysIn.lost'],
        t['waysIn.endAll'],
      ])
        expect(page).toContain(words)
    const sent = await desk.send(at, { what: 'telephone', which: telephones[0]?.handle ?? '' }, at)
    expect(sent.headers.get('location')).toBe(`${at}?ended=1`)
    expect(await open()).toEqual([true, false, true])
    await sessions[2]?.send('/me/devices', { what: 'lost' }, '/me/devices')
    // Their own session stays where it did not come of what was lost.
    expect(await open()).toEqual([false, false, true])
    await sessions[2]?.send('/me/devices', { what: 'everything' }, '/me/devices')
    expect(await open()).toEqual([false, false, false])
    const {
      cards,
      telephones: left,
      sessions: none,
    } = await shownTo(waysIn(app.rooms, { town: app.town, by: clerk }, { neighbourId: id }))
    expect([cards, left, none]).toEqual([[], [], []])
  })

  it('says what is wrong with a date beside it, and keeps what was typed', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const answer = await me.send(
      '/me/devices',
      { what: 'lost', too: 'yes', 'since-day': '31', 'since-month': '2', 'since-year': '2026' },
      '/me/devices',
    )
    expect(answer.status).toBe(422)
    const page = await answer.text()
    expect(page).toMatch(/id="since-fault"/)
    expect(page).toMatch(/name="too"[^>]*checked/)
  })
})

describe('what opens a record', () => {
  it('that is new or ended is told its neighbour, whoever did it; the first card of a newcomer is not', async () => {
    const { id } = await register(app)
    const told = async () =>
      (await app.peek(`select id from notices where neighbour_id = '${id}' and kind in ('ways-changed', 'way-waits')`))
        .length
    await card(id)
    expect(await told()).toBe(0)
    const { handle } = await enrolled(id)
    expect(await told()).toBe(1)
    await card(id)
    expect(await told()).toBe(2)
    await end(id, { what: 'telephone', id: handle })
    expect(await told()).toBe(3)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    expect(await (await me.open('/me')).text()).toContain(t['waysIn.changed'])
    // It is on their page, and is worth no letter.
    expect(
      await app.peek(`select way.* from notice_deliveries way join notices one on one.id = way.notice_id
        where one.neighbour_id = '${id}' and way.channel = 'post'`),
    ).toEqual([])
  })

  it('stands with the day it was added, and everywhere else can be signed out', async () => {
    const { id } = await register(app)
    await enrolled(id, { device: 'Vell', owner: '' })
    const [me, other] = [
      await signedIn(app, { kind: 'resident', subject: id }),
      await signedIn(app, { kind: 'resident', subject: id }),
    ]
    const page = await (await me.open('/me/devices')).text()
    expect(page).toContain(t['waysIn.added'].split('{')[0]?.trim())
    expect(page).toContain(t['entrance.everywhere'])
    await me.send('/me/everywhere', {}, '/me/devices')
    expect(await alive(other)).toBe(false)
  })
})

describe('a telephone', () => {
  it('is asked who its owner is, every time', async () => {
    const { id } = await register(app)
    const { code } = await shownTo(
      offerEnrolment(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, source: 'desk' }),
    )
    const named = { device: 'x', owner: '' }
    const options = await passkeyOptions(app.rooms, { town: app.town, by: { code } }, named)
    expect(options.authenticatorSelection?.userVerification).toBe('required')
    const careless = new Telephone()
    await expect(
      keepPasskey(
        app.rooms,
        { town: app.town, by: { code } },
        { response: careless.make(options.challenge, false), named },
      ),
    ).rejects.toMatchObject({ code: 'passkey-refused' })
    const { telephone } = await enrolled(id)
    await expect(comeIn(telephone, false)).rejects.toMatchObject({ code: 'passkey-refused' })
  })

  it('is enrolled once for one person, and for two of a family by what they wish to be called', async () => {
    const mother = await register(app)
    const son = await register(app)
    const first = await enrolled(mother.id, { device: 'Family telephone', owner: 'Mama' })
    const again = await enrolled(mother.id, { device: 'Family telephone', owner: 'Mama' })
    expect(again.excludeCredentials?.map(({ id }) => id)).toEqual([first.telephone.id.toString('base64url')])
    const another = await enrolled(son.id, { device: 'Family telephone', owner: 'Petit' })
    expect(another.excludeCredentials).toEqual([])
    expect(first.user.id).toBe(again.user.id)
    expect(another.user.id).not.toBe(first.user.id)
    expect([first.user.name, another.user.name]).toEqual(['Mama', 'Petit'])
    const me = await signedIn(app, {
      kind: 'resident',
      subject: son.id,
      way: { kind: 'telephone', id: another.handle },
    })
    for (const path of ['/me', '/me/record', '/me/devices'])
      expect(await (await me.open(path)).text()).toContain(t['waysIn.in'].replace('{way}', 'Petit'))
  })

  it('that counts back is refused, and its owner is told, as of one that is far ahead', async () => {
    const { id } = await register(app)
    const { telephone } = await enrolled(id)
    const told = async () =>
      (await app.peek(`select id from notices where neighbour_id = '${id}' and kind = 'way-in'`)).length
    telephone.count = 5
    await comeIn(telephone)
    telephone.count = 6
    await comeIn(telephone)
    expect(await told()).toBe(0)
    telephone.count = 3
    await expect(comeIn(telephone)).rejects.toMatchObject({ code: 'passkey-refused' })
    expect(await told()).toBe(1)
    telephone.count = 100_000
    await comeIn(telephone)
    expect(await told()).toBe(2)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    expect(await (await me.open('/me')).text()).toContain(t['waysIn.copied'])
  })

  it('that counts nothing, as many do not, is no cause for alarm', async () => {
    const { id } = await register(app)
    const { telephone } = await enrolled(id)
    for (let n = 0; n < 3; n += 1) await comeIn(telephone)
    expect(await app.peek(`select id from notices where neighbour_id = '${id}' and kind = 'way-in'`)).toEqual([])
  })
})

describe('what a browser sends that is no JSON, or half a form', () => {
  it('is answered as wrong, and breaks nothing', async () => {
    const send = (path: string, type: string, body: string) =>
      app.fetch(
        new Request(`https://vallmar.example${path}`, {
          method: 'POST',
          headers: {
            host: 'vallmar.example',
            'content-type': type,
            'content-length': String(body.length),
            'test-source': randomUUID(),
          },
          body,
        }),
      )
    for (const path of ['/me/passkey', '/me/enrol/options', '/me/enrol'])
      expect([path, (await send(path, 'application/json', '{"half":')).status]).toEqual([path, 400])
    const half = '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhalf a'
    expect((await send('/complain', 'multipart/form-data; boundary=x', half)).status).toBe(422)
  })
})

describe('what gives somebody a way in, or cannot be undone', () => {
  it('asks for it at a desk of whoever shows again somebody who hid, and not of whoever hides them', async () => {
    const { id } = await register(app)
    const desk = await signedIn(app, { kind: 'staff', subject: 'head', role: 'supervisor', office: DEMO_OFFICE })
    const page = `/desk/neighbours/${id}/protection`
    const send = async (hide: 'yes' | 'no') => {
      const version = /name="version" value="(\d+)"/.exec(await (await desk.open(page)).text())?.[1] ?? ''
      return (await desk.send(page, { protected: hide, reason: 'asked', version }, page)).headers.get('location')
    }
    app.clock.advance({ minutes: 16 })
    expect(await send('yes')).toBe(`/desk/neighbours/${id}`)
    expect(await send('no')).toContain('/sign-in/start')
  })

  it('asks for it of everything that is taken home, of how one is reached, and of a move', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    app.clock.advance({ minutes: 6 })
    for (const path of ['/me/everything', '/me/change/reach', '/me/change/move']) {
      const answer = await me.send(path, { as: 'json', version: '1' }, '/me/change')
      expect([path, answer.status]).toEqual([path, 303])
      expect(answer.headers.get('location')).toContain('/me/in?again=1')
    }
  })

  it('asks for a sign-in of this moment; what was typed comes back, save of hiding', async () => {
    const { id } = await register(app)
    const code = await card(id)
    const { cardId } = await enter(code)
    const me = await signedIn(app, { kind: 'resident', subject: id, way: { kind: 'card', id: cardId } })
    const csrf = /name="csrf" value="([^"]+)"/.exec(await (await me.open('/me/helpers')).text())?.[1] ?? ''
    app.clock.advance({ minutes: 6 })
    const post = (path: string, fields: Record<string, string>) =>
      me.open(path, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }) })
    const naming = await post('/me/helpers', { name: 'Marta Soler' })
    expect(naming.headers.get('location')).toMatch(/^\/me\/in\?again=1&to=%2Fme%2Fhelpers%3Fkept%3D/)
    const hiding = await post('/me/change/hide', { version: '1' })
    expect(hiding.headers.get('location')).toMatch(/^\/me\/in\?again=1&to=[^?]*$/)
    expect(hiding.headers.get('location')).not.toContain('kept')
    const bank = await post('/me/paper', { profile: 'bank-account' })
    expect(bank.headers.get('location')).toMatch(/^\/me\/in\?again=1/)
    const library = await post('/me/paper', { profile: 'library' })
    expect(library.status).toBe(200)
  })
})

describe('a card', () => {
  it.each([
    'sol',
    '\u7956\u6bcd',
    '\u0623\u0645\u064a',
    '\u0bae\u0bbe',
    '\u0baa\u0bbe\u0b9f\u0bcd\u0b9f\u0bbf',
    '\u0e41\u0e21\u0e48',
    'caf\u00e9 amb llet',
  ])('takes %s as a word of one\u2019s own, and nothing else in its place', async (word) => {
    const { id } = await register(app)
    const code = await card(id, word)
    expect(await enter(code, word)).toMatchObject({ neighbourId: id })
    expect(await enter(code, word.normalize('NFD'))).toMatchObject({ neighbourId: id })
    const half = [...word].slice(0, -1).join('')
    await expect(enter(code, half)).rejects.toMatchObject({ code: 'card-refused' })
  })

  it('refuses a word of which nothing would be left, with the reason beside it and what was typed', async () => {
    const { id } = await register(app)
    const desk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const at = `/desk/neighbours/${id}`
    const answer = await desk.send(`${at}/portal`, { what: 'card', word: '!?' }, at)
    expect(answer.status).toBe(422)
    const page = await answer.text()
    for (const words of [t['waysIn.wordShort'], 'value="!?"']) expect(page).toContain(words)
    expect(await (await desk.open(at)).text()).toContain(t['waysIn.word'])
  })

  it('is read in full-width letters and any digits', async () => {
    const { id } = await register(app)
    const code = await card(id)
    const wide = [...code]
      .map((one) => (one === '-' ? '\uff0d' : String.fromCodePoint((one.codePointAt(0) ?? 0) + 0xfee0)))
      .join('')
    expect(await enter(wide, 'MOLINET')).toMatchObject({ neighbourId: id })
  })

  it('that nobody used for years says so and is asked for at a counter, which gives another', async () => {
    const { id } = await register(app)
    const code = await card(id)
    await app.peek(
      `update resident_cards set created_at = now() - interval '3 years 2 days' where neighbour_id = '${id}'`,
    )
    await expect(enter(code)).rejects.toMatchObject({ code: 'card-asleep' })
    await expect(enter(code, 'another')).rejects.toMatchObject({ code: 'card-refused' })
    const page = await app.fetch(
      new Request('https://vallmar.example/me/in', {
        method: 'POST',
        headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': randomUUID() },
        body: new URLSearchParams({ code, word: WORD }),
      }),
    )
    expect([page.status, (await page.text()).includes(t['waysIn.sleeps'])]).toEqual([403, true])
    const { cards } = await shownTo(waysIn(app.rooms, { town: app.town, by: clerk }, { neighbourId: id }))
    expect(cards).toMatchObject([{ asleep: true }])
    expect(await enter(await card(id, WORD, { code, word: WORD }))).toMatchObject({ neighbourId: id })
  })
})
