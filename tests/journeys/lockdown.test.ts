import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import lockdown from '../../policies/lockdown.json'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openBrowser } from '../support/browser.ts'
import { embeddedFolder } from '../support/migrated.ts'
import { shot } from '../support/page.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'

// Officers close the registry in the pages; everybody opens theirs in a browser; officers lift it again.

const t = LOCALES.en
let folder: Folder
let service: Running
let browser: Browser
beforeAll(async () => {
  folder = scratchFolder(await embeddedFolder())
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '3' }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

/** A page of a browser of its own, in which somebody of the staff has signed in. */
async function seat(who: string): Promise<Page> {
  const page = await anybody()
  await page.goto(`${service.address}/sign-in`)
  await page.click('main a.govuk-button')
  await page.click(`button[value=${who}]`)
  await page.waitForURL(`${service.address}/**`)
  return page
}
const anybody = async () =>
  (await browser.newContext({ locale: 'en', viewport: { width: 1024, height: 900 } })).newPage()

/** Registers somebody, who comes in with the card they are given. */
async function resident(clerk: Page): Promise<Page> {
  await clerk.goto(`${service.address}/desk/register`)
  await clerk.fill('#p0_given', 'Tashi')
  await clerk.fill('#p0_born-year', '1990')
  await clerk.check('#where-no-fixed-address')
  await clerk.click('button[name=act][value=register]')
  await clerk.waitForSelector('.govuk-notification-banner--success')
  await clerk.click(`text=${t['entrance.card']}`)
  const code = (await clerk.textContent('.printed-card .code'))?.trim() ?? ''
  const page = await anybody()
  await page.goto(`${service.address}/me/in`)
  await page.fill('#code', code)
  await page.fill('#word', '1990')
  await page.click('main button[type=submit]')
  await page.waitForSelector(`text=${t['entrance.get']}`)
  return page
}

/** The pages in the table of what goes on. */
const table = lockdown.flatMap(({ goesOn, doors }) =>
  doors.flatMap((door) => {
    const [as = '', method, path = ''] = door.split(' ')
    return method === 'GET' && !/^\/(v1|\.well-known)\/|:/.test(path) ? [{ path, as, open: goesOn }] : []
  }),
)

it('a registry is closed, each page of the table is what it says, and it is opened again, all in a browser', async () => {
  const clerk = await seat('clerk')
  const seats: Record<string, Page> = { clerk, resident: await resident(clerk), anybody: await anybody() }
  for (const role of ['supervisor', 'legal', 'auditor']) seats[role] = await seat(role)
  const officers = [seats.legal as Page, await seat('second-legal'), await seat('third-legal')]
  const vote = async (officer: Page, button: string) => {
    await officer.goto(`${service.address}/desk/lockdown`)
    await officer.click(`button >> text=${button}`)
  }
  for (const officer of officers.slice(0, 2)) await vote(officer, t['legal.voteClose'])

  expect(table.length).toBeGreaterThan(20)
  const found = []
  for (const { path, as } of table) {
    const page = seats[as] as Page
    const answer = await page.goto(service.address + path)
    const heading = (await page.textContent('h1')) ?? ''
    const closed = (await page.locator(`main >> text=${t['session.locked']}`).count()) > 0 && answer?.status() === 403
    if (closed) expect(await page.locator('main a[href="/desk/lockdown"]').count()).toBeGreaterThan(0)
    else expect([path, answer?.status(), heading.length > 0]).toEqual([path, 200, true])
    found.push({ path, as, open: !closed })
  }
  expect(found).toEqual(table)
  await shot(seats.legal as Page, 'lockdown-legal')

  for (const officer of officers) await vote(officer, t['legal.voteOpen'])
  const record = await (seats.legal as Page).goto(`${service.address}/desk/legal`)
  expect(record?.status()).toBe(200)
})
