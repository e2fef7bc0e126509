import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import type { StaffRole } from '../../../src/firewall/requester.ts'
import { counted, listText } from '../../../src/platform/counted.ts'
import { languageFiles } from '../../../src/platform/languages.ts'
import { LANGUAGES, type Language, LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { entriesAbout } from '../../support/entries.ts'
import { inventedWord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

const t = LOCALES.en
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const staff = (subject = 'clerk-1', role: StaffRole = 'clerk') =>
  signedIn(app, { kind: 'staff', subject, role, office: DEMO_OFFICE })
const pageOf = async (path: string, browser?: Awaited<ReturnType<typeof staff>>) => {
  const response = await (browser ?? (await staff())).open(path)
  expect(response.status, path).toBe(200)
  return response.text()
}
const plain = (html: string) => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

describe('the page of a neighbour', () => {
  it('says who, where and with whom before anything else, what waits next, and then what can be done', async () => {
    const { id, householdId } = await register(app, { name: { given: 'Primera', family: ['Ordenada'] } })
    const mate = await register(app, { name: { given: 'Companya' }, address: undefined as never, householdId })
    const html = await pageOf(`/desk/neighbours/${id}`)
    const main = html.slice(html.indexOf('<main'))
    const places = [
      'Primera Ordenada',
      'del Molí',
      `href="/desk/neighbours/${mate.id}"`,
      t['desk.since'],
      `/desk/neighbours/${id}/history`,
      t['neighbour.do'],
      t['desk.correct'],
      t['moving.settle'],
      t['hiding.hide'],
      t['handOver.handOver'],
    ].map((part) => ({ part, at: main.indexOf(part) }))
    expect(places.filter(({ at }) => at < 0)).toEqual([])
    expect(places.map(({ at }) => at)).toEqual(places.map(({ at }) => at).toSorted((a, b) => a - b))
    expect(plain(main)).toContain('Companya')
    expect(plain(main)).toContain('2 people')
  })

  it('names nobody of the household who hides, and tells each of the others that they were looked at', async () => {
    const { id, householdId } = await register(app)
    const join = { address: undefined as never, householdId }
    const seen = await register(app, { name: { given: 'Visible' }, ...join })
    await register(app, { name: { given: 'Amagada' }, ...join, protected: true })
    const html = await pageOf(`/desk/neighbours/${id}`)
    expect(html).toContain('Visible')
    expect(html).not.toContain('Amagada')
    expect(await entriesAbout(app, seen.id, "action = 'open'")).toHaveLength(1)
  })

  it('of somebody without a fixed address shows what they said, and where their post is kept', async () => {
    const { id } = await register(app, { address: { kind: 'no-fixed-address', usualArea: 'Km 4 of the Vic road' } })
    const html = plain(await pageOf(`/desk/neighbours/${id}`))
    expect(html).toContain(t['address.kindNone'])
    expect(html).toContain('They say: Km 4 of the Vic road')
    expect(html).toContain(t['neighbour.referenceAddress'])
  })

  it.each([
    '',
    '/history',
    '/looked',
    '/ways-in',
    '/messages',
    '/leave',
    '/dates',
    '/with',
    '/protection',
    '/representatives',
    '/join',
  ])('and every other of theirs says whom it is about: %s', async (rest) => {
    const name = inventedWord(90_000 + rest.length)
    const { id } = await register(app, { name: { given: name } })
    expect(plain(await pageOf(`/desk/neighbours/${id}${rest}`))).toContain(name)
  })

  it('says so too where a form on it was not taken, and where something was handed over', async () => {
    const { id } = await register(app, { name: { given: 'Retornada' } })
    const clerk = await staff()
    const wrong = await clerk.send(`/desk/neighbours/${id}/move`, { version: '1', where: '' }, `/desk/neighbours/${id}`)
    expect(wrong.status).toBe(422)
    expect(await wrong.text()).toContain('Retornada')
    const wallet = await clerk.send(`/desk/neighbours/${id}/wallet`, { profile: 'residence' }, `/desk/neighbours/${id}`)
    expect(await wallet.text()).toContain('Retornada')
  })
})

describe('the history', () => {
  it('says what changed: what stood there and what has since, and opens no more than it shows', async () => {
    const { id, version } = await register(app, {
      name: { given: 'Abans' },
      dateOfBirth: '1980',
      address: { kind: 'dwelling', streetName: 'Vell', number: '1' },
    })
    await app.ask('PATCH', `/v1/neighbours/${id}`, {
      as: 'clerk',
      ifMatch: version,
      body: { name: { given: 'Després' } },
    })
    await app.ask('POST', `/v1/neighbours/${id}/residences`, {
      as: 'clerk',
      ifMatch: version + 1,
      body: { address: { kind: 'dwelling', streetName: 'Nou', number: '2' } },
    })
    const html = plain(await pageOf(`/desk/neighbours/${id}/history`))
    expect(html).toMatch(/name: Abans → Després/i)
    expect(html).toMatch(/Vell 1 → Nou 2/)
    expect(html).toContain(t['desk.true'])
    expect(html).toContain(t['desk.known'])
    const looked = await pageOf(`/desk/neighbours/${id}/looked`)
    const lines = [...looked.matchAll(/<small>([^<]*)<\/small>/g)].map(([, fields = '']) => fields)
    expect(lines).toContain(
      listText('en', [t['fields.name'], t['fields.dateOfBirth'], t['fields.address'], t['fields.history']]),
    )
    // What opened how to reach them were the corrections themselves.
    expect(lines.filter((line) => line.includes(t['fields.contact']) && line.includes(t['fields.history']))).toEqual([])
  })
})

describe('an earlier name that is for finding only', () => {
  it('finds its bearer, and stands on no page of theirs', async () => {
    const [before, since] = [inventedWord(120_001), inventedWord(120_502)]
    const { id, version } = await register(app, { name: { given: before }, dateOfBirth: '1991' })
    const clerk = await staff('clerk-former')
    const at = `/desk/neighbours/${id}`
    const typed = { version: String(version), given: since, 'born-year': '1991', former: 'yes' }
    expect((await clerk.send(`${at}/correct`, typed, at)).status).toBe(303)
    const found = await (await clerk.send('/desk/search', { said: `${before} 1991` }, '/desk')).text()
    expect(found).toContain(since)
    expect(plain(found.replaceAll(/value="[^"]*"/g, ''))).not.toContain(before)
    for (const rest of ['', '/history', '/looked']) expect(await pageOf(at + rest, clerk)).not.toContain(before)
    expect(await pageOf(`${at}/history`, clerk)).toContain(t['past.formerChanged'])
    // Nor is it told to who asks what was known before.
    const [first] = await app.peek<{ at: string }>(
      `select (min(recorded_at) + interval '1 second' / 100)::text as at from movements where neighbour_id = '${id}'`,
    )
    const then = Temporal.Instant.from((first?.at ?? '').replace(' ', 'T')).toString()
    const { status, text } = await app.ask('GET', `/v1/neighbours/${id}/history?knownAt=${encodeURIComponent(then)}`, {
      as: 'clerk',
      purpose: 'counter-service',
    })
    expect(status).toBe(200)
    expect(text).toContain('"movements"')
    expect(text).not.toContain(before)
  })
})

describe('look-ups to ask about', () => {
  it('stand together by who looked and on which day, with what was opened, and are reviewed at once', async () => {
    const clerk = await staff('clerk-flagged')
    for (let n = 0; n < 3; n += 1) await clerk.open(`/desk/neighbours/${(await register(app)).id}`)
    const boss = await staff('boss', 'supervisor')
    const html = await pageOf('/desk/flags', boss)
    const group = html.split('<section>').find((part) => part.includes('clerk-flagged')) ?? ''
    expect(group.match(/name="flag"/g)?.length).toBe(3)
    expect(plain(group)).toContain(t['fields.name'])
    const flags = [...group.matchAll(/name="flag" value="([^"]+)"/g)].map(([, id = '']) => id)
    const csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const body = new URLSearchParams([['csrf', csrf], ...flags.map((id): [string, string] => ['flag', id])])
    expect((await boss.open('/desk/flags/review', { method: 'POST', body })).status).toBe(303)
    expect(await pageOf('/desk/flags', boss)).not.toContain('clerk-flagged</bdi> ·')
  })
})

describe('the hourly budget', () => {
  it.each([
    ['of questions an hour', { hourlyBudgetStaff: 2 }],
    ['of people an hour', { budgets: { clerk: { hour: { people: 2, points: 20 } } } }],
  ])('%s says what it is, until when and who can release it; work goes on, and names nobody', async (_, town) => {
    const small = await openApp({ town })
    try {
      const { id } = await register(small, { name: { given: 'Tramitada' } })
      const told = { cause: 'wrongly-registered', reason: 'Nobody lives there', informant: 'staff' }
      expect(
        (await small.ask('POST', `/v1/neighbours/${id}/departures`, { as: 'second-clerk', ifMatch: 1, body: told }))
          .status,
      ).toBe(201)
      const clerk = await signedIn(small, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
      const work = async () => plain(await (await clerk.open('/desk/work')).text())
      expect(await work()).toContain('Tramitada')
      let last = await clerk.open(`/desk/neighbours/${(await register(small)).id}`)
      for (let n = 0; n < 40 && last.status === 200; n += 1)
        last = await clerk.open(`/desk/neighbours/${(await register(small)).id}`)
      expect(last.status).toBe(403)
      const over = /You have been shown as many people .* until .* supervisor can allow more/
      expect(plain(await last.text())).toMatch(over)
      expect((await clerk.open('/desk/work')).status).toBe(200)
      expect(await work()).toMatch(over)
      expect(await work()).not.toContain('Tramitada')
      expect((await clerk.open('/desk/register')).status).toBe(200)
    } finally {
      await small.close()
    }
  })
})

describe('counts and lists', () => {
  const plural = /^\{|\{\w+, plural,/
  const texts = Object.entries(languageFiles).flatMap(([language, { ui, papers }]) =>
    Object.entries({ ...ui, ...papers })
      .filter(([, text]) => plural.test(text) && text.includes(', plural,'))
      .map(([key, text]) => [language, key, text] as const),
  )

  it.each(texts)('in %s have a form for every number: %s', (language, _, text) => {
    const [, name = ''] = /\{(\w+), plural,/.exec(text) ?? []
    // "many" is of millions in the others, and of eleven in Arabic.
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    for (const form of forms)
      if (form !== 'many' || language === 'ar') expect(text).toMatch(new RegExp(`\\b${form} \\{`))
    for (const n of [0, 1, 2, 3, 7, 11, 12, 21, 99, 100, 101, 103])
      expect(counted(text, language, { [name]: n, from: 'a', to: 'b' })).not.toMatch(/[{}#]/)
  })

  it('are written as each language does', () => {
    expect(counted(LOCALES.ar['desk.alone'], 'ar', { n: 2 })).toBe('شخصان')
    expect(counted(LOCALES.ar['desk.alone'], 'ar', { n: 9 })).toBe('9 أشخاص')
    expect(counted(LOCALES.en['desk.alone'], 'en', { n: 1 })).toBe('1 person')
    expect(listText('en', ['a', 'b', 'c'])).toBe('a, b and c')
    expect(listText('ar', ['أ', 'ب', 'ج'])).toBe('أ وب وج')
    expect(Object.keys(LANGUAGES).map((one) => listText(one as Language, ['x']))).toEqual(
      Object.keys(LANGUAGES).map(() => 'x'),
    )
  })
})
