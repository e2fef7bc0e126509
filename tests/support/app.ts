import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { PGlite } from '@electric-sql/pglite'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { sql } from 'kysely'
import { inject } from 'vitest'
import { type AppDeps, composeRooms, createApp, type Rooms } from '../../src/app.tsx'
import { demoTown } from '../../src/cli/demo-town.ts'
import { loadPolicies, type PolicyEngine } from '../../src/firewall/policies.ts'
import { type RouteSpec, specOf } from '../../src/http/route.ts'
import { demoToken, demoTrust } from '../../src/identity/demo-token.ts'
import { tokenVerifier } from '../../src/identity/tokens.ts'
import { epochFile, makeEpochFile } from '../../src/keys/epoch-file.ts'
import { type EpochSet, epochKeys, newEpochs } from '../../src/keys/epochs.ts'
import { epochsMustBeHere } from '../../src/keys/key-holding.ts'
import { type KeyMaterial, type KeyProvider, localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import { type Asks, type Journal, openJournal } from '../../src/ledger/journal.ts'
import type { Clock } from '../../src/platform/clock.ts'
import {
  type Database,
  embeddedDialect,
  embeddedParsers,
  openDatabase,
  postgresDialect,
} from '../../src/platform/database.ts'
import { migrate } from '../../src/platform/migrations.ts'
import type { LogLine } from '../../src/platform/telemetry.ts'
import { createRenderer } from '../../src/proofs/paper/renderer.ts'
import { ensureSigningKey } from '../../src/proofs/signing-keys.ts'
import { createRedraw } from '../../src/requests/redrawing.ts'
import type { Municipality } from '../../src/town/model.ts'
import { foundTown, type TownFile } from '../../src/town/town-file.ts'
import { embeddedDump } from './migrated.ts'

export const AUDIENCE = 'urn:padron:api'

/** A clock that a test moves. */
export interface MovableClock extends Clock {
  advance(by: Temporal.DurationLike): void
}

export function movableClock(): MovableClock {
  let ahead = Temporal.Duration.from({ seconds: 0 })
  return {
    now: () => Temporal.Now.instant().add(ahead),
    advance: (by) => {
      ahead = ahead.add(Temporal.Duration.from(by))
    },
  }
}

export interface Asked {
  as?: string
  token?: string
  body?: unknown
  /** A file, sent as it is. */
  bytes?: Uint8Array
  purpose?: string
  idempotencyKey?: string | null
  ifMatch?: number
  headers?: Record<string, string>
}

export interface Answer<T = Record<string, unknown>> {
  status: number
  headers: Headers
  text: string
  body: T
}

export interface TestApp {
  /** What the app is made of, for one with another part. */
  deps: AppDeps
  town: Municipality
  rooms: Rooms
  /** What the service uses: the application's role. */
  database: Database
  /** Looks into the database as its superuser, past every wall but the seal. */
  peek<Row = Record<string, unknown>>(text: string): Promise<Row[]>
  /** Connection string, on the real server only. */
  url: (login?: 'postgres' | 'padron_app_login' | 'padron_ops_login') => string
  /** The embedded database itself, where that is the store. */
  pglite: PGlite | undefined
  clock: MovableClock
  keys: KeyProvider
  material: { current: KeyMaterial }
  epochs: { current: EpochSet }
  policies: PolicyEngine
  log: LogLine[]
  fetch(request: Request): Promise<Response>
  /** Every door there is, as it is mounted. */
  routes: { method: string; path: string; spec: RouteSpec | undefined }[]
  ask<T = Record<string, unknown>>(method: string, path: string, asked?: Asked): Promise<Answer<T>>
  close(): Promise<void>
}

const tokens = new Map<string, Promise<string>>()

/** An access token of a demo client, from the real OpenID provider of the run. */
export function tokenOf(client: string): Promise<string> {
  const known = tokens.get(client) ?? demoToken(inject('tokenIssuer'), { audience: AUDIENCE, clientId: client })
  tokens.set(client, known)
  return known
}

export interface HouseOptions {
  town?: Partial<TownFile>
  connections?: number
  store?: 'embedded' | 'postgres'
  /** A folder for the journal of what is taken away. */
  journal?: string
  /** A file for the epoch keys, so that they can be turned. */
  epochFile?: string
  /** Another server than that of the run. */
  port?: number
  /** A database of its own whose tables are divided into so many parts, on the real server only. */
  partitions?: number
}

/** The whole service over a fresh migrated database with the invented town in it. */
export async function openApp(options: HouseOptions = {}): Promise<TestApp> {
  const stores = (options.store ?? inject('store')) === 'embedded' ? await embeddedStore() : await serverStore(options)
  const { owner } = stores
  const clock = movableClock()
  const material = { current: withNewKey() }
  const epochs = { current: newEpochs() }
  if (options.epochFile !== undefined) makeEpochFile(options.epochFile, () => epochs.current)
  const keys = localKeyProvider(
    () => material.current,
    options.epochFile === undefined ? epochKeys(epochs.current) : epochFile(options.epochFile),
  )
  const policies = loadPolicies(cedar)
  const town = await foundTown(owner, {
    ...demoTown('https://vallmar.example', clock.now()),
    // Years that are somebody's word wait for a second clerk: tests of that ask for a town as strict as others are.
    backdateDays: 36_500,
    ...options.town,
  })
  await epochsMustBeHere(owner, keys)
  await ensureSigningKey({ database: owner, clock, keys }, town.id)
  const journal = options.journal === undefined ? undefined : openJournal(options.journal, keys)
  const database = await stores.app(journal)
  const log: LogLine[] = []
  const issuer = inject('tokenIssuer')
  const deps = {
    database,
    pglite: stores.pglite,
    clock,
    keys,
    policies,
    tokens: tokenVerifier([demoTrust(issuer)], AUDIENCE),
    senderConstrained: false,
    ledgerAtOnce: true,
    shrink: true,
    renderer: createRenderer({ database, clock, keys }),
    redraw: createRedraw(),
    sourceOf: (_: unknown, headers: Headers) => headers.get('test-source') ?? '',
    log: (line: LogLine) => void log.push(line),
    ...(journal ? { journal, watch: journal.watch } : {}),
  }
  const rooms = composeRooms(deps)
  const app = createApp(deps, rooms)
  let untimed: Promise<void> | undefined
  /** The database's own clock stays where it is: where a test goes into days to come, it cannot refuse them. */
  const letTimePass = async () => {
    if (Temporal.Now.instant().until(clock.now()).total('hours') < 20) return
    untimed ??= (async () => {
      await stores.peek('alter table residences drop constraint residences_not_to_come')
    })()
    await untimed
  }

  return {
    town,
    rooms,
    deps,
    database,
    pglite: stores.pglite,
    peek: <Row = Record<string, unknown>>(text: string) => stores.peek(text) as Promise<Row[]>,
    clock,
    keys,
    material,
    epochs,
    policies,
    log,
    url: (login) => stores.url(login),
    fetch: async (request) => {
      await letTimePass()
      const response = await app.fetch(request)
      await mustBeFilledIn(response, new URL(request.url).pathname)
      return response
    },
    routes: app.routes.map(({ method, path, handler }) => ({ method, path, spec: specOf(handler) })),
    ask: asking(async (request) => {
      await letTimePass()
      return app.fetch(request)
    }),
    close: async () => {
      await stores.close()
      journal?.close()
    },
  }
}

/** A law of every page that any test opens: no text stands on it with a place that nobody filled in. */
async function mustBeFilledIn(response: Response, path: string): Promise<void> {
  if (!response.headers.get('content-type')?.startsWith('text/html') || path === '/docs') return
  const text = (await response.clone().text())
    .replaceAll(/<(script|pre|code|textarea)\b[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
  const [place] = /\{[a-zA-Z]{1,20}\}/.exec(text) ?? []
  if (place !== undefined) throw new Error(`${path} shows ${place}, which nobody filled in`)
}

/** Asks an app as the clients of the town do. */
export function asking(send: (request: Request) => Response | Promise<Response>): TestApp['ask'] {
  return async (method, path, asked = {}) => {
    const token = asked.token ?? (asked.as === undefined ? undefined : await tokenOf(asked.as))
    const key = asked.idempotencyKey === undefined ? randomUUID() : asked.idempotencyKey
    const response = await send(
      new Request(`https://vallmar.example${path}`, {
        method,
        headers: {
          host: 'vallmar.example',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(asked.bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
          ...(asked.purpose === undefined ? {} : { 'padron-purpose': asked.purpose }),
          ...(method === 'POST' && key !== null ? { 'idempotency-key': key } : {}),
          ...(asked.ifMatch === undefined ? {} : { 'if-match': `"${asked.ifMatch}"` }),
          ...asked.headers,
        },
        ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
        ...(asked.bytes === undefined ? {} : { body: Uint8Array.from(asked.bytes) }),
      }),
    )
    const text = await response.text()
    const json = /json/.test(response.headers.get('content-type') ?? '') && text !== ''
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : {} }
  }
}

/** The program of the embedded database, compiled once for all files of a worker. */
let program: Promise<WebAssembly.Module> | undefined
const compiled = () => {
  const from = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  program ??= readFile(join(dirname(from), 'pglite.wasm')).then((bytes) => WebAssembly.compile(new Uint8Array(bytes)))
  return program
}

async function embeddedStore() {
  const dump = new Blob([new Uint8Array(await readFile(await embeddedDump()))])
  const pglite = await PGlite.create({
    loadDataDir: dump,
    extensions: { btree_gist },
    parsers: embeddedParsers,
    pgliteWasmModule: await compiled(),
  })
  const database = openDatabase(embeddedDialect(pglite))
  return {
    owner: database,
    pglite: pglite as PGlite | undefined,
    // One session: whoever is the owner here becomes the application for good.
    app: async (_?: Journal) => {
      await sql`set role padron_app`.execute(database)
      return database
    },
    peek: async (text: string): Promise<unknown[]> => {
      await sql`reset role`.execute(database)
      try {
        return (await sql.raw(text).execute(database)).rows
      } finally {
        await sql`set role padron_app`.execute(database)
      }
    },
    url: (): string => {
      throw new Error('the embedded database has no address')
    },
    close: () => database.destroy(),
  }
}

async function serverStore({ connections = 8, partitions, port = inject('postgresPort') }: HouseOptions) {
  const name = `padron_${randomUUID().replaceAll('-', '')}`
  const url = (login: string = 'postgres', database = name) =>
    `postgres://${login}:${login}@127.0.0.1:${port}/${database}`
  const root = openDatabase(postgresDialect(url('postgres', 'postgres'), { connections: 1 }))
  await sql.raw(`create database ${name} ${partitions === undefined ? 'template padron_template' : ''}`).execute(root)
  const owner = openDatabase(postgresDialect(url(), { connections: 2 }))
  if (partitions !== undefined) await migrate(owner, { partitions })
  let database: Database | undefined
  return {
    owner,
    pglite: undefined,
    app: async (journal?: Journal) => {
      const taken = journal && ((asks: Asks) => journal.write(asks))
      database = openDatabase(postgresDialect(url('padron_app_login'), { connections, role: 'padron_app', taken }))
      return database
    },
    peek: async (text: string): Promise<unknown[]> => (await sql.raw(text).execute(owner)).rows,
    url: (login?: string) => url(login),
    close: async () => {
      await database?.destroy()
      await owner.destroy()
      await sql.raw(`drop database ${name} with (force)`).execute(root)
      await root.destroy()
    },
  }
}
