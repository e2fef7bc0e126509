import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { LedgerReport } from '../../src/ledger/verify.ts'
import { type Database, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { freePort } from '../support/postgres-server.ts'
import { type Folder, outputOf, type Running, run, scratchFolder } from '../support/process.ts'

// Each test starts the whole service, some several times.
vi.setConfig({ testTimeout: 300_000 })

// A town set up on PostgreSQL the way docs/operations.md says, with separate logins, in production mode.

let folder: Folder
let root: Database
let environment: Record<string, string>
const name = `padron_cli_${randomUUID().replaceAll('-', '')}`
const running: Running[] = []

beforeAll(async () => {
  folder = scratchFolder()
  const port = inject('postgresPort')
  const url = (login: string, database = name) => `postgres://${login}:${login}@127.0.0.1:${port}/${database}`
  root = openDatabase(postgresDialect(url('postgres', 'postgres'), { connections: 1 }))
  await sql.raw(`create database ${name}`).execute(root)
  environment = {
    NODE_ENV: 'production',
    DATABASE_URL: url('padron_app_login'),
    DATABASE_OWNER_URL: url('postgres'),
    DATA_DIR: folder.path,
    REGISTRY_KEY_FILE: join(folder.path, 'keys.json'),
    JOURNAL_DIR: join(folder.path, 'journal'),
    TOKEN_ISSUERS:
      '[{"issuer":"https://id.example","jwksUri":"https://id.example/jwks","towns":["riudor"],"roles":["clerk"],"clients":true}]',
    TOKEN_AUDIENCE: 'urn:padron:api',
  }
  const { publicKey } = await padron('keys', 'keeper', join(folder.path, 'keeper.json'))
  environment.BACKUP_KEEPER_KEY = JSON.stringify(publicKey)
  environment.BACKUP_KEYS_DIR = join(folder.path, 'copies')
})
afterAll(async () => {
  for (const service of running) await service.kill('SIGKILL')
  await sql.raw(`drop database if exists ${name} with (force)`).execute(root)
  await root?.destroy()
  folder?.remove()
})

const padron = async (...words: string[]) =>
  JSON.parse(await outputOf(['node', 'dist/padron.js', '--json', ...words], environment))
const fails = async (...words: string[]) => {
  const command = run(['node', 'dist/padron.js', ...words], environment)
  expect(await command.exit).toBe(1)
  return command.output()
}
const keyFile = () =>
  JSON.parse(readFileSync(environment.REGISTRY_KEY_FILE ?? '', 'utf8')) as { current: string; keys: object }

async function serve(): Promise<Running> {
  const port = String(await freePort())
  const { DATABASE_OWNER_URL: _, ...withoutOwner } = environment
  const service = run(['node', 'dist/main.js'], { ...withoutOwner, PORT: port })
  running.push(service)
  await expect.poll(() => service.output(), { timeout: 120_000 }).toMatch(/is ready at|did not start/)
  return service
}

describe('setting up a town', () => {
  it('makes keys once and never overwrites them', async () => {
    expect(await padron('keys', 'create')).toMatchObject({ current: expect.stringMatching(/^k/) })
    expect(await fails('keys', 'create')).toMatch(/there are keys at/)
    expect(await padron('keys', 'list')).toEqual({ current: keyFile().current, keys: [keyFile().current] })
  })

  it('does not serve a database that is not migrated', async () => {
    const service = await serve()
    expect(await service.exit).toBe(1)
  })

  it('migrates once, with the owner’s login', async () => {
    expect((await padron('migrate')).applied).toHaveLength(
      readdirSync('schema').filter((file) => file.endsWith('.sql')).length,
    )
    expect((await padron('migrate')).applied).toEqual([])
    expect(await fails('migrate', '--partitions', 'x')).toMatch(/whole number/)
    expect(await fails('migrate', '--partitions', '4')).toMatch(/not divided/)
  })

  it('adds the municipality a file describes, and says what is wrong with one that does not', async () => {
    const town = {
      slug: 'riudor',
      name: { ca: 'Riudor' },
      countryCode: 'ES',
      languages: ['ca'],
      issuer: 'https://padron.riudor.example',
      timeZone: 'Europe/Madrid',
      expectedPopulation: 5_000,
      referenceAddress: { name: 'Serveis socials' },
      organisations: [{ id: randomUUID(), name: 'Oficina', functions: ['citizenship-office'] }],
    }
    const path = join(folder.path, 'town.json')
    writeFileSync(path, JSON.stringify({ ...town, issuer: 'riudor', colour: 'blue' }))
    expect(await fails('municipality', 'add', path)).toMatch(/issuer[\s\S]*colour/)
    writeFileSync(path, JSON.stringify(town))
    const added = await padron('municipality', 'add', path)
    expect(added).toMatchObject({ slug: 'riudor', added: true })
    expect(await padron('municipality', 'add', path)).toEqual({ ...added, added: false })
  })

  it('adds all of a municipality or nothing, and changes one that is there', async () => {
    const town = JSON.parse(readFileSync(join(folder.path, 'town.json'), 'utf8'))
    const organisations = [...town.organisations, town.organisations[0]]
    const twice = { ...town, slug: 'altra', issuer: 'https://padron.altra.example', organisations }
    const path = join(folder.path, 'altra.json')
    // One office twice in a town: the database refuses it once the municipality is written.
    writeFileSync(path, JSON.stringify(twice))
    await fails('municipality', 'add', path)
    expect(await fails('municipality', 'update', path)).toMatch(/no municipality altra/)
    writeFileSync(path, JSON.stringify({ ...town, organisations: [], expectedPopulation: 6_000, eraseAfterYears: 6 }))
    expect(await padron('municipality', 'update', path)).toEqual({
      slug: 'riudor',
      changed: ['expectedPopulation', 'eraseAfterYears'],
    })
    expect(await padron('municipality', 'update', path)).toEqual({ slug: 'riudor', changed: [] })
    writeFileSync(path, 'riudor')
    expect(await fails('municipality', 'update', path)).toMatch(/is not JSON/)
  })

  it('is never demonstrated upon', async () => {
    const { NODE_ENV: _, TOKEN_ISSUERS: __, ...open } = environment
    const beside = run(['node', 'dist/main.js'], { ...open, NODE_ENV: 'development', DEMO: 'true', PORT: '0' })
    expect(await beside.exit).toBe(1)
    expect(beside.output()).toMatch(/holds riudor\. Nothing invented/)
    const unsaid = run(['node', 'dist/main.js'], { ...open, NODE_ENV: 'development', PORT: '0' })
    expect(await unsaid.exit).toBe(1)
    expect(unsaid.output()).toMatch(/TOKEN_ISSUERS/)
    for (const DEMO of ['true', 'false']) {
      const seed = run(['node', 'dist/padron.js', 'seed'], { ...open, NODE_ENV: 'development', DEMO })
      expect(await seed.exit).toBe(1)
    }
    const { DATABASE_URL: ___, ...ownerAlone } = environment
    const alone = run(['node', 'dist/padron.js', '--json', 'migrate'], { ...ownerAlone, NODE_ENV: 'development' })
    expect(await alone.exit).toBe(0)
    expect(JSON.parse(alone.output())).toEqual({ applied: [] })
  })

  it('serves in production as the application’s login alone, several processes at once', async () => {
    const [one, two] = [await serve(), await serve()]
    for (const { address, output } of [one, two]) {
      expect(output()).not.toMatch(/invented|embedded/)
      expect((await fetch(`${address}/health/ready`)).status).toBe(200)
      expect(await (await fetch(`${address}/.well-known/jwks.json`)).json()).toMatchObject({
        keys: [{ alg: 'ES256', use: 'sig' }],
      })
      expect((await fetch(`${address}/v1/neighbours/${randomUUID()}`)).status).toBe(401)
    }
    expect(await one.kill('SIGTERM')).toBe(0)
    expect((await fetch(`${two.address}/health/ready`)).status).toBe(200)
    expect(await two.kill('SIGTERM')).toBe(0)
  })
})

describe('keys', () => {
  it('rotate and retire: every data key moves to the new one, then the old one is gone', async () => {
    const old = keyFile().current
    expect(await fails('keys', 'retire', old)).toMatch(/current key/)
    const rotated = await padron('keys', 'rotate')
    expect(rotated.current).not.toBe(old)
    expect(rotated.rewrapped).toBeGreaterThan(0)
    expect(keyFile()).toMatchObject({
      current: rotated.current,
      keys: { [old]: expect.any(String), [rotated.current]: expect.any(String) },
    })
    expect(await padron('keys', 'retire', old)).toEqual({ retired: old, current: rotated.current })
    expect(Object.keys(keyFile().keys)).toEqual([rotated.current])
    const service = await serve()
    expect((await fetch(`${service.address}/.well-known/jwks.json`)).status).toBe(200)
    await service.kill('SIGTERM')
  })

  it('of epochs turn after an erasure, and a file that was lost comes back from the copies', async () => {
    const owner = openDatabase(postgresDialect(environment.DATABASE_OWNER_URL ?? '', { connections: 1 }))
    const epochs = join(folder.path, 'epoch-keys')
    expect(existsSync(epochs)).toBe(true)
    await sql`update epochs set lost = true where bucket = 12`.execute(owner)
    expect(await padron('keys', 'turn')).toMatchObject({ gone: 1 })
    expect(await padron('keys', 'turn')).toEqual({ gone: 0, rewrapped: 0 })
    const { rows } = await sql<{ epoch: number; gone: boolean }>`
      select epoch, gone_at is not null as gone from epochs where bucket = 12 order by epoch`.execute(owner)
    expect(rows).toEqual([
      { epoch: 1, gone: true },
      { epoch: 2, gone: false },
    ])
    await owner.destroy()

    const keeper = join(folder.path, 'keeper.json')
    expect(await fails('keys', 'recover', keeper)).toMatch(/Nothing was written over/)
    const before = readFileSync(epochs)
    rmSync(epochs)
    expect(await fails('ledger', 'verify', 'riudor')).toMatch(/There are no epoch keys/)
    expect(await padron('keys', 'recover', keeper)).toMatchObject({ file: epochs })
    expect(readFileSync(epochs)).toEqual(before)
    expect(await padron('ledger', 'verify', 'riudor')).toMatchObject({ findings: [] })
    expect(await fails('keys', 'keeper', keeper)).toMatch(/nothing was written over/)
  })

  it('that sign are rotated and withdrawn', async () => {
    const { kid } = await padron('keys', 'rotate-signing', 'riudor', '--algorithm', 'EdDSA')
    const service = await serve()
    const published = async () =>
      (
        (await (await fetch(`${service.address}/.well-known/jwks.json`)).json()) as {
          keys: { kid: string; alg: string }[]
        }
      ).keys
    expect(await published()).toContainEqual(expect.objectContaining({ kid, alg: 'EdDSA' }))
    await padron('keys', 'withdraw-signing', 'riudor', kid)
    expect((await published()).map((key) => key.kid)).not.toContain(kid)
    expect(await fails('keys', 'withdraw-signing', 'riudor', kid)).toMatch(/no such key/)
    // One name in sixty-four begins with a dash: it is a name all the same.
    expect(await fails('keys', 'withdraw-signing', 'riudor', `-${kid.slice(1)}`)).toMatch(/no such key/)
    expect(await fails('keys', 'rotate-signing', 'nowhere')).toMatch(/no municipality nowhere/)
    await service.kill('SIGTERM')
  })
})

describe('the ledger', () => {
  it('is verified, and what the database’s administrator removed is named', async () => {
    const service = await serve()
    await expect
      .poll(async () => (await fetch(`${service.address}/ledger/checkpoint`)).status, { timeout: 120_000 })
      .toBe(200)
    await service.kill('SIGTERM')
    expect(await padron('ledger', 'verify', 'riudor')).toMatchObject({ intact: true, findings: [] })
    const database = openDatabase(postgresDialect(environment.DATABASE_OWNER_URL ?? '', { connections: 1 }))
    await sql`alter table ledger_entries disable trigger all`.execute(database)
    await sql`delete from ledger_entries where id = (select entry_id from ledger_sequence order by position limit 1)`.execute(
      database,
    )
    await database.destroy()
    expect(await fails('ledger', 'verify', 'riudor')).toMatch(/REMOVED {4}the entry of place 0[\s\S]*NOT INTACT/)
  })
})

describe('destroying the registry', () => {
  const shares = () => [1, 2, 3, 4, 5].map((n) => join(folder.path, 'shares', `share-${n}.txt`))
  const destroy = (typed: string, ...files: string[]) => {
    const command = run(['node', 'dist/padron.js', 'keys', 'destroy', '--share', ...files], environment, {
      typed: typed,
    })
    return command.exit.then((code) => ({ code, output: command.output() }))
  }

  it('is drilled on a copy', async () => {
    await padron('keys', 'split', join(folder.path, 'shares'))
    expect(await fails('keys', 'split', join(folder.path, 'shares'))).toMatch(/shares .* already/)
    const drill = await padron('keys', 'destroy', '--drill', '--share', ...shares().slice(1, 4))
    expect(drill).toMatchObject({ works: true, openedAfter: 0 })
    expect(drill.opened).toBeGreaterThan(0)
  })

  it('takes three of the five shares and the words', async () => {
    const before = keyFile()
    const [one = '', two = '', three = ''] = shares()
    expect((await destroy(`DESTROY ${before.current}\n`, one, two)).output).toMatch(/3 different shares/)
    expect((await destroy(`DESTROY ${before.current}\n`, one, two, two)).output).toMatch(/3 different shares/)
    expect((await destroy('yes\n', one, two, three)).output).toMatch(/Nothing was destroyed/)
    expect(keyFile()).toEqual(before)
  })

  it('leaves nothing that opens', async () => {
    const before = keyFile()
    const { code, output } = await destroy(`DESTROY ${before.current}\n`, ...shares().slice(2))
    expect(output).toContain(`${before.current} is destroyed`)
    expect(code).toBe(0)
    for (const old of Object.keys(before.keys)) expect(Object.keys(keyFile().keys)).not.toContain(old)
    // The tree of the ledger still stands: its leaves were never secret.
    const report: LedgerReport = JSON.parse(await fails('--json', 'ledger', 'verify', 'riudor'))
    expect(report.findings).toEqual([{ kind: 'removed', position: 0 }])
    expect(report.erased).toBeGreaterThan(0)
  })
})

describe('other commands', () => {
  it('check the policies', async () => {
    expect(await padron('policies', 'check')).toMatchObject({
      valid: true,
      purposes: expect.arrayContaining(['registration', 'immigration-control']),
    })
  })

  it('say every rule in a plain sentence, the refusals first', async () => {
    const { rules, digest } = await padron('policies', 'explain')
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(rules[0]).toMatchObject({ effect: 'forbid' })
    for (const { title, source } of rules) expect(`${title} ${source}`).toMatch(/^[A-Z].*\. .+/)
    const text = await outputOf(['node', 'dist/padron.js', 'policies', 'explain'], environment)
    expect(text).toContain(
      'NEVER  Nobody who does immigration enforcement, or one of the known ways round it, or who belongs to, reports to or shares data with those who do, is ever answered.',
    )
  })

  it('refuse what belongs to a demonstration', async () => {
    expect(await fails('seed')).toMatch(/belong in a demonstration/)
    expect(await fails('token', 'clerk')).toMatch(/No demonstration runs here/)
  })

  it('say that a proof is none, with its code', async () => {
    const command = run(
      ['node', 'dist/padron.js', '--json', 'verify', 'a.b.c~', '--issuer', 'https://padron.riudor.example'],
      environment,
    )
    expect(await command.exit).toBe(1)
    expect(JSON.parse(command.output())).toMatchObject({ valid: false, code: 'keys-unavailable' })
  })
})
