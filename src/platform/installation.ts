import { sql } from 'kysely'
import { type Database, sqlState, type Transaction } from './database.ts'
import { DatabaseAway } from './postgres.ts'
import { Problem } from './problem.ts'

/** What a database says of itself; it only ever grows, save where a copy was put in its place. */
export interface Installation {
  id: string
  /** One more after each restore. */
  epoch: number
  /** The last act of taking away that was given out to be written to the journal. */
  journaled: number
  /** When that was. */
  journaledAt: Temporal.Instant
  /** Grows with each signed checkpoint. */
  mark: number
}

/** @throws where the database was put back to an earlier state, or is another one: nothing is signed and nobody is served. */
export class DatabaseOlder extends Problem {
  constructor(how: keyof typeof HOW) {
    super('database-older', 503, HOW[how])
  }
}
const HOW = {
  older:
    'The database is older than what is known of it here: a copy was put in its place. Nothing is served until it is repaired: padron restore.',
  other:
    'The database is another one than the journal belongs to. Nothing is served until it is repaired (padron restore), or JOURNAL_DIR names the right journal.',
  restored: 'The database was restored. This process knew it before: it has to be started anew.',
} as const

export type Known = Pick<Installation, 'id' | 'epoch' | 'journaled' | 'mark'>

/** Whether a database that says the one has lost something of what it said before. */
export function isBehind(one: Known, before: Known): boolean {
  if (one.epoch !== before.epoch) return one.epoch < before.epoch
  return one.mark < before.mark || one.journaled < before.journaled
}

/** The most that two processes know of one database. */
export function together(one: Known, other: Known): Known {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch ? one : other
  return { ...one, mark: Math.max(one.mark, other.mark), journaled: Math.max(one.journaled, other.journaled) }
}

/** What a process knows of the database, so that it notices when that is put back. */
export interface InstallationWatch {
  /** Set from the moment on at which it was noticed. */
  readonly fallen: DatabaseOlder | undefined
  readonly known: Known | undefined
  /**
   * Holds what a database says against what is known, and remembers it.
   *
   * @param since what was known when the database was asked: what somebody else learned meanwhile may be newer than the answer
   * @throws {DatabaseOlder}
   */
  see(installation: Known, since?: Known | undefined): void
  /** Remembers at once which act of taking away was given out: it stands in the database, and in the journal from now on. */
  gaveOut(act: Pick<Installation, 'epoch' | 'journaled'>): void
  /** Takes in what other processes wrote down. */
  recall(): void
  /** What the database is asked to hold against what it says of itself, before it says more: parameters of its functions. */
  held(): [epoch: number | null, journaled: number | null, mark: number | null]
  /** It said that it is behind. @throws {DatabaseOlder} */
  foundBehind(): never
}

/** Where what is known outlasts a process, and other processes find it. */
export interface Kept {
  read(): Known | undefined
  /** @param lasting through a power cut too, and not only for the processes beside */
  keep(known: Known, lasting: boolean): void
}

/** What the database says where it is behind what it is told is known of it. */
const BEHIND = 'PD010'

/** Asks the database something that it refuses where it is behind. @throws {DatabaseOlder} */
export async function unlessBehind<T>(watch: InstallationWatch, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (sqlState(error) === BEHIND) watch.foundBehind()
    throw error
  }
}

export function watchInstallation(kept?: Kept): InstallationWatch {
  let known = kept?.read()
  let written = known
  /** What it was when this process first saw it: what others learn of a restore is not what this one has in memory. */
  let began: number | undefined
  let fallen: DatabaseOlder | undefined
  const fall = (how: keyof typeof HOW): never => {
    fallen ??= new DatabaseOlder(how)
    // So that the others know what this one did.
    if (known) kept?.keep(known, true)
    throw fallen
  }
  return {
    get fallen() {
      return fallen
    },
    get known() {
      return known
    },
    see({ id, epoch, mark, journaled }, since = known) {
      if (fallen) throw fallen
      const seen = { id, epoch, mark, journaled }
      if (since && id !== since.id) fall('other')
      if (since && isBehind(seen, since)) fall('older')
      if (began !== undefined && epoch > began) fall('restored')
      known = known ? together(known, seen) : seen
      began ??= epoch
      if (written && !isBehind(written, known)) return
      written = known
      kept?.keep(known, true)
    },
    gaveOut({ epoch, journaled }) {
      if (known?.epoch !== epoch || known.journaled >= journaled) return
      known = together(known, { ...known, journaled })
      kept?.keep(known, false)
    },
    recall() {
      const other = kept?.read()
      if (known && other?.id === known.id) known = together(known, other)
    },
    held: () => (known ? [known.epoch, known.journaled, known.mark] : [null, null, null]),
    foundBehind: () => fall('older'),
  }
}

/** What a database says of itself now. */
export async function installationOf(database: Database | Transaction): Promise<Installation> {
  const { rows } = await sql<{
    id: string
    epoch: number
    journaled: string
    journaled_at: Date
    mark: string
    follows: boolean
  }>`select id::text, epoch, journaled::text, journaled_at, mark::text, pg_is_in_recovery() as follows
    from installation`.execute(database)
  const [row] = rows
  // One that follows another is behind it for a moment, and says nothing of what there is.
  if (row?.follows) throw new DatabaseAway('25006')
  if (row === undefined) throw new DatabaseOlder('other')
  return {
    id: row.id,
    epoch: row.epoch,
    journaled: Number(row.journaled),
    journaledAt: Temporal.Instant.fromEpochMilliseconds(row.journaled_at.getTime()),
    mark: Number(row.mark),
  }
}

/** Asks a database what it says of itself, and holds that against what is known. @throws {DatabaseOlder} */
export async function lookAt(database: Database | Transaction, watch: InstallationWatch): Promise<void> {
  watch.recall()
  const since = watch.known
  watch.see(await installationOf(database), since)
}

/** Says that something was signed, so that a copy from before can be told. @throws {DatabaseOlder} */
export async function markSigned(database: Database, watch: InstallationWatch): Promise<void> {
  watch.recall()
  const [epoch, journaled, mark] = watch.held()
  await unlessBehind(watch, () =>
    sql`select mark_signed(${epoch}::integer, ${journaled}::text::bigint, ${mark}::text::bigint)`.execute(database),
  )
  await lookAt(database, watch)
}

/** How far two clocks may be apart, minutes. */
const APART = 5

/** @throws when the clock of this machine is not that of the database, or both were put back: what would be dated is refused */
export class ClockWrong extends Error {
  readonly code = 'clock-wrong'
}

/** Holds this machine's clock against the database's, and that against the last thing it dated. @throws {ClockWrong} */
export async function mustBeInTime(database: Database, now: Temporal.Instant): Promise<void> {
  const { rows } = await sql<{ ahead: number; back: number }>`
    select extract(epoch from ${now.toString()}::text::timestamptz - clock_timestamp())::double precision / 60 as ahead,
      extract(epoch from marked_at - clock_timestamp())::double precision / 60 as back
    from installation`.execute(database)
  const { ahead = 0, back = 0 } = rows[0] ?? {}
  if (Math.abs(ahead) > APART)
    throw new ClockWrong(
      `The clock of this machine is ${Math.round(Math.abs(ahead))} minutes ${ahead > 0 ? 'ahead of' : 'behind'} the database\u2019s. Set both right.`,
    )
  if (back > APART)
    throw new ClockWrong(
      `The clock of the database is ${Math.round(back)} minutes behind the last thing that was signed. Set it right.`,
    )
}
