import { randomUUID } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { demoTrust } from '../../src/identity/demo-token.ts'
import { tokenVerifier } from '../../src/identity/tokens.ts'
import { forgetPublished, publicUntil } from '../../src/registry/departure/forget-published.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { AUDIENCE, openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// What others see of a change, they see the next morning: nothing public tells the hour in which somebody hid.

let app: TestApp
let paths: string[]
beforeAll(async () => {
  app = await openApp()
  const issuer = inject('tokenIssuer')
  const tokens = tokenVerifier([demoTrust(issuer)], AUDIENCE)
  const served = createApp({ ...app.rooms, tokens, log: () => {} }, app.rooms)
  paths = served.routes
    .filter(({ method, path }) => method === 'GET' && !/[:*]|^\/(desk|me|sign-in|health)/.test(path))
    // Practice proofs are made anew each time, about nobody.
    .filter(({ path }) => !/^\/(practice|providers\/try)/.test(path))
    .map(({ path }) => path)
})
afterAll(() => app?.close())

interface Held {
  id: string
  version: number
  tokens: string[]
  code: string
}
const PROFILES = ['residence', 'library', 'city-bikes', 'social-housing'] as const
const post = <T = Record<string, unknown>>(path: string, as: string, body: object, ifMatch?: number) =>
  app.ask<T>('POST', path, { as, body, ...(ifMatch ? { ifMatch } : {}) })

/** Somebody with a proof of each kind, and one that is shown by its code. */
async function holder(): Promise<Held> {
  const { id, version, householdId } = await register(app, { since: '2020-01-01' })
  await register(app, { address: undefined, householdId } as never)
  const tokens: string[] = []
  for (const profile of PROFILES)
    tokens.push((await post<{ token: string }>(`/v1/neighbours/${id}/proofs`, 'clerk', { profile })).body.token)
  const me = await signedIn(app, { kind: 'resident', subject: id })
  const shown = await (
    await me.send('/me/proof', { profile: 'bank-account', idempotencyKey: randomUUID() }, '/me/proof')
  ).text()
  const code = /class="digits code"[^>]*>\s*([0-9A-Z-]{16,24})\s*</.exec(shown)?.[1] ?? ''
  return { id, version, tokens, code }
}

const statusOf = (token: string): { idx: number; uri: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).status.status_list
/** What differs between two answers to the same question: numbers of requests, and what is signed at which time. */
function normal(text: string): string {
  return (
    text
      .replaceAll(/"knownAt":"[^"]+"/g, 'now')
      .replaceAll(/nonce[-=]"?[\w+/=]+"?/g, 'nonce')
      // Drawn anew for each form.
      .replaceAll(/name="idempotencyKey" value="[\w-]+"/g, 'key')
      .replaceAll(/eyJ[\w-]+\.([\w-]+)\.[\w-]+/g, (_, payload) => {
        const { iat: _iat, exp: _exp, ...rest } = JSON.parse(Buffer.from(payload, 'base64url').toString())
        return JSON.stringify(rest)
      })
  )
}

/** Everything that anyone may ask, and what those who hold a proof may. */
async function everythingPublic(held: readonly Held[]): Promise<Record<string, string>> {
  const answers: Record<string, string> = {}
  const lists = held.flatMap(({ tokens }) => tokens.map((token) => new URL(statusOf(token).uri).pathname))
  for (const path of [...paths, ...new Set(lists)]) {
    const answer = await app.ask('GET', path)
    const kept = ['content-type', 'cache-control', 'location'].map((name) => answer.headers.get(name))
    answers[path] = JSON.stringify([answer.status, kept, normal(answer.text)])
  }
  for (const { tokens, code } of held) {
    for (const [i, token] of tokens.entries()) {
      const checked = await post('/v1/verifications', 'library', { token })
      answers[`check ${i} ${code}`] = `${checked.status} ${normal(checked.text)}`
      const subject = { proof: token }
      const asked = { subject, purpose: 'service-eligibility', fields: ['resident', 'residentSince', 'name'] }
      const told = await post('/v1/disclosures', 'library', asked)
      answers[`ask ${i} ${code}`] = `${told.status} ${told.status === 200 ? told.text : told.body.code}`
    }
    const found = await app.ask('POST', '/v1/check-codes', {
      body: { code },
      headers: { 'test-source': randomUUID() },
    })
    answers[`code ${code}`] = `${found.status} ${normal(found.text)}`
  }
  return answers
}
const list = async ({ tokens: [token = ''] }: Held) => app.ask('GET', new URL(statusOf(token).uri).pathname)
async function revoked({ tokens }: Held): Promise<boolean[]> {
  return Promise.all(
    tokens.map(async (token) => {
      const { idx, uri } = statusOf(token)
      const { text } = await app.ask('GET', new URL(uri).pathname)
      const { status_list } = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString())
      const bits = inflateSync(Buffer.from(status_list.lst, 'base64url'))
      return ((bits[idx >> 3] ?? 0) & (1 << (idx & 7))) !== 0
    }),
  )
}

const hide = async ({ id, version }: Held) => {
  const me = await signedIn(app, { kind: 'resident', subject: id })
  return me.send('/me/change/hide', { version: String(version) }, '/me/change')
}
const CHANGES: Record<string, (held: Held) => Promise<{ status: number }>> = {
  hiding: hide,
  'a move': ({ id, version }) =>
    post(`/v1/neighbours/${id}/residences`, 'clerk', { address: { kind: 'no-fixed-address' } }, version),
  'a correction': ({ id, version }) =>
    app.ask('PATCH', `/v1/neighbours/${id}`, { as: 'clerk', body: { name: { given: 'Nova' } }, ifMatch: version }),
  'a departure': ({ id, version }) =>
    post(`/v1/neighbours/${id}/departures`, 'clerk', { cause: 'moved-away', saidBy: 'in-person' }, version),
}

describe('within the hour in which somebody hid', () => {
  it('nothing public changes, nor after a move, a correction, a departure; the next morning all of it does', async () => {
    expect(paths).toEqual(
      expect.arrayContaining(['/v', '/firewall', '/transparency', '/status', '/.well-known/jwks.json']),
    )
    const held: Held[] = []
    for (const _ of Object.keys(CHANGES)) held.push(await holder())
    const [hidden] = held
    if (hidden === undefined) throw new Error('nobody')
    const before = await everythingPublic(held)
    const signed = await list(hidden)
    expect(before[`code ${hidden.code}`]).toMatch(/^200/)

    for (const [i, change] of Object.values(CHANGES).entries()) {
      const one = held[i]
      if (one) expect((await change(one)).status).toBeLessThan(400)
    }
    // The very same bytes for a cache: neither the signature nor the tag is renewed by a change.
    const after = await list(hidden)
    expect([after.text, after.headers.get('etag')]).toEqual([signed.text, signed.headers.get('etag')])
    expect(await everythingPublic(held)).toEqual(before)
    app.clock.advance({ minutes: 59 })
    expect(await everythingPublic(held)).toEqual(before)
    for (const one of held) expect(await revoked(one)).toEqual([false, false, false, false])

    app.clock.advance({ hours: 30 })
    const morning = await everythingPublic(held)
    expect(await revoked(hidden)).toEqual([true, false, false, true])
    expect(morning[`ask 1 ${hidden.code}`]).toMatch(/^403/)
    for (const one of held) {
      expect((await revoked(one)).some(Boolean)).toBe(true)
      if (one !== held[2]) expect(morning[`code ${one.code}`]).toMatch(/^404/)
    }
  })

  it('the owner and the clerk read what is true of their list', async () => {
    const fresh = await openApp()
    const outer = app
    app = fresh
    try {
      const held = await holder()
      const page = async () => {
        const me = await signedIn(app, { kind: 'resident', subject: held.id })
        return (await me.open('/me/proof')).text()
      }
      const [later = ''] = LOCALES.en['desk.takenLater'].split('{time}')
      expect(await page()).not.toContain(later)
      expect((await CHANGES['a move']?.(held))?.status).toBe(201)
      expect(await page()).toContain(later)
      const clerk = await signedIn(app, { kind: 'staff', subject: 'c', role: 'clerk', office: DEMO_OFFICE })
      expect(await (await clerk.open(`/desk/neighbours/${held.id}`)).text()).toContain(later)
      app.clock.advance({ hours: 30 })
      expect(await page()).not.toContain(later)
      expect(await page()).toContain(LOCALES.en['desk.taken'])
    } finally {
      app = outer
      await fresh.close()
    }
  })
})

describe('a proof that is lost or stolen', () => {
  it('is cancelled for everyone at once, also where a change would show it only the next morning', async () => {
    const fresh = await openApp()
    const outer = app
    app = fresh
    try {
      const held = await holder()
      const ids = async () => {
        const { body } = await app.ask<{ proofs: { id: string; profile: string }[] }>(
          'GET',
          `/v1/neighbours/${held.id}/proofs`,
          { as: 'clerk' },
        )
        return new Map(body.proofs.map(({ id, profile }) => [profile, id]))
      }
      const of = await ids()
      expect((await post(`/v1/proofs/${of.get('library')}/revocation`, 'clerk', {})).status).toBe(200)
      expect(await revoked(held)).toEqual([false, true, false, false])
      expect((await CHANGES['a move']?.(held))?.status).toBe(201)
      expect(await revoked(held)).toEqual([false, true, false, false])
      const me = await signedIn(app, { kind: 'resident', subject: held.id })
      await me.send('/me/revoke', { proof: of.get('residence') ?? '' }, '/me/proof')
      expect(await revoked(held)).toEqual([true, true, false, false])
    } finally {
      app = outer
      await fresh.close()
    }
  })
})

describe('the morning', () => {
  const at = (time: string) => ({ now: () => Temporal.ZonedDateTime.from(`${time}[Europe/Madrid]`).toInstant() })
  const day = (time: string) =>
    publicUntil(at(time), { timeZone: 'Europe/Madrid' })
      .toZonedDateTimeISO('Europe/Madrid')
      .toPlainDateTime()
      .toString()

  it.each([
    ['2026-11-10T03:59', '2026-11-09T00:00:00'],
    ['2026-11-10T04:00', '2026-11-10T00:00:00'],
    ['2026-11-10T23:59', '2026-11-10T00:00:00'],
    ['2026-03-29T04:30', '2026-03-29T00:00:00'],
  ])('at %s, what was recorded before %s is public', (now, until) => {
    expect(day(now)).toBe(until)
  })

  it('is at least four hours away, for the database as for the service', async () => {
    const rows = await app.peek<{ away: number }>(
      `select extract(epoch from next_publication('${app.town.id}') - clock_timestamp())::float8 / 3600 as away`,
    )
    expect(rows[0]?.away).toBeGreaterThan(4)
    expect(rows[0]?.away).toBeLessThanOrEqual(28)
  })

  it('tells nothing where somebody hid and was shown again within the day, and no day once it is over', async () => {
    const { id } = await register(app)
    await app.peek(`update neighbours set protected = true where id = '${id}'`)
    const pending = () =>
      app.peek<{ pending: Date | null }>(`select protection_public_from as pending from neighbours where id = '${id}'`)
    expect((await pending())[0]?.pending).not.toBeNull()
    await app.peek(`update neighbours set protected = false where id = '${id}'`)
    expect((await pending())[0]?.pending).toBeNull()
    await app.peek(`update neighbours set protected = true where id = '${id}'`)
    app.clock.advance({ hours: 30 })
    await forgetPublished(app.database, app.clock, app.town.id)
    expect((await pending())[0]?.pending).toBeNull()
  })
})
