import { randomUUID } from 'node:crypto'
import { extractSignature } from '@signpdf/utils'
import * as pki from 'pkijs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../../src/app.tsx'
import type { PaperOrder } from '../../../src/proofs/paper/paper.ts'
import { type ProofInvalid, verifyProof } from '../../../src/verify/index.ts'
import { openApp, type TestApp, tokenOf } from '../../support/app.ts'
import { openBrowser } from '../../support/browser.ts'
import { uploaded } from '../../support/demands.ts'
import { textOfPdf as textOf } from '../../support/pdf-text.ts'
import { register } from '../../support/people.ts'
import { proofsHeld } from '../../support/proofs.ts'
import { readQr } from '../../support/read-qr.ts'
import { renderPdf } from '../../support/render-pdf.ts'

let app: TestApp
let browser: Browser
beforeAll(async () => {
  app = await openApp()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await app?.close()
})

async function print(id: string, order: Partial<PaperOrder> = {}, as = 'clerk', key = randomUUID()) {
  const response = await app.fetch(
    new Request(`https://vallmar.example/v1/neighbours/${id}/papers`, {
      method: 'POST',
      headers: {
        host: 'vallmar.example',
        authorization: `Bearer ${await tokenOf(as)}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify({ kind: 'individual', language: 'ca', ...order }),
    }),
  )
  return { status: response.status, pdf: Buffer.from(await response.arrayBuffer()) }
}

const says = (pdf: Buffer, words: string) => textOf(pdf).includes(words)

const squareOf = async (pdf: Buffer) => {
  const [text] = await readQr((await renderPdf(browser, pdf))[0] ?? Buffer.alloc(0))
  if (text === undefined) throw new Error('no square could be read')
  return text
}
const check = (text: string) =>
  verifyProof(text, {
    issuer: app.town.issuer,
    fetch: (input, init) => app.fetch(new Request(input, { ...init, redirect: 'manual' })),
    now: Math.floor(app.clock.now().epochMilliseconds / 1000),
  })
const codeOn = (pdf: Buffer) => /Codi: ((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})/.exec(textOf(pdf))?.[1] ?? ''
const lookUp = (code: string, source = 'one') =>
  app.ask<{ token: string; code: string }>('POST', '/v1/check-codes', {
    body: { code },
    headers: { 'test-source': source },
  })

describe('a paper', () => {
  it.each([
    ['Latin', { given: 'Núria', family: ['Puig', 'Soler'] }],
    ['Arabic', { given: 'فاطمة الزهراء', family: ['بن علي'] }],
    ['Chinese', { given: '小明', family: ['王'] }],
    ['Cyrillic', { given: 'Олександр', family: ['Шевченко'] }],
    ['Tamil', { given: 'கவிதா', family: ['முருகன்'] }],
    ['Amharic', { given: 'አበበ', family: ['በቀለ'] }],
    ['Punjabi', { given: 'ਹਰਪ੍ਰੀਤ', family: ['ਸਿੰਘ', 'ਸੰਧੂ'] }],
    ['Thai', { given: 'สมชาย', family: ['ใจดี'] }],
  ])('in %s script shows the name, and its square proves it', async (_, name) => {
    const { id } = await register(app, { name, dateOfBirth: '1971-02-03' })
    const { status, pdf } = await print(id)
    expect(status).toBe(200)
    expect(says(pdf, name.given)).toBe(true)
    const square = await squareOf(pdf)
    expect(square).toMatch(/^HTTPS:\/\/VALLMAR\.EXAMPLE\/V#/)
    const proof = await check(square)
    expect(proof).toMatchObject({ service: 'residence', holderProved: false })
    expect(proof.claims).toMatchObject({
      resident: true,
      given_name: name.given,
      family_name: name.family.join(' '),
      birthdate: '1971-02-03',
    })
  })

  it('shows the name in Latin letters that the record holds, beside the name itself', async () => {
    const name = { given: 'ਹਰਪ੍ਰੀਤ', family: ['ਸਿੰਘ'], transliteration: { given: 'Harpreet', family: ['Singh'] } }
    const { id } = await register(app, { name })
    const said = textOf((await print(id, { kind: 'household' })).pdf)
    expect(said).toMatch(/ਹਰਪ੍ਰੀਤ\u2069 · \u2068Harpreet\u2069/)
    expect(said).toMatch(/ਹਰਪ੍ਰੀਤ ਸਿੰਘ\u2069 · \u2068Harpreet Singh\u2069/)
  })

  it('of a name in letters that no font has is printed in Latin ones, and says so', async () => {
    const name = { given: '𞤀𞤣𞤤𞤢𞤥', transliteration: { given: 'Aadlam' } }
    const { status, pdf } = await print((await register(app, { name })).id)
    expect(status).toBe(200)
    const said = textOf(pdf)
    expect(said).toContain('Aadlam')
    expect(said).not.toContain(name.given)
    expect(said).toContain('S’ha escrit amb lletres llatines')
    const alone = await print((await register(app, { name: { given: '𞤀𞤣𞤤𞤢𞤥' } })).id)
    expect(alone.status).toBe(200)
    expect(textOf(alone.pdf)).toContain('S’ha escrit amb lletres llatines')
  })

  it.each([
    ['seal', async () => Promise.reject(new Error('the seal is locked away'))],
    ['renderer', async () => async () => Promise.reject(new Error('out of paper'))],
  ] as const)(
    'that cannot be printed for want of a %s was never issued, and can be asked for again',
    async (_, papers) => {
      const { id } = await register(app)
      const issued = () => proofsHeld(app, id)
      const { renderer } = app.deps
      if (renderer === undefined) throw new Error('an app without a renderer')
      const broken = createApp({ ...app.deps, renderer: { ...renderer, papers } })
      const key = randomUUID()
      const request = async () =>
        new Request(`https://vallmar.example/v1/neighbours/${id}/papers`, {
          method: 'POST',
          headers: {
            host: 'vallmar.example',
            authorization: `Bearer ${await tokenOf('clerk')}`,
            'content-type': 'application/json',
            'idempotency-key': key,
          },
          body: JSON.stringify({ kind: 'individual', language: 'ca' }),
        })
      expect((await broken.fetch(await request())).status).toBe(500)
      expect(await issued()).toEqual([])
      expect((await app.fetch(await request())).status).toBe(200)
      expect(await issued()).toHaveLength(1)
    },
  )

  it('is tagged for screen readers, says its language, and carries only fonts of its own', async () => {
    const { id } = await register(app)
    const text = (await print(id, { language: 'fr' })).pdf.toString('latin1')
    for (const mark of ['/MarkInfo', '/StructTreeRoot', '/Lang (ca)', '/DisplayDocTitle true', '/OutputIntents'])
      expect(text, mark).toContain(mark)
    expect(text).toMatch(/<pdfaid:part>2<\/pdfaid:part>\s*<pdfaid:conformance>A</)
    expect(text).toContain('<pdfuaid:part>1</pdfuaid:part>')
    expect(text).not.toContain('Helvetica')
    for (const tag of ['/S /Document', '/S /H1', '/S /P', '/S /Figure']) expect(text, tag).toContain(tag)
    expect(text.match(/\/FontFile2/g)?.length).toBe(text.match(/\/Type \/FontDescriptor/g)?.length)
  })

  it('is sealed by the city, and one changed byte breaks the seal', async () => {
    const { id } = await register(app)
    const { pdf } = await print(id)
    expect(pdf.toString('latin1')).toContain('/SubFilter /ETSI.CAdES.detached')
    expect(await sealHolds(pdf)).toBe(true)
    // A reader looks for the seal in a dictionary; one that is a stream as well is no seal to it.
    const parts = [...pdf.toString('latin1').matchAll(/\/(?:Type|FT) \/Sig\n(.*?)\nendobj/gs)]
    expect(parts).toHaveLength(2)
    for (const [part] of parts) expect(part).not.toContain('stream')
    // Named in the town's first language.
    expect(pdf.toString('latin1')).toContain(Buffer.from('Vallmar · Padrón').toString('hex'))
    const altered = Buffer.from(pdf)
    altered[1000] = (altered[1000] ?? 0) ^ 1
    expect(await sealHolds(altered)).toBe(false)
  })

  it('of a household names everyone in it but the protected', async () => {
    const { id, householdId } = await register(app, { name: { given: 'Berenguera' } })
    const join = { address: undefined as never, householdId }
    await register(app, { name: { given: 'Guifreda' }, ...join })
    await register(app, { name: { given: 'Amagadina' }, ...join, protected: true })
    for (const as of ['clerk', 'supervisor']) {
      const { pdf } = await print(id, { kind: 'household' }, as)
      expect([says(pdf, 'Berenguera'), says(pdf, 'Guifreda'), says(pdf, 'Amagadina')]).toEqual([true, true, false])
    }
  })

  it('of a protected neighbour shows the reference address, in words and in the square', async () => {
    const { id } = await register(app, {
      name: { given: 'Discreta' },
      address: { kind: 'dwelling', streetName: 'Secret', number: '9' },
      protected: true,
    })
    expect((await print(id)).status).toBe(404)
    const { pdf } = await print(id, {}, 'supervisor')
    expect(says(pdf, 'Secret')).toBe(false)
    expect(says(pdf, 'de la Font')).toBe(true)
    expect((await check(await squareOf(pdf))).claims.address).toContain('de la Font')
  })

  it('with history lists every address since, and is given to nobody but the neighbour', async () => {
    const { id, version } = await register(app, {
      since: Temporal.Now.plainDateISO().subtract({ years: 2 }).toString(),
      address: { kind: 'dwelling', streetName: 'Antic', number: '1' },
    })
    await app.ask('POST', `/v1/neighbours/${id}/residences`, {
      as: 'clerk',
      body: { address: { kind: 'dwelling', streetName: 'Nou', number: '2' } },
      ifMatch: version,
    })
    const { pdf } = await print(id, { kind: 'historical' })
    expect([says(pdf, 'Antic 1'), says(pdf, 'Nou 2')]).toEqual([true, true])
    expect((await check(await squareOf(pdf))).claims).toMatchObject({ residence_gaps: [] })
    expect((await print(id, { kind: 'historical', handedTo: 'representative' })).status).toBe(409)
  })

  it('printed again with the same key is the same paper', async () => {
    const { id } = await register(app)
    const key = randomUUID()
    const [first, again] = [await print(id, {}, 'clerk', key), await print(id, {}, 'clerk', key)]
    expect(codeOn(again.pdf)).toBe(codeOn(first.pdf))
    expect(codeOn(first.pdf)).not.toBe('')
    expect(await squareOf(again.pdf)).toBe(await squareOf(first.pdf))
  })
})

describe('the code on a paper', () => {
  it('finds what its square holds, however it is typed', async () => {
    const { id } = await register(app)
    const { pdf } = await print(id)
    const code = codeOn(pdf)
    const square = await squareOf(pdf)
    for (const typed of [
      code,
      code.toLowerCase(),
      code.replaceAll('-', ' '),
      code.replaceAll('0', 'o').replaceAll('1', 'l'),
      code.replaceAll(/\d/g, (digit) => '٠١٢٣٤٥٦٧٨٩'[Number(digit)] ?? ''),
    ]) {
      const { status, body } = await lookUp(typed)
      expect(status).toBe(200)
      expect(square.endsWith(`#${body.token}`)).toBe(true)
    }
  })

  it('of a paper taken back, run out or never printed gives one and the same answer', async () => {
    const { id } = await register(app)
    const { pdf } = await print(id)
    const code = codeOn(pdf)
    const [proof] = await proofsHeld(app, id)
    await app.ask('POST', `/v1/proofs/${proof?.id}/revocation`, { as: 'clerk' })
    const answers = [
      await lookUp(code),
      await lookUp('0000-0000-0000-0000'),
      await lookUp('nonsense'),
      await lookUp('ABCD-EFGH-JKMN-PQRS'),
    ]
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 404, body: { code: 'no-such-code' } })
    expect(await check(await squareOf(pdf)).catch((error) => (error as ProofInvalid).code)).toBe('revoked')
  })

  it('finds a paper until it runs out, and not a second longer', async () => {
    const { id } = await register(app)
    const code = codeOn((await print(id)).pdf)
    const [kept] = await proofsHeld(app, id)
    const left = Date.parse(kept?.expiresAt ?? '') - app.clock.now().epochMilliseconds
    app.clock.advance({ milliseconds: left - 1000 })
    expect((await lookUp(code)).status).toBe(200)
    app.clock.advance({ milliseconds: 1000 })
    expect((await lookUp(code)).body).toMatchObject({ code: 'no-such-code' })
    app.clock.advance({ milliseconds: -left })
  })

  it('cannot be guessed at leisure, and one guesser does not shut out the others', async () => {
    for (let guess = 0; guess < 30; guess += 1)
      expect((await lookUp('0000-0000-0000-0000', 'guesser')).status).toBe(404)
    const { id } = await register(app)
    const code = codeOn((await print(id)).pdf)
    const late = await lookUp('0000-0000-0000-0000', 'guesser')
    expect(late.body).toMatchObject({ code: 'too-many-attempts' })
    expect(late.headers.get('retry-after')).toBe('600')
    // Who has a paper is shown it, wherever they are.
    expect((await lookUp(code, 'guesser')).status).toBe(200)
    expect((await lookUp(code, 'somebody else')).status).toBe(200)
    app.clock.advance({ minutes: 10 })
    expect((await lookUp('0000-0000-0000-0000', 'guesser')).status).toBe(404)
  })

  it('is nowhere in the database, and what it opens is sealed', async () => {
    const { id } = await register(app, { name: { given: 'Encapsulada' } })
    const { pdf } = await print(id)
    const rows = await app.peek<{ row: string }>('select check_codes::text as row from check_codes')
    expect(rows.length).toBeGreaterThan(0)
    const everything = rows.map(({ row }) => row).join(' ')
    const hex = (text: string) => Buffer.from(text).toString('hex')
    for (const text of [codeOn(pdf), codeOn(pdf).replaceAll('-', ''), 'Encapsulada'])
      expect([everything.includes(text), everything.includes(hex(text))], text).toEqual([false, false])
  })
})

describe('the letter that refuses a demand', () => {
  it('is printed and sealed, in every language of the town, for legal officers', async () => {
    const demand = {
      authority: { name: 'An invented bureau', functions: ['immigration-enforcement'] },
      purpose: 'immigration-control',
      basis: 'other',
      basisText: 'because',
      scope: 'everyone',
      fields: [],
      documentId: await uploaded(app),
    }
    const { body } = await app.ask<{ id: string; reference: string }>('POST', '/v1/access-requests', {
      as: 'legal',
      body: demand,
    })
    const letter = async (as: string) =>
      app.fetch(
        new Request(`https://vallmar.example/v1/access-requests/${body.id}/letter`, {
          headers: { host: 'vallmar.example', authorization: `Bearer ${await tokenOf(as)}` },
        }),
      )
    expect((await letter('clerk')).status).toBe(403)
    const pdf = Buffer.from(await (await letter('legal')).arrayBuffer())
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    expect(says(pdf, `Your request ${body.reference} is refused`)).toBe(true)
    expect(says(pdf, `طلبكم ${body.reference} مرفوض`)).toBe(true)
    expect(await sealHolds(pdf)).toBe(true)
  })
})

/** Whether a document's seal is over the whole of it and holds, as a reader of CMS that is asked plainly says. */
async function sealHolds(pdf: Buffer): Promise<boolean> {
  const { signedData } = extractSignature(pdf)
  const [, range = ''] = /\/ByteRange \[([\d ]+)\]/.exec(pdf.toString('latin1')) ?? []
  const [from = 1, first = 0, second = 0, length = 0] = range.trim().split(/ +/).map(Number)
  if (from !== 0 || second + length !== pdf.length) return false
  // As long as its own DER says: the zeros that fill the place up are no part of it, but its last byte may be one.
  const filled = Buffer.from(pdf.toString('latin1', first + 1, second - 1), 'hex')
  const info = pki.ContentInfo.fromBER(Uint8Array.from(filled.subarray(0, 4 + filled.readUInt16BE(2))).buffer)
  const signed = new pki.SignedData({ schema: info.content })
  return signed.verify({ signer: 0, data: Uint8Array.from(signedData).buffer }).catch(() => false)
}
