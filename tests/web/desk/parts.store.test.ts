import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { PAPER_KINDS } from '../../../src/proofs/paper/paper.ts'
import { profiles } from '../../../src/proofs/profiles.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'
import { withoutRandom } from '../../support/without-random.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const PHONE = '+34 600 111 222'
async function visit() {
  const { id, version } = await register(app, {
    contact: { phone: PHONE },
    dateOfBirth: '2015-05-05',
    representatives: [{ kind: 'institution', name: 'Awa Ndiaye' }],
  })
  const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
  const at = `/desk/neighbours/${id}`
  const page = async (path = at) => (await clerk.open(path)).text()
  const opened = async () => {
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const { whoLooked } = (await (await me.send('/me/everything', { as: 'json' })).json()) as {
      whoLooked: { content: { requesterKind: string; action: string; fields: string[] } }[]
    }
    return new Set(
      whoLooked
        .filter(({ content }) => content.requesterKind === 'staff' && content.action === 'open')
        .flatMap(({ content }) => content.fields),
    )
  }
  return { id, version, clerk, at, page, opened }
}

describe('the neighbour’s page at the desk', () => {
  it('opens what a counter needs, and how to reach somebody only when it is asked for', async () => {
    const { page, at, opened } = await visit()
    const first = await page()
    expect(first).not.toContain(PHONE)
    expect(withoutRandom(first)).not.toContain('Awa')
    const before = await opened()
    for (const field of ['contact', 'representatives', 'sex']) expect(before.has(field), field).toBe(false)

    const more = await page(`${at}?open=reach`)
    expect(more).toContain(PHONE)
    expect(more).toContain('Awa Ndiaye')
    const after = await opened()
    expect([after.has('contact'), after.has('representatives'), after.has('sex')]).toEqual([true, true, false])
  })

  it('corrects a name without touching a telephone that was not opened', async () => {
    const { id, version, clerk, at } = await visit()
    const form = { version: String(version), given: 'Fatou', family: '', 'born-year': '2015' }
    expect((await clerk.send(`${at}/correct`, form, at)).status).toBe(303)
    expect((await openRecord(app, id)).body).toMatchObject({ name: { given: 'Fatou' }, contact: { phone: PHONE } })
    const opened = { ...form, version: String(version + 1), contact: '' }
    expect((await clerk.send(`${at}/correct`, opened, at)).status).toBe(303)
    expect((await openRecord(app, id)).body).not.toHaveProperty('contact')
  })
})

describe('a form sent as it was drawn', () => {
  const unescaped = (text: string) => text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
  /** What a browser would send of a form nobody touched. */
  function fieldsOf(html: string, action: string): Record<string, string> {
    const form = html.slice(html.indexOf(`action="${action}"`))
    const own = form.slice(0, form.indexOf('</form>'))
    const attribute = (tag: string, name: string) => unescaped(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
    const inputs = [...own.matchAll(/<input[^>]*>/g)].flatMap(([tag]) =>
      / type="checkbox"/.test(tag) && !/ checked/.test(tag) ? [] : [[attribute(tag, 'name'), attribute(tag, 'value')]],
    )
    const selects = [...own.matchAll(/(<select[^>]*>)(.*?)<\/select>/gs)].map(([, tag = '', options = '']) => [
      attribute(tag, 'name'),
      attribute(/<option[^>]* selected[^>]*>/.exec(options)?.[0] ?? '', 'value'),
    ])
    return Object.fromEntries([...inputs, ...selects])
  }

  const person = {
    name: {
      given: 'نادية',
      family: ['García Lorca', 'de la Fuente'],
      transliteration: { given: 'Nadia', family: ['Garcia'] },
    },
    dateOfBirth: '1990-05~',
    contact: { email: 'nadia@example.org', phone: '+34 600 111 222', other: 'the bar, mornings' },
    languages: ['ur', 'fr', 'ar'],
  }

  it('at the desk changes nothing', async () => {
    const { id } = await register(app, person)
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const at = `/desk/neighbours/${id}`
    const fields = fieldsOf(await (await clerk.open(`${at}?open=reach`)).text(), `${at}/correct`)
    expect(fields).toMatchObject({ given: 'نادية', speaks: 'ur' })
    expect((await clerk.send(`${at}/correct`, fields, at)).status).toBe(303)
    expect((await openRecord(app, id)).body).toMatchObject(person)

    expect((await openRecord(app, id)).headers.get('etag')).toBe(`"${fields.version}"`)

    expect((await clerk.send(`${at}/correct`, { ...fields, given: 'Nadia', speaks: 'ar' }, at)).status).toBe(303)
    const { body } = await openRecord(app, id)
    expect(body).toMatchObject({
      name: { given: 'Nadia', family: person.name.family },
      contact: person.contact,
      languages: ['ar', 'ur', 'fr'],
    })
    expect(body.name).not.toHaveProperty('transliteration')
  })

  it('with a mistake in it comes back with everything that was typed, and nothing is saved', async () => {
    const { id, version } = await register(app, {
      ...person,
      name: { given: 'Ibtissam', family: ['Sala Roig'] },
      since: '2020-01-01',
    })
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const at = `/desk/neighbours/${id}`
    const typed = {
      ...fieldsOf(await (await clerk.open(at)).text(), `${at}/correct`),
      given: 'Nadia',
      'born-month': '13',
    }
    const wrong = await clerk.send(`${at}/correct`, typed, at)
    const page = await wrong.text()
    expect([wrong.status, page.includes(LOCALES.en['birth.bornHint'])]).toEqual([422, true])
    expect(fieldsOf(page, `${at}/correct`)).toEqual(typed)
    const nameless = await clerk.send(`${at}/correct`, { ...typed, given: '', family: '' }, at)
    expect(nameless.status).toBe(422)

    const idempotencyKey = randomUUID()
    const move = {
      version: String(version),
      began: '2020-01-01',
      idempotencyKey,
      where: 'dwelling',
      street: 'del Far',
      number: '3',
    }
    const days = [
      { 'since-day': '31', 'since-month': '2', 'since-year': '2024' },
      { 'since-day': '1', 'since-month': '1', 'since-year': '2019' },
      { 'since-day': '1', 'since-month': '1', 'since-year': '2999' },
    ]
    for (const day of days) {
      const answer = await clerk.send(`${at}/move`, { ...move, ...day }, at)
      const again = await answer.text()
      expect([answer.status, again.includes('href="#since-day"')]).toEqual([422, true])
      expect(fieldsOf(again, `${at}/move`)).toMatchObject({ idempotencyKey, street: 'del Far', number: '3', ...day })
    }
    const nowhere = await clerk.send(`${at}/move`, { version: String(version), idempotencyKey }, at)
    expect([nowhere.status, (await nowhere.text()).includes('href="#where-dwelling"')]).toEqual([422, true])
    expect((await openRecord(app, id)).headers.get('etag')).toBe(`"${version}"`)
    expect((await clerk.send(`${at}/move`, move, at)).status).toBe(303)
  })

  it('on the neighbour’s own page changes nothing', async () => {
    const { id } = await register(app, { ...person, name: { given: 'Nadia' } })
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const action = '/me/change/reach'
    const fields = fieldsOf(await (await me.open('/me/change')).text(), action)
    expect(fields).toMatchObject({ speaks: 'ur' })
    expect((await me.send(action, fields, '/me/change')).status).toBe(303)
    expect((await openRecord(app, id)).body).toMatchObject({ contact: person.contact, languages: person.languages })
  })
})

describe('the reason of a case, chosen once', () => {
  const LOOKED = /href="[^"]+\/looked"/
  async function under(purpose: string) {
    const here = await visit()
    expect((await here.clerk.send('/desk/case', { case: 'T-4711', purpose, to: here.at }, '/desk')).status).toBe(303)
    return { ...here, html: await here.page(), form: (what: string) => `action="${here.at}/${what}"` }
  }

  it('is what every part is opened for, and what the neighbour reads', async () => {
    const { id, html, form } = await under('papers')
    expect(html).toMatch(/<option value="papers" selected/)
    for (const what of ['papers', 'wallet']) expect(html).toContain(form(what))
    for (const what of ['correct', 'move', 'confirm', 'portal']) expect(html).not.toContain(form(what))
    expect(html).not.toMatch(LOOKED)
    expect(html).toContain(LOCALES.en['neighbour.closedFor'])
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const { whoLooked } = (await (await me.send('/me/everything', { as: 'json' })).json()) as {
      whoLooked: { content: { requesterKind: string; purpose: string; action: string; case?: string } }[]
    }
    const opened = whoLooked.filter(({ content }) => content.requesterKind === 'staff' && content.action === 'open')
    expect(new Set(opened.map(({ content }) => content.purpose))).toEqual(new Set(['papers']))
  })

  it.each(PAPER_KINDS)('is enough for the paper “%s”', async (kind) => {
    const { clerk, at } = await under('papers')
    const paper = await clerk.send(`${at}/papers`, { kind, language: 'en', idempotencyKey: randomUUID() }, at)
    expect([paper.status, paper.headers.get('content-type')]).toEqual([200, 'application/pdf'])
  })

  it.each([...profiles.keys()])('is enough for a proof for %s', async (profile) => {
    const { clerk, at } = await under('papers')
    expect((await clerk.send(`${at}/wallet`, { profile }, at)).status).toBe(200)
  })

  it('closes what it does not need: by address too, how to reach somebody stays shut, and nothing is changed', async () => {
    const { id, version, clerk, at, page, opened } = await under('papers')
    expect(await page(`${at}?open=reach`)).not.toContain(PHONE)
    for (const field of ['contact', 'representatives', 'lookUps', 'history'])
      expect((await opened()).has(field), field).toBe(false)
    expect((await clerk.open(`${at}/looked`)).status).toBe(403)
    expect((await clerk.open(`${at}/history`)).status).toBe(403)
    const name = { version: String(version), given: 'Somebody', family: 'Else', 'born-year': '2015' }
    expect((await clerk.send(`${at}/correct`, name, at)).status).toBe(403)
    expect((await clerk.send(`${at}/portal`, { what: 'card', idempotencyKey: randomUUID() }, at)).status).toBe(403)
    expect((await openRecord(app, id)).body).toMatchObject({ version })
  })

  it('lets changes be made and no paper be printed, where that is the reason', async () => {
    const { id, version, clerk, at, html, form, page } = await under('changes')
    for (const what of ['correct', 'move', 'confirm']) expect(html).toContain(form(what))
    for (const what of ['papers', 'wallet', 'portal']) expect(html).not.toContain(form(what))
    expect(await page(`${at}?open=reach`)).toContain(PHONE)
    const name = { version: String(version), given: 'Fatou', family: '', 'born-year': '2015' }
    expect((await clerk.send(`${at}/correct`, name, at)).status).toBe(303)
    expect((await openRecord(app, id)).body).toMatchObject({ name: { given: 'Fatou' } })
    const kind = PAPER_KINDS[0]
    expect((await clerk.send(`${at}/papers`, { kind, language: 'en', idempotencyKey: randomUUID() }, at)).status).toBe(
      403,
    )
  })

  it('shows for a departure who leaves, and hands over and changes nothing', async () => {
    const { at, page, html, form, opened } = await under('departure')
    expect(html).toContain(`href="${at}/leave"`)
    for (const what of ['papers', 'wallet', 'portal', 'correct', 'move', 'confirm'])
      expect(html, what).not.toContain(form(what))
    const reach = await page(`${at}?open=reach`)
    expect([reach.includes(PHONE), reach.includes('Awa')]).toEqual([true, false])
    expect((await opened()).has('languages')).toBe(false)
  })

  it('goes back to all a counter does, and takes no reason that is not a counter’s', async () => {
    const { clerk, at, page, form } = await under('papers')
    for (const purpose of ['counter-service', 'judge-order', 'immigration-control', 'no-such']) {
      await clerk.send('/desk/case', { case: 'T-4711', purpose, to: at }, '/desk')
      expect(await page(), purpose).toContain(form('correct'))
    }
  })

  it('finds people under it too', async () => {
    for (const purpose of ['papers', 'changes', 'departure']) {
      const { clerk } = await under(purpose)
      expect((await clerk.send('/desk/search', { said: 'Nobody Anywhere 1931' }, '/desk')).status, purpose).toBe(200)
    }
  })
})

describe('a document reader at the desk', () => {
  // The specimen of ICAO Doc 9303: nobody's.
  const LINES = 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10'

  it('fills the form in, registers only when a clerk has looked, and finds them by it again', async () => {
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const form = { act: 'register', people: '1', idempotencyKey: randomUUID(), where: 'no-fixed-address' }
    const read = await clerk.send('/desk/register', { ...form, p0_given: LINES }, '/desk/register')
    const html = await read.text()
    expect(read.status).toBe(200)
    expect(html).toContain(LOCALES.en['register.read'])
    expect(html).toContain('value="Eriksson"')
    expect(withoutRandom(html)).not.toMatch(/UTO|120415|ZE184226B/)
    const person = { p0_given: 'Anna Maria', p0_family: 'Eriksson', 'p0_born-year': '1974' }
    const looked = { ...form, ...person, p0_evidence: 'photo-document', p0_document: LINES }
    const registered = await clerk.send('/desk/register', looked, '/desk/register')
    expect(registered.status).toBe(303)

    const found = await clerk.send('/desk/search', { said: LINES }, '/desk')
    const list = await found.text()
    const at = new URL(registered.headers.get('location') ?? '', 'https://vallmar.example').pathname
    expect(list).toContain(at)
    expect(withoutRandom(list)).not.toMatch(/UTO|120415|ZE184226B|L898902/)
  })

  it('leaves a draft without what a counter must not know', async () => {
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const draft = await clerk.send('/desk/drafts', { people: '1', p0_given: LINES, street: LINES }, '/desk')
    const { id } = (await draft.json()) as { id: string }
    const html = await (await clerk.open(`/desk/register?draft=${id}`)).text()
    expect(html).toContain('value="Eriksson"')
    expect(withoutRandom(html)).not.toMatch(/UTO|120415|ZE184226B/)
  })
})

describe('somebody who left and lives here again', () => {
  it('is one form away from being a neighbour again, and gets nothing printed before', async () => {
    const { id, version, clerk, at, page } = await visit()
    const left = await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'representative' },
      ifMatch: version,
      idempotencyKey: randomUUID(),
    })
    expect(left.status).toBe(201)
    const gone = await page()
    expect(gone).toContain(`action="${at}/return"`)
    expect(gone).toContain(LOCALES.en['desk.return'])
    for (const what of ['papers', 'wallet', 'move']) expect(gone).not.toContain(`action="${at}/${what}"`)

    const form = {
      version: String(version + 1),
      idempotencyKey: randomUUID(),
      where: 'no-fixed-address',
      agreement: 'all-agree',
    }
    const sent = await clerk.send(`${at}/return`, form, at)
    expect(sent.headers.get('location')).toBe(at)
    const back = await page()
    expect(back).toContain(`action="${at}/papers"`)
    expect(back).not.toContain(`action="${at}/return"`)
    expect(await page(`${at}/history`)).toContain(LOCALES.en['erasure.returned'])
  })
})

describe('the box, while it is typed in', () => {
  it('says what it understands and looks nobody up: not a line in the ledger, nor a word about who is there', async () => {
    const name = { given: 'Mariona', family: ['Eschevarri'] }
    await register(app, { name, dateOfBirth: '1990' })
    const clerk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    const entries = async () => (await app.peek('select from ledger_entries')).length
    const before = await entries()
    const answers = await Promise.all(
      ['Mariona Eschevarri', 'Mariona Noexisteix'].map(async (said) => {
        const answer = await clerk.send('/desk/understood', { said }, '/desk')
        return ((await answer.json()) as { text: string }).text.replace(said, '')
      }),
    )
    expect(answers[0]).toBe(answers[1])
    expect(await entries()).toBe(before)
    const legal = await signedIn(app, { kind: 'staff', subject: 'legal-1', role: 'legal', office: DEMO_OFFICE })
    expect((await legal.send('/desk/understood', { said: 'Mariona' }, '/desk/legal')).status).toBeGreaterThanOrEqual(
      403,
    )
  })
})
