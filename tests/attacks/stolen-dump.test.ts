import { pgDump } from '@electric-sql/pglite-tools/pg_dump'
import anyAscii from 'any-ascii'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { inventedNeighbour } from '../../src/cli/invented-neighbours.ts'
import { seedNeighbours } from '../../src/cli/seed.ts'
import { openApp, type TestApp } from '../support/app.ts'

const PEOPLE = 200
let app: TestApp
let dump: string
/** The rows of it: the rest is the schema, which is public. */
let rows: string[]
let data: string
let bytes: Buffer
beforeAll(async () => {
  app = await openApp({ store: 'embedded' })
  await seedNeighbours(app.rooms, app.town, { officeId: DEMO_OFFICE, count: PEOPLE })
  const [person] = await app.peek<{ id: string }>('select id from neighbours where not protected limit 1')
  await app.ask('POST', '/v1/neighbours/search', {
    as: 'clerk',
    purpose: 'counter-service',
    body: { name: 'Fatou Diop' },
  })
  await app.ask('POST', `/v1/neighbours/${person?.id}/proofs`, { as: 'clerk', body: { profile: 'residence' } })
  await app.peek('select 1')
  if (app.pglite === undefined) throw new Error('no embedded database')
  await app.pglite.exec('reset role')
  dump = await (await pgDump({ pg: app.pglite })).text()
  rows = dump.split('\n').filter((line) => line.startsWith('INSERT INTO public.'))
  data = rows.map((row) => row.slice(row.indexOf(' VALUES '))).join('\n')
  // Sealed columns appear as hex: what is in them is looked through as well.
  bytes = Buffer.concat([...data.matchAll(/\\x([0-9a-f]+)/g)].map(([, hex]) => Buffer.from(hex ?? '', 'hex')))
})
afterAll(() => app?.close())

const residenceDates = new Set(Array.from({ length: PEOPLE }, (_, i) => inventedNeighbour(i).since?.slice(0, 7)))

/** What would name a seeded person: words of names, dates, streets, numbers, phones, descriptions. */
function secretsOf(i: number): string[] {
  // A month of birth can also be the month somebody else arrived, which is no secret.

  const { name, dateOfBirth, address, contact, evidence } = inventedNeighbour(i)
  const names = [name, name.transliteration].flatMap((one) => [one?.given, ...(one?.family ?? [])])
  const place = address as { streetName?: string; usualArea?: string; description?: string; name?: string }
  return (
    [
      ...names,
      dateOfBirth,
      place.streetName,
      place.usualArea,
      place.description,
      place.name,
      contact?.phone,
      evidence?.document,
    ]
      .filter((text) => text !== undefined)
      .filter((text) => [...text].length >= 4 || /\P{ASCII}/u.test(text))
      // The town's own reference address and its name are public; a bare year or short word occurs by chance.
      .filter(
        (text) => !/^\d{4}~?$/.test(text) && !residenceDates.has(text) && !JSON.stringify(app.town).includes(text),
      )
  )
}

function encodingsOf(text: string): string[] {
  const folded = text.normalize('NFD').replace(/\p{M}/gu, '')
  const spellings = new Set([
    text,
    text.toLowerCase(),
    text.toUpperCase(),
    text.normalize('NFC'),
    text.normalize('NFD'),
    folded,
    folded.toLowerCase(),
    anyAscii(text),
    anyAscii(text).toLowerCase(),
  ])
  return [...spellings].flatMap((spelling) => {
    const raw = Buffer.from(spelling)
    // Base64 at each of three offsets, without the characters its neighbours change.
    const base64 = [0, 1, 2].map((offset) =>
      Buffer.concat([Buffer.alloc(offset), raw])
        .toString('base64')
        .slice(offset === 0 ? 0 : offset + 1)
        .replace(/=*$/, '')
        .slice(0, -1),
    )
    const utf16 = Buffer.from(spelling, 'utf16le').toString('hex')
    // Ciphertext is random: what is short, or looks like hex, stands in it by chance.
    const readable = raw.length >= 4 && !/^[0-9a-f]{1,11}$/i.test(spelling)
    const clear = readable ? [spelling, JSON.stringify(spelling).slice(1, -1), encodeURIComponent(spelling)] : []
    return raw.length >= 6 ? [...clear, raw.toString('hex'), utf16, ...base64] : clear
  })
}

describe('a dump of the whole database, without the key', () => {
  it('is a real one, with everybody in it', async () => {
    expect(dump).toContain('PostgreSQL database dump')
    expect(rows.length).toBeGreaterThan(PEOPLE * 8)
    expect(bytes.length).toBeGreaterThan(PEOPLE * 500)
  })

  it('holds no name, birth date, street, phone or document of anyone, in any common encoding', () => {
    const found: string[] = []
    let looked = 0
    for (let i = 0; i < PEOPLE; i += 1) {
      for (const secret of secretsOf(i)) {
        for (const encoded of encodingsOf(secret)) {
          looked += 1
          if (data.includes(encoded) || (encoded.length >= 6 && bytes.includes(encoded)))
            found.push(`person ${i}: ${secret}`)
        }
      }
    }
    expect(looked).toBeGreaterThan(5_000)
    expect(found).toEqual([])
  })

  it('holds no link in clear between a person’s identity and a proof’s token', () => {
    expect(dump).not.toContain('eyJ')
  })

  it('would fail were something in clear: the same search finds what is public', () => {
    expect(encodingsOf(app.town.referenceAddress.name ?? '').some((encoded) => data.includes(encoded))).toBe(true)
  })
})
