import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { cell } from '../../src/statistics/cells.ts'
import type { Transparency } from '../../src/statistics/transparency.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'

// Somebody watches the published numbers to learn what happened to one person.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
  const { id } = await register(app)
  for (let i = 0; i < 23; i += 1) await openRecord(app, id)
  for (let i = 0; i < 3; i += 1) await openRecord(app, id, 'border-agency')
  await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'looking-for-nour-azizi' })
  await sequencer(app.database).place(app.town.id, await app.rooms.signers.of(app.town))
})
afterAll(() => app?.close())

describe('the published numbers', () => {
  it('say nothing of small cells, round the others and give no totals', async () => {
    const { body } = await app.ask<Transparency & Record<string, unknown>>('GET', '/v1/transparency')
    const row = (kind: string, purpose: string) =>
      body.rows.find((one) => one.requesterKind === kind && one.purpose === purpose)
    expect(row('staff', 'counter-service')).toMatchObject({ permitted: 20, refused: 0 })
    expect(row('client', 'other')).toMatchObject({ permitted: 0, refused: null })
    expect(row('staff', 'registration')).toMatchObject({ permitted: null })
    expect(Object.keys(body).sort()).toEqual(['checkpoint', 'lateNotices', 'rows', 'size'])
    expect(body.checkpoint).toContain(`\n${body.size}\n`)
  })

  it('repeat no word a caller made up', async () => {
    const { text } = await app.ask('GET', '/v1/transparency')
    expect(text).not.toContain('azizi')
    expect(text).toContain('"other"')
  })

  it('do not move with one more opening', () => {
    for (let count = 11; count < 200; count += 1) {
      if (count % 5 !== 0) expect(cell(count)).toBe(cell(count - 1))
    }
    expect([1, 5, 9].map(cell)).toEqual([null, null, null])
  })
})
