import { sql } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { SealedRecord } from '../firewall/model.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import type { LedgerContent } from '../ledger/entries.ts'
import { today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { loadRecords } from '../registry/store.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { settledLooks } from './flags.ts'
import { type By, namesOfWays } from './looked-by.ts'

/** One time somebody opened a neighbour's record, or was refused, as the ledger has it; or what was done of a kind by one of their own ways in within a day. */
export interface LookUp {
  /** RFC 3339: of several visits the last. */
  at: string
  content: LedgerContent & { salt: string }
  entryId: string
  /** SHA-256 of the entry, base64url: with it anyone finds its place in the public tree. */
  leafHash: string
  /** Its place, where it has one already. */
  position: number | undefined
  /** Who it was, as far as a neighbour is told: by name or office, never by a member of staff's own name. */
  by: By
  /** A supervisor looked into it, and has settled it. */
  settled?: true
  /** Of one's own visits of a day: when each was (RFC 3339), the newest first. */
  visits?: readonly string[]
}

export interface LookUpPage {
  /** The newest first. */
  lookUps: LookUp[]
  /** Where those before them are; absent on the last page. */
  older: string | undefined
}

/** Which part of them. */
export interface LookUpsWanted {
  /** As a page before gave it; without it, or with what no page gave, from the newest. */
  before?: string | undefined
  /** Each visit of one's own by itself. */
  unfolded?: boolean
  /** Visits of one's own that are opened for one page at most, save that a day is never cut. */
  visits?: number
}

interface Row {
  id: string
  at: string
  recorded_at: Date
  details: Uint8Array
  leaf_hash: Uint8Array
  position: string | null
  own: boolean
}

type Entry = Omit<LookUp, 'by'> & { cursor: string; own: boolean }

/** Looks of others on one page. */
const ON_A_PAGE = 100
const OWN_AT_ONCE = 2000

/** A place in the order of entries: a time as the database writes it, and an id. */
interface Cursor {
  at: string
  id: string
}

const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([0-9a-f-]{36})$/

/**
 * Everyone who looked at a neighbour's record since the beginning: when, who, why, what. One's own visits are one line a day for
 * each way in, so that they displace nobody, and so that somebody else with one's card is seen beside oneself; what was done by
 * them, such as proofs that were taken, is another line a day, a helper's too. Who acts for a neighbour is shown neither those nor who helps them.
 *
 * @throws {NotFound} {Refusal}
 */
export async function lookUpsOf(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, wanted = {} }: { neighbourId: string; wanted?: LookUpsWanted | undefined },
): Promise<Disclosed<LookUpPage>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const [, at, id] = CURSOR.exec(wanted.before ?? '') ?? []
  const before = at === undefined || id === undefined ? undefined : { at, id }
  const withOwn = requester.kind !== 'resident' || requester.representative === undefined
  return deps.gate.open<{ lookUps: Entry[] }, 'lookUps', LookUpPage, { older: string | undefined; since: string }>(
    { municipalityId: town.id, requester, action: 'open', purpose: purposeOf(requester), fields: ['lookUps'] },
    async (transaction) => {
      const { records, older, since } = await load(deps, {
        transaction,
        town,
        neighbourId,
        wanted: {
          ...{ ...wanted, before, withOwn },
        },
      })
      return { records, beside: { older, since } }
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const { older, since } = unit.beside
      const entries = record.lookUps ?? []
      const lines = wanted.unfolded
        ? entries.map((entry) => ({ ...entry }))
        : folded(entries, town, { since, until: before?.at })
      const by = await namesOfWays(unit.transaction, {
        ledger,
        neighbourId,
        lines,
        reopen: (location, sealed) => unit.reopen(neighbourId, location, sealed),
      })
      const settled = await settledLooks(unit.transaction, neighbourId)
      return {
        lookUps: lines.map(({ cursor: _, own: __, ...line }) => ({
          ...line,
          by: by(line),
          ...(settled(line) ? { settled: true as const } : {}),
        })),
        older,
      }
    },
  )
}

/** Everyone who ever looked, line by line, for whoever takes all of it home. @throws {NotFound} {Refusal} */
export async function allLookUpsOf(
  deps: RegistryDeps,
  town: Municipality,
  requester: Resident,
): Promise<Disclosed<LookUp[]>> {
  let before: string | undefined
  const next = async () => {
    const page = await lookUpsOf(
      deps,
      { town, by: requester },
      { neighbourId: requester.neighbourId, wanted: { before, unfolded: true } },
    )
    return page.map(({ lookUps, older }) => {
      before = older
      return lookUps
    })
  }
  let all = await next()
  while (before !== undefined) all = all.with(await next()).map(([first, more]) => [...first, ...more])
  return all
}

/**
 * The entries about a neighbour, each sealed to their own key, as parts of their record: the looks of others on one page, and all
 * visits of their own of the days that it reaches over.
 */
async function load(
  deps: RegistryDeps,
  {
    transaction,
    town,
    neighbourId,
    wanted,
  }: {
    transaction: Transaction
    town: Municipality
    neighbourId: string
    wanted: Omit<LookUpsWanted, 'before'> & { before: Cursor | undefined; withOwn: boolean }
  },
): Promise<{ records: SealedRecord<{ lookUps: Entry[] }>[]; older: string | undefined; since: string }> {
  const [record] = await loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) })
  if (record === undefined) return { records: [], older: undefined, since: '' }
  const { before, unfolded = false, visits: atOnce = OWN_AT_ONCE, withOwn } = wanted
  const { at, id } = before ?? { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
  const own = sql`(entry.requester_kind = 'resident' and entry.purpose in ('own-record', 'helping'))`
  const told = sql`entry.subject_id = ${neighbourId}
    and (${withOwn} or not (entry.requester_kind = 'resident' and entry.purpose in ('own-record', 'helping')))
    -- What an order forbids to tell is told when its secrecy ends, with its true day.
    and not (entry.action = 'open-by-order' and exists (
      select from access_requests request join notices told on told.id = request.notice_id
      where request.subject_id = entry.subject_id and told.visible_from > ${deps.clock.now().toString()}::timestamptz
        and entry.recorded_at between told.created_at - interval '1 minute' and told.created_at + interval '1 minute'))`
  const columns = sql`entry.id, to_char(entry.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, entry.recorded_at,
    entry.details, entry.leaf_hash, place.position::text, ${own} as own`
  const from = sql`ledger_entries entry left join ledger_sequence place on place.entry_id = entry.id`
  const { rows: page } = await sql<Row>`
    select ${columns} from ${from}
    where ${told} and (${unfolded} or not ${own}) and (entry.recorded_at, entry.id) < (${at}::text::timestamptz, ${id}::text::uuid)
    order by entry.recorded_at desc, entry.id desc limit ${ON_A_PAGE + 1}`.execute(transaction)
  const others = page.slice(0, ON_A_PAGE)
  const last = page.length > others.length ? others.at(-1) : undefined
  if (unfolded) return pageOf(record, { rows: others, older: last && cursorOf(last), since: '' })
  // The days of one's own visits, from the day that the page begins in to the one that it ends in, as many as can be opened.
  const { rows: days } = await sql<{ day: string; begins: string; visits: number }>`
    select day::text, to_char((day::timestamp at time zone ${town.timeZone}::text) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as begins,
      visits::integer from (
        select (entry.recorded_at at time zone ${town.timeZone}::text)::date as day, count(*) as visits from ledger_entries entry
        where ${told} and ${own}
          and entry.recorded_at < ${at}::text::timestamptz
          and entry.recorded_at >= (case when ${last?.at ?? ''}::text = '' then '-infinity' else date_trunc('day',
            (case when ${last?.at ?? ''}::text = '' then now() else ${last?.at ?? ''}::text::timestamptz end) at time zone ${town.timeZone}::text) at time zone ${town.timeZone}::text end)
        group by 1) of_days order by day desc`.execute(transaction)
  let opened = 0
  const open: typeof days = []
  for (const one of days) {
    if (opened > 0 && opened + one.visits > atOnce) break
    open.push(one)
    opened += one.visits
  }
  const cut = open.length < days.length ? open.at(-1) : undefined
  // A page that ends with a day of visits shows no look of others from before that day.
  const kept = cut ? others.filter((row) => row.at >= cut.begins) : others
  const older = cut ? `${cut.begins} 00000000-0000-0000-0000-000000000000` : last && cursorOf(last)
  if (open.length === 0) return pageOf(record, { rows: kept, older, since: older?.split(' ')[0] ?? '' })
  const { rows: visits } = await sql<Row>`
    select ${columns} from ${from}
    where ${told} and ${own}
      and (entry.recorded_at at time zone ${town.timeZone}::text)::date = any (${`{${open.map(({ day }) => day).join(',')}}`}::date[])
    order by entry.recorded_at desc, entry.id desc`.execute(transaction)
  return pageOf(record, { rows: [...kept, ...visits], older, since: older?.split(' ')[0] ?? '' })
}

const cursorOf = (row: Pick<Row, 'at' | 'id'>) => `${row.at} ${row.id}`

function pageOf(
  record: Awaited<ReturnType<typeof loadRecords>>[number],
  { rows, older, since }: { rows: readonly Row[]; older: string | undefined; since: string },
): { records: SealedRecord<{ lookUps: Entry[] }>[]; older: string | undefined; since: string } {
  const { subject, keys, visited = false } = record
  const parts = rows.map((row): SealedRecord<{ lookUps: Entry[] }>['parts'][number] => ({
    location: { table: 'ledger_entries', column: 'details', row: row.id },
    sealed: row.details,
    keyId: subject,
    holds: ['lookUps'] as const,
    assemble: (opened, value) => {
      opened.lookUps ??= []
      opened.lookUps.push({
        at: row.recorded_at.toISOString(),
        content: value as LookUp['content'],
        entryId: row.id,
        leafHash: Buffer.from(row.leaf_hash).toString('base64url'),
        position: row.position === null ? undefined : Number(row.position),
        cursor: row.at,
        own: row.own,
      })
    },
  }))
  return { records: [{ subject, protected: record.protected, visited, keys, facts: {}, parts }], older, since }
}

/**
 * One's own visits as one line a day for each way in, in the order of the first of them, among the looks of others.
 *
 * @param since what began before it is on another page, as is what began at `until` or later
 */
function folded(
  entries: readonly Entry[],
  town: Municipality,
  { since, until }: { since: string; until: string | undefined },
): Entry[] {
  const lines = new Map<string, Entry>()
  for (const entry of entries) {
    const day = Temporal.Instant.from(entry.at).toZonedDateTimeISO(town.timeZone).toPlainDate()
    const key = entry.own
      ? [
          day,
          ...(['requester', 'organisation', 'outcome', 'action', 'purpose'] as const).map((of) => entry.content[of]),
        ].join(' ')
      : entry.entryId
    const known = lines.get(key)
    if (!entry.own) lines.set(key, { ...entry })
    else if (known === undefined) lines.set(key, { ...entry, visits: [entry.at] })
    else {
      known.visits = [...(known.visits ?? []), entry.at]
      known.cursor = entry.cursor
      known.content = { ...known.content, fields: [...new Set([...known.content.fields, ...entry.content.fields])] }
    }
  }
  return [...lines.values()]
    .filter(({ own, cursor }) => !own || (cursor >= since && (until === undefined || cursor < until)))
    .sort((one, other) => (one.cursor < other.cursor ? 1 : one.cursor > other.cursor ? -1 : 0))
}
