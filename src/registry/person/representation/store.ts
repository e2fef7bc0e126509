import { type Insertable, sql } from 'kysely'
import type { DB } from '../../../../schema/database.ts'
import type { Transaction } from '../../../platform/database.ts'
import type { Municipality } from '../../../town/model.ts'

// The SQL of who acts for whom.

export const representationsOfBoth = (
  transaction: Transaction,
  { neighbourId, representativeId }: { neighbourId: string; representativeId: string },
) =>
  transaction
    .selectFrom('representatives')
    .select(['id', 'neighbour_id', 'representative_id', 'details', 'recorded_at', 'ended_at'])
    // Whoever hides is among nobody's representations: it would tell that they are registered.
    .select(
      sql<boolean>`exists (select from neighbours who where who.id in (representatives.neighbour_id, representatives.representative_id)
        and who.id <> ${neighbourId} and is_hidden(who.id, who.protected))`.as('hidden'),
    )
    .where((representation) =>
      representation.or([
        representation('neighbour_id', '=', neighbourId),
        representation('representative_id', '=', representativeId),
      ]),
    )
    .orderBy('recorded_at')
    .execute()

export const reviveRepresentations = (transaction: Transaction, id: string) =>
  transaction.updateTable('representatives').set({ ended_at: null, ended_because: null }).where('id', '=', id).execute()

export const representationsInForce = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('representatives')
    .select(['id', 'representative_id', 'details'])
    .where('neighbour_id', '=', neighbourId)
    .where('ended_at', 'is', null)
    .execute()

export const representationBetween = (
  transaction: Transaction,
  { neighbourId, representativeId }: { neighbourId: string; representativeId: string },
) =>
  transaction
    .selectFrom('representatives')
    .select('id')
    .where('neighbour_id', '=', neighbourId)
    .where('representative_id', '=', representativeId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()

export const keepRepresentation = (transaction: Transaction, row: Insertable<DB['representatives']>) =>
  transaction.insertInto('representatives').values(row).execute()

export const anybodyActsFor = (
  transaction: Transaction,
  { neighbourId, withHidden }: { neighbourId: string; withHidden: boolean },
) =>
  sql`
    select from representatives representation where representation.neighbour_id = ${neighbourId} and representation.ended_at is null
      and (representation.representative_id is null or is_neighbour(representation.representative_id))
      and (${withHidden} or representation.representative_id is null
        or not (select is_hidden(acts.id, acts.protected) from neighbours acts where acts.id = representation.representative_id)) limit 1`.execute(
    transaction,
  )

export const representationsByNeighbours = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('representatives')
    .select(['id', 'representative_id', 'details', 'recorded_at'])
    .where('neighbour_id', '=', neighbourId)
    .where('representative_id', 'is not', null)
    .orderBy('recorded_at', 'desc')
    .execute()

export const countWardsAtHome = (
  transaction: Transaction,
  { neighbourId, wards }: { neighbourId: string; wards: string },
) =>
  sql<{ n: number }>`
      select count(distinct ward.neighbour_id)::integer as n from residences ward join residences own on own.household_id = ward.household_id
      where own.neighbour_id = ${neighbourId} and ward.neighbour_id = any (${`{${wards}}`}::uuid[])
        and own.superseded_at is null and own.valid_to is null and ward.superseded_at is null and ward.valid_to is null`.execute(
    transaction,
  )

export const wardIds = (transaction: Transaction, { neighbourId, now }: { neighbourId: string; now: Date }) =>
  sql<{ id: string }>`
      select representation.neighbour_id as id from representatives representation join neighbours n on n.id = representation.neighbour_id
      where representation.representative_id = ${neighbourId} and representation.ended_at is null and is_neighbour(representation.representative_id)
        and not n.protected and n.departed_on is null and representation.works_from <= ${now}
      order by representation.neighbour_id`.execute(transaction)

export const anyWardOf = (
  transaction: Transaction,
  { representativeId, withHidden }: { representativeId: string; withHidden: boolean },
) =>
  transaction
    .selectFrom('representatives')
    .innerJoin('neighbours', 'neighbours.id', 'representatives.neighbour_id')
    .select('representatives.id')
    .where('representative_id', '=', representativeId)
    .where('ended_at', 'is', null)
    .$if(!withHidden, (query) =>
      query.where((n) => sql<boolean>`not is_hidden(${n.ref('neighbours.id')}, ${n.ref('neighbours.protected')})`),
    )
    .executeTakeFirst()

export const representationBy = (
  transaction: Transaction,
  { neighbourId, representativeId, now }: { neighbourId: string; representativeId: string; now: Date },
) =>
  transaction
    .selectFrom('representatives')
    .select(['id', 'details', 'recorded_at'])
    .where('works_from', '<=', now)
    .where('neighbour_id', '=', neighbourId)
    .where('representative_id', '=', representativeId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()

/** Whoever does not act for themself acts for nobody: the children they acted for come on the list of those nobody acts for. */
export const endActing = (transaction: Transaction, representativeId: string) =>
  transaction
    .updateTable('representatives')
    .set({ ended_at: sql`now()`, ended_because: 'ended' })
    .where('representative_id', '=', representativeId)
    .where('ended_at', 'is', null)
    .execute()

export const representationsSealed = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('representatives')
    .select(['works_from', 'id', 'representative_id', 'details'])
    .where('neighbour_id', '=', neighbourId)
    .where('ended_at', 'is', null)
    .orderBy('recorded_at')
    .orderBy('id')
    .execute()

/** Whoever acted for somebody may hold a card or a session of theirs: what they may no longer see, these do not show either. */
export const endWaysInOf = (transaction: Transaction, wardId: string) =>
  sql`select end_ways_in(${wardId}::uuid, 'representation')`.execute(transaction)

/** Once: whoever comes second ends nothing. */
export const endRepresentationInForce = (transaction: Transaction, id: string) =>
  transaction
    .updateTable('representatives')
    .set({ ended_at: sql`now()`, ended_because: 'ended' })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()

export const representationsOfWard = (transaction: Transaction, neighbourId: string) =>
  transaction.selectFrom('representatives').select(['id', 'details']).where('neighbour_id', '=', neighbourId).execute()

export const settleRepresentations = (transaction: Transaction, neighbourId: string) =>
  transaction
    .updateTable('representatives')
    .set({ settled_at: sql`now()` })
    .where('neighbour_id', '=', neighbourId)
    .where('ended_at', 'is not', null)
    .where('settled_at', 'is', null)
    .execute()

/**
 * Neighbours somebody acted for once, and nobody does now, whom nobody has looked at since. Who hides acts for nobody,
 * save for supervisors: a list that leaves a child out because of them would tell that they are registered.
 */
export const unrepresented = (
  town: Pick<Municipality, 'id'>,
  withHidden: boolean,
  after = '00000000-0000-0000-0000-000000000000',
) => sql<{ id: string; hidden: boolean }>`
  select n.id, is_hidden(n.id, n.protected) as hidden from neighbours n
  where n.municipality_id = ${town.id} and n.departed_on is null and n.id > ${after}::text::uuid
    -- Those whom a clerk is not shown take no place among those whom a clerk is to see.
    and (${withHidden} or not is_hidden(n.id, n.protected))
    and n.id in (select lost.neighbour_id from representatives lost
      where lost.municipality_id = ${town.id} and lost.ended_at is not null and lost.settled_at is null)
    and not exists (select from representatives acts left join neighbours who on who.id = acts.representative_id
      where acts.neighbour_id = n.id and acts.ended_at is null and (${withHidden} or is_hidden(who.id, who.protected) is not true))
  order by n.id limit ${MOST_LISTED + 1}`

export const MOST_LISTED = 15
