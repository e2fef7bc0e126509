import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { SealBroken } from '../../src/keys/cipher.ts'
import { localKeyProvider } from '../../src/keys/key-provider.ts'
import { wrappedKey } from '../../src/keys/municipality-keys.ts'
import { unwrapDataKey } from '../../src/keys/seal.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { freshEpochs } from '../support/epochs.ts'
import { openRecord, register } from '../support/people.ts'
import { unseal } from '../support/unseal.ts'

// One wall is taken away, the other three stand. What an attacker gets is held against docs/threat-model.md.

const FACTS = {
  name: 'Zahra',
  'birth date': '1991-07-23',
  street: 'Passatge Invisible',
  phone: '+34 600 123 987',
  'document number': 'X7654321Q',
  nationality: 'Nowherean',
}

let app: TestApp
let id: string
const houses: TestApp[] = []
beforeEach(async () => {
  app = await openApp()
  houses.push(app)
  const person = await register(app, {
    name: { given: FACTS.name, family: ['Karimi'] },
    dateOfBirth: FACTS['birth date'],
    contact: { phone: FACTS.phone },
    address: { kind: 'dwelling', streetName: FACTS.street, number: '3' },
    evidence: { strength: 'photo-document', document: FACTS['document number'] },
  })
  id = person.id
})
afterAll(async () => {
  for (const one of houses) await one.close()
})

const table = readFileSync('docs/threat-model.md', 'utf8').split('<!-- one wall removed -->')[1] ?? ''
/** What the document says an attacker obtains. */
function promised(wall: string): string {
  const rows = table.split('\n').map((line) => line.split('|').map((one) => one.trim()))
  return rows.find(([, first]) => first === wall)?.[4] ?? 'the wall is not in the table'
}
const obtained = (haul: string) => {
  const facts = Object.entries(FACTS).filter(([, value]) =>
    [value, Buffer.from(value).toString('hex'), Buffer.from(value).toString('base64')].some((form) =>
      haul.includes(form),
    ),
  )
  return facts.map(([fact]) => fact).join(', ') || 'none'
}

const tables = async () =>
  (
    await app.peek<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
  ).map(({ name }) => name)
/** Every row of every table, as its superuser reads it. */
async function wholeDatabase(): Promise<string> {
  let haul = ''
  for (const name of await tables()) {
    const rows = await app.peek<{ text: string }>(`select one::text as text from ${name} one`)
    haul += rows.map(({ text }) => text).join('\n')
  }
  return haul
}

describe('without the wall', () => {
  it('minimise: a field that was added is all that is read', async () => {
    await app.peek('alter table neighbours add column nationality text')
    await app.peek(`update neighbours set nationality = '${FACTS.nationality}'`)
    expect(`${obtained(await wholeDatabase())}, of a random id`).toBe(promised('minimise'))
  })

  it('seal: what was never stored is not there', async () => {
    let haul = await wholeDatabase()
    const [person] = await app.peek<{ identity: Uint8Array; contact: Uint8Array }>(
      'select identity, contact from particulars',
    )
    const [address] = await app.peek<{ id: string; place: Uint8Array }>('select id, place from addresses')
    if (person === undefined || address === undefined) throw new Error('nothing to open')
    const open = async (key: string, name: string, column: string, row: string, sealed: Uint8Array) => {
      haul += JSON.stringify(await unseal(app, key, { table: name, column, row }, sealed))
    }
    await open(id, 'particulars', 'identity', `${id}/1`, person.identity)
    await open(id, 'particulars', 'contact', `${id}/1`, person.contact)
    await open(address.id, 'addresses', 'place', address.id, address.place)
    expect(obtained(haul)).toBe(promised('seal'))
  })

  it('half of the seal: the registry key opens nothing without the epoch keys', async () => {
    const haul = await wholeDatabase()
    const thief = localKeyProvider(app.material.current, freshEpochs())
    const rows = await app.peek<Parameters<typeof wrappedKey>[0]>('select * from data_keys')
    expect(rows.length).toBeGreaterThan(3)
    for (const row of rows) expect(() => unwrapDataKey(thief, wrappedKey(row))).toThrow(SealBroken)
    expect(obtained(haul)).toBe(promised('half of it'))
  })

  it('gate: the database refuses what is sealed, and gives nothing that says anything', async () => {
    const login = postgres(app.url('padron_app_login'), { max: 1, onnotice: () => {} })
    let haul = ''
    let refusals = 0
    for (const name of await tables()) {
      await login
        .begin(async (transaction) => {
          await transaction.unsafe(`select set_config('padron.municipality', '${app.town.id}', true)`)
          haul += JSON.stringify(await transaction.unsafe(`select one::text from ${name} one`))
        })
        .catch((error: { code?: string }) => {
          expect(error.code, name).toBe('42501')
          refusals += 1
        })
      // The gate's role gets ciphertext.
      await login
        .begin(async (transaction) => {
          await transaction.unsafe(
            `set local role padron_gate; select set_config('padron.municipality', '${app.town.id}', true)`,
          )
          haul += JSON.stringify(await transaction.unsafe(`select one::text from ${name} one`))
        })
        .catch((error: { code?: string }) => expect(error.code, name).toBe('42501'))
    }
    await login.end()
    expect(refusals).toBeGreaterThanOrEqual(7)
    expect(obtained(haul)).toBe(promised('gate'))
  })

  it('log: nothing is disclosed that cannot be written down', async () => {
    expect(obtained((await openRecord(app, id)).text)).toContain('name')
    await app.peek('revoke insert on ledger_entries from padron_app, padron_gate')
    const answer = await openRecord(app, id)
    expect(answer.status).toBe(500)
    const search = await app.ask('POST', '/v1/neighbours/search', {
      as: 'clerk',
      purpose: 'counter-service',
      body: { name: 'Zahra Karimi' },
    })
    expect(obtained(answer.text + search.text)).toBe(promised('log'))
  })
})
