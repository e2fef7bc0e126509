import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { NewOrganisation } from '../../src/oversight/enrol.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

// An agency gives itself another name, and somebody enrols it under that name.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

let named = 0
const enrol = async (functions: string[], client: string) => {
  named += 1
  const body = {
    kind: 'enrol',
    name: `Agency ${named}`,
    identifier: `VM-${1000 + named}`,
    functions,
    signedBy: 'An invented officer',
    clients: [client],
  }
  const act = await app.ask<{ id: string }>('POST', '/v1/officer-acts', { as: 'legal', body })
  expect(act.status, act.text).toBe(201)
  const approved = await app.ask('POST', `/v1/officer-acts/${act.body.id}/decision`, {
    as: 'second-legal',
    body: { approves: true },
  })
  expect(approved.status, approved.text).toBe(200)
}

describe('what an organisation does', () => {
  it('is refused by a word that is on no list, and mapped by one that means something listed', () => {
    expect(NewOrganisation.safeParse({ name: 'X', identifier: 'VM 1', functions: ['residence-checks'] }).success).toBe(
      false,
    )
    expect(
      NewOrganisation.parse({ name: 'X', identifier: 'vm-0001', functions: ['Border-Police', 'museum'] }).functions,
    ).toEqual(['immigration-enforcement', 'culture'])
  })

  it.each([
    'data-broker',
    'credit-reference',
    'debt-collection',
    'tenant-screening',
    'fusion-centre',
    'anpr',
    'border',
  ])('%s closes the gate beside whatever else it does', async (word) => {
    const { id } = await register(app)
    const proof = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    const ask = () =>
      app.ask('POST', '/v1/disclosures', {
        as: 'city-bikes',
        body: { subject: { proof: proof.body.token }, purpose: 'service-eligibility', fields: ['resident'] },
      })
    await app.peek("delete from clients where id = 'city-bikes'")
    await enrol(['library'], 'city-bikes')
    expect((await ask()).status).toBe(200)
    await app.peek("delete from clients where id = 'city-bikes'")
    await enrol(['library', word], 'city-bikes')
    expect((await ask()).status).toBe(403)
  })

  it('belongs to one organisation, however it calls itself: the same number is not enrolled twice', async () => {
    const body = (name: string, identifier: string) => ({
      kind: 'enrol',
      name,
      identifier,
      functions: ['library'],
      clients: [],
    })
    const propose = (act: object) => app.ask<{ id: string }>('POST', '/v1/officer-acts', { as: 'legal', body: act })
    const approve = (id: string) =>
      app.ask<{ code: string; made: string }>('POST', `/v1/officer-acts/${id}/decision`, {
        as: 'second-legal',
        body: { approves: true },
      })
    const first = await propose(body('Reading Room', 'VM-77.001'))
    const { made } = (await approve(first.body.id)).body
    const again = await propose(body('Another Reading Room', 'vm77001'))
    expect(again.body).toMatchObject({ code: 'organisation-known' })
    for (const act of [
      { kind: 'machine', organisationId: made, client: 'reading-room-2' },
      { kind: 'alias', organisationId: made, name: 'The Room' },
    ])
      expect((await approve((await propose(act)).body.id)).status).toBe(200)
    expect(await app.peek(`select identifier, aliases from organisations where id = '${made}'`)).toEqual([
      { identifier: 'VM77001', aliases: ['The Room'] },
    ])
    expect(await app.peek("select organisation_id as id from clients where id = 'reading-room-2'")).toEqual([
      { id: made },
    ])
  })

  it('is on the list in the database too', async () => {
    await expect(
      app.peek(`insert into organisation_functions (municipality_id, organisation_id, function)
        values ('${app.town.id}', '${DEMO_OFFICE}', 'border-library')`),
    ).rejects.toMatchObject({ code: '23503' })
  })

  it('that a demand names is refused where the list does not know it', async () => {
    const body = {
      authority: { name: 'Border Agency', functions: ['borders-and-more'] },
      purpose: 'other',
      basis: 'judge-order',
      basisText: 'Order 17/2026',
      scope: 'The address of one person',
      fields: ['address'],
      documentId: crypto.randomUUID(),
    }
    const answer = await app.ask<{ errors: { pointer: string }[] }>('POST', '/v1/access-requests', {
      as: 'legal',
      body,
    })
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/authority/functions/0' }] } })
  })
})
