import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leafHash } from '../../src/ledger/entries.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesAbout } from '../support/entries.ts'
import { openRecord, register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const placed = () =>
  app.peek<{ position: string; entry_id: string }>(
    'select position::text, entry_id from ledger_sequence order by ledger_sequence.position',
  )

describe('the ledger', () => {
  it('gives every entry a place, in order, without gaps, once', async () => {
    for (let i = 0; i < 5; i += 1) await openRecord(app, (await register(app)).id)
    const ledger = sequencer(app.database)
    const first = await ledger.place(app.town.id)
    expect(first).toBeGreaterThanOrEqual(10)
    expect(await ledger.place(app.town.id)).toBe(0)
    await register(app)
    expect(await ledger.place(app.town.id)).toBe(1)
    const rows = await placed()
    expect(rows.map((row) => Number(row.position))).toEqual(rows.map((_, i) => i))
    const ids = rows.map((row) => row.entry_id)
    expect([...ids].sort()).toEqual(ids)
  })

  it('is looked over a few entries at a time where there are many, by a process that begins, and goes on where it failed', async () => {
    await sequencer(app.database).place(app.town.id)
    for (let i = 0; i < 9; i += 1) await register(app)
    // A database that is away after the second look.
    let asked = 0
    const failing = app.database.withPlugin({
      transformQuery: ({ node }) => {
        asked += 1
        if (asked === 3) throw new Error('away')
        return node
      },
      transformResult: async ({ result }) => result,
    })
    const ledger = sequencer(failing, { looked: 7, placed: 4 })
    await expect(ledger.place(app.town.id)).rejects.toThrow('away')
    const waiting = async () =>
      (
        await app.peek(
          'select from ledger_entries e left join ledger_sequence s on s.entry_id = e.id where s.entry_id is null',
        )
      ).length
    const before = await waiting()
    expect(before).toBeGreaterThanOrEqual(9)
    expect(await ledger.place(app.town.id)).toBe(before)
    expect(await waiting()).toBe(0)
    expect(await ledger.place(app.town.id)).toBe(0)
    expect(asked).toBeGreaterThan(10)
    const rows = await placed()
    expect(rows.map((row) => Number(row.position))).toEqual(rows.map((_, i) => i))
    expect(rows.map((row) => row.entry_id).toSorted()).toEqual(rows.map((row) => row.entry_id))
  })

  it('has leaf hashes that follow from the sealed content, and from nothing else', async () => {
    const { id } = await register(app)
    const [entry] = await entriesAbout(app, id)
    if (entry?.content === undefined) throw new Error('no entry')
    const { content } = entry
    expect(Buffer.from(leafHash(entry.id, content.salt, content))).toEqual(Buffer.from(entry.leaf_hash))
    for (const change of [
      { requester: 'somebody else' },
      { purpose: 'departure' },
      { fields: [] },
      { outcome: 'refused' as const },
      { subject: null },
      { policies: [] },
    ]) {
      expect(Buffer.from(leafHash(entry.id, content.salt, { ...content, ...change }))).not.toEqual(
        Buffer.from(entry.leaf_hash),
      )
    }
    expect(Buffer.from(leafHash(entry.id, 'other salt', content))).not.toEqual(Buffer.from(entry.leaf_hash))
  })
})
