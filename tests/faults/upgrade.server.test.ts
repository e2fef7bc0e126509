import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type Database, openDatabase } from '../../src/platform/database.ts'
import { postgresDialect } from '../../src/platform/postgres.ts'
import { type Asks, asks, clerksAtWork } from '../support/counter.ts'
import { type Folder, outputOf, type Running, run, scratchFolder, start } from '../support/process.ts'

// The service is brought to a release with another schema while people are registered: the schema first, then one process after
// the other. The next release is this one, built once more with a migration as most are: it adds, and takes nothing away.

const name = `upgrade_${process.pid}_${Date.now()}`
const NEXT = [
  'alter table neighbours add column next_release text; create index neighbours_by_next_release on neighbours (next_release);',
  'alter table data_keys add column next_release text;',
  "alter table proofs add column next_release text not null default '';",
  'alter table municipalities add column next_release text;',
  `create table next_release (municipality_id uuid not null references municipalities, at timestamptz not null default now());
   grant select on next_release to padron_app;
   create view job_states_of_next_release as select * from job_states;`,
].map((text) => text.replaceAll('; ', ';\n'))
let root: Database
let town: Database
let folder: Folder
let next: Folder
let settings: Record<string, string>
let older: Running
let newer: Running | undefined
beforeAll(async () => {
  const url = (database: string) => `postgres://postgres:postgres@127.0.0.1:${inject('postgresPort')}/${database}`
  root = openDatabase(postgresDialect(url('postgres'), { connections: 1 }))
  await sql.raw(`create database ${name}`).execute(root)
  town = openDatabase(postgresDialect(url(name), { connections: 1 }))
  folder = scratchFolder()
  next = scratchFolder()
  settings = { DATABASE_URL: url(name), DATABASE_OWNER_URL: url(name), DEMO: 'true', DEMO_NEIGHBOURS: '3' }
  older = await start(folder, settings)
  for (const part of ['src', 'schema', 'policies', 'package.json', 'tsconfig.json', 'vite.config.ts'])
    cpSync(part, join(next.path, part), { recursive: true })
  symlinkSync(join(process.cwd(), 'node_modules'), join(next.path, 'node_modules'))
  for (const [n, text] of NEXT.entries()) writeFileSync(join(next.path, 'schema', `900${n}_next_release.sql`), text)
  mkdirSync(join(next.path, 'tests'))
  const built = run(['npx', 'vite', 'build', '--mode', 'node', '--logLevel', 'error'], {}, { within: next.path })
  expect(await built.exit, built.output()).toBe(0)
}, 120_000)
afterAll(async () => {
  await older?.kill('SIGTERM')
  await newer?.kill('SIGTERM')
  await town?.destroy()
  await sql.raw(`drop database if exists ${name} with (force)`).execute(root)
  await root?.destroy()
  folder?.remove()
  next?.remove()
})

it('a release with a new schema takes the place of the one before, and nobody is refused or told to come again', async () => {
  const clerkOf = async ({ address, environment }: Running, padron: string) =>
    asks(() => address, await outputOf(['node', padron, 'token', 'clerk'], environment))
  let turn = 0
  let desks = [await clerkOf(older, 'dist/padron.js')]
  const ask: Asks = (...question) => {
    turn += 1
    const desk = desks[turn % desks.length]
    if (desk === undefined) throw new Error('no process is left')
    return desk(...question)
  }
  const work = clerksAtWork(ask, 4, 100)
  await work.more(20)
  const opened = (id: string) => ask('GET', `/v1/neighbours/${id}`)
  for (const id of work.registered.slice(0, 20)) expect((await opened(id)).status).toBe(200)

  // Somebody reads for a while: the schema waits for them, and nobody for the schema.
  const migrating = await town.transaction().execute(async (transaction) => {
    await sql`lock table neighbours in access share mode`.execute(transaction)
    const running = run(['node', join(next.path, 'dist/padron.js'), 'migrate'], settings)
    await expect
      .poll(
        async () =>
          (await sql`select from pg_locks where not granted and mode = 'AccessExclusiveLock'`.execute(root)).rows
            .length,
        { timeout: 30_000, interval: 20 },
      )
      .toBeGreaterThan(0)
    await work.more(40)
    return { running }
  })
  expect(await migrating.running.exit, migrating.running.output()).toBe(0)
  // What a connection has prepared fits the schema before.
  for (const id of work.registered.slice(0, 20)) expect((await opened(id)).status).toBe(200)
  await work.more(20)
  newer = await start(folder, { ...settings, COMMAND: `node ${join(next.path, 'dist/main.js')}` })
  const clerk = await clerkOf(newer, join(next.path, 'dist/padron.js'))
  desks.push(clerk)
  await work.more(40)
  desks = [clerk]
  await work.more(8)
  expect(await older.kill('SIGTERM')).toBe(0)
  await work.more(20)
  await work.stop()
  expect([...work.statuses.keys()]).toEqual([201])
  const { rows } = await sql<{ id: string }>`select id from neighbours where next_release is null`.execute(town)
  const stored = new Set(rows.map(({ id }) => id))
  expect(work.registered.filter((id) => !stored.has(id))).toEqual([])
  for (const process of [older, newer]) expect(process.output()).not.toMatch(/"event":"unforeseen"|"status":50/)
}, 180_000)
