import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { freshNumber, freshUntil } from '../../src/identity/fresh-number.ts'
import { signInOptions, signInWithPasskey } from '../../src/identity/sign-in-with-passkey.ts'
import { newNonce } from '../../src/proofs/wallet/offer.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { enrolTelephone } from '../support/telephone.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const clerk: Staff = { kind: 'staff', id: 'clerk-1', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }
const now = Temporal.Instant.from('2026-03-01T10:00:00Z')
const hash = (text: string) => createHmac('sha256', 'of this town').update(text).digest()
const textOf = (number: Uint8Array) => Buffer.from(number).toString('base64url')

describe('a number to sign', () => {
  const made = textOf(freshNumber(hash, { kind: 'passkey', now, seconds: 300 }))
  const until = (text: string, more: { kind?: string; at?: Temporal.Instant; by?: typeof hash } = {}) =>
    freshUntil(more.by ?? hash, { kind: more.kind ?? 'passkey', now: more.at ?? now, text })?.toString()

  it('is good for what it was made for, in time, by the town that made it', () => {
    expect(until(made)).toBe('2026-03-01T10:05:00Z')
    expect(until(made, { at: now.add({ seconds: 299 }) })).toBe('2026-03-01T10:05:00Z')
    expect(until(made, { at: now.add({ seconds: 300 }) })).toBeUndefined()
    expect(until(made, { kind: 'wallet' })).toBeUndefined()
    expect(until(made, { by: (text) => createHmac('sha256', 'another').update(text).digest() })).toBeUndefined()
  })

  it('is none with any bit of it changed, and none of another length', () => {
    const bytes = Buffer.from(made, 'base64url')
    for (let i = 0; i < bytes.length; i += 1) {
      const other = Buffer.from(bytes)
      other[i] = (other[i] ?? 0) ^ 1
      expect(until(textOf(other)), `byte ${i}`).toBeUndefined()
    }
    for (const text of [
      '',
      'x',
      made.slice(2),
      `${made}AAAA`,
      `${made}=`,
      `.${made}`,
      `${made.slice(0, 9)}!${made.slice(9)}`,
    ])
      expect(until(text), text).toBeUndefined()
    const other = `${made.slice(0, -1)}${made.endsWith('A') ? 'B' : 'A'}`
    expect(until(other)).toBeUndefined()
  })

  it('is never the same twice', () => {
    const many = Array.from({ length: 500 }, () => textOf(freshNumber(hash, { kind: 'passkey', now, seconds: 300 })))
    expect(new Set(many).size).toBe(500)
  })

  it('leaves nothing behind while nobody has signed it: whoever asks for many fills nothing', async () => {
    const rows = () =>
      app.peek('select from passkey_challenges union all select from wallet_nonces union all select from code_attempts')
    const before = (await rows()).length
    for (let i = 0; i < 20; i += 1) {
      await signInOptions(app.rooms, app.town)
      await newNonce(app.rooms, app.town)
    }
    expect((await rows()).length).toBe(before)
  })

  it('is good once, also where it is sent twice at the same time', async () => {
    const { id } = await register(app)
    const { telephone } = await enrolTelephone(app, clerk, id)
    const { challenge } = await signInOptions(app.rooms, app.town)
    const signed = telephone.sign(challenge)
    const answers = await Promise.allSettled([1, 2, 3].map(() => signInWithPasskey(app.rooms, app.town, signed)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(signInWithPasskey(app.rooms, app.town, signed)).rejects.toMatchObject({ code: 'passkey-refused' })
    const late = (await signInOptions(app.rooms, app.town)).challenge
    const signedLate = telephone.sign(late)
    app.clock.advance({ minutes: 6 })
    await expect(signInWithPasskey(app.rooms, app.town, signedLate)).rejects.toMatchObject({ code: 'passkey-refused' })
  })
})

describe('a browser', () => {
  it('is one session: what it was before has ended once somebody signs in with it', async () => {
    const { id } = await register(app)
    const { code } = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    )
    const enter = async (cookie: string) => {
      const answer = await app.fetch(
        new Request('https://vallmar.example/me/in', {
          method: 'POST',
          headers: { host: 'vallmar.example', cookie, 'test-source': randomUUID() },
          body: new URLSearchParams({ code, word: 'molinet' }),
        }),
      )
      const cookies = answer.headers.getSetCookie().map((one) => one.split(';')[0] ?? '')
      return cookies.find((one) => one.startsWith('__Host-padron')) ?? cookies[0] ?? ''
    }
    const open = async (cookie: string) =>
      (
        await app.fetch(
          new Request('https://vallmar.example/me', {
            headers: { host: 'vallmar.example', cookie },
            redirect: 'manual',
          }),
        )
      ).status
    const first = await enter('')
    expect(await open(first)).toBe(200)
    const second = await enter(first)
    expect([await open(first), await open(second)]).toEqual([303, 200])
  })
})
