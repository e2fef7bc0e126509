import { defineConfig } from 'vitest/config'
import { browserScripts } from './vite.config.ts'

/** Files of one worker share what they import: none of them keeps anything in a module, and none replaces one. */
const shared = { testTimeout: 60_000, hookTimeout: 120_000, isolate: false }

/**
 * `*.store.test.ts` runs on the embedded database and on a real PostgreSQL server; `*.server.test.ts` needs
 * what only a server has; everything else needs no database of the harness.
 */
export default defineConfig({
  plugins: [browserScripts()],
  test: {
    globalSetup: ['tests/support/global-setup.ts'],
    reporters: ['default', './tests/support/closing-line.ts'],
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'plain',
          include: ['tests/**/*.test.{ts,tsx}'],
          exclude: ['tests/**/*.store.test.ts', 'tests/**/*.server.test.ts'],
        },
      },
      {
        extends: true,
        test: { ...shared, name: 'embedded', include: ['tests/**/*.store.test.ts'], provide: { store: 'embedded' } },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'postgres',
          include: ['tests/**/*.store.test.ts', 'tests/**/*.server.test.ts'],
          provide: { store: 'postgres' },
        },
      },
    ],
  },
})
