// With its calendars: people tell their date of birth in several.
import 'temporal-polyfill/full/global'
import * as cedar from '@cedar-policy/cedar-wasm/web'
import policyEngine from '@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm'
import { composeRooms, createApp } from './app.tsx'
import { type Config, readConfig } from './config.ts'
import { loadPolicies, type PolicyEngine } from './firewall/policies.ts'
import { startOn } from './firewall/policy-record.ts'
import { type MachineSignIn, machineSignIn } from './identity/machine-sign-in.ts'
import { type TokenVerifier, tokenVerifier } from './identity/tokens.ts'
import { heldEpochs, parseEpochs } from './keys/epochs.ts'
import { KeyMaterialInvalid } from './keys/key-faults.ts'
import { type KeyProvider, localKeyProvider, parseKeyMaterial } from './keys/key-provider.ts'
import { sequencer } from './ledger/sequencer.ts'
import { systemClock } from './platform/clock.ts'
import { type Database, openDatabase, postgresDialect } from './platform/database.ts'
import { standardLog } from './platform/telemetry.ts'
import { listMunicipalities } from './town/store.ts'

interface Environment {
  HYPERDRIVE: { connectionString: string }
  REGISTRY_KEYS: string
  /** The file with the epoch keys, under `epoch-keys`: it is larger than a secret may be. */
  EPOCHS: { get(key: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null> }
  TOKEN_ISSUERS: string
  TOKEN_AUDIENCE: string
  NODE_ENV?: string
}

interface Lifetime {
  waitUntil(work: Promise<unknown>): void
}

interface Fixtures {
  config: Config
  keys: KeyProvider
  policies: PolicyEngine
  tokens: TokenVerifier
  machineSignIn: MachineSignIn
}

let fixtures: Fixtures | undefined
/** Towns in whose ledger this isolate has written which policies are in force. */
const recorded = new Set<string>()

/** Epoch keys change where the file is, and are looked for again after a minute. */
const EPOCHS_FRESH = 60_000
const epochs = { held: heldEpochs({ generation: 0, epochs: [] }), read: Number.NEGATIVE_INFINITY }

async function readEpochs({ EPOCHS }: Environment): Promise<void> {
  if (Date.now() - epochs.read < EPOCHS_FRESH) return
  const bytes = await EPOCHS.get('epoch-keys', 'arrayBuffer')
  if (bytes === null) throw new KeyMaterialInvalid('There are no epoch keys in EPOCHS.')
  epochs.held = heldEpochs(parseEpochs(Buffer.from(bytes)))
  epochs.read = Date.now()
}

/** What outlives a request: nothing that holds a connection. */
function fixturesOf(environment: Environment): Fixtures {
  if (fixtures) return fixtures
  const { HYPERDRIVE, REGISTRY_KEYS, TOKEN_ISSUERS, TOKEN_AUDIENCE, NODE_ENV = 'production' } = environment
  const config = readConfig({
    NODE_ENV,
    DEMO: 'false',
    DATABASE_URL: HYPERDRIVE.connectionString,
    // Hyperdrive's own line, which it guards.
    DATABASE_TLS: 'elsewhere',
    REGISTRY_KEYS,
    TOKEN_ISSUERS,
    TOKEN_AUDIENCE,
  })
  cedar.initSync({ module: policyEngine })
  fixtures = {
    config,
    keys: localKeyProvider(parseKeyMaterial(REGISTRY_KEYS), { held: () => epochs.held }),
    policies: loadPolicies(cedar),
    tokens: tokenVerifier(config.issuers, config.audience),
    machineSignIn: machineSignIn(config.issuers, config.audience),
  }
  return fixtures
}

/** A connection lives as long as one request; Hyperdrive keeps the pool. */
async function withDatabase<T>(
  environment: Environment,
  lifetime: Lifetime,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = openDatabase(postgresDialect(environment.HYPERDRIVE.connectionString, { connections: 3 }))
  try {
    return await work(database)
  } finally {
    lifetime.waitUntil(database.destroy())
  }
}

export default {
  async fetch(request: Request, environment: Environment, lifetime: Lifetime): Promise<Response> {
    await readEpochs(environment)
    const { config: _, ...fixed } = fixturesOf(environment)
    return withDatabase(environment, lifetime, async (database) =>
      createApp({
        ...fixed,
        database,
        clock: systemClock,
        log: standardLog,
        // Written by the platform itself, whatever a caller sends.
        sourceOf: (_: unknown, headers: Headers) => headers.get('cf-connecting-ip') ?? '',
      }).fetch(request),
    )
  },

  /** Writes down which policies are in force, and gives ledger entries their place, as the Node process does. */
  async scheduled(_: unknown, environment: Environment, lifetime: Lifetime): Promise<void> {
    await readEpochs(environment)
    const { keys, policies } = fixturesOf(environment)
    return withDatabase(environment, lifetime, async (database) => {
      const rooms = composeRooms({ database, clock: systemClock, keys, policies })
      const ledger = sequencer(database)
      for (const town of await listMunicipalities(database)) {
        if (!recorded.has(town.id)) await startOn(rooms, town.id, policies)
        recorded.add(town.id)
        await ledger.place(town.id, await rooms.signers.of(town))
      }
    })
  },
}
