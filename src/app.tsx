import { OpenAPIHono } from '@hono/zod-openapi'
import { compress } from 'hono/compress'
import type { CaseFile } from './firewall/cases.ts'
import { createGate } from './firewall/gate.ts'
import type { PolicyEngine } from './firewall/policies.ts'
import { Refusal } from './firewall/requester.ts'
import { always, type House, type Reception } from './http/endpoint.ts'
import type { Redraw } from './http/media.ts'
import { sentFromElsewhere } from './http/same-site.ts'
import type { MachineSignIn } from './identity/machine-sign-in.ts'
import { requesterOf, staffOf } from './identity/requesters.ts'
import type { StaffSignIn } from './identity/sign-in.ts'
import type { TokenVerifier } from './identity/tokens.ts'
import { keysMissing } from './keys/key-holding.ts'
import type { KeyProvider } from './keys/key-provider.ts'
import type { Journal } from './ledger/journal.ts'
import { ledgerRoutes } from './ledger/routes.ts'
import { type LedgerSigners, ledgerSigners } from './ledger/signer.ts'
import { drawnRoutes } from './oversight/drawn-routes.ts'
import { carrying } from './oversight/enrolment.ts'
import { officerRoutes } from './oversight/officer-routes.ts'
import { orderRoutes } from './oversight/order-routes.ts'
import { prolongSecrecy } from './oversight/orders.ts'
import { firewallRoutes } from './oversight/routes.ts'
import { type Clock, uuidv7 } from './platform/clock.ts'
import type { Database } from './platform/database.ts'
import type { InstallationWatch } from './platform/installation.ts'
import { pendingMigrations } from './platform/migrations.ts'
import { NotFound } from './platform/problem.ts'
import type { Log } from './platform/telemetry.ts'
import type { ProofDeps } from './proofs/issue.ts'
import type { Press } from './proofs/paper/paper.ts'
import { paperRoutes } from './proofs/paper/paper-routes.ts'
import { proofRoutes } from './proofs/routes.ts'
import { signingKeys } from './proofs/signing-keys.ts'
import { walletRoutes } from './proofs/wallet/routes.ts'
import { departureRoutes } from './registry/departure/departure-routes.ts'
import { erasureRoutes } from './registry/departure/erasure-routes.ts'
import { joinRoutes } from './registry/person/join-routes.ts'
import { protectionRoutes } from './registry/person/protection-routes.ts'
import { representativeRoutes } from './registry/person/representative-routes.ts'
import { registrationDesk } from './registry/register/registration-batch.ts'
import { timeRoutes } from './registry/residence/time-routes.ts'
import { registryRoutes } from './registry/routes.ts'
import { searchLinks } from './registry/search/search-links.ts'
import { enrolApplicant } from './requests/applications.ts'
import { statisticsRoutes } from './statistics/routes.ts'
import { rememberedTransparency } from './statistics/transparency.ts'
import { type Municipality, townDirectory } from './town/municipality.ts'
import { checkPages } from './web/check/routes.tsx'
import { practicePages } from './web/counter/practice-routes.tsx'
import { counterPages } from './web/counter/routes.tsx'
import { deskPages } from './web/desk/routes.tsx'
import { signInPages } from './web/desk/sign-in-routes.tsx'
import { providerRoutes } from './web/portal/provider-routes.ts'
import { portalPages } from './web/portal/routes.tsx'
import { problemAnswer } from './web/problem-answer.tsx'
import { publicPages } from './web/public/routes.tsx'
import { languageCookie } from './web/reader.ts'

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
