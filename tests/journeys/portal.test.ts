import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoToken } from '../../src/identity/demo-token.ts'
import { verifyProof } from '../../src/verify/index.ts'
import { LANGUAGES, LOCALES } from '../../src/web/ui/language.ts'
import { openBrowser } from '../support/browser.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { shot, violations } from '../support/page.ts'
import { somebody } from '../support/people.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'
import { readQr } from '../support/read-qr.ts'

let folder: Folder
let service: Running
let browser: Browser
let bearer: string
beforeAll(async () => {
  folder = scratchFolder(await embeddedFolder())
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '1' }), openBrowser()])
  const { issuer, audience } = JSON.parse(readFileSync(join(folder.path, 'demo.json'), 'utf8'))
  bearer = await demoToken(issuer, { audience, clientId: 'clerk' })
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

type Language = keyof typeof LANGUAGES
const t = LOCALES.en

/** Passkeys do not go with numbers: the demonstration is reached by its name. */
const local = () => service.address.replace('127.0.0.1', 'localhost')

async function neighbour(more: Parameters<typeof somebody>[0] = {}): Promise<string> {
  const answer = await fetch(`${service.address}/v1/neighbours`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(somebody(more)),
  })
  return ((await answer.json()) as { id: string }).id
}

async function person(more: { locale?: Language; width?: number; javaScriptEnabled?: boolean } = {}) {
  const { locale = 'en', width = 390, javaScriptEnabled = true } = more
  const context = await browser.newContext({ locale, javaScriptEnabled, viewport: { width, height: 800 } })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { context, page, complaints }
}

/** A clerk at a desk of their own. */
async function clerk(id: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ locale: 'en' })
  const page = await context.newPage()
  await page.goto(`${service.address}/sign-in`)
  await page.click('main a.govuk-button')
  await page.click('button[value=clerk]')
  await page.waitForURL('**/desk')
  await page.goto(`${service.address}/desk/neighbours/${id}`)
  return { context, page }
}

async function cardFor(id: string): Promise<string> {
  const desk = await clerk(id)
  await desk.page.click(`button:has-text("${t['entrance.card']}")`)
  const code = (await desk.page.textContent('.code'))?.trim() ?? ''
  expect(await violations(desk.page)).toEqual([])
  await desk.context.close()
  return code
}

async function enter(page: Page, code: string, word: string, address = service.address): Promise<void> {
  await page.goto(`${address}/me`)
  await page.fill('#code', code)
  await page.fill('#word', word)
  await page.click('form[action^="/me/in"] button')
}

describe('getting in without a document, an e-mail or a number', () => {
  it('a card and a year: proof on the screen in three taps, and a stranger verifies it', async () => {
    const id = await neighbour({ name: { given: 'Portalera', family: ['Sense'] }, dateOfBirth: '1984-05-01' })
    const code = await cardFor(id)
    expect(code.replaceAll('-', '')).toHaveLength(20)
    const { context, page, complaints } = await person()
    const typed = code.toLowerCase().replaceAll(/\d/g, (digit) => '٠١٢٣٤٥٦٧٨٩'[Number(digit)] ?? '')
    await enter(page, typed, '١٩٨٤')
    await page.waitForURL('**/me')
    expect(await page.title()).toBe('Vallmar')
    await page.click(`text=${t['entrance.get']}`)
    await page.click('button[value=library]')
    const [square] = await readQr(await page.locator('svg.qr').screenshot())
    const proof = await verifyProof(square ?? '', { issuer: service.address, service: 'library' })
    expect(proof.claims).toEqual({ resident: true, given_name: 'Portalera', family_name: 'Sense' })
    await shot(page, 'portal-proof')
    const [paper] = await Promise.all([page.waitForEvent('download'), page.click(`text=${t['entrance.pdf']}`)])
    expect(paper.suggestedFilename()).toBe('padron.pdf')
    expect(complaints).toEqual([])
    expect(page.url()).not.toContain(id)
    await context.close()
  })

  it('a telephone that scanned the counter’s code makes a key, and opens the page with it alone', async () => {
    const id = await neighbour({ name: { given: 'Telefonica' } })
    const desk = await clerk(id)
    await desk.page.click(`button:has-text("${t['entrance.phone']}")`)
    const [link = ''] = await readQr(await desk.page.locator('svg.qr').screenshot())
    await desk.context.close()
    expect(link.startsWith(`${local()}/me/enrol#`)).toBe(true)
    const { context, page } = await person()
    const session = await context.newCDPSession(page)
    await session.send('WebAuthn.enable')
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await page.goto(link)
    expect(new URL(page.url()).hash).toBe('')
    expect(await violations(page)).toEqual([])
    await page.fill('#device', 'My phone')
    await page.click(`text=${t['entrance.make']}`)
    await page.waitForURL('**/me')
    await page.goto(`${local()}/me/devices`)
    expect(await page.textContent('main')).toContain('My phone')
    await page.click(`text=${t['entrance.everywhere']}`)
    await page.waitForURL('**/me/in')
    await page.click(`text=${t['entrance.withPhone']}`)
    await page.waitForURL('**/me')
    // The code from the counter was good once.
    await page.goto(link)
    await page.click(`text=${t['entrance.make']}`)
    await page.waitForSelector(`text=${t['entrance.phoneNo']}`)
    // A device that was removed opens nothing.
    await page.goto(`${local()}/me/devices`)
    await page.click('form:has(input[value="telephone"]) button')
    // With it ends the session that it opened.
    await page.waitForURL('**/me/in*')
    await page.click(`text=${t['entrance.withPhone']}`)
    await page.waitForSelector(`text=${t['entrance.phoneNo']}`)
    await context.close()
  })

  it('somebody without a known year of birth chooses a word; a new card waits, is let work with the old one, and then ends it', async () => {
    const id = await neighbour({ name: { given: 'Sensedata' }, dateOfBirth: undefined as never })
    const desk = await clerk(id)
    await desk.page.click(`button:has-text("${t['entrance.card']}")`)
    await desk.page.fill('#word', 'Estrella del mar')
    await desk.page.click(`button:has-text("${t['entrance.card']}")`)
    const first = (await desk.page.textContent('.code'))?.trim() ?? ''
    const { context, page } = await person({ javaScriptEnabled: false })
    await enter(page, first, 'estrella del MAR')
    await page.waitForURL('**/me')
    await context.close()
    await desk.page.goto(`${service.address}/desk/neighbours/${id}`)
    await desk.page.click(`button:has-text("${t['entrance.card']}")`)
    await desk.page.fill('#word', 'Estrella del mar')
    await desk.page.click(`button:has-text("${t['entrance.card']}")`)
    const second = (await desk.page.textContent('.code'))?.trim() ?? ''
    await desk.page.waitForSelector(`text=${t['waysIn.cardWaits'].replace(/\{day\}.*/, '')}`)
    await shot(desk.page, 'desk-card-waits')
    await desk.context.close()
    const again = await person()
    await enter(again.page, second, 'Estrella del mar')
    await again.page.waitForSelector(`text=${t['waysIn.waitsDoor'].replace(/\{day\}.*/, '')}`)
    expect(await violations(again.page)).toEqual([])
    await shot(again.page, 'portal-card-waits')
    await enter(again.page, first, 'Estrella del mar')
    await again.page.waitForURL('**/me')
    expect(await again.page.textContent('main')).toContain(t['waysIn.made'])
    await again.page.goto(`${service.address}/me/devices`)
    expect(await violations(again.page)).toEqual([])
    await shot(again.page, 'portal-card-lets')
    await again.page.click(`button:has-text("${t['waysIn.letWork']}")`)
    await again.page.waitForSelector(`text=${t['waysIn.letDone']}`)
    await again.context.close()
    const last = await person()
    await enter(last.page, second, 'Estrella del mar')
    await last.page.waitForURL('**/me')
    await last.context.close()
    const old = await person()
    await enter(old.page, first, 'Estrella del mar')
    await old.page.waitForSelector(`text=${t['entrance.cardNo']}`)
    expect(await violations(old.page)).toEqual([])
    await old.context.close()
  })

  it('leaves quickly, and the page behind says nothing', async () => {
    const code = await cardFor(await neighbour({ dateOfBirth: '1990' }))
    const { context, page } = await person()
    await enter(page, code, '1990')
    await page.waitForURL('**/me')
    // Told before the time is out, and kept by one press; what the page says is not there before.
    await page.clock.install()
    await page.goto(`${service.address}/me/change`)
    expect(await page.isVisible('#stay button')).toBe(false)
    await page.clock.fastForward('07:30')
    await page.waitForSelector(`text=${t['session.soon']}`)
    expect(await violations(page)).toEqual([])
    // In sight, at the head of a page that is much longer than the telephone.
    expect(
      await page.evaluate(
        'scrollY === 0 && document.body.scrollHeight > innerHeight * 2 && document.querySelector("#stay button").getBoundingClientRect().bottom <= innerHeight',
      ),
    ).toBe(true)
    await page.click('#stay button')
    await page.waitForSelector('#stay button', { state: 'hidden' })
    expect(page.url()).toContain('/me/change')
    await page.click(`button:has-text("${t['entrance.leave']}")`)
    await page.waitForURL('**/blank')
    await page.goto(`${service.address}/me`)
    expect(new URL(page.url()).pathname).toBe('/me/in')
    await context.close()
  })
})

describe('what a neighbour sees', () => {
  it('is their record, everyone who looked with each line proved in the page, and a file of all of it', async () => {
    const id = await neighbour({ name: { given: 'Mirada' }, dateOfBirth: '1979-01-01' })
    const code = await cardFor(id)
    const { context, page, complaints } = await person()
    await enter(page, code, '1979')
    await page.waitForURL('**/me')
    await page.click(`text=${t['entrance.record']}`)
    expect(await page.textContent('dl')).toContain('Mirada')
    await shot(page, 'portal-record')
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('button[value=json]')])
    const all = JSON.parse(readFileSync(await file.path(), 'utf8'))
    expect(all.record.state.name.given).toBe('Mirada')
    expect(all.whoLooked.length).toBeGreaterThan(2)
    // The tree grows once a second; the page must find these entries in it.
    const proved = async () => {
      await page.goto(`${service.address}/me/looked`)
      await page.locator('[data-leaf]').first().waitFor()
      await expect.poll(() => page.locator('[data-leaf]:not([data-checked])').count(), { timeout: 60_000 }).toBe(0)
      return page.locator('[data-checked=yes]').count()
    }
    await expect.poll(proved, { timeout: 60_000, interval: 1_000 }).toBeGreaterThan(1)
    expect(await page.locator('[data-checked=no]').count()).toBe(0)
    expect(await violations(page)).toEqual([])
    await shot(page, 'portal-looked')
    expect(complaints.filter((line) => !line.includes('404'))).toEqual([])
    await context.close()
  })

  it.each(Object.keys(LANGUAGES) as Language[])(
    'speaks %s on a small cheap telephone, with nothing for axe to find',
    async (locale) => {
      const code = await cardFor(await neighbour({ dateOfBirth: '1991' }))
      const { context, page } = await person({ locale, width: 320 })
      await enter(page, code, '1991')
      await page.waitForURL('**/me')
      for (const path of [
        '/me',
        '/me/proof',
        '/me/record',
        '/me/looked',
        '/me/change',
        '/me/change/move',
        '/me/asked',
        '/me/devices',
        '/me/children',
        '/me/helpers',
        '/helper',
        '/complain',
        '/providers',
        '/providers/enrol',
        '/providers/try',
      ]) {
        expect((await page.goto(service.address + path))?.status(), path).toBe(200)
        expect(await page.getAttribute('html', 'lang')).toBe(locale)
        expect(await violations(page), path).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'), path).toBe(true)
      }
      await page.goto(`${service.address}/me/change`)
      await page.fill('#why', 'I do not wish to be counted.')
      await page.click('section[aria-labelledby="object"] button')
      await page.waitForURL('**/me/asked')
      expect(await violations(page), 'asked').toEqual([])
      for (const [path, name] of [
        ['/me/proof', 'choose'],
        ['/me/change', 'change'],
        ['/me/asked', 'asked'],
      ]) {
        await page.goto(service.address + path)
        await shot(page, `portal-${name}-${locale}`)
      }
      await context.close()
    },
  )
})

describe('whoever learns to check proofs', () => {
  it.each(['en', 'ar'] as const)('tries one of each kind, in %s, on a page without a script', async (locale) => {
    const words = LOCALES[locale]
    const { context, page } = await person({ locale, width: 320 })
    const path = `${service.address}/providers/try?lang=${locale}`
    await page.goto(`${service.address}/providers?lang=${locale}`)
    await page.click(`a:has-text("${words['practice.title']}")`)
    for (const [button, answer] of [
      [words['practice.valid'], words['check.valid']],
      [words['practice.revoked'], words['check.notValid']],
      [words['practice.changed'], words['check.notValid']],
    ] as const) {
      await page.goto(path)
      await page.click(`ol button:text-is("${button}")`)
      expect(await page.textContent('.answer .verdict')).toBe(answer)
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
    }
    expect(await violations(page)).toEqual([])
    await shot(page, `practice-${locale}`)
    await context.close()
  })
})

describe('a complaint', () => {
  it('needs no name and no registration, is answered in its own time, and can go to the ombudsperson', async () => {
    const { context, page } = await person({ javaScriptEnabled: false })
    await page.goto(`${service.address}/complain`)
    await page.selectOption('#kind', 'asked-about-papers')
    await page.fill('#text', 'At the desk they asked me for my papers.')
    await page.click(`button:has-text("${t['complaint.send']}")`)
    const code = (await page.textContent('.code'))?.trim() ?? ''
    const follow = async () => {
      await page.goto(`${service.address}/complain`)
      await page.fill('form[action^="/complain/follow"] #code', code)
      await page.click('form[action^="/complain/follow"] button')
    }
    await follow()
    expect(await page.textContent('.govuk-notification-banner--success')).toContain(
      t['complaint.waiting'].split('{')[0],
    )
    const desk = await browser.newContext({ locale: 'en' })
    const office = await desk.newPage()
    await office.goto(`${service.address}/sign-in`)
    await office.click('main a.govuk-button')
    await office.click('button[value=supervisor]')
    await office.waitForURL('**/desk')
    await office.goto(`${service.address}/desk/complaints`)
    expect(await office.textContent('.cards')).toContain('they asked me for my papers')
    expect(await violations(office)).toEqual([])
    await office.fill('textarea', 'That must not happen. We are sorry.')
    await office.selectOption('select[name=outcome]', 'upheld')
    await office.click(`form[action="/desk/complaints"] button`)
    expect(await office.textContent('main')).not.toContain('they asked me for my papers')
    await desk.close()
    await follow()
    expect(await page.textContent('.govuk-notification-banner--success')).toContain('We are sorry')
    await page.click(`button:has-text("${t['complaint.escalate']}")`)
    expect(await page.textContent('.govuk-notification-banner--success')).toContain(t['complaint.escalated'])
    await page.fill('form[action^="/complain/follow"]:last-of-type #code', '2222-2222-2222-2222')
    await page.click('form[action^="/complain/follow"]:last-of-type button:last-of-type')
    expect(await page.textContent('.govuk-error-summary')).toContain(t['complaint.none'])
    await context.close()
  })

  it('can be said in person: without scripts, words, a name or a paper, and called off', async () => {
    const context = await browser.newContext({
      locale: 'fr',
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
    })
    const page = await context.newPage()
    const said = LOCALES.fr
    await page.goto(`${service.address}/complain`)
    await page.click(`button:has-text("${said['appointment.book']}")`)
    const code = ((await page.textContent('.digits.code')) ?? '').trim()
    expect(await page.textContent('.printed-card')).toContain(said['appointment.keep'])
    await page.goto(`${service.address}/complain`)
    await page.fill('#code', code)
    await page.click('form[action^="/complain/follow"] button')
    expect(await page.textContent('.govuk-notification-banner--success')).toContain(said['appointment.expected'])
    await page.click(`button:has-text("${said['appointment.cancel']}")`)
    expect(await page.textContent('.govuk-notification-banner--success')).not.toContain(said['appointment.expected'])
    await context.close()
  })
})
