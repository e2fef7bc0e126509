import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

// A dump must not say who has no papers: every column of every table is looked at, of people who showed a document and of people who
// showed none.

let app: TestApp
const [shown, none]: [string[], string[]] = [[], []]
beforeAll(async () => {
  app = await openApp()
  for (let i = 0; i < 8; i += 1) {
    const name = (who: string) => ({ given: `${who}${'abcdefgh'[i]}`, family: ['Prova'] })
    const document = { strength: 'photo-document' as const, document: `INVENTED-${i}0` }
    shown.push((await register(app, { name: name('Ambpaper'), evidence: document })).id)
    none.push((await register(app, { name: name('Sensepaper') })).id)
  }
})
afterAll(() => app?.close())

/** What an attacker counts of a value: whether there is one, its length, and the value itself where few have it. */
function marksOf(value: unknown): string[] {
  if (value === null) return ['nothing']
  if (value instanceof Uint8Array) return ['bytes', `${value.length} bytes`]
  if (value instanceof Date) return ['a time']
  if (Array.isArray(value)) return ['a list']
  return [`${typeof value} ${String(value).slice(0, 40)}`]
}

it('tells nobody who showed a document from who showed none, in any column', async () => {
  const tables = await app.peek<{ table_name: string; column_name: string }>(
    `select table_name, column_name from information_schema.columns where table_schema = 'public'
       and column_name in ('neighbour_id', 'subject_id') and table_name not in (select table_name from information_schema.views)
     union all select 'neighbours', 'id'`,
  )
  let looked = 0
  const telling: string[] = []
  for (const { table_name, column_name } of tables) {
    const rows = await app.peek<Record<string, unknown>>(`select * from ${table_name}`)
    const of = (ids: string[]) => rows.filter((row) => ids.includes(String(row[column_name])))
    const [withOne, without] = [of(shown), of(none)]
    if (withOne.length !== without.length) telling.push(`${table_name}: ${withOne.length} rows, ${without.length} rows`)
    for (const column of Object.keys(rows[0] ?? {})) {
      looked += 1
      const marks = (some: typeof rows) => new Set(some.flatMap((row) => marksOf(row[column]).map((mark) => mark)))
      const [one, other] = [marks(withOne), marks(without)]
      // A mark that all of one kind have and none of the other.
      for (const mark of one)
        if (!other.has(mark) && withOne.every((row) => marksOf(row[column]).includes(mark)))
          telling.push(`${table_name}.${column}: ${mark}`)
      for (const mark of other)
        if (!one.has(mark) && without.every((row) => marksOf(row[column]).includes(mark)))
          telling.push(`${table_name}.${column}: ${mark}`)
    }
  }
  expect(looked).toBeGreaterThan(30)
  expect(telling).toEqual([])
})

it('still finds somebody by the document they showed, and nobody by one that nobody did', async () => {
  const find = async (document: string) =>
    (
      await app.ask<{ matches: { id: string }[] }>('POST', '/v1/neighbours/search', {
        as: 'clerk',
        purpose: 'counter-service',
        body: { document },
      })
    ).body.matches
  expect((await find('INVENTED-30')).map(({ id }) => id)).toEqual([shown[3]])
  expect(await find('INVENTED-99')).toEqual([])
})
