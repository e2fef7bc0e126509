import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Refusal, type Requester, type Staff } from '../../src/firewall/requester.ts'
import { createStandings } from '../../src/firewall/standing.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { openNeighbour } from '../../src/registry/person/neighbours.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesOf } from '../support/entries.ts'
import { openRecord, register, somebody } from '../support/people.ts'

const OFFICE = '0192f000-0000-7000-8000-000000000001'
const BORDER = '0192f000-0000-7000-8000-000000000005'
const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: OFFICE }

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const entriesSince = (id: string) => entriesOf(app, `id > '${id}'`)
const lastEntry = async () =>
  (await app.peek<{ id: string }>('select id from ledger_entries order by id desc limit 1'))[0]?.id ?? ''

describe('opening a record', () => {
  it('leaves an entry that says who, why, which fields and which policies, sealed to the neighbour', async () => {
    const { id } = await register(app)
    const before = await lastEntry()
    await app.ask('GET', `/v1/neighbours/${id}?fields=name,address`, { as: 'clerk', purpose: 'counter-service' })
    const [entry, ...others] = await entriesSince(before)
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      action: 'open',
      purpose: 'counter-service',
      outcome: 'permitted',
      requester_kind: 'staff',
      subject_id: id,
    })
    expect(entry?.content).toMatchObject({
      requester: 'clerk',
      organisation: OFFICE,
      fields: ['name', 'address'],
      policies: ['staff.purpose'],
      subject: id,
      salt: expect.any(String),
    })
  })

  it('opens the fields asked for and no others', async () => {
    const { id } = await register(app, { sex: 'x', contact: { phone: '+34 600 000 002' } })
    const answer = await app.ask('GET', `/v1/neighbours/${id}?fields=name`, {
      as: 'clerk',
      purpose: 'counter-service',
    })
    expect(Object.keys(answer.body).sort()).toEqual(['id', 'name', 'version'])
  })

  it('opens no field the purpose does not need', async () => {
    const { id } = await register(app)
    const answer = await app.ask('GET', `/v1/neighbours/${id}?fields=name,representatives`, {
      as: 'clerk',
      purpose: 'departure',
    })
    expect(answer).toMatchObject({ status: 403, body: { code: 'refused' } })
    expect(
      (await app.ask('GET', `/v1/neighbours/${id}?fields=name,address`, { as: 'clerk', purpose: 'departure' })).status,
    ).toBe(200)
  })

  it('needs a purpose', async () => {
    const { id } = await register(app)
    expect(await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: 'header:Padron-Purpose' }] },
    })
  })

  it.each(['legal', 'auditor'])('is not for a %s, who has no purpose that opens records', async (role) => {
    const { id } = await register(app)
    expect((await openRecord(app, id, role)).status).toBe(403)
  })

  it.each(['library', 'border-agency', 'joint-unit', 'address-check', 'unknown'])(
    'is not for the machine of %s',
    async (client) => {
      const { id } = await register(app)
      expect((await openRecord(app, id, client)).status).toBe(403)
    },
  )
})

describe('when the ledger cannot be written', () => {
  it('nothing is disclosed and nothing is changed', async () => {
    const { id, version } = await register(app)
    await app.peek(
      `create function no_ledger() returns trigger language plpgsql as 'begin raise exception ''the disk is full''; end'`,
    )
    await app.peek(
      'create trigger no_ledger before insert on ledger_entries for each statement execute function no_ledger()',
    )
    try {
      const read = await openRecord(app, id)
      expect(read).toMatchObject({ status: 500, body: { code: 'unexpected' } })
      expect(read.text).not.toContain('disk')
      expect(
        (await app.ask('PATCH', `/v1/neighbours/${id}`, { as: 'clerk', body: { sex: 'x' }, ifMatch: version })).status,
      ).toBe(500)
      expect(
        (
          await app.ask('POST', '/v1/neighbours', {
            as: 'clerk',
            body: somebody({ name: { given: 'Sense Registre' } }),
          })
        ).status,
      ).toBe(500)
      expect(
        (await app.ask('POST', `/v1/neighbours/${id}/proofs`, { as: 'clerk', body: { profile: 'library' } })).status,
      ).toBe(500)
    } finally {
      await app.peek('drop trigger no_ledger on ledger_entries')
    }
    expect((await openRecord(app, id)).headers.get('etag')).toBe('"1"')
    expect(await app.peek('select id from proofs where mark is not null')).toEqual([])
  })
})

describe('a refusal', () => {
  it('is in the ledger, and says nothing the requester made up', async () => {
    const { id } = await register(app)
    const before = await lastEntry()
    await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'immigration-control' })
    await app.ask('GET', `/v1/neighbours/${id}`, { as: 'border-agency', purpose: 'counter-service' })
    const entries = await entriesSince(before)
    expect(entries.map(({ outcome, purpose }) => `${outcome} ${purpose}`)).toContain('refused immigration-control')
    for (const entry of entries) expect(entry.subject_id).toBeNull()
  })

  it('keeps neither the fields that were asked for nor a purpose of the caller’s own words', async () => {
    const { id } = await register(app)
    for (const purpose of ['departure', `born ${'x'.repeat(70)}`]) {
      const before = await lastEntry()
      const ask = { purpose, fields: ['name', 'representatives'] as const }
      await expect(openNeighbour(app.rooms, { town: app.town, by: clerk }, { id, ask })).rejects.toBeInstanceOf(Refusal)
      const [entry, ...others] = await entriesSince(before)
      expect(others).toEqual([])
      expect(entry).toMatchObject({ outcome: 'refused', subject_id: null })
      expect(entry?.purpose).toBe(purpose === 'departure' ? 'departure' : 'unknown')
      expect(entry?.content).toMatchObject({ requester: 'clerk', fields: [], subject: null })
    }
  })

  it('is what everybody gets of a town that has no row, or no longer has one', async () => {
    const standing = await inMunicipality(app.database, app.town.id, (transaction) =>
      createStandings().of(
        transaction,
        {
          municipalityId: randomUUID(),
          requester: { kind: 'resident', id: 'r', neighbourId: randomUUID() },
          action: 'open',
          purpose: 'own-record',
          fields: ['name'],
        },
        app.clock.now(),
      ),
    )
    expect(standing).toMatchObject({ lockdown: true, overBudget: true, ended: true })
  })

  it('is the same for a neighbour who exists and one who does not', async () => {
    const { id } = await register(app)
    for (const purpose of ['immigration-control', 'registration', 'made-up']) {
      const real = await app.ask('GET', `/v1/neighbours/${id}?fields=history`.replace('history', 'household'), {
        as: 'clerk',
        purpose,
      })
      const none = await app.ask('GET', `/v1/neighbours/${randomUUID()}?fields=household`, { as: 'clerk', purpose })
      expect(real.status).toBe(403)
      expect(none.text).toBe(real.text)
      expect(none.status).toBe(real.status)
    }
  })
})

describe('a path to immigration enforcement', () => {
  it('closes the gate to staff lent to it, from the moment it is recorded', async () => {
    const { id } = await register(app)
    expect((await openRecord(app, id)).status).toBe(200)
    await app.peek(
      `insert into organisation_links (municipality_id, organisation_id, kind, related_id) values ('${app.town.id}', '${OFFICE}', 'memberOf', '${BORDER}')`,
    )
    try {
      expect((await openRecord(app, id)).status).toBe(403)
      expect((await app.ask('POST', '/v1/neighbours', { as: 'clerk', body: somebody() })).status).toBe(403)
    } finally {
      await app.peek(`delete from organisation_links where organisation_id = '${OFFICE}' and related_id = '${BORDER}'`)
    }
    expect((await openRecord(app, id)).status).toBe(200)
  })

  it('closes it however long it is and whatever circles it makes', async () => {
    const chain = Array.from({ length: 6 }, () => randomUUID())
    for (const id of chain)
      await app.peek(`insert into organisations (id, municipality_id, name) values ('${id}', '${app.town.id}', 'Link')`)
    const link = (from: string, kind: string, to: string) =>
      app.peek(
        `insert into organisation_links (municipality_id, organisation_id, kind, related_id) values ('${app.town.id}', '${from}', '${kind}', '${to}')`,
      )
    for (const [i, id] of chain.entries()) {
      const next = chain[i + 1] ?? chain[0] ?? ''
      await link(id, ['memberOf', 'reportsTo', 'sharesWith'][i % 3] ?? 'memberOf', next)
    }
    const lent: Requester = { ...clerk, organisationId: chain[0] ?? '' }
    const { id } = await register(app)
    const ask = () =>
      openNeighbour(
        app.rooms,
        { town: app.town, by: lent },
        { id, ask: { purpose: 'counter-service', fields: ['name'] } },
      )
    await expect(ask()).resolves.toBeDefined()
    await link(chain[5] ?? '', 'sharesWith', BORDER)
    await expect(ask()).rejects.toBeInstanceOf(Refusal)
  })
})

describe('another municipality', () => {
  it('is not seen, not even by a query that forgets to say which one', async () => {
    const { id } = await register(app)
    const elsewhere = randomUUID()
    const seen = await app.database.transaction().execute(async (transaction) => {
      await sql`select set_config('padron.municipality', ${elsewhere}, true)`.execute(transaction)
      return transaction.selectFrom('neighbours').select('id').execute()
    })
    expect(seen).toEqual([])
    const unsaid = await app.database
      .transaction()
      .execute((transaction) => transaction.selectFrom('neighbours').select('id').execute())
    expect(unsaid).toEqual([])
    expect(id).toBeDefined()
  })
})
