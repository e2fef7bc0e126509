import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Clock } from '../platform/clock.ts'
import { type Epoch, type EpochSet, epochBytes, parseEpochs } from './epochs.ts'
import { KeyMaterialInvalid } from './key-faults.ts'

// Copies of the epoch keys for whoever keeps the backups. They are sealed to a public key: neither the service nor whoever takes its
// machine opens one again. A copy goes once no backup needs it any more.

/** @see RFC 7518 section 4.6; RFC 8037 */
const SEALING = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' } as const
const NAME = /^epochs-(\d{1,10})-(\d{4}-\d{2}-\d{2})\.jwe$/

/** The longest that backups may be kept, days: after an erasure somebody could be read again for as long. */
export const MOST_RETENTION = 35

/** Where copies go. */
export interface KeyCopies {
  /** Writes a copy, unless it is there. */
  keep(set: EpochSet): Promise<void>
  /** Takes those away that no backup needs any more. */
  prune(): Promise<void>
}

/** A key pair for whoever keeps the backups: the private half belongs on no machine of the service. */
export async function makeKeeper(): Promise<{ privateJwk: JWK; publicJwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair(SEALING.alg, { crv: 'X25519', extractable: true })
  return { privateJwk: await exportJWK(privateKey), publicJwk: await exportJWK(publicKey) }
}

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
  const day = () => clock.now().toZonedDateTimeISO('UTC').toPlainDate()
  return {
    async keep(set) {
      if (copiesIn(folder).some(({ generation }) => generation === set.generation)) return
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const bytes = epochBytes(set)
      const sealed = await new CompactEncrypt(bytes)
        .setProtectedHeader(SEALING)
        .encrypt(await importJWK(jwk, SEALING.alg))
      bytes.fill(0)
      const path = join(folder, `epochs-${set.generation}-${day()}.jwe`)
      writeFileSync(`${path}.new`, sealed, { mode: 0o600, flush: true })
      renameSync(`${path}.new`, path)
    },
    async prune() {
      const copies = copiesIn(folder)
      for (const [i, copy] of copies.entries()) {
        // A copy is needed by backups up to the day of the next one.
        const next = copies[i + 1]
        if (next && Temporal.PlainDate.compare(next.day.add({ days }), day()) <= 0)
          rmSync(join(folder, copy.name), { force: true })
      }
    },
  }
}

/** In the order of their making. */
function copiesIn(folder: string): { name: string; generation: number; day: Temporal.PlainDate }[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => {
      const [, generation, day] = NAME.exec(name) ?? []
      return day === undefined ? [] : [{ name, generation: Number(generation), day: Temporal.PlainDate.from(day) }]
    })
    .sort((a, b) => a.generation - b.generation)
}

/**
 * Opens every copy there is.
 *
 * @param keeper the private key
 * @returns the newest, and every epoch key of any of them
 * @throws {KeyMaterialInvalid} for another key, and where there is no copy
 */
export async function openCopies(folder: string, keeper: string): Promise<{ newest: EpochSet; all: Epoch[] }> {
  const jwk = parseKeeper(keeper)
  if (jwk.d === undefined)
    throw new KeyMaterialInvalid('This is the public key of whoever keeps the backups. The private one is needed.')
  const key = await importJWK(jwk, SEALING.alg)
  const all = new Map<string, Epoch>()
  let newest: EpochSet | undefined
  for (const { name } of copiesIn(folder)) {
    const { plaintext } = await compactDecrypt(readFileSync(join(folder, name), 'utf8'), key, {
      keyManagementAlgorithms: [SEALING.alg],
      contentEncryptionAlgorithms: [SEALING.enc],
    }).catch(() => {
      throw new KeyMaterialInvalid(`The copy ${name} does not open with this key.`)
    })
    newest = parseEpochs(Buffer.from(plaintext))
    for (const one of newest.epochs) all.set(`${one.bucket} ${one.epoch}`, one)
  }
  if (newest === undefined) throw new KeyMaterialInvalid(`There is no copy of epoch keys in ${folder}.`)
  return { newest, all: [...all.values()] }
}

function parseKeeper(text: string): JWK {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  const jwk = parsed as JWK | undefined
  if (typeof jwk !== 'object' || jwk === null || jwk.kty !== 'OKP' || jwk.crv !== 'X25519')
    throw new KeyMaterialInvalid(
      'The key of whoever keeps the backups is written as {"kty":"OKP","crv":"X25519","x":"…"}. Make one with: padron keys keeper <file>',
    )
  return jwk
}
