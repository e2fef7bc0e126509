import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { createGate } from '../../src/firewall/gate.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { lockdownState, voteLockdown } from '../../src/oversight/vote-lockdown.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const officer = (id: string, role: Staff['role'] = 'legal'): Staff => ({
  kind: 'staff',
  id,
  role,
  organisationId: DEMO_OFFICE,
})
const vote = (close: boolean, id: string) =>
  voteLockdown(app.rooms.gate, { municipalityId: app.town.id, by: officer(id) }, close)
const closed = async () => (await app.ask('GET', '/v1/lockdown', { as: 'legal' })).body

describe('a lockdown', () => {
  it('takes two legal officers, and nobody else has a vote', async () => {
    expect((await app.ask('POST', '/v1/lockdown/votes', { as: 'legal', body: { close: true } })).body).toEqual({
      closed: false,
      votes: 1,
      needed: 2,
    })
    await app.ask('POST', '/v1/lockdown/votes', { as: 'legal', body: { close: true } })
    expect(await closed()).toMatchObject({ closed: false, votes: 1 })
    for (const as of ['clerk', 'supervisor', 'auditor', 'library'])
      expect((await app.ask('POST', '/v1/lockdown/votes', { as, body: { close: true } })).status).toBe(403)
    await vote(true, 'second-legal')
    expect(await closed()).toEqual({ closed: true, votes: 0, needed: 3 })
  })

  it('closes every disclosure at once, on a process that was asked before, and leaves registration open', async () => {
    // Another process, with caches of its own.
    const elsewhere = createGate(app.rooms)
    const person = await register(app)
    expect((await openRecord(app, person.id)).status).toBe(403)
    for (const purpose of ['registration', 'duplicate-check'])
      expect((await app.ask('GET', `/v1/neighbours/${person.id}`, { as: 'clerk', purpose })).status).toBe(403)
    await expect(lockdownState(elsewhere, app.town.id, officer('legal'))).resolves.toBeDefined()
    await expect(
      elsewhere.open(
        {
          municipalityId: app.town.id,
          requester: officer('clerk', 'clerk'),
          action: 'open',
          purpose: 'counter-service',
          fields: [],
        },
        async () => [],
        () => 'anything',
      ),
    ).rejects.toThrow('refused')
    const search = await app.ask('POST', '/v1/neighbours/search', {
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
    expect((await openRecord(app, (await register(app)).id)).status).toBe(200)
    const events = await app.peek<{ action: string }>(
      "select action from ledger_entries where action like 'lockdown-%' order by id",
    )
    expect(events.map(({ action }) => action)).toEqual(['lockdown-closed', 'lockdown-opened'])
  })
})

describe('the pages of a registry that is closed', () => {
  it('lift it again: state, votes and button are there for legal officers, the state for all, a vote for nobody else', async () => {
    for (const by of ['one', 'two']) await vote(true, by)
    const officers = await Promise.all(
      ['one', 'two', 'three'].map((subject) =>
        signedIn(app, { kind: 'staff', subject, role: 'legal', office: DEMO_OFFICE }),
      ),
    )
    const supervisor = await signedIn(app, { kind: 'staff', subject: 's', role: 'supervisor', office: DEMO_OFFICE })
    const seen = await (await supervisor.open('/desk/lockdown')).text()
    expect(seen).toContain(LOCALES.en['legal.closed'])
    expect(seen).not.toContain(LOCALES.en['legal.voteOpen'])
    expect((await supervisor.send('/desk/lockdown', { close: 'no' }, '/desk/lockdown')).status).toBe(403)
    for (const [i, one] of officers.entries()) {
      expect((await one.send('/desk/lockdown', { close: 'no' }, '/desk/lockdown')).status).toBe(303)
      expect((await closed()).closed).toBe(i < 2)
    }
  })

  it('count a vote for a day, and take yes or no and nothing else', async () => {
    const state = async () => (await app.peek<{ closed: boolean }>('select closed from lockdowns'))[0]?.closed ?? false
    const one = await signedIn(app, { kind: 'staff', subject: 'one', role: 'legal', office: DEMO_OFFICE })
    expect((await one.send('/desk/lockdown', {}, '/desk/lockdown')).status).toBe(422)
    expect((await one.send('/desk/lockdown', { close: 'yes' }, '/desk/lockdown')).status).toBe(303)
    await app.peek('alter table lockdown_votes disable trigger user')
    await app.peek("update lockdown_votes set voted_at = voted_at - interval '25 hours'")
    await app.peek('alter table lockdown_votes enable trigger user')
    expect(await (await one.open('/desk/lockdown')).text()).toContain(LOCALES.en['legal.votesLapse'])
    await vote(true, 'two')
    expect(await state()).toBe(false)
    await vote(true, 'one')
    expect(await state()).toBe(true)
    for (const by of ['one', 'two', 'three']) await vote(false, by)
    expect(await state()).toBe(false)
  })

  it('let links to enforcement be entered, at once, and nothing that would open or wait', async () => {
    const organisation = async (name: string) =>
      (await app.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
    for (const by of ['one', 'two']) await vote(true, by)
    const one = await signedIn(app, { kind: 'staff', subject: 'one', role: 'legal', office: DEMO_OFFICE })
    const link = (related: string) =>
      app.ask('POST', '/v1/officer-acts', {
        as: 'legal',
        body: { kind: 'link', organisationId: library, link: { kind: 'sharesWith', relatedId: related } },
      })
    const library = await organisation('Vallmar Libraries')
    expect(await (await one.open('/desk/organisations')).text()).toContain('Border Agency')
    expect((await link(await organisation('Vallmar Bicycles'))).status).toBe(403)
    expect((await link(await organisation('Border Agency'))).body).toMatchObject({ status: 'done' })
    // Of the office itself no officer alone: registering would end with it.
    const ownOffice = await app.ask('POST', '/v1/officer-acts', {
      as: 'legal',
      body: {
        kind: 'link',
        organisationId: DEMO_OFFICE,
        link: { kind: 'reportsTo', relatedId: await organisation('Border Agency') },
      },
    })
    expect(ownOffice.status).toBe(403)
    const enrol = await app.ask('POST', '/v1/officer-acts', {
      as: 'legal',
      body: { kind: 'enrol', name: 'New House', identifier: 'G77777777', functions: ['library'], clients: [] },
    })
    expect(enrol.status).toBe(403)
    for (const by of ['one', 'two', 'three']) await vote(false, by)
  })

  it('let complaints be read and answered', async () => {
    await app.fetch(
      new Request('https://vallmar.example/complain', {
        method: 'POST',
        headers: { host: 'vallmar.example', 'test-source': 'somewhere' },
        body: new URLSearchParams({ kind: 'refused', text: 'They closed the door on me' }),
      }),
    )
    for (const by of ['one', 'two']) await vote(true, by)
    const legal = await signedIn(app, { kind: 'staff', subject: 'one', role: 'legal', office: DEMO_OFFICE })
    const list = await (await legal.open('/desk/complaints')).text()
    expect(list).toContain('They closed the door on me')
    const complaint = /name="complaint" value="([^"]+)"/.exec(list)?.[1] ?? ''
    const sent = await legal.send(
      '/desk/complaints',
      { complaint, answer: 'Come at nine.', outcome: 'upheld' },
      '/desk/complaints',
    )
    expect(sent.status).toBe(303)
    expect(await app.peek("select id from complaints where outcome = 'upheld'")).toHaveLength(1)
    for (const by of ['one', 'two', 'three']) await vote(false, by)
  })
})
