import { randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { correction, generate } from 'lean-qr'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { qrText, signCompact } from '../../src/proofs/compact.ts'
import { profiles } from '../../src/proofs/profiles.ts'
import type { SigningKey } from '../../src/proofs/sd-jwt.ts'
import { openBrowser } from '../support/browser.ts'
import { inventedWord } from '../support/people.ts'
import { readQr } from '../support/read-qr.ts'

let key: SigningKey
let browser: Browser
beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const kid = await calculateJwkThumbprint(await exportJWK(pair.publicKey))
  key = { kid, algorithm: 'ES256', privateKey: pair.privateKey }
  browser = await openBrowser()
})
afterAll(() => browser?.close())

const ISSUER = 'https://padron.vallmar.example'

/** What a well-filled record says under each claim. */
const FULL: Record<string, unknown> = {
  given_name: 'Maria del Carme',
  family_name: 'Fernández de Castro Puigdevall',
  birthdate: '1984-11-30',
  address: {
    kind: 'dwelling',
    streetType: 'avinguda',
    streetName: 'de la Mare de Déu del Carme',
    number: '128',
    stair: 'B',
    floor: '3',
    door: '2',
    postcode: '99001',
  },
  district: '03',
  resident_since: '2019-03-01',
  household_size: 5,
  continuous_residence_since: '2021-06-01',
  residence_gaps: ['2020-12-01/2021-06-01'],
}

async function squareFor(profileId: string, more: Record<string, unknown> = {}) {
  const profile = profiles.get(profileId)
  if (profile === undefined) throw new Error('no such profile')
  const claims = Object.fromEntries(profile.claims.map((claim) => [claim, { ...FULL, ...more }[claim] ?? true]))
  const iat = 1_790_000_000
  const terms = {
    iss: ISSUER,
    aud: profileId,
    iat,
    exp: iat + 86_400 * profile.validityDays,
    statusListId: randomUUID(),
    statusIndex: 734_003,
  }
  const text = qrText(ISSUER, await signCompact(key, terms, claims))
  const code = generate(text, { minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M })
  return { text, code, version: (code.size - 17) / 4 }
}

describe('the square on a paper', () => {
  it('is of version 15 at most for the general proof, at level M, and no larger for any other', async () => {
    const versions: Record<string, number> = {}
    for (const id of profiles.keys()) versions[id] = (await squareFor(id)).version
    expect(versions.residence).toBeLessThanOrEqual(15)
    for (const [id, version] of Object.entries(versions)) expect(version, id).toBeLessThanOrEqual(15)
  })

  it('is read a hundred times out of a hundred when scanned askew, at 150 dots an inch, and blurred', async () => {
    const page = await browser.newPage({ viewport: { width: 420, height: 420 } })
    let read = 0
    for (let i = 0; i < 100; i += 1) {
      const { text, code } = await squareFor('residence', {
        given_name: inventedWord(i),
        family_name: inventedWord(i + 900),
      })
      let path = ''
      for (let y = 0; y < code.size; y += 1)
        for (let x = 0; x < code.size; x += 1) if (code.get(x, y)) path += `M${x} ${y}h1v1h-1z`
      // 150 points on the paper are 312 dots at 150 an inch; the quiet zone is the paper's own.
      await page.setContent(
        `<body style="margin:0;background:#f4f2ee"><svg style="margin:54px;transform:rotate(7deg);filter:blur(1px);background:#f4f2ee" width="282" height="282" viewBox="0 0 ${code.size} ${code.size}"><path fill="#26221e" d="${path}"/></svg>`,
      )
      if ((await readQr(await page.screenshot())).includes(text)) read += 1
    }
    await page.close()
    expect(read).toBe(100)
  })
})
