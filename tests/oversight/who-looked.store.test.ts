import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_COURT, DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Resident, Staff } from '../../src/firewall/requester.ts'
import type { LookUp } from '../../src/oversight/look-up-store.ts'
import { lookUpsOf } from '../../src/oversight/read-look-ups.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { openNeighbour } from '../../src/registry/person/neighbours.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { uploaded } from '../support/demands.ts'
import { entriesAbout } from '../support/entries.ts'
import { openRecord, register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { budgets: { clerk: { day: { people: 10_000, points: 100_000 } } } } })
})
afterAll(() => app?.close())

const t = LOCALES.en
const clerk: Staff = { kind: 'staff', id: 'clerk-9', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }
const own = (neighbourId: string, way = `card ${randomUUID()}`): Resident => ({
  kind: 'resident',
  id: way,
  neighbourId,
})
/** Opens a record as its owner or as a clerk, and nothing else. */
const look = (who: Resident | Staff, id: string) =>
  openNeighbour(
    app.rooms,
    { town: app.town, by: who },
    {
      id,
      ask: {
        purpose: who.kind === 'staff' ? 'counter-service' : 'own-record',
        fields: ['languages'],
      },
    },
  )
async function pages(id: string, who: Resident | Staff = own(id)): Promise<LookUp[][]> {
  const all: LookUp[][] = []
  let before: string | undefined
  do {
    const page = await shownTo(
      lookUpsOf(app.rooms, { town: app.town, by: who }, { neighbourId: id, wanted: { before } }),
    )
    all.push(page.lookUps)
    before = page.older
  } while (before !== undefined)
  return all
}

/** As if there had been so many looks a day. */
async function spread(id: string, aDay: number) {
  const theirs = await entriesAbout(app, id)
  await app.peek('alter table ledger_entries disable trigger user')
  await app.peek(`update ledger_entries entry set recorded_at = entry.recorded_at - make_interval(days => numbered.n::integer)
    from (select id, ((row_number() over (order by recorded_at desc)) - 1) / ${aDay} as n from ledger_entries where id in (${theirs.map((one) => `'${one.id}'`).join(',')})) numbered
    where numbered.id = entry.id`)
  await app.peek('alter table ledger_entries enable trigger user')
}

describe('who looked at one\u2019s record', () => {
  it('is whole: nobody\u2019s own visits wash a look away, however many there are', async () => {
    const { id } = await register(app)
    await look({ ...clerk, role: 'supervisor', id: 'curious' }, id)
    const me = own(id)
    for (let n = 0; n < 240; n += 1) await look(me, id)
    const [first = []] = await pages(id, me)
    const curious = first.filter(({ content }) => content.requester === 'curious')
    expect(curious.map(({ by }) => by)).toEqual([{ kind: 'staff', office: 'Citizenship Office' }])
    const mine = first.filter(({ by }) => by.kind === 'card')
    expect(mine).toHaveLength(1)
    expect(mine[0]?.visits?.length).toBeGreaterThanOrEqual(240)
  })

  it('tells who came in by another way apart on the same day', async () => {
    const { id } = await register(app)
    const [card, other] = [own(id), own(id)]
    for (const who of [card, other, card, card]) await look(who, id)
    const [lines = []] = await pages(id, card)
    const cards = lines.filter(({ by }) => by.kind === 'card')
    expect(cards).toHaveLength(2)
    expect(cards.map(({ content }) => content.requester).sort()).toEqual([card.id, other.id].sort())
  })

  it('goes back to the beginning in pages, each line once and the newest first', async () => {
    const { id } = await register(app)
    for (let n = 0; n < 230; n += 1) await look(clerk, id)
    const me = own(id)
    await look(me, id)
    const all = await pages(id, me)
    expect(all.length).toBeGreaterThan(2)
    const lines = all.flat()
    expect(new Set(lines.map(({ entryId }) => entryId)).size).toBe(lines.length)
    // With the registration itself.
    expect(lines.filter(({ content }) => content.requester === clerk.id)).toHaveLength(230)
    const order = lines.map((line) => line.visits?.at(-1) ?? line.at)
    expect(order).toEqual([...order].sort().reverse())
  }, 120_000)

  it('has each day of one\u2019s own visits once, over many days and pages', async () => {
    const { id } = await register(app)
    const me = own(id)
    for (let n = 0; n < 6; n += 1) {
      for (const who of [me, clerk, me]) await look(who, id)
    }
    await spread(id, 3)
    const lines = (await pages(id, me)).flat()
    const days = lines.filter(({ by }) => by.kind === 'card').map(({ at }) => at.slice(0, 10))
    expect(new Set(days).size).toBe(days.length)
    expect(days.length).toBeGreaterThan(4)
    expect(lines.filter(({ content }) => content.requester === clerk.id)).toHaveLength(6)
  })

  it('has it once also where a page ends with a day, and reads what is no place in it from the newest', async () => {
    const { id } = await register(app)
    const me = own(id)
    for (let n = 0; n < 12; n += 1) await look(me, id)
    await look(clerk, id)
    await spread(id, 3)
    const all: LookUp[] = []
    let before: string | undefined
    for (let page = 0; page < 9; page += 1) {
      const { lookUps, older } = await shownTo(
        lookUpsOf(app.rooms, { town: app.town, by: me }, { neighbourId: id, wanted: { before, visits: 4 } }),
      )
      all.push(...lookUps)
      before = older
      if (before === undefined) break
    }
    expect(before).toBeUndefined()
    expect(new Set(all.map(({ entryId }) => entryId)).size).toBe(all.length)
    const days = all.filter(({ visits }) => visits).map(({ at }) => at.slice(0, 10))
    expect(new Set(days).size).toBe(days.length)
    // Each visit is still there by its time.
    expect(all.flatMap(({ visits = [] }) => visits).length).toBeGreaterThanOrEqual(12)
    const newest = await shownTo(lookUpsOf(app.rooms, { town: app.town, by: me }, { neighbourId: id }))
    const nonsense = await shownTo(
      lookUpsOf(app.rooms, { town: app.town, by: me }, { neighbourId: id, wanted: { before: 'yesterday' } }),
    )
    expect(nonsense.lookUps.map(({ at }) => at.slice(0, 10))).toEqual(newest.lookUps.map(({ at }) => at.slice(0, 10)))
  })

  it('shows one\u2019s own visits on the first page of both desks, and what was done as a line by itself', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    for (let n = 0; n < 3; n += 1) await me.open('/me/record')
    await me.send('/me/paper', { profile: 'library', idempotencyKey: randomUUID() }, '/me/proof')
    const page = await (await me.open('/me/looked')).text()
    expect(
      page.split('<li data-leaf').filter((line) => line.includes(t['lookedBy.card'])).length,
    ).toBeGreaterThanOrEqual(2)
    const desk = await signedIn(app, { kind: 'staff', subject: 'clerk-9', role: 'clerk', office: DEMO_OFFICE })
    expect(await (await desk.open(`/desk/neighbours/${id}/looked`)).text()).toContain(t['lookedBy.card'])
    const [lines = []] = await pages(id)
    expect(lines.some(({ content, by }) => by.kind === 'card' && content.action !== 'open')).toBe(true)
    // What was done is not among the visits, and can be asked about.
    expect(lines.filter(({ content, by }) => by.kind === 'card' && content.action === 'open')).toHaveLength(1)
    expect([...page.matchAll(/name="entry"/g)].length).toBeGreaterThanOrEqual(1)
  })

  it('is washed away by nothing that is done with a card or a helper’s code, however often', async () => {
    const { id } = await register(app)
    await app.ask('GET', `/v1/neighbours/${id}`, { as: 'supervisor', purpose: 'counter-service' })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    for (let n = 0; n < 15; n += 1)
      await me.send('/me/proof', { profile: 'library', idempotencyKey: randomUUID() }, '/me')
    const last = app.clock.now().toZonedDateTimeISO('UTC').toPlainDate().add({ days: 20 })
    const until = { 'until-day': String(last.day), 'until-month': String(last.month), 'until-year': String(last.year) }
    const named = await me.send('/me/helpers', { name: 'Marta', 'for-library': 'yes', ...until }, '/me/helpers')
    const code = /class="digits code"[^>]*>\s*([0-9A-Z-]{24})\s*</.exec(await named.text())?.[1] ?? ''
    for (let n = 0; n < 8; n += 1)
      await app.fetch(
        new Request('https://vallmar.example/helper', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'test-source': randomUUID() },
          body: new URLSearchParams({ code, profile: 'library' }),
        }),
      )
    const [lines = []] = await pages(id)
    const of = (kind: string) => lines.filter(({ by }) => by.kind === kind)
    expect(of('helper').length).toBeLessThanOrEqual(3)
    expect(of('card').length).toBeLessThanOrEqual(5)
    expect(of('card').some(({ content, visits }) => content.action === 'prove' && visits?.length === 15)).toBe(true)
    expect(of('staff').length).toBeGreaterThanOrEqual(1)
    expect(lines.length).toBeLessThan(14)
  })

  it('names helpers, also those that were ended, and whoever acts for them', async () => {
    const parent = await register(app)
    const child = await register(app, {
      dateOfBirth: String(app.clock.now().toZonedDateTimeISO('UTC').year - 7),
      representatives: [{ kind: 'parent', neighbourId: parent.id }],
    })
    const mother = await signedIn(app, { kind: 'resident', subject: parent.id })
    await mother.send(
      '/me/children',
      { child: child.id, profile: 'library', idempotencyKey: randomUUID() },
      '/me/children',
    )
    const [seen = []] = await pages(child.id)
    expect(seen.find(({ by }) => by.kind === 'representative')?.by).toMatchObject({ representation: 'parent' })
    // A parent sees it too, a page at a time.
    const page = await (await mother.send('/me/children/looked', { child: child.id }, '/me/children')).text()
    expect(page).toContain(t['representatives.actsParent'])
    // But neither the child's own visits nor who helps it: that is the child's.
    await look(own(child.id), child.id)
    const forTheParent = await (await mother.send('/me/children/looked', { child: child.id }, '/me/children')).text()
    expect(forTheParent.split('class="timeline"')[1]).not.toContain(t['lookedBy.card'])
    expect((await pages(child.id)).flat().some(({ by }) => by.kind === 'card')).toBe(true)

    const last = app.clock.now().toZonedDateTimeISO('UTC').toPlainDate().add({ days: 20 })
    const until = { 'until-day': String(last.day), 'until-month': String(last.month), 'until-year': String(last.year) }
    const named = await mother.send(
      '/me/helpers',
      { name: 'Marta Soler', 'for-library': 'yes', ...until },
      '/me/helpers',
    )
    const html = await named.text()
    const code = /class="digits code"[^>]*>\s*([0-9A-Z-]{24})\s*</.exec(html)?.[1] ?? ''
    const helper = /name="helper" value="([^"]+)"/.exec(html)?.[1] ?? ''
    await app.fetch(
      new Request('https://vallmar.example/helper', {
        method: 'POST',
        headers: { host: 'vallmar.example', 'test-source': randomUUID() },
        body: new URLSearchParams({ code, profile: 'library' }),
      }),
    )
    await mother.send('/me/helpers/end', { helper }, '/me/helpers')
    expect(await (await mother.open('/me/looked')).text()).toContain(
      t['lookedBy.helper'].replace('{name}', 'Marta Soler'),
    )
  })

  it('says of a look in an office\u2019s browser that it was there', async () => {
    const { id } = await register(app)
    const { code } = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    )
    const desk = await signedIn(app, { kind: 'staff', subject: 'clerk-9', role: 'clerk', office: DEMO_OFFICE })
    const entered = await desk.open('/me/in', {
      method: 'POST',
      body: new URLSearchParams({ code, word: 'molinet', to: '/me' }),
    })
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? ''
    const page = await app.fetch(
      new Request('https://vallmar.example/me/looked', { headers: { host: 'vallmar.example', cookie } }),
    )
    expect(page.status).toBe(200)
    const [lines = []] = await pages(id)
    expect(lines.map(({ by }) => by)).toContainEqual({ kind: 'card', atOffice: 'Citizenship Office' })
  })

  it('shows an order as one, once it may be known, with its true day', async () => {
    const { id } = await register(app)
    const secretUntil = app.clock.now().toZonedDateTimeISO('UTC').toPlainDate().add({ days: 30 }).toString()
    const { body } = await app.ask<{ id: string; reference: string }>('POST', '/v1/access-requests', {
      as: 'legal',
      body: {
        authority: { name: 'An invented court', functions: ['court'], organisationId: DEMO_COURT },
        purpose: 'other',
        basis: 'judge-order',
        basisText: 'Order 17/2026',
        scope: 'The address of one person',
        neighbourId: id,
        fields: ['address'],
        secretUntil,
        documentId: await uploaded(app, 'legal'),
      },
    })
    for (const as of ['second-legal', 'third-legal'])
      await app.ask('POST', `/v1/access-requests/${body.id}/reviews`, { as, body: { approves: true } })
    expect((await app.ask('POST', `/v1/access-requests/${body.id}/opening`, { as: 'legal' })).status).toBe(200)
    const opened = Temporal.Now.plainDateISO('UTC').toString()
    const orders = async () => (await pages(id)).flat().filter(({ by }) => by.kind === 'order')
    expect(await orders()).toEqual([])
    app.clock.advance({ hours: 24 * 32 })
    const [order] = await orders()
    expect(order?.by).toMatchObject({ kind: 'order', reference: body.reference, basis: 'Order 17/2026' })
    expect(order?.at.slice(0, 10)).toBe(opened)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const said = await (await me.open('/me')).text()
    for (const words of ['Order 17/2026', body.reference, t['fields.address']]) expect(said).toContain(words)
  })

  it('says that a look was looked into when that is settled, and not before', async () => {
    const { id } = await register(app)
    await look({ ...clerk, id: 'no-case', case: undefined }, id)
    const settled = async () => (await pages(id)).flat().find(({ content }) => content.requester === 'no-case')?.settled
    expect(await settled()).toBeUndefined()
    await app.peek(`update flags set reviewed_by = 'head', reviewed_at = now() where neighbour_id = '${id}'`)
    expect(await settled()).toBe(true)
    await openRecord(app, id)
  })
})
