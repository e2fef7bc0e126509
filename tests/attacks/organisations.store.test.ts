import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'

// Organisations that were clean when they were let in, and the people lent to those that are not.

let app: TestApp
let proof: string
let person: { id: string }
beforeAll(async () => {
  app = await openApp({ town: { hourlyBudgetOrganisation: 40 } })
})
afterAll(() => app?.close())
beforeEach(async () => {
  person = await register(app)
  const issued = await app.ask<{ token: string }>('POST', `/v1/neighbours/${person.id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  proof = issued.body.token
})

const disclose = async (as: string) =>
  (
    await app.ask('POST', '/v1/disclosures', {
      as,
      body: { subject: { proof }, purpose: 'service-eligibility', fields: ['resident'] },
    })
  ).status
const idOf = async (name: string) =>
  (await app.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
const linkBetween = async (from: string, kind: string, to: string) =>
  app.peek(`insert into organisation_links (municipality_id, organisation_id, kind, related_id)
    values ('${app.town.id}', '${await idOf(from)}', '${kind}', '${await idOf(to)}')`)
const unlink = (kind: string) =>
  app.peek(`delete from organisation_links where kind = '${kind}' and organisation_id in
    (select id from organisations where name like '%Libraries' or name like '%Bicycles')`)
const attestation = async (name: string) =>
  app.peek(`insert into attestations (id, municipality_id, organisation_id, signed_by, signed_at, expires_at)
    values (gen_random_uuid(), '${app.town.id}', '${await idOf(name)}', 'An invented officer', now() - interval '1 minute', now() + interval '300 days')`)

describe('a clean agency that begins to share with enforcement', () => {
  it('waits for a second officer where it would shut out an office of the registry, or what that stands under', async () => {
    const named = async (name: string) =>
      (await app.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
    const border = await named('Border Agency')
    const office = (
      await app.peek<{ id: string }>(
        "select organisation_id as id from organisation_functions where function = 'citizenship-office'",
      )
    )[0]?.id
    for (const body of [
      { kind: 'link', organisationId: office, link: { kind: 'reportsTo', relatedId: border } },
      { kind: 'link', organisationId: border, link: { kind: 'sharesWith', relatedId: office } },
      { kind: 'function', organisationId: office, function: 'immigration-enforcement' },
    ])
      expect(await app.ask('POST', '/v1/officer-acts', { as: 'legal', body })).toMatchObject({
        body: { status: 'waiting' },
      })
    const { id } = await register(app)
    expect((await openRecord(app, id, 'clerk')).status).toBe(200)
  })

  it('is closed at once, and stays closed when the link is cut until it attestations again', async () => {
    expect(await disclose('library')).toBe(200)
    await linkBetween('Vallmar Libraries', 'sharesWith', 'Joint Unit')
    expect(await disclose('library')).toBe(403)
    await unlink('sharesWith')
    expect(await disclose('library')).toBe(403)
    await attestation('Vallmar Libraries')
    expect(await disclose('library')).toBe(200)
  })

  it('is closed by whoever hosts or works for it, and by whom it hosts or works for', async () => {
    for (const [from, to] of [
      ['Vallmar Libraries', 'Joint Unit'],
      ['Joint Unit', 'Vallmar Libraries'],
    ] as const) {
      expect(await disclose('library')).toBe(200)
      await linkBetween(from, 'suppliedBy', to)
      expect(await disclose('library'), from).toBe(403)
      await app.peek("delete from organisation_links where kind = 'suppliedBy'")
      await attestation('Vallmar Libraries')
    }
    expect(await disclose('library')).toBe(200)
  })

  it('is closed whichever of the two wrote the sharing down', async () => {
    expect(await disclose('city-bikes')).toBe(200)
    await linkBetween('Border Agency', 'sharesWith', 'Vallmar Bicycles')
    expect(await disclose('city-bikes')).toBe(403)
  })

  it('is closed by what happens several links away', async () => {
    expect(await disclose('housing')).toBe(200)
    await linkBetween('Housing Office', 'memberOf', 'Vallmar Libraries')
    await attestation('Housing Office')
    expect(await disclose('housing')).toBe(200)
    // Not its own link, but one it can reach: the attestation was made about other company.
    await linkBetween('Vallmar Libraries', 'reportsTo', 'Citizenship Office')
    expect(await disclose('housing')).toBe(403)
    await attestation('Housing Office')
    await attestation('Vallmar Libraries')
    expect(await disclose('housing')).toBe(200)
    await app.peek(`insert into organisation_functions (municipality_id, organisation_id, function)
      values ('${app.town.id}', '${DEMO_OFFICE}', 'immigration-enforcement')`)
    await attestation('Housing Office')
    expect(await disclose('housing')).toBe(403)
    await app.peek(
      `delete from organisation_functions where organisation_id = '${DEMO_OFFICE}' and function = 'immigration-enforcement'`,
    )
  })
})

describe('a clerk lent to a joint task force', () => {
  it('sees nothing from that moment, registering included', async () => {
    expect((await openRecord(app, person.id, 'second-clerk')).status).toBe(200)
    await app.peek(`insert into staff_affiliations (municipality_id, staff_id, organisation_id)
      values ('${app.town.id}', 'second-clerk', '${await idOf('Joint Unit')}')`)
    expect((await openRecord(app, person.id, 'second-clerk')).status).toBe(403)
    const form = { name: { given: 'Omar', family: ['Haddad'] }, address: { kind: 'no-fixed-address' } }
    expect((await app.ask('POST', '/v1/neighbours', { as: 'second-clerk', body: form })).status).toBe(403)
    expect((await openRecord(app, person.id, 'clerk')).status).toBe(200)
  })
})

describe('staff who are lent', () => {
  const act = (body: object) =>
    app.ask<{ id: string; status: string }>('POST', '/v1/officer-acts', { as: 'legal', body })
  const approve = (id: string) =>
    app.ask('POST', `/v1/officer-acts/${id}/decision`, { as: 'second-legal', body: { approves: true } })
  const lent = async () =>
    (await app.peek<{ staff_id: string }>('select staff_id from staff_affiliations')).map((row) => row.staff_id)

  it('are written down by two officers, and by one where it closes; coming back takes two', async () => {
    const to = { kind: 'lend', staff: 'lent-clerk', organisationId: DEMO_OFFICE }
    const waiting = await act(to)
    expect(waiting.body.status).toBe('waiting')
    expect(await lent()).not.toContain('lent-clerk')
    expect((await approve(waiting.body.id)).status).toBe(200)
    expect(await lent()).toContain('lent-clerk')
    const unit = await idOf('Joint Unit')
    expect((await act({ ...to, staff: 'task-force', organisationId: unit })).body.status).toBe('done')
    expect(await lent()).toContain('task-force')
    const back = await act({ kind: 'take-back', staff: 'task-force', organisationId: unit })
    expect(await lent()).toContain('task-force')
    expect((await approve(back.body.id)).status).toBe(200)
    expect(await lent()).not.toContain('task-force')
  })

  it('are shut out by one officer once a day: whoever would go on to the next colleague waits for another officer', async () => {
    const unit = await idOf('Joint Unit')
    const alone = await act({ kind: 'lend', staff: 'next-colleague', organisationId: unit })
    expect(alone.body.status).toBe('waiting')
    expect(await lent()).not.toContain('next-colleague')
    expect((await approve(alone.body.id)).status).toBe(200)
    expect(await lent()).toContain('next-colleague')
  })

  it('nobody else writes down', async () => {
    for (const as of ['clerk', 'supervisor', 'auditor', 'library'])
      expect(
        (
          await app.ask('POST', '/v1/officer-acts', {
            as,
            body: { kind: 'lend', staff: 'x', organisationId: DEMO_OFFICE },
          })
        ).status,
        as,
      ).toBe(403)
  })

  it('an act is decided by another officer in the database too', async () => {
    const { body } = await act({ kind: 'lend', staff: 'forced', organisationId: DEMO_OFFICE })
    await expect(
      app.peek(
        `update officer_acts set decision = 'approved', decided_by = proposed_by, decided_at = now() where id = '${body.id}'`,
      ),
    ).rejects.toMatchObject({ code: '23514' })
  })
})

describe('bulk collection', () => {
  it('ends at the hour’s number of questions, counted for the organisation and not for each of its machines', async () => {
    await attestation('Vallmar Libraries')
    await app.peek(`insert into clients (id, municipality_id, organisation_id)
      values ('housing-copy', '${app.town.id}', '${await idOf('Vallmar Libraries')}')`)
    const statuses: number[] = []
    for (let i = 0; i < 45; i += 1) statuses.push(await disclose('library'))
    expect(statuses).toContain(200)
    expect(statuses.at(-1)).toBe(403)
    const [count] = await app.peek<{ times: number }>(
      `select times from query_counts where counted = 'organisation ${await idOf('Vallmar Libraries')}'`,
    )
    expect(count?.times).toBeGreaterThan(40)
  })
})
