import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMovement } from '../../../src/registry/person/movements.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { openRecord, type RegisteredAnswer, register, somebody } from '../../support/people.ts'
import { dataKey } from '../../support/unseal.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const post = (body: unknown, more: object = {}) =>
  app.ask<RegisteredAnswer & { code: string; errors: { pointer: string }[]; candidates: { id: string }[] }>(
    'POST',
    '/v1/neighbours',
    { as: 'clerk', body, ...more },
  )

describe('registering a neighbour', () => {
  it('needs one name and a kind of address, nothing else, and is effective at once', async () => {
    const answer = await post({ name: { given: 'Suharti' }, address: { kind: 'no-fixed-address' } })
    expect(answer.status).toBe(201)
    const today = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().toString()
    expect(answer.body).toEqual({
      id: expect.any(String),
      householdId: expect.any(String),
      residentSince: today,
      version: 1,
    })
    const record = await openRecord(app, answer.body.id)
    expect(record.status).toBe(200)
    expect(record.body).toMatchObject({
      name: { given: 'Suharti' },
      residence: { validFrom: today, residentSince: today },
      household: { size: 1 },
    })
  })

  it('gives a neighbour without an address the reference address of the town', async () => {
    const { id } = await register(app, {
      address: { kind: 'no-fixed-address', usualArea: 'The arches by the river' },
    })
    expect((await openRecord(app, id)).body.address).toEqual({
      kind: 'no-fixed-address',
      referenceAddress: app.town.referenceAddress,
      usualArea: 'The arches by the river',
    })
  })

  it.each([
    [
      {
        kind: 'dwelling',
        streetType: 'carrer',
        streetName: 'Major',
        number: '401',
        floor: '3',
        door: '2',
        postcode: '99001',
        territory: { province: '99', municipality: '999', district: '01', section: '002' },
      },
    ],
    [{ kind: 'dwelling', description: 'Mas Rovira, after the second bridge' }],
    [
      {
        kind: 'informal-dwelling',
        description: 'A caravan behind the mill',
        coordinates: { latitude: 41.2, longitude: 1.7 },
      },
    ],
    [{ kind: 'collective', streetName: 'del Convent' }],
    [{ kind: 'collective', name: 'Night shelter', streetName: 'del Convent' }],
    [{ kind: 'no-fixed-address', referenceAddress: { name: 'Casal de barri', number: '4' } }],
  ] as const)('keeps an address as it was told: %j', async (address) => {
    const { id } = await register(app, { address: structuredClone(address) as never })
    expect((await openRecord(app, id)).body.address).toEqual(address)
  })

  it.each([
    [{ given: 'Megawangi' }],
    [{ family: ['Papadopoulos'] }],
    [{ given: 'María del Carmen', family: ['García', 'de la Fuente'] }],
    [{ given: 'محمد', family: ['العلوي'], transliteration: { given: 'Mohammed', family: ['El Alaoui'] } }],
    [{ given: '秀英', family: ['欧阳'] }],
    [{ given: 'Siobhán', family: ["O'Brien-Ní Dhomhnaill"] }],
    [{ given: 'ትዕግስት', family: ['ተስፋዬ'] }],
    [{ given: 'N’Diaye' }],
    [{ given: '\u{20BB7}\u{91CE}' }],
  ])('keeps a name as its bearer has it: %j', async (name) => {
    const { id } = await register(app, { name, dateOfBirth: '1988-02-29' })
    expect((await openRecord(app, id)).body.name).toEqual(name)
  })

  it.each(['1990-05-17', '1990-05', '1990', '1990~', '2004-02-29', '1989-12~'])(
    'takes the date of birth %s',
    async (dateOfBirth) => {
      const { id } = await register(app, { dateOfBirth })
      expect((await openRecord(app, id)).body.dateOfBirth).toBe(dateOfBirth)
    },
  )

  it.each(['1990-02-29', '1990-13', '90', 'yesterday', '1990-05-17T00:00', ''])(
    'refuses a date of birth that is none: %j',
    async (dateOfBirth) => {
      const answer = await post(somebody({ dateOfBirth }))
      expect(answer.status).toBe(422)
      expect(answer.body.errors).toMatchObject([{ pointer: '/dateOfBirth' }])
    },
  )

  it('takes a day in the past and refuses one in the future', async () => {
    const past = await register(app, { since: '2015-06-01' })
    expect(past.residentSince).toBe('2015-06-01')
    const future = await post(somebody({ since: '2999-01-01' }))
    expect(future).toMatchObject({ status: 422, body: { errors: [{ pointer: '/since' }] } })
  })

  it('keeps what is told about sex, contact and languages, and invents nothing', async () => {
    const { id } = await register(app, { sex: 'x', contact: { phone: '+34 600 000 000' }, languages: ['ff', 'wo'] })
    expect((await openRecord(app, id)).body).toMatchObject({
      sex: 'x',
      contact: { phone: '+34 600 000 000' },
      languages: ['ff', 'wo'],
    })
    const other = await register(app)
    const record = (await openRecord(app, other.id)).body
    for (const field of ['sex', 'contact', 'languages', 'representatives', 'departedOn'])
      expect(record).not.toHaveProperty(field)
  })

  it.each(['nationality', 'immigrationStatus', 'visa', 'countryOfBirth', 'religion', 'documentType'])(
    'refuses the field %s by name: there is nowhere to keep it',
    async (field) => {
      const answer = await post({ ...somebody(), [field]: 'x' })
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: `/${field}` }] } })
    },
  )

  it('refuses unknown fields at every depth', async () => {
    const body = { ...somebody(), name: { given: 'Ada', tribe: 'x' } }
    expect(await post(body)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/name/tribe' }] } })
  })

  it('adds somebody to a household that is there', async () => {
    const first = await register(app)
    const body = somebody()
    delete body.address
    const second = await post({ ...body, householdId: first.householdId })
    expect(second.body.householdId).toBe(first.householdId)
    expect((await openRecord(app, first.id)).body.household).toEqual({ id: first.householdId, size: 2 })
    expect((await openRecord(app, second.body.id)).body.address).toEqual((await openRecord(app, first.id)).body.address)
  })

  it('refuses a household or a representative that is not here, naming the field', async () => {
    const body = somebody()
    delete body.address
    expect(await post({ ...body, householdId: randomUUID() })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/householdId' }] },
    })
    expect(await post(somebody({ representatives: [{ kind: 'guardian', neighbourId: randomUUID() }] }))).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/representatives/0/neighbourId' }] },
    })
  })

  it('names who acts for a child: a neighbour or somebody else', async () => {
    const parent = await register(app)
    const child = await register(app, {
      dateOfBirth: '2024-01-09',
      representatives: [{ kind: 'parent', neighbourId: parent.id }],
    })
    expect((await openRecord(app, child.id)).body.representatives).toMatchObject([
      { kind: 'parent', neighbourId: parent.id },
    ])
    const ward = await register(app, {
      dateOfBirth: '2014',
      representatives: [{ kind: 'institution', name: 'Casa Oberta', role: 'shelter' }],
    })
    expect((await openRecord(app, ward.id)).body.representatives).toMatchObject([
      { kind: 'institution', name: 'Casa Oberta', role: 'shelter' },
    ])
  })

  it('hides a protected neighbour from clerks at once, and a supervisor still sees them', async () => {
    const { id } = await register(app, { protected: true })
    const unknown = await openRecord(app, randomUUID())
    const hidden = await openRecord(app, id)
    expect(hidden.status).toBe(404)
    expect(hidden.text).toBe(unknown.text)
    expect((await openRecord(app, id, 'supervisor')).status).toBe(200)
  })
})

describe('repeating a registration', () => {
  it('gives the first answer again under the same Idempotency-Key', async () => {
    const body = somebody()
    const idempotencyKey = randomUUID()
    const first = await post(body, { idempotencyKey })
    const again = await post(body, { idempotencyKey })
    expect(again.status).toBe(201)
    expect(again.body).toEqual(first.body)
  })

  it('gives it again also for a neighbour hidden from the clerk who registered them', async () => {
    const body = somebody({ protected: true })
    const idempotencyKey = randomUUID()
    const first = await post(body, { idempotencyKey })
    expect((await post(body, { idempotencyKey })).body).toEqual(first.body)
  })

  it('refuses another form under the same key', async () => {
    const idempotencyKey = randomUUID()
    await post(somebody(), { idempotencyKey })
    expect(await post(somebody(), { idempotencyKey })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-mismatch' },
    })
  })

  it('asks for the key when it is missing', async () => {
    expect(await post(somebody(), { idempotencyKey: null })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: 'header:Idempotency-Key' }] },
    })
  })

  it('keeps the keys of two clerks apart', async () => {
    const idempotencyKey = randomUUID()
    const mine = await post(somebody(), { idempotencyKey })
    const theirs = await post(somebody(), { idempotencyKey, as: 'second-clerk' })
    expect([mine.status, theirs.status]).toEqual([201, 201])
  })
})

describe('somebody who is registered already', () => {
  it('is noticed before a second record is made', async () => {
    const { id } = await register(app, {
      name: { given: 'Fatoumata', family: ['Sanogo'] },
      dateOfBirth: '1991-04-02',
    })
    const answer = await post(somebody({ name: { given: 'Fatumata', family: ['Sanogo'] }, dateOfBirth: '1991' }))
    expect(answer).toMatchObject({ status: 409, body: { code: 'duplicate-suspected' } })
    expect(answer.body.candidates).toEqual([
      { id, name: { given: 'Fatoumata', family: ['Sanogo'] }, dateOfBirth: '1991-04-02' },
    ])
  })

  it('wants the number of a document, not a line of its reader: that would never be recognised again', async () => {
    const document = 'X12345678<8UTO8503126F3009154<<<<<<<<<<<<<<06'
    const answer = await app.ask('POST', '/v1/neighbours', {
      as: 'clerk',
      body: somebody({ evidence: { strength: 'photo-document', document } }),
    })
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/evidence/document' }] } })
    expect(JSON.stringify(answer.body)).not.toContain('X1234')
    const search = { as: 'clerk', purpose: 'counter-service', body: { document } } as const
    expect((await app.ask('POST', '/v1/neighbours/search', search)).status).toBe(422)
  })

  it('is noticed by the same document, whatever name is given', async () => {
    const document = `INVENTED-${randomUUID()}`
    const { id } = await register(app, { evidence: { strength: 'photo-document', document } })
    const answer = await post(
      somebody({ evidence: { strength: 'document', document: document.toLowerCase().replaceAll('-', ' ') } }),
    )
    expect(answer).toMatchObject({ status: 409, body: { candidates: [{ id }] } })
  })

  it('is not suspected for sharing a name with somebody of another age', async () => {
    await register(app, { name: { given: 'Jordi', family: ['Puig', 'Soler'] }, dateOfBirth: '1950-01-01' })
    const other = await post(
      somebody({ name: { given: 'Jordi', family: ['Puig', 'Soler'] }, dateOfBirth: '1999-01-01' }),
    )
    expect(other.status).toBe(201)
  })

  it('is registered all the same when the clerk says they are two people, and that is recorded', async () => {
    const name = { given: 'Ayesha', family: ['Khan'] }
    const first = await register(app, { name, dateOfBirth: '1980' })
    const twin = await post(somebody({ name, dateOfBirth: '1980', confirmedDistinct: true }))
    expect(twin.status).toBe(201)
    const [movement] = await app.peek<{ id: string; details: Uint8Array }>(
      `select id, details from movements where neighbour_id = '${twin.body.id}'`,
    )
    if (movement === undefined) throw new Error('no movement')
    const opened = openMovement(await dataKey(app, twin.body.id), movement)
    expect(opened).toMatchObject({ kind: 'registration', cause: 'arrival', recordedBy: 'clerk' })
    expect(opened.said).toMatchObject({ confirmedDistinctFrom: [first.id] })
  })

  it('does not reveal a protected neighbour to the clerk who types their name', async () => {
    const name = { given: 'Marisol', family: ['Quispe'] }
    await register(app, { name, dateOfBirth: '1985', protected: true })
    expect((await post(somebody({ name, dateOfBirth: '1985' }))).status).toBe(201)
  })
})
