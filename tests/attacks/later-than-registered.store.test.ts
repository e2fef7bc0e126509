import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Resident, Staff } from '../../src/firewall/requester.ts'
import { nameHelper } from '../../src/identity/help.ts'
import { type Card, giveCard } from '../../src/registry/person/give-card.ts'
import { actFor } from '../../src/registry/person/representation/act-for.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { enrolTelephone } from '../support/telephone.ts'

// Somebody comes to a counter in the name of a neighbour who never had a card, gets one, and looks up at home where they live.
// Or is recorded as acting for a child that was registered long ago.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
const STREET = 'del Refugi'
const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }
const give = (neighbourId: string): Promise<Card> =>
  shownTo(giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId, word: undefined }))
let people = 0
/** Names that nobody takes for each other. */
const nameOf = (n: number) =>
  [
    'Aurora',
    'Berenguer',
    'Clotilde',
    'Dagobert',
    'Eulalia',
    'Fructuos',
    'Griselda',
    'Hug',
    'Iolanda',
    'Joaquim',
    'Karima',
    'Llorenc',
    'Mafalda',
    'Narcis',
    'Obdulia',
    'Ponc',
    'Quima',
    'Ruperta',
    'Serapi',
    'Tecla',
  ][n] ?? ''
const neighbour = async () =>
  (
    await register(app, {
      name: { given: nameOf(people++), family: ['Trobada'] },
      dateOfBirth: '1984-05-01',
      address: { kind: 'dwelling', streetName: STREET, number: '7' },
      contact: { phone: '600 11 22 33' },
    })
  ).id

/** A browser that came in by a card. */
async function browser({ code }: { code: string }) {
  const send = (path: string, init: RequestInit = {}, cookie = '') =>
    app.fetch(
      new Request(`https://vallmar.example${path}`, {
        redirect: 'manual',
        ...init,
        headers: { host: 'vallmar.example', cookie, 'accept-language': 'en', 'test-source': randomUUID() },
      }),
    )
  const entered = await send('/me/in', { method: 'POST', body: new URLSearchParams({ code, word: '1984' }) })
  expect(entered.status).toBe(303)
  const cookie = entered.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const home = await (await send('/me', {}, cookie)).text()
  const csrf = /name="csrf" value="([\w-]+)"/.exec(home)?.[1] ?? ''
  return {
    home,
    open: async (path: string) => {
      const answer = await send(path, {}, cookie)
      return { status: answer.status, text: await answer.text() }
    },
    post: async (path: string, fields: Record<string, string>) => {
      const body = new URLSearchParams({ csrf, idempotencyKey: randomUUID(), ...fields })
      const answer = await send(path, { method: 'POST', body }, cookie)
      return { status: answer.status, text: await answer.text(), to: answer.headers.get('location') }
    },
  }
}
type Browser = Awaited<ReturnType<typeof browser>>

const PAGES = [
  '/me',
  '/me/change',
  '/me/record',
  '/me/proof',
  '/me/devices',
  '/me/looked',
  '/me/asked',
  '/me/children',
  '/me/change/move',
  '/me/helpers',
]
const tells = (text: string) => text.includes(STREET) || text.includes('600 11 22 33')

/** Everything a page of one's own may show, and every proof and paper: whatever of it says where they live. */
async function found(me: Browser): Promise<string[]> {
  const seen: string[] = []
  for (const path of PAGES) if (tells((await me.open(path)).text)) seen.push(path)
  for (const as of ['json', 'pdf']) {
    const all = await me.post('/me/everything', { as })
    if (all.status === 200) seen.push(`everything ${as}`)
  }
  for (const profile of ['residence', 'residence-history', 'social-housing', 'school-enrolment', 'bank-account'])
    for (const path of ['/me/proof', '/me/paper']) {
      const made = await me.post(path, { profile })
      if (made.status === 200) seen.push(`${path} ${profile}`)
    }
  return seen
}

const represent = (wardId: string, neighbourId: string) =>
  app.ask<{ id: string }>('POST', `/v1/neighbours/${wardId}/representatives`, {
    as: 'clerk',
    body: { kind: 'parent', neighbourId },
  })
const acts = async (id: string, wardId: string) => {
  try {
    await actFor(app.rooms, { town: app.town, by: { kind: 'resident', id: 'card', neighbourId: id } }, wardId)
    return true
  } catch {
    return false
  }
}
const child = async () =>
  (await register(app, { name: { given: nameOf(people++), family: ['Xic'] }, dateOfBirth: '2019-05-01' })).id

/** Registered by a mother who was recorded in the same visit. */
let mother: string
let ward: string

describe('what is made in the visit of a registration', () => {
  it('is a card that shows all of it at once', async () => {
    const id = await neighbour()
    const card = await give(id)
    expect([card.waits, card.hides]).toEqual([false, false])
    expect(await found(await browser(card))).toContain('/me/record')
  })

  it('is somebody who acts for a child at once', async () => {
    ;[mother, ward] = [await neighbour(), await child()]
    expect((await represent(ward, mother)).status).toBe(201)
    expect(await acts(mother, ward)).toBe(true)
  })
})

describe('what is made while a record hides', () => {
  it('shows after the town\u2019s time where the record is only held: its owner is told, and a longer wait would say so', async () => {
    const alike = {
      name: { given: 'Ursulina', family: ['Amagada'] },
      dateOfBirth: '1984-05-01',
      address: { kind: 'dwelling' as const, streetName: STREET, number: '7' },
    }
    await register(app, { ...alike, protected: true })
    const { id } = await register(app, alike)
    const held = `select from likenesses where neighbour_id = '${id}' and decision is null and not hides`
    expect(await app.peek(held)).toHaveLength(1)
    app.clock.advance({ hours: 30 })
    const card = await shownTo(
      giveCard(
        app.rooms,
        { town: app.town, by: { ...clerk, id: 'supervisor', role: 'supervisor' } },
        { source: 'desk', neighbourId: id, word: undefined },
      ),
    )
    expect(await found(await browser(card))).toEqual([])
    app.clock.advance({ hours: 73 })
    expect((await found(await browser(card))).length).toBeGreaterThan(0)
  })

  it('shows nothing for a year: nobody is told of it meanwhile, so that three days prove nothing', async () => {
    for (const before of ['a card', 'none']) {
      const id = await neighbour()
      if (before === 'a card') await give(id)
      app.clock.advance({ hours: 30 })
      const { body } = await app.ask<{ version: number }>('GET', `/v1/neighbours/${id}`, {
        as: 'clerk',
        purpose: 'counter-service',
      })
      const hides = await app.ask('POST', `/v1/neighbours/${id}/protection`, {
        as: 'clerk',
        ifMatch: body.version,
        body: { protected: true, reason: 'They ask for it' },
      })
      expect(hides.status).toBe(200)
      const card = await give(id)
      app.clock.advance({ hours: 73 })
      expect(await found(await browser(card)), before).toEqual([])
      app.clock.advance({ hours: 365 * 24 })
      expect((await found(await browser(card))).length, before).toBeGreaterThan(0)
    }
  })
})

describe('a first card that is given later than the registration', () => {
  it('works at once, and shows and prints neither address, contact nor household until the town\u2019s time is over', async () => {
    const id = await neighbour()
    app.clock.advance({ hours: 30 })
    const card = await give(id)
    expect([card.waits, card.hides]).toEqual([false, true])
    const me = await browser(card)
    expect(me.home).toContain(t['waysIn.hides'].split('{day}')[0])
    const withoutWhere = await found(me)
    expect(withoutWhere.filter((what) => what.startsWith('/me/') === false || PAGES.includes(what))).toEqual([])
    // What says nothing of it goes on: that they live here is what opens a library.
    expect((await me.post('/me/proof', { profile: 'library' })).status).toBe(200)
    expect((await me.open('/me/proof')).text).not.toContain('value="social-housing"')
    expect((await me.open('/me/record')).text).toContain(t['waysIn.hides'].split('{day}')[0])
    app.clock.advance({ hours: 73 })
    const later = await browser(card)
    expect(later.home).not.toContain(t['waysIn.hides'].split('{day}')[0])
    expect(await found(later)).toContain('/me/record')
    expect((await later.open('/me/proof')).text).toContain('value="social-housing"')
  })

  it('names no helper, adds no telephone that shows more, and is told how else they are reached by nobody', async () => {
    const id = await neighbour()
    app.clock.advance({ hours: 30 })
    const card = await give(id)
    const me = await browser(card)
    const resident: Resident = {
      kind: 'resident',
      id: 'card',
      neighbourId: id,
      hidesUntil: app.clock.now().add({ hours: 72 }).toString(),
    }
    const helper = { name: 'Amiga', profiles: ['social-housing'], until: Temporal.PlainDate.from('2030-01-01') }
    await expect(nameHelper(app.rooms, { town: app.town, by: resident }, { helper })).rejects.toMatchObject({
      code: 'refused',
    })
    expect(
      (await me.post('/me/change/reach', { contact: 'mine@mail.example', reached: '{}', version: '1' })).status,
    ).toBe(403)
    await enrolTelephone(app, { kind: 'resident', neighbourId: id } as never, id).catch(() => undefined)
    const shows = await app.peek<{ early: boolean }>(
      `select shows_from < '${app.clock.now().add({ hours: 71 }).toString()}' as early from passkeys where neighbour_id = '${id}'
       union all select shows_from < '${app.clock.now().add({ hours: 71 }).toString()}' from resident_cards where neighbour_id = '${id}'`,
    )
    expect(shows.length).toBeGreaterThan(0)
    expect(shows.every(({ early }) => !early)).toBe(true)
  })

  it('gives what it has not to no other: not brought to a counter as the old one, not by letting another work', async () => {
    const id = await neighbour()
    app.clock.advance({ hours: 30 })
    const first = await give(id)
    const earlier = { code: first.code, word: '1984' }
    const second = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: undefined, earlier }),
    )
    expect([second.waits, second.hides]).toEqual([false, true])
    const me = await browser(second)
    expect((await found(me)).filter((what) => PAGES.includes(what))).toEqual([])
    app.clock.advance({ hours: 2 })
    const third = await give(id)
    expect(third.waits).toBe(true)
    const [row] = await app.peek<{ id: string }>(
      `select id from resident_cards where neighbour_id = '${id}' and works_from > created_at and cancelled_at is null`,
    )
    const again = await browser(second)
    expect((await again.post('/me/devices', { what: 'let', which: row?.id ?? '' })).status).toBe(403)
    const shows = await app.peek<{ early: boolean }>(
      `select shows_from < '${app.clock.now().add({ hours: 60 }).toString()}' as early from resident_cards
       where neighbour_id = '${id}' and cancelled_at is null`,
    )
    expect(shows.every(({ early }) => !early)).toBe(true)
  })

  it('tells nobody whom its owner acts for, nor that somebody lives with them', async () => {
    const [parent, kid] = [await neighbour(), await child()]
    expect((await represent(kid, parent)).status).toBe(201)
    app.clock.advance({ hours: 100 })
    const me = await browser(await give(parent))
    const page = await me.open('/me/children')
    expect([page.status, page.text.includes('Xic')]).toEqual([403, false])
    expect((await me.open('/me/change/move')).text).not.toContain('name="who"')
  })

  it('hides the record at once all the same, and shows it again never', async () => {
    const id = await neighbour()
    app.clock.advance({ hours: 30 })
    const me = await browser(await give(id))
    const change = await me.open('/me/change')
    const version = /name="version" value="(\d+)"/.exec(change.text)?.[1] ?? ''
    expect((await me.post('/me/change/hide', { version })).status).toBe(303)
    expect(await app.peek(`select from neighbours where id = '${id}' and protected`)).toHaveLength(1)
    expect((await me.open('/me/change')).text).not.toContain('action="/me/change/show"')
  })
})

describe('somebody recorded as acting for a child', () => {
  it('later than its registration acts after the town\u2019s time, of which who is concerned is told', async () => {
    const stranger = await neighbour()
    app.clock.advance({ hours: 30 })
    expect((await represent(ward, stranger)).status).toBe(201)
    expect([await acts(mother, ward), await acts(stranger, ward)]).toEqual([true, false])
    const told = await app.peek<{ neighbour_id: string }>(
      `select neighbour_id from notices where kind = 'acts-waits' and neighbour_id in ('${ward}', '${mother}', '${stranger}')`,
    )
    expect(told.map((one) => one.neighbour_id).sort()).toEqual([ward, mother].sort())
    app.clock.advance({ hours: 73 })
    expect(await acts(stranger, ward)).toBe(true)
  })

  it('does not act sooner because the record is joined with another, on which they were recorded', async () => {
    const stranger = await neighbour()
    const kid = { name: { given: 'Bonaventura', family: ['Xic', 'Major'] }, dateOfBirth: '2018-02-03' }
    const one = (await register(app, kid)).id
    app.clock.advance({ hours: 30 })
    const other = (
      await register(app, {
        ...kid,
        confirmedDistinct: true,
        representatives: [{ kind: 'parent', neighbourId: stranger }],
      } as never)
    ).id
    expect(await acts(stranger, other)).toBe(true)
    const { body } = await app.ask<{ id: string }>('POST', `/v1/neighbours/${one}/joins`, {
      as: 'clerk',
      body: { other, reason: 'One child' },
    })
    const decided = await app.ask('POST', `/v1/neighbours/${one}/joins/${body.id}/decision`, {
      as: 'supervisor',
      body: { decision: 'approved' },
    })
    expect(decided.status).toBe(200)
    expect(await acts(stranger, one)).toBe(false)
    app.clock.advance({ hours: 73 })
    expect(await acts(stranger, one)).toBe(true)
  })

  it('does not act sooner because what they are to each other was changed', async () => {
    const [stranger, ward] = [await neighbour(), await child()]
    app.clock.advance({ hours: 30 })
    const { body } = await represent(ward, stranger)
    const changed = await app.ask('PATCH', `/v1/neighbours/${ward}/representatives/${body.id}`, {
      as: 'clerk',
      body: { kind: 'guardian' },
    })
    expect(changed.status).toBeLessThan(300)
    expect(await acts(stranger, ward)).toBe(false)
  })
})
