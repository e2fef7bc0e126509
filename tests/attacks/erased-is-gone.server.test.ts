import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backgroundWork } from '../../src/background.ts'
import { readEpochFile } from '../../src/keys/epoch-file.ts'
import { bucketOf } from '../../src/keys/epochs.ts'
import { type KeyCopies, keyCopies, makeKeeper, openCopies } from '../../src/keys/keeper.ts'
import { localKeyProvider } from '../../src/keys/key-provider.ts'
import { storeDataKey } from '../../src/keys/municipality-keys.ts'
import { type DataKeyOwner, newDataKey } from '../../src/keys/seal.ts'
import { uuidv7 } from '../../src/platform/clock.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { createRunner } from '../../src/platform/jobs.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { carve } from '../support/carve.ts'
import { freshEpochs } from '../support/epochs.ts'
import { serverWithTemplate } from '../support/on-postgres.ts'
import { openRecord, register } from '../support/people.ts'
import type { PostgresServer } from '../support/postgres-server.ts'

// Somebody has been erased, and somebody else has everything: the server's files with rows that were deleted, its journal, a copy of
// its files from before, its log with every statement and its parameters, and all keys that are there.

const parent = mkdtempSync(join(tmpdir(), 'padron-erased-'))
const file = join(parent, 'keys', 'epoch-keys')
const copied = join(parent, 'copies')
const base = join(parent, 'backup')
const log = join(parent, 'log')
let server: PostgresServer
let app: TestApp
let data: string
let oid: string
let copies: KeyCopies
let privateKey: string
beforeAll(async () => {
  mkdirSync(log)
  server = await serverWithTemplate(['-c', 'log_statement=all', '-c', 'log_parameter_max_length=-1'], (line) =>
    appendFileSync(join(log, 'postgresql.log'), line),
  )
  app = await openApp({ store: 'postgres', port: server.port, epochFile: file })
  const [where] = await app.peek<{ data_directory: string }>('show data_directory')
  data = where?.data_directory ?? ''
  const [own] = await app.peek<{ oid: string }>('select oid::text from pg_database where datname = current_database()')
  oid = own?.oid ?? ''
  const keeper = await makeKeeper()
  privateKey = JSON.stringify(keeper.privateJwk)
  copies = keyCopies({ folder: copied, keeper: JSON.stringify(keeper.publicJwk), days: 35, clock: app.clock })
  await copies.keep(readEpochFile(file))
})
afterAll(async () => {
  await app?.close()
  await server?.stop()
  rmSync(parent, { recursive: true, force: true })
})

/** Of the other databases of the server nothing was written. */
const filesOf = (folder: string) => [join(folder, 'base', oid), join(folder, 'pg_wal')]

/** With all keys that the machine of the service has now. */
const carved = (id: string, owner: DataKeyOwner, folders = [...filesOf(data), ...filesOf(base), log]) => {
  const held = localKeyProvider(() => app.material.current, freshEpochs(readEpochFile(file)))
  const { tried, opened } = carve(folders, [held], { id, owner, municipalityId: app.town.id })
  expect(tried).toBeGreaterThan(0)
  return [...new Set(opened.map(kindOf))].sort()
}
const kindOf = (path: string) => {
  const [, place] = /\/(pg_wal|base|log)\//.exec(path.replace(parent, '')) ?? []
  return path.startsWith(base) ? `backup: ${place}` : `server: ${place}`
}

const written = async () => {
  await app.peek('checkpoint')
}

async function erased(id: string): Promise<void> {
  await app.ask('POST', `/v1/neighbours/${id}/departures`, {
    as: 'clerk',
    body: { cause: 'moved-away', saidBy: 'in-person' },
    ifMatch: 1,
  })
  app.clock.advance({ hours: 24 * 366 * 5 })
  const { body } = await app.ask<{ id: string }>('POST', `/v1/neighbours/${id}/erasures`, {
    as: 'supervisor',
    body: { ground: 'time-over' },
  })
  const decided = await app.ask('POST', `/v1/erasures/${body.id}/decision`, { as: 'legal', body: { approves: true } })
  expect(decided.body).toMatchObject({ decision: 'approved' })
}

/** What runs by itself, of the night. */
const night = () =>
  createRunner(
    app.deps,
    backgroundWork(app.rooms, {
      channels: {},
      witnesses: [],
      turning: {
        ...{ database: app.database, keys: app.keys, file, copies },
        options: { patience: 5_000, grace: 0 },
      },
    }).filter(({ kind }) => kind === 'epochs'),
  ).once()

describe('whoever was erased', () => {
  it('opens from nothing that the server ever wrote, once the night is over; everybody else does', async () => {
    const gone = await register(app, { since: '2015-01-01' })
    const [home] = await app.peek<{ address_id: string }>(
      `select address_id from households where id = '${gone.householdId}'`,
    )
    const stays = await register(app)
    // Somebody in the same bucket, whose key is wrapped anew.
    const beside = `${uuidv7().slice(0, -4)}${gone.id.slice(-4)}`
    await inMunicipality(app.database, app.town.id, (transaction) =>
      storeDataKey(transaction, newDataKey(beside).wrap(app.keys, app.town.id, 'neighbour')),
    )
    await written()
    await app.peek("select pg_backup_start('before', true)")
    cpSync(data, base, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('postmaster.pid') })

    const everywhere = ['backup: base', 'backup: pg_wal', 'server: base', 'server: log', 'server: pg_wal']
    expect(carved(gone.id, 'neighbour')).toEqual(everywhere)
    const before = readEpochFile(file)
    const old = before.epochs.find(({ bucket }) => bucket === bucketOf(gone.id))?.key ?? Buffer.alloc(0)
    const oldKey = Buffer.from(old)

    await erased(gone.id)
    await written()
    // The attack: in the database there is nothing any more, and everything is still there.
    expect(await app.peek(`select from data_keys where id in ('${gone.id}', '${home?.address_id}')`)).toEqual([])
    expect(carved(gone.id, 'neighbour')).toEqual(everywhere)
    expect(carved(home?.address_id ?? '', 'address')).toEqual(everywhere)

    const said = () => app.ask<{ decided: { gone: boolean }[] }>('GET', '/v1/erasures', { as: 'legal' })
    expect((await said()).body.decided.map((one) => one.gone)).toEqual([false])
    expect(await night()).toBe(1)
    expect((await said()).body.decided.map((one) => one.gone)).toEqual([true])
    await written()
    expect(carved(gone.id, 'neighbour')).toEqual([])
    expect(carved(home?.address_id ?? '', 'address')).toEqual([])
    expect(carved(stays.id, 'neighbour')).toEqual(everywhere)
    // Wrapped anew: of a row that is changed the server's journal may leave out what did not change.
    expect(carved(beside, 'neighbour')).toEqual(expect.arrayContaining(['server: base', 'server: log']))

    // No file of the key folder has the old key, and no process.
    for (const name of readdirSync(join(parent, 'keys')))
      expect(readFileSync(join(parent, 'keys', name)).includes(oldKey), name).toBe(false)
    expect(app.keys.epochs().filter(({ bucket }) => bucket === bucketOf(gone.id))).toMatchObject([{ epoch: 2 }])
    expect((await openRecord(app, stays.id)).status).toBe(200)
    expect((await register(app)).id).toMatch(/^[0-9a-f-]{36}$/)
    const [entry] = await app.peek<{ n: number }>(
      "select count(*)::integer as n from ledger_entries where action = 'epoch-keys-destroyed'",
    )
    expect(entry?.n).toBe(1)
  }, 400_000)

  it('opens for whoever keeps the backups, as long as backups are kept and not a day longer', async () => {
    const one = await register(app, { since: '2015-01-01' })
    await erased(one.id)
    await night()
    await written()
    const withCopies = async () => {
      const { all } = await openCopies(copied, privateKey)
      const held = localKeyProvider(() => app.material.current, freshEpochs({ generation: 1, epochs: all }))
      return carve(filesOf(data), [held], { id: one.id, owner: 'neighbour', municipalityId: app.town.id }).opened.length
    }
    expect(carved(one.id, 'neighbour', [...filesOf(data), log])).toEqual([])
    expect(await withCopies()).toBeGreaterThan(0)
    app.clock.advance({ hours: 24 * 34 })
    await night()
    expect(await withCopies()).toBeGreaterThan(0)
    // Another erasure puts the end of the first one off by nothing.
    const other = uuidv7()
    await inMunicipality(app.database, app.town.id, (transaction) =>
      storeDataKey(transaction, newDataKey(other).wrap(app.keys, app.town.id, 'neighbour')),
    )
    await app.peek(`delete from data_keys where id = '${other}' returning 1`)
    await night()
    app.clock.advance({ hours: 24 })
    // By itself.
    expect(await night()).toBe(1)
    expect(await withCopies()).toBe(0)
  }, 400_000)

  it('is the only one whose bucket is turned, and nothing is done in a night without an erasure', async () => {
    const before = readEpochFile(file).generation
    await night()
    expect(readEpochFile(file).generation).toBe(before)
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from epochs where epoch > 1`.execute(
      app.database,
    )
    // Two people, where each of them lived, and one key more.
    expect(rows[0]?.n).toBeLessThanOrEqual(5)
  })
})
