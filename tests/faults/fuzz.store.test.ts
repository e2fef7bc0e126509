import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import { chance, type Described, dice, formsOf, linksOf, makerOf, type PageForm, spoil, TEXTS } from './fuzzing.ts'

// `npm run fuzz -- --requests 200000` sends as many as it is told, with another seed each time.

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 900)
const SEED = Number(process.env.FUZZ_SEED ?? 18)
const CLIENTS = ['clerk', 'supervisor', 'legal', 'auditor', 'library', 'border-agency', undefined, 'nonsense'] as const

let app: TestApp
let document: Described
const people: { id: string; version: number }[] = []
const roll = dice(chance(SEED))
beforeAll(async () => {
  app = await openApp({ town: { hourlyBudgetStaff: 1_000_000, hourlyBudgetOrganisation: 1_000_000 } })
  for (let i = 0; i < 4; i += 1) people.push(await register(app))
  document = (await app.ask<Described & Record<string, unknown>>('GET', '/openapi.json')).body
})
afterAll(() => app?.close())

interface Found {
  what: string
  status: number
  sent: string
}
const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 300) ?? ''

describe('whatever is sent to the API', () => {
  it('is answered with a status that is documented, and never with 5xx', async () => {
    const make = makerOf(
      document,
      roll,
      people.map(({ id }) => id),
    )
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    )
    expect(operations.length).toBeGreaterThan(60)
    const found: Found[] = []
    for (let i = 0; i < REQUESTS; i += 1) {
      const { path, method, operation } = i < operations.length ? (operations[i] as never) : roll.one(operations)
      const query = new URLSearchParams()
      const headers: Record<string, string> = {}
      let filled = path as string
      for (const { name, in: where, schema, required } of (operation as (typeof operations)[0]['operation'])
        .parameters ?? []) {
        const value = roll.likely(0.3) ? roll.one(TEXTS) : String(make(schema))
        if (where === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(value.toWellFormed()) || '%20')
        else if (required || roll.likely(0.5)) {
          if (where === 'query') query.append(name, value.toWellFormed())
          if (where === 'header') headers[name] = value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 4_000)
        }
      }
      if (roll.likely(0.1)) query.append(roll.one(TEXTS).toWellFormed(), roll.one(TEXTS).toWellFormed())
      const [[type = 'application/json', content] = []] = Object.entries(
        (operation as (typeof operations)[0]['operation']).requestBody?.content ?? {},
      )
      let body: string | undefined
      if (content) {
        const good = make(content.schema)
        body = JSON.stringify(roll.likely(0.8) ? spoil(good, roll) : good) ?? ''
        if (roll.likely(0.05)) body = roll.one(TEXTS)
        headers['content-type'] = roll.likely(0.05)
          ? roll.one(['text/plain', 'application/xml', 'multipart/form-data', 'x'])
          : type
      }
      const as = roll.one(CLIENTS)
      if (method === 'POST')
        headers['idempotency-key'] = roll.likely(0.1)
          ? roll
              .one(TEXTS)
              .replaceAll(/[^\x20-\x7e]/g, '?')
              .slice(0, 300)
          : randomUUID()
      const url = `${filled}${query.size > 0 ? `?${query}` : ''}`
      const answer = await app.ask(method as string, url, {
        ...(as === undefined ? {} : as === 'nonsense' ? { token: 'nonsense' } : { as }),
        idempotencyKey: null,
        headers: {
          ...headers,
          ...(roll.likely(0.8) && headers['padron-purpose'] === undefined
            ? { 'padron-purpose': 'counter-service' }
            : {}),
        },
        ...(body === undefined || method === 'GET' ? {} : { bytes: Buffer.from(body) }),
      })
      const documented = (operation as (typeof operations)[0]['operation']).responses
      if (answer.status >= 500 || !(answer.status in documented))
        found.push({ what: `${method} ${path}`, status: answer.status, sent: shown({ url, body, as, headers }) })
    }
    expect(kinds(found)).toEqual([])
  }, 3_600_000)
})

/** One of each. */
function kinds(found: readonly Found[]): Found[] {
  const each = new Map(found.map((one) => [`${one.status} ${one.what}`, one]))
  return [...each.values()].slice(0, 20)
}

describe('whatever is sent from the pages', () => {
  it.each([
    ['clerk', '/desk'],
    ['supervisor', '/desk'],
    ['legal', '/desk'],
    ['resident', '/me'],
  ] as const)(
    'by a %s is answered, and never with 5xx',
    async (role, begin) => {
      const browser = await signedIn(
        app,
        role === 'resident'
          ? // Whoever was here before may have left by what others sent.
            { kind: 'resident', subject: (await register(app)).id }
          : { kind: 'staff', subject: `fuzz-${role}`, role, office: DEMO_OFFICE },
      )
      const found: Found[] = []
      const forms = new Map<string, PageForm>()
      const seen = new Set<string>()
      const waiting = [
        begin as string,
        ...(role === 'resident'
          ? ['/complain', '/code', '/helper', '/apply']
          : [`/desk/neighbours/${people[1]?.id}`, '/desk/work', '/desk/register']),
      ]
      const look = async (path: string) => {
        const response = await browser.open(path)
        const html = await response.text()
        if (response.status >= 500)
          found.push({ what: `GET ${path.replace(/[0-9a-f-]{36}/g, '…')}`, status: response.status, sent: path })
        for (const form of formsOf(path.split('?')[0] ?? path, html)) {
          const key = `${form.method} ${form.action.replace(/[0-9a-f-]{36}/g, '…').split('?')[0]} ${form.fields.map(({ name }) => name).join()}`
          if (!/leave|sign-out|\/lang/.test(form.action)) forms.set(key, form)
        }
        return html
      }
      while (waiting.length > 0 && seen.size < 60) {
        const path = waiting.shift() ?? ''
        const key = path.replace(/[0-9a-f-]{36}/g, '…').split('?')[0] ?? ''
        if (seen.has(key) || /sign-out|\/out\b|\.pdf|lang=/.test(path)) continue
        seen.add(key)
        waiting.push(...linksOf(await look(path)))
      }
      expect(forms.size).toBeGreaterThan(2)
      const all = [...forms.values()]
      for (let i = 0; i < REQUESTS / 4; i += 1) {
        const form = all[i % all.length] as PageForm
        const fields = form.fields.map(({ name, value }) => ({
          name,
          value: value || roll.one(['1', '2020', 'Mariona', people[0]?.id ?? '', 'ca']),
        }))
        for (let wrong = 1 + roll.below(3); wrong > 0; wrong -= 1) {
          const field = fields[roll.below(fields.length)]
          if (field && field.name !== 'csrf') field.value = roll.one(TEXTS)
        }
        if (roll.likely(0.1)) fields.push(...fields.slice(0, 2))
        if (roll.likely(0.1)) fields.splice(roll.below(fields.length), 1)
        const typed = new URLSearchParams()
        for (const { name, value } of fields) typed.append(name, value.toWellFormed())
        const to = roll.likely(0.1)
          ? form.action.replace(/[0-9a-f-]{36}/, () => encodeURIComponent(roll.one(TEXTS).toWellFormed()))
          : form.action
        const response =
          form.method === 'GET'
            ? await browser.open(`${to.split('?')[0]}?${typed}`)
            : await browser.open(to, { method: 'POST', body: typed })
        await response.text()
        if (response.status >= 500)
          found.push({
            what: `${form.method} ${form.action.replace(/[0-9a-f-]{36}/g, '…')}`,
            status: response.status,
            sent: shown(String(typed)),
          })
      }
      expect(kinds(found)).toEqual([])
    },
    3_600_000,
  )
})
