import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/platform/database.ts'
import { postgresDialect } from '../../src/platform/postgres.ts'
import { type Asks, asks, clerksAtWork } from '../support/counter.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Folder, outputOf, type Running, scratchFolder, start } from '../support/process.ts'

// The service as its users start it, over a server that is ended in every way while clerks register people.

let server: PostgresServer
let folder: Folder
let service: Running
let token: string
let root: Database
beforeAll(async () => {
  server = await startPostgres()
  root = openDatabase(postgresDialect(server.url('postgres'), { connections: 1 }))
  await sql.raw('create database town').execute(root)
  folder = scratchFolder()
  const url = server.url('town')
  service = await start(folder, { DATABASE_URL: url, DATABASE_OWNER_URL: url, DEMO: 'true', DEMO_NEIGHBOURS: '3' })
  token = await outputOf(['node', 'dist/padron.js', 'token', 'clerk'], service.environment)
})
afterAll(async () => {
  await service?.kill('SIGTERM')
  await root?.destroy()
  await server?.stop()
  folder?.remove()
})

const ask: Asks = (...question) => asks(() => service.address, token)(...question)
const ready = async () => (await ask('GET', '/health/ready')).status
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const stored = async () => {
  const database = openDatabase(postgresDialect(server.url('town'), { connections: 1 }))
  try {
    const { rows } = await sql<{ id: string }>`select id from neighbours`.execute(database)
    return rows.map(({ id }) => id)
  } finally {
    await database.destroy()
  }
}

/** What is answered to bytes as they are sent. */
const raw = (lines: string[]) =>
  new Promise<string>((resolve, reject) => {
    const { port } = new URL(service.address)
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })

/** Whatever it is that answers, it says what a browser may do with it, and has an id. @returns its status */
function likeAnyOther(answer: string): number {
  expect(answer).toMatch(/\r\ncontent-security-policy: default-src 'none'/i)
  expect(answer).toMatch(/\r\nrequest-id: /i)
  return Number(answer.split(' ')[1])
}

it('answers what is no request like anything else', async () => {
  const { host } = new URL(service.address)
  const status = async (...lines: string[]) => likeAnyOther(await raw(lines))
  expect(await status('no request at all')).toBe(400)
  expect(await status('FOO / HTTP/1.1', `Host: ${host}`)).toBe(400)
  expect(await status('GET / HTTP/1.1', `Host: ${host}`, `X: ${'x'.repeat(40_000)}`)).toBe(431)
  expect(await status('GET / HTTP/1.1', `Host: ${host}`, 'Expect: foo')).toBe(417)
})

it('answers to one Host, and to a town\u2019s', async () => {
  const { host } = new URL(service.address)
  const status = async (...hosts: string[]) => {
    const answer = await raw(['GET /ledger/key HTTP/1.1', ...hosts.map((one) => `Host: ${one}`), 'Connection: close'])
    return likeAnyOther(answer)
  }
  expect(await status(host)).toBe(200)
  expect(await status(host, host)).toBe(400)
  expect(await status(host, 'other.example')).toBe(400)
  expect(await status()).toBe(400)
  expect(await status('other.example')).toBe(421)
  for (const nobodys of ['a b', 'user@host', `${host}/x`]) expect(await status(nobodys), nobodys).toBe(400)
})

describe('the service, while its database', () => {
  it('ends connections, halts, crashes and comes back: loses nothing it acknowledged, doubles nothing, and is never wrong', async () => {
    const before = new Set(await stored())
    const work = clerksAtWork(ask, 6)
    await work.more(20)
    for (let n = 0; n < 15; n += 1) {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = 'town'`.execute(root)
      await pause(20)
    }
    await work.more(20)
    for (const end of [server.halt, server.crash]) {
      await end()
      // Whoever asks while it is away is told so, and nobody that they are not signed in.
      expect(await ready()).toBe(503)
      expect(await ask('GET', '/v1/flags')).toMatchObject({ status: 503, retryAfter: '2' })
      await server.start()
      await work.more(20)
      expect(await ready()).toBe(200)
    }
    await work.stop()
    expect([...work.statuses.keys()].sort()).toEqual([201, 503])
    const after = (await stored()).filter((id) => !before.has(id))
    expect(after.sort()).toEqual([...work.registered].sort())
    expect(service.child.exitCode).toBeNull()
    expect(service.output()).not.toMatch(/"event":"unforeseen"|"status":500/)
  })
})

describe('the service, when it is told to stop', () => {
  it('answers whatever is under way, resets nobody who honours it, and ends with 0', async () => {
    const CONNECTIONS = 200
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
    const { port } = new URL(service.address)
    const errors = new Map<string, number>()
    let [answered, goodbyes] = [0, 0]
    const one = () =>
      new Promise<boolean>((resolve) => {
        const asked = request({ agent, port, host: '127.0.0.1', path: '/status' }, (response) => {
          answered += 1
          if (response.headers.connection === 'close') goodbyes += 1
          response.resume().on('end', () => resolve(true))
        })
        asked.on('error', (error: NodeJS.ErrnoException) => {
          errors.set(error.code ?? '', (errors.get(error.code ?? '') ?? 0) + 1)
          resolve(false)
        })
        asked.end()
      })
    const lanes = Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (await one());
      }),
    )
    while (answered < CONNECTIONS * 3) await pause(20)
    service.child.kill('SIGTERM')
    await lanes
    expect(goodbyes).toBeGreaterThan(0)
    // After that there is nobody to talk to: refused, and never cut off.
    expect([...errors.keys()]).toEqual(['ECONNREFUSED'])
    expect(await service.exit).toBe(0)
    agent.destroy()
  })
})
