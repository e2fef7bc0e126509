import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const legal = (subject = 'legal') => signedIn(app, { kind: 'staff', subject, role: 'legal', office: DEMO_OFFICE })
/** Another officer approves whatever waits. */
async function approved() {
  const other = await legal('another officer')
  const page = await (await other.open('/desk/organisations')).text()
  for (const [, entry = ''] of page.matchAll(/name="entry" value="([^"]+)"/g))
    await other.send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
}
const idOf = async (name: string) =>
  (await app.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
async function asks(client: string) {
  const { id } = await register(app)
  const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  const asked = { subject: { proof: body.token }, purpose: 'service-eligibility', fields: ['resident'] }
  return (await app.ask('POST', '/v1/disclosures', { as: client, body: asked })).status
}

describe('an organisation that legal officers enrol', () => {
  it('is answered while it has a function and an attestation, and closed by a link to enforcement, at once', async () => {
    const officer = await legal()
    expect(await asks('library')).toBe(200)
    const library = await idOf('Vallmar Libraries')
    const shared = await officer.send(
      '/desk/organisations/link',
      { organisation: library, kind: 'sharesWith', related: await idOf('Border Agency') },
      '/desk/organisations',
    )
    expect(shared.status).toBe(303)
    expect(await asks('library')).toBe(403)
    // A new attestation does not open what the link closed.
    await officer.send(
      '/desk/organisations/attestation',
      { organisation: library, signed: 'An invented officer' },
      '/desk/organisations',
    )
    await approved()
    expect(await asks('library')).toBe(403)
  })

  it('loses its attestation with every new link, and has it again when an officer signs again', async () => {
    const officer = await legal()
    const bikes = await idOf('Vallmar Bicycles')
    expect(await asks('city-bikes')).toBe(200)
    await officer.send(
      '/desk/organisations/link',
      { organisation: bikes, kind: 'memberOf', related: await idOf('Housing Office') },
      '/desk/organisations',
    )
    expect(await asks('city-bikes')).toBe(200)
    await approved()
    expect(await asks('city-bikes')).toBe(403)
    await officer.send(
      '/desk/organisations/attestation',
      { organisation: bikes, signed: 'An invented officer' },
      '/desk/organisations',
    )
    // One officer's word is not enough, and they cannot approve their own.
    expect(await asks('city-bikes')).toBe(403)
    const [, entry = ''] =
      /name="entry" value="([^"]+)"/.exec(await (await officer.open('/desk/organisations')).text()) ?? []
    const own = await officer.send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
    expect(own.status).toBe(409)
    expect(await asks('city-bikes')).toBe(403)
    await approved()
    expect(await asks('city-bikes')).toBe(200)
  })

  it('is enrolled, tied and promised for by nobody else, and each step is in the ledger', async () => {
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk', role: 'clerk', office: DEMO_OFFICE })
    expect((await clerk.open('/desk/organisations')).status).toBe(403)
    expect((await clerk.send('/desk/organisations', { name: 'X', functions: 'library' }, '/desk')).status).toBe(403)
    const officer = await legal()
    const page = await (await officer.open('/desk/organisations')).text()
    expect(page).toContain('Border Agency')
    await officer.send(
      '/desk/organisations',
      {
        name: 'Vallmar Museum',
        identifier: 'VM-5001',
        'does-culture': 'yes',
        signed: 'An invented officer',
        clients: 'museum',
      },
      '/desk/organisations',
    )
    expect(await app.peek("select from organisations where name = 'Vallmar Museum'")).toEqual([])
    await approved()
    expect(await (await officer.open('/desk/organisations')).text()).toContain('Vallmar Museum')
    const entries = await app.peek<{ n: string }>(
      "select count(*) as n from ledger_entries where action = 'enrol' and purpose = 'enrolment'",
    )
    expect(Number(entries[0]?.n)).toBeGreaterThan(5)
  })
})

describe('the database', () => {
  const as = (work: string) =>
    inMunicipality(app.database, app.town.id, async (transaction) => {
      for (const one of work.split(';').filter((text) => text.trim() !== '')) await sql.raw(one).execute(transaction)
    })
  const town = () => `'${app.town.id}'`
  const proposed = async (kind: string, decision?: string) => {
    const id = crypto.randomUUID()
    const columns = decision ? ', decided_by, decided_at, decision' : ''
    const values = decision ? `, 'one', now(), '${decision}'` : ''
    await as(`insert into officer_acts (id, municipality_id, kind, data_key_id, content, proposed_by${columns})
      select '${id}', ${town()}, '${kind}', id, '\\x00', 'one'${values} from data_keys where owner = 'ledger'`)
    return id
  }
  const decided = (id: string, by: string) =>
    `update officer_acts set decision = 'approved', decided_by = '${by}', decided_at = now() where id = '${id}'`
  const atOnce = (
    kind: string,
  ) => `insert into officer_acts (id, municipality_id, kind, data_key_id, content, proposed_by, decided_by, decided_at, decision)
    select gen_random_uuid(), ${town()}, '${kind}', id, '\\x00', 'one', 'one', now(), 'at-once' from data_keys where owner = 'ledger'`
  const links = (kind: string, related: string) =>
    `insert into organisation_links (municipality_id, organisation_id, kind, related_id) values (${town()}, '${DEMO_OFFICE}', '${kind}', '${related}')`

  it('keeps nothing that widens who is answered without the approval of a second officer in the same transaction', async () => {
    const school = await idOf('Housing Office')
    const border = await idOf('Border Agency')
    const alone = [
      `insert into organisations (id, municipality_id, name) values (gen_random_uuid(), ${town()}, 'Made by one')`,
      `insert into organisation_functions (municipality_id, organisation_id, function) values (${town()}, '${DEMO_OFFICE}', 'school')`,
      links('memberOf', school),
      links('sharesWith', border),
      `insert into clients (municipality_id, organisation_id, id) values (${town()}, '${DEMO_OFFICE}', 'made-by-one')`,
      `insert into staff_affiliations (municipality_id, organisation_id, staff_id) values (${town()}, '${DEMO_OFFICE}', 'somebody')`,
      `insert into attestations (id, municipality_id, organisation_id, signed_by, signed_at, expires_at)
        values (gen_random_uuid(), ${town()}, '${DEMO_OFFICE}', 'One', now(), now() + interval '1 year')`,
      `update organisations set aliases = array_append(aliases, 'Another name') where id = '${DEMO_OFFICE}'`,
    ]
    alone.push(
      `insert into client_keys (client_id, municipality_id, thumbprint) values ('library', ${town()}, '${'k'.repeat(43)}')`,
    )
    for (const one of alone) await expect(as(one), one).rejects.toMatchObject({ code: 'PD006' })
    // What was decided alone lets only that through which closes the gate.
    for (const one of alone.slice(0, 3).concat(alone.slice(4)))
      for (const kind of ['function', 'link', 'lend'])
        await expect(as(`${atOnce(kind)};${one}`), one).rejects.toMatchObject({ code: 'PD006' })
    const school2 = alone[1] ?? ''
    // Approved by another, in the same transaction, and an act of that kind.
    await expect(as(`${decided(await proposed('function'), 'one')};${school2}`)).rejects.toMatchObject({
      code: '23514',
    })
    await expect(as(`${decided(await proposed('alias'), 'two')};${school2}`)).rejects.toMatchObject({ code: 'PD006' })
    await expect(proposed('function', 'approved')).rejects.toThrow()
    await as(`${decided(await proposed('function'), 'two')};${school2}`)
    const bikes = await idOf('Vallmar Bicycles')
    await as(`${atOnce('link')};${links('memberOf', border).replace(DEMO_OFFICE, bikes)}`)
    await expect(as(`update officer_acts set decision = 'refused' where decision = 'approved'`)).rejects.toMatchObject({
      code: 'PD006',
    })
    // Nor does it keep a message from a neighbour for years, or for longer without two.
    const id = (await register(app)).id
    const told = (
      until: string,
    ) => `insert into notices (id, municipality_id, neighbour_id, kind, details, visible_from, due_by)
      values (gen_random_uuid(), ${town()}, '${id}', 'access-request', '\\x00', now() + interval '${until}', now() + interval '${until}')`
    await expect(as(told('200 days'))).rejects.toMatchObject({ code: 'PD002' })
    await as(told('20 days'))
    const later = `update notices set visible_from = now() + interval '40 days', due_by = now() + interval '41 days' where neighbour_id = '${id}'`
    await expect(as(later)).rejects.toMatchObject({ code: 'PD006' })
    await as(`${decided(await proposed('secrecy'), 'two')};${later}`)
    await app.peek(`delete from officer_acts where length(content) = 1`)
  })
})

describe('what an officer proposes', () => {
  const propose = (body: object) =>
    app.ask<{ id: string; status: string; code: string }>('POST', '/v1/officer-acts', { as: 'legal', body })

  it('is refused at once where it could not be done, and does not wait for ever', async () => {
    const library = await idOf('Vallmar Libraries')
    const nobody = crypto.randomUUID()
    for (const [body, status] of [
      [{ kind: 'alias', organisationId: nobody, name: 'Another name' }, 404],
      [{ kind: 'function', organisationId: nobody, function: 'school' }, 404],
      [{ kind: 'take-back', organisationId: nobody, staff: 'somebody' }, 404],
      [{ kind: 'link', organisationId: library, link: { kind: 'memberOf', relatedId: library } }, 422],
      [{ kind: 'machine', organisationId: library, client: 'city-bikes' }, 409],
    ] as const)
      expect((await propose(body)).status, JSON.stringify(body)).toBe(status)
    const done = async (body: object) => {
      const { id } = (await propose(body)).body
      return app.ask('POST', `/v1/officer-acts/${id}/decision`, { as: 'second-legal', body: { approves: true } })
    }
    // What nobody sees is not kept, and what is there already is there still.
    expect((await done({ kind: 'alias', organisationId: library, name: 'Bib\u0000lio\u202Eteca' })).status).toBe(200)
    const rows = await app.peek<{ aliases: string[] }>(`select aliases from organisations where id = '${library}'`)
    expect(rows[0]?.aliases).toEqual(['Biblioteca'])
    expect((await done({ kind: 'function', organisationId: library, function: 'library' })).status).toBe(200)
  })

  it('is not hidden among many of theirs', async () => {
    const library = await idOf('Vallmar Libraries')
    const answers = []
    for (let n = 0; n < 24; n += 1)
      answers.push((await propose({ kind: 'alias', organisationId: library, name: `Library ${n}` })).status)
    expect(answers.filter((status) => status === 201).length).toBeLessThanOrEqual(20)
    expect(answers.at(-1)).toBe(429)
    // What closes the gate waits for nothing.
    const border = await idOf('Border Agency')
    const closing = { kind: 'link', organisationId: library, link: { kind: 'reportsTo', relatedId: border } }
    expect((await propose(closing)).body.status).toBe('done')
  })

  it('says of an application whose it is, and each thing by its name', async () => {
    const body = new URLSearchParams({
      name: 'Data Harbour',
      identifier: 'VM-8080',
      'does-housing': 'yes',
      need: 'To find flats',
      officer: 'An invented officer',
      contact: 'desk@harbour.example',
      attestation: 'yes',
    })
    const answer = await app.fetch(
      new Request('https://vallmar.example/providers/enrol', {
        method: 'POST',
        headers: { host: 'vallmar.example' },
        body,
      }),
    )
    expect(answer.status).toBeLessThan(400)
    const officer = await legal('fresh officer')
    const page = await (await officer.open('/desk/organisations')).text()
    const application = /name="application" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const sent = await officer.send(
      '/desk/organisations/applications',
      { application, client: 'biblioteca-bona', act: 'enrol' },
      '/desk/organisations',
    )
    expect(sent.status).toBe(303)
    const other = await legal('another officer')
    const waiting = await (await other.open('/desk/organisations')).text()
    expect(waiting).toMatch(/Data Harbour[\s\S]*VM8080/)
  })
})
