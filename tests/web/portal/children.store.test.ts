import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const year = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').year
async function family(age: number, more: object = {}) {
  const parent = await register(app)
  const child = await register(app, {
    dateOfBirth: String(year() - age - 1),
    representatives: [{ kind: age < 18 ? 'parent' : 'guardian', neighbourId: parent.id }],
    ...more,
  })
  const me = await signedIn(app, { kind: 'resident', subject: parent.id })
  const fetchFor = (id: string, profile = 'school-enrolment', who = me) =>
    who.send('/me/children', { child: id, profile, idempotencyKey: randomUUID() }, '/me/children')
  return { parent, child, me, fetchFor }
}
const hand = async (id: string, what: 'phone' | 'card') => {
  const clerk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
  return clerk.send(`/desk/neighbours/${id}/portal`, { what }, `/desk/neighbours/${id}`)
}

describe('whoever acts for a child', () => {
  it('fetches its proofs on their own page, and the child’s record says so', async () => {
    const { parent, child, me, fetchFor } = await family(6)
    const name = (await openRecord(app, child.id)).body.name as { given: string }
    expect(await (await me.open('/me/children')).text()).toContain(name.given)
    const proof = await fetchFor(child.id)
    expect(proof.status).toBe(200)
    expect(await proof.text()).toMatch(/class="digits code"/)
    const grown = await signedIn(app, { kind: 'resident', subject: child.id })
    const { whoLooked } = await (await grown.send('/me/everything', { as: 'json' }, '/me')).json()
    const acts = whoLooked.filter(
      (one: { content: { requester: string } }) => one.content.requester === `representative ${parent.id}`,
    )
    expect(acts.length).toBeGreaterThanOrEqual(2)
  })

  it('gets nothing that is given to a neighbour alone, and nothing for anybody else', async () => {
    const { child, fetchFor } = await family(6)
    expect((await fetchFor(child.id, 'residence-history')).status).toBe(422)
    const other = await family(6)
    expect((await fetchFor(other.child.id)).status).toBe(404)
    expect((await fetchFor(other.parent.id)).status).toBe(404)
    expect((await fetchFor(randomUUID())).status).toBe(404)
  })

  it('finds nobody who hides: a child may be hidden from this very person', async () => {
    const { child, me, fetchFor } = await family(6, { protected: true, name: { given: 'Amagadeta' } })
    expect(await (await me.open('/me/children')).text()).not.toContain('Amagadeta')
    expect((await fetchFor(child.id)).status).toBe(404)
  })

  it('has nothing once they act for the child no more, or the child has come of age', async () => {
    const small = await family(6)
    const ties = await app.ask<{ representatives: { id: string }[] }>(
      'GET',
      `/v1/neighbours/${small.child.id}/representatives`,
      { as: 'clerk' },
    )
    const [tie] = ties.body.representatives
    await app.ask('POST', `/v1/neighbours/${small.child.id}/representatives/${tie?.id}/end`, { as: 'clerk' })
    expect((await small.fetchFor(small.child.id)).status).toBe(404)
    const { parent, child } = await family(17)
    app.clock.advance({ hours: 24 * 366 })
    const me = await signedIn(app, { kind: 'resident', subject: parent.id })
    const sent = { child: child.id, profile: 'school-enrolment', idempotencyKey: randomUUID() }
    expect((await me.send('/me/children', sent, '/me/children')).status).toBe(404)
  })

  it('goes on for an adult, where a guardian was recorded for them as an adult', async () => {
    const { child, fetchFor } = await family(30)
    expect((await fetchFor(child.id)).status).toBe(200)
  })
})

describe('a way in of one’s own', () => {
  it('is for who is fourteen, or may be, and not for who is younger for certain', async () => {
    for (const [age, status] of [
      [8, 409],
      [12, 409],
      [14, 200],
      [40, 200],
    ] as const) {
      const { child } = await family(age)
      for (const what of ['phone', 'card'] as const) expect((await hand(child.id, what)).status, `${age}`).toBe(status)
    }
    const { id } = await register(app, { dateOfBirth: undefined } as object)
    expect((await hand(id, 'phone')).status).toBe(200)
    // Who names no year cannot be asked for it: they choose a word.
    for (const dateOfBirth of ['196X', '../1959'])
      expect((await hand((await register(app, { dateOfBirth })).id, 'card')).status, dateOfBirth).toBe(422)
    const perhaps = await register(app, { dateOfBirth: `${year() - 14}~` })
    expect((await hand(perhaps.id, 'phone')).status).toBe(200)
  })
})
