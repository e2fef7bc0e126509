import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { sql } from 'kysely'
import { type Database, embeddedDialect, embeddedParsers, openDatabase } from './database.ts'
import { type MigrateOptions, migrate } from './migrations.ts'

/** @throws when another process uses the data folder: two would destroy the database. */
export class AlreadyRunning extends Error {
  readonly code = 'already-running'

  constructor(folder: string, pid: number) {
    super(
      `Another Padrón (process ${pid}) is using ${folder}. Stop it first, or set DATA_DIR to another folder. Nothing was changed.`,
    )
  }
}

interface Holder {
  pid: number
  /** Tells this process from a later one with the same number. */
  life: string
  token: string
}

/** When a process began, so that a number used again is not taken for the old process. Empty where the system does not say. */
function lifeOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')
    return `${boot} ${fields[19]}`
  } catch {
    return ''
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.pid === process.pid && holder.life === lifeOf(process.pid)) return true
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return holder.life === '' || holder.life === lifeOf(holder.pid)
}

/**
 * Takes the data folder for this process, until the returned function is called. The lock of a process
 * that was killed is taken over.
 *
 * @throws {AlreadyRunning}
 */
export async function lockFolder(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'lock')
  const mine: Holder = { pid: process.pid, life: lifeOf(process.pid), token: randomUUID() }
  const holder = (): Holder | undefined => {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Holder
    } catch {
      return undefined
    }
  }
  const present = holder()
  if (present && isAlive(present)) throw new AlreadyRunning(resolve(folder), present.pid)
  const draft = `${path}.${mine.token}`
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 })
  renameSync(draft, path)
  // Two that start at once both get here; the last rename wins and the other sees it.
  await pause(200)
  const winner = holder()
  if (winner?.token !== mine.token) throw new AlreadyRunning(resolve(folder), winner?.pid ?? 0)
  return () => {
    if (holder()?.token === mine.token) rmSync(path, { force: true })
  }
}

export interface EmbeddedDatabase {
  database: Database
  /** Drops to the application's role, for all that follows. */
  becomeApp(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the embedded database in a folder, migrated. It survives a crash of the process, not a power cut:
 * it never waits for the disk.
 *
 * @param say is told of what takes several seconds
 * @throws {AlreadyRunning} {CannotDivide}
 */
export async function openEmbedded(
  folder: string,
  { say = () => {}, ...options }: MigrateOptions & { say?: (line: string) => void } = {},
): Promise<EmbeddedDatabase> {
  const unlock = await lockFolder(folder)
  try {
    const inside = join(folder, 'database')
    if (!existsSync(inside)) {
      say('Making the database…')
      await createIn(inside, options)
    }
    const pglite = await open(inside)
    const database = openDatabase(embeddedDialect(pglite))
    await migrated(database, options)
    return {
      database,
      becomeApp: async () => {
        await sql`set role padron_app`.execute(database)
      },
      close: async () => {
        await database.destroy()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Made aside and moved into place when whole: a start that is killed leaves nothing half made. */
async function createIn(folder: string, options: MigrateOptions): Promise<void> {
  const draft = `${folder}.new`
  rmSync(draft, { recursive: true, force: true })
  const database = openDatabase(embeddedDialect(await open(draft)))
  await migrated(database, options)
  await database.destroy()
  renameSync(draft, folder)
}

/** Brings the schema up, or lets go of the database: what is left open would keep the process from ending. */
async function migrated(database: Database, options: MigrateOptions): Promise<void> {
  await migrate(database, options).catch(async (error: unknown) => {
    await database.destroy()
    throw error
  })
}

function open(folder: string): Promise<PGlite> {
  return PGlite.create({ dataDir: folder, extensions: { btree_gist }, parsers: embeddedParsers })
}
