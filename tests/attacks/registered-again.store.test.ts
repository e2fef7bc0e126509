import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { type Answer, openApp, type TestApp } from '../support/app.ts'
import { entriesOf } from '../support/entries.ts'
import { openRecord, register, somebody } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// Somebody who hides goes to a counter where nobody can find her, and is registered again. Somebody who looks for her
// writes down a dummy, or joins her household by its number.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const HER = { name: { given: 'Mireia', family: ['Casadevall', 'Font'] }, dateOfBirth: '1991-03-14' }
const REAL = { kind: 'dwelling', streetName: 'de la Por', number: '9' } as const
const registerAs = (as: string, body: object) =>
  app.ask<{ id: string; householdId: string; candidates: { id: string }[]; code: string }>('POST', '/v1/neighbours', {
    as,
    body,
  })
const shape = ({ status, text, headers }: Answer) => ({
  status,
  text: text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'),
  headers: [...headers].filter(([name]) => name !== 'request-id').map(([name]) => name),
})
const find = (name: string, as: string) =>
  app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
    as,
    body: { name },
    purpose: 'counter-service',
  })

describe('somebody who hides and is registered again', () => {
  it('is answered like anyone, seen for that visit by the clerk who wrote her down, and found by nobody else', async () => {
    const hidden = await register(app, { ...HER, protected: true })
    const stranger = await registerAs('clerk', somebody({ ...HER, name: { given: 'Bruna', family: ['Soldevila'] } }))
    const again = await registerAs('clerk', { ...HER, address: REAL })
    expect(again.status).toBe(201)
    expect(shape(again)).toEqual(shape(stranger))
    const { id } = again.body
    const record = await openRecord(app, id)
    const other = await openRecord(app, stranger.body.id)
    expect(Object.keys(record.body)).toEqual(Object.keys(other.body))
    expect(record.body).toMatchObject({ address: REAL, household: { size: 1 } })
    expect((await find('Mireia Casadevall', 'clerk')).body.matches.map((match) => match.id)).toEqual([id])
    // Asked as usual whether she is registered already: by what the clerk wrote, and by nothing else.
    const twice = await registerAs('clerk', { ...HER, address: REAL })
    expect(twice.body.code).toBe('duplicate-suspected')
    expect(twice.body.candidates.map((candidate) => candidate.id)).toEqual([id])
    const paper = await app.ask('POST', `/v1/neighbours/${id}/papers`, {
      as: 'clerk',
      body: { kind: 'individual', language: 'en' },
    })
    expect(paper.status).toBe(200)

    const colleague = await signedIn(app, { kind: 'staff', subject: 'colleague', role: 'clerk', office: DEMO_OFFICE })
    expect((await colleague.open(`/desk/neighbours/${id}`)).status).toBe(404)
    expect(await (await colleague.send('/desk/search', { said: 'Mireia Casadevall' }, '/desk')).text()).not.toContain(
      id,
    )
    expect(hidden.id).not.toBe(id)
    app.clock.advance({ hours: 24 })
    expect((await openRecord(app, id)).status).toBe(404)
  })

  it('is for supervisors to decide: beside the record she hides in, told apart with a reason, or joined', async () => {
    const supervisor = await signedIn(app, {
      kind: 'staff',
      subject: 'head',
      role: 'supervisor',
      office: DEMO_OFFICE,
    })
    const page = await (await supervisor.open('/desk/perhaps')).text()
    expect(page.match(/Casadevall/g)?.length).toBeGreaterThanOrEqual(2)
    expect(page).toContain('de la Por')
    const [, written = ''] = /name="written" value="([^"]+)"/.exec(page) ?? []
    expect(await (await supervisor.open(`/desk/neighbours/${written}`)).text()).toContain(
      'may belong to somebody whose record is hidden',
    )
    const show = await app.ask('POST', `/v1/neighbours/${written}/protection`, {
      as: 'supervisor',
      body: { protected: false, reason: 'asked at the counter' },
      ifMatch: 1,
    })
    expect(show).toMatchObject({ status: 409, body: { code: 'likeness-open' } })
    const clerk = await signedIn(app, { kind: 'staff', subject: 'colleague', role: 'clerk', office: DEMO_OFFICE })
    expect((await clerk.open('/desk/perhaps')).status).toBe(403)
    await supervisor.send('/desk/perhaps', { written, because: 'another-birth-date' }, '/desk/perhaps')
    expect(await (await supervisor.open('/desk/perhaps')).text()).not.toContain('Casadevall')
    expect((await openRecord(app, written)).status).toBe(200)
  })

  it('stays hidden at every other door: with a document, in a household, after confirming that they are two', async () => {
    const person = { name: { given: 'Laia', family: ['Amagatall'] }, dateOfBirth: '1985-06-02' }
    await register(app, { ...person, protected: true, evidence: { strength: 'document', document: 'X-77123' } })
    const mate = await register(app)
    const doors: object[] = [
      { ...person, address: REAL, confirmedDistinct: true, distinctBecause: 'they-say-so' },
      { name: { given: 'Laya' }, address: REAL, evidence: { strength: 'document', document: 'x77123' } },
      { ...person, householdId: mate.householdId, confirmedDistinct: true, distinctBecause: 'they-say-so' },
    ]
    for (const body of doors) {
      const answer = await registerAs('clerk', body)
      expect(answer.status).toBe(201)
      const rows = await app.peek(`select protected from neighbours where id = '${answer.body.id}'`)
      expect(rows, JSON.stringify(body)).toEqual([{ protected: true }])
    }
  })

  it('raises a flag when one clerk registers people like those who hide again and again', async () => {
    const flags = await app.peek<{ kind: string }>(`select kind from flags where kind = 'probing'`)
    expect(flags.length).toBeGreaterThan(0)
  })

  it('sees herself that a registration was compared with hers', async () => {
    const entries = await entriesOf(app, "purpose = 'hidden-likeness'")
    expect(entries.some(({ subject_id }) => subject_id !== null)).toBe(true)
  })
})

describe('the household of somebody who hides', () => {
  it('cannot be joined by its number: at registering, moving in and coming back it is no household', async () => {
    const hidden = await register(app, { protected: true, address: REAL })
    const dummy = await register(app)
    const gone = await register(app)
    await app.ask('POST', `/v1/neighbours/${gone.id}/departures`, {
      as: 'clerk',
      body: { cause: 'death' },
      ifMatch: 1,
    })
    const { address: _, ...form } = somebody()
    const doors: [string, (householdId: string) => Promise<Answer>][] = [
      ['register', (householdId) => app.ask('POST', '/v1/neighbours', { as: 'clerk', body: { ...form, householdId } })],
      [
        'move',
        (householdId) =>
          app.ask('POST', `/v1/neighbours/${dummy.id}/residences`, {
            as: 'clerk',
            body: { householdId },
            ifMatch: 1,
          }),
      ],
      [
        'return',
        (householdId) =>
          app.ask('POST', `/v1/neighbours/${gone.id}/returns`, { as: 'clerk', body: { householdId }, ifMatch: 2 }),
      ],
    ]
    for (const [door, knock] of doors) {
      const [there, nowhere] = [await knock(hidden.householdId), await knock(randomUUID())]
      expect(there.status, door).toBe(422)
      expect(shape(there), door).toEqual(shape(nowhere))
    }
    const supervisor = await app.ask('POST', '/v1/neighbours', {
      as: 'supervisor',
      body: { ...form, householdId: hidden.householdId },
    })
    expect(supervisor.status).toBe(201)
  })

  it('is joined where somebody lives in it who does not hide', async () => {
    const open = await register(app)
    await register(app, { address: undefined, householdId: open.householdId, protected: true } as object)
    const { address: _, ...form } = somebody()
    const child = await app.ask('POST', '/v1/neighbours', {
      as: 'clerk',
      body: { ...form, householdId: open.householdId },
    })
    expect(child.status).toBe(201)
    expect((await openRecord(app, open.id)).body.household).toMatchObject({ size: 2 })
  })
})

describe('hiding and showing again', () => {
  it('are acts of their own with a reason, and whoever may see the record sees that it hides', async () => {
    const { id, version } = await register(app)
    const protect = (as: string, body: object, ifMatch: number) =>
      app.ask<{ version: number; errors: { pointer: string }[] }>('POST', `/v1/neighbours/${id}/protection`, {
        as,
        body,
        ifMatch,
      })
    expect((await protect('clerk', { protected: true }, version)).body.errors).toMatchObject([{ pointer: '/reason' }])
    expect((await protect('clerk', { protected: true, reason: 'asked for it' }, version)).status).toBe(200)
    const patched = await app.ask('PATCH', `/v1/neighbours/${id}`, {
      as: 'supervisor',
      body: { protected: false },
      ifMatch: version + 1,
    })
    expect(patched.status).toBe(422)
    expect((await openRecord(app, id, 'supervisor')).body.protected).toBe(true)
    expect((await protect('clerk', { protected: false, reason: 'no' }, version + 1)).status).toBe(403)
    const head = await signedIn(app, { kind: 'staff', subject: 'head', role: 'supervisor', office: DEMO_OFFICE })
    for (const part of ['', '/history', '/looked', '/messages', '/leave', '/representatives', '/with', '/protection'])
      expect(await (await head.open(`/desk/neighbours/${id}${part}`)).text(), part).toContain('This record is hidden')
    expect((await protect('supervisor', { protected: false, reason: 'asked for it' }, version + 1)).status).toBe(200)
    const history = await (await head.open(`/desk/neighbours/${id}/history`)).text()
    expect(history).toContain('Hidden')
    expect(history).toContain('Shown again')
    expect((await openRecord(app, id)).body.protected).toBeUndefined()
  })

  it('asks once more, on a page with name, birth date and day, and keeps the reason that was typed', async () => {
    const { id } = await register(app, { name: { given: 'Demanadora' }, dateOfBirth: '1990-02-03' })
    const clerk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    const path = `/desk/neighbours/${id}/protection`
    const page = await (await clerk.open(path)).text()
    for (const said of ['Demanadora', '1990', 'Takes effect at once']) expect(page).toContain(said)
    expect((await clerk.send(path, { protected: 'yes', version: '1', reason: '' }, path)).status).toBe(422)
    expect((await clerk.send(path, { protected: 'yes', version: '1', reason: 'asked for it' }, path)).status).toBe(303)
    expect((await openRecord(app, id)).status).toBe(404)
    expect(await (await clerk.open(`/desk/neighbours/${id}`)).text()).toContain('This record is hidden')
  })
})
