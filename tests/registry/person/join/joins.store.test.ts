import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../../src/cli/demo-town.ts'
import type { Staff } from '../../../../src/firewall/requester.ts'
import { giveCard } from '../../../../src/registry/person/give-card.ts'
import { addedBy } from '../../../../src/registry/person/join/join-periods.ts'
import { openApp, type TestApp } from '../../../support/app.ts'
import { openRecord, register } from '../../../support/people.ts'
import { proofsHeld } from '../../../support/proofs.ts'
import { signedIn } from '../../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1234' }
const propose = (stays: string, other: string, as = 'clerk') =>
  app.ask<{ id: string; code: string }>('POST', `/v1/neighbours/${stays}/joins`, {
    as,
    body: { other, reason: 'The same photograph and the same mother' },
  })
const decide = (stays: string, id: string, decision = 'approved', as = 'second-clerk') =>
  app.ask<{ code: string }>('POST', `/v1/neighbours/${stays}/joins/${id}/decision`, { as, body: { decision } })
async function join(stays: string, other: string) {
  const { body } = await propose(stays, other)
  expect((await decide(stays, body.id)).status).toBe(200)
  return body.id
}
const inForce = (id: string) =>
  app.peek<{ household_id: string; valid_from: string; valid_to: string | null }>(
    `select household_id, valid_from::text, valid_to::text from residences
     where neighbour_id = '${id}' and superseded_at is null order by valid_from`,
  )
/** Years as another register confirmed them: by hand, since who registers them here starts today. */
const since = async (id: string, day: string) => {
  await app.peek('alter table residences disable trigger user')
  await app.peek(`update residences set valid_from = '${day}' where neighbour_id = '${id}'`)
  await app.peek('alter table residences enable trigger user')
}
const found = async (name: string) =>
  (
    await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
      as: 'clerk',
      body: { name },
      purpose: 'counter-service',
    })
  ).body.matches.map(({ id }) => id)

describe('what one record adds to another', () => {
  it('is the days the other has nothing for: no year of either is lost, and none is counted twice', () => {
    const day = fc
      .integer({ min: 0, max: 400 })
      .map((n) => Temporal.PlainDate.from('2020-01-01').add({ days: n }).toString())
    const periods = fc.uniqueArray(day, { minLength: 2, maxLength: 6 }).map((days) => {
      const sorted = [...days].sort()
      return Array.from({ length: Math.floor(sorted.length / 2) }, (_, i) => ({
        id: `p${i}`,
        householdId: 'h',
        from: sorted[2 * i] ?? '',
        to: sorted[2 * i + 1] ?? null,
        settledFrom: null,
      }))
    })
    fc.assert(
      fc.property(periods, periods, day, (joined, stays, at) => {
        const on = (all: readonly { from: string; to: string | null }[]) =>
          all.filter(({ from, to }) => from <= at && (to === null || at < to)).length
        const together = on(stays) + on(addedBy(joined, stays))
        expect(together).toBe(Math.max(on(stays), on(joined)) === 0 ? 0 : 1)
      }),
    )
  })
})

describe('one person registered twice', () => {
  it('is one record after two people say so: years, proofs, requests, representations and the document go to the one that stays', async () => {
    const stays = await register(app, { name: { given: 'Ramona', family: ['Duplicada'] } })
    const other = await register(app, {
      name: { given: 'Mona', family: ['Duplicatta'] },
      dateOfBirth: '1977-07-07',
      evidence: { strength: 'document', document: 'ZZ-991' },
      contact: { phone: '+34 600 111 222' },
    })
    await since(other.id, '2015-05-01')
    const child = await register(app, {
      dateOfBirth: String(app.clock.now().toZonedDateTimeISO('UTC').year - 4),
      representatives: [{ kind: 'parent', neighbourId: other.id }],
    })
    const card = await giveCard(
      app.rooms,
      { town: app.town, by: clerk },
      { source: 'desk', neighbourId: stays.id, word: 'paraula' },
    )
    expect(card).toBeDefined()
    const me = await signedIn(app, { kind: 'resident', subject: stays.id })
    const other1 = await signedIn(app, { kind: 'resident', subject: other.id })
    await app.ask('POST', `/v1/neighbours/${other.id}/proofs`, { as: 'clerk', body: { profile: 'library' } })

    const { body } = await propose(stays.id, other.id)
    expect((await decide(stays.id, body.id, 'approved', 'clerk')).body.code).toBe('second-clerk-needed')
    expect((await decide(stays.id, body.id)).status).toBe(200)

    expect((await inForce(stays.id)).map((row) => row.valid_from)).toEqual(['2015-05-01', stays.residentSince])
    expect(await inForce(other.id)).toEqual([])
    const record = (await openRecord(app, stays.id)).body
    expect(record).toMatchObject({
      residence: { residentSince: '2015-05-01' },
      contact: { phone: '+34 600 111 222' },
      household: { id: stays.householdId },
    })
    expect(await found('Mona Duplicatta')).toEqual([stays.id])
    expect(await found('Ramona Duplicada')).toEqual([stays.id])
    expect((await openRecord(app, child.id)).body.representatives).toMatchObject([{ neighbourId: stays.id }])
    expect(await proofsHeld(app, stays.id)).toMatchObject([{ profile: 'library' }])
    const document = await app.ask<{ candidates: { id: string }[] }>('POST', '/v1/neighbours', {
      as: 'clerk',
      body: {
        name: { given: 'Zzz' },
        evidence: { strength: 'document', document: 'zz991' },
        address: { kind: 'no-fixed-address', usualArea: 'la platja' },
      },
    })
    expect(document.body.candidates.map(({ id }) => id)).toEqual([stays.id])
    // Joining my record to yours does not give me yours: whoever could come in to either comes in to neither.
    for (const session of [me, other1]) expect((await session.open('/me')).status).toBe(303)
    expect(
      await app.peek(
        `select 1 from resident_cards where neighbour_id in ('${stays.id}', '${other.id}') and cancelled_at is null`,
      ),
    ).toEqual([])
    const back = await app.ask('POST', `/v1/neighbours/${other.id}/returns`, {
      as: 'clerk',
      body: { address: { kind: 'dwelling', streetName: 'del Retorn', number: '1' } },
      ifMatch: (await openRecord(app, other.id)).body.version as number,
    })
    expect(back.status).toBe(409)
  })

  it('hides if either did, and is for two supervisors then', async () => {
    const stays = await register(app)
    const hidden = await register(app, { protected: true })
    expect((await propose(stays.id, hidden.id)).status).toBe(404)
    const { body } = await propose(stays.id, hidden.id, 'supervisor')
    expect((await decide(stays.id, body.id)).status).toBe(404)
    expect((await decide(stays.id, body.id, 'approved', 'supervisor')).body.code).toBe('second-clerk-needed')
    const second = await signedIn(app, { kind: 'staff', subject: 'second', role: 'supervisor', office: DEMO_OFFICE })
    const page = await (await second.open('/desk/joins')).text()
    expect(page).toContain('The same photograph')
    const colleague = await signedIn(app, { kind: 'staff', subject: 'colleague', role: 'clerk', office: DEMO_OFFICE })
    expect(await (await colleague.open('/desk/joins')).text()).not.toContain('The same photograph')
    const sent = await second.send(
      '/desk/joins',
      { join: body.id, stays: stays.id, decision: 'approved' },
      '/desk/joins',
    )
    expect(sent.status).toBe(303)
    expect((await openRecord(app, stays.id)).status).toBe(404)
    expect((await openRecord(app, stays.id, 'supervisor')).body.protected).toBe(true)
  })

  it('is taken apart within the same rules: each has again what it had, and nobody gets a card back', async () => {
    const stays = await register(app, { name: { given: 'Primera', family: ['Bessona'] } })
    const other = await register(app, {
      name: { given: 'Segona', family: ['Germanastra'] },
      dateOfBirth: '1966-06-06',
    })
    await since(other.id, '2016-05-01')
    const child = await register(app, {
      dateOfBirth: String(app.clock.now().toZonedDateTimeISO('UTC').year - 4),
      representatives: [{ kind: 'parent', neighbourId: other.id }],
    })
    const before = [await inForce(stays.id), await inForce(other.id)]
    await join(stays.id, other.id)
    const apart = await app.ask<{ id: string }>('POST', `/v1/neighbours/${stays.id}/joins/${other.id}/apart`, {
      as: 'second-clerk',
      body: { reason: 'Both came to the counter' },
    })
    expect((await decide(stays.id, apart.body.id, 'approved', 'second-clerk')).body.code).toBe('second-clerk-needed')
    expect((await decide(stays.id, apart.body.id, 'approved', 'clerk')).status).toBe(200)
    expect([await inForce(stays.id), await inForce(other.id)]).toEqual(before)
    expect((await openRecord(app, other.id)).body.departedOn).toBeUndefined()
    expect(await found('Segona Germanastra')).toEqual([other.id])
    expect(await found('Primera Bessona')).toEqual([stays.id])
    expect((await openRecord(app, child.id)).body.representatives).toMatchObject([{ neighbourId: other.id }])
  })

  const apartFrom = async (stays: string, other: string) => {
    const apart = await app.ask<{ id: string }>('POST', `/v1/neighbours/${stays}/joins/${other}/apart`, {
      as: 'clerk',
      body: { reason: 'Both came to the counter' },
    })
    return decide(stays, apart.body.id)
  }
  const act = async (id: string, path: string, body: object, as = 'clerk') => {
    const ifMatch = (await openRecord(app, id)).body.version as number
    const answer = await app.ask('POST', `/v1/neighbours/${id}${path}`, { as, body, ifMatch })
    expect([200, 201], answer.text).toContain(answer.status)
  }

  it('is taken apart also after a move or a death: what came after stays with the record that stays', async () => {
    for (const what of ['move', 'death']) {
      const [stays, other] = [await register(app), await register(app)]
      await since(other.id, '2015-05-01')
      const before = await inForce(other.id)
      await join(stays.id, other.id)
      if (what === 'move')
        await act(stays.id, '/residences', { address: { kind: 'dwelling', streetName: 'de Després', number: '4' } })
      else await act(stays.id, '/departures', { cause: 'death' })
      const after = await inForce(stays.id)
      expect((await apartFrom(stays.id, other.id)).status).toBe(200)
      expect(await inForce(other.id)).toEqual(before)
      expect(await inForce(stays.id)).toEqual(after.filter(({ household_id }) => household_id !== other.householdId))
      expect((await openRecord(app, other.id)).body.departedOn).toBeUndefined()
    }
  })

  it('is not taken apart where the years that the join brought were corrected since, and says so', async () => {
    const [stays, other] = [await register(app), await register(app)]
    await since(other.id, '2015-05-01')
    await join(stays.id, other.id)
    const [brought] = await app.peek<{ id: string }>(
      `select id from residences where neighbour_id = '${stays.id}' and superseded_at is null order by valid_from limit 1`,
    )
    await app.peek('alter table residences disable trigger user')
    await app.peek(`update residences set valid_from = '2015-05-09' where id = '${brought?.id}'`)
    await app.peek(`insert into residences (id, municipality_id, neighbour_id, household_id, valid_from, valid_to, recorded_at, superseded_at)
      select gen_random_uuid(), municipality_id, neighbour_id, household_id, '2015-05-01', valid_to, recorded_at, now()
      from residences where id = '${brought?.id}'`)
    await app.peek('alter table residences enable trigger user')
    expect((await apartFrom(stays.id, other.id)).body.code).toBe('apart-in-the-way')
  })

  it('takes along whose record it is among the staff and whether it is watched, and gives them back', async () => {
    const [stays, other] = [await register(app), await register(app)]
    await app.ask('POST', '/v1/staff-records', { as: 'supervisor', body: { staff: 'cousin', neighbourId: other.id } })
    await app.ask('POST', '/v1/watched-neighbours', { as: 'supervisor', body: { neighbourId: other.id } })
    const whose = async () => [
      (await app.peek<{ id: string }>(`select neighbour_id as id from staff_neighbours where staff_id = 'cousin'`))[0]
        ?.id,
      (await app.peek(`select from watched_neighbours where neighbour_id = '${stays.id}'`)).length,
    ]
    await join(stays.id, other.id)
    expect(await whose()).toEqual([stays.id, 1])
    expect((await apartFrom(stays.id, other.id)).status).toBe(200)
    expect(await whose()).toEqual([other.id, 0])
  })

  it('withdraws proofs of the other that say what the record that stays does not', async () => {
    const [stays, other] = [await register(app), await register(app)]
    const proof = await app.ask<{ id: string }>('POST', `/v1/neighbours/${other.id}/proofs`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    await join(stays.id, other.id)
    expect(await proofsHeld(app, stays.id)).toMatchObject([{ id: proof.body.id, revokedAt: expect.any(String) }])
  })

  it('waits where something else is open, and is not proposed twice', async () => {
    const [stays, other, gone] = [await register(app), await register(app), await register(app)]
    await app.ask('POST', `/v1/neighbours/${gone.id}/departures`, {
      as: 'clerk',
      body: { cause: 'death' },
      ifMatch: 1,
    })
    expect((await propose(gone.id, stays.id)).body.code).toBe('join-departed')
    expect((await propose(stays.id, stays.id)).status).toBe(422)
    expect((await propose(stays.id, randomUUID())).status).toBe(404)
    const first = await propose(stays.id, other.id)
    expect((await propose(other.id, stays.id)).body.code).toBe('join-open')
    expect((await decide(stays.id, first.body.id, 'refused', 'clerk')).status).toBe(200)
    expect((await decide(stays.id, first.body.id)).body.code).toBe('join-decided')
  })

  it('forgets both when it is erased: what was joined is the same person', async () => {
    const [stays, other] = [await register(app), await register(app)]
    await join(stays.id, other.id)
    await app.ask('POST', `/v1/neighbours/${stays.id}/departures`, {
      as: 'clerk',
      body: { cause: 'death' },
      ifMatch: (await openRecord(app, stays.id)).body.version as number,
    })
    await app.peek(`select forget_neighbour('${app.town.id}', '${stays.id}')`)
    const keys = await app.peek(`select 1 from data_keys where id in ('${stays.id}', '${other.id}')`)
    expect(keys).toEqual([])
  })

  it('is found by name at the desk, compared side by side, and keeps the reason that was typed', async () => {
    const stays = await register(app, { name: { given: 'Taulell', family: ['Primerenc'] } })
    const other = await register(app, { name: { given: 'Taulell', family: ['Segonenc'] }, dateOfBirth: '1960-01-02' })
    const desk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    const path = `/desk/neighbours/${stays.id}/join`
    const list = await (await desk.send(`${path}/find`, { said: 'Taulell Segonenc' }, path)).text()
    expect(list).toContain(other.id)
    const chosen = await desk.send(`${path}/find`, { said: 'Taulell Segonenc', other: other.id }, path)
    const side = await (await desk.open(chosen.headers.get('location') ?? '')).text()
    for (const said of ['Primerenc', 'Segonenc', 'This record stays']) expect(side).toContain(said)
    const short = await desk.send(path, { other: other.id, reason: 'a' }, path)
    expect(short.status).toBe(422)
    expect((await desk.send(path, { other: other.id, reason: 'One card, one face' }, path)).status).toBe(303)
    expect(await (await desk.open('/desk/joins')).text()).toContain('You proposed it')
  })
})

describe('what was true when a join was proposed', () => {
  const left = async (id: string, on?: string) =>
    app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person', ...(on ? { on } : {}) },
      ifMatch: (await openRecord(app, id)).body.version as number,
    })

  it('is asked again when it is decided: who stays has not left meanwhile, and nothing is open', async () => {
    const [stays, other] = [await register(app), await register(app)]
    const proposed = await propose(stays.id, other.id)
    expect((await left(stays.id)).status).toBe(201)
    const decided = await decide(stays.id, proposed.body.id)
    expect([decided.status, decided.body.code]).toEqual([409, 'join-departed'])
    expect(await inForce(other.id)).toHaveLength(1)

    const [one, two] = [await register(app), await register(app)]
    const again = await propose(one.id, two.id)
    await app.ask('POST', `/v1/neighbours/${two.id}/departures`, {
      as: 'clerk',
      body: { cause: 'wrongly-registered', reason: 'Nobody there', informant: 'staff' },
      ifMatch: 1,
    })
    const refused = await decide(one.id, again.body.id)
    expect([refused.status, refused.body.code]).toEqual([409, 'join-in-the-way'])
  })

  it('stays the one who left last, and lived nowhere before they were born', async () => {
    const today = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
    const day = (days: number) => today.subtract({ days }).toString()
    const [early, late] = [await register(app, { since: day(80) }), await register(app, { since: day(80) })]
    await left(early.id, day(60))
    await left(late.id, day(20))
    expect((await propose(early.id, late.id)).body.code).toBe('join-departed')
    expect((await propose(late.id, early.id)).status).toBe(201)

    const newborn = await register(app, { dateOfBirth: day(10), since: day(10) })
    const elder = await register(app, { dateOfBirth: day(60), since: day(60) })
    expect((await propose(newborn.id, elder.id)).body.code).toBe('join-before-birth')
  })

  it('is taken apart after a move that was undone, and nobody is reached where the other is', async () => {
    const stays = await register(app)
    const other = await register(app, { contact: { phone: '+34 600 000 001' } })
    await join(stays.id, other.id)
    const version = async () => (await openRecord(app, stays.id)).body.version as number
    const move = { address: { kind: 'dwelling', streetName: 'de l’Error', number: '2' } }
    await app.ask('POST', `/v1/neighbours/${stays.id}/residences`, {
      as: 'clerk',
      body: move,
      ifMatch: await version(),
    })
    expect((await app.ask('POST', `/v1/neighbours/${stays.id}/undo`, { as: 'clerk' })).status).toBe(200)
    const apart = await app.ask<{ id: string }>('POST', `/v1/neighbours/${stays.id}/joins/${other.id}/apart`, {
      as: 'clerk',
      body: { reason: 'Two mothers' },
    })
    expect((await decide(stays.id, apart.body.id)).status).toBe(200)
    expect((await openRecord(app, stays.id)).body.contact).toBeUndefined()
    expect((await openRecord(app, other.id)).body.contact).toEqual({ phone: '+34 600 000 001' })
    expect([await inForce(stays.id), await inForce(other.id)].map((rows) => rows.length)).toEqual([1, 1])
  })

  it('keeps what only one of the two records knew, seen by whoever joins them or not, and takes it back', async () => {
    const stays = await register(app, { contact: { phone: '+34 600 000 002' } })
    const other = await register(app, { sex: 'x', languages: ['wo'] })
    await join(stays.id, other.id)
    const { body } = await openRecord(app, stays.id)
    expect(body).toMatchObject({ sex: 'x', languages: ['wo'], contact: { phone: '+34 600 000 002' } })
    const apart = await app.ask<{ id: string }>('POST', `/v1/neighbours/${stays.id}/joins/${other.id}/apart`, {
      as: 'clerk',
      body: { reason: 'Two mothers' },
    })
    expect((await decide(stays.id, apart.body.id)).status).toBe(200)
    const [first, second] = [(await openRecord(app, stays.id)).body, (await openRecord(app, other.id)).body]
    expect(first).not.toHaveProperty('sex')
    expect(first).not.toHaveProperty('languages')
    expect(second).toMatchObject({ sex: 'x', languages: ['wo'] })
  })
})
