import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { escapesIn } from '../support/escapes.ts'

// Leaks that somebody could write by mistake, each door by each way. Those that types close do not compile; one that goes through a
// variable is found by the test of the tree, which is tried here on the same mistakes.

const folder = join('tests', '.compile')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const HEAD = `import { Disclosed } from '../../src/firewall/disclosed.ts'
import type { Gate } from '../../src/firewall/model.ts'
import { endpoint } from '../../src/http/endpoint.ts'
import { cookieOf, commonCookie } from '../../src/http/cookies.ts'
import { FromCaller } from '../../src/http/from-caller.ts'
import { pathTo } from '../../src/http/path.ts'
import { PublicData } from '../../src/http/public-data.ts'
import { Reply } from '../../src/http/reply.ts'
import { route } from '../../src/http/route.ts'
import type { App } from '../../src/identity/app.ts'
import { InvalidInput, Problem, words } from '../../src/platform/problem.ts'
import type { Log } from '../../src/platform/telemetry.ts'
declare const disclosed: Disclosed<{ name: string }>
declare const sent: FromCaller<{ name: string }>
declare const open: PublicData<string>
declare const record: { name: string; dateOfBirth: string; born: Temporal.PlainDate }
declare const app: App
declare const gate: Gate
declare const log: Log
const spec = { method: 'get', path: '/x', summary: '', tag: '', auth: 'public', answers: {} } as const
export const used = [Disclosed, FromCaller, PublicData, Reply, Problem, InvalidInput, endpoint, route, cookieOf, commonCookie, pathTo, words, disclosed, sent, open, record, app, gate, log, spec]
`

const ANSWERS: [what: string, code: string][] = [
  ['disclose', 'Reply.disclose(VALUE)'],
  ['giveBack', 'Reply.giveBack(VALUE)'],
  ['open', 'Reply.open(VALUE)'],
  ['material', "Reply.material(VALUE, 'text/plain')"],
  ['bytes', "Reply.bytes(VALUE, 'text/plain')"],
  ['page', "Reply.page(VALUE, () => '')"],
  ['document', "Reply.document(VALUE, 'application/pdf')"],
  ['download', "Reply.download(VALUE, 'padron')"],
  ['onward', "Reply.onward(VALUE, () => '/desk')"],
]
const VALUES: [what: string, code: string][] = [
  ['a record', 'record'],
  ['a name', 'record.name'],
  ['a promise of a record', 'Promise.resolve(record)'],
  ['a record said to be public by its shape', '{ value: record }'],
  ['a look-alike of a box', '{ map: () => record, mapAsync: () => record }'],
  ['a box of one’s own making', 'new Disclosed(record)'],
  ['what was sent, of one’s own making', 'new FromCaller(record)'],
  ['public data of one’s own making', 'new PublicData(record)'],
]

const CLOSED_BY_TYPES: [what: string, code: string][] = [
  ...ANSWERS.flatMap(([door, answer]) =>
    VALUES.map(([what, value]): [string, string] => [`${what} by ${door}`, answer.replace('VALUE', value)]),
  ),
  ['a reply of one’s own making', 'new Reply(JSON.stringify(record), 200, {})'],
  ['a bare response of an endpoint', 'endpoint(app, spec, async () => new Response(record.name))'],
  ['a bare record of an endpoint', 'endpoint(app, spec, async () => record)'],
  [
    'a bare response of a route',
    "route(app, { kind: 'public', method: 'get', path: '/x' }, async () => new Response(record.name))",
  ],
  ['what was disclosed, given back as what was sent', 'Reply.giveBack(disclosed)'],
  ['what was disclosed, as public material', "Reply.material(disclosed, 'text/plain')"],
  ['what was sent, as public data', 'Reply.open(sent)'],
  [
    'what the gate opened, outside of its box',
    'gate.open({} as never, async () => [], () => record).then((box) => Reply.giveBack(box))',
  ],
  ['a name in the title of an error', "new Problem('x', 409, record.name)"],
  ['a name within the title of an error', "new Problem('x', 409, `Of ${record.name}.`)"],
  ['a name in a title put together by words', "new Problem('x', 409, words`Of ${record.name}.`)"],
  ['a name as the code of an error', "new Problem(record.name, 409, 'Something.')"],
  ['a name in lower case as the code of an error', "new Problem(record.name.toLowerCase(), 409, 'Something.')"],
  ['a date of birth beside a field', "new InvalidInput([{ pointer: '/x', detail: record.dateOfBirth }])"],
  ['a name as the event of a log line', "log({ level: 'info', event: record.name })"],
  ['a name as the code of a log line', "log({ level: 'info', event: 'x', code: record.name })"],
  ['a name as who, of a log line', "log({ level: 'info', event: 'x', who: record.name })"],
  ['a name as another field of a log line', "log({ level: 'info', event: 'x', name: record.name })"],
  ['a name in a header', "Reply.done().with({ 'content-disposition': record.name })"],
  ['a name within a header', "Reply.done().with({ 'content-disposition': `inline; filename=${record.name}` })"],
  ['a name in a header of one’s own', "Reply.done().with({ 'x-name': record.name })"],
  ['a name as a tag', 'Reply.done().with({ etag: `"${record.name}"` })'],
  ['a cookie that is a text', "Reply.done().with({ 'set-cookie': `name=${record.name}` })"],
  [
    'a name in a cookie',
    "Reply.done().with({ 'set-cookie': cookieOf({ name: 'n', value: record.name, path: '/', sameSite: 'Lax', secure: true }) })",
  ],
  ['a name in a common cookie', "Reply.done().with({ 'set-cookie': commonCookie('n', record.name) })"],
  ['a name as a code for the log', 'Reply.done().because({ code: record.name })'],
  ['a name in an address', 'Reply.redirect(`/desk?name=${record.name}`)'],
  ['a name in an address put together', 'Reply.redirect(pathTo`/desk?name=${record.name}`)'],
  ['a name in the address of what was written', 'Reply.onward(disclosed, ({ name }) => `/desk?name=${name}`)'],
]

const MAY: [what: string, code: string][] = [
  ['what was disclosed', 'Reply.disclose(disclosed)'],
  ['part of it', 'Reply.disclose(disclosed.map(({ name }) => name))'],
  ['what was sent, given back', 'Reply.giveBack(sent)'],
  ['public material', "Reply.material(open, 'text/plain')"],
  ['a reply of an endpoint', 'endpoint(app, spec, async () => Reply.disclose(disclosed))'],
  ['a title of our own', "new Problem('taken', 409, 'Somebody took it.')"],
  ['a title with a number', "new Problem('taken', 409, words`After ${3} days.`)"],
  ['a code in the log', "log({ level: 'info', event: 'started', code: 'x' })"],
  ['a header of our own', "Reply.done().with({ 'cache-control': 'no-store' })"],
  ['an address with an id', 'Reply.redirect(pathTo`/desk/${1}`)'],
]

describe('a leak by any door', () => {
  it('does not compile', () => {
    const all = [
      ...CLOSED_BY_TYPES.map((one) => [...one, false] as const),
      ...MAY.map((one) => [...one, true] as const),
    ]
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts', '../../src/**/*.d.ts'] }),
    )
    for (const [i, [, code]] of all.entries())
      writeFileSync(join(folder, `attempt-${i}.ts`), `${HEAD}export const attempt = () => ${code}\n`)
    const { stdout } = spawnSync('node_modules/.bin/tsc', ['--noEmit', '-p', folder], { encoding: 'utf8' })
    const failed = new Map(
      [...stdout.matchAll(/attempt-(\d+)\.ts\((\d+)/g)].map(([, i, line]) => [Number(i), Number(line)]),
    )
    const attempt = HEAD.split('\n').length
    const wrong = all.flatMap(([what, , compiles], i) => (failed.has(i) === compiles ? [what] : []))
    expect(wrong, stdout).toEqual([])
    // Each fails where the leak is, and not for something else that is missing.
    expect([...failed.values()].every((line) => line === attempt)).toBe(true)
    expect(CLOSED_BY_TYPES.length).toBeGreaterThan(90)
  })

  const OPENED = 'async (transaction) => load(transaction)'
  it.each([
    ['a variable', `let name = ''\ngate.open(ask, ${OPENED}, ([record]) => { name = record.name })`, 'name'],
    ['a field', `const kept = {}\ngate.open(ask, ${OPENED}, ([record]) => { kept.name = record.name })`, 'kept'],
    ['a list', `const names = []\ngate.open(ask, ${OPENED}, (records) => { names.push(...records) })`, 'names'],
    [
      'a map',
      `const names = new Map()\ndeps.gate.open(ask, ${OPENED}, ([one]) => void names.set(one.id, one))`,
      'names',
    ],
    [
      'a variable of load',
      `let rows = []\ngate.open(ask, async (t) => { rows = await load(t); return rows }, use)`,
      'rows',
    ],
    [
      'a function within',
      `let name\ngate.open(ask, load, ([record]) => { const tell = () => { name = record.name }; tell() })`,
      'name',
    ],
    ['taking apart', `let name\ngate.open(ask, load, ([record]) => { ({ name } = record) })`, 'name'],
    ['a decision', `let said\ngate.decide(ask, async () => { said = ledger.open(place, sealed) })`, 'said'],
    ['a box that is mapped', `let name\nbox.map((value) => { name = value.name; return 1 })`, 'name'],
    ['a page that is drawn', `let name\nReply.page(box, (value) => { name = value.name; return '' })`, 'name'],
  ])('through %s is found by the test of the tree', (_, code, target) => {
    expect(escapesIn('leak.ts', code).map((one) => one.target)).toEqual([target])
  })

  it('is not seen where there is none', () => {
    const code = `gate.open(ask, load, ([record], hand) => {
      const names = []
      names.push(record.name)
      let count = 0
      count += names.length
      return { names, count }
    })`
    expect(escapesIn('none.ts', code)).toEqual([])
  })
})
