import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { openBrowser } from '../support/browser.ts'
import { type Stage, serveOn } from './stage.ts'

export interface DeskFigures {
  who: string
  keys: number
  loads: number
  /** At five keys a second, with what the pages took. */
  seconds: number
}

export interface PageFigures {
  page: string
  kilobytes: number
  requests: number
  /** Until it can be used, milliseconds, at 400 kbit/s, 400 ms away, on a processor four times slower. */
  usable: number
}

/** Milliseconds a key takes somebody who types without haste. */
const KEY = 200

/** A hand on a keyboard: counts what it does. */
function unit(page: Page) {
  const figures = { keys: 0, loads: 0, waited: 0 }
  page.on('load', () => {
    figures.loads += 1
  })
  return {
    figures,
    async type(id: string, text: string) {
      await page.focus(id)
      await page.keyboard.type(text)
      figures.keys += text.length + 1
    },
    async choose(id: string) {
      await page.check(id)
      figures.keys += 2
    },
    async renderer(selector: string) {
      const started = performance.now()
      await Promise.all([page.waitForEvent('load'), page.click(selector)])
      figures.waited += performance.now() - started
      figures.keys += 2
    },
  }
}
type Hand = ReturnType<typeof unit>

const submit = 'button[name=act][value=register]'
const SCRIPTS: [string, (own: Hand, page: Page) => Promise<void>][] = [
  [
    'a citizen with an address',
    async (own) => {
      await own.type('#p0_given', 'Montserrat')
      await own.type('#p0_family', 'Puig Soler')
      await own.type('#p0_born-day', '17')
      await own.type('#p0_born-month', '5')
      await own.type('#p0_born-year', '1971')
      await own.choose('#p0_evidence-photo-document')
      await own.choose('#where-dwelling')
      await own.type('#street', 'de la Pau')
      await own.type('#number', '12')
      await own.type('#floor', '3 2')
      await own.renderer(submit)
    },
  ],
  [
    'one name, no date of birth, no fixed address',
    async (own) => {
      await own.type('#p0_given', 'Tsering')
      await own.choose('#where-no-fixed-address')
      await own.renderer(submit)
    },
  ],
  [
    'a family of seven',
    async (own) => {
      for (let person = 1; person < 7; person += 1) await own.renderer('button[name=act][value=another]')
      for (const [i, name] of ['Mamadou', 'Aïssatou', 'Ibrahima', 'Fatou', 'Ousmane', 'Kadiatou', 'Alpha'].entries()) {
        await own.type(`#p${i}_given`, name)
        await own.type(`#p${i}_family`, 'Baldé')
        await own.type(`#p${i}_born-year`, String(1980 + i * 4))
      }
      await own.choose('#where-dwelling')
      await own.type('#street', 'del Carme')
      await own.type('#number', '77')
      await own.renderer(submit)
    },
  ],
  [
    'a protected survivor',
    async (own) => {
      await own.type('#p0_given', 'Elena')
      await own.type('#p0_family', 'Amagada Roig')
      await own.type('#p0_born-year', '1988')
      await own.choose('#where-no-fixed-address')
      await own.choose('#p0_protected')
      await own.renderer(submit)
    },
  ],
  [
    'a newborn, with who acts for it',
    async (own, page) => {
      await own.type('#p0_given', 'Noor')
      await own.type('#p0_family', 'Haddad')
      await own.type('#p0_born-day', '3')
      await own.type('#p0_born-month', '11')
      await own.type('#p0_born-year', '2026')
      await page.click('summary')
      own.figures.keys += 2
      await own.type('#p0_institution', 'Samira Haddad')
      await own.choose('#where-no-fixed-address')
      await own.renderer(submit)
    },
  ],
]

/** Registrations at the desk as a hand at a keyboard makes them, and the weight of pages on a slow telephone. */
export async function measureDesk(stage: Stage): Promise<{ desk: DeskFigures[]; pages: PageFigures[] }> {
  const service = await serveOn(await stage.database('desk_pages'))
  const browser = await openBrowser()
  try {
    const context = await browser.newContext({ locale: 'en' })
    const page = await context.newPage()
    await page.goto(`${service.address}/sign-in`)
    await page.click('main a.govuk-button')
    await page.click('button[value=clerk]')
    await page.waitForURL('**/desk')
    const desk: DeskFigures[] = []
    for (const [who, script] of SCRIPTS) {
      await page.goto(`${service.address}/desk/register`)
      const own = unit(page)
      await script(own, page)
      if (!/\/desk(\/neighbours\/|$)/.test(new URL(page.url()).pathname)) throw new Error(`not registered: ${who}`)
      const { keys, loads, waited } = own.figures
      desk.push({ who, keys, loads, seconds: (keys * KEY + waited) / 1000 })
      page.removeAllListeners('load')
    }
    const pages: PageFigures[] = []
    for (const path of ['/', '/v', '/me/in', '/complain', '/sign-in']) {
      const slow = await browser.newContext({ locale: 'en' })
      const tab = await slow.newPage()
      const session = await slow.newCDPSession(tab)
      await session.send('Network.enable')
      await session.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: 400,
        downloadThroughput: 50_000,
        uploadThroughput: 50_000,
      })
      await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
      let requests = 0
      let bytes = 0
      tab.on('response', async (response) => {
        requests += 1
        bytes += gzipSync(await response.body().catch(() => Buffer.alloc(0))).length
      })
      const started = performance.now()
      await tab.goto(service.address + path, { waitUntil: 'load' })
      const usable = performance.now() - started
      await tab.waitForTimeout(200)
      pages.push({ page: path, kilobytes: bytes / 1024, requests, usable })
      await slow.close()
    }
    return { desk, pages }
  } finally {
    await browser.close()
    await service.stop()
  }
}
