import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApp, type TestApp } from '../support/app.ts'

// Which acts take something away is read from what the service may do: whatever it may change or delete either leaves a
// taking for the journal, or is named here with why a restore need not do it again.

const explained: Record<string, string> = JSON.parse(readFileSync('schema/takings.json', 'utf8'))
let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

it('everything the service may change or delete leaves a taking, or says why it need not', async () => {
  const may = await app.peek<{ held: string; what: string }>(`
    select distinct table_name as held, column_name as what from information_schema.column_privileges
    where table_schema = 'public' and grantee in ('padron_app', 'padron_gate') and privilege_type = 'UPDATE'
    union
    select distinct table_name, 'delete' from information_schema.table_privileges
    where table_schema = 'public' and grantee in ('padron_app', 'padron_gate') and privilege_type = 'DELETE'`)
  const takes = await app.peek<{ held: string; what: string | null; deletes: boolean; arguments: string }>(`
    select relname as held, attname as what, tgtype & 8 > 0 as deletes, encode(tgargs, 'escape') as arguments
    from pg_trigger join pg_class on pg_class.oid = tgrelid join pg_proc on pg_proc.oid = tgfoid
    left join pg_attribute on attrelid = tgrelid and attnum = any (tgattr)
    where proname = 'note_taking'`)
  expect(may.length).toBeGreaterThan(80)
  const taken = new Set(
    takes.flatMap(({ held, what, deletes, arguments: said }) => [
      ...(deletes ? [`${held}.delete`] : []),
      ...(what === null ? [] : [`${held}.${what}`]),
      // What is written down with it.
      ...(said.split('\\000')[2] ?? '').split(' ').map((column) => `${held}.${column}`),
    ]),
  )
  const open = may
    .map(({ held, what }) => ({ held, one: `${held}.${what}` }))
    .filter(({ held, one }) => !taken.has(one) && !(one in explained) && !(held in explained))
  expect(open.map(({ one }) => one)).toEqual([])
  const known = new Set(may.flatMap(({ held, what }) => [held, `${held}.${what}`]))
  expect(Object.keys(explained).filter((one) => !known.has(one))).toEqual([])
})
