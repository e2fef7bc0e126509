import { type Expression, type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'

// The SQL of the ways in of neighbours: cards, passkeys, codes to enrol, helpers.

export const keepHelper = (transaction: Transaction, row: Insertable<DB['helpers']>) =>
  transaction
    .insertInto('helpers')
    .values(row)
    .onConflict((known) => known.columns(['municipality_id', 'code_hash']).doNothing())
    .executeTakeFirst()

export const helpersNamed = (
  transaction: Transaction,
  { neighbourId, which }: { neighbourId: string; which: { on: Temporal.PlainDate } | 'ever' },
) =>
  transaction
    .selectFrom('helpers')
    .select(['id', 'details', 'until', 'created_at', 'ended_at'])
    .where('neighbour_id', '=', neighbourId)
    .$if(which !== 'ever', (query) =>
      query.where('ended_at', 'is', null).where('until', '>=', which === 'ever' ? '' : which.on.toString()),
    )
    .orderBy('created_at')
    .execute()

export const helperUnder = (transaction: Transaction, { codeHash, until }: { codeHash: Buffer; until: string }) =>
  transaction
    .selectFrom('helpers')
    .select(['id', 'neighbour_id', 'details'])
    .where('code_hash', '=', codeHash)
    .where('ended_at', 'is', null)
    .where((helper) => isNeighbour(helper.ref('neighbour_id')))
    .where('until', '>=', until)
    .executeTakeFirst()

/** Remembers a number that was signed. Inserts nothing where it was signed before. */
export const keepChallenge = (
  transaction: Transaction,
  { municipalityId, challengeHash, expiresAt }: { municipalityId: string; challengeHash: Buffer; expiresAt: string },
) =>
  transaction
    .insertInto('passkey_challenges')
    .values({ municipality_id: municipalityId, challenge_hash: challengeHash, expires_at: expiresAt })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()

export const passkeysInUse = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('passkeys')
    .select(['handle', 'credential'])
    .where('neighbour_id', '=', neighbourId)
    .where('removed_at', 'is', null)
    .execute()

export const enrolmentUnder = (transaction: Transaction, { codeHash, now }: { codeHash: Buffer; now: Date }) =>
  transaction
    .selectFrom('enrolments')
    .select('neighbour_id')
    .where('code_hash', '=', codeHash)
    .where('expires_at', '>', now)
    .where((row) => isNeighbour(row.ref('neighbour_id')))
    .executeTakeFirst()

export const useEnrolment = (transaction: Transaction, { codeHash, now }: { codeHash: Buffer; now: Date }) =>
  transaction
    .deleteFrom('enrolments')
    .where('code_hash', '=', codeHash)
    .where('expires_at', '>', now)
    .where((row) => isNeighbour(row.ref('neighbour_id')))
    .returning(['neighbour_id', 'given_by', 'given_from'])
    .executeTakeFirst()

export const keepPasskeyRow = (transaction: Transaction, row: Insertable<DB['passkeys']>) =>
  transaction.insertInto('passkeys').values(row).execute()

export const passkeyOf = (transaction: Transaction, id: Buffer) =>
  transaction
    .selectFrom('passkeys')
    .select(['public_key', 'counter', 'neighbour_id', 'handle', 'created_at', 'works_from', 'used_at'])
    .select(sql<boolean>`is_locked_down()`.as('closed'))
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .where((row) => isNeighbour(row.ref('neighbour_id')))
    .executeTakeFirst()

export const lockPasskey = (transaction: Transaction, id: Buffer) =>
  transaction.selectFrom('passkeys').select('counter').where('id', '=', id).forUpdate().executeTakeFirstOrThrow()

export const markPasskeyUsed = (
  transaction: Transaction,
  { counter, usedAt, id }: { counter: number; usedAt: string; id: Buffer },
) => transaction.updateTable('passkeys').set({ counter, used_at: usedAt }).where('id', '=', id).execute()

export const passkeysOf = (
  transaction: Transaction,
  { neighbourId, which }: { neighbourId: string; which: 'in-use' | 'ever' },
) =>
  transaction
    .selectFrom('passkeys')
    .select(['handle', 'device', 'created_at', 'works_from', 'used_at'])
    .where('neighbour_id', '=', neighbourId)
    .$if(which === 'in-use', (query) => query.where('removed_at', 'is', null))
    .orderBy('created_at')
    .execute()

/** Held until its try is over: tries that are made at once are counted one by one. */
/** Cards that a departure ended. */
export const cardsOfTheGone = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('resident_cards')
    .select('id')
    .where('neighbour_id', '=', neighbourId)
    .where('ended_by', '=', 'departure')
    .execute()

export const keepFarewell = (transaction: Transaction, { id, farewell }: { id: string; farewell: Buffer }) =>
  transaction.updateTable('resident_cards').set({ farewell }).where('id', '=', id).execute()

export const lockCard = (transaction: Transaction, codeHash: Buffer) =>
  transaction
    .selectFrom('resident_cards')
    .select([
      'id',
      'neighbour_id',
      'word_hash',
      'failures',
      'failures_known',
      'ended_by',
      'farewell',
      'created_at',
      'works_from',
      'shows_from',
      'used_at',
    ])
    .select((row) => isNeighbour(row.ref('neighbour_id')).as('lives_here'))
    .select(sql<boolean>`is_locked_down()`.as('closed'))
    .where('code_hash', '=', codeHash)
    .where((where) => where.or([where('cancelled_at', 'is', null), where('ended_by', '=', 'departure')]))
    .forUpdate()
    .executeTakeFirst()

/** @param known wrong words from known devices and at the desk, where it was one of them */
export const noteCardTried = (
  transaction: Transaction,
  {
    failures,
    known,
    usedAt,
    id,
  }: { failures: number; known: Readonly<Record<string, number>>; usedAt: string | Date | null; id: string },
) =>
  transaction
    .updateTable('resident_cards')
    .set({ failures, failures_known: sql`${JSON.stringify(known)}::text::jsonb`, used_at: usedAt })
    .where('id', '=', id)
    .execute()

/**
 * Whether somebody is a neighbour now, as SQL: for whatever lets them in, and whatever others may do for them. Whoever
 * left, died or was removed is none. Access asks this each time it is used, and does not rest on being tidied up.
 *
 * @param whose the id, of any type that PostgreSQL casts to a UUID
 */
export const isNeighbour = (whose: Expression<unknown>) => sql<boolean>`is_neighbour(${whose}::uuid)`

/** Whether a record was joined to another: the person is there, in the other. */
export async function isJoined(transaction: Transaction, id: string): Promise<boolean> {
  const { rows } = await sql<{ joined: boolean }>`select record_of(${id}::uuid) <> ${id}::uuid as joined`.execute(
    transaction,
  )
  return rows[0]?.joined ?? false
}

export const codeHash = (hash: (text: string) => Buffer, code: string) => hash(`card ${code}`)

export const anyCardOf = (transaction: Transaction, neighbourId: string) =>
  transaction.selectFrom('resident_cards').select('id').where('neighbour_id', '=', neighbourId).executeTakeFirst()

/** Who made a way in at a counter, and from where. */
export const wayGiven = (transaction: Transaction, way: { kind: 'card' | 'telephone'; id: string }) =>
  way.kind === 'card'
    ? transaction
        .selectFrom('resident_cards')
        .select(['given_by', 'given_from', 'created_at'])
        .where('id', '=', way.id)
        .executeTakeFirst()
    : transaction
        .selectFrom('passkeys')
        .select(['given_by', 'given_from', 'created_at'])
        .where('handle', '=', way.id)
        .executeTakeFirst()

/** Lets a card or a telephone of a neighbour's work that was to work later: as one that never waited. */
export async function letWayWork(
  transaction: Transaction,
  { neighbourId, id }: { neighbourId: string; id: string },
): Promise<boolean> {
  const card = await transaction
    .updateTable('resident_cards')
    .set((row) => ({ works_from: row.ref('created_at'), shows_from: row.ref('created_at') }))
    .where('neighbour_id', '=', neighbourId)
    .where('id', '=', id)
    .where('cancelled_at', 'is', null)
    .where('used_at', 'is', null)
    .whereRef('works_from', '>', 'created_at')
    .executeTakeFirst()
  const telephone = await transaction
    .updateTable('passkeys')
    .set((row) => ({ works_from: row.ref('created_at'), shows_from: row.ref('created_at') }))
    .where('neighbour_id', '=', neighbourId)
    .where('handle', '=', id)
    .where('removed_at', 'is', null)
    .where('used_at', 'is', null)
    .whereRef('works_from', '>', 'created_at')
    .executeTakeFirst()
  return card.numUpdatedRows + telephone.numUpdatedRows > 0n
}

/**
 * Cancels cards that another takes the place of.
 *
 * @param madeBefore only those made before this: of what was made since, another was meant
 * @param which all of them, or those that do not work yet
 */
export const cancelCards = (
  transaction: Transaction,
  {
    cancelledAt,
    neighbourId,
    madeBefore,
    which = 'all',
  }: { cancelledAt: Temporal.Instant; neighbourId: string; madeBefore?: Date; which?: 'all' | 'waiting' },
) =>
  transaction
    .updateTable('resident_cards')
    .set({ cancelled_at: cancelledAt.toString(), ended_by: 'replaced' })
    .where('neighbour_id', '=', neighbourId)
    .where('cancelled_at', 'is', null)
    .$if(madeBefore !== undefined, (query) => query.where('created_at', '<', madeBefore ?? new Date(0)))
    .$if(which === 'waiting', (query) => query.where('works_from', '>', new Date(cancelledAt.epochMilliseconds)))
    .execute()

export const keepCard = (transaction: Transaction, row: Insertable<DB['resident_cards']>) =>
  transaction.insertInto('resident_cards').values(row).execute()

export const keepEnrolment = (transaction: Transaction, row: Omit<Insertable<DB['enrolments']>, 'id'>) =>
  transaction
    .insertInto('enrolments')
    .values({ id: uuidv7(), ...row })
    .execute()

export const cardsInForce = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('resident_cards')
    .select(['id', 'created_at', 'works_from', 'used_at'])
    .where('neighbour_id', '=', neighbourId)
    .where('cancelled_at', 'is', null)
    .orderBy('created_at')
    .execute()

export const cardsEver = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('resident_cards')
    .select(['id', 'created_at', 'used_at', 'cancelled_at', 'ended_by'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('created_at')
    .execute()

export const enrolmentsOpen = (transaction: Transaction, { neighbourId, now }: { neighbourId: string; now: Date }) =>
  transaction
    .selectFrom('enrolments')
    .select('expires_at')
    .where('neighbour_id', '=', neighbourId)
    .where('expires_at', '>', now)
    .execute()

export const loseCards = (
  transaction: Transaction,
  {
    cancelledAt,
    neighbourId,
    id,
    working = false,
  }: { cancelledAt: string; neighbourId: string; id?: string | undefined; working?: boolean },
) =>
  transaction
    .updateTable('resident_cards')
    .set({ cancelled_at: cancelledAt, ended_by: 'lost' })
    .where('neighbour_id', '=', neighbourId)
    .where('cancelled_at', 'is', null)
    .$if(id !== undefined, (query) => query.where('id', '=', id ?? ''))
    .$if(working, (query) => query.where('works_from', '<=', new Date(cancelledAt)))
    .execute()

export const removePasskeys = (
  transaction: Transaction,
  {
    removedAt,
    neighbourId,
    addedSince,
    what,
    ending,
  }: {
    removedAt: string
    neighbourId: string
    addedSince: Date
    what: 'telephone' | 'lost' | 'everything'
    ending:
      | { what: 'telephone'; id: string }
      | { what: 'lost'; telephonesToo: boolean; since?: Temporal.PlainDate | undefined }
      | { what: 'everything' }
  },
) =>
  transaction
    .updateTable('passkeys')
    .set({ removed_at: removedAt })
    .where('neighbour_id', '=', neighbourId)
    .where('removed_at', 'is', null)
    .where('created_at', '>=', addedSince)
    .$if(what === 'telephone', (query) => query.where('handle', '=', 'id' in ending ? ending.id : ''))
    .execute()

export const endHelpers = (
  transaction: Transaction,
  {
    endedAt,
    neighbourId,
    addedSince,
    what,
    ending,
  }: {
    endedAt: string
    neighbourId: string
    addedSince: Date
    what: 'helper' | 'lost' | 'everything'
    ending:
      | { what: 'helper'; id: string }
      | { what: 'lost'; telephonesToo: boolean; since?: Temporal.PlainDate | undefined }
      | { what: 'everything' }
  },
) =>
  transaction
    .updateTable('helpers')
    .set({ ended_at: endedAt })
    .where('neighbour_id', '=', neighbourId)
    .where('ended_at', 'is', null)
    .where('created_at', '>=', addedSince)
    .$if(what === 'helper', (query) => query.where('id', '=', 'id' in ending ? ending.id : ''))
    .execute()

export const endSessionsOf = (
  transaction: Transaction,
  {
    subject,
    what,
    ending,
    all,
    here,
  }: {
    subject: string
    what: 'session' | 'lost' | 'everything'
    ending:
      | { what: 'session'; id: string }
      | { what: 'lost'; telephonesToo: boolean; since?: Temporal.PlainDate | undefined }
      | { what: 'everything' }
    all: boolean
    here: string | undefined
  },
) =>
  transaction
    .deleteFrom('sessions')
    .where('kind', '=', 'resident')
    .where('subject', '=', subject)
    .$if(what === 'session', (query) => query.where('handle', '=', 'id' in ending ? ending.id : ''))
    .$if(all && here !== undefined, (query) => query.where('handle', '!=', here ?? ''))
    .execute()

export const endUnusedCodes = (transaction: Transaction, neighbourId: string) =>
  sql`select end_unused_codes(${neighbourId}::uuid)`.execute(transaction)
