import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { getRequestListener } from '@hono/node-server'
import { setGlobalConfig } from '@openid4vc/oauth2'
import { sql } from 'kysely'
import { type AppDeps, composeRooms, createApp } from './app.tsx'
import { backgroundWork } from './background.ts'
import { DEMO_CLIENTS, DEMO_OFFICE, demoTown } from './cli/demo-town.ts'
import { demoVisitor } from './cli/demo-visitor.ts'
import { mustBeInvented, seedNeighbours } from './cli/seed.ts'
import { configuredKeys, configuredMaterial, copiesOf, demoNote, journalOf, readyEpochs } from './cli/stores.ts'
import { verdictOn } from './cli/verdict.ts'
import { type Config, ConfigInvalid } from './config.ts'
import { httpCaseFile } from './firewall/cases.ts'
import { keepEnforcementBodies } from './firewall/enforcement-bodies.ts'
import { breachLine, findBreaches, servicesAboveCeiling } from './firewall/enumeration.ts'
import { loadPolicies, PoliciesInvalid, type PolicyEngine } from './firewall/policies.ts'
import { startOn } from './firewall/policy-record.ts'
import { answerUnreadable, bare, closeServer, notARequest } from './http/node.ts'
import { DEMO_DESK } from './identity/demo-sign-in.ts'
import { DEMO_SECRET, demoTrust } from './identity/demo-token.ts'
import { machineSignIn } from './identity/machine-sign-in.ts'
import { staffSignIn } from './identity/sign-in.ts'
import { type TrustedIssuer, tokenVerifier } from './identity/tokens.ts'
import { makeEpochFile, tidyEpochFile } from './keys/epoch-file.ts'
import { newEpochs, wipe } from './keys/epochs.ts'
import { DEMO_KEY_PREFIX, writeKeyFile } from './keys/key-file.ts'
import { mustOpen, sayWhatIsHeld } from './keys/key-holding.ts'
import { type KeyProvider, withNewKey } from './keys/key-provider.ts'
import { witnessAt } from './ledger/cosigning.ts'
import { type Journal, mustBeTheNewest } from './ledger/journal.ts'
import { smtpPost } from './messages/mail.ts'
import { httpTexts } from './messages/text-messages.ts'
import { systemClock } from './platform/clock.ts'
import { type Database, openDatabase, postgresDialect } from './platform/database.ts'
import { ownDumpsPossible } from './platform/dumps.ts'
import { openEmbedded } from './platform/embedded.ts'
import { mustBeInTime } from './platform/installation.ts'
import { createRunner } from './platform/jobs.ts'
import { migrate, pendingMigrations } from './platform/migrations.ts'
import { sourceBehind } from './platform/network.ts'
import type { Log } from './platform/telemetry.ts'
import { createRenderer } from './proofs/paper/renderer.ts'
import { profiles } from './proofs/profiles.ts'
import { ensureSigningKey } from './proofs/signing-keys.ts'
import { createRedraw } from './requests/redrawing.ts'
import { listMunicipalities } from './town/store.ts'
import { foundTown } from './town/town-file.ts'
import { messageWords } from './web/message-words.ts'
import type { Demo } from './web/public/demo.tsx'

/** A running service. */
export interface Service {
  /** Where it is reached, e.g. `http://127.0.0.1:8080`. */
  address: string
  /** The issuer of demo tokens, in demo mode. */
  demoIssuer: string | undefined
  /** Stops taking requests, finishes those under way, then lets go of everything. */
  stop(): Promise<void>
}

/**
 * Starts the service on Node: database, migrations where the owner's login is at hand, keys, demonstration
 * parts in demo mode, background work, HTTP.
 *
 * @param say is told of each step that may take several seconds
 * @throws {ConfigInvalid} {AlreadyRunning} {KeyMaterialInvalid} {PoliciesInvalid}
 */
export async function startService(config: Config, log: Log, say: (line: string) => void = () => {}): Promise<Service> {
  const closing: (() => Promise<void>)[] = []
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step()
  }
  try {
    const dumps = config.production ? ownDumpsPossible(config.nodeOptions) : []
    if (dumps.length > 0) throw new ConfigInvalid(dumps.join('\n'))
    const keys = registryKeys(config)
    if (config.databaseUrl === undefined && config.ownerUrl !== undefined)
      throw new ConfigInvalid(
        'DATABASE_URL: name the login of the service too; DATABASE_OWNER_URL is the owner\u2019s.',
      )
    const copies = copiesOf(config)
    const journal = journalOf(config, keys)
    closing.push(async () => journal.close())
    const policies = loadPolicies(cedar)
    let answer: RequestListener = (_, response) =>
      bare(response, { status: 503, word: 'starting', headers: { 'retry-after': '5' } })
    const http = createServer({ requireHostHeader: false }, (request, response) => {
      // One of several might be what a proxy looked at, and another what is believed here. @see RFC 9112 section 3.2
      if (request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length === 1)
        answer(request, response)
      else bare(response, { status: 400, word: 'one Host, please', headers: { connection: 'close' } })
    })
    answerUnreadable(http)
    const address = await listen(http, config)
    closing.push(() => closeServer(http))
    // After the address is taken, which fails fast, and before the database is touched.
    const verdict = config.production ? undefined : verdictOn(policies.digest)
    if (!verdict?.known) {
      say('Checking the policies…')
      refuseUnsafe(policies)
    }
    verdict?.keep()

    const stores = await openStores(config, journal, say)
    closing.push(stores.close)
    if (stores.owner) await keepEnforcementBodies(stores.owner)
    const common = { clock: systemClock, keys, policies }
    let issuers: TrustedIssuer[] = config.issuers
    let demoIssuer: string | undefined
    let signIn = config.signIn
    // A demonstration on this machine is reached without TLS, which wallets' protocols otherwise refuse.
    setGlobalConfig({ allowInsecureUrls: config.demo })
    if (config.demo) {
      if (stores.owner === undefined) throw new ConfigInvalid('DEMO: a demonstration needs DATABASE_OWNER_URL.')
      await mustBeInvented(stores.owner)
      await prepareDemo(stores.owner, address)
      const demo = await startDemo(config, address)
      closing.push(demo.close)
      demoIssuer = demo.issuer
      signIn ??= { issuer: demo.issuer, clientId: DEMO_DESK, clientSecret: DEMO_SECRET }
      issuers = [...issuers, demoTrust(demo.issuer)]
    }
    await stores.becomeApp()
    const { database } = stores
    const pending = await pendingMigrations(database)
    if (pending.length > 0)
      throw new ConfigInvalid(`The database is not migrated (${pending.length} to go). Run: padron migrate`)

    await mustBeInTime(database, systemClock.now())
    await mustBeTheNewest(journal, database)
    tidyEpochFile(config.epochKeyFile)
    await readyEpochs(config, database, keys)
    await mustOpen(
      database,
      keys,
      (await listMunicipalities(database)).map(({ id }) => id),
    )
    closing.push(await sayWhatIsHeld(database, keys, log))

    refuseStrangers(
      issuers,
      (await listMunicipalities(database)).map(({ slug }) => slug),
    )
    const trustedSignIn = issuers.find(({ issuer }) => issuer === signIn?.issuer)

    const deps: AppDeps = {
      database,
      ...common,
      journal,
      watch: journal.watch,
      backupDays: config.backups?.days,
      ledgerAtOnce: config.demo,
      renderer: createRenderer({ database, clock: systemClock, keys }),
      redraw: createRedraw(),
      sourceOf: (env, headers) => {
        const { incoming } = (env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } }
        return sourceBehind(config.trustedProxies, {
          forwarded: headers.get('x-forwarded-for'),
          connection: incoming?.socket?.remoteAddress,
        })
      },
      tokens: tokenVerifier(issuers, config.audience),
      senderConstrained: !config.demo,
      machineSignIn: machineSignIn(issuers, config.audience, !config.production),
      shrink: true,
      cases: config.cases && httpCaseFile({ ...config.cases, slugOf: slugsOf(database) }),
      signIn:
        signIn &&
        trustedSignIn &&
        staffSignIn({
          ...signIn,
          trusted: trustedSignIn,
          phishingResistant: config.phishingResistant,
          backChannel: config.demo || config.backChannel,
          hints: config.demo,
        }),
      log,
      ...(config.demo ? { demo: { ready: undefined as Demo | undefined } } : {}),
    }
    const rooms = composeRooms(deps)
    if (config.demo) {
      const [town] = await listMunicipalities(database)
      if (town) {
        await ensureSigningKey(deps, town.id)
        if (await fewerNeighboursThan(database, town.id, config.demoNeighbours)) {
          say(`Inventing ${config.demoNeighbours} neighbours…`)
          await seedNeighbours(rooms, town, { officeId: DEMO_OFFICE, count: config.demoNeighbours })
        }
        if (deps.demo) deps.demo.ready = await demoVisitor(rooms, town)
      }
      writeFileSync(demoNote(config), JSON.stringify({ address, issuer: demoIssuer, audience: config.audience }), {
        mode: 0o600,
      })
    }
    for (const town of await listMunicipalities(database)) {
      const closed = Object.keys(await startOn(rooms, town.id, policies)).length
      if (closed > 0)
        say(`${town.slug}: these rules give more than the town has agreed to. It stays closed: see /firewall.`)
    }
    const runner = createRunner(
      { database, clock: systemClock, log },
      backgroundWork(rooms, {
        channels: {
          ...(config.mail ? { email: smtpPost(config.mail, messageWords) } : {}),
          ...(config.texts ? { sms: httpTexts(config.texts, messageWords) } : {}),
        },
        witnesses: config.witnesses.map(({ url, key }) => witnessAt(url, key)),
        journal,
        ledgerAtOnce: config.demo,
        turning: { database, keys, file: config.epochKeyFile, copies },
      }),
    )
    runner.start()
    closing.push(() => runner.stop())

    const app = createApp(deps, rooms)
    const serving = getRequestListener((request, env) => app.fetch(request, env), {
      // Only what is no request at all comes here: the app answers its own errors.
      errorHandler: notARequest,
    })
    answer = serving
    return {
      address,
      demoIssuer,
      stop: async () => {
        // Whoever is connected is answered, and told not to come back here; only then may jobs and database go.
        answer = (request, response) => {
          response.setHeader('connection', 'close')
          if (request.url === '/health/ready')
            bare(response, { status: 503, word: 'stopping', headers: { 'retry-after': '2' } })
          else serving(request, response)
        }
        await closeServer(http)
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** @throws {ConfigInvalid} where an issuer is to speak for a town that is not here: a name that is mistyped is not waited for */
function refuseStrangers(issuers: readonly TrustedIssuer[], towns: readonly string[]): void {
  if (towns.length === 0) return
  const faults = issuers.flatMap(({ issuer, towns: named }) =>
    named
      .filter((town) => !towns.includes(town))
      .map((town) => `TOKEN_ISSUERS: ${issuer} names ${town}, which is no town here.`),
  )
  if (faults.length > 0) throw new ConfigInvalid(faults.join('\n'))
}

/** What towns are called outside. A new town is found without a restart. */
function slugsOf(database: Database): (municipalityId: string) => Promise<string | undefined> {
  const known = new Map<string, string>()
  return async (municipalityId) => {
    if (!known.has(municipalityId)) for (const { id, slug } of await listMunicipalities(database)) known.set(id, slug)
    return known.get(municipalityId)
  }
}

/** @throws {PoliciesInvalid} naming what would get through */
function refuseUnsafe(policies: PolicyEngine): void {
  const { breaches } = findBreaches(policies)
  const lines = [...breaches.slice(0, 5).map(breachLine), ...servicesAboveCeiling(profiles.values())]
  if (lines.length > 0) throw new PoliciesInvalid(lines.join('\n'))
}

function registryKeys(config: Config): KeyProvider {
  if (config.demo && config.registryKeys === undefined && !existsSync(config.registryKeyFile)) {
    writeKeyFile(config.registryKeyFile, withNewKey(undefined, DEMO_KEY_PREFIX))
  }
  if (config.demo) wipe(makeEpochFile(config.epochKeyFile, newEpochs).epochs)
  const { keys } = configuredMaterial(config)
  if (config.production && Object.keys(keys).some((id) => id.startsWith(DEMO_KEY_PREFIX))) {
    throw new ConfigInvalid(
      'REGISTRY_KEY_FILE: these are keys of a demonstration. Make new ones with: padron keys create',
    )
  }
  return configuredKeys(config)
}

interface Stores {
  database: Database
  /** A handle that may change the schema, where one is at hand. */
  owner: Database | undefined
  becomeApp(): Promise<void>
  close(): Promise<void>
}

async function openStores(config: Config, journal: Journal, say: (line: string) => void): Promise<Stores> {
  if (config.databaseUrl === undefined) {
    const embedded = await openEmbedded(config.dataDir, { say })
    return {
      database: embedded.database,
      owner: embedded.database,
      becomeApp: embedded.becomeApp,
      close: embedded.close,
    }
  }
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const database = openDatabase(
    postgresDialect(config.databaseUrl, {
      connections: config.connections,
      role: 'padron_app',
      pooler: config.pooler,
      patience: 15_000,
      taken: (asks) => journal.write(asks),
    }),
    { role: config.pooler ? 'padron_app' : undefined },
  )
  const owner =
    config.ownerUrl === undefined ? undefined : openDatabase(postgresDialect(config.ownerUrl, { connections: 1 }))
  if (owner) {
    if ((await pendingMigrations(owner)).length > 0) say('Bringing the database to the newest schema…')
    await migrate(owner)
  }
  return {
    database,
    owner,
    becomeApp: async () => owner?.destroy(),
    close: () => database.destroy(),
  }
}

async function prepareDemo(owner: Database, address: string): Promise<void> {
  const town = await foundTown(owner, demoTown(address, Temporal.Now.instant()))
  if (town.issuer !== address) {
    await sql`update municipalities set issuer = ${address} where id = ${town.id}`.execute(owner)
  }
}

async function startDemo(config: Config, address: string): Promise<{ issuer: string; close(): Promise<void> }> {
  const { demoSigningKey, startDemoProvider } = await import('./identity/demo-provider.ts')
  const path = join(config.dataDir, 'demo-sign-in-key.json')
  if (!existsSync(path)) writeFileSync(path, JSON.stringify(await demoSigningKey()), { mode: 0o600 })
  const key = JSON.parse(readFileSync(path, 'utf8'))
  return startDemoProvider({
    host: config.host,
    port: config.demoPort,
    audience: config.audience,
    key,
    clients: DEMO_CLIENTS,
    returnTo: [`${address}/sign-in/return`],
  })
}

async function fewerNeighboursThan(database: Database, municipalityId: string, count: number): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    await sql`select set_config('padron.municipality', ${municipalityId}, true)`.execute(transaction)
    const { rows } = await sql<{ found: number }>`
      select count(*)::integer as found from (select from neighbours limit ${count}) counted`.execute(transaction)
    return (rows[0]?.found ?? 0) < count
  })
}

async function listen(http: Server, config: Config): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new ConfigInvalid(`PORT: ${config.port} is in use. Stop what uses it, or set PORT to another number.`)
          : error,
      ),
    )
    http.listen(config.port, config.host, resolve)
  })
  const { port } = http.address() as AddressInfo
  return `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
}
