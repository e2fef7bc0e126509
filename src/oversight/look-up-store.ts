import { sql } from 'kysely'
import type { UnitOfWork, Unnamed } from '../firewall/model.ts'
import { SealBroken } from '../keys/cipher.ts'
import { detailsAt, type LedgerContent, marksSince } from '../ledger/entries.ts'
import { byteArray } from '../platform/byte-array.ts'
import { systemClock } from '../platform/clock.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { registeredAt } from '../registry/person/store.ts'
import type { Municipality } from '../town/model.ts'
import type { By } from './looked-by.ts'

// Who looked, as the ledger has it: read once for each page.

/**
 * The entries about a neighbour, each sealed to their own key and found by its marks: the looks of others on one page, and all
 * visits of their own of the days that it reaches over.
 */
export async function lookUpsPage(
  deps: RegistryDeps,
  {
    unit,
    town,
    neighbourId,
    wanted,
  }: {
    unit: Pick<UnitOfWork, 'transaction' | 'unnamed'>
    town: Municipality
    neighbourId: string
    wanted: Omit<LookUpsWanted, 'before'> & { before: Cursor | undefined; withOwn: boolean }
  },
): Promise<{ entries: Entry[]; older: string | undefined; since: string }> {
  const { transaction } = unit
  const key = unit.unnamed(neighbourId)
  const { registered_at } = await registeredAt(transaction, neighbourId)
  const marks = byteArray(marksSince(key, { since: registered_at.toTemporalInstant(), until: systemClock.now() }))
  const { before, unfolded = false, visits: atOnce = OWN_AT_ONCE, withOwn } = wanted
  const { at, id } = before ?? { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
  const own = sql`(entry.requester_kind = 'resident' and entry.purpose in ('own-record', 'helping'))`
  const told = sql`entry.municipality_id = ${town.id} and entry.mark = any (${marks}::text::bytea[])
    and (${withOwn} or not (entry.requester_kind = 'resident' and entry.purpose in ('own-record', 'helping')))
    -- What an order forbids to tell is told when its secrecy ends, with its true day.
    and not (entry.action = 'open-by-order' and exists (
      select from access_requests request join notices told on told.id = request.notice_id
      where request.subject_id = ${neighbourId} and told.visible_from > ${deps.clock.now().toString()}::timestamptz
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
  if (unfolded) return pageOf(key, { rows: others, older: last && cursorOf(last), since: '' })
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
  if (open.length === 0) return pageOf(key, { rows: kept, older, since: older?.split(' ')[0] ?? '' })
  const { rows: visits } = await sql<Row>`
    select ${columns} from ${from}
    where ${told} and ${own}
      and (entry.recorded_at at time zone ${town.timeZone}::text)::date = any (${`{${open.map(({ day }) => day).join(',')}}`}::date[])
    order by entry.recorded_at desc, entry.id desc`.execute(transaction)
  return pageOf(key, { rows: [...kept, ...visits], older, since: older?.split(' ')[0] ?? '' })
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

/** A place in the order of entries: a time as the database writes it, and an id. */
export interface Cursor {
  at: string
  id: string
}

export type Entry = Omit<LookUp, 'by'> & { cursor: string; own: boolean }

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

export const OWN_AT_ONCE = 2000

export interface Row {
  id: string
  at: string
  recorded_at: Date
  details: Uint8Array
  leaf_hash: Uint8Array
  position: string | null
  own: boolean
}

/** Looks of others on one page. */
export const ON_A_PAGE = 100

export function pageOf(
  key: Unnamed,
  { rows, older, since }: { rows: readonly Row[]; older: string | undefined; since: string },
): { entries: Entry[]; older: string | undefined; since: string } {
  // A row with one of their marks that does not open is not theirs: somebody put the mark there.
  const entries = rows.flatMap((row): Entry[] => {
    const content = contentOf(key, row)
    if (content === undefined) return []
    return [
      {
        at: row.recorded_at.toISOString(),
        content,
        entryId: row.id,
        leafHash: Buffer.from(row.leaf_hash).toString('base64url'),
        position: row.position === null ? undefined : Number(row.position),
        cursor: row.at,
        own: row.own,
      },
    ]
  })
  return { entries, older, since }
}

function contentOf(key: Unnamed, { id, details }: Row): LookUp['content'] | undefined {
  try {
    return key.openUnnamed(detailsAt(id), details) as LookUp['content']
  } catch (error) {
    if (error instanceof SealBroken) return undefined
    throw error
  }
}

export const cursorOf = (row: Pick<Row, 'at' | 'id'>) => `${row.at} ${row.id}`
