import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms, createApp, type Rooms } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { compareGrants } from '../../src/firewall/agreed-grants.ts'
import { digestOfGrants, type GrantTable, widerThan } from '../../src/firewall/grant-table.ts'
import { isGranted } from '../../src/firewall/grants.ts'
import { loadPolicies, type PolicyEngine } from '../../src/firewall/policies.ts'
import type { Question } from '../../src/firewall/question.ts'
import { Refusal, type Staff } from '../../src/firewall/requester.ts'
import { decideAct } from '../../src/oversight/decide-act.ts'
import { carrying, propose } from '../../src/oversight/enrol.ts'
import { today } from '../../src/platform/clock.ts'
import { inMunicipality, type Transaction } from '../../src/platform/database.ts'
import { loadRecords } from '../../src/registry/store.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'

// Somebody widens, little by little and inside of what is never refused outright, who may see what: a field more for a purpose, a
// service that learns one thing more.

let app: TestApp
let narrow: PolicyEngine
let wide: PolicyEngine
beforeAll(async () => {
  app = await openApp()
  wide = app.policies
  // Yesterday's release: papers opened no name of a household, and nobody asked wallets.
  const purposes = new Map(wide.purposes)
  const papers = purposes.get('papers')
  if (papers) purposes.set('papers', { ...papers, fields: papers.fields.filter((field) => field !== 'household') })
  purposes.delete('wallet-question')
  narrow = loadPolicies(cedar, undefined, purposes)
})
afterAll(() => app?.close())

const [first, second] = ['one', 'two'].map(
  (id): Staff => ({ kind: 'staff', id, role: 'legal', organisationId: DEMO_OFFICE }),
) as [Staff, Staff]
const PLACE = 'clerk | open | papers | usual'
const start = (policies: PolicyEngine) => compareGrants(rooms(policies), app.town.id, policies.grants().table)

const made = new Map<PolicyEngine, Rooms>()
/** A process with these rules, on the same database. */
function rooms(policies: PolicyEngine): Rooms {
  const known = made.get(policies) ?? composeRooms({ ...app.deps, policies })
  made.set(policies, known)
  return known
}
const served = (policies: PolicyEngine) => createApp({ ...app.deps, policies }, rooms(policies))

const opens = async (policies: PolicyEngine, id: string, fields: readonly string[]) => {
  try {
    await rooms(policies).gate.open(
      {
        municipalityId: app.town.id,
        requester: { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' },
        action: 'open',
        purpose: 'papers',
        fields: fields as never,
      },
      (transaction) => loadRecords(transaction, [id], { trueAt: today(app.clock, app.town.timeZone) }) as never,
      () => 'yes',
    )
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}
const carry = (policies: PolicyEngine) =>
  carrying(app.clock, app.town.id, {
    application: async () => undefined,
    secrecy: async () => {},
    widen: (transaction, { digest }) => rooms(policies).gate.agreeTo(transaction, app.town, digest),
    callOff: (transaction) => rooms(policies).gate.callOff(transaction, app.town.id),
  })
const agree = async (policies: PolicyEngine, digest = policies.grants().digest, by = second) => {
  const { gate } = rooms(policies)
  const deps = { gate, clock: app.clock }
  const acting = { municipalityId: app.town.id, by: first }
  const { id } = await shownTo(propose(deps, acting, { proposal: { kind: 'widen', digest }, carry: carry(policies) }))
  return shownTo(decideAct(deps, { ...acting, by }, { id, approves: true, carry: carry(policies) }))
}
const page = async (policies: PolicyEngine) =>
  (
    await served(policies).fetch(
      new Request('https://vallmar.example/firewall', {
        headers: { host: 'vallmar.example', 'accept-language': 'en' },
      }),
    )
  ).text()
const published = async (policies: PolicyEngine) =>
  (await (
    await served(policies).fetch(
      new Request('https://vallmar.example/v1/grants', { headers: { host: 'vallmar.example' } }),
    )
  ).json()) as {
    digest: string
    agreed: GrantTable
    closed: GrantTable
    toCome: { begins: string; wider: GrantTable }[]
  }
const ledger = async (action: string) =>
  (await app.peek(`select from ledger_entries where action = '${action}'`)).length

describe('wider rules', () => {
  let id: string
  it('are those a town starts with, once: it agrees to them by founding itself', async () => {
    id = (await register(app)).id
    expect(await start(narrow)).toEqual({})
    expect(await app.peek('select basis from agreed_grants')).toEqual([{ basis: 'founding' }])
    expect(await ledger('grants-founded')).toBe(1)
    expect(await start(narrow)).toEqual({})
    expect(await app.peek('select basis from agreed_grants')).toHaveLength(1)
  })

  it('start, and what is beyond stays closed, whichever process asks; all else goes on', async () => {
    const closed = await start(wide)
    expect(closed[PLACE]).toEqual(['household'])
    expect(Object.keys(closed).some((place) => place.startsWith('client: library | disclose | wallet-question'))).toBe(
      true,
    )
    expect([await opens(wide, id, ['name', 'household']), await opens(wide, id, ['name'])]).toEqual([false, true])
    expect((await app.ask('POST', '/v1/counters', { as: 'library', body: { service: 'library' } })).status).toBe(403)
    expect(await page(wide)).toContain(LOCALES.en['grants.closed'])
    expect((await published(wide)).closed[PLACE]).toEqual(['household'])
    // Registering, the ordinary work, goes on under the rules of yesterday.
    expect((await register(app)).id).toMatch(/-/)
  })

  it('are agreed to by two officers who looked at them, not by one, not by another digest, not by a supervisor', async () => {
    await expect(agree(wide, undefined, first)).rejects.toMatchObject({ code: 'another-officer' })
    await expect(agree(wide, 'a'.repeat(64))).rejects.toMatchObject({ code: 'nothing-wider' })
    await expect(agree(wide, undefined, { ...second, role: 'supervisor' })).rejects.toMatchObject({ code: 'refused' })
    expect(await opens(wide, id, ['household'])).toBe(false)
  })

  it('begin after the days that everybody can read of them, in every process, without a restart', async () => {
    expect((await agree(wide)).status).toBe('done')
    const said = await published(wide)
    expect(said.toCome.map(({ wider }) => wider[PLACE])).toEqual([['household']])
    expect(
      Temporal.Instant.from(said.toCome[0]?.begins ?? '')
        .since(app.clock.now())
        .total('days'),
    ).toBeCloseTo(14, 1)
    expect(await page(wide)).toContain(LOCALES.en['grants.begins'].split('{day}')[0])
    expect(await opens(wide, id, ['household'])).toBe(false)
    app.clock.advance({ hours: 24 * 13 })
    expect(await opens(wide, id, ['household'])).toBe(false)
    app.clock.advance({ hours: 25 })
    expect(await opens(wide, id, ['household'])).toBe(true)
    expect((await published(wide)).closed).toEqual({})
  })

  it('are taken back at once by narrower ones, and come back within thirty days by two officers, without waiting', async () => {
    expect(await start(narrow)).toEqual({})
    expect(await ledger('grants-narrowed')).toBe(1)
    await start(wide)
    expect(await opens(wide, id, ['household'])).toBe(false)
    app.clock.advance({ hours: 24 * 20 })
    await agree(wide)
    expect(await opens(wide, id, ['household'])).toBe(true)
    const rows = await app.peek<{ basis: string }>('select basis from agreed_grants order by in_force_from, agreed_at')
    expect(rows.map(({ basis }) => basis)).toEqual(['founding', 'officers', 'narrower', 'returned'])
  })

  it('wait again where they were taken back longer ago', async () => {
    await start(narrow)
    app.clock.advance({ hours: 24 * 31 })
    await start(wide)
    await agree(wide)
    expect(await opens(wide, id, ['household'])).toBe(false)
  })

  it('do not come back by what was agreed before they were taken back', async () => {
    // What two officers agreed to waits for its day, and before that the rules are taken back.
    await start(narrow)
    app.clock.advance({ hours: 24 * 15 })
    expect(await opens(wide, id, ['household'])).toBe(false)
    expect((await published(wide)).toCome).toEqual([])
  })

  it('are called off by one officer before they begin, and by nobody else; what counts counts on', async () => {
    await agree(wide)
    expect((await published(wide)).toCome).toHaveLength(1)
    const callOff = (by: Staff) =>
      propose(
        { gate: rooms(wide).gate, clock: app.clock },
        { municipalityId: app.town.id, by },
        { proposal: { kind: 'call-off' }, carry: carry(wide) },
      )
    await expect(callOff({ ...first, role: 'supervisor' })).rejects.toMatchObject({ code: 'refused' })
    expect((await shownTo(callOff(first))).status).toBe('done')
    expect((await published(wide)).toCome).toEqual([])
    await expect(callOff(second)).rejects.toMatchObject({ code: 'nothing-to-come' })
    app.clock.advance({ hours: 24 * 15 })
    expect([await opens(wide, id, ['household']), await opens(wide, id, ['name'])]).toEqual([false, true])
    // What never began does not come back without waiting.
    await agree(wide)
    expect(await opens(wide, id, ['household'])).toBe(false)
    await callOff(second)
  })

  it('are written by nobody past the officers: not as narrower ones, not dated back, not for later, not under another digest', async () => {
    const all = wide.grants()
    const forged: GrantTable = { ...all.table, 'clerk | export | papers | usual': ['name'] }
    const write = async (row: {
      basis: string
      cells?: GrantTable
      digest?: string
      at?: Temporal.Instant
      from?: Temporal.Instant
    }) => {
      const at = row.at ?? app.clock.now()
      const cells = row.cells ?? forged
      await inMunicipality(app.database, app.town.id, (transaction) =>
        sql`insert into agreed_grants (municipality_id, agreed_at, in_force_from, basis, digest, mark, cells)
          values (${app.town.id}, ${at.toString()}::timestamptz, ${(row.from ?? at).toString()}::timestamptz, ${row.basis},
            ${row.digest ?? digestOfGrants(cells)}, ${row.digest ?? ''}, ${JSON.stringify(cells)}::text::jsonb)`.execute(
          transaction,
        ),
      )
    }
    const refused = (row: Parameters<typeof write>[0]) => expect(write(row)).rejects.toMatchObject({ code: 'PD006' })
    const days = (n: number) => app.clock.now().add({ hours: 24 * n })
    for (const basis of ['founding', 'narrower', 'officers', 'returned']) await refused({ basis })
    for (const basis of ['founding', 'narrower', 'returned']) await refused({ basis, at: days(-80), from: days(0) })
    await refused({ basis: 'narrower', cells: narrow.grants().table, from: days(40) })
    await refused({ basis: 'officers', at: days(-20), from: days(0) })
    // An officer's act of one's own making gives back no table that was never agreed.
    const { ledger } = await rooms(wide).gate.keysOf(app.town.id)
    const act = (statement: (transaction: Transaction) => Promise<unknown>) =>
      inMunicipality(app.database, app.town.id, statement)
    const actId = crypto.randomUUID()
    await act((transaction) =>
      sql`insert into officer_acts (municipality_id, id, kind, data_key_id, content, proposed_by)
        values (${app.town.id}, ${actId}, 'widen', ${ledger.id}, ${Buffer.alloc(64)}, 'x')`.execute(transaction),
    )
    await expect(
      act(async (transaction) => {
        await sql`update officer_acts set decision = 'approved', decided_by = 'y', decided_at = now() where id = ${actId}`.execute(
          transaction,
        )
        await sql`insert into agreed_grants (municipality_id, agreed_at, in_force_from, basis, digest, mark, cells)
          values (${app.town.id}, ${app.clock.now().toString()}::timestamptz, ${app.clock.now().toString()}::timestamptz, 'returned',
            ${digestOfGrants(forged)}, '', ${JSON.stringify(forged)}::text::jsonb)`.execute(transaction)
      }),
    ).rejects.toMatchObject({ code: 'PD006' })
    await expect(
      act((transaction) => sql`update agreed_grants set in_force_from = now()`.execute(transaction)),
    ).rejects.toThrow()
    // Narrower cells under the marks of wider ones are narrower cells.
    expect(await opens(narrow, id, ['name'])).toBe(true)
    const [known] = await app.peek<{ mark: string }>(
      `select mark from agreed_grants where digest = '${all.digest}' limit 1`,
    )
    await write({ basis: 'narrower', cells: {}, digest: known?.mark ?? all.digest })
    expect([await opens(wide, id, ['household']), await opens(wide, id, ['name'])]).toEqual([false, false])
  })
})

describe('a function that closes no more, or gives orders from now on', () => {
  it('is wider, and whoever does it or is tied to it stays refused', async () => {
    const { table } = wide.grants()
    const [answered, ordering] = ['functions | answered', 'functions | giving orders']
    expect(table[answered]).toContain('library')
    expect(table[answered]).not.toContain('data-broker')
    const looser = {
      ...table,
      [answered]: [...(table[answered] ?? []), 'data-broker'],
      [ordering]: [...(table[ordering] ?? []), 'police'],
    }
    expect(widerThan(looser, table)).toEqual({ [answered]: ['data-broker'], [ordering]: ['police'] })
    const now = app.clock.now()
    const question = (functions: string[]): Question => ({
      requester: { kind: 'client', id: 'c', organisationId: 'own' },
      position: {
        organisationId: 'own',
        attestedUntil: now.add({ hours: 1 }),
        organisations: new Map([
          ['own', { related: ['other'], functions: ['library'] }],
          ['other', { related: [], functions }],
        ]),
      },
      action: 'disclose',
      purpose: 'service-eligibility',
      fields: ['resident'],
      subjects: 1,
      record: { id: 'r', protected: false },
      now,
    })
    expect([isGranted(table, question(['culture'])), isGranted(table, question(['data-broker']))]).toEqual([
      true,
      false,
    ])
    expect(isGranted(table, { ...question(['culture']), subjects: 2 })).toBe(false)
    // What a demand says that an authority does is not what it does.
    const demand: Question = {
      ...question(['culture']),
      requester: { kind: 'authority', id: 'a', functions: ['court'], organisationId: 'own' },
      ...{ action: 'demand', purpose: 'judge-order', fields: [], judgeOrder: true },
    }
    expect(isGranted(table, demand)).toBe(false)
  })
})

describe('a service that learns more', () => {
  it('gets no proof, no paper and no offer before the town has agreed', async () => {
    const other = await openApp()
    try {
      const table = other.policies.grants().table
      const less = (table['proof | library'] ?? []).filter((field) => field !== 'family_name')
      const cells: GrantTable = { ...table, 'proof | library': less }
      await compareGrants(other.rooms, other.town.id, cells)
      const { id } = await register(other)
      const prove = (profile: string) =>
        other.ask('POST', `/v1/neighbours/${id}/proofs`, { as: 'clerk', body: { profile } })
      expect((await prove('library')).status).toBe(403)
      expect((await prove('health-card')).status).toBe(201)
      const paper = { kind: 'individual', language: 'en', profile: 'library', handedTo: 'neighbour' }
      expect((await other.ask('POST', `/v1/neighbours/${id}/papers`, { as: 'clerk', body: paper })).status).toBe(403)
      expect((await other.ask('POST', '/v1/counters', { as: 'library', body: { service: 'library' } })).status).toBe(
        403,
      )
    } finally {
      await other.close()
    }
  })
})
