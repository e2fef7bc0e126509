import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setGlobalConfig } from '@openid4vc/oauth2'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoToken } from '../../src/identity/demo-token.ts'
import { LANGUAGES, LOCALES } from '../../src/web/ui/language.ts'
import { openBrowser } from '../support/browser.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { shot, violations } from '../support/page.ts'
import { somebody } from '../support/people.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'
import { readQr } from '../support/read-qr.ts'
import { present, walletKey } from '../support/wallet.ts'

let folder: Folder
let service: Running
let browser: Browser
let issuer: string
let audience: string
beforeAll(async () => {
  // The demonstration has no certificate.
  setGlobalConfig({ allowInsecureUrls: true })
  folder = scratchFolder(await embeddedFolder())
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '1' }), openBrowser()])
  ;({ issuer, audience } = JSON.parse(readFileSync(join(folder.path, 'demo.json'), 'utf8')))
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

type Language = keyof typeof LANGUAGES
const LOOKED_AT = (Object.keys(LANGUAGES) as Language[]).flatMap((language) =>
  [320, 1100].map((width) => [language, width] as const),
)

describe('wallets', () => {
  it('are asked at a service’s counter that its own machine opened; what they show is opened in that page alone', async () => {
    const post = async (path: string, body: object, clientId: string) => {
      const answer = await fetch(`${service.address}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await demoToken(issuer, { audience, clientId })}`,
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify(body),
      })
      return (await answer.json()) as Record<string, string>
    }
    const { id } = await post('/v1/neighbours', somebody({ name: { given: 'Moneder' } }), 'clerk')
    const key = await walletKey()
    const { kty, crv, x, y } = key.jwk
    const order = { profile: 'library', holderKeys: [{ kty, crv, x, y }] }
    const { token = '' } = await post(`/v1/neighbours/${id}/proofs`, order, 'clerk')
    const { code = '' } = await post('/v1/counters', { service: 'library' }, 'library')

    for (const [language, width] of LOOKED_AT) {
      const context = await browser.newContext({ locale: language, viewport: { width, height: 800 } })
      const desk = await context.newPage()
      await desk.goto(`${service.address}/counter/library?lang=${language}`)
      expect(await violations(desk), language).toEqual([])
      await shot(desk, `counter-door-${language}-${width}`)
      await context.close()
    }
    const context = await browser.newContext({ locale: 'ar', viewport: { width: 320, height: 800 } })
    const desk = await context.newPage()
    const sent: string[] = []
    desk.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`))
    await desk.goto(`${service.address}/counter/library`)
    await desk.fill('#code', 'not this one')
    await desk.click('form[action*=open] button')
    expect(await desk.textContent('.govuk-error-message')).toContain(LOCALES.ar['counter.codeWrong'])
    await desk.fill('#code', code.toLowerCase())
    await desk.click('form[action*=open] button')
    await desk.click('#ask')
    await desk.waitForSelector('svg.qr')
    expect(await violations(desk)).toEqual([])
    await shot(desk, 'counter-asks-ar-320')
    const [link = ''] = await readQr(await desk.locator('svg.qr').screenshot({ scale: 'device' }))
    expect(link).toMatch(/^openid4vp:/)
    await present(link, { key, token }, { fetcher: fetch, now: Math.floor(Date.now() / 1000) })
    await desk.waitForSelector('.answer.valid')
    expect(await desk.textContent('.answer')).toContain('Moneder')
    expect(await desk.textContent('#tally')).toContain('1')
    expect(await desk.locator('svg.qr').isVisible()).toBe(false)
    expect(await violations(desk)).toEqual([])
    await shot(desk, 'counter-answer-ar-320')
    // Nothing of what the wallet showed, nor of the key, went anywhere; of the day only numbers are kept.
    expect(
      sent.some((one) => one.includes('Moneder') || one.includes('%22d%22') || one.includes(token.slice(0, 60))),
    ).toBe(false)
    const kept = JSON.parse(String(await desk.evaluate('JSON.stringify({ ...localStorage })')))
    expect(Object.keys(JSON.parse(kept['padron-tally-library'])).sort()).toEqual(['day', 'other', 'valid'])
    for (const [language, width] of LOOKED_AT) {
      await desk.setViewportSize({ width, height: 800 })
      await desk.goto(`${service.address}/counter/library?lang=${language}`)
      expect(await desk.evaluate('document.documentElement.scrollWidth'), language).toBeLessThanOrEqual(width)
      await shot(desk, `counter-${language}-${width}`)
    }
    await desk.click('form[action*=close] button')
    expect(await desk.locator('#code').count()).toBe(1)
    await context.close()
  })
})
