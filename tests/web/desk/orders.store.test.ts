import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_COURT, DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { entriesAbout } from '../../support/entries.ts'
import { register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const t = LOCALES.en
const officer = (subject: string) => signedIn(app, { kind: 'staff', subject, role: 'legal', office: DEMO_OFFICE })
const paper = { box: 'document', bytes: new TextEncoder().encode('An invented order, signed') }
const order = (more: Record<string, string> = {}): Record<string, string> => ({
  organisation: DEMO_COURT,
  judge: 'yes',
  basis: 'Order 17/2026',
  scope: 'Where one person lives',
  person: 'Nour Azizi',
  born: '1991-04-02',
  'field-address': 'yes',
  ...more,
})
type Row = { id: string; stage: string; subject_id: string | null }
const rows = () => app.peek<Row>('select id, stage, subject_id from access_requests order by received_at')
const last = async () => (await rows()).at(-1)
const nour = () =>
  register(app, {
    name: { given: 'Nour', family: ['Azizi'] },
    dateOfBirth: '1991-04-02',
    address: { kind: 'dwelling', streetName: 'de la Sal', number: '9' },
  })
/** Approves by two officers who did not write it down. */
async function approved(id: string) {
  for (const subject of ['legal-2', 'legal-3'])
    await (await officer(subject)).send(`/desk/legal/${id}/review`, { approves: 'yes' }, '/desk/legal')
}

describe('an order of a judge, from the pages', () => {
  it('is written down with its authority, its person and its fields, comes under review, and is opened once', async () => {
    const { id: whom } = await nour()
    const one = await officer('legal-1')
    const form = await (await one.open('/desk/legal')).text()
    for (const words of ['Court of Vallmar', t['dates.person'], t['dates.authorityOther']])
      expect(form).toContain(words)
    expect((await one.send('/desk/legal', order(), '/desk/legal', paper)).status).toBe(303)
    const written = await last()
    // Nobody was looked for yet.
    expect(written).toMatchObject({ stage: 'under-review', subject_id: null })
    expect(await entriesAbout(app, whom, "action <> 'register'")).toEqual([])
    await approved(written?.id ?? '')
    const opened = await one.send(`/desk/legal/${written?.id}/opening`, {}, '/desk/legal')
    expect(opened.status).toBe(200)
    const page = await opened.text()
    expect(page).toContain('de la Sal 9')
    // Their name told them from others, and is not what the order asked for.
    expect(page).not.toContain('1991')
    expect(await last()).toMatchObject({ stage: 'opened', subject_id: whom })
    expect((await one.send(`/desk/legal/${written?.id}/opening`, {}, '/desk/legal')).status).toBe(409)
    const me = await signedIn(app, { kind: 'resident', subject: whom })
    const told = await (await me.open('/me')).text()
    for (const words of ['Court of Vallmar', 'Order 17/2026', t['fields.address']]) expect(told).toContain(words)
  })

  it('finds somebody who hides, too, once two have approved it, and nobody before', async () => {
    const { id } = await register(app, {
      name: { given: 'Amagada', family: ['Perduda'] },
      dateOfBirth: '1980-01-02',
      protected: true,
    })
    const one = await officer('legal-1')
    await one.send('/desk/legal', order({ person: 'Amagada Perduda', born: '1980-01-02' }), '/desk/legal', paper)
    const written = await last()
    expect((await one.send(`/desk/legal/${written?.id}/opening`, {}, '/desk/legal')).status).toBe(409)
    await approved(written?.id ?? '')
    expect((await one.send(`/desk/legal/${written?.id}/opening`, {}, '/desk/legal')).status).toBe(200)
    expect(await last()).toMatchObject({ subject_id: id })
  })

  it('whose words fit nobody, or two, opens nothing, and says the same of both', async () => {
    for (const _ of [1, 2])
      await register(app, {
        confirmedDistinct: true,
        distinctBecause: 'seen-both',
        name: { given: 'Igual', family: ['Igual'] },
        dateOfBirth: '1970-07-07',
      })
    const one = await officer('legal-1')
    const answers: [number, string][] = []
    for (const person of ['Igual Igual', 'Ningu Enlloc']) {
      await one.send('/desk/legal', order({ person, born: '1970-07-07' }), '/desk/legal', paper)
      const written = await last()
      await approved(written?.id ?? '')
      const answer = await one.send(`/desk/legal/${written?.id}/opening`, {}, '/desk/legal')
      // The page beneath it lists what has been decided, the one before it included.
      answers.push([answer.status, (await answer.text()).split('<h1')[0]?.replaceAll(/nonce="[^"]*"/g, '') ?? ''])
      // It does not stand and wait for somebody whom it fits.
      expect(await last()).toMatchObject({ stage: 'refused', subject_id: null })
      expect((await one.send(`/desk/legal/${written?.id}/opening`, {}, '/desk/legal')).status).toBe(409)
    }
    expect(answers[0]).toEqual(answers[1])
    const traces = await app.peek<{ action: string; n: number }>(
      "select action, count(*)::integer as n from ledger_entries where action in ('order-fits-nobody', 'open-by-order') and recorded_at > now() - interval '1 minute' group by 1",
    )
    expect(traces).toContainEqual({ action: 'order-fits-nobody', n: 2 })
    expect(answers[0]).toEqual([409, expect.stringContaining(t['problem.fitsNobody'])])
  })

  it('fits exactly: not whoever is nearly called so, nor one of two, nor where somebody of that name has no date', async () => {
    const one = await officer('legal-1')
    const opened = async (person: string, born: string) => {
      await one.send('/desk/legal', order({ person, born }), '/desk/legal', paper)
      const written = await last()
      await approved(written?.id ?? '')
      return (await one.send(`/desk/legal/${written?.id}/opening`, {}, '/desk/legal')).status
    }
    const named = (given: string, family: string[], dateOfBirth?: string) =>
      register(app, {
        confirmedDistinct: true,
        distinctBecause: 'seen-both',
        name: { given, family },
        dateOfBirth: dateOfBirth as never,
      })
    await named('Oriola', ['Puigdomenech'], '1961-02-03')
    expect(await opened('Oriol Puigdomenech', '1961-02-03')).toBe(409)
    expect(await opened('Puigdom\u00e8nech ORIOLA', '1961-02-03')).toBe(200)
    await named('Teresa', ['Rovellat'], '1962-02-03')
    await named('Teresa', ['Rovellat'])
    expect(await opened('Teresa Rovellat', '1962-02-03')).toBe(409)
    await named('Gemma', ['Vilaseca'], '1963-02-03')
    await named('Gema', ['Vilaseca'], '1963-02-03')
    expect(await opened('Gemma Vilaseca', '1963-02-03')).toBe(409)
  })

  it('names its person by their id or in words, and never both', async () => {
    const { id } = await nour().catch(() => register(app))
    const body = {
      authority: { name: 'Court', functions: ['court'], organisationId: DEMO_COURT },
      purpose: 'other',
      basis: 'judge-order',
      basisText: 'Order 18/2026',
      scope: 'One person',
      fields: ['address'],
      documentId: randomUUID(),
      neighbourId: id,
      person: { name: 'Somebody Else', dateOfBirth: '1990-01-01' },
    }
    expect(await app.ask('POST', '/v1/access-requests', { as: 'legal', body })).toMatchObject({
      status: 422,
      body: { code: 'invalid-input' },
    })
  })

  it('is refused where its authority is nobody that is enrolled, and written down all the same', async () => {
    const one = await officer('legal-1')
    await one.send(
      '/desk/legal',
      order({ organisation: '', authority: 'Nobody knows it', function: 'court' }),
      '/desk/legal',
      paper,
    )
    expect(await last()).toMatchObject({ stage: 'refused' })
  })

  it('comes back whole where something is missing, with what is wrong beside its box', async () => {
    const one = await officer('legal-1')
    const before = await rows()
    const wrong: [Record<string, string>, string, string][] = [
      [{ organisation: '', authority: '' }, 'authority-fault', t['dates.authorityMissing']],
      [{ person: '', born: '' }, 'person-fault', t['dates.personMissing']],
      [{ 'field-address': '' }, 'fields-fault', t['dates.fieldsMissing']],
      [{ 'secret-day': '31', 'secret-month': '2', 'secret-year': '2027' }, 'secret-fault', ''],
      [{ organisation: '', authority: 'A court', function: 'invented' }, 'function-fault', ''],
    ]
    for (const [more, box, words] of wrong) {
      const fields = Object.fromEntries(
        Object.entries(order(more)).filter(([name, value]) => !(name.startsWith('field-') && value === '')),
      )
      const answer = await one.send('/desk/legal', fields, '/desk/legal', paper)
      const page = await answer.text()
      expect([box, answer.status]).toEqual([box, 422])
      if (box !== 'function-fault') expect(page, box).toContain(`id="${box}"`)
      expect(page).toContain(words)
      expect(page).toContain('value="Order 17/2026"')
    }
    expect(await rows()).toEqual(before)
  })
})

describe('a notice of an order that is late', () => {
  it('stands before legal officers and in what everybody can read, until somebody was told', async () => {
    const { id } = await register(app)
    const transparency = async () =>
      (await app.ask<{ lateNotices: number | null }>('GET', '/v1/transparency')).body.lateNotices
    const details = `decode('${'00'.repeat(40)}', 'hex')`
    await app.peek(`with told as (insert into notices (id, municipality_id, neighbour_id, kind, details, visible_from, due_by)
        select gen_random_uuid(), municipality_id, id, 'access-request', ${details}, now() - interval '9 days', now() - interval '6 days'
        from neighbours where id = '${id}' returning id)
      update access_requests set notice_id = (select id from told) where id = (select id from access_requests where stage = 'opened' limit 1)`)
    const one = await officer('legal-1')
    expect(await (await one.open('/desk/legal')).text()).toContain(t['lateLetter.title'])
    expect(await transparency()).toBeNull()
    const page = await app.fetch(
      new Request('https://vallmar.example/transparency', {
        headers: { host: 'vallmar.example', 'accept-language': 'en' },
      }),
    )
    expect(await page.text()).toContain(`${t['lateLetter.title']}: ${t['page.few']}`)
    await app.peek(`insert into notice_deliveries (notice_id, municipality_id, channel, sent_at)
      select notice_id, municipality_id, 'in-person', now() from access_requests where stage = 'opened' and notice_id is not null
      on conflict (municipality_id, notice_id) do update set channel = 'in-person'`)
    expect(await (await one.open('/desk/legal')).text()).not.toContain(t['lateLetter.title'])
  })
})
