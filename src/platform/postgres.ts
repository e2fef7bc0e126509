import {
  AbortedTransactionError,
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import postgres from 'postgres'
import { parse as parseArray } from 'postgres-array'
import { CONNECTS, oneSocket, type Servers, serversOf } from './postgres-servers.ts'
import { Problem } from './problem.ts'

// PostgreSQL through postgres.js, one client for each connection: postgres.js opens another connection by itself where one was
// lost, and the rest of a transaction would run there. Here a connection that was lost is lost: whatever still comes over it is
// refused, and it never goes back to the pool.

const asText = (value: unknown) => String(value)
/** An array as PostgreSQL reads it; what is text already is one. @see PostgreSQL, section 8.15.6 */
const arrayText = (value: unknown): string =>
  Array.isArray(value)
    ? `{${value.map((one) => (one === null ? 'NULL' : `"${String(one).replaceAll(/["\\]/g, '\\$&')}"`)).join(',')}}`
    : asText(value)
const arrayOf = <T>(oid: number, parse: (text: string) => T[]) => ({
  to: oid,
  from: [oid],
  serialize: arrayText,
  parse,
})
const texts = (text: string) => parseArray(text)
/** By their numbers in pg_type: dates stay ISO strings, as on the embedded database, and arrays are arrays. */
const TYPES = {
  date: { to: 1082, from: [1082], serialize: asText, parse: asText },
  integers: arrayOf(1007, (text) => parseArray(text, Number)),
  texts: arrayOf(1009, texts),
  varchars: arrayOf(1015, texts),
  bigints: arrayOf(1016, texts),
  uuids: arrayOf(2951, texts),
}

/** @throws while there is no database to ask, or it does not answer in time. Nothing is known to have been done. */
export class DatabaseAway extends Problem {
  /** What the driver or the server said: a code. */
  readonly reason: string

  constructor(reason: string) {
    super('unavailable', 503, 'The registry cannot be reached just now. Nothing was lost: try again in a moment.')
    this.reason = reason
  }
}

/** Codes of the driver and of Node that mean that a connection is no more, or never was: its line, its encryption, its certificate. */
const NO_CONNECTION =
  /^(CONNECTION_(CLOSED|DESTROYED|ENDED)|CONNECT_TIMEOUT|E[A-Z]{3,}(_[A-Z]+)?|ERR_(SSL|TLS|SOCKET)_\w+|CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/
/**
 * What a server says that stops, starts, is a standby now or has no room; that took too long and gave up; or that undid one
 * of two that waited for each other.
 *
 * @see PostgreSQL, appendix A: classes 08, 53 and 57, 25006, 25P03, 40001, 40P01, 55P03
 */
const SERVER_AWAY = /^(08\w{3}|53300|57P0[1-5]|57014|25006|25P03|40001|40P01|55P03|PD009)$/
/** Of these the connection goes on: what was asked took too long, met another, or this process wraps with a retired key. */
const STILL_THERE = /^(57014|40001|40P01|55P03|PD009)$/

/** What was prepared on a connection no longer fits the tables: another connection prepares it anew. */
const OLD_PLAN = { code: '0A000', routine: 'RevalidateCachedQuery' } as const

function awayFor(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (code === OLD_PLAN.code && (error as { routine?: unknown }).routine === OLD_PLAN.routine) return code
  return NO_CONNECTION.test(code) || SERVER_AWAY.test(code) ? code : undefined
}

export interface PoolOptions {
  /** At most so many at once. */
  connections: number
  /** The role that every connection acts as. Not where a pooler hands connections out by the transaction. */
  role?: string
  /** A pooler stands between that hands connections out by the transaction: nothing is kept for a session. */
  pooler?: boolean
  /** Milliseconds after which an answer is not waited for any more; without end where it is left out. */
  patience?: number
  /**
   * Called with the connection on which a transaction took something away, once that stands and before whoever asked for it
   * knows: what it throws they are told.
   */
  taken?:
    | ((asks: <R>(text: string, parameters: readonly unknown[]) => Promise<{ rows: R[] }>) => Promise<void>)
    | undefined
}

/** What the database says on a connection when a transaction took something away. */
const TAKEN = 'padron: taken'

/** How long somebody waits for a connection, and how many may. */
const WAITS = { milliseconds: 10_000, people: 2_000 } as const
/** A connection is used for so long: half an hour, and up to as much again so that they do not all end together. */
const LIFETIME = 1_800_000
/** How often a transaction is begun again, where its connection turns out to be lost at the first word. */
const BEGINS = 4
/** And not once that took so long, milliseconds. */
const BEGINS_WITHIN = 2_000

/** A pool on PostgreSQL, acting as `role` whatever login the URL names. Dates stay ISO strings, bigints decimal strings. */
export function postgresDialect(url: string, options: PoolOptions): Dialect {
  return {
    createDriver: () => new PoolDriver(url, options),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (database) => new PostgresIntrospector(database),
  }
}

/** What was answered, and to what. */
type Answer<R> = QueryResult<R> & { command: string }

/** One connection to the server, or to whichever of several takes writes. */
class Line {
  /** It was closed, by whomever, or is not waited for any more. */
  lost = false
  /** The transaction under way took something away. */
  taken = false
  readonly retires = performance.now() + LIFETIME * (1 + Math.random())
  readonly #servers: Servers
  readonly #options: PoolOptions
  #client: postgres.Sql | undefined
  /** The one that is being asked whether it takes writes. */
  #asked: postgres.Sql | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(servers: Servers, options: PoolOptions) {
    this.#servers = servers
    this.#options = options
  }

  #clientOf(url: string): postgres.Sql {
    const options = this.#options
    const session = {
      ...(options.role ? { role: options.role } : {}),
      ...(options.patience ? { statement_timeout: options.patience, idle_in_transaction_session_timeout: 60_000 } : {}),
    }
    const client: postgres.Sql = postgres(url, {
      max: 1,
      max_lifetime: null,
      connect_timeout: CONNECTS / 1_000,
      // Which its types do not name.
      ...({ socket: oneSocket() } as object),
      // Asked of the server for each connection otherwise, in a way that nothing catches where the connection is lost meanwhile.
      fetch_types: false,
      types: TYPES,
      onnotice: ({ message }) => {
        if (message === TAKEN) this.taken = true
      },
      onclose: () => {
        if (client === this.#client) this.lost = true
      },
      connection: { application_name: 'padron', ...(options.pooler ? {} : session) },
    })
    return client
  }

  /** Of several servers, the one that follows no other; beginning with the one that was it when it was last looked for. */
  async #open(): Promise<postgres.Sql> {
    const { urls, at: first } = this.#servers
    let reason: unknown = new DatabaseAway('25006')
    for (let n = 0; n < urls.length; n += 1) {
      const at = (first + n) % urls.length
      const client = this.#clientOf(urls[at] ?? '')
      if (urls.length === 1) return client
      this.#asked = client
      try {
        const [answer] = await client.unsafe(
          `select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writes`,
        )
        if (answer?.writes === true) {
          this.#servers.at = at
          return client
        }
      } catch (error) {
        reason = error
      } finally {
        this.#asked = undefined
      }
      void client.end({ timeout: 0 }).catch(() => {})
      if (this.lost) break
    }
    throw reason
  }

  /** One after the other: nothing waits inside the driver, where it could end up on another connection. */
  execute<R>(query: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<Answer<R>> {
    const answer = this.#last.then(() => this.#send<R>(query))
    this.#last = answer.catch(() => {})
    return answer
  }

  async #send<R>(query: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<Answer<R>> {
    if (this.lost) throw new DatabaseAway('CONNECTION_CLOSED')
    const { patience, pooler } = this.#options
    // A little more than the server's own: who is cut off for being slow is told so by the server.
    const impatience = patience && setTimeout(() => this.abandon(), patience + 2_000)
    try {
      this.#client ??= await this.#open()
      const result = await this.#client.unsafe(
        query.sql,
        [...query.parameters] as never[],
        {
          prepare: !pooler,
          simple: false,
        } as never,
      )
      const command = result.command ?? ''
      const counts = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'].includes(command)
      return {
        command,
        rows: Array.from(result.values()) as R[],
        ...(counts ? { numAffectedRows: BigInt(result.count) } : {}),
      }
    } catch (error) {
      const away = error instanceof DatabaseAway ? error.reason : awayFor(error)
      if (away === undefined) throw error
      if (!STILL_THERE.test(away)) this.abandon()
      throw new DatabaseAway(away)
    } finally {
      clearTimeout(impatience)
    }
  }

  /** Lets go of it at once, whatever is under way. */
  abandon(): void {
    this.lost = true
    for (const client of [this.#client, this.#asked]) void client?.end({ timeout: 0 }).catch(() => {})
  }

  async end(): Promise<void> {
    await this.#client?.end({ timeout: 5 })
  }
}

/** What a transaction holds: a line, and before its first word another one where that is lost. */
class PooledConnection implements DatabaseConnection {
  line: Line
  /** A transaction is under way: what it takes away is told once it stands. */
  within = false
  readonly #another: () => Line
  readonly #taken: PoolOptions['taken']

  constructor(line: Line, another: () => Line, taken: PoolOptions['taken']) {
    this.line = line
    this.#another = another
    this.#taken = taken
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const answer = await this.line.execute<R>(query)
    // By a statement that was a transaction of its own.
    if (!this.within) await this.tellTaken()
    return answer
  }

  /** What was taken away is written down before whoever asked knows that it was done. */
  async tellTaken(): Promise<void> {
    const { line } = this
    if (!line.taken) return
    line.taken = false
    await this.#taken?.((text, parameters) => line.execute(CompiledQuery.raw(text, [...parameters])))
  }

  /** Only where nothing has been asked over the old one. */
  replace(): void {
    this.line.abandon()
    this.line = this.#another()
  }

  // biome-ignore lint/correctness/useYield: nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('answers are not streamed here')
  }
}

class PoolDriver implements Driver {
  readonly #servers: Servers
  readonly #options: PoolOptions
  readonly #idle: Line[] = []
  readonly #waiting: { give(connection: PooledConnection): void; refuse(error: Error): void }[] = []
  #held = 0
  #ended = false

  constructor(url: string, options: PoolOptions) {
    this.#servers = serversOf(url)
    this.#options = options
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection> {
    if (this.#ended) throw new DatabaseAway('CONNECTION_ENDED')
    if (this.#held < this.#options.connections) return this.#take()
    if (this.#waiting.length >= WAITS.people) throw new DatabaseAway('busy')
    return new Promise((give, refuse) => {
      const waiter = { give, refuse }
      const impatience = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        refuse(new DatabaseAway('busy'))
      }, WAITS.milliseconds)
      waiter.give = (connection) => {
        clearTimeout(impatience)
        give(connection)
      }
      waiter.refuse = (error) => {
        clearTimeout(impatience)
        refuse(error)
      }
      this.#waiting.push(waiter)
    })
  }

  #take(): PooledConnection {
    this.#held += 1
    // Where one that waited is lost, so may be the others that did.
    const another = () => new Line(this.#servers, this.#options)
    return new PooledConnection(this.#line(), another, this.#options.taken)
  }

  /** One that waits and is not lost, or a new one. */
  #line(): Line {
    for (let line = this.#idle.pop(); line !== undefined; line = this.#idle.pop()) if (!line.lost) return line
    return new Line(this.#servers, this.#options)
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const { line } = connection as PooledConnection
    this.#held -= 1
    // Where one was lost the others may have been with it: none of them is somebody's first disappointment.
    if (line.lost) for (const one of this.#idle.splice(0)) one.abandon()
    if (this.#ended || line.lost || line.retires < performance.now()) line.abandon()
    else this.#idle.push(line)
    const next = this.#waiting.shift()
    if (next) next.give(this.#take())
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel, accessMode } = settings
    const parts = ['start transaction', isolationLevel ? `isolation level ${isolationLevel}` : '', accessMode ?? '']
    const since = performance.now()
    for (let begun = 1; ; begun += 1)
      try {
        await connection.executeQuery(CompiledQuery.raw(parts.filter((part) => part !== '').join(' ')))
        ;(connection as PooledConnection).within = true
        return
      } catch (error) {
        // It was lost while it waited: nothing has been asked yet, and another one is as good. Whoever waited long waits no more.
        const over = begun >= BEGINS || performance.now() - since > BEGINS_WITHIN
        if (!(error instanceof DatabaseAway) || over) throw error
        ;(connection as PooledConnection).replace()
      }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const pooled = connection as PooledConnection
    pooled.within = false
    const { command } = await pooled.line.execute(CompiledQuery.raw('commit'))
    // The server answers so where a statement failed before, whoever overlooked it.
    if (command === 'ROLLBACK') {
      pooled.line.taken = false
      throw new AbortedTransactionError()
    }
    await pooled.tellTaken()
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      const pooled = connection as PooledConnection
      await pooled.line.execute(CompiledQuery.raw('rollback'))
      pooled.line.taken = false
      pooled.within = false
    } catch {
      // Whose connection is lost has been rolled back by the server; why it was to be is what matters.
      ;(connection as PooledConnection).line.abandon()
    }
  }

  async destroy(): Promise<void> {
    this.#ended = true
    for (const { refuse } of this.#waiting.splice(0)) refuse(new DatabaseAway('CONNECTION_ENDED'))
    await Promise.all(this.#idle.splice(0).map((line) => line.end()))
  }
}
