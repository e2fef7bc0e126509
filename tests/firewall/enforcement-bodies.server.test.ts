import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoTown } from '../../src/cli/demo-town.ts'
import { ENFORCEMENT_BODIES, EnforcementBody, keepEnforcementBodies } from '../../src/firewall/enforcement-bodies.ts'
import { closesTheGateFor, closingNamed } from '../../src/firewall/organisations.ts'
import { type Database, inMunicipality, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { foundTown } from '../../src/town/town-file.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

const BODY: EnforcementBody = {
  scheme: 'example',
  identifier: 'EXAMPLE7REMOVALS',
  name: 'Example Removals Office',
  function: 'immigration-enforcement',
  source: 'An invented register.',
}

let app: TestApp
let owner: Database
let towns: string[]
let library: string
beforeAll(async () => {
  app = await openApp()
  owner = openDatabase(postgresDialect(app.url('postgres'), { connections: 1 }))
  const file = demoTown('https://other.example', Temporal.Now.instant())
  const other = await foundTown(owner, { ...file, slug: 'other' })
  towns = [app.town.id, other.id]
  library = file.organisations.find((one) => one.functions.includes('library'))?.id ?? ''
  await app.peek(`update organisations set identifier = '${BODY.identifier}' where id = '${library}'`)
})
afterAll(async () => {
  await owner?.destroy()
  await app?.close()
})

async function asked(): Promise<number> {
  const { id } = await register(app)
  const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  const disclosure = { subject: { proof: body.token }, purpose: 'service-eligibility', fields: ['resident'] }
  return (await app.ask('POST', '/v1/disclosures', { as: 'library', body: disclosure })).status
}
const closed = () =>
  Promise.all(
    towns.map((town) => inMunicipality(app.database, town, (transaction) => closesTheGateFor(transaction, [library]))),
  )

describe('a body in the catalogue of enforcement bodies', () => {
  it('is answered nothing in any town, from the moment it stands there, under whatever name it was enrolled', async () => {
    expect(await closed()).toEqual([false, false])
    expect(await asked()).toBe(200)
    expect(await keepEnforcementBodies(owner, [BODY])).toBe(1)
    expect(await closed()).toEqual([true, true])
    expect(await asked()).toBe(403)
    // The database says the same to whoever writes past the service.
    for (const town of towns) {
      const [row] = await app.peek<{ closes: boolean }>(`
        select closes_the_gate('${library}') as closes, set_config('padron.municipality', '', false)
        from (select set_config('padron.municipality', '${town}', false)) as town`)
      expect(row?.closes).toBe(true)
    }
  })

  it('is found in what an application says of ties, in a town that never enrolled it', async () => {
    const said = await inMunicipality(app.database, towns[1] ?? '', (transaction) =>
      closingNamed(transaction, 'We report to the example REMOVALS office each year.'),
    )
    expect(said).toContain(BODY.name)
  })

  it('is corrected and never taken off by the build that reads an older list', async () => {
    expect(await keepEnforcementBodies(owner, [BODY])).toBe(0)
    expect(await keepEnforcementBodies(owner, [{ ...BODY, source: 'Another invented register.' }])).toBe(1)
    expect(await keepEnforcementBodies(owner)).toBe(ENFORCEMENT_BODIES.length)
    expect(await app.peek(`select from enforcement_bodies`)).toHaveLength(ENFORCEMENT_BODIES.length + 1)
  })

  it('is only read by the service', async () => {
    for (const change of [
      'delete from enforcement_bodies',
      "update enforcement_bodies set identifier = 'NOBODY'",
      "insert into enforcement_bodies values ('a', 'ABCD', 'a', 'police', 'a')",
    ])
      await expect(
        inMunicipality(app.database, app.town.id, (transaction) => sql.raw(change).execute(transaction)),
      ).rejects.toMatchObject({ code: '42501' })
  })
})

it('the list of the build has entries that close the gate, each with where it was looked up, and none twice', () => {
  const list = JSON.parse(readFileSync('policies/enforcement-bodies.json', 'utf8')) as EnforcementBody[]
  expect(list).toEqual(ENFORCEMENT_BODIES)
  expect(new Set(list.map(({ scheme, identifier }) => `${scheme} ${identifier}`)).size).toBe(list.length)
  expect(() => EnforcementBody.parse({ ...BODY, function: 'library' })).toThrow(/closes the gate/)
})
