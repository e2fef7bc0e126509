import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openBrowser } from '../support/browser.ts'
import { violations } from '../support/page.ts'
import { type Folder, type Running, scratchFolder, start } from '../support/process.ts'

let folder: Folder
let service: Running
let browser: Browser
beforeAll(async () => {
  folder = scratchFolder()
  ;[service, browser] = await Promise.all([start(folder, { DEMO_NEIGHBOURS: '1' }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  folder?.remove()
})

describe('the first page of a demonstration', () => {
  it('says what to try, with one click each: as a clerk, a neighbour, a library, and immigration enforcement', async () => {
    const t = LOCALES.en
    const open = async () => {
      const page = await (await browser.newContext({ locale: 'en' })).newPage()
      await page.goto(service.address)
      return page
    }
    const clerk = await open()
    expect(await violations(clerk)).toEqual([])
    await clerk.click(`text=${t['practice.clerk']}`)
    await clerk.waitForURL('**/desk')
    const neighbour = await open()
    await neighbour.click(`text=${t['practice.resident']}`)
    await neighbour.waitForURL('**/me')
    const library = await open()
    await library.click(`text=${t['practice.service']}`)
    expect(await library.textContent('main')).toContain(t['practice.answer'].split('{')[0])
    const agency = await open()
    const [answer] = await Promise.all([
      agency.waitForResponse(`${service.address}/demo/agency`),
      agency.click(`text=${t['practice.agency']}`),
    ])
    expect(answer.status()).toBe(403)
    expect(await agency.textContent('main')).not.toContain(t['practice.answer'].split('{')[0])
  })
})
