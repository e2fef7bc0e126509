import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LANGUAGES, LOCALES } from '../../src/web/ui/language.ts'
import { openBrowser } from '../support/browser.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { shot, violations } from '../support/page.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'

let folder: Folder
let service: Running
let browser: Browser
beforeAll(async () => {
  folder = scratchFolder(await embeddedFolder())
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '1' }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

const t = LOCALES.en

/** A window of its own. */
async function opened(locale: keyof typeof LANGUAGES, width: number) {
  const context = await browser.newContext({ locale, viewport: { width, height: 900 } })
  return context.newPage()
}

async function seat(who: string): Promise<Page> {
  const page = await opened('en', 1024)
  await page.goto(`${service.address}/sign-in`)
  await page.click('main a.govuk-button')
  await page.click(`button[value=${who}]`)
  await page.waitForURL(`${service.address}/**`)
  return page
}

async function enter(code: string, word: string, locale: keyof typeof LANGUAGES): Promise<Page> {
  const page = await opened(locale, 320)
  await page.goto(`${service.address}/me/in`)
  await page.fill('#code', code)
  await page.fill('#word', word)
  await page.click('form[action^="/me/in"] button')
  return page
}
const fits = async (page: Page) =>
  expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)

describe('somebody of whom it is said that they left', () => {
  it('is asked, answers from their own page, is read, and stays a neighbour', async () => {
    const clerk = await seat('clerk')
    await clerk.goto(`${service.address}/desk/register`)
    await clerk.fill('#p0_given', 'Remei')
    await clerk.fill('#p0_family', 'Encaraquí')
    await clerk.fill('#p0_born-year', '1948')
    await clerk.check('#where-dwelling')
    await clerk.fill('#street', 'de la Riera')
    await clerk.fill('#number', '3')
    await clerk.click('button[name=act][value=register]')
    await clerk.waitForSelector('.govuk-notification-banner--success')
    const address = clerk.url().split('?')[0] ?? ''
    await clerk.click(`button:has-text("${t['entrance.card']}")`)
    const code = ((await clerk.textContent('.printed-card .digits')) ?? '').trim()

    // Somebody of the household says that she left: nothing happens at once, whoever asks.
    await clerk.goto(`${address}/leave`)
    expect(await violations(clerk)).toEqual([])
    await clerk.check('#cause-moved-away')
    await clerk.click('form[action$="/leave"] button')
    expect(await clerk.textContent('#saidBy-fault')).toContain(t['leaving.chooseHow'])
    await clerk.check('#cause-moved-away-heard')
    await clerk.check('#informant-household')
    await clerk.fill('#reason', 'Her room is let to somebody else.')
    await clerk.click('form[action$="/leave"] button')
    for (const said of [t['leaving.ask'], 'Remei Encaraquí', '1948', t['leaving.yesHear']])
      expect(await clerk.textContent('main')).toContain(said)
    expect(await violations(clerk)).toEqual([])
    await shot(clerk, 'desk-ask-once-more')
    await clerk.click('button[name=sure]')
    expect(await clerk.textContent('main')).toContain(t['leaving.noNotice'])
    await shot(clerk, 'desk-proceeding')

    const me = await enter(code, '1948', 'ar')
    expect(await me.textContent('main')).toContain(LOCALES.ar['hearing.beliefAway'])
    expect(await me.textContent('main')).toContain('Her room is let to somebody else.')
    expect(await violations(me)).toEqual([])
    await fits(me)
    await shot(me, 'me-hearing-ar')
    await me.fill('#words', 'أنام هنا كل ليلة.')
    await me.click('form[action="/me/hearing"] button')
    expect(await me.textContent('main')).toContain(LOCALES.ar['hearing.done'])
    await me.context().close()

    const second = await seat('second-clerk')
    await second.goto(`${service.address}/desk/work`)
    expect(await second.textContent('main')).toContain(t['leaving.unread'])
    expect(await violations(second)).toEqual([])
    await second.click('a:has-text("Remei Encaraquí")')
    for (const said of [
      'أنام هنا كل ليلة.',
      t['leaving.byColleague'],
      t['leaving.wayOwnPage'],
      t['leaving.inHousehold'],
    ])
      expect(await second.textContent('main')).toContain(said)
    expect(await second.locator('button[value=approved]').count()).toBe(0)
    expect(await violations(second)).toEqual([])
    await second.click(`button:has-text("${t['leaving.read']}")`)
    expect(await second.textContent('main')).not.toContain(t['leaving.unread'])
    await second.click('button[value=withdrawn]')
    await second.goto(address)
    expect(await second.textContent('main')).not.toContain(t['desk.proceeding'])
    expect(await second.textContent('main')).not.toContain(t['desk.gone'].split('{')[0])
    await second.context().close()
    await clerk.context().close()

    const again = await enter(code, '1948', 'en')
    expect(await again.textContent('main')).toContain(t['hearing.withdrawn'])
    await again.context().close()
    // Five windows one after the other, on whatever machine.
  }, 240_000)
})
