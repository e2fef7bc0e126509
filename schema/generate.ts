// Writes schema/database.ts: Kysely's types, read from a freshly migrated database.
// `npm run types:database` writes it; with --verify it only fails when the file has drifted.
import { spawnSync } from 'node:child_process'
import { createServer } from 'vite'
import { failAtExit } from '../tests/support/closing-line.ts'
import { startPostgres } from '../tests/support/postgres-server.ts'

const server = await startPostgres()
const vite = await createServer({ server: { middlewareMode: true, ws: false }, appType: 'custom', logLevel: 'error' })
try {
  const { migrate } = (await vite.ssrLoadModule(
    '/src/platform/migrations.ts',
  )) as typeof import('../src/platform/migrations.ts')
  const { openDatabase, postgresDialect } = (await vite.ssrLoadModule(
    '/src/platform/database.ts',
  )) as typeof import('../src/platform/database.ts')
  const database = openDatabase(postgresDialect(server.url('postgres'), { connections: 1 }))
  await migrate(database)
  await database.destroy()
  const { status } = spawnSync(
    'kysely-codegen',
    [
      '--dialect=postgres',
      `--url=${server.url('postgres')}`,
      '--out-file=schema/database.ts',
      '--date-parser=string',
      '--exclude-pattern=kysely_*',
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit' },
  )
  if (status !== 0) failAtExit()
} finally {
  await vite.close()
  await server.stop()
}
