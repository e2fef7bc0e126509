import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms, createApp } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { httpCaseFile } from '../../src/firewall/cases.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// A clerk types anything as a case, so that no look-up is flagged. What nobody issued is flagged where the town can say; where
// it cannot, some of each day is drawn by lot, to be explained and read.

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { drawnShare: 0 } })
})
afterAll(() => app?.close())

const share = (of: number) => app.peek(`update municipalities set drawn_share = ${of}`)
interface LookUp {
  id: string
  staff: string
  neighbourId: string
  case?: string
  reason?: string
  action: string
}
const open = (id: string, as: string, workCase = 'T-2041') =>
  app.ask('GET', `/v1/neighbours/${id}`, { as, purpose: 'counter-service', headers: { 'padron-case': workCase } })
const own = async (as: string) =>
  (await app.ask<{ lookUps: LookUp[] }>('GET', '/v1/drawn-look-ups/own', { as })).body.lookUps
const drawn = async (as = 'supervisor') =>
  (await app.ask<{ lookUps: LookUp[] }>('GET', '/v1/drawn-look-ups', { as })).body.lookUps
const kept = (staff: string) =>
  app.peek<{ neighbour_id: string; lot: number }>(
    `select neighbour_id, lot from drawn_openings where staff_id = '${staff}' order by lot`,
  )
const yesterday = () => app.peek(`update drawn_openings set day = day - 1`)

describe('a case that nobody can check', () => {
  it('has one look-up of each day drawn whatever the share, which looking again does not change', async () => {
    const people: string[] = []
    for (let i = 0; i < 12; i += 1) people.push((await register(app)).id)
    for (const id of people) await open(id, 'clerk')
    const [first, ...more] = await kept('clerk')
    expect(more).toEqual([])
    expect(people).toContain(first?.neighbour_id)
    for (const id of [...people].reverse()) await open(id, 'clerk')
    expect(await kept('clerk')).toEqual([first])
    // Another clerk's lots are others.
    for (const id of people) await open(id, 'second-clerk')
    expect((await kept('second-clerk'))[0]?.lot).not.toBe(first?.lot)
  })

  it('is told to nobody on the day itself, then to whoever looked, who says why once', async () => {
    expect(await own('clerk')).toEqual([])
    expect(await drawn()).toEqual([])
    await yesterday()
    const [mine] = await own('clerk')
    expect(mine).toMatchObject({ staff: 'clerk', case: 'T-2041' })
    const say = (as: string, reason: string) =>
      app.ask('POST', `/v1/drawn-look-ups/${mine?.id}/explanation`, { as, body: { reason } })
    expect((await say('second-clerk', 'Not mine')).status).toBe(404)
    expect((await say('clerk', '')).status).toBe(422)
    expect((await say('clerk', 'Came for a library proof')).status).toBe(201)
    expect((await say('clerk', 'Something else')).body.code).toBe('explained-already')
    expect(await own('clerk')).toEqual([])
    const [row] = await app.peek<{ row: string }>(
      `select drawn_openings::text as row from drawn_openings where staff_id = 'clerk'`,
    )
    expect(row?.row).not.toContain('T-2041')
  })

  it('is read by a supervisor or an auditor, explained or not, and by nobody whose look-up it was', async () => {
    const list = await drawn()
    expect(list.find(({ staff }) => staff === 'clerk')?.reason).toBe('Came for a library proof')
    expect(list.find(({ staff }) => staff === 'second-clerk')?.reason).toBeUndefined()
    for (const as of ['clerk', 'legal', 'library'])
      expect((await app.ask('GET', '/v1/drawn-look-ups', { as })).status, as).toBe(403)
    const { id } = await register(app)
    await open(id, 'supervisor')
    await yesterday()
    const read = (which: string | undefined, as: string) =>
      app.ask('POST', `/v1/drawn-look-ups/${which}/reading`, { as })
    const theirs = (await drawn('auditor')).find(({ staff }) => staff === 'supervisor')
    expect((await drawn()).some(({ staff }) => staff === 'supervisor')).toBe(false)
    expect((await read(theirs?.id, 'supervisor')).status).toBe(404)
    await app.ask('POST', `/v1/drawn-look-ups/${theirs?.id}/explanation`, {
      as: 'supervisor',
      body: { reason: 'A child of theirs' },
    })
    expect((await read(theirs?.id, 'auditor')).status).toBe(200)
    // What nobody has explained waits for a week.
    for (const one of list) expect((await read(one.id, 'supervisor')).status).toBe(one.reason ? 200 : 404)
    await app.peek('update drawn_openings set day = day - 8')
    for (const one of list) expect((await read(one.id, 'supervisor')).status).toBe(one.reason ? 404 : 200)
    expect(await drawn()).toEqual([])
    await expect(app.peek(`update drawn_openings set read_by = 'auditor' where read_by is not null`)).rejects.toThrow()
  })

  it('tells of the widest look of the day, whichever came first', async () => {
    await share(1)
    const { id } = await register(app)
    await app.ask('POST', `/v1/neighbours/${id}/residences`, {
      as: 'clerk',
      body: { address: { kind: 'no-fixed-address' }, since: '1800-01-01' },
      ifMatch: 99,
    })
    await open(id, 'clerk')
    await app.ask('GET', `/v1/neighbours/${id}?fields=name`, { as: 'clerk', purpose: 'counter-service' })
    await yesterday()
    const mine = (await own('clerk')).find(({ neighbourId }) => neighbourId === id)
    expect(mine).toMatchObject({ action: 'open', case: 'T-2041' })
    await share(0)
  })

  it('has about the town’s share drawn, by whichever verb the people were shown', async () => {
    await share(0.5)
    const clerk = await signedIn(app, { kind: 'staff', subject: 'many', role: 'clerk', office: DEMO_OFFICE })
    await clerk.send('/desk/case', { case: 'T-1', purpose: 'counter-service' }, '/desk')
    for (let i = 0; i < 24; i += 1) {
      const { id } = await register(app)
      await clerk.open(`/desk/neighbours/${id}`)
    }
    const { length } = await kept('many')
    // Twenty-four throws of a coin: outside of this once in ten thousand runs.
    expect(length).toBeGreaterThan(2)
    expect(length).toBeLessThan(22)
    await share(1)
    await app.ask('POST', `/v1/neighbours/${(await register(app)).id}/proofs`, {
      as: 'second-clerk',
      body: { profile: 'library' },
    })
    expect((await app.peek(`select from drawn_openings where staff_id = 'second-clerk'`)).length).toBeGreaterThan(1)
    await share(0)
  })

  it('is explained and read on the pages', async () => {
    await yesterday()
    const clerk = await signedIn(app, { kind: 'staff', subject: 'many', role: 'clerk', office: DEMO_OFFICE })
    expect(await (await clerk.open('/desk/work')).text()).toContain('/desk/look-ups')
    const page = await (await clerk.open('/desk/look-ups')).text()
    const [first = '', second = '', third = ''] = [...page.matchAll(/name="reason-([^"]+)"/g)].map(([, id]) => id)
    // All of a page are sent together: what is right is kept, and what is not comes back beside its box.
    const mixed = await clerk.send(
      '/desk/look-ups',
      {
        [`reason-${first}`]: 'A card for the pool',
        [`reason-${second}`]: 'x',
        [`reason-${third}`]: 'Was an asylum seeker',
      },
      '/desk/look-ups',
    )
    expect(mixed.status).toBe(422)
    const back = await mixed.text()
    expect(back).toContain('Say in a few words why you looked')
    expect(back).toContain('Was an asylum seeker')
    expect(back).not.toContain(`reason-${first}`)
    const again = { [`reason-${second}`]: 'y'.repeat(501), [`reason-${first}`]: 'Said already' }
    expect(await (await clerk.send('/desk/look-ups', again, '/desk/look-ups')).text()).toContain('This is too long')
    const lookUp = first
    const boss = await signedIn(app, { kind: 'staff', subject: 'boss', role: 'supervisor', office: DEMO_OFFICE })
    expect(await (await boss.open('/desk/look-ups/drawn')).text()).toContain('A card for the pool')
    expect((await boss.send('/desk/look-ups/drawn', { lookUp }, '/desk/look-ups/drawn')).status).toBe(303)
    expect(await (await boss.open('/desk/look-ups/drawn')).text()).not.toContain('A card for the pool')
  })
})

describe('a case that the town’s queue knows', () => {
  let queue: Server
  let asked: { path: string | undefined; authorization: string | undefined; body: Record<string, string> }[]
  let working = true
  let status = 200
  const issued = new Set(['T-2041'])
  beforeAll(async () => {
    asked = []
    queue = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const body = JSON.parse(Buffer.concat(chunks).toString())
      asked.push({ path: request.url, authorization: request.headers.authorization, body })
      if (!working) return void response.writeHead(500).end()
      if (status !== 200) return void response.writeHead(status).end()
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ issued: issued.has(body.case) }))
    })
    await new Promise<void>((resolve) => void queue.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    queue?.closeAllConnections()
    queue?.close()
  })

  const beside = () => {
    const { port } = queue.address() as AddressInfo
    const cases = httpCaseFile({
      url: `http://127.0.0.1:${port}/cases`,
      token: 'queue-token',
      slugOf: async () => app.town.slug,
    })
    const deps = { ...app.deps, cases }
    const rooms = composeRooms(deps)
    createApp(deps, rooms)
    return { ...app, rooms, fetch: async (request: Request) => createApp(deps, rooms).fetch(request) }
  }
  const flags = async (staff: string) =>
    (await app.peek<{ kind: string }>(`select kind from flags where staff_id = '${staff}'`)).map(({ kind }) => kind)
  const looks = async (subject: string, workCase: string) => {
    const { id } = await register(app)
    const clerk = await signedIn(beside(), { kind: 'staff', subject, role: 'clerk', office: DEMO_OFFICE })
    await clerk.send('/desk/case', { case: workCase, purpose: 'counter-service' }, '/desk')
    expect((await clerk.open(`/desk/neighbours/${id}`)).status).toBe(200)
  }

  it('is asked about without saying who asks or about whom; what nobody issued is flagged', async () => {
    await share(1)
    await looks('honest', 'T-2041')
    expect(await flags('honest')).toEqual([])
    // An issued case says why, and the share is drawn all the same: one ticket is not a way to everybody.
    expect((await kept('honest')).length).toBe(1)
    await share(0)
    await looks('honest-too', 'T-2041')
    expect(await kept('honest-too')).toEqual([])
    await share(1)
    await looks('inventive', 'AAAA')
    expect(await flags('inventive')).toEqual(['unknown-case'])
    expect(asked.at(-1)).toEqual({
      path: '/cases',
      authorization: 'Bearer queue-token',
      body: { municipality: app.town.slug, case: 'AAAA' },
    })
  })

  it('is flagged too where the queue knows no such case at all', async () => {
    status = 404
    await looks('unknown', 'T-404')
    expect(await flags('unknown')).toEqual(['unknown-case'])
    status = 400
    await looks('odd', 'T-400')
    status = 200
    // Whoever is turned away for one case does not switch the check off for others.
    await looks('inventive-too', 'BBBB')
    expect(await flags('inventive-too')).toEqual(['unknown-case'])
  })

  it('stops nobody when the queue does not answer: it is drawn then', async () => {
    working = false
    await looks('waiting', 'T-77')
    expect(await flags('waiting')).toEqual([])
    expect((await kept('waiting')).length).toBe(1)
    working = true
    await share(0)
  })

  it('does not matter to somebody whose record was opened without one: that is flagged as ever', async () => {
    const { id } = await register(app)
    await openRecord(app, id, 'second-clerk')
    expect(await flags('second-clerk')).toContain('no-case')
  })
})
