import { type Insertable, sql } from 'kysely'
import type { DB } from '../../../schema/database.ts'
import type { Staff } from '../../firewall/requester.ts'
import type { Transaction } from '../../platform/database.ts'
import { type After, afterPlace, toTheMillisecond } from '../../platform/paging.ts'
import type { Period } from './periods.ts'

// The SQL of residences, households, addresses, and starts that were said.

export const shownMatesOf = (transaction: Transaction, householdId: string) =>
  transaction
    .selectFrom('residences')
    .innerJoin('neighbours', 'neighbours.id', 'residences.neighbour_id')
    .select('neighbours.id')
    .where('household_id', '=', householdId)
    .where('superseded_at', 'is', null)
    .where('valid_to', 'is', null)
    .where((mate) => sql<boolean>`not is_hidden(${mate.ref('neighbours.id')}, ${mate.ref('neighbours.protected')})`)
    .orderBy('neighbours.id')
    .execute()

export const matesOn = (transaction: Transaction, { day, neighbourId }: { day: string; neighbourId: string }) =>
  sql<{ id: string }>`
    select mate.neighbour_id as id from residences own
    join residences mate on mate.household_id = own.household_id and mate.superseded_at is null
      and mate.valid_from <= ${day}::date and (mate.valid_to is null or mate.valid_to > ${day}::date)
    where own.neighbour_id = ${neighbourId} and own.superseded_at is null
      and own.valid_from <= ${day}::date and (own.valid_to is null or own.valid_to > ${day}::date)
    order by mate.recorded_at, mate.neighbour_id`.execute(transaction)

export const addressKeysOf = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('residences')
    .innerJoin('households', 'households.id', 'residences.household_id')
    .innerJoin('data_keys', 'data_keys.id', 'households.address_id')
    .select(['data_keys.id', 'data_keys.municipality_id', 'registry_key_id', 'wrapped'])
    .distinct()
    .where('residences.neighbour_id', '=', neighbourId)
    .execute()

export const residencesEver = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('residences')
    .leftJoin('households', 'households.id', 'residences.household_id')
    .leftJoin('addresses', 'addresses.id', 'households.address_id')
    .select(['valid_from', 'valid_to', 'residences.recorded_at', 'superseded_at'])
    .select(['addresses.id as address_id', 'addresses.kind', 'place', 'reference', 'usual_area'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('residences.recorded_at')
    .orderBy('valid_from')
    .execute()

export const startsSaidEver = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('said_starts')
    .select(['id', 'content', 'said_at', 'decision'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('said_at')
    .execute()

export const periodsNow = (transaction: Transaction, neighbourId: string) =>
  sql<{ valid_from: string; valid_to: string | null }>`
    select valid_from::text, valid_to::text from residences
    where neighbour_id = ${neighbourId} and superseded_at is null order by valid_from`.execute(transaction)

export const periodsKnownBy = (transaction: Transaction, { id, known }: { id: string; known: string }) =>
  sql<{
    id: string
    valid_from: string
    valid_to: string | null
    recorded_at: Date
    superseded_at: Date | null
  }>`
        select id, valid_from::text, valid_to::text, recorded_at, superseded_at from residences
        where neighbour_id = ${id} and recorded_at <= ${known}::text::timestamptz order by recorded_at, valid_from`.execute(
    transaction,
  )

export const periodsBrought = (transaction: Transaction, { staysId, at }: { staysId: string; at: string }) =>
  sql<{ id: string | null }>`
    select kept.id from residences brought
    left join residences kept on kept.neighbour_id = brought.neighbour_id and kept.superseded_at is null
      and kept.household_id = brought.household_id and kept.valid_from = brought.valid_from
    where brought.neighbour_id = ${staysId} and brought.recorded_at = ${at}::text::timestamptz`.execute(transaction)

export const periodsOf = (transaction: Transaction, { neighbourId, held }: { neighbourId: string; held: boolean }) =>
  transaction
    .selectFrom('residences')
    .select(['id', 'household_id', 'valid_from', 'valid_to', 'settled_from'])
    .where('neighbour_id', '=', neighbourId)
    .where('superseded_at', 'is', null)
    .orderBy('valid_from')
    .$if(held, (query) => query.forUpdate())
    .execute()

export const keepPeriod = (transaction: Transaction, row: Insertable<DB['residences']>) =>
  transaction.insertInto('residences').values(row).execute()

export const supersedePeriods = (transaction: Transaction, ids: readonly string[]) =>
  transaction.updateTable('residences').set({ superseded_at: sql`now()` }).where('id', 'in', ids).execute()

export const periodsWrittenAt = (transaction: Transaction, { at, neighbourId }: { at: string; neighbourId: string }) =>
  sql<Period & { written: boolean }>`
    select id, household_id as "householdId", valid_from::text as "from", valid_to::text as "to",
      settled_from::text as "settledFrom", recorded_at = ${at}::text::timestamptz as written
    from residences where neighbour_id = ${neighbourId}
      and (recorded_at = ${at}::text::timestamptz and superseded_at is null or superseded_at = ${at}::text::timestamptz)`.execute(
    transaction,
  )

export const periodsAround = (transaction: Transaction, { at, neighbourId }: { at: string; neighbourId: string }) =>
  sql<Period & { now: boolean; then: boolean }>`
    select id, household_id as "householdId", valid_from::text as "from", valid_to::text as "to",
      settled_from::text as "settledFrom", superseded_at is null as now,
      recorded_at < ${at}::text::timestamptz
        and (superseded_at is null or superseded_at >= ${at}::text::timestamptz) as then
    from residences where neighbour_id = ${neighbourId}`.execute(transaction)

export const keepAddress = (transaction: Transaction, row: Insertable<DB['addresses']>) =>
  transaction.insertInto('addresses').values(row).execute()

export const keepHousehold = (
  transaction: Transaction,
  { id, municipalityId, addressId }: { id: string; municipalityId: string; addressId: string },
) =>
  transaction.insertInto('households').values({ id, municipality_id: municipalityId, address_id: addressId }).execute()

export const startsToDecide = (transaction: Transaction, neighbourIds: string[]) =>
  transaction
    .selectFrom('said_starts')
    .innerJoin('residences', 'residences.id', 'said_starts.residence_id')
    .select(['said_starts.id', 'said_starts.neighbour_id', 'residence_id', 'content', 'said_by', 'said_at', 'valid_to'])
    .where('said_starts.neighbour_id', 'in', neighbourIds)
    .where('decision', 'is', null)
    .orderBy('said_at')
    .orderBy('said_starts.id')
    .execute()

export const keepSaid = (transaction: Transaction, row: Insertable<DB['said_starts']>) =>
  transaction
    .insertInto('said_starts')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()

export const saidOf = (transaction: Transaction, residenceId: string) =>
  transaction
    .selectFrom('said_starts')
    .select(['id', 'content'])
    .where('residence_id', '=', residenceId)
    .where('decision', 'is', null)
    .executeTakeFirst()

export const carrySaid = (transaction: Transaction, { to, from }: { to: string; from: string }) =>
  transaction
    .updateTable('said_starts')
    .set({ residence_id: to })
    .where('residence_id', '=', from)
    .where('decision', 'is', null)
    .execute()

export const decideSaid = (
  transaction: Transaction,
  {
    decision,
    decidedBy,
    column,
    value,
    which,
  }: {
    decision: string
    decidedBy: string
    column: 'id' | 'residence_id'
    value: string
    which: { id: string } | { residenceId: string; saidAt?: string }
  },
) =>
  transaction
    .updateTable('said_starts')
    .set({ decision, decided_by: decidedBy, decided_at: sql`now()` })
    .where(column, '=', value)
    .where('decision', 'is', null)
    .$if('saidAt' in which, (query) =>
      query.where('said_at', '=', sql<Date>`${'saidAt' in which ? (which.saidAt ?? null) : null}::text::timestamptz`),
    )
    .execute()

export const reopenSaid = (transaction: Transaction, { to, from, at }: { to: string; from: string; at: string }) =>
  transaction
    .updateTable('said_starts')
    .set({ residence_id: to, decision: null, decided_by: null, decided_at: null })
    .where('residence_id', '=', from)
    .where('decision', '=', 'lapsed')
    .where('decided_at', '=', sql<Date>`${at}::text::timestamptz`)
    .execute()

export const startsSaid = (
  transaction: Transaction,
  { clerk, after, most }: { clerk: Staff; after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('said_starts')
    .innerJoin('neighbours', 'neighbours.id', 'said_starts.neighbour_id')
    .select(['said_starts.id', 'neighbour_id', 'said_at'])
    .where('decision', 'is', null)
    // Those whom a clerk is not shown must not take the place of those whom a clerk is to see.
    .$if(clerk.role !== 'supervisor', (query) =>
      query.where((n) => sql<boolean>`not is_hidden(${n.ref('neighbours.id')}, ${n.ref('neighbours.protected')})`),
    )
    .where(afterPlace('said_at', 'said_starts.id', after))
    .orderBy(toTheMillisecond('said_at'))
    .orderBy('said_starts.id')
    .limit(most)
    .execute()

export const officeName = (transaction: Transaction, organisationId: string) =>
  sql<{ name: string }>`
    select name from organisations where id = ${organisationId}::text::uuid`.execute(transaction)

export const lockSaid = (transaction: Transaction, { id, neighbourId }: { id: string; neighbourId: string }) =>
  transaction
    .selectFrom('said_starts')
    .select(['said_by', 'decision'])
    .where('id', '=', id)
    .where('neighbour_id', '=', neighbourId)
    .forUpdate()
    .executeTakeFirst()

/** The others of a household who began there on the same day; who is protected is not among them. */
export const matesWhoBeganThen = (
  transaction: Transaction,
  { residenceId, neighbourId }: { residenceId: string; neighbourId: string },
) =>
  sql<{ id: string }>`
    select mate.neighbour_id as id from residences own
    join residences mate on mate.household_id = own.household_id and mate.superseded_at is null
      and mate.valid_from = own.valid_from and mate.neighbour_id <> own.neighbour_id
    join neighbours one on one.id = mate.neighbour_id and not is_hidden(one.id, one.protected)
    where own.id = ${residenceId}::text::uuid and own.neighbour_id = ${neighbourId}::text::uuid
      and own.superseded_at is null
    order by mate.neighbour_id`
    .execute(transaction)
    .then(({ rows }) => rows.map(({ id }) => id))

/** The others of a household of whose residence there a start waits; who is protected is not among them. */
export const matesWhoSaid = (
  transaction: Transaction,
  { startId, neighbourId }: { startId: string; neighbourId: string },
) =>
  sql<{ id: string }>`
    select mate.neighbour_id as id from said_starts said
    join residences own on own.id = said.residence_id
    join residences mate on mate.household_id = own.household_id and mate.superseded_at is null
      and mate.neighbour_id <> own.neighbour_id
    join said_starts theirs on theirs.residence_id = mate.id and theirs.decision is null
    join neighbours one on one.id = mate.neighbour_id and not is_hidden(one.id, one.protected)
    where said.id = ${startId}::text::uuid and said.neighbour_id = ${neighbourId}::text::uuid
    order by mate.neighbour_id`
    .execute(transaction)
    .then(({ rows }) => rows.map(({ id }) => id))
