import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { sql } from 'kysely'
import type { KeyProvider } from '../keys/key-provider.ts'
import { openOwn, recordRegistryKey, storeDataKey } from '../keys/municipality-keys.ts'
import { newDataKey } from '../keys/seal.ts'
import { type Clock, uuidv7 } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import type { InstallationWatch } from '../platform/installation.ts'
import { DatabaseAway } from '../platform/postgres.ts'
import { Problem } from '../platform/problem.ts'
import type { SigningKey } from './sd-jwt.ts'

export interface KeyDeps {
  database: Database
  clock: Clock
  keys: KeyProvider
}

/** Longest a proof is valid; a retired key stays published that long. */
const LONGEST_PROOF = Temporal.Duration.from({ hours: 93 * 24 })

/** The public keys with which proofs of this municipality can be checked (RFC 7517). Withdrawn keys are gone at once. */
export async function publishedKeys(deps: KeyDeps, municipalityId: string): Promise<{ keys: JWK[] }> {
  return inMunicipality(deps.database, municipalityId, (transaction) =>
    readPublishedKeys(transaction, deps.clock, municipalityId),
  )
}

export async function readPublishedKeys(
  transaction: Transaction,
  clock: Clock,
  municipalityId: string,
): Promise<{ keys: JWK[] }> {
  const now = new Date(clock.now().epochMilliseconds)
  const rows = await transaction
    .selectFrom('signing_keys')
    .select(['public_jwk', 'id', 'algorithm'])
    .where('municipality_id', '=', municipalityId)
    .where('withdrawn_at', 'is', null)
    .where((where) => where.or([where('published_until', 'is', null), where('published_until', '>', now)]))
    .orderBy('signs_from')
    .execute()
  return { keys: rows.map((row) => ({ ...(row.public_jwk as JWK), kid: row.id, alg: row.algorithm, use: 'sig' })) }
}

/** @throws where no key signs now: none was made, all were withdrawn, or the clock is wrong. */
export class NoKeySigns extends Problem {
  constructor() {
    super('no-signing-key', 503, 'No key signs just now. Call whoever looks after this service.')
  }
}

export interface SigningKeys {
  current(transaction: Transaction, municipalityId: string): Promise<SigningKey>
}

/** The key that signs now. Imported private keys are kept in memory by their thumbprint. */
export function signingKeys(deps: Omit<KeyDeps, 'database'> & { watch?: InstallationWatch | undefined }): SigningKeys {
  const imported = new Map<string, SigningKey>()
  return {
    async current(transaction, municipalityId) {
      const now = new Date(deps.clock.now().epochMilliseconds)
      const since = deps.watch?.known
      const row = await transaction
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
      if (row === undefined) throw new NoKeySigns()
      if (row.follows) throw new DatabaseAway('25006')
      // Nothing is signed over a database that was put back.
      deps.watch?.see(
        { id: row.installation, epoch: row.epoch, mark: Number(row.mark), journaled: Number(row.journaled) },
        since,
      )
      const known = imported.get(row.id)
      if (known) return known
      const sealed = await transaction
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
        .where('signing_keys.id', '=', row.id)
        .executeTakeFirstOrThrow()
      const jwk = openOwn(deps.keys, {
        row: sealed,
        location: { table: 'signing_keys', column: 'private_jwk', row: row.id },
        sealed: sealed.private_jwk,
      }) as JWK
      const privateKey = await importJWK(jwk, row.algorithm, { extractable: true })
      if (privateKey instanceof Uint8Array) throw new Error('a signing key is not a symmetric key')
      const key: SigningKey = { kid: row.id, algorithm: row.algorithm === 'EdDSA' ? 'EdDSA' : 'ES256', privateKey }
      imported.set(row.id, key)
      return key
    },
  }
}

/**
 * Makes a new signing key. It is published at once and signs after `overlap`, when verifiers' caches know
 * it; the keys before it sign until then and stay published while their proofs can be valid.
 *
 * @returns its thumbprint
 */
export async function rotateSigningKey(
  deps: KeyDeps,
  municipalityId: string,
  {
    algorithm = 'ES256',
    overlap = Temporal.Duration.from({ hours: 1 }),
  }: { algorithm?: 'ES256' | 'EdDSA' | undefined; overlap?: Temporal.Duration | undefined } = {},
): Promise<string> {
  const pair = await generateKeyPair(algorithm, { extractable: true })
  const publicJwk = await exportJWK(pair.publicKey)
  const privateJwk = await exportJWK(pair.privateKey)
  const id = await calculateJwkThumbprint(publicJwk)
  const dataKey = newDataKey(uuidv7())
  await inMunicipality(deps.database, municipalityId, async (transaction) => {
    const earlier = await transaction
      .selectFrom('signing_keys')
      .select('id')
      .where('municipality_id', '=', municipalityId)
      .where('signs_until', 'is', null)
      .where('withdrawn_at', 'is', null)
      .forUpdate()
      .execute()
    const now = deps.clock.now().round({ smallestUnit: 'millisecond', roundingMode: 'trunc' })
    const start = earlier.length === 0 ? now : now.add(overlap)
    if (earlier.length > 0) {
      await transaction
        .updateTable('signing_keys')
        .set({ signs_until: start.toString(), published_until: start.add(LONGEST_PROOF).toString() })
        .where(
          'id',
          'in',
          earlier.map((key) => key.id),
        )
        .execute()
    }
    await recordRegistryKey(transaction, municipalityId, deps.keys.currentKeyId())
    await storeDataKey(transaction, dataKey.wrap(deps.keys, municipalityId, 'signing-key'))
    await transaction
      .insertInto('signing_keys')
      .values({
        id,
        municipality_id: municipalityId,
        data_key_id: dataKey.id,
        algorithm,
        public_jwk: JSON.parse(JSON.stringify(publicJwk)),
        private_jwk: Buffer.from(dataKey.seal({ table: 'signing_keys', column: 'private_jwk', row: id }, privateJwk)),
        signs_from: start.toString(),
      })
      .execute()
  })
  return id
}

/** Makes the first signing key of a municipality that has none. */
export async function ensureSigningKey(
  deps: KeyDeps,
  municipalityId: string,
  algorithm: 'ES256' | 'EdDSA' = 'ES256',
): Promise<void> {
  const { keys } = await publishedKeys(deps, municipalityId)
  if (keys.length === 0) await rotateSigningKey(deps, municipalityId, { algorithm })
}

/**
 * Takes a key out of the published set at once: everything it signed stops verifying. Where it was the one
 * that signs, a new one takes its place at once, so that the city can go on.
 *
 * @returns false when there is no such key in force
 */
export async function withdrawSigningKey(deps: KeyDeps, municipalityId: string, kid: string): Promise<boolean> {
  const withdrawn = await inMunicipality(deps.database, municipalityId, (transaction) =>
    transaction
      .updateTable('signing_keys')
      .set({ withdrawn_at: deps.clock.now().toString() })
      .where('id', '=', kid)
      .where('withdrawn_at', 'is', null)
      .returning(['algorithm', 'signs_until'])
      .executeTakeFirst(),
  )
  if (withdrawn === undefined) return false
  if (withdrawn.signs_until === null) {
    const algorithm = withdrawn.algorithm === 'EdDSA' ? 'EdDSA' : 'ES256'
    await rotateSigningKey(deps, municipalityId, { algorithm, overlap: Temporal.Duration.from({ seconds: 0 }) })
  }
  return true
}
