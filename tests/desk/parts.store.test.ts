import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { LOCALES } from '../../src/ui/language.ts'
import { type House, openHouse } from '../support/house.ts'
import { openRecord, register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

const PHONE = '+34 600 111 222'
async function visit() {
  const { id, version } = await register(house, {
    contact: { phone: PHONE },
    dateOfBirth: '2015-05-05',
    representative: { name: 'Awa Ndiaye' },
  })
  const clerk = await signedIn(house, { kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE })
  const at = `/desk/neighbours/${id}`
  const page = async (path = at) => (await clerk.open(path)).text()
  const opened = async () => {
    const me = await signedIn(house, { kind: 'resident', subject: id })
    const { whoLooked } = (await (await me.send('/me/everything', { as: 'json' })).json()) as {
      whoLooked: { content: { requesterKind: string; action: string; fields: string[] } }[]
    }
    return new Set(
      whoLooked
        .filter(({ content }) => content.requesterKind === 'staff' && content.action === 'open')
        .flatMap(({ content }) => content.fields),
    )
  }
  return { id, version, clerk, at, page, opened }
}

describe('the neighbour’s page at the desk', () => {
  it('opens what a counter needs, and how to reach somebody only when it is asked for', async () => {
    const { page, at, opened } = await visit()
    const first = await page()
    expect(first).not.toContain(PHONE)
    expect(first).not.toContain('Awa')
    const before = await opened()
    for (const field of ['contact', 'representative', 'sex']) expect(before.has(field), field).toBe(false)

    const more = await page(`${at}?open=reach`)
    expect(more).toContain(PHONE)
    expect(more).toContain('Awa Ndiaye')
    const after = await opened()
    expect([after.has('contact'), after.has('representative'), after.has('sex')]).toEqual([true, true, false])
  })

  it('corrects a name without touching a telephone that was not opened', async () => {
    const { id, version, clerk, at } = await visit()
    const form = { version: String(version), given: 'Fatou', family: '', 'born-year': '2015' }
    expect((await clerk.send(`${at}/correct`, form, at)).status).toBe(303)
    expect((await openRecord(house, id)).body).toMatchObject({ name: { given: 'Fatou' }, contact: { phone: PHONE } })
    const opened = { ...form, version: String(version + 1), contact: '' }
    expect((await clerk.send(`${at}/correct`, opened, at)).status).toBe(303)
    expect((await openRecord(house, id)).body).not.toHaveProperty('contact')
  })
})

describe('somebody who left and lives here again', () => {
  it('is one form away from being a neighbour again, and gets nothing printed before', async () => {
    const { id, version, clerk, at, page } = await visit()
    const left = await house.ask('POST', `/v1/neighbours/${id}/departures`, {
      as: 'clerk',
      body: { cause: 'moved-away' },
      ifMatch: version,
      idempotencyKey: randomUUID(),
    })
    expect(left.status).toBe(201)
    const gone = await page()
    expect(gone).toContain(`action="${at}/return"`)
    expect(gone).toContain(LOCALES.en.dReturn)
    for (const what of ['papers', 'wallet', 'move']) expect(gone).not.toContain(`action="${at}/${what}"`)

    const form = { version: String(version + 1), once: randomUUID(), where: 'no-fixed-address' }
    const sent = await clerk.send(`${at}/return`, form, at)
    expect(sent.headers.get('location')).toBe(at)
    const back = await page()
    expect(back).toContain(`action="${at}/papers"`)
    expect(back).not.toContain(`action="${at}/return"`)
    expect(await page(`${at}/history`)).toContain(LOCALES.en.dReturn)
  })
})
