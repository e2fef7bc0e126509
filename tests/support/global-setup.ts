import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { sql } from 'kysely'
import type { TestProject } from 'vitest/node'
import { DEMO_CLIENTS } from '../../src/cli/demo-town.ts'
import { demoSigningKey, startDemoProvider } from '../../src/identity/demo-provider.ts'
import { embeddedDialect, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { migrate } from '../../src/platform/migrations.ts'
import { freePort, startPostgres } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Which database `openHouse` opens. */
    store: 'embedded' | 'postgres'
    postgresPort: number
    /** A migrated embedded database, to load. */
    embeddedDump: string
    /** A data folder with the same in it, to copy. */
    embeddedFolder: string
    tokenIssuer: string
  }
}

/** PADRON_PARTITIONS=4 runs what is to run on a server on divided tables. */
const PARTITIONS = process.env.PADRON_PARTITIONS === undefined ? undefined : Number(process.env.PADRON_PARTITIONS)

export const TEST_AUDIENCE = 'urn:padron:api'

/** Starts what the whole run shares: a PostgreSQL server with a migrated template, an OpenID provider. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres()
  const root = openDatabase(postgresDialect(server.url('postgres'), { connections: 1 }))
  await sql`create database padron_template`.execute(root)
  const template = openDatabase(postgresDialect(server.url('padron_template'), { connections: 1 }))
  await migrate(template, { partitions: PARTITIONS })
  await template.destroy()
  for (const [login, role] of [
    ['padron_app_login', 'padron_app'],
    ['padron_ops_login', 'padron_readonly_ops'],
  ]) {
    await sql.raw(`create role ${login} login password '${login}' in role ${role}`).execute(root)
  }
  await root.destroy()

  const folder = await mkdtemp(join(tmpdir(), 'padron-tests-'))
  const embeddedFolder = join(folder, 'data')
  await mkdir(embeddedFolder, { mode: 0o700 })
  const pglite = await PGlite.create({ dataDir: join(embeddedFolder, 'database'), extensions: { btree_gist } })
  await migrate(openDatabase(embeddedDialect(pglite)))
  const embeddedDump = join(folder, 'migrated.tar')
  await writeFile(embeddedDump, Buffer.from(await (await pglite.dumpDataDir('none')).arrayBuffer()))
  await pglite.close()

  const provider = await startDemoProvider({
    host: '127.0.0.1',
    port: await freePort(),
    audience: TEST_AUDIENCE,
    key: await demoSigningKey(),
    clients: DEMO_CLIENTS,
  })

  project.provide('postgresPort', server.port)
  project.provide('embeddedDump', embeddedDump)
  project.provide('embeddedFolder', embeddedFolder)
  project.provide('tokenIssuer', provider.issuer)
  return async () => {
    await provider.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
