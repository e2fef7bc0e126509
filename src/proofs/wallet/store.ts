import { type Insertable, sql } from 'kysely'
import type { DB } from '../../../schema/database.ts'
import { isNeighbour } from '../../identity/resident-store.ts'
import type { Transaction } from '../../platform/database.ts'

// The SQL of offers to wallets, nonces, and requests to present.

export const keepOffer = (transaction: Transaction, row: Insertable<DB['wallet_offers']>) =>
  transaction.insertInto('wallet_offers').values(row).execute()

export const lockOffer = (transaction: Transaction, { codeHash, now }: { codeHash: Buffer; now: Date }) =>
  transaction
    .selectFrom('wallet_offers')
    .select(['id', 'transaction_hash', 'attempts'])
    .where('code_hash', '=', codeHash)
    .where('token_hash', 'is', null)
    .where((row) => isNeighbour(row.ref('neighbour_id')))
    .where('expires_at', '>', now)
    .forUpdate()
    .executeTakeFirst()

export const noteRedeemed = (
  transaction: Transaction,
  { right, tokenHash, attempts, id }: { right: boolean; tokenHash: Buffer; attempts: number; id: string },
) =>
  transaction
    .updateTable('wallet_offers')
    .set(right ? { token_hash: tokenHash } : { attempts })
    .where('id', '=', id)
    .execute()

/** Remembers a number that a wallet signed. Inserts nothing where it was signed before. */
export const keepNonce = (
  transaction: Transaction,
  { municipalityId, nonceHash, expiresAt }: { municipalityId: string; nonceHash: Buffer; expiresAt: string },
) =>
  transaction
    .insertInto('wallet_nonces')
    .values({ municipality_id: municipalityId, nonce_hash: nonceHash, expires_at: expiresAt })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()

export const offerWithToken = (
  transaction: Transaction,
  { tokenHash, expiresAfter }: { tokenHash: Buffer; expiresAfter: Date },
) =>
  transaction
    .selectFrom('wallet_offers')
    .select(['id', 'neighbour_id', 'profile', 'handed_to'])
    .where('token_hash', '=', tokenHash)
    .where((row) => isNeighbour(row.ref('neighbour_id')))
    .where('expires_at', '>', expiresAfter)
    .executeTakeFirst()

export const markOfferIssued = (transaction: Transaction, { issuedAt, id }: { issuedAt: string; id: string }) =>
  transaction.updateTable('wallet_offers').set({ issued_at: issuedAt }).where('id', '=', id).execute()

export const noteOfferOutcome = (transaction: Transaction, { outcome, id }: { outcome: string; id: string }) =>
  transaction.updateTable('wallet_offers').set({ outcome }).where('id', '=', id).execute()

export const offersMade = (transaction: Transaction, neighbourId: string) =>
  transaction
    .selectFrom('wallet_offers')
    .select(['id', 'profile', 'expires_at', 'issued_at'])
    .where('neighbour_id', '=', neighbourId)
    .orderBy('expires_at')
    .execute()

export const keepPresentationRequest = (transaction: Transaction, row: Insertable<DB['presentation_requests']>) =>
  transaction.insertInto('presentation_requests').values(row).execute()

/** Of a question in time: to whom it is put, and what came. */
export const presentationRequest = (transaction: Transaction, { id, now }: { id: string; now: Date }) =>
  transaction
    .selectFrom('presentation_requests')
    .select('request_object')
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst()

export const addPresentationAnswer = (
  transaction: Transaction,
  { answer, id, now }: { answer: string; id: string; now: Date },
) =>
  transaction
    .updateTable('presentation_requests')
    // The oldest makes room: what a bystander sends shuts out nobody who answers after it.
    .set({
      answers: sql`array_append(answers[greatest(1, cardinality(answers) - ${MOST_ANSWERS}::integer + 2):], ${answer}::text)`,
    })
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst()

/** Takes what came: nothing of it stays here. */
export const takePresentationAnswers = (
  transaction: Transaction,
  { counterId, id, now }: { counterId: string; id: string; now: Date },
) =>
  transaction
    .with('came', (before) =>
      before
        .selectFrom('presentation_requests')
        .select(['id', 'answers'])
        .where('id', '=', id)
        .where('counter_id', '=', counterId)
        .where('expires_at', '>', now)
        .forUpdate(),
    )
    .updateTable('presentation_requests')
    .from('came')
    .set({ answers: sql`'{}'` })
    .whereRef('presentation_requests.id', '=', 'came.id')
    .returning('came.answers')
    .executeTakeFirst()

export const dropPresentationRequest = (
  transaction: Transaction,
  { counterId, id }: { counterId: string; id: string },
) =>
  transaction
    .deleteFrom('presentation_requests')
    .where('id', '=', id)
    .where('counter_id', '=', counterId)
    .executeTakeFirst()

/** What came at once, until the counter looks: whoever sees the QR code can send something. */
export const MOST_ANSWERS = 8

export const keepCounter = (transaction: Transaction, row: Insertable<DB['counters']>) =>
  transaction.insertInto('counters').values(row).execute()

export const countersOpenOf = (
  transaction: Transaction,
  { organisationId, now }: { organisationId: string; now: Date },
) =>
  transaction
    .selectFrom('counters')
    .select(sql<number>`count(*)::integer`.as('open'))
    .where('organisation_id', '=', organisationId)
    .where('expires_at', '>', now)
    // A code that ran out unused is no desk.
    .where((where) => where.or([where('session_hash', 'is not', null), where('code_until', '>', now)]))
    .executeTakeFirstOrThrow()

export const enterWithCode = (
  transaction: Transaction,
  { code, session, profile, now }: { code: Buffer; session: Buffer; profile: string; now: Date },
) =>
  transaction
    .updateTable('counters')
    .set({ code_hash: null, session_hash: session })
    .where('code_hash', '=', code)
    .where('profile', '=', profile)
    .where('code_until', '>', now)
    .executeTakeFirst()

export const counterBySession = (
  transaction: Transaction,
  { session, profile, now }: { session: Buffer; profile: string; now: Date },
) =>
  transaction
    .selectFrom('counters')
    .select(['id', 'organisation_id', 'client_id'])
    .where('session_hash', '=', session)
    .where('profile', '=', profile)
    .where('expires_at', '>', now)
    .executeTakeFirst()

export const dropCounter = (transaction: Transaction, id: string) =>
  transaction.deleteFrom('counters').where('id', '=', id).execute()

export const dropCountersOf = (
  transaction: Transaction,
  { organisationId, profile }: { organisationId: string; profile: string },
) =>
  transaction
    .deleteFrom('counters')
    .where('organisation_id', '=', organisationId)
    .where('profile', '=', profile)
    .executeTakeFirst()
