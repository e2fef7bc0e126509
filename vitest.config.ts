import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { browserScripts } from './vite.config.ts'

const WHOLE = process.env.PADRON_WHOLE === '1'
/**
 * What runs on the embedded database: everything where everything is tried, and otherwise one file in ten, since all of it
 * runs on a PostgreSQL server in any case.
 */
const onEmbedded = readdirSync('tests', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.store.test.ts'))
  .sort()
  .filter((_, i) => WHOLE || i % 10 === 0)
  .map((file) => `tests/${file}`)
/** These have the embedded database as their subject, whatever their name. */
const ofEmbedded = ['tests/attacks/stolen-dump.test.ts']

/** Files of one worker share what they import: none of them keeps anything in a module, and none replaces one. */
const shared = { testTimeout: 60_000, hookTimeout: 120_000, isolate: false }

/**
 * `*.store.test.ts` runs on a real PostgreSQL server, and on the embedded database as far as `onEmbedded` says; `*.server.test.ts` needs
 * what only a server has; everything else needs no database of the harness. A project's global set-up runs only where one of
 * its files does.
 */
export default defineConfig({
  plugins: [browserScripts()],
  test: {
    reporters: ['default', './tests/support/closing-line.ts'],
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'plain',
          include: ['tests/**/*.test.{ts,tsx}'],
          exclude: ['tests/**/*.store.test.ts', 'tests/**/*.server.test.ts', 'tests/**/*.web.test.ts', ...ofEmbedded],
        },
      },
      {
        extends: true,
        // These change what a library finds when it is imported: nothing may have been imported before.
        test: { ...shared, isolate: true, name: 'web', include: ['tests/**/*.web.test.ts'] },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'embedded',
          globalSetup: ['tests/support/on-embedded.ts'],
          include: [...onEmbedded, ...ofEmbedded],
          provide: { store: 'embedded' },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'postgres',
          globalSetup: ['tests/support/on-postgres.ts'],
          include: ['tests/**/*.store.test.ts', 'tests/**/*.server.test.ts'],
          provide: { store: 'postgres' },
        },
      },
    ],
  },
})
