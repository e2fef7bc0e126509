import { OpenAPIHono } from '@hono/zod-openapi'
import { compress } from 'hono/compress'
import type { CaseFile } from './firewall/cases.ts'
import { createGate } from './firewall/gate.ts'
import type { PolicyEngine } from './firewall/policies.ts'
import { mayReach } from './firewall/roles.ts'
import { securityHeaders } from './http/headers.ts'
import { problemReply } from './http/problem-reply.ts'
import { publicData } from './http/public-data.ts'
import { Reply } from './http/reply.ts'
import { type Door, route } from './http/route.ts'
import type { App, World } from './identity/app.ts'
import { requesterOf, staffOf } from './identity/find-requester.ts'
import type { MachineSignIn } from './identity/machine-sign-in.ts'
import type { StaffSignIn } from './identity/sign-in.ts'
import type { TokenVerifier } from './identity/tokens.ts'
import { keysMissing } from './keys/key-holding.ts'
import type { KeyProvider } from './keys/key-provider.ts'
import type { Journal } from './ledger/journal.ts'
import { ledgerRoutes } from './ledger/routes.ts'
import { type LedgerSigners, ledgerSigners } from './ledger/signer.ts'
import { leaveMessage } from './messages/leave-message.ts'
import { affectedRoutes } from './oversight/affected-routes.ts'
import { drawnRoutes } from './oversight/drawn-routes.ts'
import { carrying } from './oversight/enrol.ts'
import { letterRoutes } from './oversight/letter-routes.ts'
import { officerRoutes } from './oversight/officer-routes.ts'
import { lateNotices, prolongSecrecy } from './oversight/open-by-order.ts'
import { orderRoutes } from './oversight/order-routes.ts'
import { oversightRoutes } from './oversight/routes.ts'
import { type Clock, today, uuidv7 } from './platform/clock.ts'
import type { Database } from './platform/database.ts'
import type { InstallationWatch } from './platform/installation.ts'
import { pendingMigrations } from './platform/migrations.ts'
import { networkOf } from './platform/network.ts'
import { NotFound } from './platform/problem.ts'
import type { Log } from './platform/telemetry.ts'
import type { ProofDeps } from './proofs/issue.ts'
import type { Renderer } from './proofs/paper/paper.ts'
import { paperRoutes } from './proofs/paper/paper-routes.ts'
import { trustRoutes } from './proofs/public-routes.ts'
import { proofRoutes } from './proofs/routes.ts'
import { signingKeys } from './proofs/signing-keys.ts'
import { walletMetadataRoutes } from './proofs/wallet/metadata-routes.ts'
import { walletRoutes } from './proofs/wallet/routes.ts'
import { departureRoutes } from './registry/departure/departure-routes.ts'
import { erasureRoutes } from './registry/departure/erasure-routes.ts'
import { joinRoutes } from './registry/person/join/routes.ts'
import { protectionRoutes } from './registry/person/protection-routes.ts'
import { representativeRoutes } from './registry/person/representation/routes.ts'
import { registrationDesk } from './registry/register/registration-batch.ts'
import { timeRoutes } from './registry/residence/time-routes.ts'
import { registryRoutes } from './registry/routes.ts'
import { searchLinks } from './registry/search/search-links.ts'
import { enrolApplicant } from './requests/apply.ts'
import type { Redraw } from './requests/attachments.ts'
import { countComplaints } from './requests/complain.ts'
import { statisticsRoutes } from './statistics/routes.ts'
import { rememberedTransparency } from './statistics/transparency.ts'
import { townRoutes } from './town/routes.ts'
import { townDirectory } from './town/store.ts'
import { checkPages } from './web/check/routes.tsx'
import { practicePages } from './web/counter/practice-routes.tsx'
import { counterPages } from './web/counter/routes.tsx'
import { deskPages } from './web/desk/routes.tsx'
import { signInPages } from './web/desk/sign-in-routes.tsx'
import { providerRoutes } from './web/portal/provider-routes.ts'
import { portalPages } from './web/portal/routes.tsx'
import { problemPage } from './web/problem-answer.tsx'
import { type Demo, demoPages } from './web/public/demo.tsx'
import { rightsPages } from './web/public/rights-routes.tsx'
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
  /** What is known of the database, so that a restored database is noticed. */
  watch?: InstallationWatch | undefined
  /** Each checkpoint of the ledger is published as it is signed, as in a demonstration; in daily steps otherwise. */
  ledgerAtOnce?: boolean | undefined
  /** How many days backups are kept; the longest they may be unless it is said. */
  backupDays?: number | undefined
  /** Whether acts of taking away can be written to the journal, where there is one. */
  journal?: Pick<Journal, 'failing'> | undefined
  /** Prints papers, where the runtime can. */
  renderer?: Renderer | undefined
  /** Makes photos and voices anew, where the runtime can; without it none are taken. */
  redraw?: Redraw | undefined
  /** Where it is asked whether a case was issued, where the town has such a system. */
  cases?: CaseFile | undefined
  /** How staff sign in to the pages; without it there is no desk. */
  signIn?: StaffSignIn | undefined
  /** Where machines of service providers get their tokens. */
  machineSignIn?: MachineSignIn | undefined
  /** Of a demonstration: what is ready for whoever looks at it, once it is. */
  demo?: { ready: Demo | undefined } | undefined
  /** Whether answers are compressed here; on Workers the edge does it. */
  shrink?: boolean
  /** Where a request comes from; nowhere unless the entry point says. */
  sourceOf?: (env: unknown, headers: Headers) => string
  log: Log
}

/** What the rooms work with. */
export type Rooms = ProofDeps & {
  signers: LedgerSigners
  policies: PolicyEngine
  renderer?: Renderer | undefined
  redraw?: Redraw | undefined
}

/** What the use cases of every room work with, built from what the entry point brings. */
export function composeRooms(
  deps: Omit<AppDeps, 'tokens' | 'senderConstrained' | 'signIn' | 'shrink' | 'sourceOf' | 'log' | 'demo'>,
): Rooms {
  const gate = createGate(deps)
  return {
    ...deps,
    gate,
    leaveMessage,
    registrations: registrationDesk(deps.database),
    signing: signingKeys(deps),
    signers: ledgerSigners(deps.database, deps.keys),
  }
}

/** The whole service on one screen: the same on Node and on Workers. */
export function createApp(deps: AppDeps, rooms: Rooms = composeRooms(deps)): App {
  const app: App = new OpenAPIHono()
  const door = frontDoor(deps, rooms)
  app.use(async (context, next) => {
    context.set('door', door)
    await next()
  })

  // Public material that is worth shrinking; nothing secret is in it for the length to tell.
  const shrunk = deps.shrink ? ['/status-lists/*', '/assets/*', '/v', '/V'] : []
  for (const path of shrunk) app.use(path, compress({ contentTypeFilter: /^(text\/|application\/statuslist\+jwt)/ }))

  townRoutes(app, rooms.gate.grants)
  oversightRoutes(app, rooms)
  letterRoutes(app, rooms)
  drawnRoutes(app, rooms)
  officerRoutes(app, rooms, (town) =>
    carrying(rooms.clock, town.id, {
      application: (transaction, content) => enrolApplicant(rooms, town, { transaction, application: content }),
      secrecy: (transaction, content) => prolongSecrecy(rooms, town, { transaction, secrecy: content }),
      widen: (transaction, { digest }) => rooms.gate.agreeTo(transaction, town, digest),
      callOff: (transaction) => rooms.gate.callOff(transaction, town.id),
    }),
  )
  orderRoutes(app, rooms)
  affectedRoutes(app, rooms)
  registryRoutes(app, rooms, searchLinks(rooms.gate))
  departureRoutes(app, rooms)
  representativeRoutes(app, rooms)
  protectionRoutes(app, rooms)
  joinRoutes(app, rooms)
  timeRoutes(app, rooms)
  erasureRoutes(app, rooms)
  proofRoutes(app, rooms)
  trustRoutes(app, rooms)
  paperRoutes(app, rooms)
  walletRoutes(app, rooms)
  walletMetadataRoutes(app)
  const published = { database: deps.database, ledgerAtOnce: deps.ledgerAtOnce }
  ledgerRoutes(app, { ...published, signers: rooms.signers })

  const demo = () => deps.demo?.ready
  const transparency = rememberedTransparency({
    ...published,
    lateNotices: async (id) => (await lateNotices(deps, { id })).length,
  })
  statisticsRoutes(app, transparency)
  checkPages(app, rooms)
  counterPages(app, rooms)
  practicePages(app, rooms)
  const desk = { ...rooms, renew: deps.signIn?.renew }
  signInPages(app, desk, deps.signIn)
  deskPages(app, desk)
  providerRoutes(app, rooms)
  portalPages(app, { ...rooms, machineSignIn: deps.machineSignIn })
  rightsPages(app, rooms)
  publicPages(app, {
    database: deps.database,
    document: memoised(() => openApiDocument(app)),
    policies: deps.policies,
    grants: rooms.gate.grants,
    transparency,
    complaints: (id) => countComplaints(rooms, { id }),
    demo,
  })
  if (deps.demo) demoPages(app, rooms, demo)
  healthRoutes(app, deps)
  for (const machines of ['v1', 'wallet', 'ledger', 'status-lists', 'credentials', '.well-known'])
    route(app, { kind: 'api', method: 'all', path: `/${machines}/*` }, nothingHere)
  route(app, { kind: 'public', method: 'all', path: '*' }, nothingHere)
  app.onError((error) => problemReply(error).toResponse(securityHeaders(uuidv7())))
  return app
}

const nothingHere = async () => {
  throw new NotFound()
}

/** What the front door asks of the rooms. */
function frontDoor(deps: AppDeps, { gate }: Rooms): Door<World> {
  const { database, clock, tokens, senderConstrained = true } = deps
  const towns = townDirectory(database)
  const identity = { database, tokens, senderConstrained, turnAway: gate.turnAway }
  return {
    townOf: (host) => towns.byHost(host),
    requesterOf: (town, credentials) => requesterOf(identity, town, credentials),
    staffOf: (town, who) => staffOf(identity, town, who),
    sourceOf: (env, headers) => networkOf(deps.sourceOf?.(env, headers) ?? ''),
    async markOf(town, { kind, id }) {
      const { hash } = await gate.keysOf(town.id)
      return `${kind} ${hash(`log ${today(clock, town.timeZone)} ${kind} ${id}`).toString('hex', 0, 4)}`
    },
    async mustReach(town, route, who) {
      if (!mayReach(route, who)) await gate.turnAway(town.id, who)
    },
    mustBeOpen(path) {
      if (deps.watch?.fallen && path !== '/health/live') throw deps.watch.fallen
    },
    languageCookie,
    problemPage,
    log: deps.log,
  }
}

/** Whether the process lives, and whether it may be given work. */
function healthRoutes(app: App, deps: AppDeps): void {
  const say = (word: string) =>
    Reply.material(publicData(word), 'text/plain; charset=utf-8', { 'cache-control': 'no-store' })
  route(app, { kind: 'asset', method: 'get', path: '/health/live' }, async () => say('alive'))
  route(app, { kind: 'asset', method: 'get', path: '/health/ready' }, async () => {
    const migrated = await pendingMigrations(deps.database)
      .then((pending) => pending.length === 0)
      .catch(() => false)
    const { missing, retired } = await keysMissing(deps.database, deps.keys).catch(() => ({
      missing: [],
      retired: true,
    }))
    const ready = migrated && !deps.journal?.failing && missing.length === 0 && !retired
    return ready ? say('ready') : say('not ready').as(503)
  })
}

/** OpenAPI 3.1, from the schemas the routes parse with. */
function openApiDocument(app: App): object {
  app.openAPIRegistry.registerComponent('securitySchemes', 'accessToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Padrón',
      version: '1',
      description:
        'Registers everyone who lives here as a neighbour, proves residence, and shares nothing with immigration enforcement.',
    },
  })
}

function memoised<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
