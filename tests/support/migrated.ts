import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { oneAtATime } from './one-at-a-time.ts'

// To set a database up and migrate it takes several seconds. It is done once for a schema and copied from then on.

/** All that a migrated database comes from: its schema, what applies it, what is installed, and what sets it up here. */
const SOURCES = [
  'schema',
  'src/platform',
  'package-lock.json',
  'tests/support/migrated.ts',
  'tests/support/on-postgres.ts',
  'tests/support/postgres-server.ts',
]
/** As many of a kind are kept: a run that began before a source changed goes on with its own. */
const KEPT = 3

function digestOf(paths: string[]): string {
  const digest = createHash('sha256')
  for (const path of paths) {
    const within = statSync(path).isDirectory() && readdirSync(path).sort()
    digest.update(`${path}\0`).update(within ? digestOf(within.map((name) => join(path, name))) : readFileSync(path))
  }
  return digest.digest('hex')
}

/**
 * A folder with what `make` puts into it, kept until one of the sources changes.
 *
 * @param make gets an empty folder; nobody else uses it before it is full
 */
export async function keptFolder(kind: string, make: (folder: string) => Promise<void>): Promise<string> {
  const all = resolve('node_modules/.cache/padron-tests', kind)
  mkdirSync(all, { recursive: true })
  const folder = join(all, digestOf(SOURCES).slice(0, 16))
  return oneAtATime(`${all}.lock`, async () => {
    if (existsSync(folder)) return folder
    const older = readdirSync(all).map((name) => join(all, name))
    older.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
    for (const path of older.slice(KEPT - 1)) rmSync(path, { recursive: true, force: true })
    const made = mkdtempSync(join(all, 'made-'))
    await make(made)
    renameSync(made, folder)
    return folder
  })
}

const embedded = () =>
  keptFolder('embedded', async (folder) => {
    const [{ PGlite }, { btree_gist }, { embeddedDialect, openDatabase }, { migrate }] = await Promise.all([
      import('@electric-sql/pglite'),
      import('@electric-sql/pglite/contrib/btree_gist'),
      import('../../src/platform/database.ts'),
      import('../../src/platform/migrations.ts'),
    ])
    const data = join(folder, 'data')
    await mkdir(data, { mode: 0o700 })
    const pglite = await PGlite.create({ dataDir: join(data, 'database'), extensions: { btree_gist } })
    await migrate(openDatabase(embeddedDialect(pglite)))
    await writeFile(join(folder, 'dump.tar'), Buffer.from(await (await pglite.dumpDataDir('none')).arrayBuffer()))
    await pglite.close()
  })

/** A data folder of the service, with a migrated embedded database in it, to copy. */
export const embeddedFolder = async () => join(await embedded(), 'data')

/** A migrated embedded database as one file, to load. */
export const embeddedDump = async () => join(await embedded(), 'dump.tar')
