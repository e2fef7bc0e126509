import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { counted } from '../../src/platform/counted.ts'
import { LANGUAGES, LOCALES } from '../../src/web/ui/language.ts'
import { keptForOffline, openBrowser } from '../support/browser.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { shot, violations } from '../support/page.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'
import { readQr } from '../support/read-qr.ts'

let folder: Folder
let service: Running
let browser: Browser
beforeAll(async () => {
  folder = scratchFolder(await embeddedFolder())
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '30' }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

type Language = keyof typeof LANGUAGES

interface Seat {
  context: BrowserContext
  page: Page
  complaints: string[]
  open(path: string): Promise<void>
}

/** Somebody signs in at the real provider, with one click. */
async function seat(
  who: string,
  more: { locale?: Language; width?: number; javaScriptEnabled?: boolean } = {},
): Promise<Seat> {
  const { locale = 'en', width = 1024, javaScriptEnabled = true } = more
  const context = await browser.newContext({ locale, javaScriptEnabled, viewport: { width, height: 900 } })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${service.address}/sign-in`)
  await page.click('main a.govuk-button')
  await page.click(`button[value=${who}]`)
  await page.waitForURL(`${service.address}/**`)
  return { context, page, complaints, open: async (path) => void (await page.goto(service.address + path)) }
}

const t = LOCALES.en
const submit = (page: Page, act = 'register') => page.click(`button[name=act][value=${act}]`)

describe('a clerk with a queue', () => {
  it('finds nobody, registers somebody of one name, no birth date and no address, and hands over a paper', async () => {
    const { context, page, complaints } = await seat('clerk')
    expect(new URL(page.url()).pathname).toBe('/desk')
    await page.fill('#said', 'Tsering 1990')
    await page.keyboard.press('Enter')
    await page.waitForSelector(`text=${t['desk.nobody']}`)
    await page.click(`main a.govuk-button >> text=${t['desk.register']}`)
    await page.fill('#p0_given', 'Tsering')
    await page.check('#where-no-fixed-address')
    await shot(page, 'desk-register')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    expect(await page.textContent('h1')).toContain('Tsering')
    await shot(page, 'desk-neighbour')
    const [paper] = await Promise.all([
      context.waitForEvent('response', (response) => response.url().endsWith('/papers')),
      page.click(`text=${t['desk.print']} >> nth=-1`),
    ])
    expect(paper.headers()['content-type']).toBe('application/pdf')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('registers a family of seven at one address in one go', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    for (let person = 1; person < 7; person += 1) await submit(page, 'another')
    const names = ['Mamadou', 'Aïssatou', 'Ibrahima', 'Fatoumata', 'Ousmane', 'Kadiatou', 'Alpha']
    for (const [i, name] of names.entries()) {
      await page.fill(`#p${i}_given`, name)
      await page.fill(`#p${i}_family`, 'Baldé')
      await page.fill(`#p${i}_born-year`, String(1980 + i * 4))
    }
    await page.check('#where-dwelling')
    await page.fill('#street', 'de la Pau')
    await page.fill('#number', '77')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    expect(await page.textContent('main')).toContain(counted(t['desk.alone'], 'en', { n: 7 }))
    await context.close()
  })

  it.each(Object.keys(LANGUAGES) as Language[])(
    'in %s registers a mother and her newborn: what is wrong is said where it is, and the page of each says who, where and with whom',
    async (locale) => {
      const own = LOCALES[locale]
      const { context, page, open, complaints } = await seat('clerk', { locale, width: 320 })
      await open('/desk/register')
      const mother = `Marona${locale}`
      await page.fill('#p0_given', mother)
      await page.fill('#p0_document', 'X1234')
      await submit(page, 'another')
      await page.check('#p1_newborn')
      await page.fill('#p1_born-year', '2026')
      await page.check('#where-no-fixed-address')
      await page.fill('#usual', 'Km 4')
      await submit(page)
      await page.waitForSelector('.govuk-error-summary')
      expect(await page.title()).toContain(own['session.error'].replace('{title}', '').trim())
      // The summary has the focus, and its link leads to the box.
      await expect
        .poll(() => page.evaluate("document.activeElement?.className ?? ''"), { timeout: 20_000 })
        .toBe('govuk-error-summary')
      await page.click('.govuk-error-summary a')
      await expect
        .poll(() => page.evaluate("document.activeElement?.id ?? ''"), { timeout: 20_000 })
        .toBe('p0_document')
      expect(await page.inputValue('#usual')).toBe('Km 4')
      expect(await violations(page)).toEqual([])
      await shot(page, `newborn-fault-${locale}`)
      await page.fill('#p0_document', '')
      await submit(page)
      await page.waitForSelector('.govuk-notification-banner--success')
      const main = (await page.textContent('main')) ?? ''
      for (const part of [
        mother,
        own['address.kindNone'],
        'Km 4',
        own['page.newbornOf'].replace('{name}', mother),
        own['neighbour.do'],
      ])
        expect(main).toContain(part)
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
      expect(await violations(page)).toEqual([])
      await shot(page, `newborn-mother-${locale}`)
      await page.click(`main a:has-text("${mother}")`)
      expect(await page.textContent('h1')).toContain(own['page.newbornOf'].replace('{name}', mother))
      await page.click(`nav a:has-text("${own['desk.history']}")`)
      expect(await page.textContent('main')).toContain(mother)
      expect(complaints.filter((one) => !/422/.test(one))).toEqual([])
      await context.close()
    },
  )

  it('is told while typing what the box understands, and whether it is enough', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk')
    await page.type('#said', 'Fatou')
    await page.waitForSelector(`#understood:has-text("${t['desk.tooWide'].slice(0, 20)}")`)
    await page.type('#said', ' 1990')
    await page.waitForSelector(`#understood:has-text("${t['search.enough']}")`)
    expect(await page.textContent('#understood')).toContain(`${t['search.born']}: 1990`)
    expect(await violations(page)).toEqual([])
    await page.fill('#said', '')
    await page.waitForSelector('#understood:empty', { state: 'attached' })
    await context.close()
  })

  it('is told while typing what a date in another calendar is in the usual one, and registers that alone', async () => {
    const { context, page, complaints, open } = await seat('clerk')
    await open('/desk/register')
    await page.fill('#p0_given', 'Zaynab')
    await page.fill('#p0_family', 'Qasimi')
    await page.fill('#p0_born-day', '5')
    await page.fill('#p0_born-month', 'Ramadan')
    await page.fill('#p0_born-year', '1410')
    await page.selectOption('#p0_calendar', 'islamic-umalqura')
    await page.waitForSelector('.born output:has-text("1 April 1990")')
    expect(await page.textContent('.born output')).toContain('Ramadan 5, 1410')
    expect(await violations(page)).toEqual([])
    await shot(page, 'desk-calendar')
    await page.check('#where-no-fixed-address')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    expect(await page.textContent('main')).toContain('1 April 1990')
    expect(await page.textContent('main')).not.toMatch(/1410|Ramadan/)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('without JavaScript looks at both dates on the form that comes back', async () => {
    const { context, page, open } = await seat('clerk', { javaScriptEnabled: false })
    await open('/desk/register')
    await page.fill('#p0_given', 'Selam')
    await page.fill('#p0_family', 'Bekele')
    await page.fill('#p0_born-day', '9')
    await page.fill('#p0_born-month', '9')
    await page.fill('#p0_born-year', '1982')
    await page.selectOption('#p0_calendar', 'ethiopic')
    await page.check('#where-no-fixed-address')
    await submit(page)
    expect(await page.textContent('.govuk-notification-banner--success')).toContain('17 May 1990')
    expect(await page.inputValue('#p0_born-year')).toBe('1990')
    expect(await page.inputValue('#p0_calendar')).toBe('gregory')
    await submit(page)
    await page.waitForURL('**/desk/neighbours/**')
    expect(await page.textContent('main')).toContain('17 May 1990')
    await context.close()
  })

  it('sees a likely twin beside what was typed, and decides', async () => {
    const { context, page, open } = await seat('clerk')
    for (const round of [1, 2]) {
      await open('/desk/register')
      await page.fill('#p0_given', 'Wilhelmina')
      await page.fill('#p0_family', 'Oosterhuis')
      await page.fill('#p0_born-year', '1961')
      await page.check('#where-no-fixed-address')
      await submit(page)
      if (round === 1) await page.waitForSelector('.govuk-notification-banner--success')
    }
    await page.waitForSelector(`h1:has-text("${t['register.twin']}")`)
    expect(await violations(page)).toEqual([])
    await shot(page, 'desk-twin')
    await page.check('input[value=relatives]')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    await context.close()
  })

  it('hands over an appointment for a complaint, and sees that no message waits', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    await page.fill('#p0_given', 'Benvinguda')
    await page.fill('#p0_family', 'Ambcita')
    await page.check('#where-no-fixed-address')
    await submit(page)
    await page.click(`nav a:has-text("${t['messages.title']}")`)
    await page.waitForSelector(`h1:has-text("${t['messages.title']}")`)
    expect(await violations(page)).toEqual([])
    await open('/desk/complaints')
    await page.click('main summary')
    expect(await violations(page)).toEqual([])
    await page.selectOption('main details [name=language]', 'ar')
    await page.click('main details button')
    await page.waitForSelector('.printed-card')
    expect(await violations(page)).toEqual([])
    expect(await page.textContent('.printed-card')).toContain(LOCALES.ar['appointment.keep'])
    expect(await page.getAttribute('.printed-card', 'dir')).toBe('rtl')
    await page.emulateMedia({ media: 'print' })
    expect(await page.isVisible('.printed-card .digits')).toBe(true)
    for (const gone of ['h1', `button:has-text("${t['signIn.signOut']}")`])
      expect(await page.isVisible(gone), gone).toBe(false)
    await context.close()
  })

  it('is given back what may be about papers, in any language, and can say that it is not', async () => {
    const { context, page, open } = await seat('clerk')
    for (const words of ['duerme en la calle, sin papeles', 'X1234567L', 'لاجئ قرب المحطة']) {
      await open('/desk/register')
      await page.fill('#p0_given', 'Anonima')
      await page.check('#where-no-fixed-address')
      await page.fill('#usual', words)
      await submit(page)
      await page.waitForSelector('#usual-fault')
      expect(await page.inputValue('#usual')).toBe(words)
    }
    expect(await violations(page)).toEqual([])
    await page.check('#plain')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    await context.close()
  })

  it('hides a record at once for somebody who must not be found: seen for the visit, found by no colleague, shown again by a supervisor', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    await page.fill('#p0_given', 'Amagadissima')
    await page.fill('#p0_family', 'Protegida')
    await page.check('#where-no-fixed-address')
    await page.check('#p0_protected')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    const address = (page.url().split('?')[0] ?? '').replace(service.address, '')
    for (const part of ['', '/history', '/representatives', '/protection']) {
      await open(address + part)
      expect(await page.textContent('main'), part).toContain(t['desk.isHidden'])
    }
    await shot(page, 'desk-hidden')
    const colleague = await seat('second-clerk')
    await colleague.page.fill('#said', 'Amagadissima Protegida')
    await colleague.page.keyboard.press('Enter')
    await colleague.page.waitForSelector(`text=${t['desk.nobody']}`)
    await colleague.context.close()
    const supervisor = await seat('supervisor')
    await supervisor.open(`${address}/protection`)
    await supervisor.page.click('main form button.govuk-button')
    expect(await supervisor.page.textContent('#reason-fault')).toContain(t['hiding.hideWhyMissing'])
    await supervisor.page.fill('#reason', 'Asked for it at the counter')
    expect(await violations(supervisor.page)).toEqual([])
    await shot(supervisor.page, 'desk-protection')
    await supervisor.page.click('main form button.govuk-button')
    await supervisor.page.waitForURL(`**${address}`)
    expect(await supervisor.page.textContent('main')).not.toContain(t['desk.isHidden'])
    await supervisor.context.close()
    await context.close()
  })

  it('records who acts for a child, whose worklist it is on when they leave, and takes a mistake back', async () => {
    const { context, page, open } = await seat('clerk')
    const register = async (given: string, more: Record<string, string> = {}) => {
      await open('/desk/register')
      await page.fill('#p0_given', given)
      await page.fill('#p0_family', 'Guardiola')
      for (const [id, value] of Object.entries(more)) await page.fill(id, value)
      await page.check('#where-no-fixed-address')
      await submit(page)
      await page.waitForSelector('.govuk-notification-banner--success')
      return (page.url().split('?')[0] ?? '').replace(service.address, '')
    }
    const aunt = await register('Tieta')
    const child = await register('Criatura', { '#p0_born-year': String(new Date().getFullYear() - 6) })
    await open(`${child}/representatives`)
    await page.fill('#said', 'Tieta Guardiola')
    await page.click('form[action$="/find"] button')
    await page.check('input[name=who]')
    await page.selectOption('form:has(input[name=who]) select[name=kind]', 'guardian')
    await shot(page, 'desk-representatives-found')
    expect(await violations(page)).toEqual([])
    await page.click('form:has(input[name=who]) button')
    await page.waitForSelector('.cards >> text=Tieta Guardiola')
    await shot(page, 'desk-representatives')

    await open(`${aunt}/leave`)
    await page.check('#cause-death')
    await page.click('main form button.govuk-button >> nth=-1')
    await page.waitForSelector('button[name=sure]')
    expect(await page.textContent('main')).toContain('Tieta Guardiola')
    await shot(page, 'desk-leave-asks')
    await page.click('button[name=sure]')
    await open('/desk/work')
    expect(await page.textContent('main')).toContain(t['representatives.unrepresentedMaybe'])
    await page.click('form[action="/desk/unrepresented"] button')
    await page.waitForSelector('text=Criatura Guardiola')
    await shot(page, 'desk-unrepresented')

    await open(aunt)
    await page.click(`text=${t['undo.undo']}`)
    expect(await violations(page)).toEqual([])
    await shot(page, 'desk-undo')
    await page.click('button.govuk-button--warning')
    await page.waitForURL(`**${aunt}`)
    await open(`${child}/representatives`)
    expect(await page.textContent('main')).toContain('Tieta Guardiola')
    await context.close()
  })

  it('joins two records of one person, side by side, when a second clerk says so too', async () => {
    const { context, page, open } = await seat('clerk')
    const register = async (given: string, year: string) => {
      await open('/desk/register')
      await page.fill('#p0_given', given)
      await page.fill('#p0_family', 'Repetidissima')
      await page.fill('#p0_born-year', year)
      await page.check('#where-no-fixed-address')
      await submit(page)
      await page.waitForSelector('.govuk-notification-banner--success')
      return (page.url().split('?')[0] ?? '').replace(service.address, '')
    }
    const stays = await register('Enriqueta', '1950')
    await register('Queta', '1960')
    await open(`${stays}/join`)
    await page.fill('#said', 'Queta Repetidissima')
    await page.click('form[action$="/find"] button')
    await page.check('input[name=other] >> nth=0')
    await page.click('form[action$="/find"] button')
    await page.waitForSelector(`text=${t['join.joinOther']}`)
    expect(await violations(page)).toEqual([])
    await page.fill('#reason', 'One face, one mother')
    await shot(page, 'desk-join')
    await page.click('form[action$="/join"] button')
    await page.waitForSelector(`text=${t['join.joinMine']}`)
    const second = await seat('second-clerk')
    await second.open('/desk/joins')
    await shot(second.page, 'desk-joins')
    await second.page.click('button[value=approved]')
    await second.page.waitForSelector(`text=${t['desk.noDrafts']}`)
    await second.open(`${stays}/history`)
    expect(await second.page.textContent('main')).toContain(t['desk.joined'])
    await second.context.close()
    await context.close()
  })

  it('goes on without a line: two people wait, sealed, and each is registered once when there is one', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    await page.waitForFunction('navigator.serviceWorker.ready')
    await context.setOffline(true)
    for (const [i, name] of ['Sensexarxa', 'Sensecobertura'].entries()) {
      await page.fill('#p0_given', name)
      await page.check('#where-no-fixed-address')
      await submit(page)
      await page.waitForSelector(`#waiting:has-text("${i + 1}")`)
      expect(await page.inputValue('#p0_given')).toBe('')
    }
    await shot(page, 'desk-offline-form')
    // Sealed: nothing that was typed lies in the browser's database as it was typed.
    const rows = await page.evaluate(
      `new Promise((done) => { const open = indexedDB.open('padron-desk'); open.onsuccess = () => {
        const all = open.result.transaction('forms').objectStore('forms').getAll()
        all.onsuccess = () => done(all.result.map((row) => [Object.keys(row).sort().join(), new TextDecoder('latin1').decode(row.sealed)])) } })`,
    )
    expect(rows).toHaveLength(2)
    expect(JSON.stringify(rows)).not.toContain('Sense')
    expect((rows as [string, string][])[0]?.[0]).toBe('at,idempotencyKey,iv,sealed')
    // A lid that is closed and opened, or another page: the desk says that there is no line, and loses nothing.
    await page.goto(`${service.address}/desk/work`)
    expect(await page.textContent('h1')).toBe(t['offline.offline'])
    await shot(page, 'desk-offline')
    await context.setOffline(false)
    await page.waitForURL('**/desk')
    await page.waitForSelector('#waiting[hidden][data-counted]', { state: 'attached' })
    for (const name of ['Sensexarxa', 'Sensecobertura']) {
      await open('/desk')
      await page.fill('#said', name)
      await page.check('#mononym')
      await page.keyboard.press('Enter')
      await page.waitForSelector(`main a:has-text("${name}")`)
      expect(await page.locator(`main a:has-text("${name}")`).count()).toBe(1)
    }
    await context.close()
  })

  it('keeps its page for a bad line beside the checking page’s', async () => {
    const { context, page, open } = await seat('clerk')
    await page.waitForFunction('navigator.serviceWorker.ready')
    await open('/v')
    await keptForOffline(page)
    const kept = (await page.evaluate('caches.keys()')) as string[]
    expect(kept.map((name) => name.split(' ')[0]).sort()).toEqual(['padron-check', 'padron-desk'])
    // Each knows its files by what is in them: of another release it keeps nothing.
    for (const name of kept) expect(name).toMatch(/styles\.css\?v=[0-9a-f]{12} \/assets\/\w+\.js\?v=[0-9a-f]{12}$/)
    await context.setOffline(true)
    await open('/desk/work')
    expect(await page.textContent('h1')).toBe(t['offline.offline'])
    expect(await page.evaluate('getComputedStyle(document.body).margin')).toBe('0px')
    await open('/v')
    expect(await page.textContent('h1')).toBe(t['check.title'])
    await context.close()
  })

  it('sends a form whose answer was lost again, and registers nobody twice', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    await page.fill('#p0_given', 'Respostaperduda')
    await page.check('#where-no-fixed-address')
    // The registry takes it; the line dies before the answer is here.
    await page.route('**/desk/register', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      await route.fetch({ maxRedirects: 0 })
      await route.abort('connectionreset')
    })
    const lost = page.waitForEvent('requestfailed')
    await submit(page)
    await lost
    await page.unroute('**/desk/register')
    await open('/desk')
    await page.waitForSelector('#waiting[hidden][data-counted]', { state: 'attached' })
    await page.fill('#said', 'Respostaperduda')
    await page.check('#mononym')
    await page.keyboard.press('Enter')
    await page.waitForSelector('main a:has-text("Respostaperduda")')
    expect(await page.locator('main a:has-text("Respostaperduda")').count()).toBe(1)
    await context.close()
  })

  it('finds what needs a decision among the drafts, and another clerk at the same machine sees nothing of it', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    await context.setOffline(true)
    for (const n of [1, 2]) {
      await page.fill('#p0_given', 'Leopoldina')
      await page.fill('#p0_family', 'Quintanilla')
      await page.fill('#p0_born-year', '1961')
      await page.check('#where-no-fixed-address')
      await submit(page)
      await page.waitForSelector(`#waiting:has-text("${n}")`)
    }
    await context.clearCookies()
    await context.setOffline(false)
    await page.goto(`${service.address}/sign-in`)
    await page.click('main a.govuk-button')
    await page.click('button[value=supervisor]')
    await page.waitForURL(`${service.address}/**`)
    await open('/desk/work')
    await page.waitForSelector('#waiting[data-counted]', { state: 'attached' })
    expect(await page.isVisible('#waiting')).toBe(false)
    await context.clearCookies()
    await page.goto(`${service.address}/sign-in`)
    await page.click('main a.govuk-button')
    await page.click('button[value=clerk]')
    await page.waitForURL(`${service.address}/**`)
    await open('/desk/work')
    await page.waitForSelector('#waiting[hidden][data-counted]', { state: 'attached' })
    await open('/desk/work')
    expect(await page.textContent('main')).toContain('Leopoldina Quintanilla')
    await context.close()
  })

  it('keeps a draft while typing, and goes on at another desk', async () => {
    const first = await seat('clerk')
    await first.open('/desk/register')
    await first.page.fill('#p0_given', 'Inacabada')
    await first.page.waitForSelector('#kept:has-text("✓")')
    await first.context.close()
    const second = await seat('clerk')
    await second.open('/desk/work')
    await second.page.click(`text=${t['desk.continue']}`)
    expect(await second.page.inputValue('#p0_given')).toBe('Inacabada')
    await second.page.check('#where-no-fixed-address')
    await submit(second.page)
    await second.page.waitForSelector('.govuk-notification-banner--success')
    await second.open('/desk/work')
    expect(await second.page.textContent('main')).not.toContain('Inacabada')
    await second.context.close()
  })

  it('corrects, moves, shows the history and who looked, and opens a departure that a second clerk decides', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    await page.fill('#p0_given', 'Jaume')
    await page.fill('#p0_family', 'Corregible')
    await page.check('#where-dwelling')
    await page.fill('#street', 'Vell')
    await page.fill('#number', '1')
    await page.fill('#since-day', '1')
    await page.fill('#since-month', '2')
    await page.fill('#since-year', '2024')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    const address = page.url().split('?')[0] ?? ''
    await page.click(`summary:has-text("${t['desk.correct']}")`)
    await page.fill('#given', 'Jaumet')
    await page.click(`form[action$=correct] button`)
    expect(await page.textContent('h1')).toContain('Jaumet')
    await page.click(`summary:has-text("${t['desk.move']}")`)
    await page.check('#where-no-fixed-address')
    await page.click(`form[action$=move] button`)
    await page.goto(`${address}/history`)
    expect(await page.locator('.timeline').first().locator('li').count()).toBe(3)
    expect(await violations(page)).toEqual([])
    await page.goto(`${address}/looked`)
    expect(await page.locator('.timeline li').count()).toBeGreaterThan(3)
    await page.goto(`${address}/leave`)
    await page.check('#cause-wrongly-registered')
    await page.check('#informant-staff')
    await page.fill('#reason', 'The letters come back.')
    await page.click(`form[action$=leave] button`)
    expect(await page.textContent('main')).toContain('Jaumet')
    await page.click('button[name=sure]')
    expect(await page.textContent('main')).toContain(t['desk.proceeding'])
    expect(await page.locator(`button:has-text("${t['desk.approve']}")`).count()).toBe(0)
    await context.close()
    const second = await seat('second-clerk')
    await second.open('/desk/work')
    expect(await second.page.textContent('main')).toContain('Jaumet')
    expect(await violations(second.page)).toEqual([])
    await second.page.click('a:has-text("Jaumet")')
    await second.page.click(`button:has-text("${t['leaving.withdraw']}")`)
    await second.page.goto(address)
    expect(await second.page.textContent('main')).not.toContain(t['desk.gone'].split('{')[0])
    // And who leaves after all, and comes back, is the same neighbour.
    await second.page.goto(`${address}/leave`)
    await second.page.check('#cause-moved-away')
    await second.page.check('#saidBy-in-person')
    await second.page.click(`form[action$=leave] button`)
    await second.page.click('button[name=sure]')
    await second.page.goto(address)
    expect(await second.page.textContent('main')).toContain(t['desk.gone'].split('{')[0])
    expect(await violations(second.page)).toEqual([])
    await shot(second.page, 'desk-departed')
    await second.page.check('#where-no-fixed-address')
    await second.page.click('form[action$=return] button')
    await second.page.waitForURL(address)
    expect(await second.page.textContent('main')).not.toContain(t['desk.gone'].split('{')[0])
    await second.context.close()
  })

  it('works without JavaScript, and with the keyboard alone', async () => {
    const { context, page, open } = await seat('clerk', { javaScriptEnabled: false })
    await open('/desk/register')
    await page.focus('#p0_given')
    await page.keyboard.type('Teclada')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Sense Ratoli')
    await page.focus('#where-no-fixed-address')
    await page.keyboard.press('Space')
    await page.focus('button[name=act][value=register]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.govuk-notification-banner--success')
    await context.close()
  })

  it('uses a document reader, which ends each line with Enter: the form fills in, and the search finds', async () => {
    const { context, page, complaints } = await seat('clerk')
    // The specimen of ICAO Doc 9303: nobody's.
    const lines = ['I<UTOD231458907<<<<<<<<<<<<<<<', '7408122F1204159UTO<<<<<<<<<<<6', 'ERIKSSON<<ANNA<MARIA<<<<<<<<<<']
    const swipe = async (field: string) => {
      await page.focus(field)
      for (const line of lines) {
        await page.keyboard.type(line)
        await page.keyboard.press('Enter')
      }
    }
    await page.goto(`${service.address}/desk/register`)
    await swipe('#p0_given')
    await page.waitForSelector('.govuk-notification-banner--success')
    expect(await page.inputValue('#p0_given')).toBe('Anna Maria')
    expect(await page.inputValue('#p0_document')).toBe('D23145890')
    expect(await page.isChecked('#p0_evidence-photo-document')).toBe(true)
    expect(await violations(page)).toEqual([])
    // Day, month and year stand in one line.
    const [day, , year] = await Promise.all(
      ['day', 'month', 'year'].map((part) => page.locator(`#p0_born-${part}`).boundingBox()),
    )
    expect(day?.y).toBe(year?.y)
    await shot(page, 'desk-read')
    await page.check('#where-no-fixed-address')
    await submit(page)
    await page.waitForURL('**/desk/neighbours/**')
    await page.goto(`${service.address}/desk`)
    await swipe('#said')
    await page.waitForSelector('.cards')
    expect(await page.textContent('.cards')).toContain('Anna Maria Eriksson')
    expect(await page.inputValue('#said')).toBe('Anna Maria Eriksson 1974-08-12')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('never lists people by accident, and is told kindly what is missing', async () => {
    const { context, page } = await seat('clerk')
    await page.fill('#said', 'Maria')
    await page.keyboard.press('Enter')
    expect(await page.textContent('.govuk-error-message')).toBe(t['desk.tooWide'])
    await page.goto(`${service.address}/desk/register`)
    await submit(page)
    await page.waitForSelector('.govuk-error-summary a')
    expect(await page.locator('.govuk-error-summary a').count()).toBe(2)
    expect(await violations(page)).toEqual([])
    expect(page.url()).not.toContain('Maria')
    await context.close()
  })
})

describe('wallets', () => {
  it('are offered a proof at the desk', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/register')
    await page.fill('#p0_given', 'Carterista')
    await page.check('#where-no-fixed-address')
    await submit(page)
    await page.waitForSelector('.govuk-notification-banner--success')
    await page.selectOption('#profile', 'library')
    await page.click('form[action$=wallet] button')
    expect(await page.textContent('.digits')).toMatch(/\d{6}/)
    expect((await readQr(await page.locator('svg.qr').screenshot()))[0]).toMatch(/^openid-credential-offer:/)
    expect(await violations(page)).toEqual([])
    await context.close()
  })
})

describe('a household', () => {
  it('is joined by naming somebody in it, and left for another address', async () => {
    const { context, page, open } = await seat('clerk')
    const register = async (name: string, number: string) => {
      await open('/desk/register')
      await page.fill('#p0_given', name)
      await page.fill('#p0_family', 'Aplegada')
      await page.check('#where-dwelling')
      await page.fill('#street', 'de la Lluna')
      await page.fill('#number', number)
      await page.fill('#since-day', '1')
      await page.fill('#since-month', '3')
      await page.fill('#since-year', '2025')
      await submit(page)
      await page.waitForSelector('.govuk-notification-banner--success')
      return page.url().split('?')[0] ?? ''
    }
    const [host, guest] = [await register('Hostessa', '5'), await register('Convidada', '6')]
    await page.goto(guest)
    await page.click(`summary:has-text("${t['desk.move']}")`)
    await page.click(`main a:has-text("${t['moving.moveIn']}")`)
    await page.fill('#said', 'Hostessa Aplegada')
    await page.click(`form[action$=with] button`)
    await shot(page, 'desk-move-in')
    expect(await violations(page)).toEqual([])
    await page.check(`text=Hostessa`)
    await page.click('form[action$=move] button')
    expect(page.url()).toBe(guest)
    expect(await page.textContent('main')).toContain(counted(t['desk.alone'], 'en', { n: 2 }))
    // What was written down of the household was wrong from the start.
    await page.click(`summary:has-text("${t['desk.move']}")`)
    await page.check('#where-no-fixed-address')
    await page.check('#everyone')
    await page.check('#mistake')
    await page.click('form[action$=move] button')
    await page.goto(host)
    expect(await page.textContent('main')).toContain(counted(t['desk.alone'], 'en', { n: 2 }))
    expect(await page.textContent('main')).not.toContain('de la Lluna')
    await page.goto(`${host}/history`)
    expect(await page.textContent('.timeline')).toContain(t['past.addressCorrected'])
    await page.goto(`${guest}/history`)
    expect(await page.textContent('.timeline')).toContain(t['past.addressCorrected'])
    await context.close()
  })
})

describe('the session', () => {
  it('locks with one key and opens where it was', async () => {
    const { context, page, open } = await seat('clerk')
    await open('/desk/work')
    await page.click(`button:has-text("${t['desk.lock']}")`)
    await page.waitForURL('**/desk/locked')
    await open('/desk/work')
    expect(new URL(page.url()).pathname).toBe('/desk/locked')
    expect(await violations(page)).toEqual([])
    // Signed in at the provider since this morning is not enough: it asks again.
    await open('/sign-in/start')
    expect(page.url().startsWith(service.address)).toBe(false)
    await open('/desk/locked')
    await page.click(`text=${t['signIn.unlock']}`)
    await page.click('button[value=clerk]')
    await page.waitForURL('**/desk*')
    await open('/desk/work')
    expect(new URL(page.url()).pathname).toBe('/desk/work')
    await context.close()
  })

  it('is listed, can be closed from elsewhere, and ends with signing out', async () => {
    const [here, there] = [await seat('auditor'), await seat('auditor')]
    await here.open('/desk/sessions')
    await here.page.locator('.cards li', { hasNotText: t['desk.here'] }).locator('button').first().click()
    await there.open('/desk/ledger')
    expect(new URL(there.page.url()).pathname).toBe('/sign-in')
    await here.page.click(`button:has-text("${t['signIn.signOut']}")`)
    await here.open('/desk/ledger')
    expect(new URL(here.page.url()).pathname).toBe('/sign-in')
    await Promise.all([here.context.close(), there.context.close()])
  })

  it('sends no form without its token, nor one from another site', async () => {
    const { context, page } = await seat('clerk')
    const cookies = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
    const csrf = await page.inputValue('input[name=csrf] >> nth=0')
    const post = (body: Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(`${service.address}/desk/search`, {
        method: 'POST',
        headers: { cookie: cookies, ...headers },
        body: new URLSearchParams(body),
      })
    expect((await post({ said: 'Fatou 1990' })).status).toBe(403)
    expect((await post({ said: 'Fatou 1990', csrf: `${csrf.slice(1)}A` })).status).toBe(403)
    expect((await post({ said: 'Fatou 1990', csrf }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post({ said: 'Fatou 1990', csrf })).status).toBe(200)
    await context.close()
  })
})

describe('each role sees its own duty and no more', () => {
  const ROOMS: Record<string, [string[], string[]]> = {
    clerk: [
      ['/desk', '/desk/register', '/desk/work', '/desk/complaints', '/desk/offline'],
      ['/desk/flags', '/desk/legal', '/desk/ledger', '/desk/erasures', '/desk/organisations'],
    ],
    supervisor: [
      ['/desk', '/desk/flags', '/desk/ledger', '/desk/complaints'],
      ['/desk/legal', '/desk/erasures'],
    ],
    legal: [
      ['/desk/legal', '/desk/ledger', '/desk/erasures', '/desk/organisations', '/desk/complaints'],
      ['/desk', '/desk/register', '/desk/flags'],
    ],
    auditor: [
      ['/desk/flags', '/desk/ledger'],
      ['/desk', '/desk/register', '/desk/legal'],
    ],
  }
  it.each(Object.entries(ROOMS))('%s', async (role, [open, closed]) => {
    const { context, page } = await seat(role)
    for (const path of open) {
      expect((await page.goto(service.address + path))?.status(), path).toBe(200)
      expect(await violations(page), path).toEqual([])
      await shot(page, `desk-${role}-${path.replaceAll('/', '-')}`)
    }
    for (const path of closed) expect((await page.goto(service.address + path))?.status(), path).toBe(403)
    await context.close()
  })

  it('auditor: goes through the ledger, each line proved in the page by the tree that the city has signed', async () => {
    const { context, page, open, complaints } = await seat('auditor')
    await open('/desk/ledger')
    await expect.poll(() => page.locator('[data-checked=yes]').count(), { timeout: 20_000 }).toBe(25)
    expect(await page.locator('[data-checked=no]').count()).toBe(0)
    expect(await violations(page)).toEqual([])
    await shot(page, 'desk-ledger-explored')
    await page.click(`text=${t['desk.older']}`)
    await page.waitForSelector('[data-checked=yes]')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('legal: a demand for immigration control is refused at once, and its letter is there', async () => {
    const { context, page } = await seat('legal')
    await page.click(`summary:has-text("${t['legal.demand']}")`)
    await page.fill('#authority', 'An invented bureau')
    await page.check('#immigration')
    await page.fill('#basis', 'A law of elsewhere')
    await page.fill('#scope', 'Everyone at one address')
    await page.setInputFiles('#document', {
      name: 'demand.pdf',
      mimeType: 'application/pdf',
      buffer: Buffer.from('%PDF-1.7 invented'),
    })
    await page.click(`form[action="/desk/legal"] button`)
    expect(await page.textContent('.cards')).toContain(t['desk.refused'])
    const href = await page.getAttribute(`text=${t['legal.letter']}`, 'href')
    const letter = await context.request.get(service.address + href)
    expect(letter.headers()['content-type']).toBe('application/pdf')
    await context.close()
  })
})

describe('every page of the desk', () => {
  it.each(Object.keys(LANGUAGES) as Language[])(
    'speaks %s on a narrow screen, with nothing for axe to find',
    async (locale) => {
      const { context, page, complaints } = await seat('supervisor', { locale, width: 320 })
      for (const path of ['/desk', '/desk/register', '/desk/work', '/desk/flags', '/desk/ledger', '/desk/sessions']) {
        await page.goto(service.address + path)
        expect(await page.getAttribute('html', 'lang')).toBe(locale)
        expect(await violations(page), path).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'), path).toBe(true)
      }
      await page.goto(`${service.address}/desk/register`)
      await page.check('#where-dwelling')
      await shot(page, `desk-register-${locale}`)
      await page.emulateMedia({ colorScheme: 'dark' })
      expect(await violations(page)).toEqual([])
      expect(complaints).toEqual([])
      await context.close()
    },
  )
})
