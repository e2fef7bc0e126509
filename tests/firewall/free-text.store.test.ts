import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from '@hono/zod-openapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import listed from '../../schema/free-text.json'
import { createApp } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { HelperName } from '../../src/identity/help.ts'
import { tokenVerifier } from '../../src/identity/tokens.ts'
import { proposeApart } from '../../src/registry/person/join/propose-join.ts'
import { Application, ApplicationAnswer } from '../../src/requests/apply.ts'
import { TownFile } from '../../src/town/town-file.ts'
import { BOXES, holdsOf } from '../../src/web/boxes.ts'
import { Enrolment } from '../../src/web/portal/entrance-routes.tsx'
import { draftOf } from '../../src/web/record/registration-form.ts'
import { AUDIENCE, openApp, type TestApp } from '../support/app.ts'
import { uploaded } from '../support/demands.ts'
import { entriesOf } from '../support/entries.ts'
import { register, somebody } from '../support/people.ts'
import { textsOf } from '../support/texts.ts'

let app: TestApp
let bodies: { name: string; body: z.ZodType }[]
beforeAll(async () => {
  app = await openApp({ town: { drawnShare: 1 } })
  const tokens = tokenVerifier([], AUDIENCE)
  const served = createApp({ ...app.rooms, clock: app.clock, keys: app.keys, tokens, log: () => {} }, app.rooms)
  bodies = served.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route') return []
    const { method, path, request } = definition.route
    // A file is a file: it is sealed as it came, and shown nowhere.
    return Object.entries(request?.body?.content ?? {}).flatMap(([type, media]) =>
      media && 'schema' in media && type !== 'application/octet-stream'
        ? [{ name: `${method.toUpperCase()} ${path}`, body: media.schema as z.ZodType }]
        : [],
    )
  })
})
afterAll(() => app?.close())

/** What comes in by pages and files alone. */
const OTHERS = {
  TownFile,
  Application,
  ApplicationAnswer,
  HelperName,
  Enrolment,
}

describe('every text that is stored', () => {
  it('stands in one list, with what it may hold', () => {
    const found = Object.fromEntries(
      [
        ...bodies.map(({ name, body }) => [name, textsOf(body)] as const),
        ...Object.entries(OTHERS).map(([name, schema]) => [name, textsOf(schema)] as const),
      ].filter(([, texts]) => Object.keys(texts).length > 0),
    )
    expect(JSON.stringify(found)).not.toContain('unmarked')
    expect(found).toEqual(listed.schemas)
  })

  it('comes by a box of a form that is in the list', () => {
    const pages = ['desk', 'portal', 'counter', 'record', 'check'].flatMap((name) => {
      const folder = join('src/web', name)
      return readdirSync(folder).flatMap((file) =>
        /\.tsx?$/.test(file) ? [readFileSync(join(folder, file), 'utf8')] : [],
      )
    })
    const boxes = new Set(
      pages.flatMap((text) =>
        [
          ...text.matchAll(/<Field\b[^>]*?\bname=(?:"([\w-]+)"|\{name\('([\w-]+)'\)\})/g),
          ...text.matchAll(/\bform\.(?:get|all)\('([\w-]+)'\)/g),
        ].map(([, one, other]) => one ?? other ?? ''),
      ),
    )
    expect([...boxes].sort()).toEqual(Object.keys(BOXES).sort())
  })

  it('is looked at in a box that nobody listed, and in every box of a person on a form of several', () => {
    expect([holdsOf('p0_given'), holdsOf('p11_newborn-of'), holdsOf('p3_contact')]).toEqual(['name', 'name', 'plain'])
    expect(holdsOf('a-box-of-tomorrow')).toBe('plain')
    const typed = { p0_given: 'X1234567L', 'p0_newborn-of': 'X1234567L', 'a-box-of-tomorrow': 'sin papeles' }
    expect(draftOf(typed).kept).toEqual({ p0_given: '', 'p0_newborn-of': '', 'a-box-of-tomorrow': '' })
  })
})

const PLACE = {
  streetType: 'carrer',
  streetName: 'Nou',
  number: '3',
  block: 'A',
  stair: 'B',
  floor: '2',
  door: '1',
  postcode: '99001',
}
const ADDRESSES = [
  { kind: 'dwelling', description: 'Mas Rovira', ...PLACE },
  { kind: 'informal-dwelling', description: 'A boat', ...PLACE },
  { kind: 'collective', name: 'Night shelter', ...PLACE },
  { kind: 'no-fixed-address', usualArea: 'By the station', referenceAddress: { name: 'House of Bread', ...PLACE } },
]
const NAME = { given: 'Visa', family: ['Asylum'], transliteration: { given: 'Visa', family: ['Asylum'] } }
const CONTACT = { email: 'somebody@example.org', phone: '+34 600 123 456', other: 'at the bakery' }

interface Example {
  as: string
  path: () => Promise<string>
  body: object
  ifMatch?: number
}

const neighbour =
  (rest = '') =>
  async () =>
    `/v1/neighbours/${(await register(app)).id}${rest}`
async function leaver(): Promise<string> {
  const path = await neighbour()()
  await app.ask('POST', `${path}/departures`, {
    as: 'clerk',
    ifMatch: 1,
    body: { cause: 'moved-away', saidBy: 'in-person' },
  })
  return `${path}/returns`
}

async function link(): Promise<string> {
  const path = await neighbour('/representatives')()
  const body = { kind: 'guardian', neighbourId: spare }
  const made = await app.ask<{ id: string }>('POST', path, { as: 'clerk', body })
  return `${path}/${made.body.id}`
}

async function joined(): Promise<string> {
  const [stays, other] = [await register(app), await register(app)]
  const path = `/v1/neighbours/${stays.id}/joins`
  const body = { other: other.id, reason: 'One face' }
  const made = await app.ask<{ id: string }>('POST', path, { as: 'clerk', body })
  await app.ask('POST', `${path}/${made.body.id}/decision`, { as: 'second-clerk', body: { decision: 'approved' } })
  return `${path}/${other.id}/apart`
}
const ago = (days: number) =>
  app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().subtract({ days }).toString()
async function residence(): Promise<string> {
  const { id } = await register(app, { since: ago(20) })
  const [row] = await app.peek<{ id: string }>(`select id from residences where neighbour_id = '${id}'`)
  return `/v1/neighbours/${id}/residences/${row?.id}/start`
}
async function waiting(): Promise<string> {
  const path = await residence()
  const body = { from: ago(100), reason: 'Typed late' }
  const { startId } = (await app.ask<{ startId: string }>('POST', path, { as: 'clerk', body, ifMatch: 1 })).body
  return `${path.replace(/residences.*/, 'starts')}/${startId}/decision`
}

let released = 0
/** Forms that are accepted, with every text they may have, for each way in that keeps any. */
const EXAMPLES: Record<string, () => Example[]> = {
  'POST /v1/neighbours': () => [
    { as: 'clerk', path: async () => '/v1/neighbours', body: { ...somebody(), name: { newbornOf: 'Fatou Diallo' } } },
    ...ADDRESSES.map((address) => ({
      as: 'clerk',
      path: async () => '/v1/neighbours',
      body: {
        ...somebody(),
        name: { ...somebody().name, transliteration: NAME.transliteration },
        address,
        contact: CONTACT,
        representatives: [
          { kind: 'institution', name: 'Casal', role: 'tutor', contact: CONTACT },
          { kind: 'guardian', neighbourId: spare, limits: ['no-say'], court: 'Court of Vallmar 7' },
        ],
      },
    })),
  ],
  'PATCH /v1/neighbours/{id}': () => [
    { as: 'clerk', path: neighbour(), body: { name: NAME, contact: CONTACT }, ifMatch: 1 },
    { as: 'clerk', path: neighbour(), body: { name: { newbornOf: 'Fatou Diallo' } }, ifMatch: 1 },
  ],
  'POST /v1/neighbours/{id}/residences': () =>
    ADDRESSES.map((address) => ({ as: 'clerk', path: neighbour('/residences'), body: { address }, ifMatch: 1 })),
  'POST /v1/neighbours/{id}/returns': () =>
    ADDRESSES.map((address) => ({ as: 'clerk', path: leaver, body: { address }, ifMatch: 2 })),
  'POST /v1/neighbours/{id}/representatives': () => [
    {
      as: 'clerk',
      path: neighbour('/representatives'),
      body: { kind: 'institution', name: 'Casal', role: 'tutor', contact: CONTACT },
    },
    {
      as: 'clerk',
      path: neighbour('/representatives'),
      body: { kind: 'guardian', neighbourId: spare, limits: ['no-say'], court: 'Court of Vallmar 7' },
    },
  ],
  'PATCH /v1/neighbours/{id}/representatives/{representationId}': () => [
    { as: 'clerk', path: link, body: { kind: 'guardian', limits: ['no-say'], court: 'Court of Vallmar 7' } },
  ],
  'POST /v1/neighbours/{id}/protection': () => [
    { as: 'clerk', path: neighbour('/protection'), body: { protected: true, reason: 'Threatened' }, ifMatch: 1 },
  ],
  'POST /v1/neighbours/{id}/departures': () => [
    {
      as: 'clerk',
      path: neighbour('/departures'),
      body: { cause: 'wrongly-registered', reason: 'Lives in another town', informant: 'staff' },
      ifMatch: 1,
    },
  ],
  'POST /v1/neighbours/{id}/joins': () => [
    { as: 'clerk', path: neighbour('/joins'), body: { other: spare, reason: 'One face' } },
  ],
  'POST /v1/neighbours/{id}/joins/{other}/apart': () => [{ as: 'clerk', path: joined, body: { reason: 'Two faces' } }],
  'POST /v1/neighbours/{id}/residences/{residenceId}/start': () => [
    { as: 'clerk', path: residence, body: { from: ago(25), reason: 'Typed late' }, ifMatch: 1 },
  ],
  'POST /v1/neighbours/{id}/starts/{startId}/decision': () => [
    { as: 'second-clerk', path: waiting, body: { decision: 'refused', reason: 'Nothing was shown' }, ifMatch: 2 },
  ],
  'POST /v1/access-requests': () => [
    {
      as: 'legal',
      path: async () => '/v1/access-requests',
      body: {
        authority: { name: 'Court of Vallmar', functions: ['court'] },
        purpose: 'other',
        basis: 'other',
        basisText: 'A letter',
        person: { name: 'Nour Azizi', dateOfBirth: '1991-04-02' },
        scope: 'Somebody’s address',
        fields: [],
        documentId: paper,
      },
    },
  ],
  'POST /v1/staff-activity/{staff}/release': () => [
    {
      as: 'supervisor',
      path: async () => {
        released += 1
        return `/v1/staff-activity/somebody-${released}/release`
      },
      body: { reason: 'A bus has come' },
    },
  ],
  'POST /v1/drawn-look-ups/{id}/explanation': () => [
    {
      as: 'clerk',
      path: async () => {
        const { id } = await register(app)
        await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'counter-service' })
        const [drawn] = await app.peek<{ id: string }>(
          `update drawn_openings set day = day - 1 where neighbour_id = '${id}' returning id`,
        )
        return `/v1/drawn-look-ups/${drawn?.id}/explanation`
      },
      body: { reason: 'Came for a proof' },
    },
  ],
  'POST /v1/officer-acts': () => [
    {
      as: 'legal',
      path: async () => '/v1/officer-acts',
      body: {
        kind: 'enrol',
        name: 'Night School',
        identifier: 'VM-9001',
        functions: ['school'],
        signedBy: 'An invented officer',
        clients: [],
      },
    },
    {
      as: 'legal',
      path: async () => '/v1/officer-acts',
      body: { kind: 'attestation', organisationId: DEMO_OFFICE, signedBy: 'An invented officer' },
    },
    {
      as: 'legal',
      path: async () => '/v1/officer-acts',
      body: { kind: 'lend', organisationId: DEMO_OFFICE, staff: 'staff-7' },
    },
    {
      as: 'legal',
      path: async () => '/v1/officer-acts',
      body: {
        kind: 'secrecy',
        reference: 'D-2345678923',
        until: ago(-20),
        basis: 'The order was prolonged',
        documentId: crypto.randomUUID(),
      },
    },
  ],
  'POST /v1/staff-records': () => [
    { as: 'supervisor', path: async () => '/v1/staff-records', body: { staff: 'staff-7', neighbourId: spare } },
  ],
}

/** What each may not hold. */
const TOO_MUCH: Record<string, string> = { plain: 'asylum seeker', name: 'DNI 12345678Z' }
const MAIL_TOO_MUCH = 'x1234567l@example.org'

/** Every text of a form, by its pointer. */
const textsIn = (value: unknown, pointer = ''): [string, string][] =>
  typeof value === 'string'
    ? [[pointer, value]]
    : value === null || typeof value !== 'object'
      ? []
      : Object.entries(value).flatMap(([key, one]) => textsIn(one, `${pointer}/${key}`))

function withText(body: object, pointer: string, text: string): object {
  // Through JSON: a clone of a form that says one thing twice would still be one thing.
  const copy: Record<string, unknown> = JSON.parse(JSON.stringify(body))
  const keys = pointer.slice(1).split('/')
  const last = keys.pop() ?? ''
  let at = copy
  for (const key of keys) at = at[key] as Record<string, unknown>
  at[last] = text
  return copy
}

const events = () => entriesOf(app, "action = 'plain-confirmed'")
const kept = async () =>
  (
    await app.peek<{ n: string }>(
      'select (select count(*) from neighbours) + (select count(*) from particulars) + (select count(*) from residences) + (select count(*) from proceedings) + (select count(*) from access_requests) + (select count(*) from staff_neighbours) + (select count(*) from budget_releases) + (select count(*) from officer_acts) + (select count(*) from drawn_openings where reason is not null) as n',
    )
  )[0]?.n

let spare = ''
let paper = ''
describe('a text that says too much', () => {
  beforeAll(async () => {
    spare = (await register(app)).id
    paper = await uploaded(app)
  })

  it('has an example at every door that keeps texts', () => {
    const doors = Object.entries(listed.schemas)
      .filter(([name, texts]) => name.includes(' ') && Object.values(texts).some((holds) => holds in TOO_MUCH))
      .map(([name]) => name)
    expect(Object.keys(EXAMPLES).sort()).toEqual(doors.sort())
    for (const [name, examples] of Object.entries(EXAMPLES)) {
      const texts: Record<string, string> = listed.schemas[name as keyof typeof listed.schemas]
      const given = new Set(examples().flatMap(({ body }) => textsIn(body).map(([pointer]) => pointer)))
      for (const [pointer, holds] of Object.entries(texts))
        if (holds in TOO_MUCH)
          expect(
            [...given].map((one) => one.replaceAll(/\/\d+/g, '/*')),
            name,
          ).toContain(pointer)
    }
  })

  it.each(Object.keys(EXAMPLES))('is given back by %s, with the field, and nothing is kept', async (name) => {
    const texts: Record<string, string> = listed.schemas[name as keyof typeof listed.schemas]
    for (const { as, path, body, ifMatch } of EXAMPLES[name]?.() ?? []) {
      const address = await path()
      const before = await kept()
      for (const [pointer] of textsIn(body)) {
        const holds = texts[pointer.replaceAll(/\/\d+/g, '/*')] ?? ''
        const text = pointer.endsWith('/email') ? MAIL_TOO_MUCH : TOO_MUCH[holds]
        if (text === undefined) continue
        const asked = { as, body: withText(body, pointer, text), ...(ifMatch ? { ifMatch } : {}) }
        const answer = await app.ask<{ code: string; errors: { pointer: string }[] }>(
          name.split(' ')[0] ?? '',
          address,
          asked,
        )
        expect(answer, pointer).toMatchObject({ status: 422, body: { code: 'says-too-much', errors: [{ pointer }] } })
        expect(answer.text).not.toContain(text)
      }
      expect(await kept()).toBe(before)
    }
    expect(JSON.stringify(app.log)).not.toMatch(/asylum|12345678Z|x1234567l/i)
    expect(await events()).toEqual([])
  })

  it.each(Object.keys(EXAMPLES))(
    'is kept by %s where it is about something else, and counted of nobody',
    async (name) => {
      const texts: Record<string, string> = listed.schemas[name as keyof typeof listed.schemas]
      const [example] = EXAMPLES[name]?.() ?? []
      if (example === undefined) throw new Error(name)
      const { as, path, body, ifMatch } = example
      const given = new Set(textsIn(body).map(([one]) => one.replaceAll(/\/\d+/g, '/*')))
      const [pointer = '', holds = ''] =
        Object.entries(texts).find(([one, mark]) => mark in TOO_MUCH && given.has(one)) ?? []
      const said = withText(body, pointer.replaceAll('*', '0'), TOO_MUCH[holds] ?? '')
      const before = (await events()).length
      const asked = { as, body: { ...said, confirmedPlain: true }, ...(ifMatch ? { ifMatch } : {}) }
      const answer = await app.ask(name.split(' ')[0] ?? '', await path(), asked)
      expect(answer.status, answer.text).toBeLessThan(300)
      const after = await events()
      expect(after.length).toBe(before + 1)
      expect(after.every(({ subject_id }) => subject_id === null)).toBe(true)
    },
  )

  it('is no case to look somebody up for', async () => {
    const { id } = await register(app)
    const headers = { 'padron-case': 'X1234567L' }
    await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'counter-service', headers })
    expect(await app.peek(`select kind from flags where neighbour_id = '${id}'`)).toEqual([{ kind: 'no-case' }])
  })

  it('and one that is longer than its schema allows pass no door, whoever read the form', async () => {
    const [stays, joined] = [(await register(app)).id, (await register(app)).id]
    const clerk = { kind: 'staff', id: 'clerk-1', role: 'clerk', organisationId: DEMO_OFFICE } as const
    const long = { reason: 'x'.repeat(501) }
    await expect(
      proposeApart(
        app.rooms,
        { town: app.town, by: clerk },
        { ids: { stays, joined }, proposal: long, idempotencyKey: randomUUID() },
      ),
    ).rejects.toMatchObject({ code: 'invalid-input', errors: [{ pointer: '/reason', tooLong: true }] })
  })

  it('is no more than what it was where it was kept before', async () => {
    const { id } = await register(app, { contact: { other: 'Hotel Visa' }, confirmedPlain: true })
    const body = { contact: { other: 'Hotel Visa' }, languages: ['fr'] }
    expect(await app.ask('PATCH', `/v1/neighbours/${id}`, { as: 'clerk', body, ifMatch: 1 })).toMatchObject({
      status: 200,
    })
  })
})
