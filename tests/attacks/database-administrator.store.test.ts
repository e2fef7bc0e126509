import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ed25519Verifier } from '../../src/ledger/checkpoint.ts'
import { leafRecounter } from '../../src/ledger/recount.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { verifyLedger } from '../../src/ledger/verify.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'

// The database's superuser: reads every row, changes any, past triggers and grants. The keys are elsewhere.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

describe('the database administrator, or whoever hosts the database', () => {
  it('reads no name anywhere, in any table', async () => {
    await register(app, { name: { given: 'Inconfusible', family: ['Irrepetible'] } })
    const tables = await app.peek<{ table_name: string }>(
      "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    expect(tables.length).toBeGreaterThan(40)
    for (const { table_name } of tables) {
      const [row] = await app.peek<{ n: number }>(
        `select count(*)::integer as n from "${table_name}" one where one::text ~* 'inconfusible|irrepetible'
           or one::text ~* encode('Inconfusible'::bytea, 'hex') or one::text ~* encode('inconfusible'::bytea, 'hex')`,
      )
      expect(row?.n, table_name).toBe(0)
    }
  })

  it('cannot show one person’s record as another’s: a row that was moved does not open', async () => {
    const [one, other] = [await register(app), await register(app)]
    await app.peek('alter table particulars disable trigger all')
    await app.peek(`update particulars set identity = (select identity from particulars where neighbour_id = '${other.id}')
      where neighbour_id = '${one.id}'`)
    await app.peek('alter table particulars enable trigger all')
    expect(await openRecord(app, one.id)).toMatchObject({ status: 500, body: { code: 'seal-broken' } })
    expect((await openRecord(app, other.id)).status).toBe(200)
  })

  it('cannot erase the trace of a look: the entry that is gone is named', async () => {
    const { id } = await register(app)
    await openRecord(app, id)
    const key = await app.rooms.signers.of(app.town)
    await sequencer(app.database).place(app.town.id, key)
    const verify = () =>
      verifyLedger(app.database, app.town.id, {
        key,
        verifySignature: ed25519Verifier(key.publicKey),
        recount: leafRecounter(app.keys),
        kept: [],
        role: 'padron_gate',
      })
    expect((await verify()).findings).toEqual([])
    await app.peek('alter table ledger_entries disable trigger all')
    await app.peek('alter table ledger_sequence disable trigger all')
    const [last] = await app.peek<{ entry_id: string }>(
      'select entry_id from ledger_sequence order by position desc limit 1',
    )
    await app.peek(`delete from ledger_sequence where entry_id = '${last?.entry_id}'`)
    await app.peek(`delete from ledger_entries where id = '${last?.entry_id}'`)
    expect((await verify()).findings.length).toBeGreaterThan(0)
  })
})
