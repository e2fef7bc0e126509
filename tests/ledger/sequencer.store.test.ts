import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LedgerContent, leafHash } from '../../src/ledger/entries.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { type House, openHouse } from '../support/house.ts'
import { openRecord, register } from '../support/people.ts'
import { unseal } from '../support/unseal.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

const placed = () =>
  house.peek<{ position: string; entry_id: string }>(
    'select position::text, entry_id from ledger_sequence order by ledger_sequence.position',
  )

describe('the ledger', () => {
  it('gives every entry a place, in order, without gaps, once', async () => {
    for (let i = 0; i < 5; i += 1) await openRecord(house, (await register(house)).id)
    const ledger = sequencer(house.database)
    const first = await ledger.place(house.town.id)
    expect(first).toBeGreaterThanOrEqual(10)
    expect(await ledger.place(house.town.id)).toBe(0)
    await register(house)
    expect(await ledger.place(house.town.id)).toBe(1)
    const rows = await placed()
    expect(rows.map((row) => Number(row.position))).toEqual(rows.map((_, i) => i))
    const ids = rows.map((row) => row.entry_id)
    expect([...ids].sort()).toEqual(ids)
  })

  it('has leaf hashes that follow from the sealed content, and from nothing else', async () => {
    const { id } = await register(house)
    const [entry] = await house.peek<{ id: string; details: Uint8Array; leaf_hash: Uint8Array }>(
      `select * from ledger_entries where subject_id = '${id}'`,
    )
    if (entry === undefined) throw new Error('no entry')
    const content = (await unseal(
      house,
      id,
      { table: 'ledger_entries', column: 'details', row: entry.id },
      entry.details,
    )) as LedgerContent & { salt: string }
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
