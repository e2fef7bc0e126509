import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NotSent } from '../../src/messages/notify.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import { tellAll } from '../support/telling.ts'

// Somebody at a counter, in a neighbour's name or by a clerk's hand, has another number or address written down, so that what the
// city says goes to them and the neighbour hears of nothing.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const OLD = 'before@mail.example'
const NEW = 'after@mail.example'
const sent: string[] = []
let dead: string | undefined
let unsure: string | undefined
const email = async (to: string) => {
  if (to === dead) throw new NotSent('smtp-550')
  sent.push(to)
  if (to === unsure) throw new Error('no answer')
}
const somebody = async () => (await register(app, { contact: { email: OLD } })).id
/** What staff write down at a counter. */
const change = async (id: string, contact: object | null) => {
  const { body } = await app.ask<{ version: number }>('GET', `/v1/neighbours/${id}`, {
    as: 'clerk',
    purpose: 'counter-service',
  })
  const done = await app.ask('PATCH', `/v1/neighbours/${id}`, {
    as: 'clerk',
    purpose: 'counter-service',
    ifMatch: body.version,
    body: { contact },
  })
  expect(done.status).toBe(200)
}
/** Who is sent that there is a message, now. */
const told = async (id: string) => {
  sent.length = 0
  await app.peek(`insert into notices (id, municipality_id, neighbour_id, kind, visible_from, due_by)
    values (gen_random_uuid(), '${app.town.id}', '${id}', 'answer', '${app.clock.now().subtract({ minutes: 1 }).toString()}',
      '${app.clock.now().add({ hours: 48 }).toString()}')`)
  await tellAll(app, { email })
  return [...new Set(sent)].sort()
}

describe('another way to reach somebody, written down at a counter', () => {
  it('in the visit of their registration takes the place of the other', async () => {
    const id = await somebody()
    await change(id, { email: NEW })
    expect(await told(id)).toEqual([NEW])
  })

  it('later shuts out nobody at once: both are told for the town\u2019s time, and that it was changed', async () => {
    const id = await somebody()
    app.clock.advance({ hours: 30 })
    expect(await told(id)).toEqual([OLD])
    // The same once more, as a form sends it, changes nothing.
    await change(id, { email: OLD })
    expect(await app.peek(`select from notices where neighbour_id = '${id}' and kind = 'reach-changed'`)).toEqual([])
    await change(id, { email: NEW })
    expect(await app.peek(`select from notices where neighbour_id = '${id}' and kind = 'reach-changed'`)).toHaveLength(
      1,
    )
    expect(await told(id)).toEqual([NEW, OLD])
    // A second change, or none at all in its place, does not shorten it.
    await change(id, { email: 'third@mail.example' })
    expect(await told(id)).toEqual([NEW, OLD, 'third@mail.example'].sort())
    app.clock.advance({ hours: 71 })
    await change(id, null)
    expect(await told(id)).toEqual([NEW, OLD, 'third@mail.example'].sort())
    // What was written down and replaced at hour 71 is told for as long as any other.
    app.clock.advance({ hours: 2 })
    expect(await told(id)).toEqual(['third@mail.example'])
    await change(id, { email: NEW })
    await tellAll(app, { email })
    app.clock.advance({ hours: 73 })
    expect(await told(id)).toEqual([NEW])
  })

  it('of who was reached by post alone: they are told, and a letter may follow', async () => {
    const { id } = await register(app)
    app.clock.advance({ hours: 30 })
    await change(id, { email: NEW })
    await told(id)
    const rows = await app.peek<{ kind: string; channel: string }>(`select kind, channel from notices
      join notice_deliveries on notice_id = notices.id where neighbour_id = '${id}' order by kind`)
    expect(rows.map(({ kind, channel }) => `${kind} ${channel}`)).toEqual(['answer portal', 'reach-changed portal'])
  })

  it('is told as it stood when there was something to tell, where the work stood still', async () => {
    const id = await somebody()
    app.clock.advance({ hours: 30 })
    await change(id, { email: NEW })
    app.clock.advance({ hours: 73 })
    sent.length = 0
    await tellAll(app, { email })
    expect([...new Set(sent)].sort()).toEqual([NEW, OLD])
  })

  it('is told where nobody knows whether the other was', async () => {
    const id = await somebody()
    app.clock.advance({ hours: 30 })
    await change(id, { email: NEW })
    unsure = NEW
    await told(id).catch(() => undefined)
    unsure = undefined
    expect(sent).toContain(OLD)
  })

  it('is kept by a join, of both records', async () => {
    const [victim, double] = [await somebody(), (await register(app, { contact: { email: NEW } })).id]
    app.clock.advance({ hours: 30 })
    const joins = `/v1/neighbours/${double}/joins`
    const { body } = await app.ask<{ id: string }>('POST', joins, {
      as: 'clerk',
      body: { other: victim, reason: 'the same photograph and mother' },
    })
    const decided = await app.ask('POST', `${joins}/${body.id}/decision`, {
      as: 'second-clerk',
      body: { decision: 'approved' },
    })
    expect(decided.status).toBe(200)
    expect(await told(double)).toEqual([NEW, OLD])
  })

  it('is what the neighbour says alone, also where it is what stands there already', async () => {
    const id = await somebody()
    app.clock.advance({ hours: 30 })
    await change(id, { email: NEW })
    expect(await told(id)).toEqual([NEW, OLD])
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const page = await (await me.open('/me/change')).text()
    const version = /name="version" value="(\d+)"/.exec(page)?.[1] ?? ''
    const reached = JSON.stringify({ email: NEW })
    expect((await me.send('/me/change/reach', { contact: NEW, reached, version }, '/me/change')).status).toBe(303)
    expect(await told(id)).toEqual([NEW])
  })

  it('is told all the same where the old one is dead, which is why it was changed', async () => {
    const id = await somebody()
    app.clock.advance({ hours: 30 })
    await change(id, { email: NEW })
    dead = OLD
    expect(await told(id)).toEqual([NEW])
    dead = NEW
    expect(await told(id)).toEqual([OLD])
    dead = undefined
  })

  it('is what the neighbour says alone, where they say it themself', async () => {
    const id = await somebody()
    app.clock.advance({ hours: 30 })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const page = await (await me.open('/me/change')).text()
    const version = /name="version" value="(\d+)"/.exec(page)?.[1] ?? ''
    const done = await me.send('/me/change/reach', { contact: NEW, reached: '{}', version }, '/me/change')
    expect(done.status).toBe(303)
    expect(await told(id)).toEqual([NEW])
  })

  it('shows the one before to nobody who opens the record', async () => {
    const id = await somebody()
    app.clock.advance({ hours: 30 })
    await change(id, { email: NEW })
    const { text } = await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'counter-service' })
    expect([text.includes(NEW), text.includes(OLD)]).toEqual([true, false])
  })
})
