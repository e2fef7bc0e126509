import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import type { Resident } from '../../../src/firewall/requester.ts'
import { correctNeighbour } from '../../../src/registry/person/neighbours.ts'
import { protectNeighbour } from '../../../src/registry/person/protect.ts'
import { moveNeighbour } from '../../../src/registry/residence/move.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { textOfPdf } from '../../support/pdf-text.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const CHANGE = '/me/change'
async function neighbour(more: Parameters<typeof register>[1] = {}) {
  const registered = await register(app, more)
  const me = await signedIn(app, { kind: 'resident', subject: registered.id })
  const requester: Resident = { kind: 'resident', id: registered.id, neighbourId: registered.id }
  return { ...registered, me, requester }
}
const desk = (role: 'clerk' | 'supervisor' | 'legal' = 'clerk') =>
  signedIn(app, { kind: 'staff', subject: `${role}-of-the-desk`, role, office: DEMO_OFFICE })
const movementsOf = async (id: string) => {
  const { body } = await app.ask<{ movements: { movement: string; cause: string }[] }>(
    'GET',
    `/v1/neighbours/${id}/history`,
    { as: 'clerk', purpose: 'counter-service' },
  )
  return body.movements.map(({ movement, cause }) => `${movement} ${cause}`)
}

describe('a neighbour says for themself', () => {
  it('that they still live here: once for a form sent twice, and anyone may at the counter', async () => {
    const { id, me } = await neighbour()
    const form = { idempotencyKey: randomUUID() }
    for (const _ of [1, 2]) expect((await me.send(`${CHANGE}/here`, form, CHANGE)).status).toBe(303)
    expect(await movementsOf(id)).toEqual(['registration arrival', 'confirmation residence'])
    const clerk = await desk()
    await clerk.send(`/desk/neighbours/${id}/confirm`, { idempotencyKey: randomUUID() }, `/desk/neighbours/${id}`)
    const api = () =>
      app.ask('POST', `/v1/neighbours/${id}/confirmations`, { as: 'clerk', idempotencyKey: `same-${id}` })
    expect((await api()).status).toBe(201)
    expect((await api()).status).toBe(201)
    expect(await movementsOf(id)).toHaveLength(4)
  })

  it('how to reach them, in which language', async () => {
    const { id, version, me } = await neighbour({ contact: { phone: '+34 600 000 000' }, languages: ['es'] })
    await me.send(`${CHANGE}/reach`, { version: String(version), contact: 'a@example.org', speaks: 'ar' }, CHANGE)
    const { body } = await openRecord(app, id)
    expect(body).toMatchObject({ contact: { email: 'a@example.org' }, languages: ['ar'] })
    await me.send(`${CHANGE}/reach`, { version: String(version + 1), contact: '', speaks: 'ar' }, CHANGE)
    expect((await openRecord(app, id)).body).not.toHaveProperty('contact')
  })

  it('that today’s address was a slip, but not that years at an address never were', async () => {
    const moved = { where: 'dwelling', street: 'del Far', number: '3' }
    const today = await neighbour()
    const slip = { ...moved, version: String(today.version), idempotencyKey: randomUUID() }
    expect((await today.me.send(`${CHANGE}/move`, slip, CHANGE)).headers.get('location')).toBe(`${CHANGE}?done=1`)
    expect(await movementsOf(today.id)).toEqual(['registration arrival', 'change address-corrected'])

    const long = await neighbour({ since: '2020-01-01' })
    const since = { 'since-day': '1', 'since-month': '1', 'since-year': '2020' }
    const never = { ...moved, ...since, version: String(long.version), idempotencyKey: randomUUID() }
    expect((await long.me.send(`${CHANGE}/move`, never, CHANGE)).status).toBe(422)
    expect(await movementsOf(long.id)).toEqual(['registration arrival'])
  })

  it('that they moved: true at once, in a household of their own, and the old address proves nothing from the next morning', async () => {
    const { id, version, householdId, me } = await neighbour({ since: '2020-01-01' })
    const paper = await (
      await me.send('/me/proof', { profile: 'bank-account', idempotencyKey: randomUUID() }, '/me/proof')
    ).text()
    const code = /class="digits code"[^>]*>\s*([0-9A-Z-]{16,24})\s*</.exec(paper)?.[1] ?? ''
    const check = () =>
      app.ask<{ valid: boolean }>('POST', '/v1/check-codes', {
        body: { code },
        headers: { 'test-source': randomUUID() },
      })
    expect((await check()).status).toBe(200)
    const form = {
      version: String(version),
      idempotencyKey: randomUUID(),
      where: 'dwelling',
      street: 'del Far',
      number: '3',
    }
    expect((await me.send(`${CHANGE}/move`, form, CHANGE)).headers.get('location')).toBe(`${CHANGE}?done=1`)
    const { body } = await openRecord(app, id)
    expect(body).toMatchObject({ address: { streetName: 'del Far' }, household: { size: 1 } })
    expect((body.household as { id: string }).id).not.toBe(householdId)
    // Whoever holds the paper sees nothing change that day.
    expect((await check()).status).toBe(200)
    app.clock.advance({ hours: 30 })
    expect((await check()).status).not.toBe(200)
  })

  it('and nothing is lost or written when the form is incomplete, too early, or says too much', async () => {
    const { id, version, me } = await neighbour()
    const send = (more: Record<string, string>) =>
      me.send(`${CHANGE}/move`, { version: String(version), idempotencyKey: randomUUID(), ...more }, CHANGE)
    for (const wrong of [
      { street: 'del Far' },
      { where: 'dwelling', street: 'del Far', 'since-day': '1', 'since-month': '1', 'since-year': '1990' },
      { where: 'dwelling', street: 'del Far', 'since-day': '31', 'since-month': '2', 'since-year': '2024' },
      { where: 'no-fixed-address', usual: 'sin papeles, del Far' },
    ]) {
      const answer = await send(wrong as Record<string, string>)
      expect(answer.status).toBe(422)
      expect(await answer.text()).toContain('del Far')
    }
    expect(await movementsOf(id)).toHaveLength(1)
  })

  it('that somebody must not find them: hidden at once from clerks, never from themself, and shown again only by staff', async () => {
    const { id, version, me, requester } = await neighbour({ name: { given: 'Amagada' } })
    await me.send(`${CHANGE}/hide`, { version: String(version) }, CHANGE)
    expect((await openRecord(app, id)).status).toBe(404)
    expect(await (await me.open('/me/record')).text()).toContain('Amagada')
    expect(await (await me.open(CHANGE)).text()).toContain('Your record is hidden')
    const show = protectNeighbour(
      app.rooms,
      { town: app.town, by: requester },
      { id, protection: { protected: false }, version: version + 1 },
    )
    await expect(show).rejects.toMatchObject({ status: 403 })
  })

  it('but not another name, another birth date, or whose household is theirs', async () => {
    const { id, version, requester } = await neighbour()
    const other = await neighbour()
    const correct = (change: object) =>
      correctNeighbour(app.rooms, { town: app.town, by: requester }, { id, correction: change, version })
    await expect(correct({ name: { given: 'Another' } })).rejects.toMatchObject({ status: 422 })
    await expect(correct({ dateOfBirth: '1950' })).rejects.toMatchObject({ status: 422 })
    const conditions = { version, idempotencyKey: randomUUID() }
    const join = moveNeighbour(
      app.rooms,
      { town: app.town, by: requester },
      { id, move: { householdId: other.householdId }, conditions },
    )
    await expect(join).rejects.toMatchObject({ code: 'refused' })
    const theirs = { address: { kind: 'no-fixed-address' } } as const
    const push = moveNeighbour(app.rooms, { town: app.town, by: requester }, { id: other.id, move: theirs, conditions })
    await expect(push).rejects.toMatchObject({ code: 'not-found' })
  })

  it('that a child was born: a clerk finds the form filled in, and the child lives in their household', async () => {
    const { id, householdId, me } = await neighbour({ name: { given: 'Mare' } })
    const born = { 'born-day': '2', 'born-month': '1', 'born-year': '2026' }
    expect((await me.send(`${CHANGE}/child`, { given: 'Nadó', family: 'Nou', ...born }, CHANGE)).status).toBe(303)
    const late = { 'born-day': '2', 'born-month': '1', 'born-year': '2999' }
    expect((await me.send(`${CHANGE}/child`, { given: 'Futur', ...late }, CHANGE)).status).toBe(422)
    const clerk = await desk()
    const list = await (await clerk.open('/desk/complaints')).text()
    expect(list).toContain('value="Nadó"')
    expect(list).not.toContain('Futur')
    const filled = await (
      await clerk.send(
        '/desk/register',
        { act: 'fill', of: id, p0_given: 'Nadó', 'p0_born-year': '2026', p0_guardian: id },
        '/desk/complaints',
      )
    ).text()
    expect(filled).toContain('value="Nadó"')
    expect(filled).toContain(householdId)
    const done = await clerk.send(
      '/desk/register',
      {
        act: 'register',
        idempotencyKey: randomUUID(),
        people: '1',
        household: householdId,
        p0_given: 'Nadó',
        'p0_born-year': '2026',
        p0_guardian: id,
      },
      '/desk/register',
    )
    const child = /neighbours\/([0-9a-f-]{36})/.exec(done.headers.get('location') ?? '')?.[1] ?? ''
    expect((await openRecord(app, child)).body).toMatchObject({
      household: { id: householdId },
      representatives: [{ kind: 'parent', neighbourId: id }],
    })
  })
})

describe('everything about a neighbour', () => {
  it.each(['en', 'ar'])(
    'is theirs as a paper they can read (%s): the record, its history, who looked, what was proved',
    async (language) => {
      const { id, me } = await neighbour({
        name: { given: 'Llegidora', family: [language === 'ar' ? 'Primera' : 'Segona'] },
      })
      await openRecord(app, id)
      await me.send('/me/proof', { profile: 'library', idempotencyKey: randomUUID() }, '/me/proof')
      const file = await me.send(`/me/everything?lang=${language}`, { as: 'pdf' }, CHANGE)
      expect(file.headers.get('content-type')).toBe('application/pdf')
      expect(file.headers.get('cache-control')).toBe('no-store')
      const text = textOfPdf(Buffer.from(await file.arrayBuffer()))
      const t = LOCALES[language as 'en' | 'ar']
      for (const words of [
        'Llegidora',
        t['desk.history'],
        t['desk.register'],
        t['desk.looked'],
        t['lookedBy.staff'].replace('{office}', 'Citizenship Office'),
        t['desk.inForce'],
        t['services.neverText'],
      ])
        expect(text).toContain(words)
    },
  )
})

describe('a look that a neighbour does not understand', () => {
  it('becomes a question in one tap, which says which look, and only about their own record', async () => {
    const { id, me } = await neighbour()
    await openRecord(app, id)
    const page = await (await me.open('/me/looked')).text()
    const entry = /name="entry" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const asked = await me.send('/me/looked', { entry }, '/me/looked')
    expect(asked.status).toBe(200)
    expect(await asked.text()).toMatch(/class="digits code"/)
    const supervisor = await desk('supervisor')
    const list = await (await supervisor.open('/desk/complaints')).text()
    expect(list).toContain('Serve a neighbour at the desk · name')
    const other = await neighbour()
    expect((await other.me.send('/me/looked', { entry }, '/me/looked')).status).toBe(404)
  })
})

describe('what neighbours write', () => {
  it('reaches clerks when it asks for something to be done, and supervisors whatever it says', async () => {
    const { me } = await neighbour()
    const say = (kind: string, text: string) => me.send('/complain', { kind, text }, CHANGE)
    await say('change', 'Please correct my street')
    await say('refused', 'The clerk at window two refused me')
    const [clerk, supervisor] = await Promise.all([desk(), desk('supervisor')])
    const [seen, all] = await Promise.all(
      [clerk, supervisor].map(async (one) => (await one.open('/desk/complaints')).text()),
    )
    expect(seen).toContain('Please correct my street')
    expect(seen).not.toContain('window two')
    expect(all).toContain('window two')
    const id = /window two.*?name="complaint" value="([^"]+)"/s.exec(all ?? '')?.[1] ?? ''
    const refused = await clerk.send(
      '/desk/complaints',
      { complaint: id, answer: 'No', outcome: 'not-upheld' },
      '/desk/complaints',
    )
    expect(refused.status).toBe(404)
  })
})

describe('what a hidden neighbour asks for', () => {
  it('is for supervisors: a clerk sees neither the words nor the child', async () => {
    const { me } = await neighbour({ protected: true })
    await me.send(`${CHANGE}/child`, { given: 'Nadóamagat', 'born-year': '' }, CHANGE)
    const [clerk, supervisor] = [await desk(), await desk('supervisor')]
    const page = await (await supervisor.open('/desk/complaints')).text()
    expect(page).toContain('Nadóamagat')
    expect(await (await clerk.open('/desk/complaints')).text()).not.toContain('Nadóamagat')
    const complaint = /Nadóamagat.*?name="complaint" value="([^"]+)"/s.exec(page)?.[1] ?? ''
    const answer = { complaint, answer: 'Done', outcome: 'answered' }
    expect((await clerk.send('/desk/complaints', answer, '/desk/complaints')).status).toBe(404)
    expect((await supervisor.send('/desk/complaints', answer, '/desk/complaints')).status).toBe(303)
  })
})

describe('whether a neighbour still lives here', () => {
  it('is asked of everyone after two years without a word; silence changes nothing', async () => {
    const { id, me } = await neighbour()
    const question = 'Do you still live here?'
    expect(await (await me.open('/me')).text()).not.toContain(question)
    app.clock.advance({ hours: 24 * 731 })
    const later = await signedIn(app, { kind: 'resident', subject: id })
    expect(await (await later.open('/me')).text()).toContain(question)
    app.clock.advance({ hours: 24 * 3650 })
    expect((await openRecord(app, id)).body).not.toHaveProperty('departedOn')
    const evenLater = await signedIn(app, { kind: 'resident', subject: id })
    const proof = await evenLater.send('/me/proof', { profile: 'library', idempotencyKey: randomUUID() }, '/me/proof')
    expect(proof.status).toBe(200)
  })
})

describe('what a neighbour asked', () => {
  const textAt = async (who: Awaited<ReturnType<typeof desk>>, path: string) => (await who.open(path)).text()
  const answer = async (role: 'clerk' | 'supervisor' | 'legal', id: string, outcome = 'upheld') =>
    (await desk(role)).send(
      '/desk/complaints',
      { complaint: id, answer: 'We stop doing that.', outcome },
      '/desk/complaints',
    )
  const waitingFor = async (role: 'clerk' | 'supervisor' | 'legal', text: string) => {
    const page = await textAt(await desk(role), '/desk/complaints')
    const entry = page.split('<li>').find((part) => part.includes(text))
    return /name="complaint" value="([0-9a-f-]{36})"/.exec(entry ?? '')?.[1]
  }

  it('is listed with its answer, and announced when the answer is there', async () => {
    const { me } = await neighbour()
    expect(await textAt(me, '/me/asked')).toContain(LOCALES.en['asked.none'])
    const text = `Do not count me ${randomUUID()}`
    const sent = await me.send(`${CHANGE}/object`, { why: text }, CHANGE)
    expect(sent.headers.get('location')).toBe('/me/asked')
    const before = await textAt(me, '/me/asked')
    expect(before).toContain(text)
    expect(before).not.toContain('We stop doing that.')
    expect(await textAt(me, '/me')).not.toContain(LOCALES.en['asked.answered'])

    const id = (await waitingFor('legal', text)) ?? ''
    expect((await answer('legal', id)).status).toBe(303)
    const after = await textAt(me, '/me/asked')
    expect(after).toContain('We stop doing that.')
    expect(after).toContain(LOCALES.en['complaint.upheld'])
    const file = (await (await me.send('/me/everything', { as: 'json' })).json()) as { asked: object[] }
    expect(file.asked).toMatchObject([
      { kind: 'objection', request: { asks: 'words', text }, answer: 'We stop doing that.', outcome: 'upheld' },
    ])
    const home = await textAt(me, '/me')
    expect(home).toContain(LOCALES.en['asked.answered'])
    expect(home).not.toContain('We stop doing that.')
  })

  it('is decided by legal officers alone, when it is an objection', async () => {
    const { me } = await neighbour()
    const text = `I object ${randomUUID()}`
    await me.send(`${CHANGE}/object`, { why: text }, CHANGE)
    expect(await waitingFor('clerk', text)).toBeUndefined()
    expect(await waitingFor('supervisor', text)).toBeUndefined()
    const id = (await waitingFor('legal', text)) ?? ''
    for (const role of ['clerk', 'supervisor'] as const) expect((await answer(role, id)).status).toBe(404)
    expect(await textAt(me, '/me/asked')).not.toContain('We stop doing that.')
    expect((await answer('legal', id, 'not-upheld')).status).toBe(303)
  })

  it('is nobody else’s to see', async () => {
    const [one, other] = [await neighbour(), await neighbour()]
    const text = `Mine alone ${randomUUID()}`
    await one.me.send(`${CHANGE}/object`, { why: text }, CHANGE)
    expect(await textAt(other.me, '/me/asked')).not.toContain(text)
  })

  it('sends nothing when nothing is written', async () => {
    const { me } = await neighbour()
    await me.send(`${CHANGE}/object`, { why: '  ' }, CHANGE)
    expect(await textAt(me, '/me/asked')).toContain(LOCALES.en['asked.none'])
  })
})
