import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_COURT, DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { reviewDemand } from '../../src/oversight/handle-demand.ts'
import { LARGEST_DOCUMENT } from '../../src/oversight/keep-document.ts'
import { openByOrder } from '../../src/oversight/open-by-order.ts'
import { type Answer, openApp, type TestApp } from '../support/app.ts'
import { uploaded } from '../support/demands.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'
import { unseal } from '../support/unseal.ts'

// Somebody comes with a paper.

let app: TestApp
let person: { id: string }
beforeAll(async () => {
  app = await openApp()
  person = await register(app, { name: { given: 'Nour', family: ['Azizi'] }, since: '2022-01-01' })
})
afterAll(() => app?.close())

const demand = (more: object = {}) => ({
  authority: { name: 'An invented court', functions: ['court'], organisationId: DEMO_COURT },
  purpose: 'other',
  basis: 'judge-order',
  basisText: 'Order 17/2026',
  scope: 'The address of one person',
  neighbourId: person.id,
  fields: ['name', 'address'],
  ...more,
})
type Case = { id: string; reference: string; stage: string }
const record = async (more: object = {}, as = 'legal'): Promise<Answer<Case>> =>
  app.ask<Case>('POST', '/v1/access-requests', {
    as,
    body: demand({ documentId: await uploaded(app, as === 'second-legal' ? as : 'legal'), ...more }),
  })
const approve = (id: string, as = 'legal', approves = true) =>
  app.ask<Case>('POST', `/v1/access-requests/${id}/reviews`, { as, body: { approves } })
const approveAs = (id: string, officer: string) => {
  const staff: Staff = { kind: 'staff', id: officer, role: 'legal', organisationId: DEMO_OFFICE }
  return reviewDemand(app.rooms.gate, { municipalityId: app.town.id, by: staff }, { id, approves: true })
}
const open = (id: string, as = 'legal') => app.ask('POST', `/v1/access-requests/${id}/opening`, { as })
const enforcement = { name: 'Border Agency', functions: ['immigration-enforcement'] }
const border = async () =>
  (await app.peek<{ id: string }>("select id from organisations where name = 'Joint Unit'"))[0]?.id

describe('a demand', () => {
  it('from or for immigration enforcement is refused, whatever it rests on', async () => {
    for (const more of [
      { authority: enforcement },
      { authority: enforcement, basis: 'other' },
      { purpose: 'immigration-control' },
      { authority: { name: 'Joint Unit', functions: ['police'], organisationId: await border() } },
      { authority: { name: 'Nobody knows it', functions: ['court'], organisationId: crypto.randomUUID() } },
      { authority: { name: 'Two hats', functions: ['court', 'immigration-enforcement'] } },
      { authority: { name: 'Two hats', functions: ['court', 'border-police'], organisationId: DEMO_COURT } },
      { authority: { name: 'Nobody has enrolled it', functions: ['court'] } },
      { authority: { name: 'A library', functions: ['court'], organisationId: DEMO_OFFICE } },
    ]) {
      expect((await record(more)).body).toMatchObject({ stage: 'refused' })
    }
  })

  it('is refused unless a judge orders it about one named neighbour and named fields', async () => {
    expect((await record({ basis: 'other' })).body.stage).toBe('refused')
    expect((await record({ neighbourId: undefined })).body.stage).toBe('refused')
    expect((await record({ fields: [] })).body.stage).toBe('refused')
    expect((await record({ fields: ['household'] })).status).toBe(422)
    expect((await record({ nationality: 'any' })).status).toBe(422)
  })

  it('is handled by legal officers alone', async () => {
    for (const as of ['clerk', 'supervisor', 'auditor', 'library', 'border-agency'])
      expect((await record({}, as)).status).toBe(403)
  })

  it('is refused with the same letter whether or not anyone is registered', async () => {
    const known = (await record({ basis: 'other' })).body
    const unknown = (await record({ basis: 'other', neighbourId: crypto.randomUUID() })).body
    const letter = async ({ reference }: Case) =>
      (await app.ask('GET', `/v1/access-requests/refusal-letters/${reference}`)).text.replaceAll(reference, 'D-')
    expect(await letter(known)).toBe(await letter(unknown))
    const { letters } = JSON.parse(await letter(known))
    expect(letters.map((one: { language: string }) => one.language).sort()).toEqual(['ar', 'ca', 'en', 'es', 'fr'])
    for (const one of letters) {
      expect(one.rules.length).toBeGreaterThanOrEqual(4)
      expect(one.digest).toContain(app.policies.digest)
    }
  })

  it('leaves nothing readable in the database', async () => {
    await record({ basisText: 'Order about Nour Azizi' })
    const rows = await app.peek<{ text: string }>('select access_requests::text as text from access_requests')
    for (const { text } of rows) {
      expect(text).not.toContain(Buffer.from('Azizi').toString('hex'))
      expect(text).not.toMatch(/Azizi|Order/)
    }
  })
})

describe('an order of a judge', () => {
  it('opens the named fields of the named neighbour once, after two different officers, and the neighbour is told', async () => {
    const { id } = (await record()).body
    expect((await open(id)).status).toBe(409)
    // Whoever wrote it down is not one of the two.
    expect(await approve(id)).toMatchObject({ status: 409, body: { code: 'another-officer' } })
    expect((await approve(id, 'second-legal')).body.stage).toBe('under-review')
    expect((await approve(id, 'second-legal')).status).toBe(409)
    expect((await open(id)).status).toBe(409)
    await approveAs(id, 'third-legal')
    expect((await open(id, 'clerk')).status).toBe(403)
    const opened = await open(id)
    expect(opened).toMatchObject({ status: 200, body: { name: { given: 'Nour', family: ['Azizi'] } } })
    expect(Object.keys(opened.body).sort()).toEqual(['address', 'id', 'name'])
    expect((await open(id)).status).toBe(409)

    const [notice] = await app.peek<{ id: string; details: Uint8Array; due: number }>(
      `select id, details, extract(epoch from due_by - now()) / 86400 as due from notices where neighbour_id = '${person.id}'`,
    )
    if (notice === undefined) throw new Error('no notice')
    expect(Number(notice.due)).toBeLessThanOrEqual(3)
    expect(
      await unseal(app, person.id, { table: 'notices', column: 'details', row: notice.id }, notice.details),
    ).toMatchObject({ authority: 'Court of Vallmar', fields: ['name', 'address'] })
    const [entry] = await app.peek(`select id from ledger_entries where action = 'open-by-order'`)
    expect(entry).toBeDefined()
  })

  it('opens once for two officers who press at the same moment', async () => {
    const { id, reference } = (await record()).body
    await approveAs(id, 'second-legal')
    await approveAs(id, 'third-legal')
    // Both have read that it is approved before either opens it.
    const { gate } = app.rooms
    let arrived = 0
    let go = () => {}
    const both = new Promise<void>((resolve) => {
      go = resolve
    })
    const together: typeof gate = {
      ...gate,
      async open(...asked) {
        arrived += 1
        if (arrived === 2) go()
        await both
        return gate.open(...asked)
      },
    }
    const opened = await Promise.allSettled(
      ['legal', 'second-legal'].map((officer) => {
        const staff: Staff = { kind: 'staff', id: officer, role: 'legal', organisationId: DEMO_OFFICE }
        return openByOrder({ ...app.rooms, gate: together }, { town: app.town, by: staff }, id)
      }),
    )
    expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const failed = opened.find((one) => one.status === 'rejected')
    expect(failed?.reason).toMatchObject({ code: 'out-of-turn' })
    const notices = await app.peek(`select notices.id from notices
      join access_requests on access_requests.notice_id = notices.id where reference = '${reference}'`)
    expect(notices).toHaveLength(1)
  })

  it('is approved by nobody who wrote it down, in the database too', async () => {
    const { id } = (await record()).body
    await expect(
      app.peek(`insert into access_request_reviews (municipality_id, request_id, staff_id, approves)
        select municipality_id, id, recorded_by, true from access_requests where id = '${id}'`),
    ).rejects.toMatchObject({ code: 'PD006' })
  })

  it('is read by whoever approves it: whom it opens, which fields, for whom and until when', async () => {
    const until = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().add({ days: 20 }).toString()
    await record({ scope: 'The address of one person, to be served', secretUntil: until })
    const officer = await signedIn(app, { kind: 'staff', subject: 'reader', role: 'legal', office: DEMO_OFFICE })
    const page = await (await officer.open('/desk/legal')).text()
    for (const part of ['Court of Vallmar', 'Order 17/2026', 'to be served', person.id, 'name and address'])
      expect(page, part).toContain(part)
  })

  it('is refused by one officer’s no', async () => {
    const { id } = (await record()).body
    expect((await approve(id, 'legal', false)).body.stage).toBe('refused')
    await expect(approveAs(id, 'third-legal')).rejects.toThrow('stage')
    expect((await open(id)).status).toBe(409)
  })

  it('is kept from the neighbour only until the day it says, and ninety days at most', async () => {
    const day = (days: number) =>
      app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().add({ days }).toString()
    expect(await record({ secretUntil: '9990-01-01' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/secretUntil' }] },
    })
    const { id } = (await record({ secretUntil: day(80), fields: ['address'] })).body
    await approveAs(id, 'second-legal')
    await approveAs(id, 'third-legal')
    expect((await open(id)).status).toBe(200)
    const [notice] = await app.peek<{ visible: string; due: string }>(
      "select (visible_from at time zone 'Europe/Madrid')::date::text as visible, (due_by at time zone 'Europe/Madrid')::date::text as due from notices order by visible_from desc limit 1",
    )
    expect(notice).toEqual({ visible: day(80), due: day(83) })
  })

  it('is kept secret for longer by two officers alone, while it is, and the neighbour is told when that ends', async () => {
    const day = (days: number) =>
      app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().add({ days }).toString()
    const { id, reference } = (await record({ secretUntil: day(10), fields: ['address'] })).body
    const longer = async (until: string, more: object = {}) =>
      app.ask<{ id: string; status: string; code: string }>('POST', '/v1/officer-acts', {
        as: 'legal',
        body: {
          kind: 'secrecy',
          reference,
          until,
          basis: 'Order 18/2026 prolongs it',
          documentId: await uploaded(app, 'legal', `Order 18 ${until}`),
          ...more,
        },
      })
    const decide = (act: string, as: string) =>
      app.ask<{ code: string; status: string }>('POST', `/v1/officer-acts/${act}/decision`, {
        as,
        body: { approves: true },
      })
    // Before it is opened there is nothing to keep back.
    expect((await longer(day(80))).body.code).toBe('out-of-turn')
    await approveAs(id, 'second-legal')
    await approveAs(id, 'third-legal')
    expect((await open(id)).status).toBe(200)
    const due = async () =>
      (
        await app.peek<{ visible: string }>(
          `select (visible_from at time zone 'Europe/Madrid')::date::text as visible from notices
           where id = (select notice_id from access_requests where id = '${id}')`,
        )
      )[0]?.visible
    expect(await due()).toBe(day(10))
    expect((await longer(day(95))).status).toBe(422)
    expect((await longer(day(80), { documentId: crypto.randomUUID() })).status).toBe(422)
    // Who looked is told with it, and not before.
    const me = await signedIn(app, { kind: 'resident', subject: person.id })
    const shows = async () => JSON.stringify(await (await me.send('/me/everything', { as: 'json' })).json())
    const ordered = async () => (await shows()).split('open-by-order').length - 1
    const told = await ordered()
    const { body: act } = await longer(day(80))
    expect(act.status).toBe('waiting')
    expect((await decide(act.id, 'legal')).body.code).toBe('another-officer')
    expect(await due()).toBe(day(10))
    expect((await decide(act.id, 'second-legal')).status).toBe(200)
    expect(await due()).toBe(day(80))
    const waiting = await app.ask<{ acts: { kind: string; content: { documentId: string } }[] }>(
      'GET',
      '/v1/officer-acts',
      {
        as: 'second-legal',
      },
    )
    expect(waiting.body.acts.some(({ kind }) => kind === 'secrecy')).toBe(false)
    // Never shorter unseen, never after it became visible, never for years: in the database too.
    expect((await decide((await longer(day(20))).body.id, 'second-legal')).body.code).toBe('out-of-turn')
    const set = (to: string) =>
      app.peek(
        `update notices set visible_from = ${to}, due_by = ${to} where id = (select notice_id from access_requests where id = '${id}')`,
      )
    await expect(set(`now() + interval '200 days'`)).rejects.toMatchObject({ code: 'PD002' })
    await expect(set(`now() + interval '1 day'`)).rejects.toMatchObject({ code: 'PD002' })
    app.clock.advance({ hours: 24 * 81 })
    const later = await signedIn(app, { kind: 'resident', subject: person.id })
    const after = JSON.stringify(await (await later.send('/me/everything', { as: 'json' })).json())
    expect(after.split('open-by-order').length - 1).toBeGreaterThan(told)
    expect((await decide((await longer(day(30))).body.id, 'second-legal')).body.code).toBe('out-of-turn')
    app.clock.advance({ hours: -24 * 81 })
  })

  it('rests on a document that was uploaded, hashed here and kept sealed; each belongs to one demand', async () => {
    const paper = 'An order of an invented court about Nour Azizi'
    const { body: kept } = await app.ask<{ id: string; sha256: string }>('POST', '/v1/access-requests/documents', {
      as: 'legal',
      bytes: Buffer.from(paper),
    })
    expect(kept.sha256).toBe(createHash('sha256').update(paper).digest('hex'))
    const { body } = await record({ documentId: kept.id })
    const read = await app.ask('GET', `/v1/access-requests/${body.id}`, { as: 'second-legal' })
    expect(read.body).toMatchObject({ documentSha256: kept.sha256 })
    const file = await app.ask('GET', `/v1/access-requests/${body.id}/document`, { as: 'second-legal' })
    expect(file.text).toBe(paper)
    expect(file.headers.get('content-disposition')).toContain('attachment')
    for (const as of ['clerk', 'supervisor', 'library'])
      expect((await app.ask('GET', `/v1/access-requests/${body.id}/document`, { as })).status, as).toBe(403)
    const missing = { status: 422, body: { errors: [{ pointer: '/documentId' }] } }
    expect(await record({ documentId: kept.id })).toMatchObject(missing)
    expect(await record({ documentId: crypto.randomUUID() })).toMatchObject(missing)
    // What another officer uploaded is not taken for one's own.
    expect(await record({ documentId: await uploaded(app, 'second-legal') })).toMatchObject(missing)
    const send = (bytes: Uint8Array) => app.ask('POST', '/v1/access-requests/documents', { as: 'legal', bytes })
    expect((await send(new Uint8Array())).status).toBe(422)
    expect((await send(new Uint8Array(LARGEST_DOCUMENT + 1))).status).toBe(413)
    expect((await send(new Uint8Array(LARGEST_DOCUMENT))).status).toBe(201)
    const rows = await app.peek<{ row: string }>(
      `select encode(content, 'escape') as row from demand_documents where id = '${kept.id}'`,
    )
    expect(rows[0]?.row).not.toMatch(/Azizi|order/i)
  })

  it('opens nothing for an authority that is tied to enforcement since it came, at a review or after both', async () => {
    const link = async () =>
      app.ask('POST', '/v1/officer-acts', {
        as: 'legal',
        body: {
          kind: 'link',
          organisationId: DEMO_COURT,
          link: { kind: 'sharesWith', relatedId: (await border()) ?? '' },
        },
      })
    const [reviewed, approved] = [(await record()).body.id, (await record()).body.id]
    await approveAs(reviewed, 'second-legal')
    await approveAs(approved, 'second-legal')
    await approveAs(approved, 'third-legal')
    expect((await link()).body).toMatchObject({ status: 'done' })
    expect((await open(approved)).status).toBe(403)
    expect(await shownTo(approveAs(reviewed, 'third-legal'))).toMatchObject({ stage: 'refused' })
    expect((await record()).body.stage).toBe('refused')
  })
})
