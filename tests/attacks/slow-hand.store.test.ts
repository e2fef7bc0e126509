import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms, createApp, type Rooms } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { compareGrants } from '../../src/firewall/agreed-grants.ts'
import { digestOfGrants, type GrantTable } from '../../src/firewall/grant-table.ts'
import { loadPolicies, type PolicyEngine } from '../../src/firewall/policies.ts'
import { Refusal, type Staff } from '../../src/firewall/requester.ts'
import { decideAct } from '../../src/oversight/decide-act.ts'
import { carrying, propose } from '../../src/oversight/enrol.ts'
import { today } from '../../src/platform/clock.ts'
import { inMunicipality } from '../../src/platform/database.ts'
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

  it('are written by nobody past the officers: not as narrower ones, not as a founding, not over what was written', async () => {
    const cells = JSON.stringify({ ...wide.grants().table, 'clerk | export | papers | usual': ['name'] })
    const write = (basis: string, at: string) =>
      inMunicipality(app.database, app.town.id, async (transaction) => {
        const { sql } = await import('kysely')
        await sql`insert into agreed_grants (municipality_id, agreed_at, in_force_from, basis, digest, cells)
          values (${app.town.id}, ${at}::timestamptz, ${at}::timestamptz + interval '8 days' * ${basis === 'officers' ? 1 : 0}, ${basis},
            ${'b'.repeat(64)}, ${cells}::text::jsonb)`.execute(transaction)
      })
    const at = app.clock.now().add({ hours: 1 }).toString()
    for (const basis of ['founding', 'narrower', 'officers', 'returned'])
      await expect(write(basis, at), basis).rejects.toMatchObject({ code: 'PD006' })
    await expect(
      inMunicipality(app.database, app.town.id, async (transaction) => {
        const { sql } = await import('kysely')
        await sql`update agreed_grants set in_force_from = now()`.execute(transaction)
      }),
    ).rejects.toThrow()
    // The digest is of what lies beside it.
    const [row] = await app.peek<{ digest: string; cells: GrantTable }>(
      'select digest, cells from agreed_grants order by agreed_at limit 1',
    )
    expect(row && digestOfGrants(row.cells)).toBe(row?.digest)
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
