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
  const given = await giveCard(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, word })
  given.map((made) => {
    code = made.code
    return made
  })
  return { id, code }
}
async function tryIn(code: string, word: string, source = elsewhere()) {
  const response = await app.fetch(
    new Request('https://vallmar.example/me/in', {
      method: 'POST',
      headers: { host: 'vallmar.example', 'test-source': source, 'accept-language': 'en' },
      body: new URLSearchParams({ code, word, to: '/me' }),
      redirect: 'manual',
    }),
  )
  const text = (await response.text()).replaceAll(/nonce="[^"]*"/g, '')
  return { status: response.status, text, cookie: response.headers.get('set-cookie') }
}

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

  it('who holds a lost card has ten tries at its word, and a right one in between begins the count again', async () => {
    const { code } = await card('una paraula meva')
    for (let failure = 0; failure < MOST_FAILURES - 1; failure += 1)
      expect((await tryIn(code, `no ${failure}`)).status).toBe(401)
    expect((await tryIn(code, 'Una paraula MEVA')).status).toBe(303)
    for (let failure = 0; failure < MOST_FAILURES; failure += 1) await tryIn(code, `no ${failure}`)
    expect((await tryIn(code, 'una paraula meva')).status).toBe(401)
  })

  it('has ten tries though they come all at once', async () => {
    const { code } = await card('una altra paraula')
    for (let wave = 0; wave < 2; wave += 1)
      await Promise.all(Array.from({ length: 8 }, (_, i) => tryIn(code, `no ${wave} ${i}`)))
    expect((await tryIn(code, 'una altra paraula')).status).toBe(401)
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
