import { randomInt, randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { type Database, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { somebody } from '../support/people.ts'
import { freePort, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Folder, outputOf, type Running, scratchFolder, start } from '../support/process.ts'

// npm run soak -- --cycles 100: a service over a real server, both of which are ended again and again in every way while clerks
// register people, issue proofs and take them back. Each clerk asks with the same key until they are answered. At the end
// everything that was acknowledged is looked for.

const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '10' }, lanes: { type: 'string', default: '6' } },
})
const CYCLES = Number(values.cycles)
/** Connections ended one by one in each cycle, besides the one end of a whole process. */
const CONNECTIONS = 9
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const server: PostgresServer = await startPostgres()
let root: Database = openDatabase(postgresDialect(server.url('postgres'), { connections: 1 }))
await sql.raw('create database town').execute(root)
const folder: Folder = scratchFolder()
const environment = {
  PORT: String(await freePort()),
  DEMO_PORT: String(await freePort()),
  DATABASE_URL: server.url('town'),
  DATABASE_OWNER_URL: server.url('town'),
  DEMO: 'true',
  DEMO_NEIGHBOURS: '0',
}
let service: Running = await start(folder, environment)
let token = await outputOf(['node', 'dist/padron.js', 'token', 'clerk'], service.environment)

// So few clerks for so many people: what they may be shown is not what is tried here.
const spans = Object.fromEntries(['hour', 'day', 'month'].map((span) => [span, { people: 1e9, points: 1e9 }]))
const wide = openDatabase(postgresDialect(server.url('town'), { connections: 1 }))
await sql`update municipalities set budgets = ${JSON.stringify({ clerk: spans })}::text::jsonb, hourly_budget_staff = 1000000000`.execute(
  wide,
)
await wide.destroy()

const sums = { events: 0, acknowledged: 0, lost: 0, doubled: 0, halfDone: 0, unplaced: 0, exits: 0, wrongAnswers: 0 }
let planned = false
const watch = (one: Running) =>
  void one.exit.then(() => {
    if (!planned) sums.exits += 1
  })
watch(service)

const registered = new Set<string>()
const revoked = new Set<string>()
let stopped = false

/** Asks until it is answered, with the same key. */
async function insist(
  method: string,
  path: string,
  body: object,
  good: readonly number[],
): Promise<Record<string, string>> {
  const key = randomUUID()
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${environment.PORT}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': key,
          'padron-purpose': 'counter-service',
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(20_000),
      })
      const text = await response.text()
      if (good.includes(response.status)) {
        sums.acknowledged += 1
        return JSON.parse(text)
      }
      if (response.status === 401) await pause(300)
      else if (response.status === 403) await pause(2_000)
      else if (response.status !== 503) {
        sums.wrongAnswers += 1
        process.stderr.write(
          `${method} ${path.replace(/[0-9a-f-]{36}/, '…')}: ${response.status} ${JSON.parse(text).code}\n`,
        )
        await pause(1_000)
      }
    } catch {
      // The service is being started, or was ended in the middle: nobody knows what became of it, so it is asked again.
    }
    await pause(100)
  }
}
let people = 0
async function clerk(): Promise<void> {
  while (!stopped) {
    people += 1
    const { id = '' } = await insist('POST', '/v1/neighbours', somebody(), [201])
    registered.add(id)
    if (people % 4 !== 0) continue
    const proof = await insist('POST', `/v1/neighbours/${id}/proofs`, { profile: 'library' }, [201])
    await insist('POST', `/v1/proofs/${proof.id}/revocation`, {}, [200])
    revoked.add(proof.id ?? '')
  }
}

async function endProcess(): Promise<void> {
  const how = randomInt(4)
  if (how === 0) await server.halt()
  if (how === 1) await server.crash()
  if (how < 2) {
    await pause(randomInt(300))
    await server.start()
    await root.destroy().catch(() => {})
    root = openDatabase(postgresDialect(server.url('postgres'), { connections: 1 }))
    return
  }
  planned = true
  await service.kill(how === 2 ? 'SIGKILL' : 'SIGTERM')
  planned = false
  service = await start(folder, environment)
  watch(service)
}

const lanes = Promise.all(Array.from({ length: Number(values.lanes) }, clerk))
const began = performance.now()
for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
  for (let n = 0; n < CONNECTIONS; n += 1) {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = 'town' and pid = (select pid from pg_stat_activity where datname = 'town' order by random() limit 1)`.execute(
      root,
    )
    sums.events += 1
    await pause(randomInt(120))
  }
  await endProcess()
  sums.events += 1
  if (cycle % 5 === 0) {
    token = await outputOf(['node', 'dist/padron.js', 'token', 'clerk'], service.environment).catch(() => token)
    process.stdout.write(`${cycle}/${CYCLES} cycles, ${sums.events} events, ${sums.acknowledged} acknowledged\n`)
  }
}
token = await outputOf(['node', 'dist/padron.js', 'token', 'clerk'], service.environment)
stopped = true
await lanes

const town = openDatabase(postgresDialect(server.url('town'), { connections: 1 }))
const rows = async <Row>(text: string) => (await sql.raw<Row>(text).execute(town)).rows
const stored = (await rows<{ id: string }>('select id from neighbours')).map(({ id }) => id)
sums.lost = [...registered].filter((id) => !stored.includes(id)).length
sums.doubled = stored.filter((id) => !registered.has(id)).length
const taken = new Set(
  (await rows<{ id: string }>('select id from proofs where public_from is not null')).map(({ id }) => id),
)
sums.lost += [...revoked].filter((id) => !taken.has(id)).length
const [half] = await rows<{ n: number }>(`select count(*)::integer as n from neighbours one
  where not exists (select from particulars p where p.neighbour_id = one.id)
    or not exists (select from residences r where r.neighbour_id = one.id)
    or not exists (select from movements m where m.neighbour_id = one.id)
    or not exists (select from data_keys k where k.id = one.id)`)
sums.halfDone = half?.n ?? -1
for (let tries = 0; tries < 60; tries += 1) {
  const [left] = await rows<{ n: number }>(
    'select count(*)::integer as n from ledger_entries e where not exists (select from ledger_sequence s where s.entry_id = e.id)',
  )
  sums.unplaced = left?.n ?? -1
  if (sums.unplaced === 0) break
  await pause(1_000)
}
planned = true
await service.kill('SIGTERM')
await town.destroy()
await root.destroy()
await server.stop()
folder.remove()
process.stdout.write(`${JSON.stringify({ ...sums, seconds: Math.round((performance.now() - began) / 1000) })}\n`)
if (sums.lost + sums.doubled + sums.halfDone + sums.unplaced + sums.exits + sums.wrongAnswers > 0) process.exitCode = 1
