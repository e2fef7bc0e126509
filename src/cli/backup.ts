import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, createReadStream, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { sql } from 'kysely'
import { type Config, ConfigInvalid } from '../config.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import { type Database, openDatabase, postgresDialect } from '../platform/database.ts'
import { installationOf } from '../platform/installation.ts'
import { pendingMigrations } from '../platform/migrations.ts'
import { listMunicipalities } from '../town/store.ts'
import { keysThatOpen } from './destruction.ts'
import { keysAndCopies } from './epochs.ts'
import { checkLedger } from './ledger.ts'
import type { Progress } from './output.ts'
import { configuredEpochs, configuredKeys } from './stores.ts'

// A backup is what pg_dump says, sealed as it comes under a key of its own, which the registry key wraps. It counts as one only
// when it was put back into a scratch database and everything in it was tried there.

/** Bytes sealed at once. */
const FRAME = 64 * 1024
const MAGIC = 'padron-backup-1'
const TAG = 16

interface Head {
  magic: typeof MAGIC
  made: string
  key: string
  /** The key of this file, wrapped by the registry key: base64. */
  wrapped: string
  town: string
}

export interface BackupReport {
  file: string
  bytes: number
  /** What was found in the scratch database. */
  neighbours: number
  proofs: number
  entries: number
  /** Data keys that were tried, and those that opened. */
  tried: number
  opened: number
  ledgers: { slug: string; entries: number; findings: number }[]
  epoch: number
}

const nonce = (frame: number, last: boolean) => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(last ? 1 : 0, 0)
  bytes.writeBigUInt64BE(BigInt(frame), 4)
  return bytes
}

/** Gathers bytes into frames. The last one says that it is: a file that was cut off does not open. */
async function* framesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<{ frame: Buffer; last: boolean }> {
  let waiting = Buffer.alloc(0)
  for await (const some of bytes) {
    waiting = Buffer.concat([waiting, some])
    while (waiting.length > FRAME) {
      yield { frame: waiting.subarray(0, FRAME), last: false }
      waiting = waiting.subarray(FRAME)
    }
  }
  yield { frame: waiting, last: true }
}

/** Seals bytes into a file, which is there whole or not at all. @returns its length */
async function sealInto(
  file: string,
  {
    head,
    key,
    bytes,
    at,
  }: { head: Head; key: Uint8Array; bytes: AsyncIterable<Uint8Array>; at: (bytes: number) => void },
): Promise<number> {
  const draft = `${file}.unfinished`
  const out = openSync(draft, 'w', 0o600)
  try {
    let length = writeSync(out, `${JSON.stringify(head)}\n`)
    let number = 0
    let read = 0
    for await (const { frame, last } of framesOf(bytes)) {
      const cipher = createCipheriv('aes-256-gcm', key, nonce(number, last))
      const sealed = Buffer.concat([cipher.update(frame), cipher.final(), cipher.getAuthTag()])
      length += writeSync(out, sealed)
      number += 1
      read += frame.length
      at(read)
    }
    fsyncSync(out)
    renameSync(draft, file)
    return length
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(out)
  }
}

/** What a backup holds, as pg_restore reads it. @throws {ConfigInvalid} for a file that was cut off or altered */
export async function* openBackup(file: string, keys: KeyProvider): AsyncGenerator<Uint8Array> {
  let head: Head | undefined
  let key: Uint8Array | undefined
  let waiting = Buffer.alloc(0)
  let number = 0
  const broken = () =>
    new ConfigInvalid(`${file} is no whole backup: it was cut off, altered, or is of another registry.`)
  const open = (sealed: Buffer, last: boolean): Uint8Array => {
    if (key === undefined || sealed.length < TAG) throw broken()
    const decipher = createDecipheriv('aes-256-gcm', key, nonce(number, last))
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
    number += 1
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()])
    } catch {
      throw broken()
    }
  }
  for await (const some of createReadStream(file)) {
    waiting = Buffer.concat([waiting, some as Buffer])
    if (head === undefined) {
      const end = waiting.indexOf('\n')
      if (end < 0 && waiting.length < 4096) continue
      try {
        head = JSON.parse(waiting.subarray(0, end).toString()) as Head
      } catch {
        throw broken()
      }
      if (head.magic !== MAGIC) throw broken()
      key = keys.unwrap(
        { municipalityId: head.town, keyId: head.key, context: `${MAGIC} ${head.made}` },
        Buffer.from(head.wrapped, 'base64'),
      )
      waiting = waiting.subarray(end + 1)
    }
    while (waiting.length > FRAME + TAG) {
      yield open(waiting.subarray(0, FRAME + TAG), false)
      waiting = waiting.subarray(FRAME + TAG)
    }
  }
  yield open(waiting, true)
}

/**
 * Makes a backup and tries it: it is put back into a scratch database on the same server, where the schema, the ledgers and a
 * sample of the keys are checked.
 *
 * @throws {ConfigInvalid} where a tool is missing, or what was put back is not whole
 */
export async function makeBackup(config: Config, file: string, progress: Progress): Promise<BackupReport> {
  const { ownerUrl } = config
  if (ownerUrl === undefined)
    throw new ConfigInvalid(
      'DATABASE_OWNER_URL: a backup is of a PostgreSQL server. Of the embedded database, copy DATA_DIR while nothing runs.',
    )
  if (existsSync(file)) throw new ConfigInvalid(`There is a file ${file} already: nothing was written over it.`)
  const keys = configuredKeys(config)
  // A night may destroy epoch keys between the moment that the dump shows and the one in which it is tried.
  const held = configuredEpochs(config)
    .held()
    .all.map((one) => ({ ...one, key: Buffer.from(one.key) }))
  const owner = openDatabase(postgresDialect(ownerUrl, { connections: 1 }))
  let bytes: number
  try {
    const { id: town } = await installationOf(owner)
    const { rows } = await sql<{ size: string }>`select pg_database_size(current_database())::text as size`.execute(
      owner,
    )
    const made = Temporal.Now.instant().toString()
    const key = randomBytes(32)
    const keyId = keys.currentKeyId()
    const wrapped = Buffer.from(keys.wrap({ municipalityId: town, keyId, context: `${MAGIC} ${made}` }, key)).toString(
      'base64',
    )
    const dump = tool('pg_dump', {
      words: ['--format=custom', '--no-password'],
      url: new URL(ownerUrl),
      programs: config.programs,
    })
    progress.begin('bytes', Number(rows[0]?.size ?? 0))
    bytes = await sealInto(file, {
      head: { magic: MAGIC, made, key: keyId, wrapped, town },
      key,
      bytes: wholeOf(dump),
      at: progress.at,
    })
    progress.end()
  } finally {
    await owner.destroy()
  }
  return { ...(await tryBackup(config, { file, held }, progress)), bytes }
}

/**
 * Puts a backup back into a scratch database, checks it there, and drops that again.
 *
 * @param tried the file; with what epoch keys that were destroyed since are opened
 * @throws {ConfigInvalid}
 */
export async function tryBackup(
  config: Config,
  { file, ...earlier }: { file: string } & Parameters<typeof keysAndCopies>[1],
  progress: Progress,
): Promise<Omit<BackupReport, 'bytes'>> {
  const { ownerUrl } = config
  if (ownerUrl === undefined) throw new ConfigInvalid('DATABASE_OWNER_URL: a backup is tried on a PostgreSQL server.')
  const owner = openDatabase(postgresDialect(ownerUrl, { connections: 1 }))
  const scratch = `padron_scratch_${randomBytes(6).toString('hex')}`
  const url = new URL(ownerUrl)
  url.pathname = `/${scratch}`
  try {
    await sql.raw(`create database ${scratch}`).execute(owner)
    const restore = tool('pg_restore', {
      words: ['--no-password', '--exit-on-error', '--single-transaction', `--dbname=${scratch}`],
      url,
      programs: config.programs,
    })
    try {
      await pipeline(openBackup(file, configuredKeys(config)), restore.process.stdin)
    } catch (error) {
      restore.process.kill()
      // What it says of an end in the middle is not why.
      if (error instanceof ConfigInvalid) throw error
    }
    await restore.done
    const copy = openDatabase(postgresDialect(String(url), { connections: 1 }))
    try {
      const keys = await keysAndCopies(config, earlier)
      return { file, ...(await checked(config, { copy, keys }, progress)) }
    } finally {
      await copy.destroy()
    }
  } finally {
    await sql.raw(`drop database if exists ${scratch} with (force)`).execute(owner)
    await owner.destroy()
  }
}

async function checked(
  config: Config,
  { copy, keys }: { copy: Database; keys: KeyProvider },
  progress: Progress,
): Promise<Omit<BackupReport, 'bytes' | 'file'>> {
  const pending = await pendingMigrations(copy)
  const { epoch } = await installationOf(copy)
  const { rows } = await sql<{ neighbours: number; proofs: number; entries: number }>`
    select (select count(*)::integer from neighbours) as neighbours, (select count(*)::integer from proofs where mark is not null) as proofs,
      (select count(*)::integer from ledger_entries) as entries`.execute(copy)
  const { tried, opened } = await keysThatOpen(copy, keys)
  const ledgers = []
  for (const town of await listMunicipalities(copy)) {
    const { entries, findings } = await checkLedger(config, {
      owner: copy,
      town,
      options: { checkpoints: [], keys },
      progress,
    })
    ledgers.push({ slug: town.slug, entries, findings: findings.length })
  }
  const wrong = pending.length > 0 || tried !== opened || ledgers.some(({ findings }) => findings > 0)
  if (wrong)
    throw new ConfigInvalid(
      `What was put back is not whole: ${opened} of ${tried} keys opened (add --keeper where epoch keys were destroyed since); ${ledgers.map(({ slug, findings }) => `${slug} ${findings} findings`).join(', ')}. Keep the backups before it.`,
    )
  return { ...(rows[0] ?? { neighbours: 0, proofs: 0, entries: 0 }), tried, opened, ledgers, epoch }
}

/** What a program says, once it has ended well: an end in the middle is no end. */
async function* wholeOf({ process, done }: ReturnType<typeof tool>): AsyncGenerator<Uint8Array> {
  yield* process.stdout
  await done
}

/**
 * Starts a program of PostgreSQL on a database, whose password is in nobody's list of processes. Its own words go to the person
 * who asked; they name tables and never rows.
 */
function tool(
  name: string,
  { words, url, programs }: { words: readonly string[]; url: URL; programs: string },
): { process: ChildProcessWithoutNullStreams; done: Promise<void> } {
  const said: string[] = []
  const program = spawn(name, words, {
    env: {
      PATH: programs,
      PGHOST: url.hostname,
      PGPORT: url.port || '5432',
      PGUSER: decodeURIComponent(url.username),
      PGPASSWORD: decodeURIComponent(url.password),
      PGDATABASE: url.pathname.slice(1),
      ...(url.searchParams.has('sslmode') ? { PGSSLMODE: url.searchParams.get('sslmode') ?? '' } : {}),
    },
  })
  program.stderr.on('data', (some) => said.push(String(some)))
  program.stdin.on('error', () => {})
  const done = new Promise<void>((resolve, reject) => {
    program.once('error', () =>
      reject(
        new ConfigInvalid(
          `${name} is needed, of the version of the server or newer: install PostgreSQL\u2019s client programs.`,
        ),
      ),
    )
    program.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(new ConfigInvalid(`${name} failed: ${said.join('').trim().split('\n').at(-1) ?? ''}`)),
    )
  })
  done.catch(() => {})
  return { process: program, done }
}
