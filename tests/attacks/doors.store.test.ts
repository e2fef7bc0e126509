import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { StaffRole } from '../../src/firewall/requester.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// Every door of the service that takes the id of somebody or of something of theirs, as it is mounted: for everybody but
// supervisors, somebody who hides and somebody who is not there are answered alike. A new door is tried by existing.

const HIDDEN = { given: 'Desemboscada', family: ['Ullastrell'] }

let app: TestApp
/** What hangs on somebody who hides, by the names that doors give it. */
let ids: Record<string, string>
beforeAll(async () => {
  app = await openApp({ town: { backdateDays: 90 } })
  const by = (path: string, body: object, ifMatch?: number) =>
    app.ask<Record<string, string>>('POST', path, { as: 'supervisor', body, ...(ifMatch ? { ifMatch } : {}) })
  const { id, householdId } = await register(app, {
    name: HIDDEN,
    protected: true,
    since: '2015-01-01',
    contact: { email: 'hidden@mail.example' },
    representatives: [{ kind: 'institution', name: 'Casa Oberta' }],
    evidence: { strength: 'document', document: 'QQ-1234' },
  })
  const path = `/v1/neighbours/${id}`
  const twin = await register(app, { protected: true })
  const only = (table: string, where: string) => app.peek<{ id: string }>(`select id from ${table} where ${where}`)
  const own = `neighbour_id = '${id}'`
  const joins = await by(`${path}/joins`, { other: twin.id, reason: 'One face' })
  const proof = await by(`${path}/proofs`, { profile: 'library' })
  const gone = await by(
    `${path}/departures`,
    { cause: 'wrongly-registered', reason: 'Nobody there', informant: 'staff' },
    1,
  )
  const { proceedingId = '' } = gone.body
  await by(`${path}/departures/${proceedingId}/answers`, { text: 'I live here' })
  ids = {
    id,
    householdId,
    proceedingId,
    proceeding: proceedingId,
    answerId: (await only('proceeding_answers', own))[0]?.id ?? '',
    representationId: (await only('representatives', own))[0]?.id ?? '',
    residenceId: (await only('residences', own))[0]?.id ?? '',
    startId: (await only('said_starts', own))[0]?.id ?? '',
    proposalId: joins.body.id ?? '',
    other: twin.id,
    proof: proof.body.id ?? '',
  }
  Object.assign(ids, { representation: ids.representationId, start: ids.startId })
})
afterAll(() => app?.close())

const elsewhere = { kind: 'dwelling', streetName: 'de la Prova', number: '1' }
/** A body that each door of the API would accept, so that it is refused for nothing but whom it is about. */
const BODIES: Record<string, object> = {
  'PATCH /v1/neighbours/:id': { sex: 'x' },
  'POST /v1/neighbours/:id/residences': { address: elsewhere },
  'POST /v1/neighbours/:id/returns': { address: elsewhere },
  'POST /v1/neighbours/:id/confirmations': {},
  'POST /v1/neighbours/:id/departures': { cause: 'death' },
  'POST /v1/neighbours/:id/departures/:proceedingId/notice': { givenOn: '2026-11-20', by: 'in-person' },
  'POST /v1/neighbours/:id/departures/:proceedingId/answers': { text: 'I live here' },
  'POST /v1/neighbours/:id/departures/:proceedingId/answers/:answerId/reading': {},
  'POST /v1/neighbours/:id/departures/:proceedingId/opinion': { outcome: 'favourable', on: '2026-11-20' },
  'POST /v1/neighbours/:id/departures/:proceedingId/decision': { decision: 'withdrawn' },
  'POST /v1/neighbours/:id/representatives': { kind: 'institution', name: 'Casal' },
  'PATCH /v1/neighbours/:id/representatives/:representationId': { kind: 'guardian' },
  'POST /v1/neighbours/:id/representatives/:representationId/end': {},
  'POST /v1/neighbours/:id/protection': { protected: true, reason: 'asked for it' },
  'POST /v1/neighbours/:id/undo': {},
  'POST /v1/neighbours/:id/joins': { other: '00000000-0000-4000-8000-000000000000', reason: 'One face' },
  'POST /v1/neighbours/:id/joins/:other/apart': { reason: 'Two faces' },
  'POST /v1/neighbours/:id/joins/:proposalId/decision': { decision: 'refused' },
  'POST /v1/neighbours/:id/residences/:residenceId/start': { from: '2026-11-01', reason: 'Typed late' },
  'POST /v1/neighbours/:id/starts/:startId/decision': { decision: 'refused', reason: 'Nothing was shown' },
  'POST /v1/neighbours/:id/erasures': { ground: 'court' },
  'POST /v1/neighbours/:id/proofs': { profile: 'library' },
  'POST /v1/neighbours/:id/papers': { kind: 'individual', language: 'en' },
  'POST /v1/neighbours/:id/wallet-offers': { profile: 'library' },
  'POST /v1/proofs/:id/revocation': {},
}
/** What each form of the desk would be sent with. */
const FORM = {
  idempotencyKey: '11111111-1111-4111-8111-111111111111',
  version: '1',
  kind: 'individual',
  language: 'en',
  profile: 'library',
  given: 'Another',
  where: 'dwelling',
  street: 'de la Prova',
  number: '1',
  said: 'Desemboscada Ullastrell',
  protected: 'yes',
  reason: 'asked for it',
  institution: 'Casal',
  cause: 'death',
  sure: 'yes',
  decision: 'withdrawn',
  words: 'I live here',
  what: 'phone',
  ground: 'court',
}
/** Doors to something that is nobody's, or another room's: demands, letters, appointments, wallets, tiles. */
const OTHERS =
  /provider|access-requests|staff-activity|drawn-look-ups|officer-acts|\/flags\/|\/erasures\/:id|status-lists|signing-keys|credentials|ledger|counter|legal|attachments/

const doors = (under: string) => [
  ...new Set(
    app.routes
      .filter(
        ({ path, method }) => path.startsWith(under) && path.includes(':') && method !== 'ALL' && !OTHERS.test(path),
      )
      .map(({ method, path }) => `${method} ${path}`),
  ),
]
const filled = (path: string, known: boolean) =>
  path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = path.startsWith('/v1/proofs') ? ids.proof : ids[name]
    if (value === undefined || value === '') throw new Error(`nothing stands for :${name} of ${path}`)
    return known ? value : randomUUID()
  })
const plain = (text: string) =>
  text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
    .replaceAll(/nonce="[^"]*"|name="csrf" value="[^"]*"|data-key="[^"]*"|data-(idle|ends)="\d+"/g, '')

describe('somebody who hides and somebody who is not there', () => {
  it('are answered alike by every door of the API, whoever asks', async () => {
    const tried = doors('/v1/')
    expect(tried.length).toBeGreaterThan(25)
    for (const door of tried) {
      const [method = '', path = ''] = door.split(' ')
      const body = BODIES[door]
      if (method !== 'GET') expect(body, `${door} needs a body here`).toBeDefined()
      for (const as of ['clerk', 'second-clerk', 'legal', 'auditor', 'library']) {
        const asked = { as, purpose: 'counter-service', ifMatch: 1, ...(body ? { body } : {}) }
        const [there, nowhere] = [
          await app.ask(method, filled(path, true), asked),
          await app.ask(method, filled(path, false), asked),
        ]
        const seen = ({ status, text, headers }: typeof there) => ({
          status,
          text: plain(text),
          headers: [...headers].filter(([name]) => name !== 'request-id').map(([name]) => name),
        })
        expect(seen(there), `${door} as ${as}`).toEqual(seen(nowhere))
        expect(there.status, `${door} as ${as}`).toBeGreaterThanOrEqual(400)
      }
    }
  })

  it('are not alike to a supervisor, nor is a neighbour who hides nothing to a clerk: the doors do answer', async () => {
    const open = (await register(app)).id
    const read = doors('/v1/neighbours').filter((door) => door.startsWith('GET'))
    expect(read.length).toBeGreaterThan(3)
    for (const door of read) {
      const path = door.split(' ')[1] ?? ''
      const ask = async (as: string, id: string) =>
        (await app.ask('GET', path.replace(':id', id), { as, purpose: 'counter-service' })).status
      expect([await ask('supervisor', ids.id ?? ''), await ask('clerk', open)], door).toEqual([200, 200])
    }
  })

  it('are answered alike by every page of the desk', async () => {
    const tried = doors('/desk/')
    expect(tried.length).toBeGreaterThan(30)
    for (const role of ['clerk', 'legal', 'auditor'] satisfies StaffRole[]) {
      const me = await signedIn(app, { kind: 'staff', subject: `${role} of the doors`, role, office: DEMO_OFFICE })
      for (const door of tried) {
        const [method, path = ''] = door.split(' ')
        const knock = async (known: boolean) => {
          const address = filled(path, known)
          const answer = method === 'GET' ? await me.open(address) : await me.send(address, FORM, '/desk/sessions')
          const location = answer.headers.get('location') ?? ''
          return { status: answer.status, text: plain(await answer.text()), location: plain(location) }
        }
        expect(await knock(true), `${door} as ${role}`).toEqual(await knock(false))
      }
    }
  })
})

describe('lists and numbers', () => {
  it('say nothing of somebody who hides: with them and without them every page and list reads the same', async () => {
    const clerk = await signedIn(app, { kind: 'staff', subject: 'reader', role: 'clerk', office: DEMO_OFFICE })
    const lists = async () => {
      const pages: string[] = []
      for (const path of ['/desk/work', '/desk/years', '/desk/joins', '/desk/complaints'])
        pages.push(plain(await (await clerk.open(path)).text()))
      for (const path of ['/desk/unrepresented', '/desk/post'])
        pages.push(plain(await (await clerk.send(path, {}, '/desk/work')).text()))
      for (const path of ['/v1/starts', '/v1/municipality', '/v1/transparency'])
        pages.push(`${path} ${plain((await app.ask('GET', path, { as: 'clerk' })).text)}`)
      const said = { name: 'Desemboscada Ullastrell' }
      const search = { as: 'clerk', purpose: 'counter-service', body: said }
      const { body } = await app.ask<{ matches: unknown; more: unknown }>('POST', '/v1/neighbours/search', search)
      return [...pages, JSON.stringify([body.matches, body.more])]
    }
    const before = await lists()
    for (const text of before) for (const name of ['Desemboscada', ids.id ?? '']) expect(text).not.toContain(name)
    // As many again, with all that makes a list grow.
    const mother = await register(app, { protected: true })
    const { year } = app.clock.now().toZonedDateTimeISO('UTC')
    await register(app, {
      protected: true,
      since: `${year - 3}-01-01`,
      dateOfBirth: String(year - 5),
      address: { kind: 'no-fixed-address', usualArea: 'la platja' },
      representatives: [{ kind: 'institution', name: 'Casa Oberta' }],
    })
    const { body } = await app.ask<{ proceedingId: string }>('POST', `/v1/neighbours/${mother.id}/departures`, {
      as: 'supervisor',
      body: { cause: 'wrongly-registered', reason: 'Nobody there', informant: 'staff' },
      ifMatch: 1,
    })
    expect(body.proceedingId).toMatch(/-/)
    expect(await lists()).toEqual(before)
  })
})
