import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ProofInvalid, verifyProof } from '../../../src/verify/index.ts'
import { type Language, LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
  // A city that has signed something, so that it has keys.
  const { id } = await register(app)
  await app.ask('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
    idempotencyKey: randomUUID(),
  })
})
afterAll(() => app?.close())

const CITY = 'https://vallmar.example'
const fetcher: typeof fetch = (input, init) => {
  const request = new Request(input, init)
  request.headers.set('host', 'vallmar.example')
  return app.fetch(request)
}
interface Practice {
  issuer: string
  service: string
  proofs: { id: string; expect: string; token: string }[]
}
const practice = async () => (await (await fetcher(`${CITY}/practice/proofs`)).json()) as Practice
const now = () => Math.floor(app.clock.now().epochMilliseconds / 1000)

const said = async (token: string, options: Parameters<typeof verifyProof>[1]) => {
  try {
    await verifyProof(token, { fetch: fetcher, now: now(), ...options })
    return 'valid'
  } catch (error) {
    if (error instanceof ProofInvalid) return error.code
    throw error
  }
}
const show = async (text: string, language = 'en') =>
  (
    await fetcher(`${CITY}/providers/try?lang=${language}`, { method: 'POST', body: new URLSearchParams({ text }) })
  ).text()

describe('Practice proofs', () => {
  it('get the answers they promise from a verifier that trusts the practice issuer, over the network', async () => {
    const { issuer, service, proofs } = await practice()
    expect(issuer).toBe(`${CITY}/practice`)
    const answers = await Promise.all(proofs.map(({ token }) => said(token, { issuer, service })))
    expect(answers).toEqual(proofs.map((proof) => proof.expect))
    expect(new Set(answers).size).toBeGreaterThan(7)
  })

  it('are refused, all of them, by whoever trusts the city', async () => {
    for (const { token } of (await practice()).proofs) {
      expect(await said(token, { issuer: CITY })).not.toBe('valid')
      // Also when it is told the practice issuer’s name by mistake, with the city’s keys.
      const { keys } = (await (await fetcher(`${CITY}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
      expect(await said(token, { issuer: `${CITY}/practice`, keys })).not.toBe('valid')
      const asked = await fetcher(`${CITY}/v1/verifications`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
      expect(await asked.json()).toMatchObject({ valid: false })
    }
  })

  it('are signed by the same key whichever process answers, and never by the city’s', async () => {
    const keysAt = async (path: string) =>
      ((await (await fetcher(`${CITY}${path}`)).json()) as { keys: { kid: string; d?: string }[] }).keys
    const [first, again, city] = await Promise.all([
      keysAt('/practice/.well-known/jwks.json'),
      keysAt('/practice/.well-known/jwks.json'),
      keysAt('/.well-known/jwks.json'),
    ])
    expect(first).toEqual(again)
    expect(first.map((key) => key.d)).toEqual([undefined])
    expect(city.length).toBeGreaterThan(0)
    expect(city.map((key) => key.kid)).not.toContain(first[0]?.kid)
  })
})

describe('The practice page', () => {
  it('shows each proof with its answer, in every language, and never says that somebody lives in the city', async () => {
    const { proofs } = await practice()
    for (const language of Object.keys(LOCALES) as Language[]) {
      const t = LOCALES[language]
      for (const { expect: answer, token } of proofs) {
        const page = await show(token, language)
        expect(page).toContain(t['practice.nothing'])
        expect(page).toContain(`>${answer}</code>`)
        expect(page).toContain(answer === 'valid' ? t['check.valid'] : t['check.notValid'])
        for (const name of ['Vallmar', 'فالمار']) expect(page).not.toContain(name)
      }
    }
  })

  it('checks what is pasted: a letter changed is a proof refused', async () => {
    const [valid] = (await practice()).proofs
    const token = valid?.token ?? ''
    const at = token.indexOf('~') - 10
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    expect(await show(changed)).toContain('>bad-signature</code>')
    expect(await show('<b>nothing</b>')).toContain('>malformed</code>')
    expect(await show('<b>nothing</b>')).not.toContain('<b>nothing')
    const body = new URLSearchParams({ text: 'x'.repeat(220_000) })
    expect((await fetcher(`${CITY}/providers/try`, { method: 'POST', body })).status).toBe(413)
  })

  it('needs no script, and leads to what software needs', async () => {
    const page = await (await fetcher(`${CITY}/providers/try`)).text()
    expect(page).toContain('/practice/.well-known/jwks.json')
    expect(page).not.toContain('<script')
  })
})
