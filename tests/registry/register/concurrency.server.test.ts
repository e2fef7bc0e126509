import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms } from '../../../src/app.tsx'
import { openApp, type TestApp } from '../../support/app.ts'
import { inventedWord, openRecord, type RegisteredAnswer, register, somebody } from '../../support/people.ts'
import { proofsHeld } from '../../support/proofs.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp({ connections: 20 })
})
afterAll(() => app?.close())

const count = async (statuses: Promise<{ status: number }>[]) => {
  const found: Record<number, number> = {}
  for (const { status } of await Promise.all(statuses)) found[status] = (found[status] ?? 0) + 1
  return found
}

describe('eight clerks at the same instant', () => {
  it('share commits of half of them: one half is written while the other is sealed', async () => {
    const together = async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => app.ask('POST', '/v1/neighbours', { as: 'clerk', body: somebody() })),
      )
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201))
      const ids = answers.map(({ body }) => `'${body.id}'`)
      const commits = await app.peek<{ people: number }>(
        `select count(*)::integer as people from neighbours where id in (${ids}) group by xmin order by people`,
      )
      return commits.map(({ people }) => people)
    }
    for (let wave = 0; wave < 3; wave += 1) {
      const people = await together()
      expect(Math.max(...people)).toBeLessThanOrEqual(4)
      expect(people.length).toBeLessThan(8)
    }
  })
})

describe('two clerks at the same instant', () => {
  it('who register the same person make one neighbour and one 409, twenty times over', async () => {
    for (let round = 0; round < 20; round += 1) {
      const name = { given: inventedWord(20_000 + round), family: [inventedWord(30_000 + round)] }
      const post = (as: string) =>
        app.ask('POST', '/v1/neighbours', { as, body: somebody({ name, dateOfBirth: '1990' }) })
      expect(await count([post('clerk'), post('second-clerk')])).toEqual({ 201: 1, 409: 1 })
    }
  })

  it('who move one household from either end move it once, and nobody waits for ever', async () => {
    for (let round = 0; round < 10; round += 1) {
      const one = await register(app, { since: '2020-01-01' })
      const other = await register(app, { address: undefined, householdId: one.householdId, since: '2020-01-01' })
      const move = ({ id, version }: typeof one, number: string) =>
        app.ask('POST', `/v1/neighbours/${id}/residences`, {
          as: 'clerk',
          ifMatch: version,
          body: { address: { kind: 'dwelling', streetName: 'Sirocco', number }, everyone: true, since: '2024-01-01' },
        })
      expect(await count([move(one, '1'), move(other, '2')])).toEqual({ 201: 1, 412: 1 })
    }
  })

  it('who move a household and one of it elsewhere leave nobody where neither clerk put them', async () => {
    for (let round = 0; round < 20; round += 1) {
      const one = await register(app, { since: '2020-01-01' })
      const other = await register(app, { address: undefined, householdId: one.householdId, since: '2020-01-01' })
      const move = ({ id, version }: typeof one, streetName: string, everyone: boolean) =>
        app.ask('POST', `/v1/neighbours/${id}/residences`, {
          as: 'clerk',
          ifMatch: version,
          body: { address: { kind: 'dwelling', streetName }, since: '2024-01-01', ...(everyone ? { everyone } : {}) },
        })
      const [all, alone] = await Promise.all([move(one, 'Sirocco', true), move(other, 'Gregal', false)])
      const { body } = await openRecord(app, other.id)
      // Who was moved alone is not taken along afterwards; who was taken along first is not moved by an old page.
      expect(body).toMatchObject({ address: { streetName: alone.status === 201 ? 'Gregal' : 'Sirocco' } })
      expect([all.status, alone.status]).toContain(201)
    }
  })

  it('in two processes are no different', async () => {
    const other = composeRooms({ database: app.database, clock: app.clock, keys: app.keys, policies: app.policies })
    const clerk = {
      kind: 'staff',
      id: 'elsewhere',
      role: 'clerk',
      organisationId: '0192f000-0000-7000-8000-000000000001',
    } as const
    const { registerNeighbour } = await import('../../../src/registry/register/register.ts')
    for (let round = 0; round < 20; round += 1) {
      const name = { given: inventedWord(40_000 + round), family: [inventedWord(50_000 + round)] }
      const outcomes = await Promise.allSettled(
        [app.rooms, other].map((rooms) =>
          registerNeighbour(
            rooms,
            { town: app.town, by: clerk },
            { form: somebody({ name, dateOfBirth: '1990' }), idempotencyKey: randomUUID() },
          ),
        ),
      )
      expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected'])
    }
  })

  it('who see the same document under two names make one neighbour and one 409', async () => {
    for (let round = 0; round < 10; round += 1) {
      const evidence = { strength: 'document', document: `INVENTED-${randomUUID()}` } as const
      const post = (as: string) => app.ask('POST', '/v1/neighbours', { as, body: somebody({ evidence }) })
      expect(await count([post('clerk'), post('second-clerk')])).toEqual({ 201: 1, 409: 1 })
    }
  })

  it('who correct the same record do not lose each other’s change: the second is told', async () => {
    const { id, version } = await register(app)
    const patch = (given: string) =>
      app.ask('PATCH', `/v1/neighbours/${id}`, { as: 'clerk', body: { name: { given } }, ifMatch: version })
    expect(await count(['Ona', 'Ada', 'Eva'].map(patch))).toEqual({ 200: 1, 412: 2 })
  })
})

describe('one request sent many times at once', () => {
  it('creates one neighbour and gives everyone the same answer', async () => {
    const body = somebody()
    const idempotencyKey = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        app.ask<RegisteredAnswer>('POST', '/v1/neighbours', { as: 'clerk', body, idempotencyKey }),
      ),
    )
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]))
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
  })

  it('moves a neighbour once', async () => {
    const { id, version } = await register(app, { since: '2020-01-01' })
    const idempotencyKey = randomUUID()
    const body = { address: { kind: 'informal-dwelling', description: 'A boat' }, since: '2024-01-01' }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        app.ask('POST', `/v1/neighbours/${id}/residences`, { as: 'clerk', body, ifMatch: version, idempotencyKey }),
      ),
    )
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(answers[0]?.status).toBe(201)
    expect(
      await app.peek(`select id from residences where neighbour_id = '${id}' and superseded_at is null`),
    ).toHaveLength(2)
  })

  it('issues one proof', async () => {
    const { id } = await register(app)
    const idempotencyKey = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        app.ask('POST', `/v1/neighbours/${id}/proofs`, { as: 'clerk', body: { profile: 'library' }, idempotencyKey }),
      ),
    )
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(await proofsHeld(app, id)).toHaveLength(1)
  })
})

describe('a proof that is given while what it says is changed', () => {
  const changes: [string, [status: number, not: RegExp], (id: string) => Promise<{ status: number }>][] = [
    [
      'corrected',
      [201, /Antiga/],
      (id) =>
        app.ask('PATCH', `/v1/neighbours/${id}`, {
          as: 'clerk',
          ifMatch: 1,
          body: { name: { given: 'Nova', family: ['Nom'] } },
        }),
    ],
    [
      'moved',
      [201, /Vella/],
      (id) =>
        app.ask('POST', `/v1/neighbours/${id}/residences`, {
          as: 'clerk',
          ifMatch: 1,
          body: {
            address: { kind: 'dwelling', streetName: 'Nova', number: '7' },
            since: Temporal.Now.plainDateISO().toString(),
          },
        }),
    ],
    [
      'hidden',
      [404, /Vella/],
      (id) =>
        app.ask('POST', `/v1/neighbours/${id}/protection`, {
          as: 'clerk',
          ifMatch: 1,
          body: { protected: true, reason: 'She asked.' },
        }),
    ],
  ]
  it.each(changes)(
    'waits for it, and says nothing that is not so any more: %s',
    async (_, [status, before], change) => {
      const { id } = await register(app, {
        name: { given: 'Persona', family: ['Antiga'] },
        address: { kind: 'dwelling', streetName: 'Vella', number: '3' },
      })
      const root = postgres(app.url('postgres'), { max: 2, onnotice: () => {} })
      const waiting = async (many: number) => {
        for (let looked = 0; looked < 200; looked += 1) {
          const [row] = await root`select count(*)::integer as n from pg_stat_activity
          where wait_event_type = 'Lock' and datname = current_database()`
          if (Number(row?.n) >= many) return
          await pause(100)
        }
        throw new Error(`not ${many} wait`)
      }
      let changed: Promise<{ status: number }> | undefined
      let given: Promise<{ status: number; body: { token?: string } }> | undefined
      // The change has read the record and holds it, and cannot be written yet.
      await root.begin(async (transaction) => {
        await transaction`lock table movements in share mode`
        changed = change(id)
        await waiting(1)
        given = app.ask('POST', `/v1/neighbours/${id}/proofs`, { as: 'second-clerk', body: { profile: 'residence' } })
        await waiting(2)
      })
      expect((await changed)?.status).toBeLessThan(300)
      const answer = await given
      // Who hides is not there for whoever did not hide them.
      expect(answer?.status).toBe(status)
      const { token = '' } = answer?.body ?? {}
      await root.end()
      const said = token.split('~').slice(1, -1)
      expect(said.map((one) => Buffer.from(one, 'base64url').toString()).join()).not.toMatch(before)
    },
  )
})

describe('many clerks registering different people', () => {
  it('loses nobody and registers nobody twice', async () => {
    const [before] = await app.peek<{ count: string }>('select count(*) from neighbours')
    expect(
      await count(
        Array.from({ length: 200 }, () => app.ask('POST', '/v1/neighbours', { as: 'clerk', body: somebody() })),
      ),
    ).toEqual({ 201: 200 })
    const [after] = await app.peek<{ count: string }>('select count(*) from neighbours')
    expect(Number(after?.count) - Number(before?.count)).toBe(200)
  })
})

it('turns nobody away for having a common name, however many have it', async () => {
  const common = { name: { given: 'Maria', family: ['Garcia'] }, dateOfBirth: '1980', confirmedDistinct: true }
  const statuses: number[] = []
  for (let i = 0; i < 420; i += 1)
    statuses.push((await app.ask('POST', '/v1/neighbours', { as: 'clerk', body: somebody(common) })).status)
  expect(statuses.filter((status) => status !== 201)).toEqual([])
}, 120_000)
