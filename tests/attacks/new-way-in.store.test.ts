import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { Refusal, type Resident, type Staff } from '../../src/firewall/requester.ts'
import { worksFrom } from '../../src/identity/new-ways.ts'
import { MOST_FAILURES } from '../../src/identity/sign-in-with-card.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { endWaysIn, waysIn } from '../../src/registry/person/end-ways-in.ts'
import { type Card, EarlierCardWrong, giveCard } from '../../src/registry/person/give-card.ts'
import { letWorkNow } from '../../src/registry/person/let-way-work.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'

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
      { neighbourId, word: undefined, ...(earlier ? { earlier } : {}) },
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

describe('the waiting time', () => {
  it('is the town’s, and may be none', async () => {
    const { id } = await withCard()
    const now = app.clock.now()
    const from = (newWayHours: number) =>
      inMunicipality(app.database, app.town.id, (transaction) =>
        worksFrom(transaction, { town: { newWayHours }, neighbourId: id, now }),
      )
    expect((await from(24)).toString()).toBe(now.add({ hours: 24 }).toString())
    expect((await from(0)).toString()).toBe(now.toString())
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
