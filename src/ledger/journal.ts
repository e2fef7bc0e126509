import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { KeyMaterialInvalid } from '../keys/key-faults.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import type { Database } from '../platform/database.ts'
import {
  DatabaseOlder,
  type InstallationWatch,
  installationOf,
  isBehind,
  type Known,
  together,
  unlessBehind,
  watchInstallation,
} from '../platform/installation.ts'
import { DatabaseAway } from '../platform/postgres.ts'

// A journal outside the database of every act that takes something away: after a restore it says what the copy has forgotten.
// It is written before whoever asked is answered. Its lines hold random numbers and columns that lie in clear or sealed in the
// database too, sealed once more by the registry key: a stolen journal says that something was taken, and when.

/** Asks the database over the connection on which something was taken. */
export type Asks = <R>(text: string, parameters: readonly unknown[]) => Promise<{ rows: R[] }>

/** One act of taking away, as the database describes it for itself. */
export interface Taking {
  epoch: number
  id: number
  at: string
  municipalityId: string
  taken: { held: string; act: string; which: Record<string, unknown>; content: Record<string, unknown> }
}

export interface Journal {
  /** Writes down whatever the database gives out. @throws {DatabaseAway} where it cannot be written: nobody is told that it was done */
  write(asks: Asks): Promise<void>
  /**
   * What was written here by any process and is asked for, in order.
   *
   * @throws {KeyMaterialInvalid} where a key that it is sealed by is not among those given
   */
  read(wanted?: (position: JournalPosition) => boolean): Taking[]
  /** Lines that cannot be read, besides the last of a file: a process may have been ended in the middle of that. */
  broken(): number
  /** The last of it. */
  newest(): Pick<Taking, 'epoch' | 'id'> | undefined
  /** The last checkpoint of a town that was signed, as a note. */
  checkpoint(municipalityId: string): string | undefined
  keepCheckpoint(municipalityId: string, note: string): void
  watch: InstallationWatch
  /** Whether the last try to write failed. */
  readonly failing: boolean
  /** Writes down what is known of the database. */
  keepKnown(known: Known): void
  /** Begins to know a database anew, after a restore. */
  forgive(installation: Known): void
  close(): void
}

/** Which line, and when it was written. */
export type JournalPosition = Pick<Taking, 'epoch' | 'id' | 'at'>

interface Line {
  epoch: number
  id: number
  /** When it was written. */
  at: string
  town: string
  key: string
  sealed: string
}

const KNOWN = 'installation.json'
const context = (line: Pick<Line, 'epoch' | 'id'>) => `journal ${line.epoch} ${line.id}`
const inOrder = (a: Pick<JournalPosition, 'epoch' | 'id'>, b: Pick<JournalPosition, 'epoch' | 'id'>) =>
  a.epoch - b.epoch || a.id - b.id
/** A disk that does not answer is one that cannot be written to, milliseconds. */
const PATIENCE = 10_000

/**
 * @param folder on another disk than the database; every process writes a file of its own there
 * @throws {DatabaseOlder} when first it sees a database that knows of less than stands here
 */
export function openJournal(folder: string, keys: KeyProvider): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const known = join(folder, KNOWN)
  /** Acts, and what is known of the database, each wait to be written. */
  let unwritten = false
  let unknown = false
  /** Replaced in one step and kept through a power cut. What is known is never made less. */
  const replace = (path: string, text: string, lasting = true) => {
    const draft = `${path}.${randomUUID()}`
    try {
      writeFileSync(draft, text, { mode: 0o600, flush: lasting })
      renameSync(draft, path)
      unknown = false
    } catch {
      unknown = true
      rmSync(draft, { force: true })
    }
  }
  const keep = (installation: Known, lasting: boolean) => {
    const other = knownIn(known)
    const same = other?.id === installation.id
    if (same && !isBehind(other, installation)) return
    replace(known, JSON.stringify(same ? together(other, installation) : installation), lasting)
  }
  const watch = watchInstallation({ read: () => knownIn(known), keep })
  let file: FileHandle | undefined
  let next: Promise<void> | undefined
  let last: Promise<void> = Promise.resolve()

  async function flush(asks: Asks): Promise<void> {
    for (;;) {
      watch.recall()
      const { rows } = await unlessBehind(watch, () =>
        asks<{ id: string; epoch: number; municipality_id: string; taken: Taking['taken'] }>(
          `select id::text, epoch, municipality_id::text, taken
          from takings_to_journal($1::integer, $2::text::bigint, $3::text::bigint)`,
          watch.held().map((one) => one?.toString() ?? null),
        ),
      )
      const given = rows.at(-1)
      if (given === undefined) return
      const at = Temporal.Now.instant().toString()
      const lines = rows.map(({ id, epoch, municipality_id: town, taken }) => {
        const position = { epoch, id: Number(id), at }
        const key = keys.currentKeyId()
        const plain = Buffer.from(JSON.stringify(taken))
        const sealed = Buffer.from(
          keys.wrap({ municipalityId: town, keyId: key, context: context(position) }, plain),
        ).toString('base64')
        return `${JSON.stringify({ ...position, town, key, sealed } satisfies Line)}\n`
      })
      try {
        await inTime(async () => {
          if (file === undefined) {
            file = await open(join(folder, `${at.slice(0, 10)}-${randomUUID()}.journal`), 'ax', 0o600)
            // That it is there has to outlast a power cut too.
            const handle = await open(folder, 'r')
            await handle.sync().finally(() => handle.close())
          }
          await file.appendFile(lines.join(''))
          await file.datasync()
        })
        unwritten = false
      } catch (error) {
        unwritten = true
        // Half a line may stand at its end: nothing more is written behind that.
        void file?.close().catch(() => {})
        file = undefined
        throw new DatabaseAway((error as NodeJS.ErrnoException).code ?? 'journal')
      }
      watch.gaveOut({ epoch: given.epoch, journaled: Number(given.id) })
      await asks('select takings_journaled($1::bigint[])', [rows.map(({ id }) => id)])
    }
  }

  /** The lines of each file; the last is what stands behind the last end of a line. */
  function* files(): Generator<string[]> {
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.journal')))
      yield readFileSync(join(folder, name), 'utf8').split('\n')
  }
  function* lines(): Generator<Line> {
    for (const texts of files())
      for (const text of texts) {
        const line = lineOf(text)
        if (line) yield line
      }
  }

  return {
    watch,
    get failing() {
      return unwritten || unknown
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
    read(wanted = () => true) {
      const takings = new Map<string, Taking>()
      for (const line of lines()) {
        if (!wanted(line)) continue
        if (!keys.keyIds().includes(line.key))
          throw new KeyMaterialInvalid(
            `What was taken away at ${line.at} is sealed by registry key ${line.key}, which is not among the keys given. Bring it back for this.`,
          )
        const plain = keys.unwrap(
          { municipalityId: line.town, keyId: line.key, context: context(line) },
          Buffer.from(line.sealed, 'base64'),
        )
        const taken = JSON.parse(Buffer.from(plain).toString())
        takings.set(context(line), { epoch: line.epoch, id: line.id, at: line.at, municipalityId: line.town, taken })
      }
      return [...takings.values()].sort(inOrder)
    },
    broken: () => {
      let count = 0
      for (const texts of files()) for (const text of texts.slice(0, -1)) if (lineOf(text) === undefined) count += 1
      return count
    },
    newest: () => [...lines()].sort(inOrder).at(-1),
    checkpoint: (municipalityId) => {
      const path = join(folder, `${municipalityId}.checkpoint`)
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined
    },
    keepCheckpoint: (municipalityId, note) => replace(join(folder, `${municipalityId}.checkpoint`), note),
    keepKnown: (installation) => keep(installation, true),
    forgive: (installation) => replace(known, JSON.stringify(installation)),
    close: () => {
      void file?.close().catch(() => {})
      file = undefined
    },
  }
}

/** What was known of the database when it was last written down; nothing where that cannot be read. */
function knownIn(path: string): Known | undefined {
  try {
    const { id, epoch, journaled, mark } = JSON.parse(readFileSync(path, 'utf8')) as Known
    return { id, epoch, journaled: journaled ?? 0, mark }
  } catch {
    return undefined
  }
}

async function inTime(work: () => Promise<void>): Promise<void> {
  let late: ReturnType<typeof setTimeout> | undefined
  const never = new Promise<never>((_, reject) => {
    late = setTimeout(
      () => reject(Object.assign(new Error('the journal does not answer'), { code: 'ETIMEDOUT' })),
      PATIENCE,
    )
  })
  await Promise.race([work(), never]).finally(() => clearTimeout(late))
}

/** The last line may be half of one, where a process was killed: what stood in it was never acknowledged. */
function lineOf(text: string): Line | undefined {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Holds a database against the journal, which is read first: whatever stands there the database gave out before.
 *
 * @throws {DatabaseOlder} where it knows of less
 */
export async function mustBeTheNewest(journal: Journal, database: Database): Promise<void> {
  const newest = journal.newest()
  const installation = await installationOf(database)
  const { id, epoch, mark } = installation
  if (newest && inOrder(newest, { epoch, id: installation.journaled }) > 0) {
    // So that the processes beside know it too.
    journal.keepKnown({ id, epoch: newest.epoch, journaled: newest.id, mark: newest.epoch === epoch ? mark : 0 })
    throw new DatabaseOlder('older')
  }
  journal.watch.see(installation)
}
