import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../../src/cli/demo-town.ts'
import { openApp, type TestApp } from '../../../support/app.ts'
import { openRecord, register, somebody } from '../../../support/people.ts'
import { signedIn } from '../../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

type Representations = {
  ofAge: boolean
  representatives: { id: string; kind: string; neighbourId?: string; limits?: string[] }[]
}
const year = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').year
const aged = (age: number) => String(year() - age - 1)
const act = (id: string, body: object, as = 'clerk') =>
  app.ask<{ id: string; code: string; errors: { pointer: string }[] }>('POST', `/v1/neighbours/${id}/representatives`, {
    as,
    body,
  })
const representations = async (id: string, as = 'clerk') =>
  (await app.ask<Representations>('GET', `/v1/neighbours/${id}/representatives`, { as })).body.representatives
const inHousehold = ({ householdId }: { householdId: string }) => ({ address: undefined, householdId }) as object
const version = async (id: string) => (await openRecord(app, id)).body.version as number
const depart = async (id: string, cause = 'death') =>
  app.ask('POST', `/v1/neighbours/${id}/departures`, { as: 'clerk', body: { cause }, ifMatch: await version(id) })
const staff = (role: 'clerk' | 'supervisor') =>
  signedIn(app, { kind: 'staff', subject: role, role, office: DEMO_OFFICE })

describe('who acts for somebody', () => {
  it('is several: two mothers, a grandmother who has no say, an institution', async () => {
    const [one, two, grandmother] = [await register(app), await register(app), await register(app)]
    const child = await register(app, {
      dateOfBirth: aged(5),
      representatives: [
        { kind: 'parent', neighbourId: one.id },
        { kind: 'parent', neighbourId: two.id },
        { kind: 'institution', name: 'Casa Oberta' },
      ],
    })
    expect((await act(child.id, { kind: 'carer', neighbourId: grandmother.id })).status).toBe(201)
    expect((await representations(child.id)).map(({ kind }) => kind)).toEqual([
      'parent',
      'parent',
      'institution',
      'carer',
    ])
  })

  it('ends at both ends: with a guardian of their own, with the child’s own leaving, and never in a circle', async () => {
    const [mother, guardian] = [await register(app, { dateOfBirth: aged(30) }), await register(app)]
    const child = await register(app, {
      dateOfBirth: aged(4),
      representatives: [{ kind: 'parent', neighbourId: mother.id }],
    })
    expect((await act(mother.id, { kind: 'guardian', neighbourId: guardian.id })).status).toBe(201)
    expect(await representations(child.id)).toEqual([])
    expect(await act(child.id, { kind: 'parent', neighbourId: mother.id })).toMatchObject({ status: 422 })
    const [one, other] = [
      await register(app, { dateOfBirth: undefined } as object),
      await register(app, { dateOfBirth: undefined } as object),
    ]
    expect((await act(one.id, { kind: 'parent', neighbourId: other.id })).status).toBe(201)
    expect((await act(other.id, { kind: 'parent', neighbourId: one.id })).status).toBe(422)
  })

  it('does not come back with a child who left and returned, but does where the leaving is undone', async () => {
    const mother = await register(app, { dateOfBirth: aged(30) })
    const child = await register(app, {
      dateOfBirth: aged(4),
      representatives: [{ kind: 'parent', neighbourId: mother.id }],
    })
    const leave = async () =>
      app.ask('POST', `/v1/neighbours/${child.id}/departures`, {
        as: 'clerk',
        body: { cause: 'moved-away', saidBy: 'representative' },
        ifMatch: await version(child.id),
      })
    expect((await leave()).status).toBe(201)
    expect(await app.ask('POST', `/v1/neighbours/${child.id}/undo`, { as: 'clerk' })).toMatchObject({ status: 200 })
    expect(await representations(child.id)).toHaveLength(1)
    await leave()
    const back = await app.ask('POST', `/v1/neighbours/${child.id}/returns`, {
      as: 'clerk',
      body: { address: { kind: 'dwelling', streetName: 'Nou', number: '1' }, agreement: 'all-agree' },
      ifMatch: await version(child.id),
    })
    expect(back.status, back.text).toBe(201)
    expect(await representations(child.id)).toEqual([])
  })

  it('is an adult who lives here, at every door', async () => {
    const toddler = await register(app, { dateOfBirth: aged(2) })
    const gone = await register(app)
    await depart(gone.id)
    const hidden = await register(app, { protected: true })
    const ward = await register(app, { dateOfBirth: aged(30) })
    for (const neighbourId of [toddler.id, gone.id, hidden.id, ward.id, randomUUID()]) {
      expect(await act(ward.id, { kind: 'guardian', neighbourId }), neighbourId).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/neighbourId' }] },
      })
      if (neighbourId === ward.id) continue
      const body = somebody({ dateOfBirth: aged(1), representatives: [{ kind: 'parent', neighbourId }] })
      expect(await app.ask('POST', '/v1/neighbours', { as: 'clerk', body })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/representatives/0/neighbourId' }] },
      })
    }
  })

  it('answers a clerk alike for somebody hidden and somebody who is not here', async () => {
    const child = await register(app, { dateOfBirth: aged(5) })
    const hidden = await register(app, { protected: true })
    const [there, nobody] = [
      await act(child.id, { kind: 'parent', neighbourId: hidden.id }),
      await act(child.id, { kind: 'parent', neighbourId: randomUUID() }),
    ]
    expect(there.text.replace(/"instance":"[^"]*"/, '')).toBe(nobody.text.replace(/"instance":"[^"]*"/, ''))
    expect((await act(child.id, { kind: 'parent', neighbourId: hidden.id }, 'supervisor')).status).toBe(201)
    expect(await representations(child.id)).toEqual([])
    expect(await representations(child.id, 'supervisor')).toHaveLength(1)
    expect((await openRecord(app, child.id)).body.representatives).toBeUndefined()
  })

  it('does not turn away a mother who does not know when she was born', async () => {
    const mother = await register(app, { dateOfBirth: undefined } as object)
    const child = await register(app, { dateOfBirth: aged(3) })
    expect((await act(child.id, { kind: 'parent', neighbourId: mother.id })).status).toBe(201)
  })

  it('is a guardian or an institution for an adult, and nobody for whom somebody acts', async () => {
    const [ward, guardian] = [await register(app, { dateOfBirth: aged(40) }), await register(app)]
    expect((await act(ward.id, { kind: 'parent', neighbourId: guardian.id })).body.errors).toMatchObject([
      { pointer: '/kind' },
    ])
    expect((await act(ward.id, { kind: 'guardian', neighbourId: guardian.id })).status).toBe(201)
    const child = await register(app, { dateOfBirth: aged(4) })
    expect((await act(child.id, { kind: 'parent', neighbourId: ward.id })).status).toBe(422)
  })

  it('keeps an adult who acts for somebody from becoming a child by a correction', async () => {
    const parent = await register(app)
    await register(app, { dateOfBirth: aged(4), representatives: [{ kind: 'parent', neighbourId: parent.id }] })
    const answer = await app.ask('PATCH', `/v1/neighbours/${parent.id}`, {
      as: 'clerk',
      body: { dateOfBirth: aged(9) },
      ifMatch: parent.version,
    })
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/dateOfBirth' }] } })
  })

  it('is recorded once, changed, and ended; what was recorded stays known', async () => {
    const [parent, child] = [await register(app), await register(app, { dateOfBirth: aged(5) })]
    const key = randomUUID()
    const once = { as: 'clerk', body: { kind: 'carer', neighbourId: parent.id }, idempotencyKey: key }
    const first = await app.ask<{ id: string }>('POST', `/v1/neighbours/${child.id}/representatives`, once)
    const again = await app.ask<{ id: string }>('POST', `/v1/neighbours/${child.id}/representatives`, once)
    expect(again.body.id).toBe(first.body.id)
    expect((await act(child.id, { kind: 'parent', neighbourId: parent.id })).body.code).toBe('already-represents')
    const change = (representation: string, body: object) =>
      app.ask<{ id: string }>('PATCH', `/v1/neighbours/${child.id}/representatives/${representation}`, {
        as: 'clerk',
        body,
      })
    expect((await change(first.body.id, { kind: 'parent', limits: ['no-say'] })).status).toBe(422)
    const changed = await change(first.body.id, { kind: 'parent', limits: ['no-say'], court: 'Court 2, 114/2026' })
    expect(await representations(child.id)).toMatchObject([{ kind: 'parent', limits: ['no-say'], id: changed.body.id }])
    const end = await app.ask('POST', `/v1/neighbours/${child.id}/representatives/${changed.body.id}/end`, {
      as: 'clerk',
    })
    expect(end.status).toBe(200)
    expect(await representations(child.id)).toEqual([])
    const rows = await app.peek<{ details: string }>(
      `select encode(details, 'escape') as details from representatives where neighbour_id = '${child.id}'`,
    )
    expect(rows).toHaveLength(2)
    for (const { details } of rows) expect(details).not.toMatch(/parent|carer|Court/)
  })
})

describe('a parent whom a court has barred from knowing where the child lives', () => {
  async function apart() {
    const [father, mother] = [await register(app), await register(app)]
    const child = await register(app, {
      name: { given: 'Aloma', family: [randomUUID().replaceAll(/\d|-/g, 'o')] },
      dateOfBirth: aged(7),
      representatives: [
        { kind: 'parent', neighbourId: mother.id },
        { kind: 'parent', neighbourId: father.id, limits: ['not-told-where'], court: 'Family court 4, 88/2026' },
      ],
    })
    const fetchAs = async (parent: string, profile: string) => {
      const me = await signedIn(app, { kind: 'resident', subject: parent })
      return me.send('/me/children', { child: child.id, profile, idempotencyKey: randomUUID() }, '/me/children')
    }
    return { father, mother, child, fetchAs }
  }

  it('sees that the child is registered, and no proof that says where', async () => {
    const { father, mother, child, fetchAs } = await apart()
    const me = await signedIn(app, { kind: 'resident', subject: father.id })
    const page = await (await me.open('/me/children')).text()
    expect(page).toContain('Aloma')
    expect(page).not.toContain('value="school-enrolment"')
    expect((await fetchAs(father.id, 'school-enrolment')).status).toBe(403)
    expect((await fetchAs(mother.id, 'school-enrolment')).status).toBe(200)
    const hers = await signedIn(app, { kind: 'resident', subject: mother.id })
    expect(await (await hers.open('/me/children')).text()).toContain('value="school-enrolment"')
    // Neither page says anything of the other parent.
    for (const other of [mother.id, father.id]) expect(page).not.toContain(other)
    expect((await openRecord(app, child.id)).status).toBe(200)
  })

  it('is told by no field of the record, whatever is asked in their name', async () => {
    const { father, child } = await apart()
    const acting = {
      kind: 'resident',
      id: `representative ${father.id}`,
      neighbourId: child.id,
      representative: { neighbourId: father.id, toldWhere: false },
    } as const
    const ask = { municipalityId: app.town.id, requester: acting, action: 'open', purpose: 'acting-for' } as const
    const open = (field: string) =>
      app.rooms.gate.open<Record<string, string>, string, void>(
        { ...ask, fields: [field] },
        async () => [],
        () => {},
      )
    for (const field of ['address', 'household', 'contact', 'representatives', 'said', 'history', 'lookUps'])
      await expect(open(field), field).rejects.toMatchObject({ code: 'refused' })
    await open('name')
  })
})

describe('a child who moves', () => {
  const move = async (id: string, body: object) =>
    app.ask<{ errors: { pointer: string }[] }>('POST', `/v1/neighbours/${id}/residences`, {
      as: 'clerk',
      body: { address: { kind: 'dwelling', streetName: 'de la Mudança', number: '3' }, ...body },
      ifMatch: await version(id),
    })

  it('moves on the word of everyone who has a say, or of a court, with or without the household', async () => {
    const mother = await register(app)
    const child = await register(app, {
      dateOfBirth: aged(8),
      ...inHousehold(mother),
      representatives: [{ kind: 'parent', neighbourId: mother.id }],
    })
    expect((await move(child.id, {})).body.errors).toMatchObject([{ pointer: '/agreement' }])
    expect((await move(mother.id, { everyone: true })).body.errors).toMatchObject([{ pointer: '/agreement' }])
    expect((await move(mother.id, { everyone: true, agreement: 'all-agree' })).status).toBe(201)
    const apart = { address: { kind: 'dwelling', streetName: 'del Jutjat', number: '1' } }
    expect((await move(child.id, { ...apart, agreement: 'court-order' })).status).toBe(201)
    expect((await move(mother.id, apart)).status).toBe(201)
  })

  it('does not say alone, on their own page, that they live elsewhere', async () => {
    const child = await register(app, { dateOfBirth: aged(15) })
    const me = await signedIn(app, { kind: 'resident', subject: child.id })
    const sent = await me.send(
      '/me/change/move',
      { version: '1', idempotencyKey: randomUUID(), where: 'dwelling', street: 'de la Fuga', number: '1' },
      '/me/change/move',
    )
    expect(sent.status).toBe(409)
    expect((await openRecord(app, child.id)).body.address).toMatchObject({ streetName: 'del Molí' })
  })
})

describe('a child nobody acts for any more', () => {
  // No others are among them.
  beforeEach(async () => {
    await app.peek('update representatives set settled_at = now() where ended_at is not null')
  })

  it('is on a worklist with the household beside it, until somebody acts for it or nobody has to', async () => {
    const [mother, aunt] = [await register(app), await register(app, { name: { given: 'Tietamar' } })]
    const child = await register(app, {
      name: { given: 'Orfeta' },
      dateOfBirth: aged(6),
      ...inHousehold(aunt),
      representatives: [{ kind: 'parent', neighbourId: mother.id }],
    })
    const clerk = await staff('clerk')
    const list = async () => (await clerk.send('/desk/unrepresented', {}, '/desk/work')).text()
    expect(await list()).not.toContain('Orfeta')
    await depart(mother.id)
    expect(await (await clerk.open('/desk/work')).text()).toContain('There may be somebody')
    const shown = await list()
    expect(shown).toContain('Orfeta')
    expect(shown).toContain('Tietamar')
    await act(child.id, { kind: 'guardian', neighbourId: aunt.id })
    expect(await list()).not.toContain('Orfeta')
    const [representation] = await representations(child.id)
    await app.ask('POST', `/v1/neighbours/${child.id}/representatives/${representation?.id}/end`, { as: 'clerk' })
    expect(await list()).toContain('Orfeta')
    expect(await (await clerk.send('/desk/unrepresented', { settle: child.id }, '/desk/work')).text()).not.toContain(
      'Orfeta',
    )
    expect(await list()).not.toContain('Orfeta')
  })

  it('is seen by supervisors alone where the child is hidden, and no number tells', async () => {
    const mother = await register(app)
    const child = await register(app, {
      name: { given: 'Amagat' },
      dateOfBirth: aged(6),
      protected: true,
      representatives: [{ kind: 'parent', neighbourId: mother.id }],
    })
    const [clerk, supervisor] = [await staff('clerk'), await staff('supervisor')]
    await depart(mother.id)
    expect(await (await clerk.open('/desk/work')).text()).not.toContain('There may be somebody')
    expect(await (await clerk.send('/desk/unrepresented', {}, '/desk/work')).text()).not.toContain('Amagat')
    const seen = await (await supervisor.send('/desk/unrepresented', {}, '/desk/work')).text()
    expect(seen).toContain('Amagat')
    expect(seen).toContain(child.id)
  })

  it('leaves it when the child comes of age, and is not looked at again', async () => {
    const mother = await register(app)
    await register(app, {
      name: { given: 'Gairebegran' },
      dateOfBirth: aged(16),
      representatives: [{ kind: 'parent', neighbourId: mother.id }],
    })
    await depart(mother.id)
    app.clock.advance({ hours: 24 * 366 * 3 })
    const clerk = await staff('clerk')
    expect(await (await clerk.send('/desk/unrepresented', {}, '/desk/work')).text()).not.toContain('Gairebegran')
    expect(await app.peek(`select 1 from representatives where ended_at is not null and settled_at is null`)).toEqual(
      [],
    )
  })
})

describe('the desk', () => {
  it('finds the adult by name, records and ends the representation, and keeps what was typed where something is wrong', async () => {
    const aunt = await register(app, { name: { given: 'Remedios', family: ['Bruguera'] } })
    const child = await register(app, { dateOfBirth: aged(3) })
    const clerk = await staff('clerk')
    const base = `/desk/neighbours/${child.id}/representatives`
    const found = await (await clerk.send(`${base}/find`, { said: 'Remedios Bruguera' }, base)).text()
    expect(found).toContain(aunt.id)
    const send = (fields: Record<string, string>) => clerk.send(base, { idempotencyKey: randomUUID(), ...fields }, base)
    const wrong = await send({ who: aunt.id, kind: 'guardian', court: 'Court of Vallmar' })
    expect(wrong.status).toBe(422)
    expect((await send({ who: aunt.id, kind: 'guardian' })).status).toBe(303)
    const page = await (await clerk.open(base)).text()
    expect(page).toContain('Remedios Bruguera')
    const [representation] = await representations(child.id)
    expect((await clerk.send(`${base}/${representation?.id}`, { end: 'yes' }, base)).status).toBe(303)
    expect((await send({ institution: 'Casa Oberta' })).status).toBe(303)
    expect(await representations(child.id)).toMatchObject([{ kind: 'institution', name: 'Casa Oberta' }])
  })
})
