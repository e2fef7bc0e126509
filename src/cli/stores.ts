import { join } from 'node:path'
import { type Config, ConfigInvalid } from '../config.ts'
import { keepEnforcementBodies } from '../firewall/enforcement-bodies.ts'
import { epochFile, readEpochFile } from '../keys/epoch-file.ts'
import type { EpochKeys } from '../keys/epochs.ts'
import { type KeyCopies, keyCopies } from '../keys/keeper.ts'
import { keyFileProvider, readKeyFile } from '../keys/key-file.ts'
import { epochsMustBeHere } from '../keys/key-holding.ts'
import { type KeyMaterial, type KeyProvider, localKeyProvider, parseKeyMaterial } from '../keys/key-provider.ts'
import { type Asks, type Journal, openJournal } from '../ledger/journal.ts'
import { systemClock } from '../platform/clock.ts'
import { type Database, openDatabase, postgresDialect } from '../platform/database.ts'
import { openEmbedded } from '../platform/embedded.ts'
import { type MigrateOptions, migrate } from '../platform/migrations.ts'
import type { Municipality } from '../town/model.ts'
import { listMunicipalities } from '../town/store.ts'

/**
 * Runs work with the owner's handle on the database the configuration names. The embedded database is
 * migrated as it opens; a server only by `padron migrate`.
 *
 * @throws {ConfigInvalid} {AlreadyRunning}
 */
export async function withOwner<T>(
  config: Config,
  work: (owner: Database) => Promise<T>,
  options: MigrateOptions = {},
): Promise<T> {
  if (config.databaseUrl === undefined && config.ownerUrl === undefined) {
    const embedded = await openEmbedded(config.dataDir, options)
    try {
      return await work(embedded.database)
    } finally {
      await embedded.close()
    }
  }
  if (config.ownerUrl === undefined) {
    throw new ConfigInvalid(
      'DATABASE_OWNER_URL: this needs the login that owns the tables; the service\u2019s own may not change them.',
    )
  }
  // What a command takes away is in the journal before the command says so.
  const journal = config.journalDir === undefined ? undefined : openJournal(config.journalDir, lazily(config))
  const taken = journal && ((asks: Asks) => journal.write(asks))
  const owner = openDatabase(postgresDialect(config.ownerUrl, { connections: 2, taken }))
  try {
    return await work(owner)
  } finally {
    await owner.destroy()
    journal?.close()
  }
}

/** The keys, read when they are first needed: a command may be what makes them. */
function lazily(config: Config): KeyProvider {
  let keys: KeyProvider | undefined
  const read = () => {
    keys ??= configuredKeys(config)
    return keys
  }
  return {
    currentKeyId: () => read().currentKeyId(),
    keyIds: () => read().keyIds(),
    generation: () => read().generation(),
    epochs: () => read().epochs(),
    wrap: (...words) => read().wrap(...words),
    unwrap: (...words) => read().unwrap(...words),
  }
}

/** @throws {ConfigInvalid} in production without one: what was taken away would come back with an old copy of the database */
export function journalOf(config: Config, keys: KeyProvider): Journal {
  if (config.journalDir !== undefined) return openJournal(config.journalDir, keys)
  throw new ConfigInvalid(
    'JOURNAL_DIR: name a folder on another disk than the database, for what a restored copy would have forgotten.',
  )
}

/** Where a demonstration says how to reach it, for `padron token`. */
export const demoNote = (config: Config) => join(config.dataDir, 'demo.json')

/**
 * @returns the migrations applied now
 * @throws {CannotDivide}
 */
export function migrateConfigured(config: Config, options: MigrateOptions): Promise<string[]> {
  return withOwner(
    config,
    async (owner) => {
      const applied = await migrate(owner, options)
      await keepEnforcementBodies(owner)
      return applied
    },
    options,
  )
}

/** @throws {KeyMaterialInvalid} */
export const configuredMaterial = (config: Config): KeyMaterial =>
  config.registryKeys === undefined ? readKeyFile(config.registryKeyFile) : parseKeyMaterial(config.registryKeys)

/** @throws {KeyMaterialInvalid} */
export function configuredKeys(config: Config): KeyProvider {
  const material = configuredMaterial(config)
  const epochs = configuredEpochs(config)
  return config.registryKeys === undefined
    ? keyFileProvider(config.registryKeyFile, epochs)
    : localKeyProvider(material, epochs)
}

/** @throws {KeyMaterialInvalid} */
export const configuredEpochs = (config: Config): EpochKeys => epochFile(config.epochKeyFile)

/** @throws {ConfigInvalid} in production without them: who loses the epoch keys would lose everybody */
export function copiesOf(config: Config): KeyCopies | undefined {
  if (config.backups) return keyCopies({ ...config.backups, clock: systemClock })
  if (config.production)
    throw new ConfigInvalid(
      'BACKUP_KEEPER_KEY, BACKUP_KEYS_DIR: name the public key of whoever keeps the backups, and a folder on another disk for copies of the epoch keys. Make the key with: padron keys keeper <file>',
    )
  return undefined
}

/**
 * Before anything is wrapped: the epoch keys are those of this registry, and whoever keeps the backups has them.
 *
 * @throws {KeyMaterialInvalid} {ConfigInvalid}
 */
export async function readyEpochs(config: Config, database: Database, keys: KeyProvider): Promise<void> {
  await epochsMustBeHere(database, keys)
  await copiesOf(config)?.keep(readEpochFile(config.epochKeyFile))
}

/** @throws {ConfigInvalid} for a town that is not here */
export async function townOf(owner: Database, slug: string): Promise<Municipality> {
  const town = (await listMunicipalities(owner)).find((known) => known.slug === slug)
  if (town === undefined) throw new ConfigInvalid(`There is no municipality ${slug} here.`)
  return town
}
