import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { counted } from '../../../src/platform/counted.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { backdateDays: 90, timeCorrectionDays: 30 } })
})
afterAll(() => app?.close())

const t = LOCALES.en
const desk = (subject = 'clerk-1', role: 'clerk' | 'supervisor' = 'clerk') =>
  signedIn(app, { kind: 'staff', subject, role, office: DEMO_OFFICE })
const today = () => app.clock.now().toZonedDateTimeISO('Europe/Madrid').toPlainDate()
const boxes = (name: string, day: Temporal.PlainDate) => ({
  [`${name}-day`]: String(day.day),
  [`${name}-month`]: String(day.month),
  [`${name}-year`]: String(day.year),
})
/** What a form would send as it was drawn: its hidden fields. */
function hiddenOf(html: string, action: string): Record<string, string> {
  const form = html.split(`action="${action}"`)[1]?.split('</form>')[0] ?? ''
  return Object.fromEntries(
    [...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
      .map(([, name = '', value = '']) => [name, value] as const)
      .filter(([name]) => name !== 'csrf'),
  )
}
const began = async (id: string) => (await openRecord(app, id)).body.residence as { residentSince: string }

describe('a first day that was wrong, at the desk', () => {
  it('is corrected on a page reached from the history, after it was looked at once more', async () => {
    const { id } = await register(app, { since: today().subtract({ days: 50 }).toString() })
    const clerk = await desk()
    const at = `/desk/neighbours/${id}`
    expect(await (await clerk.open(`${at}/history`)).text()).toContain(`${at}/dates`)
    const list = await (await clerk.open(`${at}/dates`)).text()
    const link = /\/dates\?residence=[0-9a-f-]+/.exec(list)?.[0] ?? ''
    const form = hiddenOf(await (await clerk.open(`${at}${link}`)).text(), `${at}/dates`)
    const typed = { ...form, ...boxes('from', today().subtract({ days: 55 })), reason: 'The lease says so' }

    const sure = await clerk.send(`${at}/dates`, typed, at)
    const page = await sure.text()
    expect([sure.status, page.includes(t['dates.sure']), page.includes('The lease says so')]).toEqual([200, true, true])
    expect(page).not.toContain(counted(t['dates.second'], 'en', { n: 30 }))
    expect(await began(id)).toMatchObject({ residentSince: today().subtract({ days: 50 }).toString() })

    const done = await clerk.send(`${at}/dates`, { ...hiddenOf(page, `${at}/dates`), sure: 'yes' }, at)
    expect(done.headers.get('location')).toBe(`${at}/dates`)
    expect(await began(id)).toMatchObject({ residentSince: today().subtract({ days: 55 }).toString() })
    const past = await (await clerk.open(`${at}/history`)).text()
    expect([
      past.includes(t['dates.corrected']),
      past.includes('The lease says so'),
      past.includes(t['dates.clerk']),
    ]).toEqual([true, true, true])
  })

  it('comes back with everything typed where something is wrong with it', async () => {
    const { id } = await register(app, { since: today().subtract({ days: 50 }).toString() })
    const clerk = await desk()
    const at = `/desk/neighbours/${id}`
    const link = /\/dates\?residence=[0-9a-f-]+/.exec(await (await clerk.open(`${at}/dates`)).text())?.[0] ?? ''
    const form = hiddenOf(await (await clerk.open(`${at}${link}`)).text(), `${at}/dates`)
    const typed = { ...form, ...boxes('from', today().subtract({ days: 55 })), reason: 'The lease says so' }
    for (const [wrong, field, text] of [
      [{ reason: '' }, 'reason', t['dates.whyNeeded']],
      [boxes('from', today().add({ days: 2 })), 'from', t['desk.dayToCome']],
      [{ 'from-day': '31', 'from-month': '2' }, 'from', t['desk.noSuchDay']],
      [{ ...boxes('from', today().subtract({ days: 50 })), sure: 'yes' }, 'from', t['dates.nothing']],
    ] as const) {
      const answer = await clerk.send(`${at}/dates`, { ...typed, ...wrong } as Record<string, string>, at)
      const page = await answer.text()
      expect([answer.status, page.includes(`href="#${field}`), page.includes(text)]).toEqual([422, true, true])
      expect(hiddenOf(page, `${at}/dates`)).toMatchObject(form)
    }
  })

  it('too far away waits for somebody else, who finds it on a worklist', async () => {
    const { id } = await register(app, { since: today().subtract({ days: 50 }).toString() })
    const [clerk, other] = [await desk(), await desk('clerk-2')]
    const at = `/desk/neighbours/${id}`
    const link = /\/dates\?residence=[0-9a-f-]+/.exec(await (await clerk.open(`${at}/dates`)).text())?.[0] ?? ''
    const form = hiddenOf(await (await clerk.open(`${at}${link}`)).text(), `${at}/dates`)
    const far = { ...form, ...boxes('from', today().subtract({ days: 200 })), reason: 'The lease says so' }
    const page = await (await clerk.send(`${at}/dates`, far, at)).text()
    expect(page).toContain(counted(t['dates.second'], 'en', { n: 30 }))
    await clerk.send(`${at}/dates`, { ...hiddenOf(page, `${at}/dates`), sure: 'yes' }, at)
    expect(await began(id)).toMatchObject({ residentSince: today().subtract({ days: 50 }).toString() })

    expect(await (await other.open('/desk/work')).text()).toContain('href="/desk/years"')
    expect(await (await other.open('/desk/years')).text()).toContain(`${at}/dates`)
    const own = await (await clerk.open(at)).text()
    expect([own.includes(t['dates.yours']), own.includes(t['dates.confirm'])]).toEqual([true, false])

    const theirs = await (await other.open(at)).text()
    const action = /action="([^"]+\/starts\/[0-9a-f-]+)"/.exec(theirs)?.[1] ?? ''
    const decision = hiddenOf(theirs, action)
    expect(theirs).toContain('The lease says so')
    const without = await other.send(action, { ...decision, act: 'confirm' }, at)
    expect([without.status, (await without.text()).includes(t['dates.seenFault'])]).toEqual([422, true])
    const word = await other.send(action, { ...decision, act: 'confirm', strength: 'declaration' }, at)
    expect([word.status, (await word.text()).includes(t['dates.seenFault'])]).toEqual([422, true])
    const done = await other.send(action, { ...decision, act: 'confirm', strength: 'attestation' }, at)
    expect(done.headers.get('location')).toBe(at)
    expect(await began(id)).toMatchObject({ residentSince: today().subtract({ days: 200 }).toString() })
  })
})

describe('years that somebody says at the desk', () => {
  it('are kept, shown as said, confirmed by another clerk or not, and the neighbour reads both', async () => {
    const clerk = await desk()
    const typed = {
      idempotencyKey: randomUUID(),
      people: '1',
      p0_given: 'Oumou',
      p0_family: 'Sangaré',
      where: 'dwelling',
      street: 'del Far',
      number: '3',
      'since-day': '1',
      'since-month': '3',
      'since-year': '2019',
      act: 'register',
    }
    const registered = await clerk.send('/desk/register', typed, '/desk/register')
    const to = registered.headers.get('location') ?? ''
    const page = await (await clerk.open(to)).text()
    expect([page.includes(t['dates.kept']), page.includes('2019')]).toEqual([true, true])
    const id = /neighbours\/([0-9a-f-]+)/.exec(to)?.[1] ?? ''
    expect(await began(id)).toMatchObject({ residentSince: today().toString() })

    const me = await signedIn(app, { kind: 'resident', subject: id })
    const mine = await (await me.open('/me/record')).text()
    expect([mine.includes('2019'), mine.includes(t['dates.mineHow'])]).toEqual([true, true])

    const other = await desk('clerk-2')
    const at = `/desk/neighbours/${id}`
    const theirs = await (await other.open(at)).text()
    const action = /action="([^"]+\/starts\/[0-9a-f-]+)"/.exec(theirs)?.[1] ?? ''
    const refusal = { ...hiddenOf(theirs, action), act: 'refuse', why: 'The school knows nobody by this name' }
    const empty = await other.send(action, { ...refusal, why: '' }, at)
    expect([empty.status, (await empty.text()).includes(t['dates.whyNeeded'])]).toEqual([422, true])
    expect((await other.send(action, refusal, at)).status).toBe(303)
    const told = await (await me.open('/me/record')).text()
    expect([told.includes(t['dates.mineHow']), told.includes(t['dates.refused']), told.includes(refusal.why)]).toEqual([
      false,
      true,
      true,
    ])
  })

  it('of protected neighbours are on a supervisor’s list alone, and nothing counts them', async () => {
    const [clerk, supervisor] = [await desk(), await desk('supervisor-1', 'supervisor')]
    const before = await (await clerk.open('/desk/work')).text()
    const { id } = await register(app, { since: '2019-03-01', protected: true })
    const plain = (html: string) =>
      html.replace(/nonce="[^"]+"|name="(csrf|idempotencyKey)" value="[^"]+"|data-key="[^"]+"/g, '')
    expect(plain(await (await clerk.open('/desk/work')).text())).toBe(plain(before))
    expect(await (await clerk.open('/desk/years')).text()).not.toContain(id)
    expect(await (await supervisor.open('/desk/years')).text()).toContain(id)
    expect((await clerk.open(`/desk/neighbours/${id}/dates`)).status).toBe(404)
    expect((await supervisor.open(`/desk/neighbours/${id}/dates`)).status).toBe(200)
  })
})

describe('a move to where they live already', () => {
  it('is answered in the form, at the desk and on the neighbour’s own page', async () => {
    const address = { kind: 'dwelling', streetName: 'del Far', number: '3' } as const
    const { id, version } = await register(app, { address })
    const form = {
      version: String(version),
      idempotencyKey: randomUUID(),
      where: 'dwelling',
      street: 'del far',
      number: '3',
    }
    const clerk = await desk()
    const at = await clerk.send(`/desk/neighbours/${id}/move`, form, '/desk')
    expect([at.status, (await at.text()).includes(t['dates.nothing'])]).toEqual([422, true])
    const me = await signedIn(app, { kind: 'resident', subject: id })
    const own = await me.send('/me/change/move', form, '/me/change')
    expect([own.status, (await own.text()).includes(t['change.nothing'])]).toEqual([422, true])
  })
})

describe('the page of somebody who has left', () => {
  it('offers to record their death and nothing else', async () => {
    const { id } = await register(app, { since: today().subtract({ days: 50 }).toString() })
    const clerk = await desk()
    const at = `/desk/neighbours/${id}/leave`
    const leave = async (more: Record<string, string>) => {
      const fields = hiddenOf(await (await clerk.open(at)).text(), at)
      return clerk.send(at, { ...fields, ...more, sure: 'yes' }, at)
    }
    expect(
      (await leave({ cause: 'moved-away', saidBy: 'in-person', ...boxes('on', today().subtract({ days: 20 })) }))
        .status,
    ).toBe(303)
    const page = await (await clerk.open(at)).text()
    expect([page.includes('value="death"'), page.includes('value="moved-away"')]).toEqual([true, false])
    expect((await leave({ cause: 'death', ...boxes('on', today().subtract({ days: 2 })) })).status).toBe(303)
    const past = await (await clerk.open(`/desk/neighbours/${id}/history`)).text()
    expect([past.includes(t['desk.movedAway']), past.includes(t['desk.died'])]).toEqual([true, true])
  })
})
