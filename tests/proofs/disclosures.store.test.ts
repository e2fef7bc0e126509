import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
let proof: string
let revoked: string
let gone: string
beforeAll(async () => {
  app = await openApp()
  const issue = async (id: string) =>
    (
      await app.ask<{ id: string; token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
        as: 'clerk',
        body: { profile: 'library' },
      })
    ).body
  const person = await register(app, { name: { given: 'Fatou', family: ['Sarr'] }, since: '2021-05-01' })
  proof = (await issue(person.id)).token
  const other = await issue(person.id)
  revoked = other.token
  await app.ask('POST', `/v1/proofs/${other.id}/revocation`, { as: 'clerk' })
  const leaver = await register(app, { since: '2020-01-01' })
  gone = (await issue(leaver.id)).token
  await app.ask('POST', `/v1/neighbours/${leaver.id}/departures`, {
    as: 'clerk',
    ifMatch: 1,
    body: { cause: 'moved-away', saidBy: 'in-person' },
  })
  // Others see a departure the next morning.
  app.clock.advance({ hours: 30 })
})
afterAll(() => app?.close())

const disclose = (as: string, more: object = {}) =>
  app.ask('POST', '/v1/disclosures', {
    as,
    body: { subject: { proof }, purpose: 'service-eligibility', fields: ['resident'], ...more },
  })
const shape = (answer: { status: number; text: string; headers: Headers }) => ({
  status: answer.status,
  text: answer.text,
  headers: [...answer.headers].filter(([name]) => name !== 'request-id'),
})

describe('a service provider who holds a proof', () => {
  it('learns the fields its purpose allows and no more', async () => {
    expect(await disclose('library')).toMatchObject({ status: 200, body: { resident: true } })
    expect((await disclose('library', { fields: ['resident', 'residentSince', 'name'] })).body).toEqual({
      resident: true,
      residentSince: '2021-05-01',
      name: { given: 'Fatou', family: ['Sarr'] },
    })
  })

  it('is refused what no purpose allows, with an error that names it', async () => {
    expect(await disclose('library', { fields: ['address'] })).toMatchObject({ status: 422 })
    expect(await disclose('library', { fields: ['resident'], nationality: true })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/nationality' }] },
    })
  })

  it('may hold a proof of which the bearer showed nothing', async () => {
    expect(await disclose('library', { subject: { proof: `${proof.split('~')[0]}~` } })).toMatchObject({
      status: 200,
      body: { resident: true },
    })
  })
})

describe('a refused request', () => {
  const cases: [string, () => ReturnType<typeof disclose>][] = [
    ['immigration enforcement', () => disclose('border-agency')],
    ['a unit that belongs to it', () => disclose('joint-unit')],
    ['a company that shares with that unit', () => disclose('address-check')],
    ['an organisation of unknown function', () => disclose('unknown')],
    ['the purpose of immigration control', () => disclose('library', { purpose: 'immigration-control' })],
    ['another’s purpose', () => disclose('library', { purpose: 'counter-service' })],
    ['a purpose nobody has heard of', () => disclose('library', { purpose: 'curiosity' })],
    ['a proof of nobody', () => disclose('library', { subject: { proof: 'eyJhbGciOiJFUzI1NiJ9.e30.AA~' } })],
    ['no proof at all', () => disclose('library', { subject: { proof: '' } })],
    ['a proof that was changed', () => disclose('library', { subject: { proof: proof.replace('~', 'A~') } })],
    ['a proof taken back', () => disclose('library', { subject: { proof: revoked } })],
    ['a proof of somebody who left', () => disclose('library', { subject: { proof: gone } })],
    ['enforcement with a proof of nobody', () => disclose('border-agency', { subject: { proof: 'x' } })],
    ['staff, who have no business here', () => disclose('clerk')],
  ]

  it('is byte for byte the same, whoever asks, whatever is wrong, whoever it is about', async () => {
    const answers = []
    for (const [, make] of cases) answers.push(shape(await make()))
    expect(answers[0]).toMatchObject({
      status: 403,
      text: JSON.stringify({
        type: '/problems/refused',
        title: 'This request is refused.',
        status: 403,
        code: 'refused',
      }),
    })
    for (const [index, answer] of answers.entries()) expect(answer, cases[index]?.[0]).toEqual(answers[0])
  })

  it.each(cases)('leaves an entry in the ledger: %s', async (_, make) => {
    const count = async () =>
      Number((await app.peek<{ count: string }>('select count(*) from ledger_entries'))[0]?.count)
    const before = await count()
    await make()
    expect(await count()).toBe(before + 1)
  })
})

describe('when an organisation changes', () => {
  it('its open door closes at once', async () => {
    expect((await disclose('city-bikes')).status).toBe(200)
    const BIKES = '0192f000-0000-7000-8000-000000000003'
    await app.peek(
      `insert into organisation_links (municipality_id, organisation_id, kind, related_id) values ('${app.town.id}', '${BIKES}', 'sharesWith', '0192f000-0000-7000-8000-000000000007')`,
    )
    expect((await disclose('city-bikes')).status).toBe(403)
  })

  it('an attestation that ran out closes it too', async () => {
    expect((await disclose('housing')).status).toBe(200)
    app.clock.advance({ hours: 24 * 366 })
    try {
      expect((await disclose('housing')).status).toBe(403)
    } finally {
      app.clock.advance({ hours: -24 * 366 })
    }
    expect((await disclose('housing')).status).toBe(200)
  })
})
