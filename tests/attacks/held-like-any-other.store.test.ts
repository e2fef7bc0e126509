import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import type { Address, Registration } from '../../src/registry/model.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { decideJoin } from '../../src/registry/person/join/propose-join.ts'
import { registerHouseholds } from '../../src/registry/register/register-households.ts'
import { tellApart } from '../../src/registry/register/tell-apart.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register, somebody } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'

// A clerk alone writes down somebody like whoever they look for, and asks every question whose answer could differ.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }
const ask = (method: string, path: string, as: string, body?: object, ifMatch?: number) =>
  app.ask<Record<string, unknown>>(method, path, {
    as,
    purpose: 'counter-service',
    ...(body ? { body } : {}),
    ...(ifMatch ? { ifMatch } : {}),
  })
const named = (given: string) => ({ name: { given, family: ['Casadevall', 'Font'] }, dateOfBirth: '1991-03-14' })
const written = async (body: object) => {
  const answer = await ask('POST', '/v1/neighbours', 'clerk', { ...body, address: somebody().address })
  expect(answer.status).toBe(201)
  return String(answer.body.id)
}
const version = async (id: string, as = 'clerk') => (await openRecord(app, id, as)).body.version as number
const hide = (id: string, as = 'clerk', at = 1) =>
  ask('POST', `/v1/neighbours/${id}/protection`, as, { protected: true, reason: 'They asked for it' }, at)
const hides = async (id: string) =>
  (await app.peek<{ protected: boolean }>(`select protected from neighbours where id = '${id}'`))[0]?.protected
const parent = (neighbourId: string): NonNullable<Registration['representatives']> => [{ kind: 'parent', neighbourId }]

describe('a record that is held', () => {
  it('answers hiding, its history and its own pages like any other', async () => {
    await register(app, { ...named('Gervasia'), protected: true })
    const seen = async (who: object) => {
      const id = await written({ ...who, confirmedDistinct: true, distinctBecause: 'seen-both' })
      const me = await signedIn(app, { kind: 'resident', subject: id })
      const offered = (await (await me.open('/me/change')).text()).includes('/me/change/hide')
      const past = await ask('GET', `/v1/neighbours/${id}/history`, 'clerk')
      const asked = await hide(id)
      return [offered, past.text.includes('seen-both'), asked.status, asked.body.version]
    }
    const held = await seen(named('Gervasia'))
    expect(held).toEqual(await seen(somebody({ dateOfBirth: '1991-03-14' })))
    expect(held).toEqual([true, true, 200, 2])
  })

  it('goes on hiding for whoever asked, whatever a supervisor finds', async () => {
    await register(app, { ...named('Brigida'), protected: true })
    const asked = await written(named('Brigida'))
    await hide(asked)
    await tellApart(
      app.rooms,
      { town: app.town, by: { ...clerk, id: 'boss', role: 'supervisor' } },
      { id: asked, because: 'relatives' },
    )
    expect(await hides(asked)).toBe(true)
  })

  it('leaves a flag where it is taken back, at whoever it resembled', async () => {
    const her = await register(app, { ...named('Petronella'), protected: true })
    const id = await written(named('Petronella'))
    expect((await ask('POST', `/v1/neighbours/${id}/undo`, 'clerk')).status).toBe(200)
    expect(await app.peek(`select staff_id, kind from flags where neighbour_id = '${her.id}'`)).toEqual([
      { staff_id: 'clerk', kind: 'probing' },
    ])
  })
})

describe('a correction', () => {
  it('that makes somebody like whoever hides is held like a registration', async () => {
    await register(app, { ...named('Llucieta'), protected: true })
    const id = await written({ name: named('Llucieta').name })
    const stranger = await written({ name: somebody().name })
    const fixed = await ask('PATCH', `/v1/neighbours/${id}`, 'clerk', { dateOfBirth: '1991-03-14' }, 1)
    const other = await ask('PATCH', `/v1/neighbours/${stranger}`, 'clerk', { dateOfBirth: '1991-03-14' }, 1)
    expect([fixed.status, fixed.body.version]).toEqual([other.status, other.body.version])
    expect([await hides(id), await hides(stranger)]).toEqual([true, false])
    expect((await openRecord(app, id)).status).toBe(200)
    expect((await openRecord(app, id, 'second-clerk')).status).toBe(404)
  })
})

describe('an import', () => {
  it('that brings somebody like whoever hides holds them, and nobody else of the household', async () => {
    await register(app, { ...named('Xantipa'), protected: true })
    const household = {
      key: 'file 1',
      address: somebody().address as Address,
      people: [named('Xantipa'), { name: { given: 'Oleguer', family: ['Brunet'] }, dateOfBirth: '1990-02-02' }],
    }
    const outcomes = await registerHouseholds(app.rooms, { town: app.town, by: clerk }, [household])
    expect(outcomes).toEqual(['imported'])
    const rows = await app.peek(
      'select n.protected from neighbours n join residences r on r.neighbour_id = n.id where r.household_id = (select household_id from residences order by recorded_at desc limit 1) order by 1',
    )
    expect(rows).toEqual([{ protected: false }, { protected: true }])
  })
})

describe('a document that is known', () => {
  it('of somebody who hides is not told by an import: whoever brings it is held', async () => {
    const evidence = { strength: 'photo-document' as const, document: 'AB1234567' }
    await register(app, { ...named('Wenceslau'), evidence, protected: true })
    const household = {
      key: 'file 2',
      address: somebody().address as Address,
      people: [{ name: { given: 'Nicanor', family: ['Altre', 'Nom'] }, dateOfBirth: '1955-05-05', evidence }],
    }
    expect(await registerHouseholds(app.rooms, { town: app.town, by: clerk }, [household])).toEqual(['imported'])
    const last = 'select protected from neighbours order by registered_at desc limit 1'
    expect(await app.peek(last)).toEqual([{ protected: true }])
  })
})

describe('representations to somebody who hides', () => {
  it('answer for nobody: neither on a worklist, nor where a birth date or a departure is recorded', async () => {
    const seen = async (hiding: boolean) => {
      const adult = (year: number) => register(app, somebody({ dateOfBirth: `${year}-01-01` }))
      const [mother, father, aunt, guardian] = [
        await adult(1985),
        await adult(1984),
        await adult(1983),
        await adult(1960),
      ]
      const child = await register(
        app,
        somebody({
          dateOfBirth: '2020-01-01',
          representatives: [...parent(father.id), ...(hiding ? parent(mother.id) : [])],
        }),
      )
      const ward = await register(
        app,
        somebody({
          dateOfBirth: '1990-01-01',
          ...(hiding ? { representatives: [{ kind: 'guardian' as const, neighbourId: guardian.id }] } : {}),
        }),
      )
      if (hiding) {
        await hide(mother.id, 'supervisor')
        await hide(guardian.id, 'supervisor')
        await register(app, somebody({ dateOfBirth: '2020-01-01', protected: true, representatives: parent(aunt.id) }))
      }
      const [representation] = (await openRecord(app, child.id)).body.representatives as { id: string }[]
      await ask('POST', `/v1/neighbours/${child.id}/representatives/${representation?.id}/end`, 'clerk', {})
      const desk = await signedIn(app, { kind: 'staff', subject: 'reader', role: 'clerk', office: DEMO_OFFICE })
      const list = await (await desk.send('/desk/unrepresented', {}, '/desk/work')).text()
      const born = await ask('PATCH', `/v1/neighbours/${aunt.id}`, 'clerk', { dateOfBirth: '2015-01-01' }, 1)
      const said = { cause: 'moved-away', saidBy: 'representative' }
      const left = await ask('POST', `/v1/neighbours/${ward.id}/departures`, 'clerk', said, 1)
      return [list.includes(child.id), born.status, left.status]
    }
    expect(await seen(true)).toEqual(await seen(false))
  })
})

describe('a card', () => {
  const signIn = async (code: string) =>
    (
      await app.fetch(
        new Request('https://vallmar.example/me/in', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'accept-language': 'en' },
          body: new URLSearchParams({ code, word: 'molinet', to: '/me' }),
          redirect: 'manual',
        }),
      )
    ).status
  const cardOf = async (id: string) => {
    const card = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    )
    return card.code
  }

  it('that a departure ended says the same after its owner came back: that they did is theirs to tell', async () => {
    const { id } = await register(app, somebody({ dateOfBirth: '1980-02-02' }))
    const code = await cardOf(id)
    const left = { cause: 'moved-away', saidBy: 'in-person' }
    await ask('POST', `/v1/neighbours/${id}/departures`, 'clerk', left, await version(id))
    expect(await signIn(code)).toBe(403)
    const back = { address: somebody().address }
    expect((await ask('POST', `/v1/neighbours/${id}/returns`, 'clerk', back, await version(id))).status).toBe(201)
    expect(await signIn(code)).toBe(403)
  })

  it.each(['limit', 'end'])(
    'of a child opens nothing to whom a court has limited, or whose representation ended: %s',
    async (what) => {
      const father = await register(app, somebody({ dateOfBirth: '1980-01-01' }))
      const child = await register(app, somebody({ dateOfBirth: '2012-05-01', representatives: parent(father.id) }))
      const code = await cardOf(child.id)
      const me = await signedIn(app, { kind: 'resident', subject: child.id })
      expect((await me.open('/me/record')).status).toBe(200)
      const [representation] = (await openRecord(app, child.id)).body.representatives as { id: string }[]
      const at = `/v1/neighbours/${child.id}/representatives/${representation?.id}`
      const limited = { kind: 'parent', limits: ['not-told-where'], court: 'Court 3' }
      const done =
        what === 'limit' ? await ask('PATCH', at, 'clerk', limited) : await ask('POST', `${at}/end`, 'clerk', {})
      expect(done.status).toBe(200)
      expect(await signIn(code)).toBe(401)
      expect((await me.open('/me/record')).status).toBe(303)
    },
  )
})

describe('two records that are taken apart', () => {
  it('both hide where somebody hid after they were joined', async () => {
    const [one, other] = [await register(app), await register(app)]
    const decide = async (path: string, body: object, as: string, by: Staff) => {
      const proposed = await ask('POST', path, as, body)
      expect(proposed.status, proposed.text).toBe(201)
      const at = { id: String(proposed.body.id), staysId: one.id }
      await decideJoin(app.rooms, { town: app.town, by }, { at, decision: 'approved', idempotencyKey: randomUUID() })
    }
    const join = { other: other.id, reason: 'The same photograph' }
    await decide(`/v1/neighbours/${one.id}/joins`, join, 'clerk', { ...clerk, id: 'another clerk' })
    expect((await hide(one.id, 'supervisor', await version(one.id))).status).toBe(200)
    const apart = `/v1/neighbours/${one.id}/joins/${other.id}/apart`
    await decide(apart, { reason: 'Two photographs' }, 'supervisor', { ...clerk, id: 'boss', role: 'supervisor' })
    expect([await hides(one.id), await hides(other.id)]).toEqual([true, true])
  })
})
