import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { offerEnrolment } from '../../../src/registry/person/offer-enrolment.ts'
import { heldBoxes } from '../../../src/web/plain.tsx'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { entriesOf } from '../../support/entries.ts'
import { openRecord, register } from '../../support/people.ts'
import { shownTo } from '../../support/shown.ts'
import { signedIn } from '../../support/signed-in.ts'
import { unseal } from '../../support/unseal.ts'

const t = LOCALES.en
const WORDS = 'asylum seeker'
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const desk = (role: 'clerk' | 'legal' = 'clerk') =>
  signedIn(app, { kind: 'staff', subject: `${role}-1`, role, office: DEMO_OFFICE })
/** Every draft as it lies in the database, opened. */
async function draftsKept(): Promise<string> {
  const rows = await app.peek<{ id: string; key: string; content: Uint8Array }>(
    'select id, data_key_id as key, content from drafts',
  )
  const opened = rows.map(({ id, key, content }) =>
    unseal(app, key, { table: 'drafts', column: 'content', row: id }, content),
  )
  return JSON.stringify(await Promise.all(opened))
}
const neighbours = async () => (await app.peek('select id from neighbours')).length
const counted = async () =>
  (await entriesOf(app, "action = 'plain-confirmed'")).filter(({ subject_id }) => subject_id === null).length
const form = (more: Record<string, string>) => ({
  act: 'register',
  idempotencyKey: randomUUID(),
  p0_given: `Visa ${randomUUID()}`,
  where: 'dwelling',
  street: 'Nou',
  ...more,
})

const LEAVES = { cause: 'wrongly-registered', informant: 'staff', sure: 'yes' }

describe('a form that the registry took none of', () => {
  it('comes back with its box, whatever the box is called on other forms', () => {
    // At the desk a reason is kept; of an objection it is the neighbour's own words.
    expect(Object.keys(heldBoxes(t, { why: WORDS, cause: 'other' }))).toEqual(['why'])
    expect(Object.keys(heldBoxes(t, { staff: 'X1234567L', cause: 'other' }))).toEqual(['staff'])
    expect(Object.keys(heldBoxes(t, { given: WORDS, reason: WORDS }))).toEqual(['reason'])
    expect(heldBoxes(t, { why: 'They moved' })).toEqual({})
  })
})

describe('a text that says too much, at the desk', () => {
  it.each(['street', 'number', 'floor', 'postcode', 'description', 'p0_contact', 'p0_institution'])(
    'comes back from the form with the reason beside it, and is kept where it is about something else: %s',
    async (box) => {
      const clerk = await desk()
      const [people, before] = [await neighbours(), await counted()]
      const typed = form({ [box]: box === 'postcode' ? 'visa' : box === 'floor' ? 'passport' : WORDS })
      const back = await clerk.send('/desk/register', typed, '/desk/register')
      const page = await back.text()
      expect(back.status).toBe(422)
      expect(page).toContain(`id="${box}-fault"`)
      expect(page).toContain(`value="${typed[box as keyof typeof typed]}"`)
      expect(page).toContain(t['desk.plain'])
      expect(page).not.toMatch(/name="plain"[^>]*checked/)
      expect([await neighbours(), await counted()]).toEqual([people, before])

      const kept = await clerk.send('/desk/register', { ...typed, plain: 'yes' }, '/desk/register')
      expect(kept.status).toBe(303)
      expect([await neighbours(), await counted()]).toEqual([people + 1, before + 1])
    },
  )

  it('is in no draft, which says where it was: kept by itself, by its button, or from a form that waited', async () => {
    const clerk = await desk()
    const typed = form({ street: WORDS, description: 'By the mill', act: 'draft' })
    const { id } = (await (await clerk.send('/desk/drafts', typed, '/desk')).json()) as { id: string }
    expect(await draftsKept()).toContain('By the mill')
    expect(await draftsKept()).not.toContain(WORDS)
    const again = await (await clerk.open(`/desk/register?draft=${id}`)).text()
    expect(again).toContain('id="street-fault"')
    expect(again).toContain(t['desk.heldDraft'])

    const before = await draftsKept()
    const pressed = await clerk.send('/desk/register', { ...form({ street: WORDS }), act: 'draft' }, '/desk')
    expect(pressed.status).toBe(422)
    expect(await draftsKept()).toBe(before)

    const waited = await clerk.send('/desk/register/kept', form({ street: WORDS, description: 'By the quay' }), '/desk')
    expect(waited.status).toBe(200)
    expect(await draftsKept()).toContain('By the quay')
    expect(await draftsKept()).not.toContain(WORDS)
  })

  it('comes back from a correction, a move, a departure and what a legal officer writes', async () => {
    const { id } = await register(app)
    const at = `/desk/neighbours/${id}`
    const clerk = await desk()
    const officer = await desk('legal')
    const sendings = [
      [clerk, `${at}/correct`, { given: 'Visa', contact: WORDS, version: '1' }, at],
      [clerk, `${at}/move`, { where: 'dwelling', street: WORDS, version: '2', idempotencyKey: randomUUID() }, at],
      [clerk, `${at}/leave`, { ...LEAVES, reason: WORDS, version: '3', idempotencyKey: randomUUID() }, at],
      [
        officer,
        '/desk/organisations/attestation',
        { organisation: DEMO_OFFICE, signed: 'DNI 12345678Z' },
        '/desk/organisations',
      ],
      [
        officer,
        '/desk/legal',
        { authority: 'A court', basis: WORDS, scope: 'All', function: 'court' },
        '/desk/legal',
        { box: 'document', bytes: Buffer.from('%PDF-1.7 invented') },
      ],
    ] as const
    for (const [who, path, fields, from, file] of sendings) {
      const before = await counted()
      const back = await who.send(path, fields, from, file)
      const page = await back.text()
      expect([path, back.status]).toEqual([path, 422])
      expect(page).toContain(t['desk.plain'])
      expect(page).toMatch(/asylum seeker|DNI 12345678Z/)
      const kept = await who.send(path, { ...fields, plain: 'yes' }, from, file)
      expect([path, kept.status]).toEqual([path, 303])
      expect([path, await counted()]).toEqual([path, before + 1])
    }
    expect(JSON.stringify(app.log)).not.toContain(WORDS)
  })

  it('is no case', async () => {
    const clerk = await desk()
    const answer = await clerk.send('/desk/case', { case: 'X1234567L', purpose: '', to: '/desk' }, '/desk')
    expect(answer.status).toBe(422)
    expect(await app.peek("select id from sessions where work_case = 'X1234567L'")).toEqual([])
  })
})

describe('a text that says too much, on a neighbour’s own pages', () => {
  it('comes back from how they are reached, where they moved and whom they name', async () => {
    const { id, version } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const last = Temporal.Now.plainDateISO().add({ months: 6 })
    const until = { 'until-day': String(last.day), 'until-month': String(last.month), 'until-year': String(last.year) }
    const sendings = [
      ['/me/change/reach', { contact: WORDS, version: String(version) }],
      [
        '/me/change/move',
        { where: 'dwelling', street: WORDS, version: String(version + 1), idempotencyKey: randomUUID() },
      ],
      ['/me/helpers', { name: 'Refugee Aid', 'for-library': 'yes', ...until }],
    ] as const
    for (const [path, fields] of sendings) {
      const before = await counted()
      const back = await me.send(path, fields, '/me/change')
      expect([path, back.status]).toEqual([path, 422])
      expect(await back.text()).toContain(t['desk.plain'])
      const kept = await me.send(path, { ...fields, plain: 'yes' }, '/me/change')
      expect([path, kept.status < 400]).toEqual([path, true])
      expect([path, await counted()]).toEqual([path, before + 1])
    }
    const by = await app.peek(
      "select 1 from ledger_entries where action = 'plain-confirmed' and requester_kind = 'job'",
    )
    expect(by).toHaveLength(sendings.length)
    expect((await openRecord(app, id)).body).toMatchObject({ contact: { other: WORDS } })
  })

  it('is no name of a device, and there is no passkey that would not be kept', async () => {
    const { id } = await register(app)
    const { code } = await shownTo(
      offerEnrolment(
        app.rooms,
        { town: app.town, by: { kind: 'staff', id: 'clerk-1', role: 'clerk', organisationId: DEMO_OFFICE } },
        { neighbourId: id, source: 'desk' },
      ),
    )
    const named = (device: string, more: object = {}) =>
      app.fetch(
        new Request('https://vallmar.example/me/enrol/options', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'content-type': 'application/json' },
          body: JSON.stringify({ device, code, ...more }),
        }),
      )
    expect(await (await named(WORDS)).json()).toMatchObject({ status: 422, code: 'says-too-much' })
    expect((await named(WORDS, { confirmedPlain: true })).status).toBe(200)
    expect((await named('Blue telephone')).status).toBe(200)
  })

  it('is never refused in what people write themselves, and the page says so once', async () => {
    const page = await (
      await app.fetch(new Request('https://vallmar.example/complain?lang=en', { headers: { host: 'vallmar.example' } }))
    ).text()
    expect(page).toContain(t['complaint.ownWords'].slice(0, 30))
    const form = new FormData()
    form.set('kind', 'refused')
    form.set('text', 'They asked for my NIE X1234567L and said I would be deported')
    const written = new Response(form)
    const body = await written.arrayBuffer()
    const headers = {
      host: 'vallmar.example',
      'content-type': written.headers.get('content-type') ?? '',
      'content-length': String(body.byteLength),
    }
    const sent = await app.fetch(new Request('https://vallmar.example/complain', { method: 'POST', headers, body }))
    expect(sent.status).toBe(201)

    const { id } = await register(app)
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const objected = await me.send('/me/change/object', { why: 'I was deported, X1234567L' }, '/me/change')
    expect(objected.headers.get('location')).toBe('/me/asked')
  })
})

describe('an organisation that applies', () => {
  it('gets back what may be about somebody’s papers, and may always say whom it reports to', async () => {
    const send = (fields: Record<string, string>) =>
      app.fetch(
        new Request('https://vallmar.example/providers/enrol', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': randomUUID() },
          body: new URLSearchParams({
            name: 'Refugee Library',
            identifier: 'VM-4004',
            'does-library': 'yes',
            links: 'We report to the immigration police',
            need: 'To renew cards',
            officer: 'An invented officer',
            contact: 'desk@example.org',
            attestation: 'yes',
            ...fields,
          }),
        }),
      )
    expect((await send({})).status).toBe(201)
    const need = { need: 'For X1234567L, an asylum seeker' }
    const back = await send(need)
    const page = await back.text()
    expect([back.status, page.includes('id="need-fault"'), page.includes('X1234567L')]).toEqual([422, true, true])
    expect((await send({ ...need, plain: 'yes' })).status).toBe(201)
  })
})
