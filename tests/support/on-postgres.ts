import { sql } from 'kysely'
import type { TestProject } from 'vitest/node'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { keptFolder } from './migrated.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { startSignIn } from './sign-in.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Which database `openHouse` opens. */
    store: 'embedded' | 'postgres'
    postgresPort: number
  }
}

/** Starts what the project that runs on PostgreSQL shares: a server with a migrated template, and an OpenID provider. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [server, endSignIn] = await Promise.all([serverWithTemplate(), startSignIn(project)])
  project.provide('postgresPort', server.port)
  return async () => {
    await Promise.all([endSignIn(), server.stop()])
  }
}

/** PADRON_PARTITIONS=4 runs what is to run on a server on divided tables. */
const PARTITIONS = process.env.PADRON_PARTITIONS === undefined ? undefined : Number(process.env.PADRON_PARTITIONS)

// A crash of this server is no subject of any test: those that pull its plug start one of their own.
const FLAGS = ['-c', 'fsync=off']

/** A server with the migrated template, made from the one that is kept. */
export async function serverWithTemplate(flags: string[] = [], said?: (line: string) => void): Promise<PostgresServer> {
  const kept = await keptFolder(`postgres${PARTITIONS ?? ''}`, async (folder) => {
    const server = await startPostgres(FLAGS)
    await prepare(server)
    await server.keep(folder)
  })
  return startPostgres([...FLAGS, ...flags], kept, said)
}

async function prepare(server: PostgresServer): Promise<void> {
  const { migrate } = await import('../../src/platform/migrations.ts')
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
}
