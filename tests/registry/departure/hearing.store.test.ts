import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import type { Staff } from '../../../src/firewall/requester.ts'
import { printPostalNotices } from '../../../src/messages/print-notices.ts'
import { decideProceeding, recordNotice, recordOpinion } from '../../../src/registry/departure/decide-proceeding.ts'
import { openProceedings } from '../../../src/registry/departure/proceedings-due.ts'
import { recordDeparture } from '../../../src/registry/departure/record-departure.ts'
import { type Asked, openApp, type TestApp } from '../../support/app.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'
import { tellAll } from '../../support/telling.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const staff = (id: string, role: Staff['role'] = 'clerk'): Staff => ({
  kind: 'staff',
  id,
  role,
  organisationId: DEMO_OFFICE,
})
const today = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
const inDays = (days: number) => today().add({ days }).toString()
const NOT_HERE = { cause: 'wrongly-registered', reason: 'Three letters came back.', informant: 'staff' }

interface Stand {
  status: string
  code: string
  proceedingId: string
  answerBy: string
  effectiveFrom: string
  errors: { pointer: string }[]
  open: { reason: string; openedByYou: boolean; answerBy?: string; answers: { id: string; text: string }[] }[]
}
const depart = (id: string, body: object, more: Asked = {}) =>
  app.ask<Stand>('POST', `/v1/neighbours/${id}/departures`, { as: 'clerk', body, ifMatch: 1, ...more })
const step = (id: string, proceedingId: string, what: string, body: unknown, more: Asked = {}) =>
  app.ask<Stand>('POST', `/v1/neighbours/${id}/departures/${proceedingId}/${what}`, { as: 'clerk', body, ...more })
const approve = (id: string, proceedingId: string) =>
  step(id, proceedingId, 'decision', { decision: 'approved' }, { as: 'second-clerk' })

/** Somebody about whom a proceeding is open. */
async function doubted(more: Parameters<typeof register>[1] = {}, body: object = NOT_HERE) {
  const { id } = await register(app, more)
  const opened = await depart(id, body)
  expect(opened.status, opened.text).toBe(201)
  return { id, proceedingId: opened.body.proceedingId }
}
async function later(days: number, work: () => Promise<void>) {
  app.clock.advance({ hours: days * 24 })
  await work().finally(() => app.clock.advance({ hours: -days * 24 }))
}

describe('moving away', () => {
  it('is a clerk’s to record only where the neighbour said so, and the history says how', async () => {
    const { id } = await register(app)
    const bare = await depart(id, { cause: 'moved-away' })
    expect(bare).toMatchObject({ status: 422, body: { errors: [{ pointer: '/saidBy' }] } })
    expect((await openRecord(app, id)).body).toHaveProperty('residence')
    expect(await depart(id, { cause: 'moved-away', saidBy: 'in-writing' })).toMatchObject({
      status: 201,
      body: { status: 'departed' },
    })
    const past = await app.ask<{ movements: object[] }>('GET', `/v1/neighbours/${id}/history`, {
      as: 'clerk',
      purpose: 'counter-service',
    })
    expect(past.body.movements.at(-1)).toMatchObject({ cause: 'moved-away', saidBy: 'in-writing' })
    expect(
      await app.peek("select from movements where position(convert_to('in-writing', 'UTF8') in details) > 0"),
    ).toEqual([])
  })

  it('is not said by whoever acts for them where nobody does', async () => {
    const alone = await register(app)
    const body = { cause: 'moved-away', saidBy: 'representative' }
    expect(await depart(alone.id, body)).toMatchObject({ status: 409, body: { code: 'nobody-acts' } })
    const parent = await register(app, { dateOfBirth: '1980-03-01' })
    const adult = await register(app, {
      dateOfBirth: '1990-03-01',
      representatives: [{ kind: 'guardian', neighbourId: parent.id }],
    })
    expect((await depart(adult.id, body)).status).toBe(201)
  })

  it('is for everyone who has a say to say of a minor, who does not leave on their own word', async () => {
    const year = today().year
    const parent = await register(app, { dateOfBirth: '1980-03-01' })
    const child = await register(app, {
      dateOfBirth: String(year - 10),
      representatives: [{ kind: 'parent', neighbourId: parent.id }],
    })
    const away = (saidBy: string) => depart(child.id, { cause: 'moved-away', saidBy })
    expect(await away('in-person')).toMatchObject({ status: 422, body: { errors: [{ pointer: '/saidBy' }] } })
    expect((await away('representative')).status).toBe(201)
    // Whether somebody acts for a minor is not told by it.
    const alone = await register(app, { dateOfBirth: String(year - 10) })
    expect((await depart(alone.id, { cause: 'moved-away', saidBy: 'representative' })).status).toBe(201)
  })

  it('is a proceeding where somebody else says so, with a reason and who said it', async () => {
    const { id } = await register(app)
    const away = { cause: 'moved-away', reason: 'The flat is empty.', informant: 'owner' }
    for (const [body, pointer] of [
      [{ ...away, informant: undefined }, '/informant'],
      [{ ...away, reason: undefined }, '/reason'],
      [{ ...away, on: '2024-01-01' }, '/on'],
      [{ ...away, saidBy: 'in-person' }, '/reason'],
    ] as const)
      expect((await depart(id, body)).body.errors.map((error) => error.pointer)).toContain(pointer)
    expect(await depart(id, away)).toMatchObject({ status: 201, body: { status: 'proceeding' } })
    expect((await openRecord(app, id)).body).toHaveProperty('residence')
  })

  it('ends what was being decided, when the neighbour says so after all', async () => {
    const { id, proceedingId } = await doubted()
    expect((await depart(id, { cause: 'moved-away', saidBy: 'in-person' })).status).toBe(201)
    const [row] = await app.peek<{ decision: string }>(`select decision from proceedings where id = '${proceedingId}'`)
    expect(row?.decision).toBe('withdrawn')
  })
})

describe('a neighbour about whom a proceeding is opened', () => {
  it('has a message at once, and its reason is sealed', async () => {
    const { id } = await doubted({}, { ...NOT_HERE, reason: 'Canariareason' })
    const notices = await app.peek<{ kind: string }>(`select kind from notices where neighbour_id = '${id}'`)
    expect(notices).toEqual([{ kind: 'proceeding' }])
    expect(
      await app.peek("select from proceedings where position(convert_to('Canaria', 'UTF8') in reason) > 0"),
    ).toEqual([])
    const { body } = await app.ask<Stand>('GET', `/v1/neighbours/${id}/departures`, { as: 'second-clerk' })
    expect(body.open).toMatchObject([{ reason: 'Canariareason', informant: 'staff', openedByYou: false, answers: [] }])
  })

  it('has their time to answer from a notice that was given, not from one that was sent, and it is stated alike', async () => {
    const { id, proceedingId } = await doubted({ contact: { email: 'somebody@mail.example' } })
    await tellAll(app, { email: async () => {} })
    await later(60, async () => {
      expect(await approve(id, proceedingId)).toMatchObject({ status: 409, body: { code: 'notice-missing' } })
    })
    const given = await step(id, proceedingId, 'notice', { givenOn: today().toString(), by: 'in-person' })
    expect(given.body).toMatchObject({ answerBy: inDays(30), effectiveFrom: inDays(31) })
    const { body } = await app.ask<Stand>('GET', `/v1/neighbours/${id}/departures`, { as: 'clerk' })
    expect(body.open).toMatchObject([
      { answerBy: inDays(30), notice: { on: today().toString(), by: 'in-person' }, announced: { by: 'email' } },
    ])
    const due = (await openProceedings(app.rooms, { town: app.town, by: staff('clerk') })).map(({ items }) => items)
    await due.mapAsync(async (list) =>
      expect(list.find((one) => one.id === proceedingId)).toMatchObject({ answerBy: inDays(30) }),
    )
    // What was said of the last day stays true.
    expect(await step(id, proceedingId, 'notice', { givenOn: today().toString() })).toMatchObject({
      status: 409,
      body: { code: 'notice-given' },
    })
    await expect(
      app.peek(`update proceedings set effective_from = effective_from - 5 where id = '${proceedingId}'`),
    ).rejects.toThrow()
    await later(30, async () => {
      expect(await approve(id, proceedingId)).toMatchObject({ status: 409, body: { code: 'notice-running' } })
    })
    await later(31, async () => expect((await approve(id, proceedingId)).status).toBe(200))
  })

  it('is given notice by opening their own page, which says why, what is believed and until when', async () => {
    const { id, proceedingId } = await doubted({}, { ...NOT_HERE, reason: 'The bell has no name.' })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const page = await (await me.open('/me')).text()
    expect(page).toContain('The bell has no name.')
    const [row] = await app.peek<{ until: string; on: string }>(
      `select (effective_from - 1)::text as until, notice_given_on::text as on from proceedings where id = '${proceedingId}'`,
    )
    expect(row).toEqual({ until: inDays(30), on: today().toString() })
  })

  it('is not given notice by a letter to where somebody spoke against them, unless they were reached otherwise too', async () => {
    for (const informant of ['household', 'owner']) {
      const { id, proceedingId } = await doubted({}, { ...NOT_HERE, informant })
      await tellAll(app, {})
      await printPostalNotices(app.rooms, { town: app.town, by: staff('clerk') }, async () => undefined)
      const byLetter = { givenOn: today().toString(), by: 'letter' }
      expect(await step(id, proceedingId, 'notice', byLetter)).toMatchObject({
        status: 409,
        body: { code: 'notice-other-way' },
      })
      expect((await step(id, proceedingId, 'notice', { ...byLetter, by: 'elsewhere' })).status).toBe(200)
    }
    const { id, proceedingId } = await doubted(
      { contact: { email: 'x@mail.example' } },
      { ...NOT_HERE, informant: 'owner' },
    )
    await tellAll(app, { email: async () => {} })
    expect((await step(id, proceedingId, 'notice', { givenOn: today().toString() })).status).toBe(200)
  })

  it('is not told in public before they were written to', async () => {
    const { id, proceedingId } = await doubted()
    const published = { givenOn: today().toString(), by: 'published' }
    expect((await step(id, proceedingId, 'notice', published)).body.code).toBe('notice-other-way')
    await tellAll(app, {})
    expect((await step(id, proceedingId, 'notice', published)).body.code).toBe('notice-other-way')
    await printPostalNotices(app.rooms, { town: app.town, by: staff('clerk') }, async () => undefined)
    expect((await step(id, proceedingId, 'notice', published)).status).toBe(200)
  })
})

describe('an answer', () => {
  const words = 'No tengo papeles, X1234567L, and I sleep here every night.'

  it('is never refused for its words, is sealed, and stops an approval until it is read', async () => {
    const { id, proceedingId } = await doubted()
    const idempotencyKey = randomUUID()
    const said = await step(id, proceedingId, 'answers', { text: words }, { idempotencyKey })
    expect(said).toMatchObject({ status: 201, body: { status: 'answered', answerBy: inDays(30) } })
    expect((await step(id, proceedingId, 'answers', { text: words }, { idempotencyKey })).body).toEqual(said.body)
    expect(
      await app.peek("select from proceeding_answers where position(convert_to('sleep', 'UTF8') in words) > 0"),
    ).toEqual([])
    await later(31, async () => {
      expect(await approve(id, proceedingId)).toMatchObject({ status: 409, body: { code: 'answer-unread' } })
      // Nor by anything else that writes to the database.
      await expect(
        app.peek(`update proceedings set decision = 'approved', decided_by = 'x', decided_at = now() + interval '40 days'
          where id = '${proceedingId}'`),
      ).rejects.toThrow(/has not been read/)
      const { body } = await app.ask<Stand>('GET', `/v1/neighbours/${id}/departures`, { as: 'second-clerk' })
      const [answer] = body.open[0]?.answers ?? []
      expect(answer).toMatchObject({ text: words, by: 'neighbour', atDesk: true })
      expect((await step(id, proceedingId, `answers/${answer?.id}/reading`, undefined)).status).toBe(200)
      expect((await approve(id, proceedingId)).status).toBe(200)
    })
  })

  it('is taken until it is decided, and not after', async () => {
    const { id, proceedingId } = await doubted()
    await step(id, proceedingId, 'notice', { givenOn: today().toString() })
    await later(40, async () => {
      expect((await step(id, proceedingId, 'answers', { text: 'Late, but I live here.' })).status).toBe(201)
    })
    await step(id, proceedingId, 'decision', { decision: 'withdrawn' })
    expect(await step(id, proceedingId, 'answers', { text: 'Again.' })).toMatchObject({
      status: 409,
      body: { code: 'proceeding-closed' },
    })
  })

  it('of another proceeding is not found, nor read here', async () => {
    const one = await doubted()
    const two = await doubted()
    await step(one.id, one.proceedingId, 'answers', { text: 'I am one.' })
    const [row] = await app.peek<{ id: string }>(`select id from proceeding_answers where neighbour_id = '${one.id}'`)
    expect((await step(two.id, two.proceedingId, `answers/${row?.id}/reading`, undefined)).status).toBe(404)
    expect((await step(two.id, one.proceedingId, 'answers', { text: 'I am two.' })).status).toBe(404)
  })
})

describe('the worklist', () => {
  it('is sorted by the last day to answer, and says where an answer waits', async () => {
    const last = await doubted()
    const sooner = await doubted()
    const none = await doubted()
    await step(sooner.id, sooner.proceedingId, 'notice', { givenOn: today().toString() })
    await later(3, async () => {
      await step(last.id, last.proceedingId, 'answers', { text: 'Here.' })
    })
    const due = (await openProceedings(app.rooms, { town: app.town, by: staff('clerk') })).map(({ items }) => items)
    await due.mapAsync(async (list) => {
      const places = [sooner, last, none].map(({ proceedingId }) => list.findIndex(({ id }) => id === proceedingId))
      expect([...places].sort((a, b) => a - b)).toEqual(places)
      expect(list.find(({ id }) => id === last.proceedingId)?.unread).toBe(true)
      expect(list.find(({ id }) => id === sooner.proceedingId)?.unread).toBe(false)
    })
  })
})

describe('a protected neighbour', () => {
  it('is a supervisor’s: for a clerk there is no proceeding, and none is counted', async () => {
    const { id } = await register(app, { protected: true })
    expect((await depart(id, NOT_HERE)).status).toBe(404)
    expect((await depart(randomUUID(), NOT_HERE)).status).toBe(404)
    const opened = await depart(id, NOT_HERE, { as: 'supervisor' })
    expect(opened.status).toBe(201)
    const { proceedingId } = opened.body
    for (const [what, body] of [
      ['notice', { givenOn: today().toString(), by: 'in-person' }],
      ['answers', { text: 'Here.' }],
      ['decision', { decision: 'withdrawn' }],
    ] as const)
      expect((await step(id, proceedingId, what, body)).status, what).toBe(404)
    expect((await app.ask('GET', `/v1/neighbours/${id}/departures`, { as: 'clerk' })).status).toBe(404)
    const listed = async (who: Staff) => {
      let found = false
      await (await openProceedings(app.rooms, { town: app.town, by: who })).mapAsync(async ({ items: list }) => {
        found = list.some((one) => one.id === proceedingId)
      })
      return found
    }
    expect([await listed(staff('c')), await listed(staff('s', 'supervisor'))]).toEqual([false, true])
  })

  it('is told in person or on their own page, never by anything that is sent', async () => {
    const { id } = await register(app, {
      name: { given: 'Amagadissima' },
      protected: true,
      contact: { email: 'hidden@mail.example' },
    })
    const { proceedingId } = (await depart(id, NOT_HERE, { as: 'supervisor' })).body
    const sent: string[] = []
    await tellAll(app, { email: async (to) => void sent.push(to) })
    await printPostalNotices(
      app.rooms,
      { town: app.town, by: staff('clerk') },
      async (letters) => void sent.push(JSON.stringify(letters)),
    )
    expect(sent.join()).not.toMatch(/hidden@|Amagadissima/)
    for (const by of ['letter', 'elsewhere', 'published'])
      expect(
        (await step(id, proceedingId, 'notice', { givenOn: today().toString(), by }, { as: 'supervisor' })).body.code,
      ).toBe('notice-other-way')
    for (const channel of ['email', 'sms', 'post'])
      await expect(
        app.peek(`update notice_deliveries set channel = '${channel}'
          where notice_id in (select id from notices where neighbour_id = '${id}')`),
      ).rejects.toThrow(/not written to/)
    const inPerson = { givenOn: today().toString(), by: 'in-person' }
    expect((await step(id, proceedingId, 'notice', inPerson, { as: 'supervisor' })).status).toBe(200)
  })
})

describe('a town with a council for such cases', () => {
  it('ends no registration that the council has not agreed to', async () => {
    const town = { ...app.town, departureCouncil: true }
    await app.peek(`update municipalities set departure_council = true where id = '${town.id}'`)
    try {
      const { id, proceedingId } = await doubted()
      const at = { neighbourId: id, proceedingId }
      const given = { on: today().toString(), by: 'in-person' } as const
      await recordNotice(app.rooms, { town, by: staff('one') }, { at, given, idempotencyKey: randomUUID() })
      const decide = () =>
        decideProceeding(
          app.rooms,
          { town, by: staff('two') },
          { at, decision: 'approved', idempotencyKey: randomUUID() },
        )
      const say = (outcome: 'favourable' | 'unfavourable', on = today().toString()) =>
        recordOpinion(
          app.rooms,
          { town, by: staff('one') },
          { at, opinion: { on, outcome }, idempotencyKey: randomUUID() },
        )
      await later(31, async () => {
        await expect(decide()).rejects.toMatchObject({ code: 'council-missing' })
        await expect(
          app.peek(`update proceedings set decision = 'approved', decided_by = 'x', decided_at = now() + interval '40 days'
            where id = '${proceedingId}'`),
        ).rejects.toThrow(/council has not been heard/)
        await expect(say('favourable', inDays(1))).rejects.toMatchObject({ code: 'invalid-input' })
        await say('unfavourable')
        await expect(decide()).rejects.toMatchObject({ code: 'council-against' })
        await say('favourable')
        await decide()
      })
      expect((await openRecord(app, id)).body).toHaveProperty('departedOn')
    } finally {
      await app.peek(`update municipalities set departure_council = false where id = '${town.id}'`)
    }
  })

  it('is the only one that records an opinion', async () => {
    const { id, proceedingId } = await doubted()
    const opinion = { givenOn: today().toString(), outcome: 'favourable' }
    expect((await step(id, proceedingId, 'opinion', opinion)).body.code).toBe('no-council')
  })
})

it('nothing of a proceeding is left of somebody who is erased', async () => {
  const { id, proceedingId } = await doubted()
  await step(id, proceedingId, 'answers', { text: 'Here.' })
  const died = { cause: 'death' } as const
  await recordDeparture(
    app.rooms,
    { town: app.town, by: staff('clerk') },
    { id, departure: died, conditions: { version: 1, idempotencyKey: randomUUID() } },
  )
  await expect(app.peek(`delete from notices where neighbour_id = '${id}'`)).rejects.toThrow()
  const proposal = await app.ask<{ id: string }>('POST', `/v1/neighbours/${id}/erasures`, {
    as: 'supervisor',
    body: { ground: 'court' },
  })
  const approved = await app.ask('POST', `/v1/erasures/${proposal.body.id}/decision`, {
    as: 'legal',
    body: { approves: true },
  })
  expect(approved.status, approved.text).toBe(200)
  for (const table of ['proceedings', 'proceeding_answers', 'notices'])
    expect(await app.peek(`select from ${table} where neighbour_id = '${id}'`), table).toHaveLength(0)
})
