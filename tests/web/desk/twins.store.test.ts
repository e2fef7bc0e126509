import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

const t = LOCALES.en
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const desk = () => signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
/** What the page would send: every hidden field of its form. */
const hidden = (html: string) =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )

describe('somebody very like a neighbour, at the desk', () => {
  const form = (given: string) => ({
    idempotencyKey: randomUUID(),
    act: 'register',
    p0_given: given,
    p0_family: 'Bessona',
    'p0_born-year': '1980',
    where: 'no-fixed-address',
  })

  it('waits for a decision on the worklist, is told apart for a reason, and the reason stays in the history', async () => {
    const first = await register(app, { name: { given: 'Isabela', family: ['Bessona'] }, dateOfBirth: '1980' })
    const clerk = await desk()
    const asked = await clerk.send('/desk/register', form('Isabela'), '/desk/register')
    expect(asked.status).toBe(409)
    const page = await asked.text()
    expect(page).toContain(`href="/desk/neighbours/${first.id}"`)
    for (const why of [t['register.seenBoth'], t['register.bornElse'], t['register.relatives'], t['register.theySay']])
      expect(page).toContain(why)
    const work = async () => (await clerk.open('/desk/work')).text()
    const toDecide = (html: string) => html.split(t['work.toDecide'])[1]?.split('<h2')[0] ?? ''
    expect(toDecide(await work())).toContain('Isabela Bessona')

    // Without a reason, or with one of one's own, it is asked again; nothing is written twice.
    for (const because of ['', 'papers'])
      expect(
        (
          await clerk.send(
            '/desk/register',
            { ...hidden(page), act: 'register', p0_because: because },
            '/desk/register',
          )
        ).status,
      ).toBe(409)
    expect(toDecide(await work()).match(/Isabela Bessona/g)).toHaveLength(1)

    const done = await clerk.send(
      '/desk/register',
      { ...hidden(page), act: 'register', p0_because: 'relatives' },
      '/desk/register',
    )
    expect(done.status).toBe(303)
    const [at = ''] = (done.headers.get('location') ?? '').split('?')
    expect(at).not.toContain(first.id)
    expect(await (await clerk.open(`${at}/history`)).text()).toContain(t['register.relatives'])
    expect(await (await clerk.open(`/desk/neighbours/${first.id}/history`)).text()).not.toContain(t['desk.because'])
    expect(toDecide(await work())).not.toContain('Isabela')
  })

  it('waits once, however often its form is sent, and when it waited for a line', async () => {
    await register(app, { name: { given: 'Ermessenda', family: ['Bessona'] }, dateOfBirth: '1980' })
    const clerk = await desk()
    const sent = form('Ermessenda')
    for (let i = 0; i < 2; i += 1) expect((await clerk.send('/desk/register', sent, '/desk/register')).status).toBe(409)
    const kept = await clerk.send('/desk/register/kept', sent, '/desk/register')
    expect([kept.status, await kept.json()]).toEqual([200, { done: true }])
    const work = await (await clerk.open('/desk/work')).text()
    expect(work.match(/Ermessenda Bessona/g)).toHaveLength(1)
    expect(work.split(t['work.toDecide'])[1]?.split('<h2')[0]).toContain('Ermessenda')
    // One that says nothing of itself is kept all the same.
    const { idempotencyKey: _, ...without } = sent
    expect((await clerk.send('/desk/register/kept', { ...without, draft: '' }, '/desk/register')).status).toBe(200)
  })

  it('is told apart through the API with the same reasons', async () => {
    const name = { given: 'Rosalia', family: ['Bessona'] }
    const first = await register(app, { name, dateOfBirth: '1981' })
    const again = { name, dateOfBirth: '1981', address: { kind: 'no-fixed-address' }, confirmedDistinct: true }
    const post = (more: object) => app.ask('POST', '/v1/neighbours', { as: 'clerk', body: { ...again, ...more } })
    expect((await post({ distinctBecause: 'nationality' })).status).toBe(422)
    const { status, body } = await post({ distinctBecause: 'they-say-so' })
    expect(status).toBe(201)
    const history = async (id: unknown) =>
      (
        await app.ask<{ movements: object[] }>('GET', `/v1/neighbours/${id}/history`, {
          as: 'clerk',
          purpose: 'counter-service',
        })
      ).body.movements
    expect(await history(body.id)).toMatchObject([{ movement: 'registration', distinctBecause: 'they-say-so' }])
    expect((await history(first.id))[0]).not.toHaveProperty('distinctBecause')
  })
})
