import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/platform/database.ts'
import { postgresDialect } from '../../src/platform/postgres.ts'
import { type Asks, asks, clerksAtWork } from '../support/counter.ts'
import { somebody } from '../support/people.ts'
import { type PostgresServer, type Standby, startPostgres } from '../support/postgres-server.ts'
import { type Folder, outputOf, type Running, scratchFolder, start } from '../support/process.ts'

// The service over two database servers, of which one follows the other and takes its place when that is lost.

let primary: PostgresServer
let standby: Standby
let folder: Folder
let journal: Folder
let service: Running
let token: string
beforeAll(async () => {
  primary = await startPostgres()
  await on(primary, 'create database town', 'postgres')
  standby = await primary.standby()
  folder = scratchFolder()
  journal = scratchFolder()
  service = await startService()
  token = await outputOf(['node', 'dist/padron.js', 'token', 'clerk'], service.environment)
})
afterAll(async () => {
  await service?.kill('SIGTERM')
  await standby?.stop()
  await primary?.stop()
  folder?.remove()
  journal?.remove()
})

function startService(): Promise<Running> {
  const hosts = `postgres://postgres:postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/town`
  return start(folder, {
    DATABASE_URL: hosts,
    DATABASE_OWNER_URL: hosts,
    JOURNAL_DIR: journal.path,
    DEMO: 'true',
    DEMO_NEIGHBOURS: '3',
  })
}
const ask: Asks = (...question) => asks(() => service.address, token)(...question)

async function on<R = unknown>(server: PostgresServer | Standby, query: string, database = 'town'): Promise<R[]> {
  const handle = openDatabase(postgresDialect(server.url(database), { connections: 1 }))
  try {
    return (await sql.raw<R>(query).execute(handle)).rows
  } finally {
    await handle.destroy()
  }
}
const ids = async (server: PostgresServer | Standby) =>
  (await on<{ id: string }>(server, 'select id from neighbours')).map(({ id }) => id)
/** What is written is on both before anybody is told. */
async function together() {
  await on(primary, `alter system set synchronous_standby_names = '*'`)
  await on(primary, 'select pg_reload_conf()')
  await expect
    .poll(async () => (await on(primary, "select from pg_stat_replication where sync_state = 'sync'")).length, {
      timeout: 30_000,
    })
    .toBe(1)
}

describe('a database server that is lost while clerks register people', () => {
  it('is followed by the other one: nothing acknowledged is lost or doubled, and the service finds it by itself', async () => {
    await together()
    const before = new Set(await ids(primary))
    const work = clerksAtWork(ask, 4)
    await work.more(20)
    await primary.crash()
    // Nobody takes writes: whoever asks is told to come again.
    await expect.poll(async () => (await ask('GET', '/health/ready')).status, { timeout: 30_000 }).toBe(503)
    await on(standby, 'select pg_promote()')
    await work.more(20)
    await work.stop()
    expect((await ask('GET', '/health/ready')).status).toBe(200)
    expect([...work.statuses.keys()].sort()).toEqual([201, 503])
    const after = (await ids(standby)).filter((id) => !before.has(id))
    expect(after.sort()).toEqual([...work.registered].sort())
    expect(service.child.exitCode).toBeNull()
    expect(service.output()).not.toMatch(/"event":"unforeseen"|"status":500/)
  })
  it('is not taken back once it is behind: a start and a running process refuse a server that lacks what was taken away', async () => {
    const { id } = JSON.parse((await ask('POST', '/v1/neighbours', somebody())).text)
    const proof = await ask('POST', `/v1/neighbours/${id}/proofs`, { profile: 'library' })
    expect(proof.status).toBe(201)
    expect((await ask('POST', `/v1/proofs/${JSON.parse(proof.text).id}/revocation`, {})).status).toBeLessThan(300)
    await standby.crash()
    await primary.start()
    await on(primary, 'alter system reset synchronous_standby_names')
    await on(primary, 'select pg_reload_conf()')
    await expect
      .poll(async () => JSON.parse((await ask('GET', '/v1/flags')).text).code, { timeout: 50_000 })
      .toBe('database-older')
    await service.kill('SIGTERM')
    await expect(startService()).rejects.toThrow(/older than what/)
  }, 180_000)
})
