import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

const t = LOCALES.en
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const REASON = 'The letterbox is full.'
async function doubted(more: Parameters<typeof register>[1] = {}, as = 'clerk') {
  const { id } = await register(app, more)
  const body = { cause: 'moved-away', reason: REASON, informant: 'household' }
  const opened = await app.ask<{ proceedingId: string }>('POST', `/v1/neighbours/${id}/departures`, {
    as,
    body,
    ifMatch: 1,
  })
  expect(opened.status, opened.text).toBe(201)
  const me = await signedIn(app, { kind: 'resident', subject: id })
  return { id, proceedingId: opened.body.proceedingId, me }
}
const answers = async (id: string, as = 'clerk') => {
  const { body } = await app.ask<{ open: { answers: { text: string; by: string; atDesk: boolean }[] }[] }>(
    'GET',
    `/v1/neighbours/${id}/departures`,
    { as },
  )
  return body.open[0]?.answers ?? []
}
const notice = async (proceedingId: string) =>
  (
    await app.peek<{ given: string | null }>(
      `select notice_given_on::text as given from proceedings where id = '${proceedingId}'`,
    )
  )[0]?.given

describe('a neighbour of whom it is said that they left', () => {
  it('reads on their page what is believed, why and until when, and says that they live here', async () => {
    const { id, me } = await doubted()
    const last = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().add({ days: 30 })
    for (const page of [await (await me.open('/me')).text(), await (await me.open('/me')).text()]) {
      for (const said of [t['hearing.beliefAway'], REASON, t['hearing.message'], t['hearing.lives']])
        expect(page).toContain(said)
      expect(page).toContain(last.toLocaleString('en-GB', { dateStyle: 'long' }))
      // Who spoke against them could be in danger of them, and is for a counter to say.
      expect(page).not.toContain(t['leaving.inHousehold'])
    }
    const words = 'I sleep here. My papers are with the police.'
    const idempotencyKey = randomUUID()
    for (const _ of [1, 2]) expect((await me.send('/me/hearing', { words, idempotencyKey })).status).toBe(303)
    expect(await answers(id)).toMatchObject([{ text: words, by: 'neighbour', atDesk: false }])
    const after = await (await me.open('/me?answered=1')).text()
    for (const said of [t['hearing.done'], words, t['hearing.waits']]) expect(after).toContain(said)
    const { held } = await (await me.send('/me/everything', { as: 'json' })).json()
    const [proceeding] = held.proceedings
    expect(proceeding).toMatchObject({ reason: REASON, answers: [{ text: words }] })
    for (const closed of ['informant', 'openedBy']) expect(proceeding).not.toHaveProperty(closed)
  })

  it('needs no words to say so', async () => {
    const { id, me } = await doubted()
    expect((await me.send('/me/hearing', { words: '', idempotencyKey: randomUUID() })).status).toBe(303)
    expect(await answers(id)).toMatchObject([{ text: '' }])
  })

  it('has back all they wrote where it is too long', async () => {
    const { id, me } = await doubted()
    const long = 'x'.repeat(20_001)
    const back = await me.send('/me/hearing', { words: long, idempotencyKey: randomUUID() })
    expect(back.status).toBe(422)
    const page = await back.text()
    for (const said of [t['hearing.tooLong'], long]) expect(page.includes(said)).toBe(true)
    expect(await answers(id)).toEqual([])
  })

  it('hears when it is over, and that nothing changed', async () => {
    const { id, proceedingId, me } = await doubted()
    await app.ask('POST', `/v1/neighbours/${id}/departures/${proceedingId}/decision`, {
      as: 'clerk',
      body: { decision: 'withdrawn' },
    })
    const page = await (await me.open('/me')).text()
    expect(page).toContain(t['hearing.withdrawn'])
    expect(page).not.toContain(REASON)
  })

  it('reads it after signing in where they are protected', async () => {
    const { proceedingId, me } = await doubted({ protected: true }, 'supervisor')
    expect(await notice(proceedingId)).toBeNull()
    expect(await (await me.open('/me')).text()).toContain(REASON)
    expect(await notice(proceedingId)).not.toBeNull()
  })

  it('is shown to nobody else who signs in', async () => {
    await doubted()
    const other = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: other.id })
    expect(await (await me.open('/me')).text()).not.toContain(REASON)
    expect((await me.send('/me/hearing', { words: 'Me too.', idempotencyKey: randomUUID() })).status).toBe(404)
  })
})

describe('whoever helps them', () => {
  const helper = (fields: Record<string, string>) =>
    app.fetch(
      new Request('https://vallmar.example/helper', {
        method: 'POST',
        headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': randomUUID() },
        body: new URLSearchParams(fields),
      }),
    )
  async function helped(id: string) {
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const until = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().add({ days: 30 })
    const form = {
      name: 'Marta',
      'for-library': 'yes',
      'until-day': String(until.day),
      'until-month': String(until.month),
      'until-year': String(until.year),
    }
    const page = await (await me.send('/me/helpers', form, '/me/helpers')).text()
    return /class="digits code"[^>]*>\s*([0-9A-Z-]{24})\s*</.exec(page)?.[1] ?? ''
  }

  it('answers with their code alone and learns nothing of it; the time to answer does not run from that', async () => {
    const { id, proceedingId } = await doubted()
    const code = await helped(id)
    const sent = await helper({ code, answer: 'yes', words: 'She is at work by day.' })
    const page = await sent.text()
    expect(sent.status).toBe(200)
    expect(page).toContain(t['hearing.helpDone'])
    expect(page).not.toContain(REASON)
    expect(await answers(id)).toMatchObject([{ text: 'She is at work by day.', by: 'helper', atDesk: false }])
    expect(await notice(proceedingId)).toBeNull()
    expect((await helper({ code: 'WRONG', answer: 'yes', words: 'x' })).status).toBe(401)
  })

  it('is given back what they wrote where nothing is asked', async () => {
    const { id } = await register(app)
    const page = await (await helper({ code: await helped(id), answer: 'yes', words: 'She lives here.' })).text()
    for (const said of [t['hearing.helpNone'], 'She lives here.']) expect(page).toContain(said)
  })
})

describe('whoever acts for them', () => {
  it('reads it and answers on their own page, and nobody else does', async () => {
    const parent = await register(app, { dateOfBirth: '1980' })
    const year = app.clock.now().toZonedDateTimeISO('Europe/Madrid').year
    const child = await doubted({
      dateOfBirth: String(year - 7),
      representatives: [{ kind: 'parent', neighbourId: parent.id }],
    })
    const me = await signedIn(app, { kind: 'resident', subject: parent.id })
    expect(await (await me.open('/me/children')).text()).toContain(t['hearing.child'])
    const seen = await (await me.send('/me/children/hearing', { child: child.id }, '/me/children')).text()
    for (const said of [REASON, t['leaving.answerBy']]) expect(seen).toContain(said)
    expect(await notice(child.proceedingId)).not.toBeNull()
    const said = { child: child.id, words: 'My son lives with me.', idempotencyKey: randomUUID() }
    const done = await me.send('/me/children/hearing/answer', said, '/me/children')
    expect(await done.text()).toContain(t['hearing.done'])
    expect(await answers(child.id)).toMatchObject([{ text: 'My son lives with me.', by: 'representative' }])

    const barred = await register(app, { dateOfBirth: '1980' })
    const apart = await doubted({
      dateOfBirth: String(year - 7),
      representatives: [
        { kind: 'parent', neighbourId: barred.id, limits: ['not-told-where'], court: 'Family court 4, 88/2026' },
      ],
    })
    const other = await signedIn(app, { kind: 'resident', subject: barred.id })
    expect(await (await other.open('/me/children')).text()).not.toContain(t['hearing.child'])
    const told = await other.send('/me/children/hearing', { child: apart.id }, '/me/children')
    expect([told.status, (await told.text()).includes(REASON)]).toEqual([403, false])

    const stranger = await signedIn(app, { kind: 'resident', subject: (await register(app)).id })
    for (const path of ['/me/children/hearing', '/me/children/hearing/answer'])
      expect((await stranger.send(path, { ...said, idempotencyKey: randomUUID() }, '/me/children')).status).toBe(404)
  })
})
