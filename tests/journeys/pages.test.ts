import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LANGUAGES, LOCALES } from '../../src/web/ui/language.ts'
import { openBrowser } from '../support/browser.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { shot, violations } from '../support/page.ts'
import { textOfPdf } from '../support/pdf-text.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'

let folder: Folder
let service: Running
let browser: Browser
beforeAll(async () => {
  folder = scratchFolder(await embeddedFolder())
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '4' }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

async function opened(
  path: string,
  options: { width?: number; locale?: string; colorScheme?: 'dark' | 'light' } = {},
): Promise<{ page: Page; asked: string[]; complaints: string[] }> {
  const context = await browser.newContext({
    javaScriptEnabled: true,
    viewport: { width: options.width ?? 1024, height: 800 },
    locale: options.locale ?? 'en',
    colorScheme: options.colorScheme ?? 'light',
  })
  const page = await context.newPage()
  const asked: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${service.address}${path}`)
  return { page, asked, complaints }
}

describe('the front page', () => {
  it.each(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[])(
    'speaks %s, in its direction, to anyone, on any screen',
    async (language) => {
      for (const width of [1024, 320]) {
        const { page, asked, complaints } = await opened('/', { locale: language, width })
        expect(await page.getAttribute('html', 'lang')).toBe(language)
        expect(await page.getAttribute('html', 'dir')).toBe(LANGUAGES[language].direction)
        expect(await page.textContent('h1')).toBe(LOCALES[language]['page.title'])
        expect(await violations(page)).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
        expect(asked.every((url) => url.startsWith(service.address) || url.startsWith('data:'))).toBe(true)
        expect(complaints).toEqual([])
        await shot(page, `front-${language}-${width}`)
        await page.context().close()
      }
    },
  )

  it.each(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[])(
    'leads to the rules and to the numbers, in %s',
    async (language) => {
      for (const [path, title] of [
        ['/rights', LOCALES[language]['rights.title']],
        ['/status', LOCALES[language]['openData.status']],
        ['/services', LOCALES[language]['services.title']],
        ['/v/code', LOCALES[language]['check.byCode']],
        ['/firewall', LOCALES[language]['firewall.title']],
        ['/transparency', LOCALES[language]['transparency.title']],
      ]) {
        const { page, complaints } = await opened(String(path), { locale: language, width: 320 })
        expect(await page.textContent('h1')).toBe(title)
        expect(await violations(page)).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
        expect(complaints).toEqual([])
        if (path === '/firewall') expect(await page.textContent('main')).toMatch(/[0-9a-f]{64}/)
        await shot(page, `${String(path).slice(1).replace('/', '-')}-${language}`)
        await page.context().close()
      }
    },
  )

  it('gives the rights as a leaflet to print, in each language, about nobody', async () => {
    for (const language of Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]) {
      const t = LOCALES[language]
      const answer = await fetch(`${service.address}/rights.pdf?lang=${language}`)
      expect(answer.headers.get('content-type')).toBe('application/pdf')
      const text = textOfPdf(Buffer.from(await answer.arrayBuffer()))
      for (const words of [
        t['rights.title'],
        t['rights.ask'],
        t['rights.hide'],
        t['rights.services'],
        '/complain',
        '/me',
      ])
        expect(text).toContain(words)
    }
  })

  it('changes language by a link, with the keyboard alone', async () => {
    const { page } = await opened('/')
    await page.keyboard.press('Tab')
    await expect
      .poll(() => page.evaluate('document.activeElement.textContent.trim()'), { timeout: 20_000 })
      .toBe(LOCALES.en['page.skip'])
    await page.focus('.govuk-language-navigation a[lang=ar]')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/?lang=ar')
    expect(await page.textContent('h1')).toBe(LOCALES.ar['page.title'])
    await page.context().close()
  })

  it('falls back on the town’s own language', async () => {
    const answer = await fetch(`${service.address}/`, { headers: { 'accept-language': 'tlh, q=broken' } })
    expect(await answer.text()).toContain('lang="ca"')
  })
})

describe('every language', () => {
  it.each(Object.keys(LOCALES) as (keyof typeof LOCALES)[])('%s says everything English does', (language) => {
    expect(Object.keys(LOCALES[language]).sort()).toEqual(Object.keys(LOCALES.en).sort())
    for (const [key, text] of Object.entries(LOCALES[language])) {
      expect(text.trim(), key).not.toBe('')
      expect([...text.matchAll(/\{\w+\}/g)].map(String), key).toEqual(
        [...LOCALES.en[key as keyof typeof LOCALES.en].matchAll(/\{\w+\}/g)].map(String),
      )
    }
  })
})

describe('a page that is not there', () => {
  it('says so kindly to a browser, and plainly to a machine', async () => {
    const { page } = await opened('/counter/immigration', { locale: 'fr' })
    expect(await page.textContent('.lead')).toBe(LOCALES.fr['problem.notFound'])
    expect(await violations(page)).toEqual([])
    await page.context().close()
    const machine = await fetch(`${service.address}/nowhere`)
    expect(machine.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  })
})

describe('how pages look', () => {
  it.each(['/', '/complain', '/v', '/v/code', '/me/in', '/sign-in', '/rights', '/providers/enrol', '/docs'])(
    '%s can be read on a dark screen',
    async (path) => {
      const { page, complaints } = await opened(path, { colorScheme: 'dark', width: 390 })
      const [paper, ink] = (await page.evaluate(
        '[document.body, document.querySelector("h1")].map((one) => getComputedStyle(one)[one === document.body ? "backgroundColor" : "color"])',
      )) as [string, string]
      expect([brightness(paper) < 64, brightness(ink) > 192]).toEqual([true, true])
      expect(await violations(page)).toEqual([])
      expect(complaints).toEqual([])
      await page.context().close()
    },
  )

  it('keeps nothing of GOV.UK’s that is reserved, and asks nobody else for anything', async () => {
    const sheet = await (await fetch(`${service.address}/assets/styles.css`)).text()
    expect(sheet).toContain('.govuk-button')
    expect(sheet).not.toMatch(/GDS Transport|crest|crown|1d70b8|00703c|0f7a52/i)
    expect([...sheet.matchAll(/url\(["']?([^"')]+)/g)].map(([, url]) => url)).toSatisfy((urls: string[]) =>
      urls.every((url) => url === '/assets/noto-sans-arabic.woff2'),
    )
  })

  it('names the stylesheet by what is in it: kept for good under that name, shortly under any other', async () => {
    const { page } = await opened('/')
    const address = String(await page.getAttribute('link[rel=stylesheet]', 'href'))
    expect(address).toMatch(/^\/assets\/styles\.css\?v=[0-9a-f]{12}$/)
    const caching = async (path: string) => (await fetch(service.address + path)).headers.get('cache-control')
    expect(await caching(address)).toBe('public, max-age=31536000, immutable')
    for (const other of ['/assets/styles.css', '/assets/styles.css?v=000000000000'])
      expect(await caching(other)).toBe('public, max-age=300')
    await page.context().close()
  })

  it.each([
    ['en', 'left'],
    ['ar', 'right'],
  ])('in %s a circle to tick stands on the %s of its answer, and an error’s line too', async (locale, side) => {
    const { page } = await opened('/providers/enrol', { locale })
    expect(await page.evaluate(edge('.govuk-checkboxes__label', '::before', side))).toBe('2px')
    await page.click('main form button >> nth=0')
    await page.waitForSelector('.govuk-form-group--error')
    expect(await page.evaluate(edge('.govuk-form-group--error', '', `border-${side}-width`))).toBe('5px')
    await page.context().close()
  })
})

const edge = (selector: string, pseudo: string, property: string) =>
  `getComputedStyle(document.querySelector('${selector}'), '${pseudo}').getPropertyValue('${property}')`
const brightness = (colour: string) => Math.max(...(colour.match(/\d+/g) ?? []).slice(0, 3).map(Number))

describe('the description of the API', () => {
  it('lists every route with its schemas, readable without JavaScript', async () => {
    const { page, complaints } = await opened('/docs')
    const { paths, components } = (await (await fetch(`${service.address}/openapi.json`)).json()) as {
      paths: Record<string, object>
      components: { schemas: object }
    }
    const text = (await page.textContent('main')) ?? ''
    for (const path of Object.keys(paths)) expect(text).toContain(path)
    for (const name of Object.keys(components.schemas)) expect(await page.locator(`#${name}`).count()).toBe(1)
    expect(await violations(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.locator('details summary').nth(3).click()
    await shot(page, 'docs')
    await page.context().close()
  })
})
