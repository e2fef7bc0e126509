import type { Transaction } from '../platform/database.ts'
import type { TownBudgets } from './budgets.ts'
import type { GrantTable } from './grant-table.ts'
import { agreedAt, agreedMarkAt } from './grants-store.ts'
import { countedAs, hasSeenMuch, neverSpent, spentUntil } from './leaving.ts'
import type { Ask } from './model.ts'
import { type GraphCache, loadPosition, type Position } from './organisations.ts'
import { type Requester, standsWith } from './requester.ts'
import { type OfficeHours, standingRow } from './store.ts'

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
  /** What the town has agreed to. */
  agreed?: GrantTable | undefined
  /** The way in rests on somebody who is no neighbour any more: they left, died or were removed. */
  ended: boolean
}

export interface Standings {
  /** Reads how things stand, and counts the question, in the transaction that will answer it. */
  of(transaction: Transaction, ask: Ask, now: Temporal.Instant): Promise<Standing>
  /** A position read before, without looking whether it still holds. */
  cached(ask: Ask): { position: Position; version: string; agreed?: GrantTable | undefined } | undefined
  /** What a town has agreed to; nothing of one in which no process ever started. */
  agreed(transaction: Transaction, municipalityId: string, now: Temporal.Instant): Promise<GrantTable | undefined>
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
  /** What towns have agreed to, by the database's own mark of it: what has one mark never changes. */
  const agreements = new Map<string, { mark: string; table: GrantTable }>()
  const agreedBy = async (
    transaction: Transaction,
    municipalityId: string,
    { mark, now }: { mark: string; now: Temporal.Instant },
  ) => {
    const known = agreements.get(municipalityId)
    if (known?.mark === mark) return known.table
    const row = await agreedAt(transaction, new Date(now.epochMilliseconds))
    // Another came in force between the two: of what is not known nothing is given, and the next question reads it.
    if (row?.mark !== mark) return {}
    const table = row.cells
    agreements.set(municipalityId, { mark, table })
    return table
  }
  const keyOf = ({ requester }: Ask) =>
    requester.kind === 'staff' ? `${requester.organisationId} ${requester.id}` : standsWith(requester).join(' ')

  return {
    async of(transaction, ask, now) {
      const { requester, municipalityId } = ask
      const who = counted(ask)
      const restsOn = peopleBehind(requester)
      const { rows } = await standingRow(transaction, {
        municipalityId,
        who,
        kind: requester.kind,
        requesterId: requester.id,
        restsOn,
        requester: countedAs(requester),
        now: now.toString(),
      })
      const { version = '0', lockdown = true, over = true, ended = true, lent_to: lentTo = [] } = rows[0] ?? {}
      const {
        totals = [],
        budgets = {},
        released = false,
        office_hours: hours = null,
        time_zone: zone = 'UTC',
        drawn_share: drawnShare = 0,
        lowest_lot: lowestLot = null,
        agreed: mark = null,
      } = rows[0] ?? {}
      const agreed = mark === null ? undefined : await agreedBy(transaction, municipalityId, { mark, now })
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
        agreed,
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
      return (
        cache && position && { position, version: cache.version, agreed: agreements.get(ask.municipalityId)?.table }
      )
    },

    async agreed(transaction, municipalityId, now) {
      const known = await agreedMarkAt(transaction, new Date(now.epochMilliseconds))
      return known && agreedBy(transaction, municipalityId, { mark: known.mark, now })
    },

    forget: (municipalityId) => void graphs.delete(municipalityId),
  }
}
