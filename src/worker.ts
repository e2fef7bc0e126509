import 'temporal-polyfill/global'
import * as cedar from '@cedar-policy/cedar-wasm/web'
import policyEngine from '@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm'
import { createApp } from './app.tsx'
import { type Config, readConfig } from './config.ts'
import { type KeyProvider, localKeyProvider, parseKeyMaterial } from './firewall/key-provider.ts'
import { ledgerSigners } from './firewall/ledger-signer.ts'
import { loadPolicies, type PolicyEngine } from './firewall/policies.ts'
import { type TokenVerifier, tokenVerifier } from './identity/tokens.ts'
import { sequencer } from './ledger/sequencer.ts'
import { systemClock } from './platform/clock.ts'
import { type Database, openDatabase, postgresDialect } from './platform/database.ts'
import { standardLog } from './platform/telemetry.ts'
import { listMunicipalities } from './registry/municipality.ts'

interface Environment {
  HYPERDRIVE: { connectionString: string }
  REGISTRY_KEYS: string
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
}

let fixtures: Fixtures | undefined

/** What outlives a request: nothing that holds a connection. */
function fixturesOf(environment: Environment): Fixtures {
  if (fixtures) return fixtures
  const { HYPERDRIVE, REGISTRY_KEYS, TOKEN_ISSUERS, TOKEN_AUDIENCE, NODE_ENV = 'production' } = environment
  const config = readConfig({
    NODE_ENV,
    DEMO: 'false',
    DATABASE_URL: HYPERDRIVE.connectionString,
    REGISTRY_KEYS,
    TOKEN_ISSUERS,
    TOKEN_AUDIENCE,
  })
  cedar.initSync({ module: policyEngine })
  fixtures = {
    config,
    keys: localKeyProvider(parseKeyMaterial(REGISTRY_KEYS)),
    policies: loadPolicies(cedar),
    tokens: tokenVerifier(config.issuers, config.audience),
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
  fetch(request: Request, environment: Environment, lifetime: Lifetime): Promise<Response> {
    const { keys, policies, tokens } = fixturesOf(environment)
    return withDatabase(environment, lifetime, async (database) =>
      createApp({ database, clock: systemClock, keys, policies, tokens, log: standardLog }).fetch(request),
    )
  },

  /** Gives ledger entries their place, as the Node process does between requests. */
  scheduled(_: unknown, environment: Environment, lifetime: Lifetime): Promise<void> {
    const { keys } = fixturesOf(environment)
    return withDatabase(environment, lifetime, async (database) => {
      const signers = ledgerSigners(database, keys)
      const ledger = sequencer(database)
      for (const town of await listMunicipalities(database)) await ledger.place(town.id, await signers.of(town))
    })
  },
}
