import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CompactEncrypt,
  calculateJwkThumbprint,
  compactDecrypt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose'
import type { Clock } from '../platform/clock.ts'
import { syncFolder } from '../platform/durable.ts'
import { type Epoch, type EpochSet, epochBytes, markOf, parseEpochs } from './epochs.ts'
import { KeyMaterialInvalid } from './key-faults.ts'

// Copies of the epoch keys for whoever keeps the backups. They are sealed to a public key: neither the service nor whoever takes its
// machine opens one again. A copy goes once no backup needs it any more.

/** @see RFC 7518 section 4.6; RFC 8037 */
const SEALING = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' } as const
/** When it was made, which keys are in it, and to whom it is sealed. */
const NAME = /^epochs-(\d{13})-([0-9a-f]{16})-([\w-]{16})\.jwe$/

/** The longest that backups may be kept, days: after an erasure somebody could be read again for as long. */
export const MOST_RETENTION = 35

/** Where copies go. */
export interface KeyCopies {
  /** Writes a copy of keys that are in no copy for the present keeper yet. */
  keep(set: EpochSet): Promise<void>
  /** Takes those away that no backup needs any more, and never one of these keys. @returns whether more are to go one day */
  prune(set: EpochSet): Promise<boolean>
}

/** A key pair for whoever keeps the backups: the private half belongs on no machine of the service. */
export async function makeKeeper(): Promise<{ privateJwk: JWK; publicJwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair(SEALING.alg, { crv: 'X25519', extractable: true })
  return { privateJwk: await exportJWK(privateKey), publicJwk: await exportJWK(publicKey) }
}

/** Which keys these are, whatever generation they say they are of. */
function digestOf({ epochs }: EpochSet): string {
  const digest = createHash('sha256')
  const names = epochs.map((one) => `${one.bucket} ${one.epoch} ${markOf(one).toString('hex')}\n`)
  for (const name of names.sort()) digest.update(name)
  return digest.digest('hex').slice(0, 16)
}

const keeperName = async (jwk: JWK) => (await calculateJwkThumbprint(jwk)).slice(0, 16)

/**
 * Copies in a folder, on another disk than the key folder.
 *
 * @param keeper the public key
 * @param days how long backups are kept
 * @throws {KeyMaterialInvalid} for a key that is none, or is the private one
 */
export function keyCopies({
  folder,
  keeper,
  days,
  clock,
}: {
  folder: string
  keeper: string
  days: number
  clock: Clock
}): KeyCopies {
  const jwk = parseKeeper(keeper)
  if (jwk.d !== undefined)
    throw new KeyMaterialInvalid(
      'BACKUP_KEEPER_KEY: this is the private key. It belongs to whoever keeps the backups, and not here.',
    )
  return {
    async keep(set) {
      const [digest, whose] = [digestOf(set), await keeperName(jwk)]
      if (copiesIn(folder).some((copy) => copy.digest === digest && copy.keeper === whose)) return
      const bytes = epochBytes(set)
      const sealed = await new CompactEncrypt(bytes)
        .setProtectedHeader(SEALING)
        .encrypt(await importJWK(jwk, SEALING.alg))
      bytes.fill(0)
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        const path = join(folder, `epochs-${clock.now().epochMilliseconds}-${digest}-${whose}.jwe`)
        const draft = `${path}.${process.pid}.new`
        writeFileSync(draft, sealed, { mode: 0o600, flush: true })
        renameSync(draft, path)
        syncFolder(folder)
      } catch (error) {
        const why = (error as NodeJS.ErrnoException).code ?? 'unknown'
        throw new KeyMaterialInvalid(
          `BACKUP_KEYS_DIR: no copy of the epoch keys can be written into ${folder} (${why}). Nothing was destroyed.`,
        )
      }
    },
    async prune(set) {
      const copies = copiesIn(folder)
      const digest = digestOf(set)
      const over = copies.filter((copy, i) => {
        // A copy is needed by backups until the next one was made.
        const next = copies[i + 1]
        const until = next && Temporal.Instant.fromEpochMilliseconds(next.made).add({ hours: 24 * days })
        return copy.digest !== digest && until !== undefined && Temporal.Instant.compare(until, clock.now()) <= 0
      })
      for (const { name } of over) rmSync(join(folder, name), { force: true })
      return copies.length - over.length > 1
    },
  }
}

/** In the order of their making. */
function copiesIn(folder: string): { name: string; made: number; digest: string; keeper: string }[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder)
    .flatMap((name) => {
      const [, made, digest = '', keeper = ''] = NAME.exec(name) ?? []
      return made === undefined ? [] : [{ name, made: Number(made), digest, keeper }]
    })
    .sort((a, b) => a.made - b.made)
}

/**
 * Opens every copy that is sealed to this key.
 *
 * @param keeper the private key
 * @returns what is in them, the newest first; every epoch key of any of them; and the names of those that are cut off or altered
 * @throws {KeyMaterialInvalid} where there is none
 */
export async function openCopies(
  folder: string,
  keeper: string,
): Promise<{ sets: EpochSet[]; all: Epoch[]; broken: string[] }> {
  const jwk = parseKeeper(keeper)
  if (jwk.d === undefined)
    throw new KeyMaterialInvalid('This is the public key of whoever keeps the backups. The private one is needed.')
  const key = await importJWK(jwk, SEALING.alg)
  const whose = await keeperName(jwk)
  const copies = copiesIn(folder)
  const all = new Map<string, Epoch>()
  const broken: string[] = []
  const sets: EpochSet[] = []
  for (const { name } of copies.filter((copy) => copy.keeper === whose)) {
    const set = await opened(join(folder, name), key)
    // One that is cut off keeps nobody from the others.
    if (set === undefined) broken.push(name)
    else sets.unshift(set)
    for (const one of set?.epochs ?? []) all.set(`${one.bucket} ${one.epoch} ${markOf(one).toString('hex')}`, one)
  }
  if (sets.length > 0) return { sets, all: [...all.values()], broken }
  throw new KeyMaterialInvalid(
    copies.length === 0
      ? `There is no copy of epoch keys in ${folder}.`
      : `None of the copies in ${folder} is sealed to this key.`,
  )
}

async function opened(path: string, key: Parameters<typeof compactDecrypt>[1]): Promise<EpochSet | undefined> {
  try {
    const { plaintext } = await compactDecrypt(readFileSync(path, 'utf8'), key, {
      keyManagementAlgorithms: [SEALING.alg],
      contentEncryptionAlgorithms: [SEALING.enc],
    })
    return parseEpochs(Buffer.from(plaintext))
  } catch {
    return undefined
  }
}

function parseKeeper(text: string): JWK {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  const jwk = parsed as JWK | undefined
  const point = Buffer.from(String(jwk?.x ?? ''), 'base64url')
  const isKey = jwk?.kty === 'OKP' && jwk.crv === 'X25519' && point.length === 32 && point.some((byte) => byte !== 0)
  if (jwk === undefined || !isKey)
    throw new KeyMaterialInvalid(
      'BACKUP_KEEPER_KEY: the key of whoever keeps the backups is written as {"kty":"OKP","crv":"X25519","x":"…"}. Make one with: padron keys keeper <file>',
    )
  return jwk
}
