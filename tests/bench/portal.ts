import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { composeRooms } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { epochFile } from '../../src/keys/epoch-file.ts'
import { keyFileProvider } from '../../src/keys/key-file.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { registerNeighbour } from '../../src/registry/register/register.ts'
import { listMunicipalities } from '../../src/town/store.ts'
import { openBrowser } from '../support/browser.ts'
import { renderPdf } from '../support/render-pdf.ts'
import { percentile, townsperson } from './people.ts'
import { type Stage, serveOn } from './stage.ts'

export interface PortalFigures {
  /** From an empty browser to a proof on the screen, on a slow line and a processor four times slower. */
  first: { kilobytes: number; requests: number; seconds: number; taps: number }
  /** Milliseconds from a picture or a text to the answer, on a processor four times slower. */
  checking: { how: string; p50: number; p95: number }[]
  /** With so many residents at once; milliseconds. */
  load: { what: string; perSecond: number; p50: number; p95: number; ratio: number }[]
}

const RESIDENTS = 200
const CHECKS = 20
const SLOW = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 }
const clerk: Staff = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE, case: 'bench' }

interface Person {
  code: string
  word: string
  cookie: string
}

/** What a neighbour waits for: alone on a slow telephone, and among two hundred. */
export async function measurePortal(stage: Stage): Promise<PortalFigures> {
  const url = await stage.database('portal')
  const service = await serveOn(url, { TRUSTED_PROXIES: '1' })
  const database = openDatabase(postgresDialect(url, { connections: 4, role: 'padron_app' }))
  const browser = await openBrowser()
  try {
    const keys = keyFileProvider(
      join(service.folder, 'registry-keys.json'),
      epochFile(join(service.folder, 'epoch-keys')),
    )
    const rooms = composeRooms({ database, clock: systemClock, keys, policies: loadPolicies(cedar) })
    const [town] = await listMunicipalities(database)
    if (town === undefined) throw new Error('no town')
    const people: Person[] = []
    let paper = ''
    for (let i = 0; i < RESIDENTS + 1; i += 1) {
      const word = `word${i}`
      const key = `portal-${i}`
      let id = ''
      const registered = await registerNeighbour(
        rooms,
        { town, by: clerk },
        { form: townsperson(i), idempotencyKey: key },
      )
      registered.map((answer) => {
        id = answer.id
        return answer
      })
      const card = await giveCard(rooms, { town, by: clerk }, { source: 'desk', neighbourId: id, word })
      card.map(({ code }) => people.push({ code, word, cookie: '' }))
      paper = id
    }

    const context = await browser.newContext({ locale: 'en', viewport: { width: 360, height: 740 } })
    const page = await context.newPage()
    const session = await context.newCDPSession(page)
    await session.send('Network.enable')
    await session.send('Network.emulateNetworkConditions', SLOW)
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    const first = { kilobytes: 0, requests: 0, seconds: 0, taps: 0 }
    page.on('response', async (response) => {
      first.requests += 1
      first.kilobytes += gzipSync(await response.body().catch(() => Buffer.alloc(0))).length / 1024
    })
    const begun = performance.now()
    await page.goto(`${service.address}/me`)
    await page.fill('#code', people[RESIDENTS]?.code ?? '')
    await page.fill('#word', people[RESIDENTS]?.word ?? '')
    await page.click('form[action^="/me/in"] button')
    await page.waitForURL('**/me')
    const tap = async (selector: string) => {
      first.taps += 1
      await page.click(selector)
    }
    await tap('a[href^="/me/proof"]')
    await tap('button[value=library]')
    await page.waitForSelector('svg.qr')
    first.seconds = (performance.now() - begun) / 1000
    await context.close()

    const pdf = await fetch(`${service.address}/v1/neighbours/${paper}/papers`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${service.token}`,
        'content-type': 'application/json',
        'padron-purpose': 'counter-service',
        'idempotency-key': crypto.randomUUID(),
      },
      body: JSON.stringify({ kind: 'individual', language: 'ca' }),
    })
    const [picture = Buffer.alloc(0)] = await renderPdf(browser, new Uint8Array(await pdf.arrayBuffer()))
    const checking = await timeChecks(browser, service.address, picture)
    const load = await timeResidents(service.address, people.slice(0, RESIDENTS))
    return { first, checking, load }
  } finally {
    await browser.close()
    await database.destroy()
    await service.stop()
  }
}

async function timeChecks(browser: Awaited<ReturnType<typeof openBrowser>>, address: string, picture: Buffer) {
  const context = await browser.newContext({ locale: 'en' })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await page.goto(`${address}/v`)
  const taken: number[] = []
  for (let i = 0; i < CHECKS; i += 1) {
    await page.reload()
    const begun = performance.now()
    await page.setInputFiles('#photo', { name: 'photo.png', mimeType: 'image/png', buffer: picture })
    await page.waitForSelector('.answer.valid')
    taken.push(performance.now() - begun)
  }
  const { readQr } = await import('../support/read-qr.ts')
  const [code = ''] = await readQr(picture)
  const pasted: number[] = []
  for (let i = 0; i < CHECKS; i += 1) {
    await page.reload()
    await page.fill('#paste', code)
    const begun = performance.now()
    await page.click('#go')
    await page.waitForSelector('.answer.valid')
    pasted.push(performance.now() - begun)
  }
  await context.close()
  const row = (how: string, times: number[]) => ({ how, p50: percentile(times, 0.5), p95: percentile(times, 0.95) })
  return [row('a photo of a printed paper', taken), row('a QR code’s text', pasted)]
}

/** Everyone asks at once, over and over; the static page is asked in the same way, before and after. */
async function timeResidents(address: string, people: Person[]): Promise<PortalFigures['load']> {
  const agent = new Agent({ keepAlive: true, maxSockets: people.length })
  const { hostname, port, origin } = new URL(address)
  const ask = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    new Promise<{ status: number; cookie: string; text: string; milliseconds: number }>((resolve, reject) => {
      const begun = performance.now()
      const sent = request({ agent, hostname, port, method, path, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.once('end', () => {
          const [cookie = ''] = (response.headers['set-cookie']?.[0] ?? '').split(';')
          resolve({ status: response.statusCode ?? 0, cookie, text, milliseconds: performance.now() - begun })
        })
      })
      sent.once('error', reject)
      sent.end(body)
    })
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin }
  const everyone = async (
    what: string,
    rounds: number,
    one: (person: Person, i: number) => Promise<{ status: number; milliseconds: number }>,
    expected: number,
  ) => {
    const times: number[] = []
    const begun = performance.now()
    await Promise.all(
      people.map(async (person, i) => {
        for (let round = 0; round < rounds; round += 1) {
          const { status, milliseconds } = await one(person, i)
          if (status !== expected) throw new Error(`${what}: ${status}`)
          times.push(milliseconds)
        }
      }),
    )
    const perSecond = times.length / ((performance.now() - begun) / 1000)
    return { what, perSecond, p50: percentile(times, 0.5), p95: percentile(times, 0.95) }
  }
  const still = () => everyone('a page that is the same for everyone', 10, () => ask('GET', '/services', {}), 200)
  await still()
  const before = await still()
  const rows = [
    await everyone(
      'sign-in with a card',
      1,
      async (person, i) => {
        const body = new URLSearchParams({ code: person.code, word: person.word, to: '/me' }).toString()
        const headers = { ...form, 'x-forwarded-for': `192.0.2.${i}` }
        const answer = await ask('POST', '/me/in', { ...headers, 'content-length': String(body.length) }, body)
        person.cookie = answer.cookie
        return answer
      },
      303,
    ),
    await everyone('who looked', 5, (person) => ask('GET', '/me/looked', { cookie: person.cookie }), 200),
  ]
  const marks = new Map<Person, string>()
  for (const person of people) {
    const { text } = await ask('GET', '/me/proof', { cookie: person.cookie })
    marks.set(person, /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '')
  }
  rows.push(
    await everyone(
      'a proof on the screen',
      3,
      (person) => {
        const body = new URLSearchParams({
          csrf: marks.get(person) ?? '',
          profile: 'library',
          once: crypto.randomUUID(),
        }).toString()
        return ask('POST', '/me/proof', { ...form, cookie: person.cookie, 'content-length': String(body.length) }, body)
      },
      200,
    ),
  )
  const after = await still()
  agent.destroy()
  const base = (before.p95 + after.p95) / 2
  return [{ ...before, p95: base }, ...rows].map((row) => ({ ...row, ratio: row.p95 / base }))
}
