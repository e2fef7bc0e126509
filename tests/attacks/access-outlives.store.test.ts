import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { leaveFarewell } from '../../src/identity/farewell.ts'
import { nameHelper } from '../../src/identity/help.ts'
import { keepPasskey } from '../../src/identity/sign-in-with-passkey.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { offerEnrolment } from '../../src/registry/person/offer-enrolment.ts'
import { actFor } from '../../src/registry/person/representation/act-for.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1234' }

async function adult(more: object = {}) {
  const { id } = await register(app, { dateOfBirth: '1984-05-01', ...more })
  const { code } = await shownTo(
    giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
  )
  return { id, code }
}
let sources = 0
async function comeIn(code: string, word = 'molinet') {
  const response = await app.fetch(
    new Request('https://vallmar.example/me/in', {
      method: 'POST',
      headers: { host: 'vallmar.example', 'test-source': `place ${++sources}`, 'accept-language': 'en' },
      body: new URLSearchParams({ code, word, to: '/me' }),
      redirect: 'manual',
    }),
  )
  return { status: response.status, text: await response.text() }
}
const version = async (id: string) => (await openRecord(app, id)).body.version as number
async function dies(id: string) {
  const body = { cause: 'death' }
  const answer = await app.ask('POST', `/v1/neighbours/${id}/departures`, {
    as: 'clerk',
    body,
    ifMatch: await version(id),
  })
  expect(answer.status).toBe(201)
}
/** Past every use case, as a job or a hand would do it that remembers the proofs, which the database insists on, and nothing else. */
const goneBehindOurBack = (id: string) =>
  app.peek(`update neighbours set departed_on = (now() at time zone 'Europe/Madrid')::date
    from (select set_config('padron.took_back', '${id} ', true) as done offset 0) looked where id = '${id}' and looked.done is not null`)

describe('access ends with the person', () => {
  it('closes the card, the session, the helper and the telephone’s code of somebody who has died', async () => {
    const { id, code } = await adult()
    const resident = { kind: 'resident', id: 'me', neighbourId: id } as const
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const until = app.clock.now().toZonedDateTimeISO('UTC').toPlainDate().add({ months: 3 })
    const helper = await nameHelper(
      app.rooms,
      { town: app.town, by: resident },
      {
        helper: {
          name: 'Rosa',
          profiles: ['school-enrolment', 'library'],
          until,
        },
      },
    )
    expect((await me.open('/me')).status).toBe(200)
    await dies(id)
    expect((await me.open('/me')).status).toBe(303)
    expect((await comeIn(code)).status).toBe(401)
    const help = await app.fetch(
      new Request('https://vallmar.example/helper', {
        method: 'POST',
        headers: { host: 'vallmar.example', 'test-source': 'helper' },
        body: new URLSearchParams({ code: helper.code, profile: 'library' }),
      }),
    )
    expect(help.status).toBe(401)
  })

  it('asks at each use, and does not rest on anything having been tidied up', async () => {
    const { id } = await adult()
    const resident = { kind: 'resident', id: 'me', neighbourId: id } as const
    const me = await signedIn(app, { kind: 'resident', subject: id })
    await app.peek(`alter table neighbours disable trigger neighbours_end_access`)
    try {
      await goneBehindOurBack(id)
    } finally {
      await app.peek(`alter table neighbours enable trigger neighbours_end_access`)
    }
    expect(await app.peek(`select 1 from sessions where subject = '${id}'`)).toHaveLength(1)
    expect((await me.open('/me')).status).toBe(303)
    // A door that forgot to ask is refused by the gate.
    const ask = { municipalityId: app.town.id, requester: resident, action: 'open', purpose: 'own-record' } as const
    await expect(
      app.rooms.gate.open<{ name: string }, 'name', void>(
        { ...ask, fields: ['name'] },
        async () => [],
        () => {},
      ),
    ).rejects.toMatchObject({ code: 'refused' })
  })

  it('gives no new way in to somebody who has left, not even by SQL', async () => {
    const { id } = await adult()
    const enrolment = await shownTo(
      offerEnrolment(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, source: 'desk' }),
    )
    await dies(id)
    await expect(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    ).rejects.toMatchObject({
      code: 'not-resident',
    })
    await expect(
      offerEnrolment(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, source: 'desk' }),
    ).rejects.toMatchObject({
      code: 'not-resident',
    })
    await expect(
      keepPasskey(
        app.rooms,
        { town: app.town, by: { code: enrolment.code } },
        {
          response: { id: 'x' } as never,
          named: {
            device: 'phone',
            owner: '',
          },
        },
      ),
    ).rejects.toMatchObject({ code: 'passkey-refused' })
    const values = `'${randomUUID()}', '${app.town.id}', '${id}'`
    await expect(
      app.peek(`insert into enrolments (id, municipality_id, neighbour_id, code_hash, expires_at)
        values (${values}, decode(repeat('ab', 32), 'hex'), now() + interval '1 day')`),
    ).rejects.toThrow(/access is for neighbours/)
  })

  it('does not come back with the person: a new card is handed over', async () => {
    const { id, code } = await adult()
    await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person' },
      ifMatch: await version(id),
    })
    const back = await app.ask('POST', `/v1/neighbours/${id}/returns`, {
      as: 'clerk',
      body: { address: { kind: 'dwelling', streetName: 'del Retorn', number: '1' } },
      ifMatch: await version(id),
    })
    expect(back.status).toBe(201)
    // The same answer as before they came back: the old card tells nobody that they did.
    expect((await comeIn(code)).status).toBe(403)
    const card = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    )
    // They had one before: it works after a while, as anybody's does.
    expect(card.waits).toBe(true)
    await app.peek(`update resident_cards set works_from = now() where neighbour_id = '${id}'`)
    expect((await comeIn(card.code)).status).toBe(303)
  })

  it('tells by an ended card what stands, whatever was recorded and undone since', async () => {
    const { id, code } = await adult()
    const change = async (path: string, body: object) => {
      const answer = await app.ask('POST', `/v1/neighbours/${id}${path}`, {
        as: 'clerk',
        body,
        ifMatch: await version(id),
      })
      expect(answer.status, answer.text).toBe(201)
    }
    const undo = async () =>
      expect((await app.ask('POST', `/v1/neighbours/${id}/undo`, { as: 'clerk' })).status).toBe(200)
    const tells = async (card = code) => (await comeIn(card)).status === 403
    await change('/departures', { cause: 'moved-away', saidBy: 'in-person' })
    expect(await tells()).toBe(true)
    await change('/departures', { cause: 'death' })
    expect(await tells()).toBe(false)
    await undo()
    expect(await tells()).toBe(true)
    // A card of the time in which they were thought to be back tells the same, once that is undone.
    await change('/returns', { address: { kind: 'dwelling', streetName: 'del Retorn', number: '1' } })
    const given = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    )
    await undo()
    expect([await tells(), await tells(given.code)]).toEqual([true, true])
  })

  it('tells nothing by the card of a record that was joined to another', async () => {
    const { id, code } = await adult()
    const left = { as: 'clerk', body: { cause: 'moved-away', saidBy: 'in-person' }, ifMatch: await version(id) }
    expect((await app.ask('POST', `/v1/neighbours/${id}/departures`, left)).status).toBe(201)
    const back = {
      as: 'clerk',
      body: { address: { kind: 'dwelling', streetName: 'del Retorn', number: '2' } },
      ifMatch: await version(id),
    }
    expect((await app.ask('POST', `/v1/neighbours/${id}/returns`, back)).status).toBe(201)
    const stays = await register(app)
    const proposed = await app.ask<{ id: string }>('POST', `/v1/neighbours/${stays.id}/joins`, {
      as: 'clerk',
      body: { other: id, reason: 'The same photograph' },
    })
    const decision = `/v1/neighbours/${stays.id}/joins/${proposed.body.id}/decision`
    expect((await app.ask('POST', decision, { as: 'second-clerk', body: { decision: 'approved' } })).status).toBe(200)
    expect((await comeIn(code)).status).toBe(401)
  })

  it('leaves a removed person one page without data: what was decided, why, and how to object', async () => {
    const { id, code } = await adult({ name: { given: 'Quimeta', family: ['Serrallonga'] } })
    await goneBehindOurBack(id)
    const since = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().toString()
    const { ledger } = await app.rooms.gate.keysOf(app.town.id)
    await inMunicipality(app.database, app.town.id, (transaction) =>
      leaveFarewell(transaction, { ledger, neighbourId: id, removal: { cause: 'wrongly-registered', since } }),
    )
    expect((await comeIn(code, 'another')).text).not.toContain('Your registration has ended')
    const { status, text } = await comeIn(code)
    expect(status).toBe(403)
    for (const said of ['Your registration has ended', 'decided', 'you can object', '/complain'])
      expect(text).toContain(said)
    for (const held of ['Quimeta', 'Serrallonga', '1984', 'Molí', id]) expect(text).not.toContain(held)
  })

  it('takes the offer to a wallet back with the departure', async () => {
    const { id } = await adult()
    const offered = await app.ask('POST', `/v1/neighbours/${id}/wallet-offers`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    expect(offered.status).toBe(201)
    await dies(id)
    expect(await app.peek(`select 1 from wallet_offers where neighbour_id = '${id}'`)).toEqual([])
  })
})

describe('access ends with the representation', () => {
  async function family() {
    const parent = await adult()
    const child = await register(app, {
      dateOfBirth: String(app.clock.now().toZonedDateTimeISO('UTC').year - 6),
      representatives: [{ kind: 'parent', neighbourId: parent.id }],
    })
    return { parent, child, resident: { kind: 'resident', id: 'me', neighbourId: parent.id } as const }
  }

  it('lets nobody act for a child once they have died, whatever session they still hold', async () => {
    const { parent, child, resident } = await family()
    await actFor(app.rooms, { town: app.town, by: resident }, child.id)
    const me = await signedIn(app, { kind: 'resident', subject: parent.id })
    await dies(parent.id)
    await expect(actFor(app.rooms, { town: app.town, by: resident }, child.id)).rejects.toMatchObject({
      code: 'not-found',
    })
    expect((await me.open('/me/children')).status).toBe(303)
    const acting = {
      kind: 'resident',
      id: `representative ${parent.id}`,
      neighbourId: child.id,
      representative: { neighbourId: parent.id, toldWhere: true },
    } as const
    const ask = { municipalityId: app.town.id, requester: acting, action: 'open', purpose: 'own-record' } as const
    await expect(
      app.rooms.gate.open<{ name: string }, 'name', void>(
        { ...ask, fields: ['name'] },
        async () => [],
        () => {},
      ),
    ).rejects.toMatchObject({ code: 'refused' })
  })

  it('stays ended when the parent comes back, until it is recorded again', async () => {
    const { parent, child, resident } = await family()
    await app.ask('POST', `/v1/neighbours/${parent.id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person' },
      ifMatch: await version(parent.id),
    })
    await app.ask('POST', `/v1/neighbours/${parent.id}/returns`, {
      as: 'clerk',
      body: { address: { kind: 'dwelling', streetName: 'del Retorn', number: '2' } },
      ifMatch: await version(parent.id),
    })
    await expect(actFor(app.rooms, { town: app.town, by: resident }, child.id)).rejects.toMatchObject({
      code: 'not-found',
    })
    const again = await app.ask('POST', `/v1/neighbours/${child.id}/representatives`, {
      as: 'clerk',
      body: { kind: 'parent', neighbourId: parent.id },
    })
    expect(again.status).toBe(201)
    await actFor(app.rooms, { town: app.town, by: resident }, child.id)
  })
})
