import { randomUUID, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { serveWitness } from '../../src/cli/ledger.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { signInWithCard } from '../../src/identity/sign-in-with-card.ts'
import { verifierKey } from '../../src/ledger/checkpoint.ts'
import { askWitness, WITNESS, witnessAt } from '../../src/ledger/cosigning.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { documentSeal, questionSeal, renewSeal, sealTerm } from '../../src/proofs/paper/document-seal.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { shownTo } from '../support/shown.ts'
import { signedIn } from '../support/signed-in.ts'

// Twelve years of one town by its own clock: what ends, ends on its day, and what does not goes on.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
const clerk: Staff = { kind: 'staff', id: 'clerk-1', role: 'clerk', organisationId: DEMO_OFFICE, case: 'T-1' }
const now = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid')
/** Goes on to a day, counted from the first. */
async function until(day: Temporal.ZonedDateTime) {
  app.clock.advance({ seconds: Math.ceil(day.epochMilliseconds / 1000 - now().epochMilliseconds / 1000) })
}
const open = (path: string) =>
  app.fetch(
    new Request(`https://vallmar.example${path}`, { headers: { host: 'vallmar.example', 'accept-language': 'en' } }),
  )
const resident = (subject: string) => signedIn(app, { kind: 'resident', subject })

describe('twelve years of a town', () => {
  it('end each thing on its day, and go on with the rest', async () => {
    const began = now()
    const { id } = await register(app, { dateOfBirth: '1990-05-17' })
    const { code } = await shownTo(
      giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'molinet' }),
    )
    const enter = () => signInWithCard(app.rooms, app.town, { typed: { code, word: 'molinet' }, source: randomUUID() })
    const proof = async () => {
      const { body } = await app.ask<{ token: string; expiresAt: string }>('POST', `/v1/neighbours/${id}/proofs`, {
        as: 'clerk',
        body: { profile: 'library' },
      })
      return body
    }
    const valid = async (token: string) =>
      (await app.ask<{ valid: boolean }>('POST', '/v1/verifications', { body: { token } })).body.valid
    const paper = async () => {
      const me = await resident(id)
      return me.send('/me/paper', { profile: 'library', idempotencyKey: randomUUID() }, '/me/proof')
    }

    // The first day: a proof, a paper and a draft.
    const first = await proof()
    expect(await valid(first.token)).toBe(true)
    expect((await paper()).headers.get('content-type')).toBe('application/pdf')
    const desk = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    await desk.send('/desk/drafts', { p0_given: 'Esborrany' }, '/desk/register')
    expect(await (await desk.open('/desk/work')).text()).toContain('Esborrany')

    // A week and a day: the draft is gone, and the session of that day long before.
    await until(began.add({ days: 8 }))
    expect((await desk.open('/desk/work')).status).toBe(303)
    const again = await signedIn(app, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
    expect(await (await again.open('/desk/work')).text()).not.toContain('Esborrany')

    // A proof ends on the day that stands on it.
    const expires = Temporal.Instant.from(first.expiresAt).toZonedDateTimeISO('Europe/Madrid')
    await until(expires.subtract({ minutes: 5 }))
    expect(await valid(first.token)).toBe(true)
    await until(expires.add({ minutes: 5 }))
    expect(await valid(first.token)).toBe(false)
    expect(await valid((await proof()).token)).toBe(true)

    // After two years they are asked whether they still live here; nothing lapses of silence.
    await until(began.add({ months: 23 }))
    expect(await (await (await resident(id)).open('/me')).text()).not.toContain(t['change.hereLead'])
    await until(began.add({ months: 25 }))
    expect(await (await (await resident(id)).open('/me')).text()).toContain(t['change.hereLead'])
    expect(await enter()).toMatchObject({ neighbourId: id })

    // A card that nobody used for three years is asked for at a counter, and another is given there.
    await until(began.add({ months: 25 }).add({ years: 3, days: 1 }))
    await expect(enter()).rejects.toMatchObject({ code: 'card-asleep' })
    expect(await valid((await proof()).token)).toBe(true)

    await questionSeal(app.rooms, app.town)
    // The seal of papers: sixty days before its end everybody who looks is told, then it seals nothing, and a command renews it.
    const { until: ends } = (await sealTerm(app.rooms, app.town)) ?? { until: '' }
    const end = Temporal.Instant.from(ends).toZonedDateTimeISO('Europe/Madrid')
    expect(end.year - began.year).toBe(10)
    await until(end.subtract({ days: 62 }))
    expect(await (await open('/status')).text()).not.toContain(t['openData.sealSoon'])
    await until(end.subtract({ days: 59 }))
    expect(await (await open('/status')).text()).toContain(t['openData.sealSoon'])
    expect((await paper()).status).toBe(200)
    await until(end.add({ hours: 1 }))
    const refused = await paper()
    expect([refused.status, (await refused.text()).includes(t['problem.sealOver'])]).toEqual([503, true])
    await expect(documentSeal(app.rooms, app.town)).rejects.toMatchObject({ code: 'seal-over' })
    // What signs questions to wallets needs nobody: another takes its place.
    const asking = await questionSeal(app.rooms, app.town)
    expect(new X509Certificate(asking.certificate).validToDate.getTime()).toBeGreaterThan(
      app.clock.now().add({ hours: 24 }).epochMilliseconds,
    )
    await renewSeal(app.rooms, app.town)
    expect((await paper()).headers.get('content-type')).toBe('application/pdf')
    expect(await (await open('/status')).text()).not.toContain(t['openData.sealSoon'])

    // Twelve years on proofs are made and hold, lists of what was taken back are fresh, and nobody was forgotten by themself.
    await until(began.add({ years: 12 }))
    const last = await proof()
    expect(await valid(last.token)).toBe(true)
    const lists = await app.peek<{ id: string }>('select id from status_lists limit 1')
    expect((await open(`/status-lists/${lists[0]?.id}`)).status).toBe(200)
    expect(await app.peek('select from erasures')).toEqual([])
    expect((await (await resident(id)).open('/me/record')).status).toBe(200)
  }, 300_000)

  it('end what others were given or asked, each on its day: attestations, offers, proceedings, confirmations; a witness comes back', async () => {
    const began = now()
    const { id } = await register(app)
    const officer = (subject: string) => signedIn(app, { kind: 'staff', subject, role: 'legal', office: DEMO_OFFICE })
    const grow = () => sequencer(app.database).place(app.town.id, signer)
    const signer = await app.rooms.signers.of(app.town)

    // A witness signs, and goes away for years.
    const folder = mkdtempSync(join(tmpdir(), 'padron-away-'))
    const log = verifierKey(signer)
    const first = await serveWitness({ name: 'away.example', folder, port: 0, logs: [log] })
    await grow()
    expect(
      await askWitness(app.deps, app.town.id, { witness: witnessAt(`http://127.0.0.1:${first.port}`, first.key) }),
    ).toBe(true)
    await new Promise((resolve) => first.server.close(resolve))

    // An offer to a wallet is good for ten minutes.
    const code = async () => {
      const { body } = await app.ask<{ offer: string; transactionCode: string }>(
        'POST',
        `/v1/neighbours/${id}/wallet-offers`,
        { as: 'clerk', body: { profile: 'library', handedTo: 'neighbour' } },
      )
      const { grants } = JSON.parse(new URL(body.offer).searchParams.get('credential_offer') ?? '{}')
      const grant = 'urn:ietf:params:oauth:grant-type:pre-authorized_code'
      return {
        grant_type: grant,
        'pre-authorized_code': grants[grant]['pre-authorized_code'],
        tx_code: body.transactionCode,
      }
    }
    const takes = async (form: Record<string, string>) =>
      (
        await app.fetch(
          new Request('https://vallmar.example/wallet/token', {
            method: 'POST',
            headers: { host: 'vallmar.example' },
            body: new URLSearchParams(form),
          }),
        )
      ).status
    const [taken, late] = [await code(), await code()]
    app.clock.advance({ minutes: 9 })
    expect(await takes(taken)).toBe(200)
    app.clock.advance({ minutes: 2 })
    expect(await takes(late)).toBe(400)

    // A proceeding runs from the notice for as long as the town says, and not a day less.
    const doubted = await register(app)
    const opened = await app.ask<{ proceedingId: string }>('POST', `/v1/neighbours/${doubted.id}/departures`, {
      as: 'clerk',
      body: { cause: 'wrongly-registered', reason: 'Three letters came back.', informant: 'staff' },
      ifMatch: 1,
    })
    const step = async (what: string, as: string, body: object) =>
      app.ask('POST', `/v1/neighbours/${doubted.id}/departures/${opened.body.proceedingId}/${what}`, { as, body })
    await step('notice', 'clerk', { givenOn: now().toPlainDate().toString(), by: 'in-person' })
    const given = now()
    const approve = () => step('decision', 'second-clerk', { decision: 'approved' })
    await until(given.add({ days: app.town.departureNoticeDays }))
    expect((await approve()).body.code).toBe('notice-running')
    await until(given.add({ days: app.town.departureNoticeDays + 1 }))
    expect((await approve()).status).toBe(200)

    // An attestation of an organisation ends with its twelve months, which its machine is told; two officers take another.
    const standing = async () =>
      (
        await app.ask<{ answered: boolean; because: { reason: string }[]; attestedUntil: string }>(
          'GET',
          '/v1/provider',
          {
            as: 'library',
          },
        )
      ).body
    const discloses = async () => {
      const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
        as: 'clerk',
        body: { profile: 'library' },
      })
      const asked = { subject: { proof: body.token }, purpose: 'service-eligibility', fields: ['resident'] }
      return (await app.ask('POST', '/v1/disclosures', { as: 'library', body: asked })).status
    }
    const attestation = async () => {
      const [{ organisation_id: organisation } = { organisation_id: '' }] = await app.peek<{
        organisation_id: string
      }>("select organisation_id from clients where id = 'library'")
      const form = { organisation, signed: 'An invented officer' }
      await (await officer('legal-1')).send('/desk/organisations/attestation', form, '/desk/organisations')
      const other = await officer('legal-2')
      const page = await (await other.open('/desk/organisations')).text()
      const entry = /name="entry" value="([^"]+)"/.exec(page)?.[1] ?? ''
      await other.send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
    }
    await attestation()
    const { attestedUntil } = await standing()
    const over = Temporal.Instant.from(attestedUntil).toZonedDateTimeISO('Europe/Madrid')
    expect(Math.round(now().until(over, { largestUnit: 'months' }).total({ unit: 'months', relativeTo: now() }))).toBe(
      12,
    )
    await until(over.subtract({ minutes: 5 }))
    expect([await discloses(), (await standing()).answered]).toEqual([200, true])
    await until(over.add({ minutes: 5 }))
    expect([await discloses(), (await standing()).because]).toMatchObject([403, [{ reason: 'attestation-over' }]])
    await attestation()
    expect([await discloses(), (await standing()).answered]).toEqual([200, true])

    // Whoever said that they are still here is asked again two years later, and not before.
    await until(began.add({ months: 25 }))
    const me = await resident(id)
    expect(await (await me.open('/me')).text()).toContain(t['change.hereLead'])
    expect((await me.send('/me/change/here', { idempotencyKey: randomUUID() }, '/me')).status).toBeLessThan(400)
    const said = now()
    await until(said.add({ months: 23 }))
    expect(await (await (await resident(id)).open('/me')).text()).not.toContain(t['change.hereLead'])
    await until(said.add({ months: 25 }))
    expect(await (await (await resident(id)).open('/me')).text()).toContain(t['change.hereLead'])

    // The witness is named on the page of how the register is; when it comes back it signs all that has grown since.
    await grow()
    await app.peek(`insert into jobs (municipality_id, kind, item, due_at, tries)
      values ('${app.town.id}', '${WITNESS}', 'away.example', clock_timestamp(), 3)`)
    expect(await (await open('/status')).text()).toContain('away.example has not signed')
    const back = await serveWitness({ name: 'away.example', folder, port: 0, logs: [log] })
    expect(
      await askWitness(app.deps, app.town.id, { witness: witnessAt(`http://127.0.0.1:${back.port}`, back.key) }),
    ).toBe(true)
    expect(await (await open('/status')).text()).not.toContain('has not signed')
    expect((await app.ask('GET', '/ledger/checkpoint')).text).toContain('away.example')
    await new Promise((resolve) => back.server.close(resolve))
    rmSync(folder, { recursive: true, force: true })
  }, 300_000)

  it('keep somebody who left for the years the law says, and let them be forgotten after', async () => {
    const { id } = await register(app)
    await app.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away', saidBy: 'in-person' },
      headers: { 'padron-case': 'T-7001' },
      ifMatch: 1,
    })
    const left = now()
    const propose = async () =>
      (
        await app.ask('POST', `/v1/neighbours/${id}/erasures`, {
          as: 'supervisor',
          body: { ground: 'time-over', asked: true },
          headers: { 'padron-case': 'T-8001' },
        })
      ).status
    await until(left.add({ years: 5 }).subtract({ days: 2 }))
    expect(await propose()).toBe(409)
    await until(left.add({ years: 5, days: 2 }))
    expect(await propose()).toBe(201)
    const legal = await signedIn(app, { kind: 'staff', subject: 'legal-1', role: 'legal', office: DEMO_OFFICE })
    const page = await (await legal.open('/desk/erasures')).text()
    for (const words of [t['erasure.over'], t['erasure.askedThem'], t['erasure.yes'], t['erasure.left']])
      expect(page).toContain(words)
    expect(page.slice(page.indexOf(t['erasure.open']))).toContain(t['erasure.nothing'])
  })
})
