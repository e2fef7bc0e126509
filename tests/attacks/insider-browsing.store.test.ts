import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesAbout } from '../support/entries.ts'
import { openRecord, register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// A clerk looks people up out of curiosity, or for somebody who asked.

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { hourlyBudgetStaff: 60 } })
})
afterAll(() => app?.close())

interface Flags {
  flags: { id: string; staff: string; neighbourId: string; kind: string }[]
}
const flags = async (as = 'supervisor') => (await app.ask<Flags>('GET', '/v1/flags', { as })).body.flags
const withCase = (id: string, as = 'clerk') =>
  app.ask('GET', `/v1/neighbours/${id}`, { as, purpose: 'counter-service', headers: { 'padron-case': 'T-2041' } })

describe('a look-up', () => {
  it('needs a purpose of the clerk’s own work, and a minimum to search by', async () => {
    const { id } = await register(app)
    expect((await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk' })).status).toBe(422)
    // Registering someone opens what it needs by itself; as a reason to look it would escape flags and a lockdown.
    for (const purpose of ['own-record', 'registration', 'duplicate-check', 'judge-order'])
      expect((await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose })).status, purpose).toBe(403)
    const search = await app.ask('POST', '/v1/neighbours/search', {
      as: 'clerk',
      purpose: 'counter-service',
      body: { name: 'Amina' },
    })
    expect(search.status).toBe(422)
  })

  it('without a case is flagged, with one it is not', async () => {
    const [one, other] = [await register(app), await register(app)]
    await withCase(one.id)
    await openRecord(app, other.id)
    await openRecord(app, other.id)
    const raised = await flags()
    expect(raised.filter(({ neighbourId }) => neighbourId === one.id)).toEqual([])
    expect(raised.filter(({ neighbourId }) => neighbourId === other.id)).toMatchObject([
      { kind: 'no-case', staff: 'clerk' },
    ])
  })

  it('is counted: a supervisor sees who looks how often, in numbers, and whom nowhere', async () => {
    const { id } = await register(app, { name: { given: 'Comptada' } })
    for (let n = 0; n < 3; n += 1) await withCase(id)
    const supervisor = await signedIn(app, {
      kind: 'staff',
      subject: 'boss',
      role: 'supervisor',
      office: DEMO_OFFICE,
    })
    const page = await (await supervisor.open('/desk/flags')).text()
    const [, row = ''] = /<th scope="row"[^>]*><bdi>clerk<\/bdi><\/th>(.*?)<\/tr>/s.exec(page) ?? []
    const [day, busiest] = [...row.matchAll(/<td[^>]*>(\d+)/g)].map(([, n]) => Number(n))
    expect(day).toBeGreaterThanOrEqual(3)
    expect(busiest).toBeLessThanOrEqual(day ?? 0)
    expect(page).not.toContain('Comptada')
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk', role: 'clerk', office: DEMO_OFFICE })
    expect((await clerk.open('/desk/flags')).status).toBe(403)
  })

  it('of oneself, of one’s household and of somebody everyone knows is flagged, case or no case', async () => {
    const me = await register(app)
    const relative = await register(app, { householdId: me.householdId, address: undefined } as never)
    const celebrity = await register(app)
    const link = { as: 'supervisor', body: { staff: 'clerk', neighbourId: me.id } }
    expect((await app.ask('POST', '/v1/staff-records', link)).status).toBe(201)
    const watch = { as: 'supervisor', body: { neighbourId: celebrity.id } }
    expect((await app.ask('POST', '/v1/watched-neighbours', watch)).status).toBe(201)
    for (const { id } of [me, relative, celebrity]) await withCase(id)
    const kindOf = new Map((await flags()).map(({ neighbourId, kind }) => [neighbourId, kind]))
    expect(kindOf.get(me.id)).toBe('own-record')
    expect(kindOf.get(relative.id)).toBe('same-household')
    expect(kindOf.get(celebrity.id)).toBe('watched')
  })

  it('cannot be asked for of somebody who is not there: a supervisor is told so, and a clerk only that it is refused', async () => {
    const nobody = crypto.randomUUID()
    for (const [path, body] of [
      ['/v1/staff-records', { staff: 'clerk', neighbourId: nobody }],
      ['/v1/watched-neighbours', { neighbourId: nobody }],
    ] as const) {
      expect(await app.ask('POST', path, { as: 'supervisor', body })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/neighbourId' }] },
      })
      expect((await app.ask('POST', path, { as: 'clerk', body })).status).toBe(403)
    }
  })

  it('is in the ledger with its case', async () => {
    const { id } = await register(app)
    await withCase(id)
    const [entry] = await entriesAbout(app, id, "action = 'open'")
    expect(entry?.content).toMatchObject({ occasion: { case: 'T-2041' } })
  })
})

describe('flags', () => {
  it('are for supervisors and auditors, and nobody closes their own', async () => {
    expect((await app.ask('GET', '/v1/flags', { as: 'clerk' })).status).toBe(403)
    expect((await app.ask('GET', '/v1/flags', { as: 'library' })).status).toBe(403)
    const { id } = await register(app)
    await openRecord(app, id, 'supervisor')
    const mine = (await flags('auditor')).find(({ neighbourId }) => neighbourId === id)
    expect(mine).toMatchObject({ staff: 'supervisor' })
    expect((await app.ask('POST', `/v1/flags/${mine?.id}/review`, { as: 'supervisor' })).status).toBe(404)
    expect((await app.ask('POST', `/v1/flags/${mine?.id}/review`, { as: 'auditor' })).status).toBe(200)
    expect((await flags('auditor')).some((flag) => flag.id === mine?.id)).toBe(false)
  })
})

describe('a clerk who goes through the register', () => {
  it('gets nothing more once the hour’s number is reached, and can still register whoever stands at the desk', async () => {
    const { id } = await register(app)
    const statuses: number[] = []
    for (let i = 0; i < 65; i += 1) statuses.push((await openRecord(app, id)).status)
    expect(statuses.at(0)).toBe(200)
    expect(statuses.at(-1)).toBe(403)
    expect(await register(app)).toMatchObject({ version: 1 })
    expect((await openRecord(app, id, 'second-clerk')).status).toBe(200)
  })
})
