import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { TLSSocket } from 'node:tls'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase, type Transaction } from '../../src/platform/database.ts'
import { DatabaseAway, postgresDialect } from '../../src/platform/postgres.ts'
import { selfSigned } from '../../src/proofs/paper/pades.ts'
import { type Between, proxyTo } from '../support/proxy.ts'
import { WHOLE } from '../support/sampled.ts'

// Connections to a real server that end in the middle of everything.

const PATIENCE = 1_500
let root: Database
let proxy: Between
let database: Database
const url = (port: number, name = 'postgres') => `postgres://postgres:postgres@127.0.0.1:${port}/${name}`
const name = `lines_${process.pid}_${Date.now()}`
beforeAll(async () => {
  root = openDatabase(postgresDialect(url(inject('postgresPort')), { connections: 2 }))
  await sql.raw(`create database ${name}`).execute(root)
  proxy = await proxyTo(inject('postgresPort'))
  database = openDatabase(postgresDialect(url(proxy.port, name), { connections: 4, patience: PATIENCE }))
  await sql`create table kept (run integer, part integer)`.execute(database)
})
afterAll(async () => {
  await database?.destroy()
  await proxy?.end()
  await sql.raw(`drop database ${name} with (force)`).execute(root)
  await root?.destroy()
})

const pidOf = async (on: Pick<Database, 'executeQuery'>) => {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(on as Database)
  return rows[0]?.pid ?? 0
}
const terminate = (pid: number) => sql`select pg_terminate_backend(${pid})`.execute(root)
const partsOf = async (run: number) =>
  (await sql<{ part: number }>`select part from kept where run = ${run} order by part`.execute(database)).rows.map(
    ({ part }) => part,
  )

describe('a connection that is lost', () => {
  it('in the middle of a transaction takes the whole of it, and nothing of it runs on another', async () => {
    const failed = database.transaction().execute(async (transaction) => {
      await sql`insert into kept values (1, 1)`.execute(transaction)
      await terminate(await pidOf(transaction))
      const after = sql`insert into kept values (1, 2)`.execute(transaction)
      await expect(after).rejects.toBeInstanceOf(DatabaseAway)
      // Again, after it is known to be lost.
      await sql`insert into kept values (1, 3)`.execute(transaction)
    })
    await expect(failed).rejects.toBeInstanceOf(DatabaseAway)
    expect(await partsOf(1)).toEqual([])
  })

  it('while it waits in the pool is noticed by nobody', async () => {
    const pids = await Promise.all([1, 2, 3, 4].map(() => database.connection().execute((one) => pidOf(one))))
    for (const pid of new Set(pids)) await terminate(pid)
    for (let n = 0; n < 8; n += 1)
      await database.transaction().execute((transaction) => sql`insert into kept values (2, ${n})`.execute(transaction))
    proxy.cut()
    for (let n = 8; n < 12; n += 1)
      await database.transaction().execute((transaction) => sql`insert into kept values (2, ${n})`.execute(transaction))
    expect(await partsOf(2)).toHaveLength(12)
  })

  it('by the hundred, under load, ends no process: each transaction is whole or was never there', async () => {
    const TRANSACTIONS = WHOLE ? 2_000 : 300
    let [done, away, killed, stopped] = [0, 0, 0, false]
    const killer = (async () => {
      while (!stopped) {
        const { rows } = await sql<{ pid: number }>`select pid from pg_stat_activity where datname = ${name}
          and pid <> pg_backend_pid() order by random() limit 1`.execute(root)
        for (const { pid } of rows) await terminate(pid)
        killed += rows.length
        if (killed % 5 === 0) proxy.cut('one')
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    })()
    const acknowledged: number[] = []
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let n = lane; n < TRANSACTIONS; n += 8)
          try {
            await database.transaction().execute(async (transaction) => {
              for (const part of [1, 2, 3])
                await sql`insert into kept values (${100 + n}, ${part})`.execute(transaction)
            })
            done += 1
            acknowledged.push(100 + n)
          } catch (error) {
            expect(error).toBeInstanceOf(DatabaseAway)
            away += 1
          }
      }),
    )
    stopped = true
    await killer
    expect(done + away).toBe(TRANSACTIONS)
    expect(killed).toBeGreaterThan(20)
    expect(away).toBeGreaterThan(0)
    const { rows } = await sql<{ run: number; parts: number }>`
      select run, count(*)::integer as parts from kept where run >= 100 group by run`.execute(database)
    expect(rows.filter(({ parts }) => parts !== 3)).toEqual([])
    const stored = new Set(rows.map(({ run }) => run))
    expect(acknowledged.filter((run) => !stored.has(run))).toEqual([])
  })
})

describe('a connection that is frozen', () => {
  it('stops nobody else, and is given up', async () => {
    const begun = performance.now()
    let froze = false
    const frozen = database.transaction().execute(async (transaction) => {
      await pidOf(transaction)
      proxy.freeze()
      froze = true
      await sql`insert into kept values (3, 1)`.execute(transaction)
    })
    frozen.catch(() => {})
    while (!froze) await new Promise((resolve) => setTimeout(resolve, 5))
    await database
      .transaction()
      .execute((transaction) => sql`insert into kept values (3, 2)`.execute(transaction))
      .catch(() => {})
    await database.transaction().execute((transaction) => sql`insert into kept values (3, 3)`.execute(transaction))
    await expect(frozen).rejects.toBeInstanceOf(DatabaseAway)
    expect(performance.now() - begun).toBeGreaterThan(PATIENCE)
    expect(await partsOf(3)).toContain(3)
    expect(await partsOf(3)).not.toContain(1)
  })

  it('is not waited for longer than what is asked may take', async () => {
    await expect(sql`select pg_sleep(30)`.execute(database)).rejects.toMatchObject({ reason: '57014' })
    expect(await pidOf(database)).toBeGreaterThan(0)
  })
})

describe('two transactions that wait for each other', () => {
  it('end as one that is done and one that may be tried again', async () => {
    const lock = (transaction: Transaction, one: number) =>
      sql`select pg_advisory_xact_lock(${one}::integer)`.execute(transaction)
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const both = await Promise.allSettled(
      [
        { mine: 1, theirs: 2, here: first, there: second },
        { mine: 2, theirs: 1, here: second, there: first },
      ].map(({ mine, theirs, here, there }) =>
        database.transaction().execute(async (transaction) => {
          await sql`set local deadlock_timeout = '20ms'`.execute(transaction)
          await lock(transaction, mine)
          here.resolve()
          await there.promise
          await lock(transaction, theirs)
        }),
      ),
    )
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(both.find((one) => one.status === 'rejected')?.reason).toMatchObject({ status: 503, reason: '40P01' })
    expect(await pidOf(database)).toBeGreaterThan(0)
  })
})

describe('a table that gets another column', () => {
  it('is read again by whoever had read all of it, at worst with the next try', async () => {
    const over = openDatabase(postgresDialect(url(proxy.port, name), { connections: 1 }))
    await sql`create table grown (run integer)`.execute(over)
    await sql`insert into grown values (1)`.execute(over)
    const read = () =>
      over.transaction().execute(async (transaction) => {
        await pidOf(transaction)
        return (await sql`select * from grown`.execute(transaction)).rows
      })
    expect(await read()).toEqual([{ run: 1 }])
    await sql`alter table grown add column part integer`.execute(database)
    await expect(read()).rejects.toMatchObject({ status: 503, reason: '0A000' })
    expect(await read()).toEqual([{ run: 1, part: null }])
    await over.destroy()
  })
})

describe('what takes something away', () => {
  it('is told before whoever asked knows, once: by a transaction when it stands, by a statement alone too, and never by what was undone', async () => {
    const told: string[] = []
    let fails = false
    const over = openDatabase(
      postgresDialect(url(proxy.port, name), {
        connections: 1,
        taken: async () => {
          if (fails) throw new DatabaseAway('journal')
          told.push('told')
        },
      }),
    )
    const takes = sql`do $$ begin raise info 'padron: taken'; end $$`
    await takes.execute(over)
    expect(told).toEqual(['told'])
    await over.transaction().execute(async (transaction) => {
      await takes.execute(transaction)
      await takes.execute(transaction)
      expect(told).toEqual(['told'])
    })
    expect(told).toEqual(['told', 'told'])
    const undone = over.transaction().execute(async (transaction) => {
      await takes.execute(transaction)
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await pidOf(over)).toBeGreaterThan(0)
    expect(told).toEqual(['told', 'told'])
    fails = true
    await expect(takes.execute(over)).rejects.toMatchObject({ status: 503, reason: 'journal' })
    await over.destroy()
  })
})

describe('a server that takes nobody in', () => {
  it('is said to be away at once, and is there again when it is', async () => {
    proxy.close(true)
    proxy.cut()
    await expect(pidOf(database)).rejects.toMatchObject({ status: 503, code: 'unavailable' })
    proxy.close(false)
    expect(await pidOf(database)).toBeGreaterThan(0)
  })
})

describe('several hosts', () => {
  it('are tried in turn, each with its own port, for one that is there', async () => {
    const [first, second] = [await proxyTo(inject('postgresPort')), await proxyTo(inject('postgresPort'))]
    const hosts = `127.0.0.1:${first.port},127.0.0.1:${second.port}`
    const several = `postgres://postgres:postgres@${hosts}/${name}`
    const over = openDatabase(postgresDialect(several, { connections: 2, patience: PATIENCE }))
    const config = readConfig({ DEMO: 'true', DATABASE_URL: several })
    expect(config.databaseUrl).toBe(several)
    expect(() => readConfig({ DEMO: 'true', DATABASE_URL: 'postgres://h:notaport,i:2/x' })).toThrow('DATABASE_URL')
    expect(await pidOf(over)).toBeGreaterThan(0)
    first.close(true)
    first.cut()
    // What was under way is told to come again; what comes after finds the other.
    const answers = []
    for (let n = 0; n < 10; n += 1)
      answers.push(
        await database.transaction().execute((transaction) => pidOf(transaction)),
        await over.transaction().execute((transaction) => pidOf(transaction)),
      )
    expect(answers.every((pid) => pid > 0)).toBe(true)
    await over.destroy()
    await first.end()
    await second.end()
  })
})

/** Encrypts as PostgreSQL does, in front of a server that does not. @param asked gets the name that each client asked for */
async function encryptingProxy(asked: (name: string) => void): Promise<Server> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const cert = await selfSigned(keys, { name: { city: 'Vallmar', country: 'ES' }, from: new Date(), years: 1 })
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  const pem = (label: string, der: Uint8Array) =>
    `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`
  const server = createServer((near) => {
    near.on('error', () => {})
    // Eight bytes that ask whether it encrypts, and one that says that it does.
    near.once('data', () => {
      near.write('S')
      const far = connect(inject('postgresPort'), '127.0.0.1')
      const clear = new TLSSocket(near, {
        isServer: true,
        key: pem('PRIVATE KEY', new Uint8Array(key)),
        cert: pem('CERTIFICATE', cert),
        SNICallback: (name, done) => {
          asked(name)
          done(null)
        },
      })
      for (const socket of [clear, far]) socket.on('error', () => near.destroy())
      clear.pipe(far).pipe(clear)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return server
}

describe('a connection that is encrypted', () => {
  it('asks the server for its name, also where it is one of several', async () => {
    const names: string[] = []
    const server = await encryptingProxy((name) => void names.push(name))
    const { port } = server.address() as AddressInfo
    // One that says that it encrypts, and does not.
    const broken = createServer((near) => {
      near.on('error', () => {})
      near.once('data', () => near.end('S and nothing that anybody could read'))
    })
    await new Promise<void>((resolve) => void broken.listen(0, '127.0.0.1', resolve))
    const { port: other } = broken.address() as AddressInfo
    const alone = openDatabase(postgresDialect(`${url(other)}?sslmode=require`, { connections: 1 }))
    await expect(pidOf(alone)).rejects.toBeInstanceOf(DatabaseAway)
    await alone.destroy()
    for (const hosts of [
      `localhost:${port}`,
      `127.0.0.1:1,localhost:${port}`,
      `127.0.0.1:${other},localhost:${port}`,
    ]) {
      const over = openDatabase(
        postgresDialect(`postgres://postgres:postgres@${hosts}/${name}?sslmode=require`, { connections: 1 }),
      )
      expect(await pidOf(over)).toBeGreaterThan(0)
      await over.destroy()
    }
    expect(names).toEqual(['localhost', 'localhost', 'localhost'])
    await new Promise((resolve) => broken.close(resolve))
    await new Promise((resolve) => server.close(resolve))
  })
})
