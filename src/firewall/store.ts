import { sql } from 'kysely'
import { byteArray } from '../platform/byte-array.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import type { TownBudgets } from './budgets.ts'

// The SQL of what the gate knows before it asks: standings, budgets, flags and openings that are drawn; and of which policies were in force.

export const drawOpening = (
  transaction: Transaction,
  {
    id,
    requesterId,
    neighbourId,
    day,
    lot,
    drawnShare,
    ledgerId,
    sealed,
    fields,
  }: {
    id: string
    requesterId: string
    neighbourId: string
    day: string
    lot: number
    drawnShare: number
    ledgerId: string
    sealed: Buffer
    fields: number
  },
) =>
  sql`select draw_opening(${id}::uuid, ${requesterId}, ${neighbourId}::uuid, ${day}::text::date, ${lot}::float8,
      ${drawnShare}::float8, ${ledgerId}::uuid, ${sealed}, ${fields}::integer)`.execute(transaction)

export const countSeen = (
  transaction: Transaction,
  { who, hashes, bits, weightsOfBits }: { who: string; hashes: readonly Buffer[]; bits: number; weightsOfBits: string },
) =>
  sql<{
    totals: Totals[]
  }>`select count_seen(${who}, ${byteArray(hashes)}::text::bytea[], ${bits}::integer,
    ${weightsOfBits}::text::integer[]) as totals`.execute(transaction)

export const latestPolicies = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('policy_versions')
    .select('digest')
    .where('municipality_id', '=', municipalityId)
    .orderBy('in_force_from', 'desc')
    .executeTakeFirst()

export const keepPolicies = (
  transaction: Transaction,
  { municipalityId, digest }: { municipalityId: string; digest: string },
) => transaction.insertInto('policy_versions').values({ municipality_id: municipalityId, digest }).execute()

export const standingRow = (
  transaction: Transaction,
  {
    municipalityId,
    who,
    kind,
    requesterId,
    restsOn,
    requester,
    now,
  }: {
    municipalityId: string
    who: string | null
    kind: string
    requesterId: string
    restsOn: string
    requester: string | null
    now: string
  },
) =>
  sql<StandingRow>`
        with asked as (
          insert into query_counts as known (municipality_id, counted, hour, times)
          select ${municipalityId}::uuid, ${who}::text, date_trunc('hour', clock_timestamp()), 1 where ${who}::text is not null
          on conflict (municipality_id, counted, hour) do update set times = known.times + 1
          returning times)
        select
          coalesce((select graph.version from organisation_graphs graph where graph.municipality_id = town.id), 0)::text as version,
          coalesce((select state.closed from lockdowns state where state.municipality_id = town.id), false) as lockdown,
          coalesce((select asked.times from asked), 0) >
            case when ${kind} = 'staff' then town.hourly_budget_staff else town.hourly_budget_organisation end *
              case when exists (select from budget_releases one where one.municipality_id = town.id
                and one.staff_id = ${requesterId} and ${kind} = 'staff'
                and one.day = date_trunc('day', clock_timestamp(), 'UTC')) then 2 else 1 end as over,
          exists (select from unnest(${restsOn}::uuid[]) as person (id)
            where exists (select from neighbours gone where gone.id = person.id and not is_neighbour(person.id))) as ended,
          (select coalesce(jsonb_agg(jsonb_build_object('span', known.span, 'begins', known.begins, 'people', known.people,
              'points', known.points)), '[]') from seen_totals known where known.municipality_id = town.id
            and known.counted = ${requester} and known.begins = date_trunc(known.span, clock_timestamp(), 'UTC')) as totals,
          exists (select from budget_releases one where one.municipality_id = town.id and one.staff_id = ${requesterId}
            and ${kind} = 'staff' and one.day = date_trunc('day', clock_timestamp(), 'UTC')) as released,
          (select agreed.mark from agreed_grants agreed where agreed.municipality_id = town.id
            and agreed.in_force_from <= ${now}::timestamptz order by agreed.in_force_from desc, agreed.agreed_at desc limit 1) as agreed,
          town.budgets, town.office_hours, town.time_zone, town.drawn_share,
          case when ${kind} = 'staff' then (select min(drawn.lot) from drawn_openings drawn where drawn.municipality_id = town.id
            and drawn.staff_id = ${requesterId} and drawn.day = (${now}::timestamptz at time zone town.time_zone)::date) end as lowest_lot,
          set_config('padron.visitor', case when ${kind} = 'staff' then ${requesterId} else '' end, true) as visitor,
          set_config('padron.visited_at', ${now}, true) as visited_at,
          to_jsonb(array(select lent.organisation_id::text from staff_affiliations lent
            where lent.municipality_id = town.id and lent.staff_id = ${requesterId} and ${kind} = 'staff')) as lent_to
        from municipalities town where town.id = ${municipalityId}::uuid`.execute(transaction)

export const conspicuous = (
  transaction: Transaction,
  {
    seen,
    requesterId,
    withoutCase,
    unknownCase,
    muchSeen,
    closed,
    municipalityId,
  }: {
    seen: string
    requesterId: string
    withoutCase: boolean
    unknownCase: boolean
    muchSeen: boolean
    closed: boolean
    municipalityId: string
  },
) =>
  sql<{ neighbour_id: string; kind: string }>`
    with opened (id) as (
      select neighbour.id from jsonb_array_elements_text(${seen}::text::jsonb) as one (id)
      join neighbours neighbour on neighbour.id = one.id::uuid),
    found as (
      select neighbour_id, kind from conspicuous(${requesterId}, array(select id from opened))
      union all
      select id, 'no-case' from opened where ${withoutCase}::boolean
      union all
      select id, 'unknown-case' from opened where ${unknownCase}::boolean),
    -- These are about the day and not about whom was seen: once is enough.
    daily as (
      select (select id from opened limit 1) as neighbour_id, kind from (values ('many-people', ${muchSeen}::boolean), ('out-of-hours', ${closed}::boolean))
        as one (kind, holds)
      where holds and exists (select from opened) and not exists (select from flags known where known.municipality_id = ${municipalityId}::uuid
        and known.staff_id = ${requesterId} and known.kind = one.kind and known.raised_at > clock_timestamp() - interval '1 day'))
    select found.neighbour_id, found.kind from found where not exists (
      select from flags known where known.municipality_id = ${municipalityId}::uuid and known.staff_id = ${requesterId}
        and known.neighbour_id = found.neighbour_id and known.kind = found.kind
        and known.raised_at > clock_timestamp() - interval '1 day')
    union all select neighbour_id, kind from daily`.execute(transaction)

export const keepFlags = (
  transaction: Transaction,
  rows: {
    id: string
    municipality_id: string
    staff_id: string
    neighbour_id: string
    kind: string
    fields: string[]
  }[],
) => transaction.insertInto('flags').values(rows).execute()

export const keepProbingFlag = (
  transaction: Transaction,
  { municipalityId, staffId, neighbourId }: { municipalityId: string; staffId: string; neighbourId: string },
) =>
  transaction
    .insertInto('flags')
    .values({
      id: uuidv7(),
      municipality_id: municipalityId,
      staff_id: staffId,
      neighbour_id: neighbourId,
      kind: 'probing',
    })
    .execute()

/** Flags a member of staff about somebody, once a day. */
export const keepFlagOfTheDay = (
  transaction: Transaction,
  {
    municipalityId,
    staffId,
    neighbourId,
    kind,
  }: { municipalityId: string; staffId: string; neighbourId: string; kind: 'given-and-used' },
) =>
  sql`insert into flags (id, municipality_id, staff_id, neighbour_id, kind)
    select ${uuidv7()}::uuid, ${municipalityId}::uuid, ${staffId}, ${neighbourId}::uuid, ${kind}
    where not exists (select from flags known where known.municipality_id = ${municipalityId}::uuid and known.staff_id = ${staffId}
      and known.neighbour_id = ${neighbourId}::uuid and known.kind = ${kind} and known.raised_at > clock_timestamp() - interval '1 day')`.execute(
    transaction,
  )

/** What was shown within the spans that are running. */
export interface Totals {
  span: string
  begins: string
  people: number
  points: number
}

export interface StandingRow {
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
  /** Mark of what the town has agreed that anyone may get; null of one that has never started. */
  agreed: string | null
}

/** When a counter is open: ISO weekdays, local times. */
export type OfficeHours = readonly { weekday: number; from: string; to: string }[]

export const markFlagsReviewed = (
  transaction: Transaction,
  { reviewedBy, ids, staffId }: { reviewedBy: string; ids: string[]; staffId: string },
) =>
  transaction
    .updateTable('flags')
    .set({ reviewed_by: reviewedBy, reviewed_at: new Date() })
    .where('id', 'in', ids)
    .where('staff_id', '!=', staffId)
    .where('reviewed_at', 'is', null)
    .executeTakeFirst()
