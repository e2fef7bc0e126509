import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { type House, openHouse } from '../support/house.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

const legal = (subject = 'legal') => signedIn(house, { kind: 'staff', subject, role: 'legal', office: DEMO_OFFICE })
/** Another officer approves whatever waits. */
async function approved() {
  const other = await legal('another officer')
  const page = await (await other.open('/desk/organisations')).text()
  for (const [, entry = ''] of page.matchAll(/name="entry" value="([^"]+)"/g))
    await other.send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
}
const idOf = async (name: string) =>
  (await house.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
async function asks(client: string) {
  const { id } = await register(house)
  const { body } = await house.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  const asked = { subject: { proof: body.token }, purpose: 'service-eligibility', fields: ['resident'] }
  return (await house.ask('POST', '/v1/disclosures', { as: client, body: asked })).status
}

describe('an organisation that legal officers enrol', () => {
  it('is answered while it has a function and a promise, and closed by a tie to enforcement, at once', async () => {
    const officer = await legal()
    expect(await asks('library')).toBe(200)
    const library = await idOf('Vallmar Libraries')
    const shared = await officer.send(
      '/desk/organisations/tie',
      { organisation: library, kind: 'sharesWith', related: await idOf('Border Agency') },
      '/desk/organisations',
    )
    expect(shared.status).toBe(303)
    expect(await asks('library')).toBe(403)
    // A new promise does not open what the tie closed.
    await officer.send(
      '/desk/organisations/promise',
      { organisation: library, signed: 'An invented officer' },
      '/desk/organisations',
    )
    await approved()
    expect(await asks('library')).toBe(403)
  })

  it('loses its promise with every new tie, and has it again when an officer signs again', async () => {
    const officer = await legal()
    const bikes = await idOf('Vallmar Bicycles')
    expect(await asks('city-bikes')).toBe(200)
    await officer.send(
      '/desk/organisations/tie',
      { organisation: bikes, kind: 'memberOf', related: await idOf('Housing Office') },
      '/desk/organisations',
    )
    expect(await asks('city-bikes')).toBe(200)
    await approved()
    expect(await asks('city-bikes')).toBe(403)
    await officer.send(
      '/desk/organisations/promise',
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
    const clerk = await signedIn(house, { kind: 'staff', subject: 'clerk', role: 'clerk', office: DEMO_OFFICE })
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
    expect(await house.peek("select from organisations where name = 'Vallmar Museum'")).toEqual([])
    await approved()
    expect(await (await officer.open('/desk/organisations')).text()).toContain('Vallmar Museum')
    const entries = await house.peek<{ n: string }>(
      "select count(*) as n from ledger_entries where action = 'enrol' and purpose = 'enrolment'",
    )
    expect(Number(entries[0]?.n)).toBeGreaterThan(5)
  })
})

describe('the database', () => {
  const as = (work: string) =>
    inMunicipality(house.database, house.town.id, async (transaction) => {
      for (const one of work.split(';').filter((text) => text.trim() !== '')) await sql.raw(one).execute(transaction)
    })
  const town = () => `'${house.town.id}'`
  const act = (
    decision: string,
    by: string,
  ) => `insert into officer_acts (id, municipality_id, kind, data_key_id, content, proposed_by, decided_by, decided_at, decision)
    select gen_random_uuid(), ${town()}, 'tie', id, '\\x00', 'one', '${by}', now(), '${decision}' from data_keys where owner = 'ledger'`
  const ties = (kind: string, related: string) =>
    `insert into organisation_links (municipality_id, organisation_id, kind, related_id) values (${town()}, '${DEMO_OFFICE}', '${kind}', '${related}')`

  it('keeps nothing that widens who is answered without the approval of a second officer in the same transaction', async () => {
    const school = await idOf('Housing Office')
    const border = await idOf('Border Agency')
    const alone = [
      `insert into organisations (id, municipality_id, name) values (gen_random_uuid(), ${town()}, 'Made by one')`,
      `insert into organisation_functions (municipality_id, organisation_id, function) values (${town()}, '${DEMO_OFFICE}', 'school')`,
      ties('memberOf', school),
      ties('sharesWith', border),
      `insert into clients (municipality_id, organisation_id, id) values (${town()}, '${DEMO_OFFICE}', 'made-by-one')`,
      `insert into staff_affiliations (municipality_id, organisation_id, staff_id) values (${town()}, '${DEMO_OFFICE}', 'somebody')`,
      `insert into attestations (id, municipality_id, organisation_id, signed_by, signed_at, expires_at)
        values (gen_random_uuid(), ${town()}, '${DEMO_OFFICE}', 'One', now(), now() + interval '1 year')`,
      `update organisations set aliases = array_append(aliases, 'Another name') where id = '${DEMO_OFFICE}'`,
    ]
    for (const one of alone) await expect(as(one), one).rejects.toMatchObject({ code: 'PD006' })
    // What was decided alone lets only that through which closes the gate.
    for (const one of alone.slice(0, 3).concat(alone.slice(4)))
      await expect(as(`${act('at-once', 'one')};${one}`), one).rejects.toMatchObject({ code: 'PD006' })
    await as(`${act('approved', 'two')};${alone[1]}`)
    await expect(as(act('approved', 'one'))).rejects.toMatchObject({ code: '23514' })
    await as(`${act('at-once', 'one')};${ties('memberOf', border)}`)
    await expect(as(`update officer_acts set decision = 'refused' where decision = 'approved'`)).rejects.toMatchObject({
      code: 'PD006',
    })
  })
})
