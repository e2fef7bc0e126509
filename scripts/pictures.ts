import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { demoToken } from '../src/identity/demo-token.ts'
import { openBrowser } from '../tests/support/browser.ts'
import { scratchFolder, start } from '../tests/support/process.ts'

// The three pictures of the README, of the built service with invented people: npm run pictures

const FOLDER = 'docs/pictures'
mkdirSync(FOLDER, { recursive: true })
const folder = scratchFolder()
const service = await start(folder, { DEMO_NEIGHBOURS: '20' })
const browser = await openBrowser()
const take = (page: Page, name: string) => page.screenshot({ path: join(FOLDER, `${name}.png`) })
try {
  const { issuer, audience } = JSON.parse(readFileSync(join(folder.path, 'demo.json'), 'utf8'))
  const ask = async (client: string, path: string, body: object) => {
    const answer = await fetch(`${service.address}/v1/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await demoToken(issuer, { audience, clientId: client })}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, string> }
  }
  const person = { name: { given: 'Awa', family: ['Invented'] }, dateOfBirth: '1990~' }
  const address = { kind: 'no-fixed-address', usualArea: 'By the old station' }
  const { id = '' } = (await ask('clerk', 'neighbours', { ...person, address })).body

  const desk = await browser.newPage({ locale: 'en', viewport: { width: 760, height: 560 } })
  await desk.goto(`${service.address}/sign-in`)
  await desk.click('main a.govuk-button')
  await desk.click('button[value=clerk]')
  await desk.waitForURL('**/desk')
  await desk.goto(`${service.address}/desk/neighbours/${id}`)
  await take(desk, 'desk')
  await desk.click('button:has-text("Card")')
  const card = (await desk.textContent('.code'))?.trim() ?? ''

  const telephone = await browser.newPage({ locale: 'en', viewport: { width: 360, height: 640 } })
  await telephone.goto(`${service.address}/me/in`)
  await telephone.fill('#code', card)
  await telephone.fill('#word', '1990')
  await telephone.click('main button[type=submit]')
  await telephone.goto(`${service.address}/me/proof`)
  await telephone.click('button[value=library]')
  await telephone.waitForSelector('.qr')
  await telephone.locator('.qr').scrollIntoViewIfNeeded()
  await take(telephone, 'pass')

  const { token = '' } = (await ask('clerk', `neighbours/${id}/proofs`, { profile: 'library' })).body
  const question = { subject: { proof: token }, purpose: 'service-eligibility', fields: ['resident', 'residentSince'] }
  const lines = await Promise.all(
    ['library', 'border-agency'].map(async (client) => {
      const { status, body } = await ask(client, 'disclosures', question)
      return `<h2>${client}</h2><pre>${status} ${JSON.stringify(body, null, 2)}</pre>`
    }),
  )
  const refusal = await browser.newPage({ viewport: { width: 480, height: 430 } })
  await refusal.setContent(
    `<body style="font:16px sans-serif;margin:24px"><p>The same question about the same proof</p>${lines.join('')}</body>`,
  )
  await take(refusal, 'refusal')
} finally {
  await browser.close()
  await service.kill('SIGTERM')
  folder.remove()
}
