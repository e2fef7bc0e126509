import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { textOfPdf } from '../../support/pdf-text.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

const t = LOCALES.en
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const seat = (subject: string, role: 'clerk' | 'supervisor' = 'clerk') =>
  signedIn(app, { kind: 'staff', subject, role, office: DEMO_OFFICE })
const dayOf = (prefix: string, date: Temporal.PlainDate) => ({
  [`${prefix}-day`]: String(date.day),
  [`${prefix}-month`]: String(date.month),
  [`${prefix}-year`]: String(date.year),
})
const today = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
const inWords = (date: Temporal.PlainDate) => date.toLocaleString('en-GB', { dateStyle: 'long' })

async function visit(more: Parameters<typeof register>[1] = {}) {
  const { id } = await register(app, {
    name: { given: 'Aurora', family: ['Vilanova'] },
    dateOfBirth: '1951-04-09',
    since: '2020-01-01',
    confirmedDistinct: true,
    ...more,
  })
  const clerk = await seat('clerk-1')
  const at = `/desk/neighbours/${id}`
  const leave = (fields: Record<string, string>) =>
    clerk.send(`${at}/leave`, { version: '1', idempotencyKey: randomUUID(), ...fields }, `${at}/leave`)
  const gone = async () => 'departedOn' in (await openRecord(app, id, 'supervisor')).body
  return { id, at, clerk, leave, gone }
}
const HEARD = { cause: 'moved-away-heard', informant: 'household', reason: 'Her bed is gone.' }

describe('the page that asks once more', () => {
  it.each([
    ['a death', { cause: 'death' }],
    ['leaving', { cause: 'moved-away', saidBy: 'in-person' }],
  ])('shows of %s who, born when, and from which day, and changes nothing', async (_, fields) => {
    const { id, leave, gone } = await visit()
    const day = Temporal.PlainDate.from('2024-06-01')
    const asked = await leave({ ...fields, ...dayOf('on', day) })
    expect(asked.status).toBe(200)
    const page = await asked.text()
    for (const said of [t['leaving.ask'], 'Aurora Vilanova', '9 April 1951', inWords(day), t['leaving.yes']])
      expect(page).toContain(said)
    expect(await gone()).toBe(false)
    expect((await leave({ ...fields, ...dayOf('on', day), sure: 'yes' })).status).toBe(303)
    expect((await openRecord(app, id)).body).toMatchObject({ departedOn: '2024-06-01' })
  })

  it('shows of a proceeding that nothing takes effect before they could answer, and opens none', async () => {
    const { id, leave } = await visit()
    const page = await (await leave(HEARD)).text()
    for (const said of [
      'Aurora Vilanova',
      '9 April 1951',
      'Her bed is gone.',
      t['leaving.inHousehold'],
      t['leaving.yesHear'],
    ])
      expect(page).toContain(said)
    expect(page).toContain(inWords(today().add({ days: 31 })))
    const opened = () => app.peek(`select from proceedings where neighbour_id = '${id}'`)
    expect(await opened()).toHaveLength(0)
    expect((await leave({ ...HEARD, sure: 'yes' })).status).toBe(303)
    expect(await opened()).toHaveLength(1)
  })

  it('gives the form back with what was typed and what is missing beside it, whatever is missing', async () => {
    const { leave, gone } = await visit()
    const cases: [Record<string, string>, string[]][] = [
      [{}, ['cause']],
      [{ cause: 'moved-away' }, ['saidBy']],
      [{ cause: 'death', 'on-day': '31', 'on-month': '2', 'on-year': '2024' }, ['on']],
      [{ cause: 'death', ...dayOf('on', today().add({ days: 2 })) }, ['on']],
      [{ cause: 'wrongly-registered', reason: 'Kept words' }, ['informant']],
      [{ cause: 'moved-away-heard', informant: 'owner' }, ['reason']],
      [{ ...HEARD, reason: `Kept words ${'x'.repeat(2000)}` }, ['reason']],
    ]
    for (const [fields, faults] of cases) {
      const back = await leave({ ...fields, sure: 'yes' })
      expect(back.status, JSON.stringify(fields)).toBe(422)
      const page = await back.text()
      for (const name of faults) expect(page, name).toContain(`id="${name}-fault"`)
      if (fields.cause) expect(page).toMatch(new RegExp(`value="${fields.cause}" checked`))
      if (fields.reason) expect(page.includes(fields.reason)).toBe(true)
      if (fields['on-year']) expect(page).toContain(`value="${fields['on-year']}"`)
    }
    expect(await gone()).toBe(false)
  })
})

describe('a departure that is being decided', () => {
  it('stands first on the neighbour’s page and on the worklist, with the last day to answer and what waits', async () => {
    const { id, at, clerk, leave } = await visit({ name: { given: 'Primera', family: ['Enllista'] } })
    await leave({ ...HEARD, sure: 'yes' })
    const box = `${at}/proceedings/${await proceedingOf(id)}`
    const page = async () => (await clerk.open(at)).text()
    expect(await page()).toContain(t['leaving.noNotice'])
    await clerk.send(`${box}/notice`, { by: 'in-person', ...dayOf('told', today()) }, `${at}/leave`)
    await clerk.send(`${box}/answers`, { words: 'I am at my sister’s.', who: 'neighbour' }, `${at}/leave`)
    const until = t['leaving.until'].replace('{day}', inWords(today().add({ days: 30 })))
    const seen = await page()
    for (const said of [until, t['leaving.unread']]) expect(seen).toContain(said)
    expect(seen.indexOf(until)).toBeLessThan(seen.indexOf(t['desk.born']))
    const work = await (await clerk.open('/desk/work')).text()
    for (const said of ['Primera Enllista', until, t['leaving.unread']]) expect(work).toContain(said)
    // Why, and what they say, is opened on its own page alone.
    for (const closed of ['Her bed is gone.', 'my sister']) expect(work + seen).not.toContain(closed)
  })

  it('shows whoever approves why, by whom, the notice, the answer and the day; and is not approved before it is read', async () => {
    const { id, at, clerk, leave, gone } = await visit()
    await leave({ ...HEARD, sure: 'yes' })
    const box = `${at}/proceedings/${await proceedingOf(id)}`
    await clerk.send(`${box}/notice`, { by: 'in-person', ...dayOf('told', today()) }, `${at}/leave`)
    await clerk.send(`${box}/answers`, { words: 'I am at my sister’s.', who: 'neighbour' }, `${at}/leave`)
    const last = today().add({ days: 30 })
    app.clock.advance({ hours: 31 * 24 })
    try {
      const second = await seat('clerk-2')
      const page = async () => (await second.open(`${at}/leave`)).text()
      const shown = await page()
      for (const said of [
        'Her bed is gone.',
        t['leaving.inHousehold'],
        t['leaving.byColleague'],
        t['leaving.wayInPerson'],
        'I am at my sister’s.',
        inWords(last),
        t['problem.unread'],
      ])
        expect(shown, said).toContain(said)
      expect(shown).not.toContain('clerk-1')
      expect(shown).not.toContain(`value="approved"`)
      expect((await second.send(`${box}/decision`, { decision: 'approved', sure: 'yes' }, `${at}/leave`)).status).toBe(
        409,
      )
      const answer = /name="answer" value="([^"]+)"/.exec(shown)?.[1] ?? ''
      await second.send(`${box}/read`, { answer }, `${at}/leave`)
      const asked = await second.send(
        `${box}/decision`,
        { decision: 'approved', idempotencyKey: randomUUID() },
        `${at}/leave`,
      )
      const once = await asked.text()
      for (const said of [
        t['leaving.ask'],
        'Aurora Vilanova',
        '9 April 1951',
        inWords(today()),
        'I am at my sister’s.',
      ])
        expect(once, said).toContain(said)
      expect(await gone()).toBe(false)
      const sure = { decision: 'approved', sure: 'yes', idempotencyKey: randomUUID() }
      expect((await second.send(`${box}/decision`, sure, `${at}/leave`)).status).toBe(303)
      expect(await gone()).toBe(true)
    } finally {
      app.clock.advance({ hours: -31 * 24 })
    }
  })

  it('has a letter to put into their own hands, in their language, with how to answer and no address', async () => {
    const { id, at, clerk, leave } = await visit({
      address: { kind: 'dwelling', streetName: 'del Sobre', number: '12' },
    })
    await leave({ ...HEARD, sure: 'yes' })
    const box = `${at}/proceedings/${await proceedingOf(id)}`
    const printed = await clerk.send(`${box}/letter`, { language: 'fr' }, `${at}/leave`)
    expect(printed.headers.get('content-type')).toBe('application/pdf')
    const text = textOfPdf(Buffer.from(await printed.arrayBuffer()))
    for (const said of ['Aurora Vilanova', LOCALES.fr['hearing.title'], 'Her bed is gone.', '30 jours', '/me'])
      expect(text).toContain(said)
    for (const closed of ['del Sobre', LOCALES.fr['leaving.inHousehold']]) expect(text).not.toContain(closed)
  })

  it('has its steps back with what was typed where a day or an answer is missing', async () => {
    const { id, at, clerk, leave } = await visit()
    await leave({ ...HEARD, sure: 'yes' })
    const box = `${at}/proceedings/${await proceedingOf(id)}`
    const send = async (what: string, fields: Record<string, string>) => {
      const back = await clerk.send(`${box}/${what}`, fields, `${at}/leave`)
      expect(back.status, what).toBe(422)
      return back.text()
    }
    const early = dayOf('told', today().subtract({ days: 3 }))
    expect(await send('notice', { by: 'in-person', ...early })).toContain('id="told-fault"')
    expect(await send('notice', dayOf('told', today()))).toContain('id="by-fault"')
    expect(await send('answers', { words: '' })).toContain('id="words-fault"')
    const long = 'y'.repeat(20_001)
    expect((await send('answers', { words: long })).includes(long)).toBe(true)
  })

  it('of a protected neighbour is a supervisor’s, and stands nowhere for anybody else', async () => {
    const { id, at, clerk } = await visit({ protected: true, name: { given: 'Ningu', family: ['Laveu'] } })
    const supervisor = await seat('supervisor-1', 'supervisor')
    const form = { ...HEARD, version: '1', idempotencyKey: randomUUID(), sure: 'yes' }
    expect((await supervisor.send(`${at}/leave`, form, `${at}/leave`)).status).toBe(303)
    const count = async (who: typeof clerk) =>
      ((await (await who.open('/desk/work')).text()).match(/\/leave"/g) ?? []).length
    expect(await (await supervisor.open('/desk/work')).text()).toContain('Ningu Laveu')
    expect(await (await clerk.open('/desk/work')).text()).not.toContain('Ningu')
    expect(await count(supervisor)).toBe((await count(clerk)) + 1)
    for (const path of [at, `${at}/leave`]) expect((await clerk.open(path)).status).toBe(404)
    const box = `${at}/proceedings/${await proceedingOf(id)}`
    expect((await clerk.send(`${box}/decision`, { decision: 'withdrawn' }, '/desk')).status).toBe(404)
  })
})

const proceedingOf = async (id: string) =>
  (await app.peek<{ id: string }>(`select id from proceedings where neighbour_id = '${id}'`))[0]?.id ?? ''
