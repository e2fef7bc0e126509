import { afterAll, beforeAll, expect, it } from 'vitest'
import { newDataKey } from '../../src/keys/seal.ts'
import { append, ledgerEntry } from '../../src/ledger/entries.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { uuidv7 } from '../../src/platform/clock.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const key = newDataKey(uuidv7())

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
    { about: key, town: key },
  )

it('places an entry whose transaction commits after younger ones were placed', async () => {
  const ledger = sequencer(app.database)
  await ledger.place(app.town.id)
  const late = entry()
  let written = () => {}
  const isWritten = new Promise<void>((resolve) => {
    written = resolve
  })
  let commit = () => {}
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve
  })
  const slow = inMunicipality(app.database, app.town.id, async (transaction) => {
    await append(transaction, app.town.id, [late])
    written()
    await mayCommit
  })
  await isWritten
  await register(app)
  expect(await ledger.place(app.town.id)).toBe(1)
  expect(await ledger.place(app.town.id)).toBe(0)
  commit()
  await slow
  expect(await ledger.place(app.town.id)).toBe(1)
  const [last] = await app.peek<{ entry_id: string }>(
    'select entry_id from ledger_sequence order by ledger_sequence.position desc limit 1',
  )
  expect(last?.entry_id).toBe(late.id)
})
