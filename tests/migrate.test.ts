import { PGlite } from '@electric-sql/pglite'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { expect, test } from 'vitest'
import { embeddedDialect, openDatabase } from '../src/platform/database.ts'
import { migrate } from '../src/platform/migrations.ts'

test('migrates', async () => {
  const db = openDatabase(embeddedDialect(await PGlite.create({ extensions: { btree_gist } })))
  expect(await migrate(db)).toHaveLength(7)
})
