import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import type { Code } from './problem.ts'
import type { Log } from './telemetry.ts'
import { outlineOf } from './telemetry.ts'

/** One piece of work, held by this process until it is settled. */
export interface Item {
  municipalityId: string
  /** A random id of ours, or the name of something public. */
  item: string
  /** How often it has been begun, this time included. */
  tries: number
  /** An earlier try began something that cannot be taken back, and nobody knows how it ended. */
  doubtful: boolean
  /** Writes down that something begins which cannot be taken back. @throws {ClaimLost} when another process holds the item by now */
  begin(): Promise<void>
  /** Writes down that it certainly did not happen. */
  undone(): Promise<void>
  /** Set off when its time is over. */
  signal: AbortSignal
}

/** When an item comes again: after a while, when something wakes it, or never. */
export type Next = Temporal.Duration | 'asleep' | 'done'

/** A kind of background work. */
export interface Work {
  kind: Code
  /** How often due items are looked for. */
  look: Temporal.Duration
  /** How many of them at once in one process. */
  together: number
  /** The longest that one may take; then it has failed, and another process may have it. */
  patience: Temporal.Duration
  /** An item that every town has. Where several works are of a kind, each has one of its own and does no other. */
  everywhere?: string
  /** Wakes what sleeps, of all towns at once. */
  wake?(): Promise<void>
  run(item: Item): Promise<Next>
}

/** @throws when a process took so long that another holds its item now. */
export class ClaimLost extends Error {
  readonly code = 'claim-lost'
}
class OutOfTime extends Error {
  readonly code = 'out-of-time'
}

/** What failed comes again after 10 s, then twice as long each time, at most an hour. */
export const pauseAfter = (tries: number): Temporal.Duration =>
  Temporal.Duration.from({ seconds: Math.min(3_600, 10 * 2 ** Math.min(tries - 1, 9)) })

/** Beyond the time an item may take, until another process takes it over. */
const GRACE = 15
/** Towns founded since are found so often. */
const TOWNS = 60_000

/** Wakes a kind of work of some towns: it is done at once, and once more where it is under way. */
export async function wakeJobs(
  database: Database,
  { kind, municipalityIds, at }: { kind: string; municipalityIds: readonly string[]; at: Temporal.Instant },
): Promise<void> {
  await sql`select wake_jobs(${kind}, ${[...municipalityIds]}::uuid[], ${at.toString()}::text::timestamptz)`.execute(
    database,
  )
}

export interface Runner {
  /** Does what is due now, and what becomes due by it, once; fails with nothing. @returns how many items were begun */
  once(): Promise<number>
  /** Goes on by itself. */
  start(): void
  /** Begins nothing any more. @returns when what was begun is settled */
  stop(): Promise<void>
}

/**
 * Does background work of all towns, item by item. Items are claimed in the database, so that of any number of processes one
 * has it; what fails keeps its own pause and a line of the log, and delays nothing else. An item may be done twice where a
 * process ends in the middle: what must not happen twice is `begin()` first.
 */
export function createRunner(deps: { database: Database; clock: Clock; log: Log }, kinds: readonly Work[]): Runner {
  const { database, clock, log } = deps
  const running = new Map<Work, Set<Promise<void>>>(kinds.map((kind) => [kind, new Set()]))
  const timers = new Map<Work, ReturnType<typeof setTimeout>>()
  /** Works of which more was due than there was room for. */
  const crowded = new Set<Work>()
  /** Works that are looked for, and those to be looked for again at once. */
  const turning = new Set<Work>()
  const hurried = new Set<Work>()
  let started = false
  let stopped = false

  const settle = (
    holder: string,
    {
      item: { municipalityId, item },
      kind,
      next,
      failed,
    }: { item: Item; kind: string; next: Temporal.Instant | 'infinity' | null; failed: boolean },
  ) =>
    sql`select settle_job(${municipalityId}::text::uuid, ${kind}, ${item}, ${holder}::text::uuid,
      ${next === null ? null : next.toString()}::text::timestamptz, ${failed}, ${clock.now().toString()}::text::timestamptz)`.execute(
      database,
    )

  async function mark(
    holder: string,
    { item, kind, begins }: { item: Omit<Item, 'begin' | 'undone' | 'signal'>; kind: string; begins: boolean },
  ): Promise<boolean> {
    const { rows } = await sql<{ held: boolean }>`
      select begin_job(${item.municipalityId}::text::uuid, ${kind}, ${item.item}, ${holder}::text::uuid, ${begins}) as held`.execute(
      database,
    )
    return rows[0]?.held === true
  }

  async function work(kind: Work, holder: string, claimed: Omit<Item, 'begin' | 'undone' | 'signal'>): Promise<void> {
    const ending = new AbortController()
    const item: Item = {
      ...claimed,
      signal: ending.signal,
      begin: async () => {
        if (!(await mark(holder, { item: claimed, kind: kind.kind, begins: true })) || ending.signal.aborted)
          throw new ClaimLost()
      },
      undone: async () => {
        if (!ending.signal.aborted) await mark(holder, { item: claimed, kind: kind.kind, begins: false })
      },
    }
    let late: ReturnType<typeof setTimeout> | undefined
    try {
      const next = await Promise.race([
        kind.run(item),
        new Promise<never>((_, reject) => {
          late = setTimeout(() => {
            ending.abort()
            reject(new OutOfTime())
          }, kind.patience.total('milliseconds'))
        }),
      ])
      await settle(holder, {
        item,
        kind: kind.kind,
        next: next === 'done' ? null : next === 'asleep' ? 'infinity' : clock.now().add(next),
        failed: false,
      })
    } catch (error) {
      log({ level: 'error', event: kind.kind, ...outlineOf(error) })
      // Where the database is away the claim ends by itself.
      await settle(holder, {
        item,
        kind: kind.kind,
        next: clock.now().add(pauseAfter(claimed.tries)),
        failed: true,
      }).catch(() => {})
    } finally {
      clearTimeout(late)
    }
  }

  async function claim(kind: Work): Promise<number> {
    const lane = running.get(kind) ?? new Set()
    const free = kind.together - lane.size
    if (stopped) return 0
    if (free <= 0) {
      crowded.add(kind)
      return 0
    }
    // Of this claim alone: what an earlier one of this process still does is not taken for it.
    const holder = randomUUID()
    const holding = kind.patience.total('seconds') + GRACE
    const { rows } = await sql<{ municipality_id: string; item: string; tries: number; doubtful: boolean }>`
      select municipality_id, item, tries, doubtful from claim_jobs(${kind.kind}, ${kind.everywhere ?? null}::text, ${clock.now().toString()}::text::timestamptz, ${free}::integer,
        make_interval(secs => ${holding}::double precision), ${holder}::text::uuid)`.execute(database)
    for (const row of rows) {
      const under = work(kind, holder, {
        municipalityId: row.municipality_id,
        item: row.item,
        tries: row.tries,
        doubtful: row.doubtful,
      }).finally(() => {
        lane.delete(under)
        if (crowded.delete(kind)) hurry(kind)
      })
      lane.add(under)
    }
    if (rows.length === free) crowded.add(kind)
    return rows.length
  }

  const ensured = new Map<Work, number>()
  async function ensure(work: Work): Promise<void> {
    const { kind, everywhere } = work
    if (everywhere === undefined || performance.now() - (ensured.get(work) ?? Number.NEGATIVE_INFINITY) < TOWNS) return
    await sql`select ensure_jobs(${kind}, ${everywhere}, ${clock.now().toString()}::text::timestamptz)`.execute(
      database,
    )
    ensured.set(work, performance.now())
  }

  async function look(kind: Work): Promise<number> {
    await ensure(kind)
    // What is due is done though nothing could be woken.
    const failed = await kind.wake?.().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const count = await claim(kind)
    if (failed) throw failed.error
    return count
  }

  /** Looks that are under way: what they claim is done before this process ends. */
  const looking = new Set<Promise<void>>()

  async function turn(kind: Work): Promise<void> {
    turning.add(kind)
    try {
      await look(kind)
    } catch (error) {
      log({ level: 'error', event: kind.kind, ...outlineOf(error) })
    }
    turning.delete(kind)
    again(kind, hurried.delete(kind) ? 0 : kind.look.total('milliseconds'))
  }

  /** There is room again, and more is due. */
  function hurry(kind: Work): void {
    if (!started) return
    if (turning.has(kind)) hurried.add(kind)
    else again(kind, 0)
  }

  function again(kind: Work, pause: number): void {
    clearTimeout(timers.get(kind))
    if (stopped) return
    const timer = setTimeout(() => {
      const one = turn(kind).finally(() => looking.delete(one))
      looking.add(one)
    }, pause)
    timer.unref()
    timers.set(kind, timer)
  }

  const settled = async () => {
    for (const lane of running.values()) await Promise.all(lane)
  }
  return {
    async once() {
      let begun = 0
      for (const kind of kinds) {
        for (;;) {
          const count = await look(kind)
          await settled()
          begun += count
          if (count === 0) break
        }
      }
      return begun
    },
    start() {
      started = true
      for (const kind of kinds) again(kind, 0)
    },
    async stop() {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(looking)
      await settled()
    },
  }
}
