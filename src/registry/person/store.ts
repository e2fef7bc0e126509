import { type Insertable, sql } from 'kysely'
import type { DB } from '../../../schema/database.ts'
import type { Transaction } from '../../platform/database.ts'
import type { After } from '../../platform/paging.ts'

// The SQL of neighbours, what is recorded of them, and their movements.

export const keepVisitRow = (
  transaction: Transaction,
  {
    municipalityId,
    neighbourId,
    staffId,
    until,
  }: { municipalityId: string; neighbourId: string; staffId: string; until: string },
) =>
  transaction
    .insertInto('visits')
    .values({ municipality_id: municipalityId, neighbour_id: neighbourId, staff_id: staffId, until })
    .onConflict((visit) => visit.columns(['municipality_id', 'neighbour_id', 'staff_id']).doUpdateSet({ until }))
    .execute()

export const actAsVisitor = (transaction: Transaction, { staffId, clock }: { staffId: string; clock: string }) =>
  sql`select set_config('padron.visitor', ${staffId}, true),
      set_config('padron.visited_at', ${clock}, true)`.execute(transaction)

export const versionOf = (transaction: Transaction, id: string) =>
  transaction.selectFrom('neighbours').select('version').where('id', '=', id).executeTakeFirstOrThrow()

export const clearPublished = (transaction: Transaction, now: Date) =>
  transaction
    .updateTable('neighbours')
    .set({ protection_public_from: null })
    .where('protection_public_from', '<=', now)
    .execute()

export const particularsEver = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('particulars')
    .select(['version', 'identity', 'contact', 'recorded_at'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('version')
    .execute()

export const evidenceEver = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('evidence')
    .select(['id', 'details', 'recorded_at'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('recorded_at')
    .execute()

/** What the city told them, with the way they were told by. */
export const noticesTo = (
  transaction: Transaction,
  { neighbourId, visibleFrom }: { neighbourId: string; visibleFrom: Date },
) =>
  transaction
    .selectFrom('notices')
    .leftJoin('notice_deliveries', 'notice_deliveries.notice_id', 'notices.id')
    .select(['notices.id', 'kind', 'visible_from', 'details', 'channel', 'sent_at'])
    .where('neighbour_id', '=', neighbourId)
    .where('visible_from', '<=', visibleFrom)
    .orderBy('visible_from', 'desc')
    .execute()

export interface StoredMovement {
  id: string
  recorded_at: Date
  /** Exactly as PostgreSQL writes it. */
  at: string
  details: Uint8Array
}

export const movementRows = (
  transaction: Transaction,
  { neighbourId, before }: { neighbourId: string; before?: string | undefined },
): Promise<StoredMovement[]> =>
  transaction
    .selectFrom('movements')
    .select(['id', 'recorded_at', 'details', sql<string>`recorded_at::text`.as('at')])
    .where('neighbour_id', '=', neighbourId)
    .$if(before !== undefined, (query) =>
      query.where('recorded_at', '<', sql<Date>`${before ?? ''}::text::timestamptz`),
    )
    .orderBy('recorded_at')
    .orderBy('id')
    .execute()

export const endWaysInJoined = (transaction: Transaction, one: string) =>
  sql`select end_ways_in(${one}::uuid, 'joined')`.execute(transaction)

/** Whether a record hides from everybody but supervisors. */
export const setHides = (transaction: Transaction, { hides, id }: { hides: boolean; id: string }) =>
  transaction.updateTable('neighbours').set({ protected: hides }).where('id', '=', id).execute()

export const dropVisits = (transaction: Transaction, neighbourId: string) =>
  transaction.deleteFrom('visits').where('neighbour_id', '=', neighbourId).execute()

export const restoreJoined = (
  transaction: Transaction,
  { departedOn, hides, id }: { departedOn: string | null; hides: boolean; id: string },
) =>
  transaction
    .updateTable('neighbours')
    .set({ departed_on: departedOn, protected: hides })
    .where('id', '=', id)
    .execute()

export const versionAndHides = (transaction: Transaction, id: string) =>
  transaction.selectFrom('neighbours').select(['version', 'protected']).where('id', '=', id).executeTakeFirstOrThrow()

export const latestIdentity = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('particulars')
    .select(['version', 'identity'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()

export const keepParticulars = (transaction: Transaction, row: Insertable<DB['particulars']>) =>
  transaction.insertInto('particulars').values(row).execute()

export const standingRow = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('neighbours')
    .select(['version', 'protected as hides'])
    .select((row) => sql<boolean>`is_held(${row.ref('id')})`.as('held'))
    .where('id', '=', id)
    .executeTakeFirstOrThrow()

export const latestContact = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('particulars')
    .select(['version', 'contact'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()

export const daysOf = (transaction: Transaction, id: string) =>
  sql<{ day: string }>`
    select valid_from::text as day from residences where neighbour_id = ${id} and superseded_at is null
    union all
    select departed_on::text from neighbours where id = ${id} and departed_on is not null`.execute(transaction)

export const raiseVersion = (
  transaction: Transaction,
  { next, id, expected }: { next: number; id: string; expected: number },
) =>
  transaction
    .updateTable('neighbours')
    .set({ version: next })
    .where('id', '=', id)
    .where('version', '=', expected)
    .returning('version')
    .executeTakeFirst()

export const registeredAt = (transaction: Transaction, id: string) =>
  transaction.selectFrom('neighbours').select('registered_at').where('id', '=', id).executeTakeFirstOrThrow()

export const versionShared = (transaction: Transaction, id: string) =>
  transaction.selectFrom('neighbours').select('version').where('id', '=', id).forShare().executeTakeFirstOrThrow()

export const setTokens = (
  transaction: Transaction,
  { tokens, neighbourId }: { tokens: number[]; neighbourId: string },
) => transaction.updateTable('search_tokens').set({ tokens }).where('neighbour_id', '=', neighbourId).execute()

export const keepMovement = (transaction: Transaction, row: Insertable<DB['movements']>) =>
  transaction.insertInto('movements').values(row).execute()

export const lockHiding = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('neighbours')
    .select(['protected as hides', 'version'])
    .select(
      sql<boolean>`exists (select from likenesses open where open.neighbour_id = ${id} and open.decision is null)`.as(
        'undecided',
      ),
    )
    .select((n) => sql<boolean>`is_held(${n.ref('id')})`.as('held'))
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirstOrThrow()

export const hidingSeenBy = (
  transaction: Transaction,
  { staffId, now, id }: { staffId: string; now: string; id: string },
) =>
  transaction
    .selectFrom('neighbours')
    .select((n) => sql<boolean>`is_held(${n.ref('id')})`.as('held'))
    .select((n) =>
      sql<boolean>`exists (select from visits visit where visit.neighbour_id = ${n.ref('id')}
          and visit.staff_id = ${staffId} and visit.until > ${now}::text::timestamptz)`.as('visited'),
    )
    .where('id', '=', id)
    .where('protected', '=', true)
    .executeTakeFirst()

export const undoRegistration = (
  transaction: Transaction,
  { id, livedFrom, last, once }: { id: string; livedFrom: string; last: { id: string; details: Buffer }; once: Buffer },
) =>
  sql`select undo_registration(${id}::uuid, ${livedFrom}::text::date, ${last.id}::uuid, ${last.details}, ${once})`.execute(
    transaction,
  )

export const reviveAccess = (transaction: Transaction, { one, at }: { one: string; at: string }) =>
  sql`select revive_access(${one}::uuid, ${at}::text::timestamptz)`.execute(transaction)

export const anythingSaid = (transaction: Transaction, id: string) =>
  sql`
    select from complaints where neighbour_id = ${id} union all select from proceedings where neighbour_id = ${id}`.execute(
    transaction,
  )

/** Who else something was written about in the same act: one transaction, and so one instant. */
export const neighboursOfAct = (transaction: Transaction, { at, id }: { at: string; id: string }) =>
  sql<{ id: string }>`
    select distinct neighbour_id as id from movements
    where recorded_at = ${at}::text::timestamptz and neighbour_id <> ${id}`.execute(transaction)

export const particularsWrittenAt = (transaction: Transaction, { id, at }: { id: string; at: string }) =>
  sql`
    select from particulars where neighbour_id = ${id} and version > 1 and recorded_at = ${at}::text::timestamptz`.execute(
    transaction,
  )

/** Since when somebody is no neighbour any more; null for who is one. */
export const setDeparture = (transaction: Transaction, { departedOn, id }: { departedOn: string | null; id: string }) =>
  transaction.updateTable('neighbours').set({ departed_on: departedOn }).where('id', '=', id).execute()

export const particularsBefore = (transaction: Transaction, { id, at }: { id: string; at: string }) =>
  sql<{ version: number; latest: number; identity: Uint8Array; contact: Uint8Array }>`
    select before.version, (select max(version) from particulars where neighbour_id = ${id}) as latest,
      before.identity, before.contact
    from particulars before where before.neighbour_id = ${id} and before.version = (
      select written.version - 1 from particulars written
      where written.neighbour_id = ${id} and written.recorded_at = ${at}::text::timestamptz)`.execute(transaction)

export const keepWelfareCheck = (
  transaction: Transaction,
  { municipalityId, neighbourId, reason }: { municipalityId: string; neighbourId: string; reason: string },
) =>
  transaction
    .insertInto('welfare_checks')
    .values({ municipality_id: municipalityId, neighbour_id: neighbourId, reason })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const countWelfareChecks = (transaction: Transaction) =>
  transaction
    .selectFrom('welfare_checks')
    .select((one) => one.fn.countAll<string>().as('waiting'))
    .where('looked_on', 'is', null)
    .executeTakeFirstOrThrow()

export const welfareChecksRaised = (
  transaction: Transaction,
  { after, most }: { after: After | undefined; most: number },
) =>
  transaction
    .selectFrom('welfare_checks')
    .select(['id', 'neighbour_id', 'reason', 'raised_on'])
    .where('looked_on', 'is', null)
    .$if(after !== undefined, (query) =>
      query.where((row) =>
        row.or([
          row('raised_on', '>', after?.at ?? ''),
          row.and([row('raised_on', '=', after?.at ?? ''), row('id', '>', after?.id ?? '')]),
        ]),
      ),
    )
    .orderBy('raised_on')
    .orderBy('id')
    .limit(most)
    .execute()

export const markWelfareLooked = (
  transaction: Transaction,
  { lookedBy, lookedOn, id }: { lookedBy: string; lookedOn: string; id: string },
) =>
  transaction
    .updateTable('welfare_checks')
    .set({ looked_by: lookedBy, looked_on: lookedOn })
    .where('id', '=', id)
    .where('looked_on', 'is', null)
    .executeTakeFirst()

export const anyHidden = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('neighbours')
    .select('id')
    .where('municipality_id', '=', municipalityId)
    .where('protected', '=', true)
    .limit(1)
    .execute()

export const lockHides = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('neighbours')
    .select('protected as hides')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirstOrThrow()

export const protectedAmong = (
  transaction: Transaction,
  { municipalityId, ids }: { municipalityId: string; ids: string[] },
) =>
  transaction
    .selectFrom('neighbours')
    .select('id')
    // An import is brought by the owner's login, which sees every town.
    .where('municipality_id', '=', municipalityId)
    .where('id', 'in', ids)
    .where('protected', '=', true)
    .execute()

export const livingHereAmong = (transaction: Transaction, ids: readonly string[]) =>
  transaction.selectFrom('neighbours').select('id').where('id', 'in', ids).where('departed_on', 'is', null).execute()

export const lockVersions = (transaction: Transaction, ids: readonly string[]) =>
  transaction
    .selectFrom('neighbours')
    .select(['id', 'version'])
    .where('id', 'in', ids)
    .orderBy('id')
    .forUpdate()
    .execute()
