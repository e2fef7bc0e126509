import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { Refusal, type Resident, type Staff } from '../../src/firewall/requester.ts'
import { withoutSecrets } from '../../src/http/html-forms.ts'
import { wayTimes } from '../../src/identity/new-ways.ts'
import { MOST_FAILURES } from '../../src/identity/sign-in-with-card.ts'
import { postalNoticesWaiting } from '../../src/messages/print-notices.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { endWaysIn, waysIn } from '../../src/registry/person/end-ways-in.ts'
import { type Card, EarlierCardWrong, giveCard } from '../../src/registry/person/give-card.ts'
import { letWorkNow } from '../../src/registry/person/let-way-work.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'
import { tellAll } from '../support/telling.ts'

// Somebody stands at a desk in a neighbour's name, or sits behind it, and has a new card made: what the neighbour had before goes
// on, they are told, and the new one works only when they have had time to say no.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }
let places = 0
const comeIn = async (code: string, word = '1984') => {
  places += 1
  const response = await app.fetch(
    new Request('https://vallmar.example/me/in', {
      method: 'POST',
      headers: { host: 'vallmar.example', 'test-source': `place ${places}`, 'accept-language': 'en' },
      body: new URLSearchParams({ code, word, to: '/me' }),
      redirect: 'manual',
    }),
  )
  return { status: response.status, text: await response.text() }
}
const give = (neighbourId: string, earlier?: { code: string; word: string }): Promise<Card> =>
  shownTo(
    giveCard(
      app.rooms,
      { town: app.town, by: clerk },
      { source: 'desk', neighbourId, word: undefined, ...(earlier ? { earlier } : {}) },
    ),
  )
const adult = async () => (await register(app, { dateOfBirth: '1984-05-01' })).id
/** Somebody who has a card and uses it. */
const withCard = async () => {
  const id = await adult()
  const { code } = await give(id)
  expect((await comeIn(code)).status).toBe(303)
  return { id, code }
}
const told = async (id: string) =>
  (await app.peek(`select id from notices where neighbour_id = '${id}' and kind = 'way-waits'`)).length
const own = (neighbourId: string): Resident => ({ kind: 'resident', id: `card ${neighbourId}`, neighbourId })

describe('a card made at a counter', () => {
  it('works at once for somebody who never had a way in, however long ago they registered', async () => {
    const id = await adult()
    const card = await give(id)
    expect(card.waits).toBe(false)
    // Printed badly: another, in the same visit.
    const again = await give(id)
    expect(again.waits).toBe(false)
    expect((await comeIn(card.code)).status).toBe(401)
    expect((await comeIn(again.code)).status).toBe(303)
  })

  it('works after three days for whoever had one: the old one goes on, and they are told', async () => {
    const { id, code } = await withCard()
    const before = await told(id)
    const stolen = await give(id)
    expect(stolen.waits).toBe(true)
    expect(app.clock.now().until(Temporal.Instant.from(stolen.worksFrom)).total('hours')).toBeCloseTo(72, 0)
    expect(await told(id)).toBe(before + 1)
    const refused = await comeIn(stolen.code)
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('This card is new and works from')
    expect((await comeIn(code)).status).toBe(303)
    // A wrong word is told nothing of it.
    expect((await comeIn(stolen.code, '1985')).status).toBe(401)
  })

  it('can be ended, or let work, with what they had; ending it leaves the one they came in by', async () => {
    const { id, code } = await withCard()
    const first = await give(id)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const page = await (await me.open('/me/devices')).text()
    expect(page).toContain('works from')
    const waiting = /name="what" value="let"[\s\S]*?name="which" value="([^"]+)"/.exec(page)?.[1] ?? ''
    expect(
      (await me.send('/me/devices', { what: 'card', which: waiting }, '/me/devices')).headers.get('location'),
    ).toBe('/me/devices?ended=1')
    app.clock.advance({ hours: 73 })
    expect((await comeIn(first.code)).status).toBe(401)
    expect((await comeIn(code)).status).toBe(303)

    const second = await give(id)
    const again = await signedIn(app, { kind: 'resident', subject: id })
    const which =
      /name="what" value="let"[\s\S]*?name="which" value="([^"]+)"/.exec(
        await (await again.open('/me/devices')).text(),
      )?.[1] ?? ''
    const let_ = await again.send('/me/devices', { what: 'let', which }, '/me/devices')
    expect(let_.headers.get('location')).toBe('/me/devices?works=1')
    expect((await comeIn(second.code)).status).toBe(303)
    // Once it is used, the one before it is over.
    expect((await comeIn(code)).status).toBe(401)
    expect((await again.send('/me/devices', { what: 'let', which }, '/me/devices')).status).toBe(404)
  })

  it('is let work by nobody else: not who helps or acts for them, and not with a sign-in of an hour ago', async () => {
    const { id } = await withCard()
    await give(id)
    const [card] = await app.peek<{ id: string }>(
      `select id from resident_cards where neighbour_id = '${id}' and works_from > created_at`,
    )
    const lets = (by: Resident) => letWorkNow(app.rooms, { town: app.town, by }, card?.id ?? '')
    await expect(lets({ ...own(id), helper: true })).rejects.toBeInstanceOf(Refusal)
    await expect(lets({ ...own(id), representative: { toldWhere: true } })).rejects.toBeInstanceOf(Refusal)
    await expect(lets(own(await adult()))).rejects.toMatchObject({ code: 'not-found' })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const page = await (await me.open('/me/devices')).text()
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
    app.clock.advance({ minutes: 6 })
    const late = await me.open('/me/devices', {
      method: 'POST',
      body: new URLSearchParams({ csrf, what: 'let', which: card?.id ?? '' }),
    })
    expect(late.headers.get('location')).toMatch(/^\/me\/in/)
    // The desk has no such button.
    const desk = await signedIn(app, { kind: 'staff', subject: 'clerk', role: 'clerk', office: DEMO_OFFICE })
    const list = await (await desk.open(`/desk/neighbours/${id}/ways-in`)).text()
    expect(list).toContain('works from')
    expect(list).not.toContain('value="let"')
  })

  it('takes the place of another that waits, so that nobody tries their luck with many', async () => {
    const { id } = await withCard()
    const [one, other] = [await give(id), await give(id)]
    app.clock.advance({ hours: 73 })
    expect((await comeIn(one.code)).status).toBe(401)
    expect((await comeIn(other.code)).status).toBe(303)
  })

  it('works at once for whoever brings the card they had, with its word', async () => {
    const { id, code } = await withCard()
    const other = await withCard()
    for (const earlier of [
      { code, word: '1985' },
      { code: other.code, word: '1984' },
      { code: '0000-0000-0000-0000-0000', word: '1984' },
      { code: '', word: '1984' },
    ])
      await expect(give(id, earlier)).rejects.toBeInstanceOf(EarlierCardWrong)
    expect((await comeIn(code)).status).toBe(303)
    const card = await give(id, { code: code.toLowerCase(), word: '1984' })
    expect(card.waits).toBe(false)
    expect((await comeIn(card.code)).status).toBe(303)
    expect((await comeIn(code)).status).toBe(401)
    // One that waits itself is no card they had.
    const waiting = await give(id)
    await expect(give(id, { code: waiting.code, word: '1984' })).rejects.toBeInstanceOf(EarlierCardWrong)
  })

  it('is no way to try words at a desk without end', async () => {
    const { id, code } = await withCard()
    for (let word = 0; word < MOST_FAILURES; word += 1)
      await expect(give(id, { code, word: `no ${word}` })).rejects.toBeInstanceOf(EarlierCardWrong)
    await expect(give(id, { code, word: '1984' })).rejects.toBeInstanceOf(EarlierCardWrong)
  })

  it('comes back on the desk’s page with what was typed, where the old card is not theirs', async () => {
    const { id } = await withCard()
    const desk = await signedIn(app, { kind: 'staff', subject: 'clerk', role: 'clerk', office: DEMO_OFFICE })
    const from = `/desk/neighbours/${id}`
    expect(await (await desk.open(from)).text()).toContain('after 72 hours')
    const fields = { what: 'card', word: 'paraula nova', earlierCode: 'ABCD', earlierWord: '1984' }
    const back = await desk.send(`${from}/portal`, fields, from)
    const text = await back.text()
    expect(back.status).toBe(422)
    for (const typed of ['paraula nova', 'ABCD', '1984']) expect(text).toContain(`value="${typed}"`)
    // It is kept nowhere, where a session has run out.
    expect(withoutSecrets(Object.entries(fields)).map(([name]) => name)).toEqual(['what'])
    const given = await desk.send(`${from}/portal`, { what: 'card', word: 'paraula nova' }, from)
    expect(await given.text()).toContain('This card works from')
  })
})

describe('what comes after all ways in were cut off', () => {
  it('waits too: whoever cuts off what a neighbour had does not come in by what they make next', async () => {
    const { id, code } = await withCard()
    await endWaysIn(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, ending: { what: 'everything' } })
    const card = await give(id)
    expect(card.waits).toBe(true)
    expect((await comeIn(card.code)).status).toBe(403)
    expect((await comeIn(code)).status).toBe(401)
  })
})

describe('the message that a new card waits', () => {
  it('is worth a letter, where nothing else reaches them, as that a card was changed is not', async () => {
    const waiting = async () => {
      await tellAll(app, {})
      return postalNoticesWaiting(app.rooms, app.town, clerk)
    }
    const { id } = await withCard()
    const before = await waiting()
    await give(id)
    expect(await waiting()).toBe(before + 1)
    await endWaysIn(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, ending: { what: 'everything' } })
    expect(await waiting()).toBe(before + 1)
  })
})

describe('other doors to a new card', () => {
  it('a join of two records is none: what either had counts, and its holder is told that it is over', async () => {
    const { id: victim, code } = await withCard()
    const { id: empty } = await register(app, { dateOfBirth: '1984-05-01' })
    const proposed = await app.ask<{ id: string }>('POST', `/v1/neighbours/${empty}/joins`, {
      as: 'clerk',
      body: { other: victim, reason: 'Two records of one person' },
    })
    expect(proposed.status, proposed.text).toBe(201)
    const done = await app.ask('POST', `/v1/neighbours/${empty}/joins/${proposed.body.id}/decision`, {
      as: 'second-clerk',
      body: { decision: 'approved' },
    })
    expect(done.status, done.text).toBeLessThan(300)
    expect((await comeIn(code)).status).toBe(401)
    expect((await give(empty)).waits).toBe(true)
    expect(
      await app.peek(`select id from notices where neighbour_id = '${empty}' and kind = 'ways-changed'`),
    ).not.toEqual([])
  })

  it('whoever helps cancels a lost card, and not the one that a counter made since', async () => {
    const { id, code } = await withCard()
    const card = await give(id)
    const helper: Resident = { ...own(id), id: 'helper x', helper: true }
    const lost = () =>
      endWaysIn(app.rooms, { town: app.town, by: helper }, { neighbourId: id, ending: { what: 'card' } })
    await lost()
    expect((await comeIn(code)).status).toBe(401)
    await lost()
    expect((await comeIn(card.code)).status).toBe(403)
    await app.peek(`update resident_cards set works_from = now() where neighbour_id = '${id}'`)
    expect((await comeIn(card.code)).status).toBe(303)
  })

  it('one that waits is ended with a sign-in of this moment alone', async () => {
    const { id } = await withCard()
    await give(id)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const page = await (await me.open('/me/devices')).text()
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const which = /name="what" value="let"[\s\S]*?name="which" value="([^"]+)"/.exec(page)?.[1] ?? ''
    app.clock.advance({ minutes: 6 })
    const late = await me.open('/me/devices', {
      method: 'POST',
      body: new URLSearchParams({ csrf, what: 'card', which }),
    })
    expect(late.headers.get('location')).toMatch(/^\/me\/in/)
  })

  it('an old card that was never used cancels none that was made since', async () => {
    const id = await adult()
    const { code } = await give(id)
    app.clock.advance({ hours: 2 })
    const since = await give(id)
    expect(since.waits).toBe(true)
    expect((await comeIn(code)).status).toBe(303)
    app.clock.advance({ hours: 73 })
    expect((await comeIn(since.code)).status).toBe(303)
  })

  it('tries from elsewhere do not make a right card wrong at a counter, nor one device another’s', async () => {
    const { id, code } = await withCard()
    const known = async (word: string, cookie?: string) => {
      places += 1
      const response = await app.fetch(
        new Request('https://vallmar.example/me/in', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'test-source': `place ${places}`, ...(cookie ? { cookie } : {}) },
          body: new URLSearchParams({ code, word, to: '/me' }),
          redirect: 'manual',
        }),
      )
      const set = response.headers.getSetCookie().find((one) => one.startsWith('__Secure-padron-known='))
      return { status: response.status, cookie: set?.split(';')[0] ?? '' }
    }
    const [family, mine] = [(await known('1984')).cookie, (await known('1984')).cookie]
    for (let word = 0; word <= MOST_FAILURES; word += 1) {
      await known(`no ${word}`)
      await known(`no ${word}`, family)
    }
    expect((await known('1984')).status).toBe(401)
    expect((await known('1984', family)).status).toBe(401)
    expect((await known('1984', mine)).status).toBe(303)
    expect((await give(id, { code, word: '1984' })).waits).toBe(false)
  })

  it('a card that ended when its holder left is one they had, once they are back', async () => {
    const { id, code } = await withCard()
    const departed = await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person' },
      ifMatch: 1,
    })
    expect(departed.status, departed.text).toBe(201)
    const back = await app.ask('POST', `/v1/neighbours/${id}/returns`, {
      as: 'clerk',
      body: { address: { kind: 'no-fixed-address' } },
      ifMatch: 2,
    })
    expect(back.status, back.text).toBe(201)
    expect((await give(id)).waits).toBe(true)
    expect((await give(id, { code, word: '1984' })).waits).toBe(false)
  })
})

describe('a lockdown', () => {
  it('lets nothing begin to work that waits, save what its owner lets', async () => {
    const { id, code } = await withCard()
    const card = await give(id)
    app.clock.advance({ hours: 73 })
    await app.peek(
      `insert into lockdowns (municipality_id, closed) values ('${app.town.id}', true)
         on conflict (municipality_id) do update set closed = true`,
    )
    try {
      const kept = await comeIn(card.code)
      expect(kept.status).toBe(403)
      expect(kept.text).toContain('The register is closed')
      expect((await comeIn(code)).status).toBe(303)
      const [waiting] = await app.peek<{ id: string }>(
        `select id from resident_cards where neighbour_id = '${id}' and works_from > created_at`,
      )
      await letWorkNow(app.rooms, { town: app.town, by: own(id) }, waiting?.id ?? '')
      expect((await comeIn(card.code)).status).toBe(303)
    } finally {
      await app.peek('update lockdowns set closed = false')
    }
  })
})

describe('the waiting time', () => {
  it('is the town’s, and may be none', async () => {
    const { id } = await withCard()
    const now = app.clock.now()
    const from = (newWayHours: number) =>
      inMunicipality(app.database, app.town.id, (transaction) =>
        wayTimes(transaction, { town: { newWayHours }, neighbourId: id, now }),
      )
    expect((await from(24)).works.toString()).toBe(now.add({ hours: 24 }).toString())
    expect((await from(0)).works.toString()).toBe(now.toString())
  })

  it('is in the list that staff and neighbours read', async () => {
    const { id } = await withCard()
    const card = await give(id)
    const ways = await shownTo(waysIn(app.rooms, { town: app.town, by: own(id) }, { neighbourId: id }))
    expect(ways.cards.map(({ worksFrom: from }) => from > ways.now)).toEqual([false, true])
    expect(Temporal.Instant.from(ways.cards[1]?.worksFrom ?? '').epochMilliseconds).toBe(
      Temporal.Instant.from(card.worksFrom).epochMilliseconds,
    )
  })
})

describe('whoever makes a way in at a counter', () => {
  const flagged = async (staff: string) =>
    (
      await app.peek<{ neighbour_id: string }>(
        `select neighbour_id from flags where staff_id = '${staff}' and kind = 'given-and-used'`,
      )
    ).map((row) => row.neighbour_id)
  const makes = async (staff: string, id: string) => {
    const by: Staff = { ...clerk, id: staff }
    return (
      await shownTo(
        giveCard(app.rooms, { town: app.town, by }, { neighbourId: id, word: undefined, source: '198.51.100.7' }),
      )
    ).code
  }
  const cameInFrom = async (code: string, source: string, cookie = '') =>
    (
      await app.fetch(
        new Request('https://vallmar.example/me/in', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'test-source': source, ...(cookie ? { cookie } : {}) },
          body: new URLSearchParams({ code, word: '1984', to: '/me' }),
          redirect: 'manual',
        }),
      )
    ).status

  it('is flagged where it is used within the hour from the same network, once', async () => {
    const id = await adult()
    const code = await makes('maker', id)
    expect(await cameInFrom(code, '203.0.113.9')).toBe(303)
    expect(await flagged('maker')).toEqual([])
    expect(await cameInFrom(code, '198.51.100.7')).toBe(303)
    expect(await cameInFrom(code, '198.51.100.7')).toBe(303)
    expect(await flagged('maker')).toEqual([id])
    const supervisor = await signedIn(app, {
      kind: 'staff',
      subject: 'supervisor',
      role: 'supervisor',
      office: DEMO_OFFICE,
    })
    expect(await (await supervisor.open('/desk/flags')).text()).toContain('used within the hour from the office')
  })

  it('is flagged where it is used in a browser in which staff were signed in, wherever that is', async () => {
    const id = await adult()
    const code = await makes('other-maker', id)
    const desk = await signedIn(app, { kind: 'staff', subject: 'colleague', role: 'clerk', office: DEMO_OFFICE })
    expect(await cameInFrom(code, '203.0.113.9', desk.cookie)).toBe(303)
    expect(await flagged('other-maker')).toEqual([id])
  })

  it('is not flagged for what is used later, or comes from a telephone that its owner added', async () => {
    const id = await adult()
    const code = await makes('late-maker', id)
    app.clock.advance({ minutes: 61 })
    expect(await cameInFrom(code, '198.51.100.7')).toBe(303)
    expect(await flagged('late-maker')).toEqual([])
  })

  it('is told apart from the neighbour by the neighbour: which card it was, and that it was in an office', async () => {
    const { id, code } = await withCard()
    const second = await makes('told-maker', id)
    await app.peek(`update resident_cards set works_from = now() - interval '1 day', shows_from = now() - interval '1 day'
      where neighbour_id = '${id}'`)
    await app.peek(
      `update resident_cards set created_at = created_at - interval '40 days' where neighbour_id = '${id}' and used_at is not null`,
    )
    const cards = await app.peek<{ id: string; used_at: Date | null }>(
      `select id, used_at from resident_cards where neighbour_id = '${id}' order by created_at`,
    )
    for (const [i, card] of cards.entries()) {
      const browser = await signedIn(app, {
        kind: 'resident',
        subject: id,
        way: { kind: 'card', id: card.id },
        ...(i === 1 ? { atOffice: DEMO_OFFICE } : {}),
      })
      expect((await browser.open('/me/record')).status).toBe(200)
    }
    const me = await signedIn(app, { kind: 'resident', subject: id, way: { kind: 'card', id: cards[0]?.id ?? '' } })
    const looked = (await (await me.open('/me/looked')).text()).replaceAll(/<[^>]*>/g, ' ')
    const day = (ago: number) =>
      app.clock
        .now()
        .toZonedDateTimeISO('UTC')
        .subtract({ days: ago })
        .toLocaleString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })
    expect(looked).toMatch(new RegExp(`With your card given on ${day(0)} \\(in a browser of Citizenship Office\\)`))
    expect(looked).toMatch(/With your card given on /g)
    expect(new Set(looked.match(/With your card given on \d+ \w+ \d+/g))?.size).toBe(2)
    expect([code, second].every((one) => !looked.includes(one))).toBe(true)
  })
})
