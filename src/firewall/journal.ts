import { randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  write,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DatabaseAway } from '../platform/postgres.ts'
import { DatabaseOlder, type Installation, type Standing, standing } from '../platform/standing.ts'
import type { KeyProvider } from './key-provider.ts'

// A journal outside the database of every act that takes something away: after a restore it says what the copy has forgotten.
// It is written before whoever asked is answered. Its lines hold random numbers and columns that lie in clear or sealed in the
// database too, sealed once more by the registry key: a stolen journal says that something was taken, and when.

/** Asks the database over the connection on which something was taken. */
export type Asks = <R>(text: string, parameters: readonly unknown[]) => Promise<{ rows: R[] }>

/** One act of taking away, as the database describes it for itself. */
export interface Taking {
  epoch: number
  id: number
  municipalityId: string
  taken: { held: string; act: string; which: Record<string, unknown>; content: Record<string, unknown> }
}

export interface Journal {
  /** Writes down whatever the database gives out. @throws {DatabaseAway} where it cannot be written: nobody is told that it was done */
  write(asks: Asks): Promise<void>
  /** Everything that was ever written here, by any process. */
  read(): Taking[]
  /** The last of it. */
  newest(): Pick<Taking, 'epoch' | 'id'> | undefined
  /** The last checkpoint of a town that was signed, as a note. */
  checkpoint(municipalityId: string): string | undefined
  keepCheckpoint(municipalityId: string, note: string): void
  standing: Standing
  /** Whether the last try to write failed. */
  readonly failing: boolean
  /** Begins to know a database anew, after a restore. */
  forgive(installation: Omit<Installation, 'journaled'>): void
  close(): void
}

interface Line {
  epoch: number
  id: number
  town: string
  key: string
  sealed: string
}

const KNOWN = 'installation.json'
const context = (line: Pick<Line, 'epoch' | 'id'>) => `journal ${line.epoch} ${line.id}`
type Place = Pick<Taking, 'epoch' | 'id'>
const inOrder = (a: Place, b: Place) => a.epoch - b.epoch || a.id - b.id
const writeAll = promisify(write) as (file: number, bytes: Uint8Array) => Promise<unknown>
const sync = promisify(fdatasync)

/**
 * @param folder on another disk than the database; every process writes a file of its own there
 * @throws {DatabaseOlder} when first it sees a database that knows of less than stands here
 */
export function openJournal(folder: string, keys: KeyProvider): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const known = join(folder, KNOWN)
  const keep = (installation: Omit<Installation, 'journaled'>) => {
    const draft = `${known}.${process.pid}`
    writeFileSync(draft, JSON.stringify(installation), { mode: 0o600 })
    renameSync(draft, known)
  }
  let file: number | undefined
  let failing = false
  let next: Promise<void> | undefined
  let last: Promise<void> = Promise.resolve()

  async function flush(asks: Asks): Promise<void> {
    for (;;) {
      const { rows } = await asks<{ id: string; epoch: number; municipality_id: string; taken: Taking['taken'] }>(
        'select id::text, epoch, municipality_id::text, taken from takings_to_journal()',
        [],
      )
      if (rows.length === 0) return
      const lines = rows.map(({ id, epoch, municipality_id: town, taken }) => {
        const place = { epoch, id: Number(id) }
        const key = keys.currentKeyId()
        const plain = Buffer.from(JSON.stringify(taken))
        const sealed = Buffer.from(keys.wrap(town, key, plain, context(place))).toString('base64')
        return `${JSON.stringify({ ...place, town, key, sealed } satisfies Line)}\n`
      })
      try {
        file ??= openSync(join(folder, `${Temporal.Now.plainDateISO()}-${randomUUID()}.journal`), 'ax', 0o600)
        await writeAll(file, Buffer.from(lines.join('')))
        await sync(file)
        failing = false
      } catch (error) {
        failing = true
        // Half a line may stand at its end: nothing more is written behind that.
        if (file !== undefined) closeSync(file)
        file = undefined
        throw new DatabaseAway((error as NodeJS.ErrnoException).code ?? 'journal')
      }
      await asks('select takings_journaled($1::bigint[])', [rows.map(({ id }) => id)])
    }
  }

  function* lines(): Generator<Line> {
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.journal')))
      for (const text of readFileSync(join(folder, name), 'utf8').split('\n')) {
        const line = lineOf(text)
        if (line) yield line
      }
  }

  return {
    standing: standing({ known: existsSync(known) ? JSON.parse(readFileSync(known, 'utf8')) : undefined, keep }),
    get failing() {
      return failing
    },
    write(asks) {
      // Whoever comes while one is written waits for the next, which begins after it: all of them share that one.
      next ??= last.then(() => {
        next = undefined
        const now = flush(asks)
        last = now.catch(() => {})
        return now
      })
      return next
    },
    read() {
      const takings = new Map<string, Taking>()
      for (const line of lines()) {
        const plain = keys.unwrap(line.town, line.key, Buffer.from(line.sealed, 'base64'), context(line))
        const taken = JSON.parse(Buffer.from(plain).toString())
        takings.set(context(line), { epoch: line.epoch, id: line.id, municipalityId: line.town, taken })
      }
      return [...takings.values()].sort(inOrder)
    },
    newest: () => [...lines()].sort(inOrder).at(-1),
    checkpoint: (municipalityId) => {
      const path = join(folder, `${municipalityId}.checkpoint`)
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined
    },
    keepCheckpoint(municipalityId, note) {
      const path = join(folder, `${municipalityId}.checkpoint`)
      writeFileSync(`${path}.${process.pid}`, note, { mode: 0o600 })
      renameSync(`${path}.${process.pid}`, path)
    },
    forgive: keep,
    close: () => {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}

/** The last line may be half of one, where a process was killed: what stood in it was never acknowledged. */
function lineOf(text: string): Line | undefined {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Holds a database against the journal. @throws {DatabaseOlder} where it knows of less */
export function mustBeTheNewest(journal: Journal, installation: Installation): void {
  const newest = journal.newest()
  if (newest && inOrder(newest, { epoch: installation.epoch, id: installation.journaled }) > 0)
    throw new DatabaseOlder('older')
  journal.standing.see(installation)
}
