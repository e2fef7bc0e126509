import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoToken } from '../../src/identity/demo-token.ts'
import { LANGUAGES, LOCALES } from '../../src/web/ui/language.ts'
import { keptForOffline, openBrowser } from '../support/browser.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { shot, violations } from '../support/page.ts'
import { somebody } from '../support/people.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'
import { readQr } from '../support/read-qr.ts'
import { renderPdf } from '../support/render-pdf.ts'

let folder: Folder
let service: Running
let browser: Browser
let bearer: string
let picture: Buffer
let square: string
let paperId: string
beforeAll(async () => {
  folder = scratchFolder(await embeddedFolder())
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '1' }), openBrowser()])
  const { issuer, audience } = JSON.parse(readFileSync(join(folder.path, 'demo.json'), 'utf8'))
  bearer = await demoToken(issuer, { audience, clientId: 'clerk' })
  const { id } = (await (
    await api('/v1/neighbours', somebody({ name: { given: 'Fatou', family: ['Comprovada'] } }))
  ).json()) as {
    id: string
  }
  const answer = await api(`/v1/neighbours/${id}/papers`, { kind: 'individual', language: 'fr' })
  const [page] = await renderPdf(browser, new Uint8Array(await answer.arrayBuffer()))
  picture = page ?? Buffer.alloc(0)
  square = (await readQr(picture))[0] ?? ''
  paperId = id
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

const api = (path: string, body: object) =>
  fetch(`${service.address}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(body),
  })

interface Opened {
  context: BrowserContext
  page: Page
  asked: string[]
  /** What really left, and came back. */
  finished: string[]
  complaints: string[]
}

async function opened(
  path: string,
  more: { locale?: string; javaScriptEnabled?: boolean; width?: number } = {},
): Promise<Opened> {
  const { locale = 'en', javaScriptEnabled = true, width = 390 } = more
  const context = await browser.newContext({ locale, javaScriptEnabled, viewport: { width, height: 800 } })
  const page = await context.newPage()
  const asked: string[] = []
  const finished: string[] = []
  const complaints: string[] = []
  context.on('requestfinished', (request) => finished.push(request.url()))
  context.on('request', (request) => asked.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${service.address}${path}`)
  return { context, page, asked, finished, complaints }
}

const fragment = () => square.slice(square.indexOf('#') + 1)

describe('the checking page', () => {
  it('opened by the square shows one huge answer, and the proof leaves the device by no request', async () => {
    const { context, page, asked, finished, complaints } = await opened(`/V#${fragment()}`)
    await page.waitForSelector('.answer.valid')
    expect(await page.textContent('.verdict')).toBe(LOCALES.en['check.valid'])
    expect(await page.textContent('.answer')).toContain('Comprovada')
    expect(new URL(page.url()).hash).toBe('')
    expect(await violations(page)).toEqual([])
    // What the page could do if somebody changed its script: nothing.
    const tried = await page.evaluate(`Promise.all([
      fetch('/health/live?x').then(() => 'sent', () => 'refused'),
      new Promise((done) => { const image = new Image(); image.onload = image.onerror = () => done('settled'); image.src = '/leak.png?x' }),
      Promise.resolve(navigator.sendBeacon('/health/live', 'x')).then(() => 'queued'),
    ])`)
    expect((tried as string[])[0]).toBe('refused')
    await page.waitForTimeout(300)
    const said = asked.join('\n')
    expect(finished.filter((url) => url.includes('leak.png') || url.includes('/health'))).toEqual([])
    expect(finished.length).toBeGreaterThan(3)
    for (const part of [fragment().slice(0, 40), fragment().slice(-40), 'Comprovada']) expect(said).not.toContain(part)
    expect(asked.filter((line) => !line.startsWith('GET '))).toEqual([])
    expect(complaints.filter((line) => !/Content Security Policy|Refused to connect|violates/.test(line))).toEqual([])
    await shot(page, 'check-valid')
    await context.close()
  })

  it('works without a connection after one visit', async () => {
    const { context, page } = await opened('/v')
    await keptForOffline(page)
    await context.setOffline(true)
    const offline = await context.newPage()
    await offline.goto(`${service.address}/v#${fragment()}`)
    await offline.waitForSelector('.answer.valid')
    await context.close()
  })

  it('reads a photo and a pasted text, and says no to what is not a proof, in shape, word and colour', async () => {
    const { context, page } = await opened('/v')
    await page.setInputFiles('#photo', { name: 'photo.png', mimeType: 'image/png', buffer: picture })
    await page.waitForSelector('.answer.valid')
    await page.fill('#paste', `${square.slice(0, -5)}AAAAA`)
    await page.click('#go')
    await page.waitForSelector('.answer.not-valid')
    expect(await page.textContent('.verdict')).toBe(LOCALES.en['check.notValid'])
    await shot(page, 'check-not-valid')
    // A picture without a code says nothing of whose it is.
    const blank = await page.screenshot({ clip: { x: 0, y: 0, width: 4, height: 4 } })
    await page.setInputFiles('#photo', { name: 'blank.png', mimeType: 'image/png', buffer: blank })
    await page.waitForSelector('.answer.cannot-tell')
    await page.fill('#paste', 'HELLO')
    await page.click('#go')
    await page.waitForFunction(
      `document.querySelector('.answer').textContent.includes(${JSON.stringify(LOCALES.en['check.whyNone'])})`,
    )
    expect(await violations(page)).toEqual([])
    await context.close()
  })

  it('answers a printed code without JavaScript', async () => {
    const { context, page } = await opened('/v/code', { javaScriptEnabled: false })
    await page.fill('#text', square)
    await page.click('button[type=submit]')
    expect(await page.textContent('.verdict')).toBe(LOCALES.en['check.valid'])
    expect(await page.textContent('.answer')).toContain('Comprovada')
    expect(page.url()).not.toContain('HTTPS')
    await page.fill('#text', '0000-0000-0000-0000')
    await page.click('button[type=submit]')
    expect(await page.textContent('.answer')).toContain(LOCALES.en['check.whyNoCode'])
    await context.close()
  })

  it.each(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[])('speaks %s on a small screen', async (language) => {
    const { context, page, complaints } = await opened(`/v?lang=${language}#${fragment()}`, {
      width: 320,
      locale: language,
    })
    await page.waitForSelector('.answer.valid')
    expect(await page.textContent('.verdict')).toBe(LOCALES[language]['check.valid'])
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
    expect(complaints).toEqual([])
    await shot(page, `check-${language}`)
    await context.close()
  })

  it('learns within its time to live that a proof was taken back', async () => {
    const proofs = (await (await api(`/v1/neighbours/${paperId}/proofs`, { profile: 'library' })).json()) as {
      id: string
      token: string
    }
    await api(`/v1/proofs/${proofs.id}/revocation`, {})
    const { context, page } = await opened('/v')
    await page.fill('#paste', proofs.token)
    await page.click('#go')
    await page.waitForSelector('.answer.not-valid')
    expect(await page.textContent('.answer')).toContain(LOCALES.en['check.whyRevoked'])
    await context.close()
  })
})
