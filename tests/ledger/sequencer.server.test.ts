import { afterAll, beforeAll, expect, it } from 'vitest'
import { append, ledgerEntry } from '../../src/ledger/entries.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { type House, openHouse } from '../support/house.ts'
import { register } from '../support/people.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

const entry = () =>
  ledgerEntry(
    {
      requesterKind: 'job',
      requester: 'nobody',
      organisation: null,
      action: 'test',
      purpose: 'test',
      fields: [],
      outcome: 'permitted',
      policies: [],
      subject: null,
    },
    () => Buffer.from('sealed elsewhere'),
  )

it('places an entry whose transaction commits after younger ones were placed', async () => {
  const ledger = sequencer(house.database)
  await ledger.place(house.town.id)
  const late = entry()
  let written = () => {}
  const isWritten = new Promise<void>((resolve) => {
    written = resolve
  })
  let commit = () => {}
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve
  })
  const slow = inMunicipality(house.database, house.town.id, async (transaction) => {
    await append(transaction, house.town.id, [late])
    written()
    await mayCommit
  })
  await isWritten
  await register(house)
  expect(await ledger.place(house.town.id)).toBe(1)
  expect(await ledger.place(house.town.id)).toBe(0)
  commit()
  await slow
  expect(await ledger.place(house.town.id)).toBe(1)
  const [last] = await house.peek<{ entry_id: string }>(
    'select entry_id from ledger_sequence order by ledger_sequence.position desc limit 1',
  )
  expect(last?.entry_id).toBe(late.id)
})
