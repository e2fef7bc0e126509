import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type Database, openDatabase } from '../../src/platform/database.ts'
import { postgresDialect } from '../../src/platform/postgres.ts'
import { type Asks, asks, clerksAtWork } from '../support/counter.ts'
import { type Pooler, poolerTo } from '../support/pooler.ts'
import { type Folder, outputOf, type Running, scratchFolder, start } from '../support/process.ts'

// The service behind a pooler that hands connections out by the transaction.

const name = `pooled_${process.pid}_${Date.now()}`
const BACKENDS = 3
let root: Database
let folder: Folder
let pooler: Pooler
let service: Running
const urlOf = (port: number) => `postgres://postgres:postgres@127.0.0.1:${port}`
beforeAll(async () => {
  root = openDatabase(postgresDialect(`${urlOf(inject('postgresPort'))}/postgres`, { connections: 1 }))
  await sql.raw(`create database ${name}`).execute(root)
  folder = scratchFolder()
  pooler = await poolerTo(inject('postgresPort'), 'postgres', name, BACKENDS)
  service = await start(folder, {
    DATABASE_URL: `${urlOf(pooler.port)}/${name}`,
    DATABASE_OWNER_URL: `${urlOf(inject('postgresPort'))}/${name}`,
    DATABASE_POOLER: 'true',
    DATABASE_CONNECTIONS: '8',
    DEMO: 'true',
    DEMO_NEIGHBOURS: '3',
  })
})
afterAll(async () => {
  await service?.kill('SIGTERM')
  await pooler?.end()
  await sql.raw(`drop database if exists ${name} with (force)`).execute(root)
  await root?.destroy()
  folder?.remove()
})

it('works with fewer connections than it has transactions, and leaves nothing in any of them', async () => {
  const token = await outputOf(['node', 'dist/padron.js', 'token', 'clerk'], service.environment)
  const ask: Asks = (...question) => asks(() => service.address, token)(...question)
  const work = clerksAtWork(ask, 6)
  await work.more(40)
  await work.stop()
  expect([...work.statuses.keys()]).toEqual([201])
  const id = work.registered[0] ?? ''
  const proof = await ask('POST', `/v1/neighbours/${id}/proofs`, { profile: 'library' })
  expect(proof.status).toBe(201)
  expect((await ask('POST', `/v1/proofs/${JSON.parse(proof.text).id}/revocation`, {})).status).toBe(200)
  // Told by a notice, over whichever connection.
  expect(readdirSync(join(folder.path, 'journal')).some((one) => one.endsWith('.journal'))).toBe(true)
  expect(pooler.clients()).toBeGreaterThan(BACKENDS)
  for (const handed of pooler.handed()) expect(handed).toBeGreaterThan(10)

  const through = openDatabase(postgresDialect(`${urlOf(pooler.port)}/${name}`, { connections: 1, pooler: true }))
  const left = new Map<number, unknown>()
  for (let n = 0; left.size < BACKENDS && n < 1_000; n += 1) {
    const { rows } = await sql<{ pid: number; left: unknown }>`
      select pg_backend_pid() as pid, jsonb_build_object('role', current_user,
        'town', current_setting('padron.municipality', true), 'prepared', (select count(*) from pg_prepared_statements),
        'locks', (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())) as left`.execute(
      through,
    )
    for (const row of rows) left.set(row.pid, row.left)
  }
  await through.destroy()
  expect([...left.values()]).toEqual(
    Array.from({ length: BACKENDS }, () => ({ role: 'postgres', town: '', prepared: 0, locks: 0 })),
  )
})

it('needs the setting: what a session would keep is refused by the pooler', async () => {
  const without = openDatabase(
    postgresDialect(`${urlOf(pooler.port)}/${name}`, { connections: 1, role: 'padron_app', patience: 1_000 }),
  )
  await expect(sql`select 1`.execute(without)).rejects.toMatchObject({ status: 503, reason: '08P01' })
  await without.destroy()
})
