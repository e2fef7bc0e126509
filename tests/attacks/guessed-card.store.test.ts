import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { CARD_ATTEMPTS, MOST_FAILURES } from '../../src/identity/sign-in-with-card.ts'
import { townLimit } from '../../src/platform/tries.ts'
import { endWaysIn } from '../../src/registry/person/end-ways-in.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1234' }
let sources = 0
const elsewhere = () => `place ${++sources}`

async function card(word?: string) {
  const { id } = await register(app, { dateOfBirth: '1984-05-01' })
  let code = ''
  // What the clerk's page shows, read where only a test may.
  const given = await giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word })
  given.map((made) => {
    code = made.code
    return made
  })
  return { id, code }
}
/** @param known the cookie by which a browser is known, as it was set */
async function tryIn(code: string, word: string, source = elsewhere(), known?: string) {
  const response = await app.fetch(
    new Request('https://vallmar.example/me/in', {
      method: 'POST',
      headers: {
        host: 'vallmar.example',
        'test-source': source,
        'accept-language': 'en',
        ...(known ? { cookie: known } : {}),
      },
      body: new URLSearchParams({ code, word, to: '/me' }),
      redirect: 'manual',
    }),
  )
  const text = (await response.text()).replaceAll(/nonce="[^"]*"/g, '')
  const cookies = response.headers.getSetCookie()
  const device = cookies.find((one) => one.startsWith('__Secure-padron-known='))
  return { status: response.status, text, cookie: cookies.join(), device, known: device?.split(';')[0] }
}
const NONE = '0000-0000-0000-0000-0000'
/** What has been counted for the town as a whole. */
const counted = async () =>
  (await app.peek<{ all: number }>('select coalesce(sum(attempts), 0)::integer as all from code_attempts'))[0]?.all ?? 0

describe('somebody who guesses cards', () => {
  it('is answered alike for a code nobody has, a wrong word, a cancelled card and a closed one', async () => {
    const [good, cancelled, closed] = [await card(), await card(), await card()]
    await endWaysIn(app.rooms, { town: app.town, by: clerk }, { neighbourId: cancelled.id, ending: { what: 'card' } })
    for (let failure = 0; failure < MOST_FAILURES; failure += 1) await tryIn(closed.code, '1999')
    const answers = [
      await tryIn('0000-0000-0000-0000-0000', '1984'),
      await tryIn(good.code, '1985'),
      await tryIn(cancelled.code, '1984'),
      await tryIn(closed.code, '1984'),
      await tryIn('', ''),
    ]
    expect(new Set(answers.map(({ status, text, cookie }) => `${status} ${text} ${cookie}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(401)
    expect((await tryIn(good.code, '1984')).status).toBe(303)
  })

  it('is told to wait, while whoever has a card comes in from the same place', async () => {
    const { code } = await card()
    const place = elsewhere()
    for (let attempt = 0; attempt < CARD_ATTEMPTS.source; attempt += 1)
      expect((await tryIn('0000-0000-0000-0000-0000', 'x', place)).status).toBe(401)
    const late = await tryIn('0000-0000-0000-0000-0000', 'x', place)
    expect(late.status).toBe(429)
    expect(late.text).toContain('Many wrong codes')
    expect((await tryIn(code, '1984', place)).status).toBe(303)
    app.clock.advance({ minutes: 10 })
    expect((await tryIn('0000-0000-0000-0000-0000', 'x', place)).status).toBe(401)
  })

  it('shuts nobody out by trying from everywhere: right cards are not counted, and wrong ones slow', async () => {
    const limit = townLimit(app.town, CARD_ATTEMPTS)
    expect(limit).toBe(Math.ceil((CARD_ATTEMPTS.town * Math.max(100_000, app.town.expectedPopulation)) / 100_000))
    expect(townLimit({ expectedPopulation: 1_600_000 }, CARD_ATTEMPTS)).toBe(16 * CARD_ATTEMPTS.town)
    const { code } = await card()
    const place = elsewhere()
    for (let context = 0; context < CARD_ATTEMPTS.source + 5; context += 1)
      expect((await tryIn(code, '1984', place)).status).toBe(303)
    // As if so many had been wrong, spread as they are counted.
    await tryIn('0000-0000-0000-0000-0000', 'x')
    const counted = await app.peek('select attempts from code_attempts')
    await app.peek(`update code_attempts set attempts = attempts + ${limit} returning 1`)
    const fresh = elsewhere()
    expect((await tryIn('0000-0000-0000-0000-0000', 'x', fresh)).status).toBe(401)
    expect((await tryIn('0000-0000-0000-0000-0000', 'x', fresh)).status).toBe(429)
    expect((await tryIn(code, '1984', fresh)).status).toBe(303)
    expect((await tryIn(code, '1984')).status).toBe(303)
    expect(counted.length).toBeGreaterThan(1)
    app.clock.advance({ minutes: 10 })
  })

  it('who holds a lost card has ten tries at its word, and its owner’s right one gives them one more', async () => {
    const { code } = await card('una paraula meva')
    for (let failure = 0; failure < MOST_FAILURES - 1; failure += 1)
      expect((await tryIn(code, `no ${failure}`)).status).toBe(401)
    expect((await tryIn(code, 'Una paraula MEVA')).status).toBe(303)
    for (let more = 0; more < 2; more += 1) await tryIn(code, `no ${more} more`)
    expect((await tryIn(code, 'una paraula meva')).status).toBe(401)
  })

  it('has ten tries though they come all at once', async () => {
    const { code } = await card('una altra paraula')
    for (let wave = 0; wave < 2; wave += 1)
      await Promise.all(Array.from({ length: 8 }, (_, i) => tryIn(code, `no ${wave} ${i}`)))
    expect((await tryIn(code, 'una altra paraula')).status).toBe(401)
  })

  it('counts for nobody else once their place is refused: no place brings a town to its limit', async () => {
    app.clock.advance({ minutes: 10 })
    const before = await counted()
    const place = elsewhere()
    for (let attempt = 0; attempt < 5 * CARD_ATTEMPTS.source; attempt += 1) await tryIn(NONE, 'x', place)
    // Each is counted for the place, and the first twenty for the town too.
    expect((await counted()) - before).toBe(6 * CARD_ATTEMPTS.source)
  })

  it('is one place, whichever of their own addresses they come from', async () => {
    app.clock.advance({ minutes: 10 })
    const statuses = []
    for (let host = 0; host <= CARD_ATTEMPTS.source; host += 1)
      statuses.push((await tryIn(NONE, 'x', `2001:db8:5:6:${host}::1`)).status)
    expect(statuses.at(-1)).toBe(429)
    expect(statuses.slice(0, -1)).toEqual(statuses.slice(0, -1).map(() => 401))
  })

  it('cannot keep its owner out by trying words with a code they copied: not where it let them in before', async () => {
    const { id, code } = await card('la meva paraula')
    const mine = await tryIn(code, 'la meva paraula')
    expect(mine.device).toMatch(
      /^__Secure-padron-known=[\w-]{22}\.[\w-]{22}\.[\w-]{22}; Path=\/me\/in; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure$/,
    )
    // What the cookie says is nobody's: neither the card nor whose it is.
    for (const known of [id, code.replaceAll('-', '')]) expect(mine.device).not.toContain(known)
    for (let failure = 0; failure < MOST_FAILURES + 3; failure += 1) await tryIn(code, `no ${failure}`)
    expect((await tryIn(code, 'la meva paraula')).status).toBe(401)
    expect((await tryIn(code, 'la meva paraula', elsewhere(), mine.known)).status).toBe(303)
    const told = await app.peek(`select id from notices where neighbour_id = '${id}' and kind = 'card-tried'`)
    expect(told).toHaveLength(1)
    // What its owner gets right gives whoever has copied the code no more tries.
    expect((await tryIn(code, 'la meva paraula')).status).toBe(401)
    // Whoever has the telephone has ten tries there, too, and the owner is told.
    for (let failure = 0; failure < MOST_FAILURES; failure += 1)
      await tryIn(code, `no ${failure}`, elsewhere(), mine.known)
    expect((await tryIn(code, 'la meva paraula', elsewhere(), mine.known)).status).toBe(401)
  })

  it('is not let in as a device by what another card, another town or nobody made', async () => {
    const [one, other] = [await card('primera'), await card('segona')]
    const device = await tryIn(other.code, 'segona')
    for (let failure = 0; failure < MOST_FAILURES; failure += 1) await tryIn(one.code, `no ${failure}`)
    const [name, value = ''] = String(device.known).split('=')
    const [number, own, mark] = value.split('.')
    for (const cookie of [
      device.known,
      `${name}=${number}.${own}`,
      `${name}=${number}.${own}.${own}.${mark}`,
      `${name}=..`,
      `${name}=`,
      `${name}=${'a.'.repeat(300)}`,
    ])
      expect((await tryIn(one.code, 'primera', elsewhere(), cookie)).status, cookie).toBe(401)
    // The same browser is known of both cards once both let it in, and stays the same.
    const third = await card('tercera')
    const both = await tryIn(third.code, 'tercera', elsewhere(), device.known)
    expect(both.known?.startsWith(`${name}=${number}.${own}.${mark}.`)).toBe(true)
    for (let failure = 0; failure < MOST_FAILURES; failure += 1)
      for (const tried of [other, third]) await tryIn(tried.code, `no ${failure}`)
    expect((await tryIn(other.code, 'segona', elsewhere(), both.known)).status).toBe(303)
    expect((await tryIn(third.code, 'tercera', elsewhere(), both.known)).status).toBe(303)
  })

  it('slows nobody whose browser was let in before, from whatever place and whatever comes to the town', async () => {
    app.clock.advance({ minutes: 10 })
    const { code } = await card('coneguda')
    const { known } = await tryIn(code, 'coneguda')
    const place = elsewhere()
    for (let attempt = 0; attempt <= CARD_ATTEMPTS.source; attempt += 1) await tryIn(NONE, 'x', place)
    await app.peek(`update code_attempts set attempts = attempts + ${townLimit(app.town, CARD_ATTEMPTS)} returning 1`)
    expect((await tryIn(NONE, 'x', place)).status).toBe(429)
    const before = await counted()
    for (let slip = 0; slip < 5; slip += 1) expect((await tryIn(NONE, 'x', place, known)).status).toBe(401)
    expect((await counted()) - before).toBe(5)
    app.clock.advance({ minutes: 10 })
  })

  it('leaves no trace on a device that is somebody else’s', async () => {
    const { code } = await card('passatgera')
    const response = await app.fetch(
      new Request('https://vallmar.example/me/in', {
        method: 'POST',
        headers: { host: 'vallmar.example', 'test-source': elsewhere() },
        body: new URLSearchParams({ code, word: 'passatgera', to: '/me', elsewhere: 'yes' }),
        redirect: 'manual',
      }),
    )
    expect(response.status).toBe(303)
    expect(response.headers.getSetCookie().map((one) => one.split('=')[0])).toEqual(['__Host-padron'])
  })

  it('finds no code and no word in the database', async () => {
    const { code } = await card('secretissima')
    const rows = await app.peek<{ row: string }>('select resident_cards::text as row from resident_cards')
    const everything = rows.map(({ row }) => row).join(' ')
    for (const text of [code, code.replaceAll('-', ''), 'secretissima'])
      expect([everything.includes(text), everything.includes(Buffer.from(text).toString('hex'))]).toEqual([
        false,
        false,
      ])
    expect(JSON.stringify(app.log)).not.toContain(code)
  })
})
