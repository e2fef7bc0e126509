import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { freePort } from '../support/postgres-server.ts'
import { type Folder, outputOf, run, scratchFolder } from '../support/process.ts'

// With the server and the programs of the distribution, where it has them: the server that comes with npm brings no pg_dump.

const bindir = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim() ?? ''
const asRoot = process.getuid?.() === 0
const userThere = !asRoot || spawnSync('id', ['postgres']).status === 0
const present =
  userThere && ['initdb', 'pg_ctl', 'pg_dump', 'pg_restore'].every((name) => existsSync(join(bindir, name)))
const version = Number(
  / (\d+)/.exec(spawnSync(join(bindir, 'pg_dump'), ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1],
)

if (!present) process.stdout.write('No PostgreSQL of the distribution here: backups are not tried.\n')

describe.runIf(present)(`backups, with PostgreSQL ${version} of this machine`, () => {
  let folder: Folder
  let data: string
  let port: number
  let environment: Record<string, string>
  const server = (...words: string[]) => {
    const [program = '', ...rest] = words
    const command = [join(bindir, program), ...rest]
    const { status, stderr, error } = asRoot
      ? spawnSync('runuser', ['-u', 'postgres', '--', ...command], { encoding: 'utf8', cwd: '/' })
      : spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${words[0]}: ${stderr} ${error ?? ''}`)
  }
  const padron = (...words: string[]) => outputOf(['node', 'dist/padron.js', ...words], environment)
  beforeAll(async () => {
    folder = scratchFolder()
    data = mkdtempSync(join(tmpdir(), 'padron-distribution-'))
    chmodSync(data, 0o777)
    port = await freePort()
    server('initdb', '-D', join(data, 'd'), '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C')
    server(
      'pg_ctl',
      '-D',
      join(data, 'd'),
      '-w',
      '-l',
      join(data, 'log'),
      '-o',
      `-p ${port} -c listen_addresses=127.0.0.1 -k ${data}`,
      'start',
    )
    const root = openDatabase(postgresDialect(`postgres://postgres@127.0.0.1:${port}/postgres`, { connections: 1 }))
    await sql.raw('create database town').execute(root)
    await root.destroy()
    const url = `postgres://postgres@127.0.0.1:${port}/town`
    environment = {
      NODE_ENV: 'development',
      DATABASE_URL: url,
      DATABASE_OWNER_URL: url,
      DATA_DIR: folder.path,
      DEMO: 'true',
      DEMO_NEIGHBOURS: '12',
      PORT: String(await freePort()),
      DEMO_PORT: String(await freePort()),
    }
  }, 180_000)
  afterAll(() => {
    try {
      server('pg_ctl', '-D', join(data, 'd'), '-m', 'immediate', '-w', 'stop')
    } finally {
      rmSync(data, { recursive: true, force: true })
      folder?.remove()
    }
  })

  it('are sealed, and count only when they were put back and everything in them was tried', async () => {
    const service = run(['node', 'dist/main.js'], environment)
    await expect.poll(() => service.output(), { timeout: 90_000 }).toMatch(/is ready at|did not start/)
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${environment.PORT}/ledger/checkpoint`)).status, {
        timeout: 30_000,
      })
      .toBe(200)
    expect(await service.kill('SIGTERM')).toBe(0)

    const file = join(folder.path, 'town.backup')
    const made = JSON.parse(await padron('--json', 'backup', 'make', file))
    // Twelve made up, and the one whose page the demonstration shows.
    expect(made).toMatchObject({ neighbours: 13, epoch: 1, ledgers: [{ slug: 'vallmar', findings: 0 }] })
    expect(made.tried).toBe(made.opened)
    expect(made.tried).toBeGreaterThan(12)
    expect(statSync(file).mode & 0o077).toBe(0)
    const bytes = readFileSync(file)
    expect(bytes.includes('PGDMP')).toBe(false)
    expect(bytes.includes('neighbours')).toBe(false)
    expect(JSON.parse(await padron('--json', 'backup', 'verify', file))).toMatchObject({
      neighbours: 13,
      opened: made.opened,
    })
    const opened = spawnSync('npx', ['node', 'dist/padron.js', 'backup', 'open', file], {
      env: { ...process.env, ...environment },
      maxBuffer: 1e9,
    })
    expect(opened.stdout.subarray(0, 5).toString()).toBe('PGDMP')

    // Cut off, or altered in one place, it is no backup.
    for (const [name, wrong] of [
      ['cut', bytes.subarray(0, bytes.length - 1000)],
      ['altered', Buffer.from(bytes)],
    ] as const) {
      if (name === 'altered') wrong[wrong.length - 5000] = (wrong[wrong.length - 5000] ?? 0) ^ 1
      writeFileSync(`${file}.${name}`, wrong)
      const refused = run(['node', 'dist/padron.js', 'backup', 'verify', `${file}.${name}`], environment)
      expect(await refused.exit).toBe(1)
      expect(refused.output()).toMatch(/no whole backup/)
    }
  }, 180_000)
})
