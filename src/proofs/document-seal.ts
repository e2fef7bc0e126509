import { exportJWK, importJWK, type JWK } from 'jose'
import { openOwn, recordRegistryKey, storeDataKey } from '../firewall/municipality-keys.ts'
import { newDataKey } from '../firewall/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import { inMunicipality } from '../platform/database.ts'
import type { Municipality } from '../registry/municipality.ts'
import { cadesSignature, type DocumentSeal, selfSigned } from './press/pades.ts'
import type { KeyDeps } from './signing-keys.ts'

const YEARS = 10
const column = (id: string) => ({ table: 'document_seals', column: 'private_jwk', row: id })

/** The seal of a city's documents, made the first time one is needed. */
export async function documentSeal(deps: KeyDeps, town: Municipality): Promise<DocumentSeal> {
  const existing = await readSeal(deps, town)
  if (existing) return existing
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const city = town.name[town.languages[0] ?? ''] ?? town.slug
  const from = new Date(deps.clock.now().epochMilliseconds)
  const certificate = await selfSigned(pair, { city, country: town.countryCode }, from, YEARS)
  const privateJwk = await exportJWK(pair.privateKey)
  const dataKey = newDataKey(uuidv7())
  const id = uuidv7()
  await inMunicipality(deps.database, town.id, async (transaction) => {
    await recordRegistryKey(transaction, town.id, deps.keys.currentKeyId())
    await storeDataKey(transaction, dataKey.wrap(deps.keys, town.id, 'signing-key'))
    await transaction
      .insertInto('document_seals')
      .values({
        id,
        municipality_id: town.id,
        data_key_id: dataKey.id,
        certificate: Buffer.from(certificate),
        private_jwk: Buffer.from(dataKey.seal(column(id), privateJwk)),
      })
      // Another process may have made one meanwhile: that one it is.
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  })
  const made = await readSeal(deps, town)
  if (made === undefined) throw new Error('a document seal was made and is not there')
  return made
}

async function readSeal(deps: KeyDeps, town: Municipality): Promise<DocumentSeal | undefined> {
  const row = await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .selectFrom('document_seals')
      .innerJoin('data_keys', 'data_keys.id', 'document_seals.data_key_id')
      .select(['document_seals.id as seal_id', 'certificate', 'private_jwk'])
      .select(['data_keys.id', 'data_keys.municipality_id', 'owner', 'registry_key_id', 'wrapped'])
      .where('document_seals.municipality_id', '=', town.id)
      .where('retired_at', 'is', null)
      .executeTakeFirst(),
  )
  if (row === undefined) return undefined
  const jwk = openOwn(deps.keys, row, column(row.seal_id), row.private_jwk) as JWK
  const privateKey = await importJWK(jwk, 'ES256')
  if (privateKey instanceof Uint8Array) throw new Error('a seal is not a symmetric key')
  return { certificate: row.certificate, privateKey }
}

/** Puts the city's seal on a printed document. @returns the whole file */
export type SealDocument = (town: Municipality, pdf: Buffer) => Promise<Uint8Array>

export const sealWith =
  (
    deps: KeyDeps,
    sign: (pdf: Buffer, signature: (content: Uint8Array) => Promise<Uint8Array>) => Promise<Uint8Array>,
  ): SealDocument =>
  async (town, pdf) => {
    const seal = await documentSeal(deps, town)
    return sign(pdf, (content) => cadesSignature(seal, content))
  }
