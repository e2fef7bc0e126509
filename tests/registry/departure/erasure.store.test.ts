import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { ed25519Verifier } from '../../../src/ledger/checkpoint.ts'
import { leafRecounter } from '../../../src/ledger/recount.ts'
import { sequencer } from '../../../src/ledger/sequencer.ts'
import { verifyLedger } from '../../../src/ledger/verify.ts'
import { inMunicipality } from '../../../src/platform/database.ts'
import type { Registration } from '../../../src/registry/model.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const PERSON: Partial<Registration> = {
  name: { given: 'Oblidada', family: ['Persona'] },
  dateOfBirth: '1979-04-02',
  evidence: { strength: 'document', document: 'ZZ-998877' },
  since: '2015-01-01',
}
const depart = (id: string, cause: 'moved-away' | 'death' = 'moved-away') =>
  app.ask('POST', `/v1/neighbours/${id}/departures`, {
    as: 'clerk',
    body: { cause, ...(cause === 'moved-away' ? { saidBy: 'in-person' } : {}) },
    ifMatch: 1,
  })
const propose = (id: string, ground = 'time-over', as = 'supervisor') =>
  app.ask<{ id: string; code: string }>('POST', `/v1/neighbours/${id}/erasures`, { as, body: { ground } })
const decide = (id: string, approves = true, as = 'legal') =>
  app.ask<{ decision: string; code: string }>('POST', `/v1/erasures/${id}/decision`, { as, body: { approves } })
const find = (body: object) =>
  app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
    as: 'clerk',
    purpose: 'counter-service',
    body,
  })
const rowsAbout = async (id: string) => {
  const tables = await app.peek<{ table_name: string; column_name: string }>(
    `select table_name, column_name from information_schema.columns where table_schema = 'public'
       and column_name in ('neighbour_id', 'representative_id', 'response_owner', 'subject')`,
  )
  const counts: Record<string, number> = {}
  for (const { table_name, column_name } of tables) {
    const [row] = await app.peek<{ n: number }>(
      `select count(*)::integer as n from ${table_name} where ${column_name}::text = '${id}'`,
    )
    if (row?.n) counts[table_name] = row.n
  }
  return counts
}

describe('somebody who has left', () => {
  it('is forgotten for ever when two people say so, and the ledger stands', async () => {
    const { id, householdId } = await register(app, { ...PERSON })
    const mate = await register(app, { householdId, address: undefined } as object)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    await me.send('/me/proof', { profile: 'library', idempotencyKey: randomUUID() }, '/me/proof')
    await me.send('/complain', { kind: 'change', text: 'Oblidada wrote this' }, '/me')
    const [evidence] = await app.peek<{ document_hash: Buffer }>(
      `select document_hash from evidence where neighbour_id = '${id}'`,
    )
    await depart(id)

    expect(await propose(id)).toMatchObject({ status: 409, body: { code: 'kept-by-law' } })
    app.clock.advance({ hours: 24 * 366 * 5 })
    expect((await propose(id, 'time-over', 'clerk')).status).toBe(403)
    const proposed = await propose(id)
    expect(proposed.status).toBe(201)
    expect(await propose(id)).toMatchObject({ status: 409, body: { code: 'erasure-open' } })
    expect((await decide(proposed.body.id, true, 'supervisor')).status).toBe(403)
    expect((await openRecord(app, id, 'supervisor')).status).toBe(200)
    expect((await find({ document: 'ZZ-998877' })).body.matches).toHaveLength(1)

    // Both ends are said: the morning after, and the day on which the last backup goes.
    const day = app.clock.now().toZonedDateTimeISO(app.town.timeZone).toPlainDate()
    const ends = { goneOn: day.add({ days: 1 }).toString(), backupsUntil: day.add({ days: 36 }).toString() }
    expect((await decide(proposed.body.id)).body).toEqual({ decision: 'approved', ...ends })
    expect((await app.ask('GET', '/v1/erasures', { as: 'legal' })).body).toMatchObject({
      ends,
      decided: [{ id: proposed.body.id, decidedOn: day.toString(), gone: false, ...ends }],
    })

    expect((await openRecord(app, id, 'supervisor')).status).toBe(404)
    expect((await find({ document: 'ZZ-998877' })).body.matches).toEqual([])
    expect((await find({ name: 'Oblidada Persona' })).body.matches).toEqual([])
    expect((await me.open('/me/record')).status).toBe(303)
    expect(await app.peek(`select from data_keys where id = '${id}'`)).toEqual([])
    // What is left is sealed to a key that is nowhere, or says only that somebody came and went.
    expect(Object.keys(await rowsAbout(id)).sort()).toEqual([
      'erasures',
      'evidence',
      'movements',
      'particulars',
      'search_tokens',
    ])
    // Other bytes stand where the hash of the document stood.
    const [left] = await app.peek<{ document_hash: Buffer }>(
      `select document_hash from evidence where neighbour_id = '${id}'`,
    )
    expect(left?.document_hash).toHaveLength(32)
    expect(left?.document_hash).not.toEqual(evidence?.document_hash)
    expect(await app.peek(`select from search_tokens where neighbour_id = '${id}' and tokens <> '{}'`)).toEqual([])
    // Whoever lives where they lived is not disturbed.
    expect((await openRecord(app, mate.id)).body).toMatchObject({ address: { kind: 'dwelling' } })
    // They may come back, as somebody the registry has never seen.
    const back = await register(app, { ...PERSON, since: '2026-01-02' })
    expect(back.id).not.toBe(id)

    const key = await app.rooms.signers.of(app.town)
    await sequencer(app.database).place(app.town.id, key)
    const report = await verifyLedger(app.database, app.town.id, {
      key,
      verifySignature: ed25519Verifier(key.publicKey),
      recount: leafRecounter(app.keys),
      kept: [],
      role: 'padron_gate',
    })
    expect(report.findings).toEqual([])
    expect(report.erased).toBeGreaterThan(0)
  })

  it('takes along an address at which nobody else was ever registered', async () => {
    const { id, householdId } = await register(app, {
      address: { kind: 'no-fixed-address', usualArea: 'under the bridge' },
    })
    await depart(id)
    app.clock.advance({ hours: 24 * 366 * 5 })
    const [{ address_id: address } = { address_id: '' }] = await app.peek<{ address_id: string }>(
      `select address_id from households where id = '${householdId}'`,
    )
    await decide((await propose(id)).body.id)
    expect(await app.peek(`select from addresses where id = '${address}'`)).toEqual([])
    expect(await app.peek(`select from data_keys where id = '${address}'`)).toEqual([])
  })

  it('stays when a legal officer says no', async () => {
    const { id } = await register(app)
    await depart(id, 'death')
    const { body } = await propose(id, 'court')
    expect((await decide(body.id, false)).body).toEqual({ decision: 'refused' })
    expect((await decide(body.id)).status).toBe(404)
    expect((await openRecord(app, id)).status).toBe(200)
  })

  it('is erased by pages as well, with a tick that says it cannot be undone', async () => {
    const { id } = await register(app)
    await depart(id)
    const staff = (role: 'supervisor' | 'legal', subject: string = role) =>
      signedIn(app, { kind: 'staff', subject, role, office: DEMO_OFFICE })
    const supervisor = await staff('supervisor')
    const page = `/desk/neighbours/${id}`
    expect(await (await supervisor.open(page)).text()).toContain('Propose to erase')
    expect((await supervisor.send(`${page}/erase`, { ground: 'court' }, page)).status).toBe(303)
    // The same person in another role decides nothing.
    const both = await staff('legal', 'supervisor')
    const erasure = /name="erasure" value="([^"]+)"/.exec(await (await both.open('/desk/erasures')).text())?.[1] ?? ''
    const form = { erasure, act: 'erase', sure: 'yes' }
    expect((await both.send('/desk/erasures', form, '/desk/erasures')).status).toBe(409)
    const legal = await staff('legal')
    expect((await legal.send('/desk/erasures', { erasure, act: 'erase' }, '/desk/erasures')).status).toBe(422)
    expect((await legal.send('/desk/erasures', form, '/desk/erasures')).status).toBe(303)
    expect((await openRecord(app, id, 'supervisor')).status).toBe(404)
  })
})

describe('nobody else is erased', () => {
  it('not somebody who lives here, and not on a ground that is not theirs', async () => {
    const { id } = await register(app)
    expect(await propose(id, 'court')).toMatchObject({ status: 409, body: { code: 'still-a-neighbour' } })
    await depart(id)
    expect(await propose(id, 'wrongly-registered')).toMatchObject({ status: 409, body: { code: 'kept-by-law' } })
    expect((await propose(randomUUID(), 'court')).status).toBe(404)
  })

  it('not by the service’s own login without an approval, nor a hash of a document, nor a residence', async () => {
    const { id } = await register(app, { evidence: { strength: 'document', document: 'ZZ-112233' } })
    await depart(id)
    const { body } = await propose(id, 'court')
    const asService = (statement: ReturnType<typeof sql>) =>
      inMunicipality(app.database, app.town.id, (transaction) => statement.execute(transaction))
    await expect(asService(sql`select erase_neighbour(${body.id}::text::uuid)`)).rejects.toMatchObject({
      code: 'PD003',
    })
    await expect(asService(sql`delete from residences where neighbour_id = ${id}`)).rejects.toMatchObject({
      code: '42501',
    })
    await expect(
      asService(sql`update evidence set document_hash = null where neighbour_id = ${id}`),
    ).rejects.toMatchObject({ code: '42501' })
    await expect(
      app.peek(`update evidence set document_hash = null where neighbour_id = '${id}'`),
    ).rejects.toMatchObject({
      code: 'PD002',
    })
  })
})

describe('a neighbour who goes', () => {
  it('says so themself; a clerk ends it, since a stolen card must end nobody’s residence; then nothing is left to come in to', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const form = { version: String(version), idempotencyKey: randomUUID() }
    await me.send('/me/change/leave', form, '/me/change')
    expect((await openRecord(app, id)).body).not.toHaveProperty('departedOn')
    await me.send('/me/change/leave', { ...form, sure: 'yes' }, '/me/change')
    expect((await openRecord(app, id)).body).not.toHaveProperty('departedOn')
    const atDesk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    const list = await (await atDesk.open('/desk/complaints')).text()
    expect(list.split('I am leaving the city')).toHaveLength(2)
    await depart(id)
    expect((await me.open('/me/change')).headers.get('location')).toContain('/me/in')
  })
})
