import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { townsperson } from './people.ts'
import { type Stage, serveOn } from './stage.ts'

export interface RegistrationFigures {
  clients: number
  /** Registrations a second. */
  ours: number
  plain: number
  with: string
}

/** Turn about, so that neither has the quieter minute of a machine that is not ours alone. */
const SECONDS = 5
const ROUNDS = 5
const WARM = 0.3
/** More than any machine this has run on; requests are prepared before the run. */
const MOST_PER_SECOND = 2_500

/** The rows one registration writes, as plain statements in a transaction; `$n` are random bytes and numbers. */
const STATEMENTS = [
  "insert into idempotency_keys (id, municipality_id, fingerprint, response, response_owner) values (sha256(:u1::text::bytea), :town, sha256(:u1::text::bytea), decode(:b384, 'hex') || decode(:b128, 'hex') || decode(:b60, 'hex'), decode(:b60, 'hex'))",
  "insert into data_keys (id, municipality_id, owner, registry_key_id, wrapped) values (:u1, :town, 'neighbour', :key, decode('00000001', 'hex') || (select mark from epochs where bucket = bucket_of(:u1) and epoch = 1) || decode(:b60, 'hex')), (:u2, :town, 'address', :key, decode('00000001', 'hex') || (select mark from epochs where bucket = bucket_of(:u2) and epoch = 1) || decode(:b60, 'hex'))",
  'insert into neighbours (id, municipality_id) values (:u1, :town)',
  "insert into particulars (municipality_id, neighbour_id, version, identity, contact) values (:town, :u1, 1, decode(:b192, 'hex'), decode(:b128, 'hex'))",
  "insert into evidence (id, municipality_id, neighbour_id, details, document_hash) values (:u1, :town, :u1, decode(:b128, 'hex'), sha256(:u1::text::bytea))",
  "insert into addresses (id, municipality_id, kind, place) values (:u2, :town, 'dwelling', decode(:b192, 'hex'))",
  'insert into households (id, municipality_id, address_id) values (:u2, :town, :u2)',
  'insert into residences (id, municipality_id, neighbour_id, household_id, valid_from) values (:u1, :town, :u1, :u2, current_date)',
  "insert into movements (id, municipality_id, neighbour_id, details) values (:u1, :town, :u1, decode(:b192, 'hex') || decode(:b60, 'hex'))",
  'insert into search_tokens (neighbour_id, municipality_id, tokens) values (:u1, :town, :tokens)',
  "insert into ledger_entries (id, municipality_id, action, purpose, outcome, requester_kind, subject, mark, details, leaf_hash) values (:u1, :town, 'register', 'registration', 'permitted', 'staff', decode(:b60, 'hex'), uuid_send(:u1), decode(:b384, 'hex'), sha256(:u1::text::bytea))",
]
const TOKENS = 24

export async function measureRegistration(stage: Stage): Promise<RegistrationFigures[]> {
  const url = await stage.database('registration')
  const service = await serveOn(url)
  const figures: RegistrationFigures[] = []
  try {
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    const [{ town, key } = { town: '', key: '' }] =
      await sql`select municipality_id as town, id as key from registry_keys limit 1`
    await sql.end()
    const pgbench = hasPgbench()
    let from = 0
    for (const clients of [1, 8, 32]) {
      let ours = 0
      let plain = 0
      // What is compiled on the way of use has its time before the first turn.
      for (let warm = 0; warm < 2; warm += 1) from += (await overHttp(service, clients, from)).sent
      for (let round = 0; round < ROUNDS; round += 1) {
        const run = await overHttp(service, clients, from)
        from += run.sent
        ours += run.perSecond / ROUNDS
        plain +=
          (pgbench
            ? withPgbench(url, clients, town, key, service.folder, figures.length * ROUNDS + round)
            : await withDriver(url, clients, town, key)) / ROUNDS
      }
      figures.push({ clients, ours, plain, with: pgbench ? 'pgbench -M prepared' : 'postgres.js' })
    }
  } finally {
    await service.stop()
  }
  return figures
}

/**
 * Prepared requests on kept-alive sockets, one at a time on each, as pgbench sends prepared statements: a client
 * that built every request as it went would take from the service the core it is measured on.
 */
async function overHttp(
  service: { address: string; token: string },
  clients: number,
  from: number,
): Promise<{ perSecond: number; sent: number }> {
  const { hostname, port } = new URL(service.address)
  const head = `POST /v1/neighbours HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${service.token}\r\ncontent-type: application/json\r\n`
  const prepared = Array.from({ length: (SECONDS + WARM) * MOST_PER_SECOND }, (_, i) => {
    const body = JSON.stringify(townsperson(from + i))
    return Buffer.from(
      `${head}idempotency-key: registration-${from + i}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  })
  let sent = 0
  let done = 0
  const countFrom = performance.now() + WARM * 1000
  const end = countFrom + SECONDS * 1000
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const socket = connect(Number(port), hostname)
      socket.setNoDelay(true)
      await once(socket, 'connect')
      const answers = answersOn(socket)
      while (performance.now() < end) {
        const request = prepared[sent]
        if (request === undefined) throw new Error('more registrations than were prepared')
        sent += 1
        const answer = answers()
        socket.write(request)
        const status = await answer
        if (status !== 201) throw new Error(`a registration was answered with ${status}`)
        if (performance.now() > countFrom) done += 1
      }
      socket.destroy()
    }),
  )
  return { perSecond: done / ((performance.now() - countFrom) / 1000), sent }
}

/** The status of the next answer on a socket, once all of its body has come: one event and one look at the head. */
function answersOn(socket: Socket): () => Promise<number> {
  let got = ''
  let resolve: (status: number) => void = () => {}
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    got = got === '' ? chunk : got + chunk
    const body = got.indexOf('\r\n\r\n') + 4
    if (body < 4) return
    const mark = got.search(/content-length: /i)
    const whole =
      mark < 0 || mark > body
        ? got.endsWith('0\r\n\r\n')
        : got.length >= body + Number.parseInt(got.slice(mark + 16, mark + 24), 10)
    if (!whole) return
    const status = Number(got.slice(9, 12))
    got = ''
    resolve(status)
  })
  socket.on('close', () => resolve(0))
  return () =>
    new Promise((done) => {
      resolve = done
    })
}

function hasPgbench(): boolean {
  return spawnSync('pgbench', ['--version']).status === 0
}

function withPgbench(url: string, clients: number, town: string, key: string, folder: string, run: number): number {
  const hex = (bytes: number) => `'${'5a'.repeat(bytes)}'`
  const uuid = (kind: number) =>
    `(lpad(to_hex(${kind * 1000 + run}), 8, '0') || lpad(to_hex(:client_id::bigint), 8, '0') || lpad(to_hex(:i::bigint), 16, '0'))::uuid`
  const tokens = Array.from({ length: TOKENS }, (_, i) => `:t${i}`)
  const text = (statement: string) =>
    statement
      .replaceAll(':u1', uuid(1))
      .replaceAll(':u2', uuid(2))
      .replaceAll(':town', `'${town}'`)
      .replaceAll(':key', `'${key}'`)
      .replaceAll(':tokens', `array[${tokens.join(', ')}]::integer[]`)
      .replace(/:b(\d+)/g, (_, bytes: string) => hex(Number(bytes)))
  const script = [
    '\\set i :i + 1',
    ...tokens.map((token) => `\\set ${token.slice(1)} random(0, 2097151)`),
    'begin;',
    ...STATEMENTS.map((statement) => `${text(statement)};`),
    'commit;',
  ].join('\n')
  const path = join(folder, 'registration.sql')
  writeFileSync(path, script)
  const output = execFileSync(
    'pgbench',
    ['-n', '-M', 'prepared', '-D', 'i=0', '-c', String(clients), '-j', '1', '-T', String(SECONDS), '-f', path, url],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const tps = /tps = ([\d.]+)/.exec(output)?.[1]
  if (tps === undefined || !/failed transactions: 0 /.test(output)) throw new Error(`pgbench: ${output}`)
  return Number(tps)
}

/** The same without pgbench: each statement awaited in turn, as most services write it. */
async function withDriver(url: string, clients: number, town: string, key: string): Promise<number> {
  const sql = postgres(url, { max: clients, onnotice: () => {} })
  let done = 0
  const end = performance.now() + SECONDS * 1000
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        const [u1, u2] = [crypto.randomUUID(), crypto.randomUUID()]
        const tokens = Array.from({ length: TOKENS }, () => Math.floor(Math.random() * 2_097_152))
        await sql.begin(async (transaction) => {
          for (const statement of STATEMENTS) {
            const text = statement
              .replaceAll(':u1', `'${u1}'::uuid`)
              .replaceAll(':u2', `'${u2}'::uuid`)
              .replaceAll(':town', `'${town}'`)
              .replaceAll(':key', `'${key}'`)
              .replaceAll(':tokens', `array[${tokens}]::integer[]`)
              .replace(/:b(\d+)/g, (_, bytes: string) => `'${'5a'.repeat(Number(bytes))}'`)
            await transaction.unsafe(text)
          }
        })
        done += 1
      }
    }),
  )
  await sql.end()
  return done / SECONDS
}
