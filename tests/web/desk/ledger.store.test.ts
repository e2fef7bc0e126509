import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { sequencer } from '../../../src/ledger/sequencer.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { openRecord, register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const staff = (role: 'auditor' | 'supervisor' | 'legal' | 'clerk') =>
  signedIn(app, { kind: 'staff', subject: `${role}-1`, role, office: DEMO_OFFICE })
const place = async () => sequencer(app.database).place(app.town.id, await app.rooms.signers.of(app.town))
const leaves = (html: string) => [...html.matchAll(/data-leaf="([\w-]{43})"/g)].map(([, leaf]) => leaf)

describe('the ledger at the desk', () => {
  it('is gone through entry by entry, each by its leaf, and names nobody', async () => {
    const name = 'Nomoculto'
    const { id } = await register(app, { name: { given: name } })
    for (let i = 0; i < 30; i += 1) await openRecord(app, id)
    await place()
    const auditor = await staff('auditor')
    const first = await (await auditor.open('/desk/ledger')).text()
    expect(new Set(leaves(first)).size).toBe(25)
    const older = /href="(\/desk\/ledger\?before=\d+)"/.exec(first)?.[1] ?? ''
    const second = await (await auditor.open(older)).text()
    expect(leaves(second).length).toBeGreaterThan(0)
    expect(leaves(second).filter((leaf) => leaves(first).includes(leaf))).toEqual([])
    // Neither who it is about nor who of the staff asked.
    for (const html of [first, second]) expect(html).not.toMatch(new RegExp(`${name}|${id}|clerk-1`))
  })

  it('shows refusals alone', async () => {
    const { id } = await register(app, { name: { given: 'Refusada' } })
    expect((await openRecord(app, id, 'border-agency')).status).toBe(403)
    await place()
    const auditor = await staff('auditor')
    const html = await (await auditor.open('/desk/ledger?refused=1')).text()
    const lines = html.split('data-leaf=').slice(1)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toContain(` · ${LOCALES.en['desk.refused']}`)
    expect(leaves(html).length).toBeLessThan(leaves(await (await auditor.open('/desk/ledger')).text()).length)
  })

  it('is for those who watch over it: legal officers see the rules, clerks nothing', async () => {
    const legal = await (await (await staff('legal')).open('/desk/ledger')).text()
    expect(leaves(legal)).toEqual([])
    expect(legal).toContain(LOCALES.en['firewall.title'])
    expect((await (await staff('clerk')).open('/desk/ledger')).status).toBe(403)
    expect(leaves(await (await (await staff('supervisor')).open('/desk/ledger')).text()).length).toBeGreaterThan(0)
  })

  it('writes down that somebody looked', async () => {
    const auditor = await staff('auditor')
    await auditor.open('/desk/ledger')
    await place()
    const html = await (await auditor.open('/desk/ledger')).text()
    expect(html).toContain('<small dir="ltr">supervise</small>')
  })
})
