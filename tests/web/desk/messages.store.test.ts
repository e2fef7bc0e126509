import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { lookUpsOf } from '../../../src/oversight/read-look-ups.ts'
import { answerComplaint } from '../../../src/requests/answer-complaint.ts'
import { complain } from '../../../src/requests/complain.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { type RegisteredAnswer, register } from '../../support/people.ts'
import { shownTo } from '../../support/shown.ts'
import { signedIn } from '../../support/signed-in.ts'
import { tellAll } from '../../support/telling.ts'

const t = LOCALES.en
const CLERK = { kind: 'staff', id: 'clerk-2', role: 'clerk', organisationId: DEMO_OFFICE } as const

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const OWNER = (neighbourId: string) => ({ kind: 'resident', id: `card ${randomUUID()}`, neighbourId }) as const
const desk = () => signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
const ask = ({ id }: RegisteredAnswer, kind: 'change' | 'who-looked', text: string) =>
  complain(app.rooms, app.town, {
    complaint: { kind, request: { asks: 'words', text }, language: 'en', neighbourId: id },
    source: randomUUID(),
  })

/** Somebody without a fixed address asks for a change, and is answered. */
async function answered(text: string, more: object = {}) {
  const neighbour = await register(app, {
    address: { kind: 'no-fixed-address', referenceAddress: { name: 'House of Bread' } },
    ...more,
  })
  await ask(neighbour, 'change', text)
  const [row] = await app.peek<{ id: string }>(`select id from complaints where neighbour_id = '${neighbour.id}'`)
  await answerComplaint(
    app.rooms,
    { town: app.town, by: CLERK },
    { id: row?.id ?? '', answer: 'It is done now.', outcome: 'answered' },
  )
  await tellAll(app, {})
  return { ...neighbour, at: `/desk/neighbours/${neighbour.id}/messages` }
}

describe('messages at the desk', () => {
  it('says that one waits, how it was told, and what was asked of a counter; never what the rest is about', async () => {
    const neighbour = await answered('Please write my name with an accent.')
    await ask(neighbour, 'who-looked', 'Why did somebody look on Sunday?')
    // An order of an authority was told to them, late: that is between the city and them.
    const details = `decode('${'00'.repeat(40)}', 'hex')`
    await app.peek(`insert into notices (id, municipality_id, neighbour_id, kind, details, visible_from, due_by)
      select gen_random_uuid(), municipality_id, id, 'access-request', ${details}, now() - interval '1 day', now()
      from neighbours where id = '${neighbour.id}'`)
    const clerk = await desk()
    const page = await (await clerk.open(neighbour.at)).text()
    expect(page).toContain('Please write my name with an accent.')
    expect(page).toContain('It is done now.')
    expect(page).not.toContain('Sunday')
    expect(page).not.toMatch(/authorit|access-request|order/i)
    expect(page.split(t['messages.portal'])).toHaveLength(3)

    const { lookUps } = await shownTo(
      lookUpsOf(app.rooms, { town: app.town, by: OWNER(neighbour.id) }, { neighbourId: neighbour.id }),
    )
    expect(lookUps.map(({ content }) => [content.purpose, content.fields])).toContainEqual([
      'counter-service',
      ['messages'],
    ])
  })

  it('are told in person, and then wait no longer', async () => {
    const { at } = await answered('A second bed.')
    const clerk = await desk()
    expect((await clerk.send(at, {}, at)).status).toBe(303)
    const page = await (await clerk.open(at)).text()
    expect(page).toContain(t['messages.inPerson'])
    for (const gone of [t['messages.portal'], t['messages.tell']]) expect(page).not.toContain(gone)
  })

  it('of people without a fixed address are a worklist, by name only when it is asked for', async () => {
    const name = { given: 'Esperança', family: ['Carrerlliure'] }
    const { id, at } = await answered('My post.', { name })
    const clerk = await desk()
    const work = async () => (await clerk.open('/desk/work')).text()
    const waiting = async () => Number(/when they come: <bdi>(\d+)/.exec(await work())?.[1] ?? 0)
    const before = await waiting()
    expect(before).toBeGreaterThan(0)
    expect(await work()).not.toContain('Carrerlliure')
    const list = await (await clerk.send('/desk/post', {}, '/desk/work')).text()
    expect(list).toContain('Carrerlliure')
    expect(list).toContain('House of Bread')
    expect(list).toContain(`href="${at}"`)
    await clerk.send(at, {}, at)
    expect(await waiting()).toBe(before - 1)
    expect(await (await clerk.send('/desk/post', {}, '/desk/work')).text()).not.toContain(id)
  })

  it('of people with a roof are not in it', async () => {
    const roof = { address: { kind: 'dwelling', streetName: 'Carrer del Sostre', number: '1' } } as const
    const { at } = await answered('A key.', { name: { given: 'Ambsostre', family: ['Sostrada'] }, ...roof })
    const clerk = await desk()
    expect(await (await clerk.send('/desk/post', {}, '/desk/work')).text()).not.toContain('Sostrada')
    expect(await (await clerk.open(at)).text()).toContain(t['messages.portal'])
  })

  it('of a protected neighbour are not there at all', async () => {
    const hidden = await register(app, { protected: true })
    await app.peek(`insert into notices (id, municipality_id, neighbour_id, kind, visible_from, due_by)
      select gen_random_uuid(), municipality_id, id, 'answer', now() - interval '1 day', now()
      from neighbours where id = '${hidden.id}'`)
    const clerk = await desk()
    const at = `/desk/neighbours/${hidden.id}/messages`
    expect((await clerk.open(at)).status).toBe(404)
    expect((await clerk.send(at, {}, '/desk')).status).toBe(404)
    const told = await app.peek(`select from notice_deliveries join notices on id = notice_id
      where neighbour_id = '${hidden.id}'`)
    expect(told).toHaveLength(0)
  })

  it('of a protected neighbour are not counted either: a number would say that they wrote', async () => {
    const clerk = await desk()
    const count = async () =>
      Number(/href="\/desk\/complaints">[^<]*<bdi>(\d+)/.exec(await (await clerk.open('/desk/work')).text())?.[1] ?? 0)
    const before = await count()
    await ask(await register(app, { protected: true }), 'change', 'Hide me better.')
    expect(await count()).toBe(before)
    await ask(await register(app), 'change', 'A letter of mine.')
    expect(await count()).toBe(before + 1)
  })

  it('are not opened for a paper', async () => {
    const { id, at } = await answered('A paper.')
    const clerk = await desk()
    await clerk.send('/desk/case', { case: 'T-4711', purpose: 'papers', to: '/desk' }, '/desk')
    expect(await (await clerk.open(`/desk/neighbours/${id}`)).text()).not.toContain(`href="${at}"`)
    expect((await clerk.open(at)).status).toBe(403)
  })
})
