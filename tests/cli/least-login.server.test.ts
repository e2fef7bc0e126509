import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Folder, run, scratchFolder } from '../support/process.ts'

// A server on which nobody has set up anything, and exactly the two logins that docs/operations.md makes.

let server: PostgresServer
let root: Database
let folder: Folder
beforeAll(async () => {
  server = await startPostgres()
  root = openDatabase(postgresDialect(server.url('postgres'), { connections: 1 }))
  for (const statement of [
    "create role padron_owner login createrole password 'owner'",
    'create database padron owner padron_owner',
    "create role padron_service login password 'service'",
  ])
    await sql.raw(statement).execute(root)
  folder = scratchFolder()
})
afterAll(async () => {
  await root?.destroy()
  await server?.stop()
  folder?.remove()
})

it('the owner that the docs name migrates, and the service runs as the login they name', async () => {
  const url = (login: string, password: string) => `postgres://${login}:${password}@127.0.0.1:${server.port}/padron`
  const environment: Record<string, string> = {
    NODE_ENV: 'production',
    DATABASE_OWNER_URL: url('padron_owner', 'owner'),
    DATABASE_URL: url('padron_service', 'service'),
    DATA_DIR: folder.path,
    REGISTRY_KEY_FILE: join(folder.path, 'keys.json'),
    JOURNAL_DIR: join(folder.path, 'journal'),
    TOKEN_ISSUERS:
      '[{"issuer":"https://id.example","jwksUri":"https://id.example/jwks","towns":["riudor"],"roles":["clerk"],"clients":true}]',
    TOKEN_AUDIENCE: 'urn:padron:api',
  }
  expect(readConfig(environment).production).toBe(true)
  const padron = async (...words: string[]) => {
    const command = run(['node', 'dist/padron.js', ...words], environment)
    return { code: await command.exit, said: command.output() }
  }
  expect(await padron('keys', 'create')).toMatchObject({ code: 0 })
  const { said } = await padron('keys', 'keeper', join(folder.path, 'keeper.json'))
  environment.BACKUP_KEEPER_KEY = said.trim().split('\n').at(-1) ?? ''
  environment.BACKUP_KEYS_DIR = join(folder.path, 'copies')
  expect(await padron('migrate')).toMatchObject({ code: 0 })
  // As the owner does it.
  const owner = openDatabase(postgresDialect(environment.DATABASE_OWNER_URL ?? '', { connections: 1 }))
  await sql.raw('grant padron_app to padron_service').execute(owner)
  await owner.destroy()
  const { DATABASE_OWNER_URL: _, ...withoutOwner } = environment
  const service = run(['node', 'dist/main.js'], { ...withoutOwner, PORT: '0' })
  await expect.poll(() => service.output(), { timeout: 60_000 }).toMatch(/is ready at|did not start/)
  expect(service.output()).toMatch(/is ready at/)
  const [address] = /http:\/\/[\d.:]+/.exec(service.output()) ?? []
  await expect.poll(async () => (await fetch(`${address}/health/ready`)).status, { timeout: 20_000 }).toBe(200)
  expect(service.output()).not.toContain('"level":"error"')
  expect(await service.kill('SIGTERM')).toBe(0)
})
