import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { decideJoin } from '../../src/registry/person/join/propose-join.ts'
import { tellApart } from '../../src/registry/register/tell-apart.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register, somebody } from '../support/people.ts'

// A record that is held hides from the staff, and from nobody else: whoever wrote down a dummy asks at every other door
// whether something is different. And the rule that holds it stands at every verb, before and after somebody hides.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const boss: Staff = { kind: 'staff', id: 'boss', role: 'supervisor', organisationId: DEMO_OFFICE, case: 'T-1' }
const ask = (method: string, path: string, as: string, body?: object, ifMatch?: number) =>
  app.ask<Record<string, unknown>>(method, path, {
    as,
    purpose: 'counter-service',
    ...(body ? { body } : {}),
    ...(ifMatch ? { ifMatch } : {}),
  })
const named = (given: string) => ({ name: { given, family: ['Casadevall', 'Font'] }, dateOfBirth: '1991-03-14' })
const written = async (body: object, as = 'clerk') => {
  const answer = await ask('POST', '/v1/neighbours', as, { address: somebody().address, ...body })
  expect(answer.status, answer.text).toBe(201)
  return answer.body as { id: string; householdId: string }
}
const version = async (id: string, as = 'supervisor') => (await openRecord(app, id, as)).body.version as number
const hide = async (id: string, as = 'clerk', at = 1) =>
  ask('POST', `/v1/neighbours/${id}/protection`, as, { protected: true, reason: 'They asked for it' }, at)
const hides = async (id: string) =>
  (await app.peek<{ protected: boolean }>(`select protected from neighbours where id = '${id}'`))[0]?.protected
const likenesses = (id: string) =>
  app.peek<{ decision: string | null; hides: boolean }>(
    `select decision, hides from likenesses where neighbour_id = '${id}'`,
  )

describe('a record that is held is like any other', () => {
  it('to a provider who holds its proof, before and after it is told apart', async () => {
    await register(app, { ...named('Aldonça'), protected: true })
    const seen = async (who: object) => {
      const { id } = await written(who)
      const proof = await ask('POST', `/v1/neighbours/${id}/proofs`, 'clerk', { profile: 'library' })
      const disclosed = async () => {
        const body = { subject: { proof: proof.body.token }, purpose: 'service-eligibility', fields: ['resident'] }
        const answer = await app.ask('POST', '/v1/disclosures', { as: 'library', body })
        return [answer.status, answer.text]
      }
      return { id, proof: proof.status, first: await disclosed(), disclosed }
    }
    const held = await seen(named('Aldonça'))
    const other = await seen(somebody({ dateOfBirth: '1991-03-14' }))
    expect(await hides(held.id)).toBe(true)
    expect([held.proof, held.first]).toEqual([other.proof, other.first])
    expect(other.first[0]).toBe(200)
    await shownApart(held.id)
    expect(await held.disclosed()).toEqual(other.first)
  })

  it('where it is heard, acts for others, and moves with a household', async () => {
    await register(app, { ...named('Bonifàcia'), protected: true })
    const seen = async (who: object) => {
      const mate = await register(app)
      const { id } = await written({ ...who, address: undefined, householdId: mate.householdId })
      const child = await register(app, {
        dateOfBirth: '2020-01-01',
        representatives: [
          { kind: 'parent', neighbourId: id },
          { kind: 'parent', neighbourId: mate.id },
        ],
      })
      const opened = await ask(
        'POST',
        `/v1/neighbours/${id}/departures`,
        'clerk',
        { cause: 'wrongly-registered', reason: 'Never seen at the address', informant: 'staff' },
        1,
      )
      const today = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().toString()
      const notice = await ask('POST', `/v1/neighbours/${id}/departures/${opened.body.proceedingId}/notice`, 'clerk', {
        givenOn: today,
        by: 'letter',
      })
      const said = { cause: 'moved-away', saidBy: 'representative' }
      const left = await ask('POST', `/v1/neighbours/${child.id}/departures`, 'clerk', said, 1)
      return [opened.status, notice.status, left.status]
    }
    const held = await seen(named('Bonifàcia'))
    expect(held).toEqual(await seen(somebody({ dateOfBirth: '1991-03-14' })))
    expect(held).toEqual([201, 200, 201])
  })
})

const shownApart = (id: string) => tellApart(app.rooms, { town: app.town, by: boss }, { id, because: 'relatives' })

describe('whoever hides stays hidden', () => {
  it('when an old record of theirs comes back', async () => {
    const old = await written(named('Climent'))
    const left = { cause: 'moved-away', saidBy: 'in-person' }
    await ask('POST', `/v1/neighbours/${old.id}/departures`, 'clerk', left, 1)
    await register(app, {
      ...named('Climent'),
      protected: true,
      confirmedDistinct: true,
      distinctBecause: 'seen-both',
    })
    const at = (await openRecord(app, old.id)).body.version as number
    const back = await ask('POST', `/v1/neighbours/${old.id}/returns`, 'clerk', { address: somebody().address }, at)
    expect(back.status).toBe(201)
    expect(await hides(old.id)).toBe(true)
    expect((await openRecord(app, old.id)).status).toBe(200)
    expect((await openRecord(app, old.id, 'second-clerk')).status).toBe(404)
  })

  it('when a record of theirs was there before they hid: both are, until a supervisor has looked', async () => {
    const twin = await written(named('Doroteu'))
    const { id } = await written({ ...named('Doroteu'), confirmedDistinct: true, distinctBecause: 'seen-both' })
    expect((await hide(id)).status).toBe(200)
    expect([await hides(id), await hides(twin.id)]).toEqual([true, true])
    expect((await openRecord(app, twin.id, 'second-clerk')).status).toBe(404)
    await shownApart(twin.id)
    expect(await hides(twin.id)).toBe(false)
    // Who was told apart once is not held again.
    const shown = { protected: false, reason: 'No need any more' }
    await ask('POST', `/v1/neighbours/${id}/protection`, 'supervisor', shown, await version(id))
    await hide(id, 'supervisor', await version(id))
    expect([await hides(id), await hides(twin.id)]).toEqual([true, false])
  })

  it('where a record that hides comes to resemble them: it is not shown again before somebody looked', async () => {
    await register(app, { ...named('Eudald'), protected: true })
    const { id } = await written(somebody())
    await hide(id)
    const fixed = await ask('PATCH', `/v1/neighbours/${id}`, 'clerk', named('Eudald'), 2)
    expect(fixed.status).toBe(200)
    expect(await likenesses(id)).toEqual([{ decision: null, hides: true }])
    const shown = { protected: false, reason: 'No need any more' }
    const answer = await ask('POST', `/v1/neighbours/${id}/protection`, 'supervisor', shown, await version(id))
    expect(answer.body.code).toBe('likeness-open')
  })

  it('from whoever hid them at a counter too, where their registration would end', async () => {
    const { id } = await written(somebody())
    await hide(id)
    for (const body of [
      { cause: 'wrongly-registered', reason: 'Never seen at the address', informant: 'staff' },
      { cause: 'moved-away', saidBy: 'in-person' },
      { cause: 'death' },
    ]) {
      const answer = await ask('POST', `/v1/neighbours/${id}/departures`, 'clerk', body, 2)
      expect([answer.status, answer.body.code]).toEqual([403, 'supervisor-needed'])
    }
  })

  it('when they asked while their record was joined to one that hid already', async () => {
    const [one, other] = [await register(app), await register(app, { protected: true })]
    const join = await ask('POST', `/v1/neighbours/${one.id}/joins`, 'supervisor', {
      other: other.id,
      reason: 'The same photograph',
    })
    const decide = (id: string) =>
      decideJoin(
        app.rooms,
        { town: app.town, by: boss },
        { at: { id, staysId: one.id }, decision: 'approved', idempotencyKey: randomUUID() },
      )
    await decide(String(join.body.id))
    expect((await hide(one.id, 'supervisor', await version(one.id))).status).toBe(200)
    const apart = await ask('POST', `/v1/neighbours/${one.id}/joins/${other.id}/apart`, 'supervisor', {
      reason: 'Two photographs',
    })
    await decide(String(apart.body.id))
    expect([await hides(one.id), await hides(other.id)]).toEqual([true, true])
  })
})

describe('a correction that is undone', () => {
  it('shows again whoever it hid, and leaves a flag', async () => {
    const her = await register(app, { ...named('Filomena'), protected: true })
    const { id } = await written(somebody())
    expect((await ask('PATCH', `/v1/neighbours/${id}`, 'clerk', named('Filomena'), 1)).status).toBe(200)
    expect(await hides(id)).toBe(true)
    expect((await ask('POST', `/v1/neighbours/${id}/undo`, 'clerk')).status).toBe(200)
    expect(await hides(id)).toBe(false)
    expect((await openRecord(app, id, 'second-clerk')).status).toBe(200)
    expect(await likenesses(id)).toEqual([{ decision: 'undone', hides: false }])
    expect(await app.peek(`select kind from flags where neighbour_id = '${her.id}'`)).toEqual([{ kind: 'probing' }])
  })
})
