import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { inventedWord, openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'
import { unseal } from '../../support/unseal.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
const clerkOf = () => signedIn(app, { kind: 'staff', subject: randomUUID(), role: 'clerk', office: DEMO_OFFICE })
let people = 9000
function form(more: Record<string, string>): Record<string, string> {
  people += 1
  return {
    act: 'register',
    idempotencyKey: randomUUID(),
    people: '1',
    p0_given: inventedWord(people),
    p0_family: inventedWord(people + 500),
    where: 'no-fixed-address',
    ...more,
  }
}
async function sent(more: Record<string, string>) {
  const clerk = await clerkOf()
  const answer = await clerk.send('/desk/register', form(more), '/desk/register')
  return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') ?? '', clerk }
}
const recordOf = async (location: string) => {
  const [, id = ''] = /neighbours\/([0-9a-f-]{36})/.exec(location) ?? []
  return (await openRecord(app, id)).body
}
const born = (day: string, month: string, year: string) => ({
  'p0_born-day': day,
  'p0_born-month': month,
  'p0_born-year': year,
})
const since = (day: string, month: string, year: string) => ({
  'since-day': day,
  'since-month': month,
  'since-year': year,
})

describe('the form of the desk', () => {
  it.each([
    ['a year of two digits', born('', '', '24'), 'p0_born', '2024 or 1924'],
    ['a day without a month', born('17', '', '1990'), 'p0_born', t['lifeDates.dayNoMonth']],
    ['a month without a year', born('', '5', ''), 'p0_born', t['lifeDates.monthNoYear']],
    ['a year of another calendar', born('', '', '1410'), 'p0_born', t['lifeDates.tooEarly']],
    ['a birth to come', born('', '', '2999'), 'p0_born', t['lifeDates.bornToCome']],
    ['a birth longer ago than people live', born('', '', '1880'), 'p0_born', t['desk.bornLongAgo']],
    ['a residence since two digits', since('1', '2', '24'), 'since', '2024 or 1924'],
    ['a residence to come', since('1', '2', '2999'), 'since', t['desk.dayToCome']],
    [
      'a residence before the birth',
      { ...born('', '', '1990'), ...since('1', '2', '1989') },
      'since',
      t['lifeDates.beforeBirth'],
    ],
    ['a residence before the town', since('1', '2', '1899'), 'since', '1 January 1900'],
    ['a month that is none', since('1', 'brumaire', '2020'), 'since', t['lifeDates.noMonth']],
  ])('comes back with %s beside its box, and with what was typed', async (_, dates, field, text) => {
    const answer = await sent(dates)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}`)
    expect(answer.text).toContain(text)
    for (const value of Object.values(dates).filter(Boolean)) expect(answer.text).toContain(`value="${value}"`)
  })

  it.each([
    [born('17', 'May', '1990'), '1990-05-17'],
    [born('', '', '196X'), '196X'],
    [born('', '', '60s'), '196X'],
    [born('', 'spring', '1990'), '1990-21'],
    [{ ...born('', '', '1960'), p0_before: 'yes' }, '../1959'],
    [{ ...born('', '', '1985'), p0_about: 'yes' }, '1985~'],
  ])('takes %o as %s', async (dates, dateOfBirth) => {
    const answer = await sent(dates)
    expect(answer.status).toBe(303)
    expect(await recordOf(answer.location)).toMatchObject({ dateOfBirth })
  })

  it('takes a great age that somebody ticks to be right', async () => {
    const first = await sent(born('', '', '1890'))
    expect(first.text).toContain('name="p0_sure"')
    expect((await sent({ ...born('', '', '1890'), p0_sure: 'yes' })).status).toBe(303)
  })

  it('shows in words what it keeps, and never how it is written', async () => {
    const shown: [string, string][] = [
      ['1985~', 'about 1985 (between 1984 and 1986)'],
      ['196X', 'between 1960 and 1969'],
      ['../1959', 'before 1960'],
      ['1990-21', 'spring 1990'],
      ['1990-05', 'May 1990'],
    ]
    const clerk = await clerkOf()
    for (const [dateOfBirth, words] of shown) {
      const { id } = await register(app, { dateOfBirth })
      const page = await (await clerk.open(`/desk/neighbours/${id}`)).text()
      expect(page).toContain(words)
      expect(page).not.toContain(`<dd class="govuk-summary-list__value">${dateOfBirth}`)
      expect(page).not.toContain('±')
      const me = await signedIn(app, { kind: 'resident', subject: id })
      expect(await (await me.open('/me/record')).text()).toContain(words)
    }
  })

  it('gives a vague date back to be corrected as it was typed', async () => {
    const clerk = await clerkOf()
    for (const dateOfBirth of ['196X', '../1959', '1990-21', '1985~', '1990-05-17']) {
      const { id, version } = await register(app, { dateOfBirth, since: '2020-01-01' })
      const page = await (await clerk.open(`/desk/neighbours/${id}`)).text()
      const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ''
      const ticked = (name: string) => new RegExp(`name="${name}" value="yes" checked`).test(page)
      const again = {
        version: String(version),
        given: 'Fatou',
        family: '',
        'born-day': value('born-day'),
        'born-month': value('born-month'),
        'born-year': value('born-year'),
        ...(ticked('about') ? { about: 'yes' } : {}),
        ...(ticked('before') ? { before: 'yes' } : {}),
      }
      const answer = await clerk.send(`/desk/neighbours/${id}/correct`, again, `/desk/neighbours/${id}`)
      expect(answer.status).toBe(303)
      expect((await openRecord(app, id)).body).toMatchObject({ dateOfBirth })
    }
  })
})

describe('a correction, a move, a departure and a notice on a page', () => {
  it('come back with the day beside its box', async () => {
    const { id, version } = await register(app, { dateOfBirth: '1990-05-17', since: '2001-03-01' })
    const clerk = await clerkOf()
    const at = `/desk/neighbours/${id}`
    const all: [string, Record<string, string>, string, string][] = [
      ['correct', { given: 'Fatou', 'born-year': '2010' }, 'born', t['lifeDates.bornAfter']],
      ['correct', { given: 'Fatou', 'born-year': '24' }, 'born', '2024 or 1924'],
      ['correct', { given: 'Fatou', 'born-year': '1990', 'born-day': '3' }, 'born', t['lifeDates.dayNoMonth']],
      ['move', { where: 'no-fixed-address', ...since('1', '1', '1985') }, 'since', t['lifeDates.beforeBirth']],
      ['move', { where: 'no-fixed-address', ...since('1', '1', '2000') }, 'since', t['lifeDates.beforeResidence']],
      ['move', { where: 'no-fixed-address', ...since('1', '1', '24') }, 'since', '2024 or 1924'],
      [
        'leave',
        { cause: 'death', 'on-day': '1', 'on-month': '1', 'on-year': '1989' },
        'on',
        t['lifeDates.beforeResidence'],
      ],
      ['leave', { cause: 'moved-away', 'on-day': '1', 'on-month': '1', 'on-year': '24' }, 'on', '2024 or 1924'],
      [
        'leave',
        { cause: 'moved-away', 'on-day': '1', 'on-month': '', 'on-year': '2024' },
        'on',
        t['lifeDates.dayNoMonth'],
      ],
      ['leave', { cause: 'death', 'on-day': '1', 'on-month': '1', 'on-year': '2999' }, 'on', t['desk.dayToCome']],
    ]
    for (const [what, typed, field, text] of all) {
      const body = { version: String(version), idempotencyKey: randomUUID(), ...typed }
      const answer = await clerk.send(`${at}/${what}`, body, `${at}${what === 'leave' ? '/leave' : ''}`)
      const page = await answer.text()
      expect([answer.status, page.includes(`href="#${field}`), page.includes(text)], `${what} ${text}`).toEqual([
        422,
        true,
        true,
      ])
    }
    expect((await openRecord(app, id)).body).toMatchObject({ version, dateOfBirth: '1990-05-17' })
  })

  it('are taken with the month by its name', async () => {
    const { id, version } = await register(app, { dateOfBirth: '1990-05-17', since: '2001-03-01' })
    const clerk = await clerkOf()
    const at = `/desk/neighbours/${id}`
    const move = {
      version: String(version),
      idempotencyKey: randomUUID(),
      where: 'no-fixed-address',
      ...since('1', 'june', '2010'),
    }
    expect((await clerk.send(`${at}/move`, move, at)).status).toBe(303)
    expect((await openRecord(app, id)).body).toMatchObject({ residence: { validFrom: '2010-06-01' } })
  })

  it('of a proceeding comes back too', async () => {
    const { id, version } = await register(app)
    const opened = await app.ask<{ proceedingId: string }>('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'wrongly-registered', reason: 'Nobody there', informant: 'staff' },
      ifMatch: version,
    })
    const clerk = await clerkOf()
    const at = `/desk/neighbours/${id}/proceedings/${opened.body.proceedingId}/notice`
    for (const [year, text] of [
      ['24', '2024 or 1924'],
      ['2999', t['desk.dayToCome']],
      ['', t['desk.wholeDay']],
    ] as const) {
      const typed = { idempotencyKey: randomUUID(), 'told-day': '1', 'told-month': 'May', 'told-year': year }
      const answer = await clerk.send(at, typed, `/desk/neighbours/${id}/leave`)
      expect([answer.status, (await answer.text()).includes(text)], year).toEqual([422, true])
    }
  })
})

describe('the search box', () => {
  it('takes no year of two digits, and offers the years meant', async () => {
    const clerk = await clerkOf()
    const answer = await clerk.send('/desk/search', { said: 'Fatou Diallo 17/5/70' }, '/desk')
    expect([answer.status, (await answer.text()).includes('1970')]).toEqual([422, true])
    const understood = await clerk.send('/desk/understood', { said: 'Fatou 17/5/24' }, '/desk')
    expect(await understood.json()).toMatchObject({
      enough: false,
      text: t['lifeDates.shortYear'].replace('{years}', '2024 or 1924'),
    })
    expect((await clerk.send('/desk/search', { said: 'Fatou Diallo 17/5/1970' }, '/desk')).status).toBe(200)
  })
})

describe('a date of birth told in another calendar', () => {
  const told = { p0_calendar: 'islamic-umalqura', ...born('5', 'Ramadan', '1410') }
  const calendars = /islamic|hijri|ramadan|umalqura|1410/i

  it('comes back in both to be looked at, and is registered in the usual one', async () => {
    const clerk = await clerkOf()
    const typed = form(told)
    const first = await clerk.send('/desk/register', typed, '/desk/register')
    const page = await first.text()
    expect(first.status).toBe(200)
    expect(page).toContain('Ramadan 5, 1410')
    expect(page).toContain('1 April 1990')
    expect(page).toContain('name="p0_born-year" value="1990"')
    expect(page).not.toContain('value="islamic-umalqura" selected')
    const { p0_calendar: _, ...seen }: Record<string, string> = { ...typed, ...born('01', '04', '1990') }
    const second = await clerk.send('/desk/register', seen, '/desk/register')
    expect(second.status).toBe(303)
    expect(await recordOf(second.headers.get('location') ?? '')).toMatchObject({ dateOfBirth: '1990-04-01' })
  })

  it('is said while it is typed, and who saw that is not asked again', async () => {
    const clerk = await clerkOf()
    const answer = await clerk.send('/desk/told', { ...told, before: 'p0_' }, '/desk/register')
    expect(await answer.json()).toEqual({ text: 'Ramadan 5, 1410 AH = 1 April 1990', seen: '1990-04-01' })
    const done = await clerk.send('/desk/register', form({ ...told, p0_seen: '1990-04-01' }), '/desk/register')
    expect(done.status).toBe(303)
    expect(await recordOf(done.headers.get('location') ?? '')).toMatchObject({ dateOfBirth: '1990-04-01' })
    // What was seen is not what is told now.
    const other = await clerk.send('/desk/register', form({ ...told, p0_seen: '1991-04-01' }), '/desk/register')
    expect(other.status).toBe(200)
  })

  it.each([
    ['ethiopic', '9', '9', '1982'],
    ['persian', '27', 'Ordibehesht', '1369'],
  ])('may be %s', async (p0_calendar, day, month, year) => {
    const answer = await sent({ p0_calendar, p0_seen: '1990-05-17', ...born(day, month, year) })
    expect(await recordOf(answer.location)).toMatchObject({ dateOfBirth: '1990-05-17' })
  })

  it('that there is not comes back as it was typed, with its calendar', async () => {
    const answer = await sent({ p0_calendar: 'islamic-umalqura', ...born('5', '13', '1410') })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('value="1410"')
    expect(answer.text).toMatch(/<option value="islamic-umalqura" selected/)
  })

  it('corrects what was recorded in the same way', async () => {
    const { id, version } = await register(app, { dateOfBirth: '1985', since: '2020-01-01' })
    const clerk = await clerkOf()
    const at = `/desk/neighbours/${id}`
    const typed = { version: String(version), given: 'Fatou', family: '', calendar: 'persian' }
    const boxes = { 'born-day': '27', 'born-month': '2', 'born-year': '1369' }
    const first = await clerk.send(`${at}/correct`, { ...typed, ...boxes }, at)
    const page = await first.text()
    expect([first.status, page.includes('17 May 1990'), page.includes('Ordibehesht')]).toEqual([200, true, true])
    const second = await clerk.send(`${at}/correct`, { ...typed, ...boxes, seen: '1990-05-17' }, at)
    expect(second.status).toBe(303)
    expect((await openRecord(app, id)).body).toMatchObject({ dateOfBirth: '1990-05-17' })
  })

  it('is in no draft, in no row and in no line of the log in that calendar', async () => {
    const clerk = await clerkOf()
    const logged = app.log.length
    for (const typed of [
      told,
      { p0_calendar: 'persian', ...born('99', '', '1369') },
      { ...told, p0_seen: '1990-04-01' },
    ]) {
      expect((await clerk.send('/desk/drafts', form({ ...typed, act: 'draft' }), '/desk/register')).status).toBe(200)
      expect((await clerk.send('/desk/register', form({ ...typed, act: 'draft' }), '/desk/register')).status).toBe(303)
    }
    // A browser that has shown the usual date sends that alone.
    await clerk.send('/desk/drafts', form({ act: 'draft', p0_seen: '1990-04-01' }), '/desk/register')
    const rows = await app.peek<{ id: string; data_key_id: string; content: Uint8Array }>(
      'select id, data_key_id, content from drafts',
    )
    const place = (row: string) => ({ table: 'drafts', column: 'content', row })
    const kept = await Promise.all(
      rows.map(async (row) => JSON.stringify(await unseal(app, row.data_key_id, place(row.id), row.content))),
    )
    expect(kept.length).toBeGreaterThanOrEqual(7)
    for (const draft of kept) expect(draft).not.toMatch(/calendar|told|seen|persian|islamic|ramadan|1410|1369/i)
    expect(kept.filter((draft) => draft.includes('"p0_born-year":"1990"')).length).toBe(5)
    expect(JSON.stringify(app.log.slice(logged))).not.toMatch(calendars)
  })
})
