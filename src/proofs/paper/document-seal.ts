import { exportJWK, importJWK, type JWK } from 'jose'
import { Certificate } from 'pkijs'
import { openOwn, recordRegistryKey, storeDataKey } from '../../keys/municipality-keys.ts'
import { newDataKey } from '../../keys/seal.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { inMunicipality } from '../../platform/database.ts'
import { Problem } from '../../platform/problem.ts'
import type { Municipality } from '../../town/model.ts'
import { keepSeal, retireSeal, type SealUse, sealCertificate, sealWithKey } from '../key-store.ts'
import type { KeyDeps } from '../signing-keys.ts'
import { cadesSignature, type DocumentSeal, selfSigned } from './pades.ts'

const YEARS = 10
/** How long before its end operators are told. */
const WARNED_DAYS = 60

/** @throws when the certificate of the seal has run out: what it would sign says of itself that it is not valid. */
export class SealOver extends Problem {
  constructor() {
    super('seal-over', 503, 'The certificate of the city\u2019s seal has run out. Renew it: padron keys renew-seal')
  }
}

/** When the certificate of a seal ends. @see RFC 5280 section 4.1.2.5 */
const endOf = (certificate: Uint8Array): Temporal.Instant =>
  Certificate.fromBER(Uint8Array.from(certificate)).notAfter.value.toTemporalInstant()
const column = (id: string) => ({ table: 'document_seals', column: 'private_jwk', row: id })

/**
 * The seal of a city's documents, made the first time one is needed.
 *
 * @throws {SealOver} once its certificate has run out
 */
export const documentSeal = (deps: KeyDeps, town: Municipality): Promise<DocumentSeal> =>
  sealFor(deps, town, 'documents')

/**
 * What signs a city's questions to wallets: a key and a certificate that seal no document. Nobody has to keep it, so one that has
 * run out is replaced.
 */
export async function questionSeal(deps: KeyDeps, town: Municipality): Promise<DocumentSeal> {
  try {
    return await sealFor(deps, town, 'questions')
  } catch (error) {
    if (!(error instanceof SealOver)) throw error
    return renewed(deps, town, 'questions')
  }
}

async function sealFor(deps: KeyDeps, town: Municipality, signs: SealUse): Promise<DocumentSeal> {
  const seal = (await readSeal(deps, town, signs)) ?? (await makeSeal(deps, town, signs))
  if (Temporal.Instant.compare(endOf(seal.certificate), deps.clock.now()) <= 0) throw new SealOver()
  return seal
}

/** Until when the seal of documents holds, RFC 3339, and whether that is soon. @returns undefined while nothing was ever sealed */
export async function sealTerm(
  deps: KeyDeps,
  town: Municipality,
): Promise<{ until: string; soon: boolean } | undefined> {
  const row = await inMunicipality(deps.database, town.id, (transaction) =>
    sealCertificate(transaction, { municipalityId: town.id, signs: 'documents' }),
  )
  if (row === undefined) return undefined
  const end = endOf(row.certificate)
  const warned = end.subtract({ hours: 24 * WARNED_DAYS })
  return { until: end.toString(), soon: Temporal.Instant.compare(warned, deps.clock.now()) <= 0 }
}

/**
 * Puts a new seal of documents in the place of the one in force. What that has sealed stays sealed by it.
 *
 * @returns until when the new one holds
 */
export async function renewSeal(deps: KeyDeps, town: Municipality): Promise<string> {
  return endOf((await renewed(deps, town, 'documents')).certificate).toString()
}

async function renewed(deps: KeyDeps, town: Municipality, signs: SealUse): Promise<DocumentSeal> {
  await inMunicipality(deps.database, town.id, (transaction) =>
    retireSeal(transaction, { retiredAt: deps.clock.now().toString(), municipalityId: town.id, signs }),
  )
  return makeSeal(deps, town, signs)
}

async function makeSeal(deps: KeyDeps, town: Municipality, signs: SealUse): Promise<DocumentSeal> {
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const city = town.name[town.languages[0] ?? ''] ?? town.slug
  const from = new Date(deps.clock.now().epochMilliseconds)
  const certificate = await selfSigned(pair, { name: { city, country: town.countryCode }, from, years: YEARS })
  const privateJwk = await exportJWK(pair.privateKey)
  const dataKey = newDataKey(uuidv7())
  const id = uuidv7()
  await inMunicipality(deps.database, town.id, async (transaction) => {
    await recordRegistryKey(transaction, town.id, deps.keys.currentKeyId())
    await storeDataKey(transaction, dataKey.wrap(deps.keys, town.id, 'signing-key'))
    await keepSeal(transaction, {
      id,
      municipality_id: town.id,
      signs,
      data_key_id: dataKey.id,
      certificate: Buffer.from(certificate),
      private_jwk: Buffer.from(dataKey.seal(column(id), privateJwk)),
    })
  })
  const made = await readSeal(deps, town, signs)
  if (made === undefined) throw new Error('a document seal was made and is not there')
  return made
}

async function readSeal(deps: KeyDeps, town: Municipality, signs: SealUse): Promise<DocumentSeal | undefined> {
  const row = await inMunicipality(deps.database, town.id, (transaction) =>
    sealWithKey(transaction, { municipalityId: town.id, signs }),
  )
  if (row === undefined) return undefined
  const jwk = openOwn(deps.keys, { row, location: column(row.seal_id), sealed: row.private_jwk }) as JWK
  const privateKey = await importJWK(jwk, 'ES256')
  if (privateKey instanceof Uint8Array) throw new Error('a seal is not a symmetric key')
  return { certificate: row.certificate, privateKey }
}

/** Puts a city's seal on a printed document. @returns the whole file */
export type SealDocument = (pdf: Buffer) => Promise<Uint8Array>

/** @returns what fetches a city's seal; putting it on a document asks the database nothing more */
export const sealWith =
  (
    deps: KeyDeps,
    sign: (pdf: Buffer, signature: (content: Uint8Array) => Promise<Uint8Array>) => Promise<Uint8Array>,
  ): ((town: Municipality) => Promise<SealDocument>) =>
  async (town) => {
    const seal = await documentSeal(deps, town)
    return (pdf) => sign(pdf, (content) => cadesSignature(seal, content))
  }
