import { type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Transaction } from '../platform/database.ts'

// The SQL of signing keys and of the seals of documents.

export const publishedKeyRows = (
  transaction: Transaction,
  { municipalityId, now }: { municipalityId: string; now: Date },
) =>
  transaction
    .selectFrom('signing_keys')
    .select(['public_jwk', 'id', 'algorithm'])
    .where('municipality_id', '=', municipalityId)
    .where('withdrawn_at', 'is', null)
    .where((where) => where.or([where('published_until', 'is', null), where('published_until', '>', now)]))
    .orderBy('signs_from')
    .execute()

/** The key that signs at this moment, with how this database came to be: a copy must not sign. */
export const keyInForce = (transaction: Transaction, { municipalityId, now }: { municipalityId: string; now: Date }) =>
  transaction
    .selectFrom('signing_keys')
    .innerJoin('installation', (join) => join.onTrue())
    .select(['signing_keys.id', 'algorithm', 'installation.id as installation', 'epoch', 'mark', 'journaled'])
    .select(sql<boolean>`pg_is_in_recovery()`.as('follows'))
    .where('municipality_id', '=', municipalityId)
    .where('withdrawn_at', 'is', null)
    .where('signs_from', '<=', now)
    .where((where) => where.or([where('signs_until', 'is', null), where('signs_until', '>', now)]))
    .orderBy('signs_from', 'desc')
    .executeTakeFirst()

export const privateKeyRow = (transaction: Transaction, id: string) =>
  transaction
    .selectFrom('signing_keys')
    .innerJoin('data_keys', 'data_keys.id', 'signing_keys.data_key_id')
    .select([
      'signing_keys.private_jwk',
      'data_keys.id',
      'data_keys.municipality_id',
      'owner',
      'registry_key_id',
      'wrapped',
    ])
    .where('signing_keys.id', '=', id)
    .executeTakeFirstOrThrow()

export const lockKeysSigning = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('signing_keys')
    .select('id')
    .where('municipality_id', '=', municipalityId)
    .where('signs_until', 'is', null)
    .where('withdrawn_at', 'is', null)
    .forUpdate()
    .execute()

export const endSigning = (
  transaction: Transaction,
  { signsUntil, publishedUntil, ids }: { signsUntil: string; publishedUntil: string; ids: string[] },
) =>
  transaction
    .updateTable('signing_keys')
    .set({ signs_until: signsUntil, published_until: publishedUntil })
    .where('id', 'in', ids)
    .execute()

export const keepSigningKey = (transaction: Transaction, row: Insertable<DB['signing_keys']>) =>
  transaction.insertInto('signing_keys').values(row).execute()

export const withdrawKey = (transaction: Transaction, { withdrawnAt, id }: { withdrawnAt: string; id: string }) =>
  transaction
    .updateTable('signing_keys')
    .set({ withdrawn_at: withdrawnAt })
    .where('id', '=', id)
    .where('withdrawn_at', 'is', null)
    .returning(['algorithm', 'signs_until'])
    .executeTakeFirst()

/** What one of the city's certificates is for: each has a key of its own. */
export type SealUse = 'documents' | 'questions'

export const sealCertificate = (
  transaction: Transaction,
  { municipalityId, signs }: { municipalityId: string; signs: SealUse },
) =>
  transaction
    .selectFrom('document_seals')
    .select('certificate')
    .where('municipality_id', '=', municipalityId)
    .where('signs', '=', signs)
    .where('retired_at', 'is', null)
    .executeTakeFirst()

export const retireSeal = (
  transaction: Transaction,
  { retiredAt, municipalityId, signs }: { retiredAt: string; municipalityId: string; signs: SealUse },
) =>
  transaction
    .updateTable('document_seals')
    .set({ retired_at: retiredAt })
    .where('municipality_id', '=', municipalityId)
    .where('signs', '=', signs)
    .where('retired_at', 'is', null)
    .execute()

export const keepSeal = (transaction: Transaction, row: Insertable<DB['document_seals']>) =>
  transaction
    .insertInto('document_seals')
    .values(row)
    // Another process may have made one meanwhile: that one it is.
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const sealWithKey = (
  transaction: Transaction,
  { municipalityId, signs }: { municipalityId: string; signs: SealUse },
) =>
  transaction
    .selectFrom('document_seals')
    .innerJoin('data_keys', 'data_keys.id', 'document_seals.data_key_id')
    .select(['document_seals.id as seal_id', 'certificate', 'private_jwk'])
    .select(['data_keys.id', 'data_keys.municipality_id', 'owner', 'registry_key_id', 'wrapped'])
    .where('document_seals.municipality_id', '=', municipalityId)
    .where('signs', '=', signs)
    .where('retired_at', 'is', null)
    .executeTakeFirst()
