import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { freePort, startPostgres } from '../support/postgres-server.ts'

/** A PostgreSQL server with its usual durability, and databases on it. */
export interface Stage {
  database(name: string): Promise<string>
  port: number
  close(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const server = await startPostgres([
    '-c',
    'shared_buffers=1GB',
    '-c',
    'max_wal_size=4GB',
    '-c',
    'synchronous_commit=on',
    '-c',
    'fsync=on',
    '-c',
    'maintenance_work_mem=512MB',
  ])
  return {
    port: server.port,
    async database(name) {
      const root = openDatabase(postgresDialect(server.url('postgres'), { connections: 1 }))
      await sql.raw(`create database ${name}`).execute(root)
      await root.destroy()
      return server.url(name)
    },
    close: () => server.stop(),
  }
}

/** The built service as a process of its own, on a database. */
export async function serveOn(
  databaseUrl: string,
  more: Record<string, string> = {},
): Promise<{
  address: string
  pid: number
  token: string
  issuer: string
  audience: string
  folder: string
  stop(): Promise<void>
}> {
  const folder = mkdtempSync(join(tmpdir(), 'padron-bench-'))
  const port = await freePort()
  const child = spawn('node', ['dist/main.js'], {
    env: {
      ...process.env,
      NODE_ENV: 'development',
      DEMO: 'true',
      DATABASE_URL: databaseUrl,
      DATA_DIR: folder,
      PORT: String(port),
      DEMO_PORT: String(await freePort()),
      DEMO_NEIGHBOURS: '0',
      ...more,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let ready = false
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (!ready && chunk.includes('is ready at')) {
        ready = true
        resolve()
      }
    })
    child.once('close', (code) => reject(new Error(`the service ended with ${code}`)))
  })
  // One clerk asks here what a whole town's would.
  const owner = openDatabase(postgresDialect(databaseUrl, { connections: 1 }))
  await sql.raw('update municipalities set hourly_budget_staff = 10000000').execute(owner)
  await owner.destroy()
  const { issuer, audience } = JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8'))
  const { demoToken } = await import('../../src/identity/demo-token.ts')
  return {
    address: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    token: await demoToken(issuer, { audience, clientId: 'clerk' }),
    issuer,
    audience,
    folder,
    stop: async () => {
      child.removeAllListeners('close')
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('close', resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
