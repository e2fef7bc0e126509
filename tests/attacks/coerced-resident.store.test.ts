import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const PAGES = ['/me', '/me/proof', '/me/record', '/me/looked', '/me/devices']
const titleOf = (html: string) => /<title>(.*?)<\/title>/.exec(html)?.[1]

describe('a neighbour made to show their page', () => {
  it('leaves with one press: the session is over and the browser forgets the site', async () => {
    const { id } = await register(app, { name: { given: 'Obligada' } })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    expect((await me.open('/me/record')).status).toBe(200)
    const gone = await me.send('/me/leave', {})
    expect(gone.headers.get('location')).toBe('/blank')
    expect(gone.headers.get('clear-site-data')).toBe('"cache", "cookies", "storage"')
    for (const path of PAGES) expect((await me.open(path)).headers.get('location'), path).toMatch(/^\/me\/in\?/)
    const blank = await (await me.open('/blank')).text()
    expect(titleOf(blank)).toBe('·')
  })

  it('leaves no copy in the browser, and nothing in its history but the town’s name', async () => {
    const { id } = await register(app, { name: { given: 'Historiada', family: ['Oculta'] } })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    for (const path of PAGES) {
      const page = await me.open(path)
      const html = await page.text()
      expect(page.headers.get('cache-control'), path).toBe('no-store')
      expect(page.headers.get('referrer-policy'), path).toBe('same-origin')
      expect(titleOf(html), path).toBe('Vallmar')
      // No link or form says who it is of.
      for (const [, address] of html.matchAll(/(?:href|action|src)="([^"]*)"/g)) {
        expect(address).not.toContain(id)
        expect(address).not.toMatch(/Historiada|Oculta/)
      }
    }
  })

  it('is not found by who takes the cookie later: a session ends by itself', async () => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    app.clock.advance({ minutes: 11 })
    expect((await me.open('/me')).status).toBe(303)
    const busy = await signedIn(app, { kind: 'resident', subject: id })
    for (let minutes = 0; minutes < 63; minutes += 7) {
      expect((await busy.open('/me')).status).toBe(minutes < 60 ? 200 : 303)
      app.clock.advance({ minutes: 7 })
    }
  })

  it('sees only their own: another neighbour’s page, paper or proof is not there', async () => {
    const [mine, other] = [await register(app), await register(app)]
    const theirs = await app.ask<{ id: string }>('POST', `/v1/neighbours/${other.id}/proofs`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    const me = await signedIn(app, { kind: 'resident', subject: mine.id })
    expect((await me.send('/me/revoke', { proof: theirs.body.id })).status).toBe(404)
    for (const path of ['/desk', `/desk/neighbours/${other.id}`, '/desk/legal'])
      expect((await me.open(path)).headers.get('location'), path).toMatch(/^\/sign-in/)
    const staff = await signedIn(app, {
      kind: 'staff',
      subject: 'clerk',
      role: 'clerk',
      office: '0192f000-0000-7000-8000-000000000001',
    })
    expect((await staff.open('/me')).headers.get('location')).toMatch(/^\/me\/in/)
  })
})

describe('a role that changed', () => {
  it('ends the sessions of the role before', async () => {
    const office = '0192f000-0000-7000-8000-000000000001'
    const before = await signedIn(app, { kind: 'staff', subject: 'promoted', role: 'supervisor', office })
    expect((await before.open('/desk/flags')).status).toBe(200)
    await signedIn(app, { kind: 'staff', subject: 'promoted', role: 'clerk', office })
    expect((await before.open('/desk/flags')).status).toBe(303)
  })
})

describe('what cannot be undone', () => {
  it('is done only shortly after signing in', async () => {
    const office = '0192f000-0000-7000-8000-000000000001'
    const officer = await signedIn(app, { kind: 'staff', subject: 'legal', role: 'legal', office })
    expect((await officer.send('/desk/lockdown', { close: 'yes' }, '/desk/lockdown')).headers.get('location')).toBe(
      '/desk/lockdown',
    )
    app.clock.advance({ minutes: 16 })
    const late = await officer.send('/desk/lockdown', { close: 'yes' }, '/desk/lockdown')
    expect(late.headers.get('location')).toMatch(/^\/sign-in\/start\?to=%2Fdesk%2Flockdown%3Fkept%3D/)
  })
})
