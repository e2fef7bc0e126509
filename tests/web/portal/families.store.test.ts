import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { counted } from '../../../src/platform/counted.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register, somebody } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
const born = (age: number) => String(app.clock.now().toZonedDateTimeISO('UTC').year - age - 1)
const head = () => signedIn(app, { kind: 'staff', subject: 'head', role: 'supervisor', office: DEMO_OFFICE })
/** A parent with a child of this age at home, and nobody else. */
async function family(age: number) {
  const parent = await register(app)
  const { body } = await app.ask<{ id: string }>('POST', '/v1/neighbours', {
    as: 'clerk',
    body: {
      ...somebody({ dateOfBirth: born(age), representatives: [{ kind: 'parent', neighbourId: parent.id }] }),
      address: undefined,
      householdId: parent.householdId,
    },
  })
  const me = await signedIn(app, { kind: 'resident', subject: parent.id })
  return { parent, child: body.id, me }
}
const moving = (who: string, version: number) => ({
  who,
  where: 'dwelling',
  street: 'Carrer Nou',
  number: '8',
  version: String(version),
  idempotencyKey: randomUUID(),
})
const waiting = () =>
  app.peek<{ neighbour_id: string; reason: string }>(
    'select neighbour_id, reason from welfare_checks where looked_on is null',
  )

describe('a parent who moves on their own page', () => {
  it('is told before who stays, and has to choose', async () => {
    const { parent, me } = await family(4)
    const page = await (await me.open('/me/change/move')).text()
    for (const words of [counted(t['change.actsHere'], 'en', { n: 1 }), t['change.together'], t['change.onlyMeHint']])
      expect(page).toContain(words)
    const undecided = await me.send('/me/change/move', moving('', parent.version), '/me/change')
    expect(undecided.status).toBe(422)
    expect(await undecided.text()).toMatch(/id="who-fault"/)
    // Somebody who acts for nobody is asked nothing.
    const alone = await signedIn(app, { kind: 'resident', subject: (await register(app)).id })
    expect(await (await alone.open('/me/change/move')).text()).not.toContain('name="who"')
  })

  it('asks a counter for all of them at once, with the new address, and nobody has moved yet', async () => {
    const { parent, child, me } = await family(4)
    const sent = await me.send('/me/change/move', moving('all', parent.version), '/me/change')
    expect(sent.headers.get('location')).toBe('/me/asked')
    expect(await (await me.open('/me/asked')).text()).toMatch(/together[\s\S]*Carrer Nou 8/)
    const homes = await app.peek(
      `select distinct household_id from residences where neighbour_id in ('${parent.id}', '${child}') and superseded_at is null`,
    )
    expect(homes).toHaveLength(1)
    expect(await waiting()).toEqual([])
  })

  it('leaves a child alone by choice: then a trained person sees it, by whichever door it came', async () => {
    const { parent, child, me } = await family(4)
    expect((await me.send('/me/change/move', moving('me', parent.version), '/me/change')).status).toBe(303)
    expect(await waiting()).toEqual([{ neighbour_id: child, reason: 'left-alone' }])
    const supervisor = await head()
    expect(await (await supervisor.open('/desk/work')).text()).toContain('href="/desk/welfare"')
    const list = await (await supervisor.open('/desk/welfare')).text()
    for (const words of [child, t['welfare.left']]) expect(list).toContain(words)
    const entry = /name="entry" value="([^"]+)"/.exec(list)?.[1] ?? ''
    expect((await supervisor.send('/desk/welfare', { entry }, '/desk/welfare')).status).toBe(303)
    expect(await waiting()).toEqual([])

    const other = await family(9)
    const left = await app.ask('POST', `/v1/neighbours/${other.parent.id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person' },
      ifMatch: other.parent.version,
    })
    expect(left.status).toBeLessThan(300)
    // Whom nobody acts for any more is on another list already; who still has somebody is on this one.
    const clerk = await signedIn(app, { kind: 'staff', subject: 'c', role: 'clerk', office: DEMO_OFFICE })
    expect((await clerk.open('/desk/welfare')).status).toBe(403)
  })

  it('leaves no list behind where an adult stays, nor of somebody who is of age', async () => {
    const { parent, me, child } = await family(4)
    const other = await app.ask<{ id: string }>('POST', '/v1/neighbours', {
      as: 'clerk',
      body: { ...somebody(), address: undefined, householdId: parent.householdId },
    })
    expect(other.status).toBe(201)
    await me.send('/me/change/move', moving('me', parent.version), '/me/change')
    expect((await waiting()).filter(({ neighbour_id }) => neighbour_id === child)).toEqual([])

    const guardian = await register(app)
    const ward = await app.ask<{ id: string }>('POST', '/v1/neighbours', {
      as: 'clerk',
      body: {
        ...somebody({ dateOfBirth: '1950', representatives: [{ kind: 'guardian', neighbourId: guardian.id }] }),
        address: undefined,
        householdId: guardian.householdId,
      },
    })
    const theirs = await signedIn(app, { kind: 'resident', subject: guardian.id })
    await theirs.send('/me/change/move', moving('me', guardian.version), '/me/change')
    expect(await (await (await head()).open('/desk/welfare')).text()).not.toContain(ward.body.id)
  })
})

describe('somebody of fourteen who hides, or says that they leave, alone', () => {
  it('is told where help is, and a trained person sees it; nothing is refused to them', async () => {
    const young = await register(app, { dateOfBirth: born(14) })
    const me = await signedIn(app, { kind: 'resident', subject: young.id })
    const hid = await me.send('/me/change/hide', { version: String(young.version) }, '/me/change')
    const page = await (await me.open(hid.headers.get('location') ?? '')).text()
    expect(page).toContain('116 111')
    const left = await me.send('/me/change/leave', { sure: 'yes', idempotencyKey: randomUUID() }, '/me/change')
    expect(await (await me.open(left.headers.get('location') ?? '')).text()).toContain('116 111')
    const mine = (await waiting()).filter(({ neighbour_id }) => neighbour_id === young.id)
    expect(mine.map(({ reason }) => reason).sort()).toEqual(['hides-alone', 'leaves-alone'])
    const list = await (await (await head()).open('/desk/welfare')).text()
    for (const words of [young.id, t['welfare.hides'], t['welfare.leaves']]) expect(list).toContain(words)
    // What the city knows of it is not on a page that somebody else may be looking at.
    const file = await (await me.send('/me/everything', { as: 'json' })).text()
    expect(file).not.toContain('alone')
  })

  it('is nobody\u2019s worry of who is of age, who reads the same page', async () => {
    const adult = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: adult.id })
    const hid = await me.send('/me/change/hide', { version: String(adult.version) }, '/me/change')
    expect(await (await me.open(hid.headers.get('location') ?? '')).text()).toContain('116 111')
    expect((await waiting()).filter(({ neighbour_id }) => neighbour_id === adult.id)).toEqual([])
  })
})
