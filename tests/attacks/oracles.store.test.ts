import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'

// Somebody who may learn nothing asks everything that answers, to hear from the answer whether a person lives here.

let app: TestApp
let known: { id: string }
let proof: string
let statusList: string
beforeAll(async () => {
  app = await openApp()
  known = await register(app, { name: { given: 'Salma', family: ['Benali'] } })
  const issued = await app.ask<{ token: string }>('POST', `/v1/neighbours/${known.id}/proofs`, {
    as: 'clerk',
    body: { profile: 'library' },
  })
  proof = issued.body.token
  statusList = JSON.parse(Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString()).status.status_list.uri
})
afterAll(() => app?.close())

const shape = ({ status, text, headers }: Answer) => ({
  status,
  text,
  headers: [...headers].filter(([name]) => name !== 'request-id'),
})
const unknown = crypto.randomUUID()

describe('the same answer, byte for byte, whether or not somebody lives here', () => {
  const paths: [string, string, (id: string) => string][] = [
    ['GET', 'a record', (id) => `/v1/neighbours/${id}`],
    ['GET', 'a history', (id) => `/v1/neighbours/${id}/history`],
    ['POST', 'a proof', (id) => `/v1/neighbours/${id}/proofs`],
    ['POST', 'a departure', (id) => `/v1/neighbours/${id}/departures`],
    ['POST', 'a residence', (id) => `/v1/neighbours/${id}/residences`],
  ]
  it.each(paths)('%s %s', async (method, _, path) => {
    const bodies: Record<string, unknown> = {
      proofs: { profile: 'library' },
      departures: { cause: 'death' },
      residences: { address: { kind: 'no-fixed-address' } },
    }
    const body = bodies[path('x').split('/').at(-1) ?? '']
    for (const as of ['library', 'border-agency', 'auditor', undefined]) {
      const asked = { ...(as ? { as } : {}), purpose: 'counter-service', ifMatch: 1, ...(body ? { body } : {}) }
      const [here, nowhere] = [
        await app.ask(method, path(known.id), asked),
        await app.ask(method, path(unknown), asked),
      ]
      expect([401, 403], `${as}`).toContain(here.status)
      expect(shape(here), `${as}`).toEqual(shape(nowhere))
    }
  })

  it('a search by somebody who may not search', async () => {
    const search = (name: string) =>
      app.ask('POST', '/v1/neighbours/search', { as: 'border-agency', purpose: 'counter-service', body: { name } })
    expect(shape(await search('Salma Benali'))).toEqual(shape(await search('Nobody Nowhere')))
  })
})

describe('what is public', () => {
  it('is the same before and after somebody registers', async () => {
    const read = async () => {
      const answers: unknown[] = []
      for (const path of [
        '/health/live',
        '/health/ready',
        new URL(statusList).pathname,
        '/.well-known/jwks.json',
        '/v1/services',
        '/v1/purposes',
      ]) {
        const { status, text, headers } = await app.ask('GET', path)
        const token = path.includes('status') ? Buffer.from(text.split('.')[1] ?? '', 'base64url').toString() : text
        answers.push({ path, status, list: /"lst":"[^"]*"/.exec(token)?.[0] ?? text, etag: headers.get('etag') })
      }
      return answers
    }
    const before = await read()
    await register(app)
    await openRecord(app, known.id)
    expect(await read()).toEqual(before)
  })

  it('verification says of a proof what is in it and of nothing else anything', async () => {
    const verify = (token: string) => app.ask<{ valid: boolean }>('POST', '/v1/verifications', { body: { token } })
    expect((await verify(proof)).body.valid).toBe(true)
    const [head, payload, signature] = proof.split('~')[0]?.split('.') ?? []
    const other = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()), sub: 'x' }),
    )
    const forged = [`${head}.${other.toString('base64url')}.${signature}~`, 'nonsense', `${head}..${signature}~`]
    for (const token of forged) expect((await verify(token)).body.valid).toBe(false)
  })
})

it('nothing of anyone is in the log, in an error or in a header, whatever goes wrong', async () => {
  const canaries = ['Salma', 'Benali', 'Canaria', '1987-06-05', '+34699000111', 'Y1234567Z']
  const form = {
    name: { given: 'Canaria', family: ['Benali'] },
    dateOfBirth: '1987-06-05',
    contact: { phone: '+34699000111' },
    evidence: { strength: 'document', document: 'Y1234567Z' },
    address: { kind: 'no-fixed-address' },
  }
  let errors = ''
  const keep = (answer: Answer) => {
    errors += [...answer.headers].map(String).join()
    if (answer.status >= 400 && answer.status !== 409) errors += answer.text
  }
  const post = (path: string, body: unknown, as = 'clerk') =>
    app.ask('POST', path, { as, body, purpose: 'counter-service' })
  keep(await post('/v1/neighbours', form))
  keep(await post('/v1/neighbours', form))
  keep(await post('/v1/neighbours', { ...form, nationality: 'Canaria' }))
  keep(await post('/v1/neighbours', { ...form, dateOfBirth: '1987-06-05-Canaria' }))
  keep(await post('/v1/neighbours', { ...form, householdId: unknown, address: undefined }))
  keep(await post('/v1/neighbours/search', { name: 'Canaria Benali' }))
  keep(await post('/v1/neighbours/search', { name: 'Canaria' }))
  keep(await post('/v1/neighbours/search', { name: 'Canaria Benali' }, 'border-agency'))
  keep(await post(`/v1/neighbours/${known.id}/departures`, { cause: 'death', reason: 'Canaria' }))
  keep(await app.ask('GET', '/v1/neighbours?name=Canaria%20Benali', { as: 'clerk' }))
  keep(await app.ask('GET', '/Canaria/Benali'))
  await app.peek('alter table ledger_entries rename to ledger_entries_gone')
  keep(await openRecord(app, known.id))
  keep(await post('/v1/neighbours', form))
  await app.peek('alter table ledger_entries_gone rename to ledger_entries')
  const said = JSON.stringify(app.log) + errors
  expect(app.log.length).toBeGreaterThan(10)
  expect(canaries.filter((canary) => said.includes(canary) || said.includes(encodeURIComponent(canary)))).toEqual([])
})
