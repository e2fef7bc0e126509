import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { openRecord, register, somebody } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const undo = (id: string, as = 'clerk') =>
  app.ask<{ what: string; people: number; code: string }>('POST', `/v1/neighbours/${id}/undo`, { as })
const change = async (id: string, path: string, body: object, method = 'POST') => {
  const ifMatch = (await openRecord(app, id)).body.version as number
  const answer = await app.ask(method, `/v1/neighbours/${id}${path}`, { as: 'clerk', body, ifMatch })
  expect([200, 201], answer.text).toContain(answer.status)
  return answer
}
const inForce = (id: string) =>
  app.peek<{ household_id: string; valid_from: string; valid_to: string | null }>(
    `select household_id, valid_from::text, valid_to::text from residences
     where neighbour_id = '${id}' and superseded_at is null order by valid_from`,
  )
const found = async (name: string) =>
  (
    await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
      as: 'clerk',
      body: { name },
      purpose: 'counter-service',
    })
  ).body.matches.map(({ id }) => id)
const elsewhere = { address: { kind: 'dwelling', streetName: 'de l’Error', number: '2' } }

describe('undoing what was just written', () => {
  it('leaves nothing of a mistake to be read as true: a death that was undone bars no departure, no undo and no death', async () => {
    const today = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
    const day = (days: number) => today.subtract({ days }).toString()
    const { id } = await register(app, { since: day(80) })
    await change(id, '/departures', { cause: 'death', on: day(50) })
    expect((await undo(id)).status).toBe(200)
    const left = { cause: 'moved-away', saidBy: 'in-person' }
    await change(id, '/departures', { ...left, on: day(30) })
    expect((await undo(id)).status).toBe(200)
    expect(await inForce(id)).toMatchObject([{ valid_from: day(80), valid_to: null }])
    await change(id, '/departures', { ...left, on: day(20) })
    await change(id, '/returns', elsewhere)
    expect((await undo(id)).status).toBe(200)
    const [row] = await app.peek(`select departed_on::text as on from neighbours where id = '${id}'`)
    expect(row).toEqual({ on: day(20) })
    await change(id, '/departures', { cause: 'death', on: day(10) })
  })

  it('a death of somebody who had left is undone, and they left when they left', async () => {
    const today = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
    const day = (days: number) => today.subtract({ days }).toString()
    const { id } = await register(app, { since: day(80) })
    await change(id, '/departures', { cause: 'moved-away', saidBy: 'in-person', on: day(60) })
    const leftOn = async () =>
      (await app.peek<{ on: string }>(`select departed_on::text as on from neighbours where id = '${id}'`))[0]?.on
    await change(id, '/departures', { cause: 'death', on: day(20) })
    const taken = await undo(id)
    expect(taken.status, taken.text).toBe(200)
    expect([await leftOn(), (await inForce(id)).length]).toEqual([day(60), 1])
    await change(id, '/returns', elsewhere)
    expect((await undo(id)).status).toBe(200)
    expect(await leftOn()).toBe(day(60))
  })

  it('a registration: the key is destroyed, nobody finds it, and it can be registered again', async () => {
    const person = { name: { given: 'Equivocat', family: ['Pontons'] }, dateOfBirth: '1970-04-04' }
    const { id } = await register(app, person)
    const proof = await app.ask<{ id: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    expect((await undo(id)).body).toMatchObject({ what: 'registration', people: 1 })
    expect((await openRecord(app, id)).status).toBe(404)
    expect(await found('Equivocat Pontons')).toEqual([])
    expect(await app.peek(`select 1 from data_keys where id = '${id}'`)).toEqual([])
    expect(await app.peek(`select 1 from residences where neighbour_id = '${id}'`)).toEqual([])
    expect(proof.status).toBe(201)
    const rows = await app.peek(`select public_from is not null as over from proofs where id = '${proof.body.id}'`)
    expect(rows).toEqual([{ over: true }])
    expect((await register(app, person)).id).not.toBe(id)
  })

  it('a registration frees the key it was sent with: the form that was put right is sent again from the same page', async () => {
    const idempotencyKey = randomUUID()
    const form = somebody()
    const send = (given: string) =>
      app.ask<{ id: string }>('POST', '/v1/neighbours', {
        as: 'clerk',
        body: { ...form, name: { given, family: ['Repetida'] } },
        idempotencyKey,
      })
    const wrong = await send('Equivocada')
    expect(wrong.status).toBe(201)
    expect((await undo(wrong.body.id)).status).toBe(200)
    const right = await send('Correcta')
    expect(right.status, right.text).toBe(201)
    expect(right.body.id).not.toBe(wrong.body.id)
    expect((await send('Correcta')).body).toEqual(right.body)
  })

  it('a move: who lives where is as it was, found by the address of before, and the mistake stays in the history', async () => {
    const { id, householdId } = await register(app, { since: '2026-10-01' })
    const before = await inForce(id)
    await change(id, '/residences', elsewhere)
    expect(await inForce(id)).not.toEqual(before)
    expect((await undo(id)).body).toMatchObject({ what: 'move', people: 1 })
    expect(await inForce(id)).toEqual(before)
    const { body } = await openRecord(app, id)
    expect(body).toMatchObject({ household: { id: householdId }, address: { streetName: 'del Molí' } })
    const history = await app.ask<{ movements: { cause: string }[] }>('GET', `/v1/neighbours/${id}/history`, {
      as: 'clerk',
      purpose: 'counter-service',
    })
    expect(history.body.movements.map(({ cause }) => cause)).toEqual(['arrival', 'address', 'undone'])
  })

  it('a move of a household: all of them or none', async () => {
    const parent = await register(app)
    const mate = await register(app, { address: undefined, householdId: parent.householdId } as object)
    const before = [await inForce(parent.id), await inForce(mate.id)]
    await change(parent.id, '/residences', { ...elsewhere, everyone: true })
    await change(mate.id, '', { sex: 'x' }, 'PATCH')
    expect((await undo(parent.id)).body.code).toBe('undo-in-the-way')
    expect((await undo(mate.id)).body.what).toBe('correction')
    // What was undone is the last thing written of the mate, and is not their move.
    expect((await undo(parent.id)).body.code).toMatch(/^undo-/)
    expect(before).toHaveLength(2)
    const other = await register(app)
    const along = await register(app, { address: undefined, householdId: other.householdId } as object)
    const was = [await inForce(other.id), await inForce(along.id)]
    await change(other.id, '/residences', { ...elsewhere, everyone: true })
    expect((await undo(other.id)).body).toMatchObject({ what: 'move', people: 2 })
    expect([await inForce(other.id), await inForce(along.id)]).toEqual(was)
  })

  it('a death: a neighbour again, with the card and the children they act for', async () => {
    const parent = await register(app)
    const child = await register(app, {
      dateOfBirth: String(app.clock.now().toZonedDateTimeISO('UTC').year - 5),
      representatives: [{ kind: 'parent', neighbourId: parent.id }],
    })
    const before = await inForce(parent.id)
    await change(parent.id, '/departures', { cause: 'death' })
    expect((await undo(parent.id)).body.what).toBe('departure')
    expect(await inForce(parent.id)).toEqual(before)
    expect((await openRecord(app, parent.id)).body.departedOn).toBeUndefined()
    const { body } = await openRecord(app, child.id)
    expect(body.representatives).toMatchObject([{ neighbourId: parent.id }])
  })

  it('forgets nobody who wrote to the city or is being heard', async () => {
    const { id } = await register(app)
    const body = { cause: 'wrongly-registered', reason: 'Never seen at the address', informant: 'staff' }
    await change(id, '/departures', body)
    expect(await undo(id)).toMatchObject({ status: 409, body: { code: 'undo-in-the-way' } })
    expect((await openRecord(app, id)).status).toBe(200)
  })

  it('a return: away again since the day they had left', async () => {
    const { id } = await register(app, { since: '2026-10-01' })
    await change(id, '/departures', { cause: 'moved-away', saidBy: 'in-person', on: '2026-10-15' })
    await change(id, '/returns', elsewhere)
    expect((await undo(id)).body.what).toBe('return')
    expect((await openRecord(app, id)).body.departedOn).toBe('2026-10-15')
    expect((await inForce(id)).at(-1)?.valid_to).toBe('2026-10-15')
  })

  it('a correction: the name that was a mistake is no earlier name, and finds nobody', async () => {
    const { id } = await register(app, { name: { given: 'Verdader', family: ['Puigdomenech'] } })
    await change(id, '', { name: { given: 'Falsificat', family: ['Errorenc'] } }, 'PATCH')
    expect(await found('Falsificat Errorenc')).toEqual([id])
    expect((await undo(id)).body.what).toBe('correction')
    expect(await found('Falsificat Errorenc')).toEqual([])
    expect(await found('Verdader Puigdomenech')).toEqual([id])
    expect((await openRecord(app, id)).body.name).toEqual({ given: 'Verdader', family: ['Puigdomenech'] })
  })

  it('is asked once more at the desk, and of a registration ends at the search', async () => {
    const clerk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    const form = {
      idempotencyKey: crypto.randomUUID(),
      p0_given: 'Esborrada',
      p0_family: 'Totduna',
      where: 'no-fixed-address',
    }
    const sent = { ...form, usual: 'la platja', act: 'register' }
    const done = await clerk.send('/desk/register', sent, '/desk/register')
    const page = (done.headers.get('location') ?? '').replace('?new=1', '')
    expect(await (await clerk.open(page)).text()).toContain(`${page}/undo`)
    const asked = await (await clerk.open(`${page}/undo`)).text()
    for (const said of ['Esborrada', 'nothing of it is kept']) expect(asked).toContain(said)
    expect((await clerk.send(`${page}/undo`, {}, `${page}/undo`)).headers.get('location')).toBe('/desk?undone=1')
    expect((await clerk.open(page)).status).toBe(404)
  })

  it('is for whoever wrote it, within the hour, and says otherwise what stands in the way', async () => {
    const { id } = await register(app)
    expect((await undo(id, 'second-clerk')).body.code).toBe('undo-not-yours')
    expect((await undo(id, 'supervisor')).body.code).toBe('undo-not-yours')
    app.clock.advance({ minutes: 61 })
    expect((await undo(id)).body.code).toBe('undo-too-late')
    const clerk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    const page = await clerk.open(`/desk/neighbours/${id}/undo`)
    expect(page.status).toBe(409)
    expect(await page.text()).toContain('Only whoever wrote the last change')
  })
})

describe('what an act ended on its way', () => {
  it.each([
    ['a move', '/residences', elsewhere],
    ['a departure', '/departures', { cause: 'moved-away', saidBy: 'in-person' }],
  ])('waits again when it is undone: years that were said, after %s', async (_, path, body) => {
    const other = await openApp({ town: { backdateDays: 90 } })
    try {
      const registered = await other.ask<{ id: string }>('POST', '/v1/neighbours', {
        as: 'clerk',
        body: { ...somebody(), since: '2015-05-01', dateOfBirth: '1980-01-01' },
      })
      const { id } = registered.body
      const done = await other.ask('POST', `/v1/neighbours/${id}${path}`, { as: 'clerk', body, ifMatch: 1 })
      expect([200, 201], done.text).toContain(done.status)
      expect((await other.ask('POST', `/v1/neighbours/${id}/undo`, { as: 'clerk' })).status).toBe(200)
      const kept = await other.peek(
        `select decision, superseded_at is null as here from said_starts join residences on residences.id = residence_id
         where said_starts.neighbour_id = '${id}'`,
      )
      expect(kept).toEqual([{ decision: null, here: true }])
    } finally {
      await other.close()
    }
  })
})
