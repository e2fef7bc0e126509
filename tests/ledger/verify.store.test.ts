import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { ed25519Verifier } from '../../src/ledger/checkpoint.ts'
import { leafRecounter } from '../../src/ledger/recount.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { type LedgerReport, verifyLedger } from '../../src/ledger/verify.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'

// The database's superuser changes what lies there, past every trigger and constraint, and is named.

let app: TestApp
const houses: TestApp[] = []
beforeEach(async () => {
  app = await openApp()
  houses.push(app)
  const { id } = await register(app)
  for (let i = 1; i < 20; i += 1) await openRecord(app, id)
  await place()
})
afterAll(async () => {
  for (const one of houses) await one.close()
})

const place = async () => sequencer(app.database).place(app.town.id, await app.rooms.signers.of(app.town))

async function verify(kept: string[] = []): Promise<LedgerReport> {
  const key = await app.rooms.signers.of(app.town)
  const verifySignature = ed25519Verifier(key.publicKey)
  return verifyLedger(app.database, app.town.id, {
    key,
    verifySignature,
    recount: leafRecounter(app.keys),
    kept,
    role: 'padron_gate',
  })
}
/** The id of the entry at a place. */
async function entryAt(position: number): Promise<string> {
  const [row] = await app.peek<{ entry_id: string }>(
    `select entry_id from ledger_sequence where position = ${position}`,
  )
  return row?.entry_id ?? ''
}
const asSuperuser = async (...statements: string[]) => {
  await app.peek('alter table ledger_entries disable trigger all')
  await app.peek('alter table ledger_sequence disable trigger all')
  for (const statement of statements) await app.peek(statement)
}
async function grow(entries: number): Promise<void> {
  const { id } = await register(app)
  for (let i = 1; i < entries; i += 1) await openRecord(app, id)
  await place()
}

describe('padron ledger verify', () => {
  it('finds nothing wrong where nothing is', async () => {
    await grow(280)
    const report = await verify()
    expect(report).toMatchObject({ entries: 300, waiting: 0, checkpoints: 2, erased: 0, findings: [] })
  })

  it('names an altered entry, whichever part was altered', async () => {
    const [five, seven, nine, hidden] = [await entryAt(5), await entryAt(7), await entryAt(9), await entryAt(11)]
    await asSuperuser(
      `update ledger_entries set purpose = 'departure' where id = '${five}'`,
      `update ledger_entries set details = set_byte(details, 60, get_byte(details, 60) # 1) where id = '${seven}'`,
      `update ledger_entries set subject = (select subject from ledger_entries where id = '${five}') where id = '${nine}'`,
      `update ledger_entries set mark = uuid_send(gen_random_uuid()) where id = '${hidden}'`,
    )
    expect((await verify()).findings).toEqual([
      { kind: 'altered', position: 5, entry: five },
      { kind: 'altered', position: 7, entry: seven },
      { kind: 'altered', position: 9, entry: nine },
      // By another mark whom it is about would not find it.
      { kind: 'altered', position: 11, entry: hidden },
    ])
  })

  it('names an entry about nobody that was given somebody’s mark: it would stand among those who looked', async () => {
    await app.ask('GET', '/v1/neighbours/00000000-0000-4000-8000-000000000000', {
      as: 'clerk',
      purpose: 'immigration-control',
    })
    await place()
    const [refused] = await app.peek<{ position: string; id: string }>(
      `select position::text, entry_id as id from ledger_sequence placed join ledger_entries entry on entry.id = placed.entry_id
       where outcome = 'refused' order by position desc limit 1`,
    )
    if (refused === undefined) throw new Error('nothing was refused')
    expect((await verify()).findings).toEqual([])
    await asSuperuser(
      `update ledger_entries set mark = (select mark from ledger_entries where id = '${await entryAt(3)}') where id = '${refused.id}'`,
    )
    expect((await verify()).findings).toEqual([
      { kind: 'altered', position: Number(refused.position), entry: refused.id },
    ])
  })

  it('names a removed entry, with its place or without', async () => {
    await asSuperuser(`delete from ledger_entries where id = '${await entryAt(6)}'`)
    expect((await verify()).findings).toEqual([{ kind: 'removed', position: 6 }])
    const last = await entryAt(19)
    await asSuperuser(
      `delete from ledger_sequence where entry_id = '${last}'`,
      `delete from ledger_entries where id = '${last}'`,
    )
    expect((await verify()).findings).toContainEqual({ kind: 'removed', position: 19 })
  })

  it('names an inserted entry, placed or waiting', async () => {
    const forged = '01a20000-0000-7000-8000-000000000001'
    const copy = `insert into ledger_entries (id, municipality_id, action, purpose, outcome, requester_kind, subject, mark, details, leaf_hash)
      select '${forged}', municipality_id, action, purpose, outcome, requester_kind, subject, mark, details, sha256('forged') from ledger_entries where id = '${await entryAt(3)}'`
    await asSuperuser(copy)
    expect((await verify()).findings).toEqual([{ kind: 'inserted', position: 20, entry: forged }])
    await place()
    expect((await verify()).findings).toEqual([{ kind: 'altered', position: 20, entry: forged }])
  })

  it('names an entry slipped in among the others, and says which checkpoints it breaks', async () => {
    const forged = '01a20000-0000-7000-8000-000000000002'
    await grow(280)
    await asSuperuser(
      `insert into ledger_entries (id, municipality_id, action, purpose, outcome, requester_kind, subject, mark, details, leaf_hash)
        select '${forged}', municipality_id, action, purpose, outcome, requester_kind, subject, mark, details, sha256('forged') from ledger_entries where id = '${await entryAt(3)}'`,
      'alter table ledger_sequence drop constraint ledger_sequence_municipality_id_previous_fkey',
      'update ledger_sequence set position = position + 1000 where position >= 11',
      'update ledger_sequence set position = position - 999 where position >= 1011',
      `insert into ledger_sequence (municipality_id, position, entry_id, leaf_hash) values ('${app.town.id}', 11, '${forged}', sha256('forged'))`,
    )
    const { findings } = await verify()
    expect(findings).toContainEqual({ kind: 'inserted', position: 11, entry: forged })
    expect(findings.filter(({ kind }) => kind === 'inserted' || kind === 'reordered')).toHaveLength(1)
  })

  it('names entries that changed places', async () => {
    await grow(280)
    const [four, fifteen] = [await entryAt(4), await entryAt(15)]
    await asSuperuser(
      'alter table ledger_sequence drop constraint ledger_sequence_municipality_id_entry_id_key',
      `update ledger_sequence set entry_id = case position when 4 then '${fifteen}'::uuid else '${four}'::uuid end,
        leaf_hash = (select leaf_hash from ledger_entries where id = case position when 4 then '${fifteen}'::uuid else '${four}'::uuid end)
        where position in (4, 15)`,
    )
    const { findings } = await verify()
    const moved = findings.filter((finding) => finding.kind === 'reordered')
    expect(moved).toHaveLength(2)
    expect(moved).toContainEqual({ kind: 'reordered', position: 4, belongs: 15, entry: fifteen })
    expect(moved).toContainEqual({ kind: 'reordered', position: 15, belongs: 4, entry: four })
  })

  it('is not deceived by one who rewrites places, tiles and checkpoints to fit', async () => {
    const { text: kept } = await app.ask('GET', '/ledger/checkpoint')
    const nine = await entryAt(9)
    await asSuperuser(
      `delete from ledger_sequence where position >= 9`,
      `delete from ledger_entries where id = '${nine}'`,
      'alter table ledger_checkpoints disable trigger all',
      'delete from ledger_checkpoints',
    )
    await app.peek('alter table ledger_sequence enable trigger all')
    await place()
    expect((await verify()).findings).toEqual([])
    // What an outsider kept tells.
    expect((await verify([kept])).findings).toContainEqual({ kind: 'unsigned-change', after: 19, before: 20 })
    const forged = kept.replace(/\n(\d+)\n/, '\n19\n')
    expect((await verify([forged])).findings).toContainEqual({ kind: 'false-checkpoint', size: 19 })
  })
})
