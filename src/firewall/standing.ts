import { sql } from 'kysely'
import type { Transaction } from '../platform/database.ts'
import { countedAs, hasSeenMuch, neverSpent, spentUntil, type Totals, type TownBudgets } from './leaving.ts'
import type { Ask } from './model.ts'
import { type GraphCache, loadPosition, type Position } from './organisations.ts'
import { type Requester, standsWith } from './requester.ts'

/** How things stand when a question is asked: with the town, and with whoever asks. */
export interface Standing {
  /** Where the requester's organisation is in the graph; undefined when the registry does not know it. */
  position: Position | undefined
  /** Version of the graph that `position` was read at. */
  version: string
  lockdown: boolean
  /** More was asked within the hour, or more was shown, than the town allows. */
  overBudget: boolean
  /** Until when they have been shown all they may, RFC 3339; also of what is not refused for it. */
  spentUntil?: string | undefined
  /** Most of what they may be shown in a day has been. */
  muchSeen?: boolean
  /** What the town's budgets are, and whether a supervisor has doubled theirs for today. */
  budgets?: TownBudgets
  released?: boolean
  /** The office is closed. */
  closed?: boolean
  /** Which part of what staff are shown is drawn by lot, from 0 to 1. */
  drawnShare?: number
  /** ISO date: the town's. */
  day?: string
  /** The lowest lot that staff who ask have drawn that day. */
  lowestLot?: number | undefined
  /** The way in rests on somebody who is no neighbour any more: they left, died or were removed. */
  ended: boolean
}

export interface Standings {
  /** Reads how things stand, and counts the question, in the transaction that will answer it. */
  of(transaction: Transaction, ask: Ask, now: Temporal.Instant): Promise<Standing>
  /** A position read before, without looking whether it still holds. */
  cached(ask: Ask): { position: Position; version: string } | undefined
  forget(municipalityId: string): void
}

/** What looks into no record, or is never refused. Everything else is a question, whatever it is for: its refusal answers too. */
const UNCOUNTED: ReadonlySet<string> = new Set([
  'register',
  'supervise',
  'protect',
  'handle-demand',
  'enrol',
  'answer',
  'demand',
  // One that opens nothing must leave the same traces, whoever its words did not fit.
  'open-by-order',
])

/** Who is counted together: a member of staff alone, all machines of an organisation as one. */
function counted({ requester, action }: Ask): string | null {
  if (UNCOUNTED.has(action)) return null
  if (requester.kind === 'staff') return `staff ${requester.id}`
  if (requester.kind === 'client') return `organisation ${requester.organisationId ?? 'unknown'}`
  return null
}

interface StandingRow {
  version: string
  lockdown: boolean
  over: boolean
  ended: boolean
  lent_to: string[]
  totals: Totals[]
  budgets: TownBudgets
  released: boolean
  office_hours: OfficeHours | null
  time_zone: string
  drawn_share: number
  lowest_lot: number | null
}

/** When a counter is open: ISO weekdays, local times. */
type OfficeHours = readonly { weekday: number; from: string; to: string }[]

function isClosed(hours: OfficeHours | null, timeZone: string, now: Temporal.Instant): boolean {
  if (hours === null) return false
  const local = now.toZonedDateTimeISO(timeZone)
  const time = local.toPlainTime().toString({ smallestUnit: 'minute' })
  return !hours.some(({ weekday, from, to }) => weekday === local.dayOfWeek && from <= time && time < to)
}

/** The neighbours a way in rests on: whose it is, and who acts for them. */
const peopleBehind = (requester: Requester): string =>
  requester.kind === 'resident'
    ? `{${[requester.neighbourId, requester.representative?.neighbourId ?? []].flat().join(',')}}`
    : '{}'

/** What staff go on with when they have asked as often as their work needs: what shows nobody. */
const staysOpen = ({ requester, fields }: Pick<Ask, 'requester' | 'fields'>): boolean =>
  requester.kind === 'staff' && fields.length === 0

export function createStandings(): Standings {
  const graphs = new Map<string, GraphCache>()
  const keyOf = ({ requester }: Ask) =>
    requester.kind === 'staff' ? `${requester.organisationId} ${requester.id}` : standsWith(requester).join(' ')

  return {
    async of(transaction, ask, now) {
      const { requester, municipalityId } = ask
      const who = counted(ask)
      const restsOn = peopleBehind(requester)
      const { rows } = await sql<StandingRow>`
        with asked as (
          insert into query_counts as known (municipality_id, counted, hour, times)
          select ${municipalityId}::uuid, ${who}::text, date_trunc('hour', clock_timestamp()), 1 where ${who}::text is not null
          on conflict (municipality_id, counted, hour) do update set times = known.times + 1
          returning times)
        select
          coalesce((select graph.version from organisation_graphs graph where graph.municipality_id = town.id), 0)::text as version,
          coalesce((select state.closed from lockdowns state where state.municipality_id = town.id), false) as lockdown,
          coalesce((select asked.times from asked), 0) >
            case when ${requester.kind} = 'staff' then town.hourly_budget_staff else town.hourly_budget_organisation end *
              case when exists (select from budget_releases one where one.municipality_id = town.id
                and one.staff_id = ${requester.id} and ${requester.kind} = 'staff'
                and one.day = date_trunc('day', clock_timestamp(), 'UTC')) then 2 else 1 end as over,
          exists (select from unnest(${restsOn}::uuid[]) as person (id)
            where exists (select from neighbours gone where gone.id = person.id and not is_neighbour(person.id))) as ended,
          (select coalesce(jsonb_agg(jsonb_build_object('span', known.span, 'begins', known.begins, 'people', known.people,
              'points', known.points)), '[]') from seen_totals known where known.municipality_id = town.id
            and known.counted = ${countedAs(requester)} and known.begins = date_trunc(known.span, clock_timestamp(), 'UTC')) as totals,
          exists (select from budget_releases one where one.municipality_id = town.id and one.staff_id = ${requester.id}
            and ${requester.kind} = 'staff' and one.day = date_trunc('day', clock_timestamp(), 'UTC')) as released,
          town.budgets, town.office_hours, town.time_zone, town.drawn_share,
          case when ${requester.kind} = 'staff' then (select min(drawn.lot) from drawn_openings drawn where drawn.municipality_id = town.id
            and drawn.staff_id = ${requester.id} and drawn.day = (${now.toString()}::timestamptz at time zone town.time_zone)::date) end as lowest_lot,
          set_config('padron.visitor', case when ${requester.kind} = 'staff' then ${requester.id} else '' end, true) as visitor,
          set_config('padron.visited_at', ${now.toString()}, true) as visited_at,
          to_jsonb(array(select lent.organisation_id::text from staff_affiliations lent
            where lent.municipality_id = town.id and lent.staff_id = ${requester.id} and ${requester.kind} = 'staff')) as lent_to
        from municipalities town where town.id = ${municipalityId}::uuid`.execute(transaction)
      const { version = '0', lockdown = true, over = true, ended = true, lent_to: lentTo = [] } = rows[0] ?? {}
      const {
        totals = [],
        budgets = {},
        released = false,
        office_hours: hours = null,
        time_zone: zone = 'UTC',
        drawn_share: drawnShare = 0,
        lowest_lot: lowestLot = null,
      } = rows[0] ?? {}
      const nextHour = now
        .toZonedDateTimeISO('UTC')
        .round({ smallestUnit: 'hour', roundingMode: 'floor' })
        .add({ hours: 1 })
      const spent = spentUntil(requester, { totals, town: budgets, released })
      const standing = {
        version,
        lockdown,
        overBudget: (over && !staysOpen(ask)) || (spent !== undefined && !neverSpent(ask)),
        spentUntil: spent ?? (over ? nextHour.toInstant().toString() : undefined),
        muchSeen: hasSeenMuch(requester, totals, budgets),
        budgets,
        released,
        closed: isClosed(hours, zone, now),
        drawnShare,
        lowestLot: lowestLot ?? undefined,
        day: now.toZonedDateTimeISO(zone).toPlainDate().toString(),
        ended,
      }
      const [organisationId, ...others] = standsWith(requester)
      if (organisationId === undefined) return { ...standing, position: undefined }
      let cache = graphs.get(municipalityId)
      if (cache?.version !== version) {
        cache = { version, positions: new Map() }
        graphs.set(municipalityId, cache)
      }
      const known = cache.positions.get(keyOf(ask))
      if (known) return { ...standing, position: known }
      const position = await loadPosition(transaction, { organisationId, lentTo: [...others, ...lentTo], now })
      if (position && cache.positions.size < 10_000) cache.positions.set(keyOf(ask), position)
      return { ...standing, position }
    },

    cached(ask) {
      const cache = graphs.get(ask.municipalityId)
      const position = cache?.positions.get(keyOf(ask))
      return cache && position && { position, version: cache.version }
    },

    forget: (municipalityId) => void graphs.delete(municipalityId),
  }
}
