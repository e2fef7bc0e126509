import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { createGate } from '../../src/firewall/gate.ts'
import { lockdownState, voteLockdown } from '../../src/firewall/lockdown.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { type House, openHouse } from '../support/house.ts'
import { openRecord, register } from '../support/people.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

const officer = (id: string, role: Staff['role'] = 'legal'): Staff => ({
  kind: 'staff',
  id,
  role,
  organisationId: DEMO_OFFICE,
})
const vote = (close: boolean, id: string) => voteLockdown(house.rooms.gate, house.town.id, officer(id), close)
const closed = async () => (await house.ask('GET', '/v1/lockdown', { as: 'legal' })).body

describe('a lockdown', () => {
  it('takes two legal officers, and nobody else has a vote', async () => {
    expect((await house.ask('POST', '/v1/lockdown/votes', { as: 'legal', body: { close: true } })).body).toEqual({
      closed: false,
      votes: 1,
      needed: 2,
    })
    await house.ask('POST', '/v1/lockdown/votes', { as: 'legal', body: { close: true } })
    expect(await closed()).toMatchObject({ closed: false, votes: 1 })
    for (const as of ['clerk', 'supervisor', 'auditor', 'library'])
      expect((await house.ask('POST', '/v1/lockdown/votes', { as, body: { close: true } })).status).toBe(403)
    await vote(true, 'second-legal')
    expect(await closed()).toEqual({ closed: true, votes: 0, needed: 3 })
  })

  it('closes every disclosure at once, on a process that was asked before, and leaves registration open', async () => {
    // Another process, with caches of its own.
    const elsewhere = createGate(house.rooms)
    const person = await register(house)
    expect((await openRecord(house, person.id)).status).toBe(403)
    for (const purpose of ['registration', 'duplicate-check'])
      expect((await house.ask('GET', `/v1/neighbours/${person.id}`, { as: 'clerk', purpose })).status).toBe(403)
    await expect(lockdownState(elsewhere, house.town.id, officer('legal'))).resolves.toBeDefined()
    await expect(
      elsewhere.open(
        {
          municipalityId: house.town.id,
          requester: officer('clerk', 'clerk'),
          action: 'open',
          purpose: 'counter-service',
          fields: [],
        },
        async () => [],
        () => 'anything',
      ),
    ).rejects.toThrow('refused')
    const search = await house.ask('POST', '/v1/neighbours/search', {
      as: 'supervisor',
      purpose: 'counter-service',
      body: { name: 'Fatou Ndiaye' },
    })
    expect(search.status).toBe(403)
  })

  it('takes three to leave', async () => {
    await vote(false, 'legal')
    await vote(false, 'second-legal')
    await vote(false, 'second-legal')
    expect(await closed()).toMatchObject({ closed: true, votes: 2, needed: 3 })
    await vote(false, 'third-legal')
    expect(await closed()).toMatchObject({ closed: false })
    expect((await openRecord(house, (await register(house)).id)).status).toBe(200)
    const events = await house.peek<{ action: string }>(
      "select action from ledger_entries where action like 'lockdown-%' order by id",
    )
    expect(events.map(({ action }) => action)).toEqual(['lockdown-closed', 'lockdown-opened'])
  })
})
