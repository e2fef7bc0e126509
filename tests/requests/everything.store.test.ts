import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import everything from '../../schema/everything.json' with { type: 'json' }
import { DEMO_COURT, DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { reasonPlace } from '../../src/oversight/review-flags.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { offerEnrolment } from '../../src/registry/person/offer-enrolment.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { uploaded } from '../support/demands.ts'
import { mediaCorpus } from '../support/media-corpus.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import { enrolTelephone } from '../support/telephone.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { backdateDays: 30 } })
})
afterAll(() => app?.close())

const { given, through, left } = everything
const clerk: Staff = { kind: 'staff', id: 'clerk-1', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }

/** Tables that point to a neighbour: by a foreign key, or by a column that is called so. */
const tablesAboutPeople = async () => {
  const rows = await app.peek<{ name: string }>(`
    select distinct constrained.relname as name from pg_constraint one
    join pg_class constrained on constrained.oid = one.conrelid join pg_class pointed on pointed.oid = one.confrelid
    where one.contype = 'f' and pointed.relname = 'neighbours' and one.conparentid = 0
    union
    select distinct table_name from information_schema.columns where table_schema = 'public'
      and column_name in ('neighbour_id', 'representative_id', 'subject_id', 'response_owner', 'stays_id', 'joined_id')
      and table_name in (select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE')
    union select 'sessions' union select 'neighbours'`)
  return rows.map(({ name }) => name).sort()
}

describe('what a neighbour takes home as everything', () => {
  it('says of every table that has somebody in it where it stands, or on which ground it does not', async () => {
    const named = [...Object.keys(given), ...Object.keys(left)]
    expect((await tablesAboutPeople()).filter((table) => !named.includes(table))).toEqual([])
    expect(new Set(named).size).toBe(named.length)
    for (const ground of Object.values(left)) expect(ground).toMatch(/GDPR article \d+/)
  })

  it('has something of each of them, of somebody of whom there is something', async () => {
    const me = await somebodyOfWhomThereIsAll()
    const file = await (await me.send('/me/everything', { as: 'json' })).json()
    const at = (path: string) =>
      path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown>)?.[key], file)
    for (const [table, path] of Object.entries({ ...given, ...through })) {
      const part = at(path)
      const empty = part === undefined || part === null || part === false || (Array.isArray(part) && part.length === 0)
      expect([table, path, empty]).toEqual([table, path, false])
    }
    const text = JSON.stringify(file)
    // What was written, where they lived before, what they sent, and what they asked with their name.
    for (const words of ['Old Name', 'Camí Vell', 'The letterbox is full.', 'Marta Soler', 'Order 17/2026', 'Petita'])
      expect(text).toContain(words)
    expect(file.attachments[0].base64.length).toBeGreaterThan(100)
    const paper = await me.send('/me/everything', { as: 'pdf' })
    expect(paper.headers.get('content-type')).toBe('application/pdf')
  }, 120_000)
})

/** A neighbour about whom every table has a row. */
async function somebodyOfWhomThereIsAll() {
  const { id } = await register(app, {
    name: { given: 'Old Name', family: ['Segura'] },
    address: { kind: 'dwelling', streetName: 'Camí Vell', number: '3' },
    since: '2024-01-01',
    evidence: { strength: 'document', document: 'AB 123456' },
  })
  await register(app, {
    dateOfBirth: String(app.clock.now().toZonedDateTimeISO('UTC').year - 6),
    representatives: [{ kind: 'parent', neighbourId: id }],
  })
  const guardian = await register(app)
  const ask = (method: string, path: string, as: string, body?: object, ifMatch?: number) =>
    app.ask<{ id: string; version: number; reference: string }>(method, path, {
      as,
      ...(body ? { body } : {}),
      ...(ifMatch === undefined ? {} : { ifMatch }),
      purpose: 'counter-service',
    })
  const version = async () => (await ask('GET', `/v1/neighbours/${id}`, 'clerk')).body.version
  await ask(
    'PATCH',
    `/v1/neighbours/${id}`,
    'clerk',
    { name: { given: 'New Name', family: ['Segura'] } },
    await version(),
  )
  await ask(
    'POST',
    `/v1/neighbours/${id}/residences`,
    'clerk',
    { address: { kind: 'dwelling', streetName: 'Camí Nou', number: '4' } },
    await version(),
  )
  await ask('POST', `/v1/neighbours/${id}/representatives`, 'clerk', { kind: 'guardian', neighbourId: guardian.id })
  const twin = await register(app, { name: { given: 'Old Nome', family: ['Segura'] } })
  const join = await ask('POST', `/v1/neighbours/${id}/joins`, 'clerk', {
    other: twin.id,
    reason: 'Written down twice on one day.',
  })
  await ask('POST', `/v1/neighbours/${id}/joins/${join.body.id}/decision`, 'supervisor', { decision: 'approved' })
  await giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' })
  await enrolTelephone(app, clerk, id)
  await offerEnrolment(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, source: 'desk' })
  const me = await signedIn(app, { kind: 'resident', subject: id })
  const desk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
  await me.send('/me/proof', { profile: 'library', idempotencyKey: randomUUID() }, '/me/proof')
  await desk.send(`/desk/neighbours/${id}/wallet`, { profile: 'library' }, `/desk/neighbours/${id}`)
  const last = app.clock.now().toZonedDateTimeISO('UTC').toPlainDate().add({ days: 20 })
  const until = { 'until-day': String(last.day), 'until-month': String(last.month), 'until-year': String(last.year) }
  await me.send('/me/helpers', { name: 'Marta Soler', 'for-library': 'yes', ...until }, '/me/helpers')
  await me.send('/me/change/child', { given: 'Petita', family: 'Segura', version: '1' }, '/me/change')
  await sendPhoto(me)
  const order = await ask('POST', '/v1/access-requests', 'legal', {
    authority: { name: 'An invented court', functions: ['court'], organisationId: DEMO_COURT },
    purpose: 'other',
    basis: 'judge-order',
    basisText: 'Order 17/2026',
    scope: 'The address of one person',
    neighbourId: id,
    fields: ['address'],
    documentId: await uploaded(app, 'legal'),
  })
  for (const as of ['second-legal', 'third-legal'])
    await ask('POST', `/v1/access-requests/${order.body.id}/reviews`, as, { approves: true })
  await ask('POST', `/v1/access-requests/${order.body.id}/opening`, 'legal')
  await ask(
    'POST',
    `/v1/neighbours/${id}/departures`,
    'clerk',
    { cause: 'moved-away', reason: 'The letterbox is full.', informant: 'owner' },
    await version(),
  )
  await me.send('/me/hearing', { words: 'I sleep here.', idempotencyKey: randomUUID() })
  // What supervisors and lots write is put beside it, as the rows they leave.
  const town = app.town.id
  const { ledger } = await app.rooms.gate.keysOf(town)
  const [drawn, reason] = [randomUUID(), 'They were at my desk.']
  const sealed = (place: Parameters<typeof ledger.seal>[0], value: unknown) =>
    `decode('${Buffer.from(ledger.seal(place, value)).toString('hex')}', 'hex')`
  await app.peek(`insert into drawn_openings (id, municipality_id, staff_id, neighbour_id, day, lot, data_key_id, content, weight,
      reason, explained_at, read_by, read_at)
    values ('${drawn}', '${town}', 'somebody', '${id}', current_date - 3, 0.1, '${ledger.id}', '\\x00', 1,
      ${sealed(reasonPlace(drawn), reason)}, now(), 'head', now())`)
  await app.peek(`insert into watched_neighbours (municipality_id, neighbour_id) values ('${town}', '${id}')`)
  await app.peek(
    `insert into staff_neighbours (municipality_id, staff_id, neighbour_id) values ('${town}', 'somebody', '${id}')`,
  )
  await app.peek(`insert into flags (id, municipality_id, staff_id, neighbour_id, kind, reviewed_by, reviewed_at)
    values (gen_random_uuid(), '${town}', 'curious', '${id}', 'watched', 'head', now())`)
  return me
}

async function sendPhoto(me: Awaited<ReturnType<typeof signedIn>>) {
  const photo = (await mediaCorpus()).find(({ kind }) => kind === 'photo')?.bytes ?? new Uint8Array()
  const form = new FormData()
  for (const [name, value] of Object.entries({ kind: 'other', text: 'See for yourself', named: 'with' }))
    form.append(name, value)
  form.append('added', new Blob([Uint8Array.from(photo)]), 'x.jpg')
  const packed = new Response(form)
  const body = await packed.arrayBuffer()
  await me.open('/complain', {
    method: 'POST',
    body,
    headers: {
      'content-type': packed.headers.get('content-type') ?? '',
      'content-length': String(body.byteLength),
    },
  })
}
