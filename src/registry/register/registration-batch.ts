import { CompiledQuery } from 'kysely'
import { type Database, sqlState } from '../../platform/database.ts'
import { DatabaseAway } from '../../platform/postgres.ts'
import type { RegistrationDesk, RegistrationItem, RegistrationOutcome } from './registration-model.ts'

interface OutcomeRow {
  item: number
  outcome: 'registered' | 'replayed' | 'suspected'
  fingerprint: Uint8Array
  response: Uint8Array
  response_owner: Uint8Array
  candidates: string[]
}

interface Waiting {
  item: RegistrationItem
  resolve(outcome: RegistrationOutcome): void
  reject(error: unknown): void
}

interface Queue {
  waiting: Waiting[]
  /** How many forms are in the statement under way. */
  underWay: number
  /** The most forms here at once, lately: one fewer with every statement, until more come. */
  lately: number
}

const MOST_AT_ONCE = 32
/** Forms of one town that wait for the database. More are told at once to come again. */
const MOST_WAITING = 2_000
const STATEMENT =
  'select item, outcome, fingerprint, response, response_owner, to_jsonb(candidates) as candidates from register_neighbours($1::text::uuid, $2::text::bigint, $3::text::json)'

export function registrationDesk(database: Database): RegistrationDesk {
  const queues = new Map<string, Queue>()

  /**
   * @param tries how often it is tried where its connection is lost or hangs: what was stored all the same is found by its key
   * @returns what answers each of them, in order; nobody is answered yet
   */
  async function write(municipalityId: string, batch: readonly Waiting[], tries = 2): Promise<(() => void)[]> {
    const graphVersion = batch[0]?.item.graphVersion ?? '0'
    const rows = batch.map(({ item }, index) => ({ ...item.row, item: index }))
    try {
      const result = await database.executeQuery<OutcomeRow>(
        CompiledQuery.raw(STATEMENT, [municipalityId, graphVersion, JSON.stringify(rows)]),
      )
      const outcomes = new Map(result.rows.map((row) => [row.item, row]))
      return batch.map(({ item, resolve, reject }, index) => {
        const row = outcomes.get(index)
        return row === undefined
          ? () => reject(new Error('register_neighbours() forgot an item'))
          : () => resolve(outcomeOf(row, item))
      })
    } catch (error) {
      if (sqlState(error) === 'PD001') return batch.map((one) => () => one.resolve({ outcome: 'graph-changed' }))
      if (error instanceof DatabaseAway)
        return tries > 1 ? write(municipalityId, batch, tries - 1) : batch.map((one) => () => one.reject(error))
      if (batch.length === 1) return batch.map((one) => () => one.reject(error))
      return (await Promise.all(batch.map((one) => write(municipalityId, [one])))).flat()
    }
  }

  async function serve(municipalityId: string): Promise<void> {
    const queue = queues.get(municipalityId)
    if (!queue || queue.underWay > 0 || queue.waiting.length === 0) return
    const most = Math.min(half(queue), MOST_AT_ONCE)
    // Two forms for people alike, or with one key, must not meet in one statement.
    const taken: Waiting[] = []
    const left: Waiting[] = []
    const seen = new Set<string>()
    for (const one of queue.waiting) {
      const marks = [one.item.idempotency, ...one.item.locks.map(String), documentOf(one.item)].filter(
        (mark) => mark !== undefined,
      )
      const fits =
        taken.length < most &&
        one.item.graphVersion === (taken[0] ?? one).item.graphVersion &&
        !marks.some((mark) => seen.has(mark))
      if (fits) for (const mark of marks) seen.add(mark)
      ;(fits ? taken : left).push(one)
    }
    queue.lately = Math.max(queue.lately - 1, queue.waiting.length)
    queue.waiting = left
    queue.underWay = taken.length
    const answers = await write(municipalityId, taken)
    queue.underWay = 0
    // The next forms leave before these are answered: the database does not wait for our answers to be written.
    void serve(municipalityId)
    setImmediate(() => {
      for (const answer of answers) answer()
    })
  }

  return {
    submit: (municipalityId, item) =>
      new Promise((resolve, reject) => {
        const queue = queues.get(municipalityId) ?? { waiting: [], underWay: 0, lately: 1 }
        queues.set(municipalityId, queue)
        if (queue.waiting.length >= MOST_WAITING) return reject(new DatabaseAway('busy'))
        queue.waiting.push({ item, resolve, reject })
        queue.lately = Math.max(queue.lately, queue.waiting.length + queue.underWay)
        // As soon as half are ready; otherwise after all that has arrived in this turn of the loop.
        if (queue.waiting.length >= half(queue)) void serve(municipalityId)
        else setImmediate(() => void serve(municipalityId))
      }),
  }
}

const half = ({ lately }: Queue) => Math.ceil(lately / 2)

function documentOf(item: RegistrationItem): string | undefined {
  return item.row.document_hash ?? undefined
}

function outcomeOf(row: OutcomeRow, item: RegistrationItem): RegistrationOutcome {
  if (row.outcome === 'suspected') return { outcome: 'suspected', candidates: row.candidates }
  if (row.outcome === 'replayed') {
    return {
      outcome: 'replayed',
      fingerprint: row.fingerprint,
      response: row.response,
      owner: row.response_owner,
      idempotency: item.idempotency,
    }
  }
  return { outcome: 'registered' }
}
