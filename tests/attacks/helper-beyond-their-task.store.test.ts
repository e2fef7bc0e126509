import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesAbout } from '../support/entries.ts'
import { openRecord, register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const untilIn = (days: number) => {
  const day = app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate().add({ days })
  return { 'until-day': String(day.day), 'until-month': String(day.month), 'until-year': String(day.year) }
}
async function named(services: string[], days = 30) {
  const { id } = await register(app, { name: { given: 'Ajudada' } })
  const me = await signedIn(app, { kind: 'resident', subject: id })
  const chosen = Object.fromEntries(services.map((service) => [`for-${service}`, 'yes']))
  const page = await (
    await me.send('/me/helpers', { name: 'Marta, social worker', ...chosen, ...untilIn(days) }, '/me/helpers')
  ).text()
  const code = /class="digits code"[^>]*>\s*([0-9A-Z-]{24})\s*</.exec(page)?.[1] ?? ''
  return { id, me, code }
}
async function fetchFor(code: string, profile: string, source = Math.random().toString()) {
  const response = await app.fetch(
    new Request('https://vallmar.example/helper', {
      method: 'POST',
      headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': source },
      body: new URLSearchParams({ code, profile }),
    }),
  )
  return { status: response.status, text: await response.text() }
}

describe('a helper', () => {
  it('fetches the proofs they were named for, and the neighbour sees each time', async () => {
    const { me, code } = await named(['library', 'school-enrolment'])
    expect(code).toHaveLength(24)
    for (const service of ['library', 'school-enrolment']) expect((await fetchFor(code, service)).status).toBe(200)
    const record = await (await me.send('/me/everything', {})).json()
    const acts = record.whoLooked.filter((entry: { content: { requester: string } }) =>
      entry.content.requester.startsWith('helper '),
    )
    expect(acts.length).toBe(2)
  })

  it('gets no proof for another service, nor one that is the neighbour’s alone', async () => {
    const { code } = await named(['library'])
    for (const service of ['bank-account', 'residence-history', 'residence', 'immigration']) {
      const answer = await fetchFor(code, service)
      expect(answer.status, service).toBe(401)
      expect(answer.text).not.toContain('Ajudada')
    }
  })

  it('has nothing the moment it is ended, nor after its day, nor for longer than a year', async () => {
    const { me, code } = await named(['library'])
    const page = await (await me.open('/me/helpers')).text()
    expect(page).toContain('Marta, social worker')
    const helper = /name="helper" value="([^"]+)"/.exec(page)?.[1] ?? ''
    await me.send('/me/helpers/end', { helper }, '/me/helpers')
    expect((await fetchFor(code, 'library')).status).toBe(401)
    const short = await named(['library'], 1)
    expect((await named(['library'], 5000)).code).toBe('')
    const long = await named(['library'], 365)
    app.clock.advance({ hours: 24 * 3 })
    expect((await fetchFor(short.code, 'library')).status).toBe(401)
    expect((await fetchFor(long.code, 'library')).status).toBe(200)
    app.clock.advance({ hours: 24 * 370 })
    expect((await fetchFor(long.code, 'library')).status).toBe(401)
  })

  it('cancels a card that is lost, with no more than their code, and the neighbour sees it', async () => {
    const { id, me, code } = await named(['library'])
    const clerk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    const at = `/desk/neighbours/${id}`
    const give = async () => {
      const page = await (await clerk.send(`${at}/portal`, { what: 'card' }, at)).text()
      return /class="digits code"[^>]*>\s*([0-9A-Z-]{24})\s*</.exec(page)?.[1] ?? ''
    }
    const born = /^\d{4}/.exec(String((await openRecord(app, id)).body.dateOfBirth))?.[0] ?? ''
    const enter = async (card: string) => {
      const body = new URLSearchParams({ code: card, word: born })
      const headers = { host: 'vallmar.example', 'test-source': Math.random().toString() }
      return (await app.fetch(new Request('https://vallmar.example/me/in', { method: 'POST', headers, body }))).status
    }
    const card = await give()
    expect(await enter(card)).toBe(303)
    const lost = (what: string) =>
      app.fetch(
        new Request('https://vallmar.example/helper', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'test-source': Math.random().toString() },
          body: new URLSearchParams({ code: what, lost: 'yes' }),
        }),
      )
    expect((await lost('0000-0000-0000-0000-0000')).status).toBe(401)
    expect(await enter(card)).toBe(303)
    expect((await lost(code)).status).toBe(200)
    expect(await enter(card)).toBe(401)
    const { whoLooked } = await (await me.send('/me/everything', { as: 'json' })).json()
    expect(JSON.stringify(whoLooked)).toContain('"action":"revoke"')
    // A counter cancels one as well.
    const second = await give()
    expect(await enter(second)).toBe(403)
    app.clock.advance({ hours: app.town.newWayHours + 1 })
    expect(await enter(second)).toBe(303)
    const later = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    await later.send(`${at}/portal`, { what: 'cancel' }, at)
    expect(await enter(second)).toBe(401)
  })

  it('cannot be ended or seen by another neighbour, and their name is sealed', async () => {
    const { code, me } = await named(['library'])
    const helper = /name="helper" value="([^"]+)"/.exec(await (await me.open('/me/helpers')).text())?.[1] ?? ''
    const other = await signedIn(app, { kind: 'resident', subject: (await register(app)).id })
    expect(await (await other.open('/me/helpers')).text()).not.toContain('Marta')
    await other.send('/me/helpers/end', { helper }, '/me/helpers')
    expect((await fetchFor(code, 'library')).status).toBe(200)
    const rows = await app.peek<{ row: string }>('select helpers::text as row from helpers')
    expect(rows.map(({ row }) => row).join()).not.toContain(Buffer.from('Marta').toString('hex'))
  })

  it('who guesses codes is answered as for a code that was ended, and told to wait after twenty tries; whoever has a code is not', async () => {
    const { code } = await named(['library'])
    for (let attempt = 0; attempt < 20; attempt += 1)
      expect((await fetchFor('0000-0000-0000-0000-0000', 'library', 'one place')).status).toBe(401)
    expect((await fetchFor('0000-0000-0000-0000-0000', 'library', 'one place')).status).toBe(429)
    expect((await fetchFor(code, 'library', 'one place')).status).toBe(200)
    expect((await fetchFor(code, 'library', 'another place')).status).toBe(200)
  })
})

describe('a helper of an organisation', () => {
  const officer = () => signedIn(app, { kind: 'staff', subject: 'legal', role: 'legal', office: DEMO_OFFICE })
  const idOf = async (name: string) =>
    (await app.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
  const nameOne = async (name: string) => {
    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const answer = await me.send('/me/helpers', { name, 'for-library': 'yes', ...untilIn(30) }, '/me/helpers')
    const page = await answer.text()
    return {
      id,
      me,
      status: answer.status,
      page,
      code: /class="digits code"[^>]*>\s*([0-9A-Z-]{24})\s*</.exec(page)?.[1] ?? '',
    }
  }

  it('stands where it stands: from when it is tied to enforcement they get nothing, and are not told why', async () => {
    const { id, code } = await nameOne('Núria, of the  HOUSING office')
    expect((await fetchFor(code, 'library')).status).toBe(200)
    const [entry] = await entriesAbout(app, id, "action = 'prove'")
    expect(entry).toMatchObject({ purpose: 'helping', action: 'prove' })
    const legal = await officer()
    const link = {
      organisation: await idOf('Housing Office'),
      kind: 'sharesWith',
      related: await idOf('Border Agency'),
    }
    expect((await legal.send('/desk/organisations/link', link, '/desk/organisations')).status).toBe(303)
    const after = await fetchFor(code, 'library')
    const unknown = await fetchFor('0000-0000-0000-0000-0000', 'library')
    expect(after).toEqual(unknown)
    // Who is named as a person is asked about as a person.
    expect((await fetchFor((await nameOne('Núria')).code, 'library')).status).toBe(200)
  })

  it('that works with enforcement cannot be named, and the neighbour reads why', async () => {
    for (const name of ['Border Agency', 'An officer of the border-agency', 'Housing Office']) {
      const { status, page, code } = await nameOne(name)
      expect(status, name).toBe(409)
      expect(page).toContain('works with immigration enforcement')
      expect(code).toBe('')
    }
  })
})

describe('an institution that acts for somebody', () => {
  it('is handed nothing from when it is tied to enforcement; a person who acts for them still is', async () => {
    const paper = (id: string) =>
      app.ask('POST', `/v1/neighbours/${id}/papers`, {
        as: 'clerk',
        body: { kind: 'individual', language: 'en', profile: 'school-enrolment', handedTo: 'representative' },
      })
    const child = (representatives: object[]) => register(app, { dateOfBirth: '2015-05-05', representatives } as never)
    const mother = await register(app)
    const institution = { kind: 'institution', name: 'Casa de la Mar' }
    const alone = await child([institution])
    const both = await child([institution, { kind: 'parent', neighbourId: mother.id }])
    expect((await paper(alone.id)).status).toBe(200)
    const legal = await signedIn(app, { kind: 'staff', subject: 'legal', role: 'legal', office: DEMO_OFFICE })
    const other = await signedIn(app, { kind: 'staff', subject: 'other legal', role: 'legal', office: DEMO_OFFICE })
    const enrolled = { name: 'Casa de la Mar', identifier: 'VM-7007', 'does-charity': 'yes' }
    await legal.send('/desk/organisations', enrolled, '/desk/organisations')
    const page = await (await other.open('/desk/organisations')).text()
    for (const [, entry = ''] of page.matchAll(/name="entry" value="([^"]+)"/g))
      await other.send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
    expect((await paper(alone.id)).status).toBe(200)
    const idOf = async (name: string) =>
      (await app.peek<{ id: string }>(`select id from organisations where name = '${name}'`))[0]?.id ?? ''
    const link = { organisation: await idOf('Casa de la Mar'), kind: 'memberOf', related: await idOf('Border Agency') }
    expect((await legal.send('/desk/organisations/link', link, '/desk/organisations')).status).toBe(303)
    expect(await paper(alone.id)).toMatchObject({ status: 403, body: { code: 'refused' } })
    const offer = await app.ask('POST', `/v1/neighbours/${alone.id}/wallet-offers`, {
      as: 'clerk',
      body: { profile: 'school-enrolment', handedTo: 'representative' },
    })
    expect(offer.status).toBe(403)
    const proof = await app.ask('POST', `/v1/neighbours/${alone.id}/proofs`, {
      as: 'clerk',
      body: { profile: 'school-enrolment', handedTo: 'representative' },
    })
    expect(proof.status).toBe(403)
    expect((await paper(both.id)).status).toBe(200)
  })
})
