import { OpenAPIHono } from '@hono/zod-openapi'
import { compress } from 'hono/compress'
import { practicePages } from './counter/practice-routes.tsx'
import { counterPages } from './counter/routes.tsx'
import { deskPages } from './desk/routes.tsx'
import { signInPages } from './desk/sign-in-routes.tsx'
import type { CaseFile } from './firewall/cases.ts'
import { drawnRoutes } from './firewall/drawn-routes.ts'
import { always, type House, type Reception } from './firewall/endpoint.ts'
import { createGate } from './firewall/gate.ts'
import type { Journal } from './firewall/journal.ts'
import { keysMissing } from './firewall/key-holding.ts'
import type { KeyProvider } from './firewall/key-provider.ts'
import { type LedgerSigners, ledgerSigners } from './firewall/ledger-signer.ts'
import { officerRoutes } from './firewall/officer-routes.ts'
import { carrying } from './firewall/organisation-desk.ts'
import type { PolicyEngine } from './firewall/policies.ts'
import { Refusal } from './firewall/requester.ts'
import { firewallRoutes } from './firewall/routes.ts'
import type { MachineSignIn } from './identity/machine-sign-in.ts'
import { requesterOf, staffOf } from './identity/requesters.ts'
import type { StaffSignIn } from './identity/sign-in.ts'
import type { TokenVerifier } from './identity/tokens.ts'
import { ledgerRoutes } from './ledger/routes.ts'
import { type Clock, uuidv7 } from './platform/clock.ts'
import type { Database } from './platform/database.ts'
import type { InstallationWatch } from './platform/installation.ts'
import { pendingMigrations } from './platform/migrations.ts'
import { NotFound } from './platform/problem.ts'
import { sentFromElsewhere } from './platform/same-site.ts'
import type { Log } from './platform/telemetry.ts'
import { enrolApplicant } from './portal/applications.ts'
import type { Redraw } from './portal/media.ts'
import { providerRoutes } from './portal/provider-routes.ts'
import { portalPages } from './portal/routes.tsx'
import type { ProofDeps } from './proofs/issue.ts'
import type { Press } from './proofs/paper.ts'
import { paperRoutes } from './proofs/paper-routes.ts'
import { proofRoutes } from './proofs/routes.ts'
import { signingKeys } from './proofs/signing-keys.ts'
import { walletRoutes } from './proofs/wallet/routes.ts'
import { departureRoutes } from './registry/departure-routes.ts'

import { erasureRoutes } from './registry/erasure-routes.ts'
import { joinRoutes } from './registry/join-routes.ts'
import { type Municipality, townDirectory } from './registry/municipality.ts'
import { orderRoutes } from './registry/order-routes.ts'
import { prolongSecrecy } from './registry/orders.ts'
import { protectionRoutes } from './registry/protection-routes.ts'
import { registrationDesk } from './registry/registration-desk.ts'
import { representativeRoutes } from './registry/representative-routes.ts'
import { registryRoutes } from './registry/routes.ts'
import { searchLinks } from './registry/search-links.ts'
import { timeRoutes } from './registry/time-routes.ts'
import { statisticsRoutes } from './statistics/routes.ts'
import { rememberedTransparency } from './statistics/transparency.ts'
import { checkPages } from './ui/check/routes.tsx'
import { problemAnswer } from './ui/problem-answer.tsx'
import { languageCookie } from './ui/reader.ts'
import { publicPages } from './ui/routes.tsx'

export interface AppDeps {
  database: Database
  clock: Clock
  keys: KeyProvider
  policies: PolicyEngine
  tokens: TokenVerifier
  /** Whether service providers' tokens must be bound to a key of theirs (RFC 9449); yes unless said otherwise. */
  senderConstrained?: boolean
  /** What is known of the database, so that it is noticed when that is put back. */
  watch?: InstallationWatch | undefined
  /** Whether acts of taking away can be written to the journal, where there is one. */
  journal?: Pick<Journal, 'failing'> | undefined
  /** Prints papers, where the runtime can. */
  press?: Press | undefined
  /** Makes photos and voices anew, where the runtime can; without it none are taken. */
  redraw?: Redraw | undefined
  /** Where it is asked whether a case was issued, where the town has such a system. */
  cases?: CaseFile | undefined
  /** How staff sign in to the pages; without it there is no desk. */
  signIn?: StaffSignIn | undefined
  /** Where machines of service providers get their tokens. */
  machineSignIn?: MachineSignIn | undefined
  /** Whether answers are compressed here; on Workers the edge does it. */
  shrink?: boolean
  /** Where a request comes from; nowhere unless the entry point says. */
  sourceOf?: (env: unknown, headers: Headers) => string
  log: Log
}

/** Forms that wallets, machines and the city's sign-in send, from wherever they are: none of them goes with a cookie. */
const FROM_ANYWHERE = /^\/(v1|wallet|counter\/requests)\/|^\/sign-in\/back-channel$/

/** What the rooms work with. */
export type Rooms = ProofDeps & {
  signers: LedgerSigners
  policies: PolicyEngine
  press?: Press | undefined
  redraw?: Redraw | undefined
}

/** What the use cases of every room work with, built from what the entry point brings. */
export function furnish(
  deps: Omit<AppDeps, 'tokens' | 'senderConstrained' | 'signIn' | 'shrink' | 'sourceOf' | 'log'>,
): Rooms {
  const gate = createGate(deps)
  return {
    ...deps,
    gate,
    registrations: registrationDesk(deps.database),
    signing: signingKeys(deps),
    signers: ledgerSigners(deps.database, deps.keys),
  }
}

/** The whole service on one screen: the same on Node and on Workers. */
export function createApp(deps: AppDeps, rooms: Rooms = furnish(deps)): House<Municipality> {
  const house: House<Municipality> = new OpenAPIHono()
  const towns = townDirectory(deps.database)
  const { database, tokens, senderConstrained = true } = deps
  const identity = { database, tokens, senderConstrained, turnAway: rooms.gate.turnAway }
  const reception: Reception<Municipality> = {
    townOf: (host) => towns.byHost(host),
    requesterOf: (town, credentials) => requesterOf(identity, town, credentials),
    staffOf: (town, credentials) => staffOf(identity, town, credentials),
    sourceOf: deps.sourceOf ?? (() => ''),
    log: deps.log,
  }
  house.use(async (context, next) => {
    context.set('reception', reception)
    const host = context.req.header('host') ?? new URL(context.req.url).host
    if (!FROM_ANYWHERE.test(context.req.path) && sentFromElsewhere(context.req.raw, host)) throw new Refusal()
    if (deps.watch?.fallen && context.req.path !== '/health/live') throw deps.watch.fallen
    await next()
    const language = languageCookie(context.req.url)
    if (language !== undefined) context.res.headers.append('set-cookie', language)
  })

  // Public material that is worth shrinking; nothing secret is in it for the length to tell.
  const shrunk = deps.shrink ? ['/status-lists/*', '/assets/*', '/v', '/V'] : []
  for (const path of shrunk) house.use(path, compress({ contentTypeFilter: /^(text\/|application\/statuslist\+jwt)/ }))

  firewallRoutes(house, rooms)
  drawnRoutes(house, rooms)
  officerRoutes(house, rooms, (town) =>
    carrying(rooms.clock, town.id, {
      application: (transaction, content) => enrolApplicant(rooms, town, transaction, content),
      secrecy: (transaction, content) => prolongSecrecy(rooms, town, transaction, content),
    }),
  )
  orderRoutes(house, rooms)
  registryRoutes(house, rooms, searchLinks(rooms.gate))
  departureRoutes(house, rooms)
  representativeRoutes(house, rooms)
  protectionRoutes(house, rooms)
  joinRoutes(house, rooms)
  timeRoutes(house, rooms)
  erasureRoutes(house, rooms)
  proofRoutes(house, rooms)
  paperRoutes(house, rooms)
  walletRoutes(house, rooms)
  ledgerRoutes(house, { database: deps.database, signers: rooms.signers })

  const transparency = rememberedTransparency(deps)
  statisticsRoutes(house, transparency)
  checkPages(house, rooms)
  counterPages(house, rooms)
  practicePages(house, rooms)
  const desk = { ...rooms, renew: deps.signIn?.renew }
  signInPages(house, desk, deps.signIn)
  deskPages(house, desk)
  providerRoutes(house, rooms)
  portalPages(house, { ...rooms, machineSignIn: deps.machineSignIn })
  publicPages(house, {
    database: deps.database,
    document: once(() => describe(house)),
    policies: deps.policies,
    transparency,
  })
  house.get('/health/live', () => new Response('alive', { headers: always(uuidv7()) }))
  house.get('/health/ready', async () => {
    const migrated = await pendingMigrations(deps.database)
      .then((pending) => pending.length === 0)
      .catch(() => false)
    const { missing, retired } = await keysMissing(deps.database, deps.keys).catch(() => ({
      missing: [],
      retired: true,
    }))
    const ready = migrated && !deps.journal?.failing && missing.length === 0 && !retired
    return new Response(ready ? 'ready' : 'not ready', { status: ready ? 200 : 503, headers: always(uuidv7()) })
  })
  house.notFound((context) => problemAnswer(context, new NotFound()))
  house.onError((error, context) => problemAnswer(context, error))
  return house
}

/** OpenAPI 3.1, from the schemas the routes parse with. */
function describe(house: House<Municipality>): object {
  house.openAPIRegistry.registerComponent('securitySchemes', 'accessToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  })
  return house.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Padrón',
      version: '1',
      description:
        'Registers everyone who lives here as a neighbour, proves residence, and shares nothing with immigration enforcement.',
    },
  })
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
