import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import ceiling from '../../policies/ceiling.json'
import lockdown from '../../policies/lockdown.json'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Question } from '../../src/firewall/question.ts'
import type { Action, Requester, Staff } from '../../src/firewall/requester.ts'
import { nameHelper } from '../../src/identity/help.ts'
import { voteLockdown } from '../../src/oversight/vote-lockdown.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register, somebody } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// What goes on while the registry is closed, and why, is one table. It is held against the rules, cell by cell, and against the
// running app, door by door.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const vote = async (close: boolean) => {
  for (const id of ['one', 'two', 'three'])
    await voteLockdown(
      app.rooms.gate,
      { municipalityId: app.town.id, by: { kind: 'staff', id, role: 'legal', organisationId: DEMO_OFFICE } },
      close,
    )
}

describe('the table of a lockdown', () => {
  type Cells = Record<string, Record<string, { actions: string[]; fields: string[] }>>
  const mayGet: Cells = ceiling.mayGet
  const cells = lockdown.flatMap(({ goesOn, cells: some }) =>
    some.flatMap(({ requester, purpose, actions }) =>
      actions.map((action) => ({ goesOn, requester, purpose, action })),
    ),
  )
  const line = (one: { requester: string; purpose: string; action: string }) =>
    `${one.requester} ${one.purpose} ${one.action}`

  it('has each cell that anybody may get at all, once', () => {
    const all = Object.entries(mayGet).flatMap(([requester, of]) =>
      Object.entries(of).flatMap(([purpose, { actions }]) =>
        actions.map((action) => line({ requester, purpose, action })),
      ),
    )
    expect(cells.map(line).sort()).toEqual(all.sort())
  })

  it('is what the rules say, with no field and with all of the cell’s', () => {
    const own = { organisationId: DEMO_OFFICE, functions: ['citizenship-office'] }
    const requesterOf = (name: string): Requester => {
      if (['clerk', 'supervisor', 'legal', 'auditor'].includes(name))
        return { kind: 'staff', id: name, role: name as Staff['role'], organisationId: DEMO_OFFICE }
      const resident = { kind: 'resident', id: name, neighbourId: 'record' } as const
      if (name === 'resident') return resident
      if (name === 'helper') return { ...resident, helper: true }
      if (name === 'representative') return { ...resident, representative: { neighbourId: 'parent', toldWhere: true } }
      if (name === 'client') return { kind: 'client', id: name, organisationId: DEMO_OFFICE }
      if (name === 'authority')
        return { kind: 'authority', id: name, functions: ['court'], organisationId: DEMO_OFFICE }
      return { kind: 'job', id: name }
    }
    const now = app.clock.now()
    for (const cell of cells) {
      const requester = requesterOf(cell.requester)
      const functions = requester.kind === 'authority' ? ['court'] : own.functions
      const stands = requester.kind === 'job' || requester.kind === 'resident'
      for (const fields of [[], mayGet[cell.requester]?.[cell.purpose]?.fields ?? []]) {
        const question: Question = {
          requester,
          position: stands
            ? undefined
            : {
                organisationId: DEMO_OFFICE,
                attestedUntil: now.add({ hours: 1 }),
                organisations: new Map([[DEMO_OFFICE, { related: [], functions }]]),
              },
          action: cell.action as Action,
          purpose: cell.purpose,
          fields,
          subjects: 1,
          record: { id: 'record', protected: false },
          now,
          judgeOrder: true,
          approvals: 2,
        }
        expect(app.policies.decide(question).permitted, `${line(cell)}, open`).toBe(true)
        expect(app.policies.decide({ ...question, lockdown: true }).permitted, line(cell)).toBe(cell.goesOn)
      }
    }
  })

  it('is the one that operators read', async () => {
    const told = (await readFile('docs/operations.md', 'utf8')).matchAll(
      /^\| (.+?) +\| (goes on|stops) +\| (.+?) +\|$/gm,
    )
    expect([...told].map(([, what, how, why]) => [what, how, why])).toEqual(
      lockdown.map(({ what, goesOn, why }) => [what, goesOn ? 'goes on' : 'stops', why]),
    )
  })

  it('gives a reason for each, and a door or a cell', () => {
    for (const { what, why, cells: some, doors } of lockdown) {
      expect(why.length, what).toBeGreaterThan(20)
      expect(some.length + doors.length, what).toBeGreaterThan(0)
    }
    const doors = lockdown.flatMap((row) => row.doors)
    expect(new Set(doors).size).toBe(doors.length)
  })
})

describe('a door of a registry that is closed', () => {
  const doors = lockdown.flatMap(({ goesOn, doors: some }) => some.map((door) => [door, goesOn] as const))
  /** Somebody for each door, so that none finds what another did. */
  const prepared = new Map<string, { id: string; child: string; helper: string; proof: string }>()
  beforeAll(async () => {
    for (const [door] of doors) {
      const mother = await register(app)
      const { id } = mother
      const child = door.startsWith('representative')
        ? (
            await register(app, {
              dateOfBirth: app.clock.now().toZonedDateTimeISO('UTC').subtract({ years: 6 }).toPlainDate().toString(),
              address: undefined,
              householdId: mother.householdId,
              representatives: [{ kind: 'parent', neighbourId: id }],
            } as never)
          ).id
        : ''
      const helper = door.startsWith('helper')
        ? (
            await nameHelper(
              app.rooms,
              { town: app.town, by: { kind: 'resident', id: 'own', neighbourId: id } },
              {
                helper: {
                  name: 'A cousin',
                  profiles: ['library'],
                  until: app.clock.now().toZonedDateTimeISO('UTC').toPlainDate().add({ days: 3 }),
                } as never,
              },
            )
          ).code
        : ''
      const issued = door.includes('disclosures')
        ? await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
            as: 'clerk',
            body: { profile: 'library' },
          })
        : undefined
      prepared.set(door, { id, child, helper, proof: issued?.body.token ?? '' })
    }
  }, 120_000)

  const BODIES: Record<string, (of: { id: string; proof: string }) => object> = {
    'POST /v1/neighbours': () => somebody(),
    'POST /v1/neighbours/search': () => ({ name: 'Anybody Atall' }),
    'PATCH /v1/neighbours/:id': () => ({ sex: 'x' }),
    'POST /v1/neighbours/:id/residences': () => ({ address: { kind: 'no-fixed-address' } }),
    'POST /v1/neighbours/:id/proofs': () => ({ profile: 'library' }),
    'POST /v1/neighbours/:id/papers': () => ({ kind: 'individual', language: 'en' }),
    'POST /v1/neighbours/:id/departures': () => ({ cause: 'death' }),
    'POST /v1/disclosures': ({ proof }) => ({
      subject: { proof },
      purpose: 'service-eligibility',
      fields: ['resident'],
    }),
  }
  const FORMS: Record<string, (of: { id: string; child: string }) => [fields: Record<string, string>, from: string]> = {
    'POST /me/change/hide': () => [{ version: '1' }, '/me/change'],
    'POST /me/change/leave': () => [{ sure: 'yes' }, '/me/change'],
    'POST /me/children': ({ child }) => [{ child, profile: 'library', idempotencyKey: randomUUID() }, '/me/children'],
  }
  const public_ = (path: string, init: RequestInit = {}) =>
    app.fetch(
      new Request(`https://vallmar.example${path}`, {
        ...init,
        headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': randomUUID() },
      }),
    )
  /** Knocks as whoever comes to it. @returns the status, and the page where there is one */
  async function knock(door: string): Promise<{ status: number; text: string }> {
    const [as = '', method = '', route = ''] = door.split(' ')
    const of = prepared.get(door) ?? { id: '', child: '', helper: '', proof: '' }
    const path = route.replace(':id', of.id)
    const said = async (response: Response) => ({ status: response.status, text: await response.text() })
    if (as === 'anybody') return said(await public_(path))
    if (as === 'helper')
      return said(
        await public_(path, {
          method,
          body: new URLSearchParams({ code: of.helper, profile: 'library', show: 'yes' }),
        }),
      )
    if (route.startsWith('/v1'))
      return app.ask(method, path, {
        as,
        ...(method === 'GET' || route.endsWith('search') ? { purpose: 'counter-service' } : {}),
        ...(method === 'GET' ? {} : { body: BODIES[`${method} ${route}`]?.(of), ifMatch: 1 }),
      })
    const browser = await signedIn(
      app,
      as === 'resident' || as === 'representative'
        ? { kind: 'resident', subject: of.id }
        : { kind: 'staff', subject: `${as}-doors`, role: as as Staff['role'], office: DEMO_OFFICE },
    )
    if (method === 'GET') return said(await browser.open(path))
    const [fields, from] = FORMS[`${method} ${route}`]?.(of) ?? [{}, '/me']
    return said(await browser.send(path, fields, from))
  }
  const goes = (status: number) => status < 400

  it.each(doors)('%s: goes on %s, and goes while it is open', { timeout: 60_000 }, async (door, goesOn) => {
    await vote(true)
    try {
      const closed = await knock(door)
      expect(closed.status, closed.text.slice(0, 300)).toBeLessThan(500)
      expect(goes(closed.status), `${door}: ${closed.status} ${closed.text.slice(0, 400)}`).toBe(goesOn)
      if (!goesOn) expect([401, 403]).toContain(closed.status)
      const [as, , route = ''] = door.split(' ')
      if (!goesOn && route.startsWith('/desk'))
        expect(closed.text).toMatch(/The register is closed[\s\S]*href="\/desk\/lockdown"/)
      if (!goesOn && as === 'representative') {
        expect(closed.text).toContain('The register is closed')
        expect(closed.text).not.toContain('/desk/lockdown')
      }
    } finally {
      await vote(false)
    }
    if (!goesOn) {
      const open = await knock(door)
      expect(goes(open.status), `${door}, open: ${open.status} ${open.text.slice(0, 400)}`).toBe(true)
    }
  })
})

describe('a form of registration while it is closed', () => {
  it('says of nobody whether they are here, and keeps whoever it is about', async () => {
    const known = somebody()
    await register(app, known)
    await vote(true)
    try {
      const ask = (body: object) =>
        app.ask<{ id: string; code?: string }>('POST', '/v1/neighbours', { as: 'clerk', body })
      const [here, nobody] = [await ask({ ...known, address: somebody().address }), await ask(somebody())]
      expect([here.status, nobody.status]).toEqual([201, 201])
      expect(Object.keys(here.body).sort()).toEqual(Object.keys(nobody.body).sort())
      // Nobody was shown to the clerk, nor is anybody written down as shown.
      const looked = await app.peek(`select id from ledger_entries where purpose = 'duplicate-check'
        and outcome = 'permitted' and action = 'register'
        and id > (select id from ledger_entries where action = 'lockdown-closed' order by id desc limit 1)`)
      expect(looked).toEqual([])
    } finally {
      await vote(false)
    }
    // Once it is open, a third is asked about.
    const third = await app.ask('POST', '/v1/neighbours', {
      as: 'clerk',
      body: { ...known, address: somebody().address },
    })
    expect(third.body.code).toBe('duplicate-suspected')
  })
})
