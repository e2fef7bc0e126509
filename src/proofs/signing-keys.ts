import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { KeyProvider } from '../keys/key-provider.ts'
import { openOwn, recordRegistryKey, storeDataKey } from '../keys/municipality-keys.ts'
import { newDataKey } from '../keys/seal.ts'
import { type Clock, uuidv7 } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import type { InstallationWatch } from '../platform/installation.ts'
import { DatabaseAway } from '../platform/postgres.ts'
import { Problem } from '../platform/problem.ts'
import {
  endSigning,
  keepSigningKey,
  keyInForce,
  lockKeysSigning,
  privateKeyRow,
  publishedKeyRows,
  withdrawKey,
} from './key-store.ts'
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
  const rows = await publishedKeyRows(transaction, { municipalityId, now })
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
      const row = await keyInForce(transaction, { municipalityId, now })
      if (row === undefined) throw new NoKeySigns()
      if (row.follows) throw new DatabaseAway('25006')
      // Nothing is signed over a database that was put back.
      deps.watch?.see(
        { id: row.installation, epoch: row.epoch, mark: Number(row.mark), journaled: Number(row.journaled) },
        since,
      )
      const known = imported.get(row.id)
      if (known) return known
      const sealed = await privateKeyRow(transaction, row.id)
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
    const earlier = await lockKeysSigning(transaction, municipalityId)
    const now = deps.clock.now().round({ smallestUnit: 'millisecond', roundingMode: 'trunc' })
    const start = earlier.length === 0 ? now : now.add(overlap)
    if (earlier.length > 0) {
      await endSigning(transaction, {
        signsUntil: start.toString(),
        publishedUntil: start.add(LONGEST_PROOF).toString(),
        ids: earlier.map((key) => key.id),
      })
    }
    await recordRegistryKey(transaction, municipalityId, deps.keys.currentKeyId())
    await storeDataKey(transaction, dataKey.wrap(deps.keys, municipalityId, 'signing-key'))
    await keepSigningKey(transaction, {
      id,
      municipality_id: municipalityId,
      data_key_id: dataKey.id,
      algorithm,
      public_jwk: JSON.parse(JSON.stringify(publicJwk)),
      private_jwk: Buffer.from(dataKey.seal({ table: 'signing_keys', column: 'private_jwk', row: id }, privateJwk)),
      signs_from: start.toString(),
    })
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
    withdrawKey(transaction, { withdrawnAt: deps.clock.now().toString(), id: kid }),
  )
  if (withdrawn === undefined) return false
  if (withdrawn.signs_until === null) {
    const algorithm = withdrawn.algorithm === 'EdDSA' ? 'EdDSA' : 'ES256'
    await rotateSigningKey(deps, municipalityId, { algorithm, overlap: Temporal.Duration.from({ seconds: 0 }) })
  }
  return true
}
