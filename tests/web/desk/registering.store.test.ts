import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { webForms } from '../../support/page-forms.ts'
import { inventedWord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

const t = LOCALES.en
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

let clerks = 0
const desk = () => {
  clerks += 1
  return signedIn(app, { kind: 'staff', subject: `clerk-${clerks}`, role: 'clerk', office: DEMO_OFFICE })
}
let people = 0
const word = () => {
  people += 1
  return inventedWord(70_000 + people * 11)
}
const form = (more: Record<string, string>) => ({
  idempotencyKey: randomUUID(),
  act: 'register',
  p0_given: word(),
  'p0_born-year': String(1930 + people),
  where: 'dwelling',
  street: 'del Pou',
  number: '3',
  ...more,
})
const idOf = (response: Response) =>
  /neighbours\/([0-9a-f-]{36})/.exec(response.headers.get('location') ?? '')?.[1] ?? ''
const nameOf = async (id: string) =>
  (
    await app.ask<{ name: object }>('GET', `/v1/neighbours/${id}?fields=name`, {
      as: 'clerk',
      purpose: 'counter-service',
    })
  ).body.name

describe('a newborn without a name', () => {
  it('is registered with a parent, is found by their name, and is named later as the same neighbour', async () => {
    const clerk = await desk()
    const mother = word()
    const both = form({
      people: '2',
      p0_given: mother,
      p0_family: 'Nadonera',
      p1_newborn: 'yes',
      'p1_born-year': '2026',
    })
    const done = await clerk.send('/desk/register', both, '/desk/register')
    expect(done.status).toBe(303)
    const rows = await app.peek<{ n: string }>('select count(*) as n from neighbours')
    expect(Number(rows[0]?.n)).toBe(2)
    const found = await (await clerk.send('/desk/search', { said: `${mother} 2026` }, '/desk')).text()
    expect(found).toContain(`Newborn of ${mother} Nadonera`)
    const id =
      [...found.matchAll(/neighbours\/([0-9a-f-]{36})/g)]
        .map(([, one = '']) => one)
        .find((one) => one !== idOf(done)) ?? ''
    const page = await (await clerk.open(`/desk/neighbours/${id}`)).text()
    expect(page).toContain(`Newborn of ${mother} Nadonera`)
    const correct = webForms(page, '').find(({ action }) => action.endsWith('/correct'))
    const hidden = Object.fromEntries(
      correct?.boxes.filter(({ kind }) => kind === 'hidden').map(({ name, value }) => [name, value]) ?? [],
    )
    const named = await clerk.send(
      `/desk/neighbours/${id}/correct`,
      { ...hidden, given: 'Arnau', family: 'Nadonera', 'born-year': '2026' },
      `/desk/neighbours/${id}`,
    )
    expect(named.status).toBe(303)
    expect(await nameOf(id)).toEqual({ given: 'Arnau', family: ['Nadonera'] })
  })

  it('is asked about where nobody says whose it is, and is no name beside a name', async () => {
    const clerk = await desk()
    const alone = await clerk.send('/desk/register', form({ p0_given: '', p0_newborn: 'yes' }), '/desk/register')
    expect(alone.status).toBe(422)
    expect(await alone.text()).toContain(t['newborn.newbornOf'])
    const named = await clerk.send(
      '/desk/register',
      form({ people: '2', p1_given: word(), p1_newborn: 'yes' }),
      '/desk/register',
    )
    expect(named.status).toBe(422)
    expect(await named.text()).toContain(t['newborn.newbornNamed'])
  })

  it('comes into the household of a parent who is registered already, and is never taken for them', async () => {
    const clerk = await desk()
    const mother = word()
    const { householdId } = await register(app, { name: { given: mother } })
    const child = { ...form({ p0_given: '', p0_newborn: 'yes', household: householdId }), 'p0_born-year': '2026' }
    const asked = await clerk.send('/desk/register', child, `/desk/register?household=${householdId}`)
    expect(asked.status).toBe(422)
    expect(await asked.text()).toContain('name="p0_newborn-of"')
    const done = await clerk.send('/desk/register', { ...child, 'p0_newborn-of': mother }, '/desk/register')
    expect(done.status).toBe(303)
    expect(await nameOf(idOf(done))).toEqual({ newbornOf: mother })
    // Nobody knows when either was born.
    const undated = form({ people: '2', p1_newborn: 'yes', 'p0_born-year': '' })
    expect((await clerk.send('/desk/register', undated, '/desk/register')).status).toBe(303)
    const old = await clerk.send(
      '/desk/register',
      { ...child, 'p0_newborn-of': mother, 'p0_born-year': '1980' },
      '/desk/register',
    )
    expect(await old.text()).toContain(t['newborn.newbornOld'])
  })

  it('of a parent who hides is hidden too, so that no page of theirs names the parent', async () => {
    const both = form({ people: '2', p0_protected: 'yes', p1_newborn: 'yes', 'p1_born-year': '2026' })
    const shown = await (await desk()).send('/desk/register', both, '/desk/register')
    expect(shown.status).toBe(422)
    expect(await shown.text()).toContain(`id="p1_protected-fault">${t['newborn.newbornHide']}`)
    const hidden = await (await desk()).send('/desk/register', { ...both, p1_protected: 'yes' }, '/desk/register')
    expect(hidden.status).toBe(303)
  })

  it('in a form is never left out: a person without a name is asked about', async () => {
    const half = form({ people: '2', 'p1_born-year': '2026', 'p1_born-month': '11' })
    const answer = await (await desk()).send('/desk/register', half, '/desk/register')
    expect(answer.status).toBe(422)
    expect(await answer.text()).toContain(t['problem.nameOrEmpty'].replaceAll('’', '’'))
    // Somebody who was added and of whom nothing was written is nobody.
    expect((await (await desk()).send('/desk/register', form({ people: '2' }), '/desk/register')).status).toBe(303)
  })

  it('has a name or a parent, never both and never neither, over the API too', async () => {
    const ask = (name: object) =>
      app.ask('POST', '/v1/neighbours', { as: 'clerk', body: { name, address: { kind: 'no-fixed-address' } } })
    expect((await ask({ newbornOf: 'Fatou Diallo' })).status).toBe(201)
    expect((await ask({ newbornOf: 'Fatou Diallo', given: 'Awa' })).status).toBe(422)
    expect((await ask({})).status).toBe(422)
  })
})

describe('a form for registering', () => {
  it.each([
    ['a number of a document beside their word', { p0_document: 'X1234567' }, t['problem.whichDocument']],
    ['a district that is none', { district: 'nord' }, t['problem.district']],
    ['a point that cannot be read', { point: 'over there' }, t['problem.point']],
    ['a street of somebody without an address', { where: 'no-fixed-address' }, t['problem.otherAnswer']],
    ['nowhere', { where: '' }, t['problem.whereMissing']],
    ['nobody', { p0_given: '' }, t['problem.name']],
  ])('with %s comes back and says so', async (_, more, says) => {
    const answer = await (await desk()).send('/desk/register', form(more), '/desk/register')
    expect(answer.status).toBe(422)
    const html = await answer.text()
    expect(html).toContain(says.replaceAll('"', '&quot;'))
    expect(html).toMatch(/<title>Error: /)
    const [back] = webForms(html, '').filter(({ action }) => action === '/desk/register')
    for (const [name, value] of Object.entries(more))
      if (name !== 'where') expect(back?.boxes.find((box) => box.name === name)?.value).toBe(value)
  })

  it.each([
    ['a floor', { floor: 'x'.repeat(60) }, 'floor'],
    ['a street', { street: 'x'.repeat(250) }, 'street'],
    ['a name', { p0_given: 'x'.repeat(3000) }, 'p0_given'],
    ['a way to reach them', { p0_contact: 'x'.repeat(300) }, 'p0_contact'],
  ])('with %s that is too long says so beside it, and keeps all of it', async (_, more, box) => {
    const html = await (await (await desk()).send('/desk/register', form(more), '/desk/register')).text()
    expect(html).toContain(`id="${box}-fault">${t['problem.long']}`)
    const [back] = webForms(html, '').filter(({ action }) => action === '/desk/register')
    expect(back?.boxes.find(({ name }) => name === box)?.value).toBe(Object.values(more)[0])
  })

  it('says all that is wrong at once', async () => {
    const wrong = { p0_given: '', 'p0_born-day': '40', p0_document: 'X1', where: '', district: 'abc', point: 'here' }
    const html = await (await (await desk()).send('/desk/register', form(wrong), '/desk/register')).text()
    for (const box of ['p0_given', 'p0_born', 'p0_document', 'where', 'district', 'point'])
      expect(html).toContain(`id="${box}-fault"`)
    // Every link of the summary lands on something that can be typed into.
    const [summary = ''] = /<ul class="govuk-list govuk-error-summary__list">.*?<\/ul>/s.exec(html) ?? []
    for (const [, id = ''] of summary.matchAll(/href="#([^"]+)"/g))
      expect(html).toMatch(new RegExp(`<(input|select|textarea)[^>]*\\sid="${id}"`))
  })

  it('takes a district of one digit for the one it is, and no language nobody chose', async () => {
    const done = await (await desk()).send('/desk/register', form({ district: '1' }), '/desk/register')
    expect(done.status).toBe(303)
    const { body } = await app.ask<{ address: object; languages?: string[] }>(
      'GET',
      `/v1/neighbours/${idOf(done)}?fields=address,languages`,
      { as: 'clerk', purpose: 'counter-service' },
    )
    expect(JSON.stringify(body)).toContain('"district":"01"')
    expect(body.languages ?? []).toEqual([])
  })

  it('with two alike asks once, before anybody is registered', async () => {
    const clerk = await desk()
    const [given, family] = [word(), word()]
    const twins = form({
      ...{ people: '2', p0_given: given, p0_family: family, 'p0_born-year': '2019' },
      ...{ p1_given: `${given}a`, p1_family: family, 'p1_born-year': '2019' },
    })
    const before = await app.peek('select id from neighbours')
    const asked = await clerk.send('/desk/register', twins, '/desk/register')
    expect(asked.status).toBe(409)
    const page = await asked.text()
    expect(page).toContain('name="p1_because"')
    expect(page).toContain(t['register.alikeHere'])
    expect(await app.peek('select id from neighbours')).toHaveLength(before.length)
    const [question] = webForms(page, '').filter(({ action }) => action === '/desk/register')
    const hidden = Object.fromEntries(
      question?.boxes.filter(({ kind }) => kind === 'hidden').map(({ name, value }) => [name, value]) ?? [],
    )
    const without = await clerk.send('/desk/register', { ...hidden, act: 'register' }, '/desk/register')
    expect(await without.text()).toMatch(/<title>Error: /)
    const edited = await (await clerk.send('/desk/register', { ...hidden, act: 'edit' }, '/desk/register')).text()
    expect(
      webForms(edited, '')
        .flatMap(({ boxes }) => boxes)
        .find(({ name }) => name === 'p1_given')?.value,
    ).toBe(`${given}a`)
    const done = await clerk.send(
      '/desk/register',
      { ...hidden, act: 'register', p1_because: 'relatives' },
      '/desk/register',
    )
    expect(done.status).toBe(303)
    expect(await app.peek('select id from neighbours')).toHaveLength(before.length + 2)
  })
})

describe('a registration by telephone, at a bedside or by a helper', () => {
  it.each([
    ['telephone', t['taken.howTelephone']],
    ['visit', t['taken.howVisit']],
    ['helper', t['taken.howHelper']],
  ])('says in the history how it was taken down: %s', async (taken, words) => {
    const clerk = await desk()
    const done = await clerk.send('/desk/register', form({ taken }), '/desk/register')
    expect(done.status).toBe(303)
    const history = await (await clerk.open(`/desk/neighbours/${idOf(done)}/history`)).text()
    expect(history).toContain(`${t['taken.howTaken']}: ${words}`)
    expect((await clerk.send('/desk/register', form({ taken: 'nonsense' }), '/desk/register')).status).toBe(422)
  })
})

describe('a ticket or file number', () => {
  it.each(['7', 'A', 'EXP/2026/0001.3', 'Torn B-12', 'R_14 bis', 'ت ١٢'])(
    'is taken as it stands: %s',
    async (number) => {
      const clerk = await desk()
      expect((await clerk.send('/desk/case', { case: number, to: '/desk' }, '/desk')).status).toBe(303)
      const page = await (await clerk.open('/desk')).text()
      expect(
        webForms(page, '')
          .flatMap(({ boxes }) => boxes)
          .find(({ name }) => name === 'case')?.value,
      ).toBe(number)
    },
  )

  it.each(['a<b>', 'x'.repeat(41), '#12'])(
    'that is none comes back as it was typed, with what to write: %s',
    async (number) => {
      const answer = await (await desk()).send('/desk/case', { case: number, to: '/desk' }, '/desk')
      expect(answer.status).toBe(422)
      const html = await answer.text()
      expect(html).toContain(t['problem.case'])
      expect(
        webForms(html, '')
          .flatMap(({ boxes }) => boxes)
          .find(({ name }) => name === 'case')?.value,
      ).toBe(number)
    },
  )
})

describe('a form on the page of a neighbour that changed meanwhile', () => {
  it('comes back as itself, with what is written now and everything that was typed', async () => {
    const { id, version } = await register(app, { name: { given: 'Primera' } })
    const clerk = await desk()
    const at = `/desk/neighbours/${id}`
    await app.ask('PATCH', `/v1/neighbours/${id}`, {
      as: 'clerk',
      ifMatch: version,
      body: { name: { given: 'Segona' } },
    })
    const typed = { version: String(version), given: 'jean-pierre', family: 'bah', 'born-year': '1994' }
    const response = await clerk.open(`${at}/correct`, {
      method: 'POST',
      body: new URLSearchParams({
        csrf: /name="csrf" value="([^"]+)"/.exec(await (await clerk.open(at)).text())?.[1] ?? '',
        ...typed,
      }),
      headers: { referer: `https://vallmar.example${at}` },
    })
    expect(response.status).toBe(412)
    const html = await response.text()
    expect(html).toMatch(/<title>Error: /)
    for (const text of ['Segona', 'jean-pierre', 'bah', '1994']) expect(html).toContain(text)
    expect(html).toContain('Signed in: Counter staff')
  })
})

describe('what was done', () => {
  it('is shown as done to a clerk who has seen as many people as their work needs', async () => {
    const small = await openApp({ town: { hourlyBudgetStaff: 2 } })
    try {
      const clerk = await signedIn(small, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
      for (let n = 0; n < 4; n += 1) await clerk.open(`/desk/neighbours/${(await register(small)).id}`)
      const done = await clerk.send('/desk/register', form({}), '/desk/register')
      expect(done.status).toBe(303)
      const page = await clerk.open(done.headers.get('location') ?? '')
      expect(page.status).toBe(200)
      expect(await page.text()).toContain(t['desk.registeredUnseen'])
    } finally {
      await small.close()
    }
  })
})
