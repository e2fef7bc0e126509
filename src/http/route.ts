import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, Handler } from 'hono'
import { getCookie } from 'hono/cookie'
import { uuidv7 } from '../platform/clock.ts'
import { type Code, NotAllowed, Problem, problemOf, retryAfter } from '../platform/problem.ts'
import { randomBytes } from '../platform/random.ts'
import { type Log, logText, outlineOf } from '../platform/telemetry.ts'
import { bytesOf } from './bytes.ts'
import type { Cookie } from './cookies.ts'
import { emptyForm, type Form, type FormFiles, formIn, mostOfForm } from './form.ts'
import { type FromCaller, fromCaller } from './from-caller.ts'
import { securityHeaders } from './headers.ts'
import { problemReply } from './problem-reply.ts'
import type { Reply } from './reply.ts'
import { sentFromElsewhere } from './same-site.ts'

// The one way in. Whatever the service answers, it answers through `route`: a test of the running app shows that no handler
// is mounted in any other way.

/** What the rooms above know of a request. The http room knows nothing of towns and people but these types. */
export interface World {
  town: { id: string }
  /** Whoever asks over the API. */
  requester: Who
  staff: Who
}

interface Who {
  kind: string
  id: string
}

/** What a request says about who sends it. */
export interface Credentials {
  authorization: string | undefined
  /** Proof of possession. @see RFC 9449 */
  dpop: string | undefined
  /** `Padron-Case`: the ticket or file a clerk works on. */
  workCase: string | undefined
  method: string
  path: string
}

/** What the door asks of the rooms above it. The app provides it. */
export interface Door<W extends World> {
  townOf(host: string): Promise<W['town']>
  requesterOf(town: W['town'], credentials: Credentials): Promise<W['requester']>
  /** Somebody known as staff. @throws what refuses whoever is not, and writes it down */
  staffOf(town: W['town'], who: W['requester']): Promise<W['staff']>
  /** Where a request comes from, as far as the runtime knows. Only a keyed hash of it is ever kept, for a day. */
  sourceOf(env: unknown, headers: Headers): string
  /** What stands for somebody in the log: a kind, and a mark of one day that leads back to nobody. */
  markOf(town: W['town'], who: Who): Promise<string>
  /** Refuses, and writes down, whoever comes to a door that is not theirs. */
  mustReach(town: W['town'], route: string, who: W['requester']): Promise<void>
  /** @throws when nothing is answered for now, such as over a database that was put back. */
  mustBeOpen(path: string): void
  /** The cookie that keeps a language chosen in an address. */
  languageCookie(url: string): Cookie | undefined
  /** An error as a page in its reader's language. */
  problemPage(request: Incoming<W>, problem: Problem): Promise<Reply>
  log: Log
}

export type App<W extends World> = OpenAPIHono<{ Variables: { door: Door<W> } }>

/**
 * `api`: for machines, answers JSON. `page`: for someone signed in. `public`: a page or material for anyone. `asset`: of no
 * town, and the same for everyone: what pages are made of, and whether the process lives.
 */
export type Kind = 'api' | 'page' | 'public' | 'asset'

export interface RouteSpec {
  kind: Kind
  method: 'get' | 'post' | 'patch' | 'all'
  /** As Hono writes it: `/desk/neighbours/:id`. */
  path: string
  /** What it is called in the log and the documents, where that is not its path. */
  name?: string
  /** Largest body that is read, in bytes; 64 KiB unless said otherwise. Files of a form are beside that. */
  most?: number
  /** What files a form may bring. */
  files?: FormFiles
  /** Its line in the log never says who asked: complaints, hiding, help. */
  quiet?: true
  /** Other sites may post to it: it uses no cookie. The same is true of the whole API. */
  fromAnywhere?: true
  /** Errors are for a program, not for a reader. */
  errors?: 'json'
}

/** One request, as handlers see it. They never see the raw request or response. */
export interface Incoming<W extends World> {
  id: string
  town: W['town']
  method: string
  /** The name it came to, with its port. */
  host: string
  path: string
  /** What follows the path, with its question mark, or nothing. */
  search: string
  params: Readonly<Record<string, string>>
  query(name: string): string
  queries(): Record<string, string>
  header(name: string): string | undefined
  cookie(name: string): string | undefined
  /** Where it comes from: an address, or nothing. Only for counting tries. */
  source: string
  /** For the scripts of this one answer. A page that reads it may have scripts. */
  nonce(): string
  /** @throws {Problem} too-large, unsupported-media-type {NotAForm} */
  form(): Promise<Form>
  /** The form in a box, from which it may be given back. */
  sentForm(): Promise<FromCaller<Form>>
  /** An empty form in a box, for an answer that is not made from the request. */
  nothing: FromCaller<Form>
  /** @throws {Problem} too-large, unsupported-media-type, malformed-json */
  json(): Promise<unknown>
  /** @throws {Problem} too-large */
  bytes(): Promise<Uint8Array>
  /** Who asks over the API, by what they show. @throws what the rooms above say of credentials that prove nothing */
  requester(auth: 'public' | 'staff' | 'requester', credentials: Credentials): Promise<W['requester'] | undefined>
  /** Notes who asks, for the log. @throws what refuses them if this route is not theirs, which is written down */
  admit(who: W['requester']): Promise<void>
}

const MOST_BODY = 64 * 1024

/** What stands in the log; whatever else somebody calls their request is theirs. */
const METHODS = ['get', 'head', 'post', 'patch', 'put', 'delete', 'options'] as const

/** Every handler that was mounted, for the test that there is no other. */
const mounted = new WeakMap<Handler, RouteSpec>()
export const specOf = (handler: Handler): RouteSpec | undefined => mounted.get(handler)

/**
 * Mounts one route: the request is read, answered, and written down in one line. An asset is of no town, and the same for
 * everyone.
 */
export function route<W extends World>(
  app: App<W>,
  spec: RouteSpec & { kind: 'asset' },
  handle: (request: Omit<Incoming<W>, 'town'>) => Promise<Reply>,
): void
export function route<W extends World>(
  app: App<W>,
  spec: RouteSpec & { kind: 'api' | 'page' | 'public' },
  handle: (request: Incoming<W>) => Promise<Reply>,
): void
export function route<W extends World>(
  app: App<W>,
  spec: RouteSpec,
  handle: (request: Incoming<W>) => Promise<Reply>,
): void {
  const answer = async (context: Context<{ Variables: { door: Door<W> } }>): Promise<Response> => {
    const started = performance.now()
    const { door } = context.var
    const at: At<W> = { id: uuidv7(), spec, started, who: undefined, nonce: undefined, request: undefined }
    let reply: Reply
    let error: unknown
    try {
      const host = context.req.header('host') ?? new URL(context.req.url).host
      // First for which town it is: whatever is refused from here on is a page in its reader's language.
      const town = spec.kind === 'asset' ? undefined : await door.townOf(host)
      const request = incoming(context, at, town)
      if (town !== undefined) at.request = request
      door.mustBeOpen(context.req.path)
      if (spec.kind !== 'api' && !spec.fromAnywhere && sentFromElsewhere(context.req.raw, host)) throw new NotAllowed()
      reply = await handle(request)
    } catch (thrown) {
      error = thrown
      reply = await refusal(door, { at, accept: context.req.header('accept') ?? '', error: thrown })
    }
    const reads = context.req.method === 'GET' || context.req.method === 'HEAD'
    const whole = reply.toResponse(headersOf(at))
    const response = reads ? unlessKnown(whole, context.req.header('if-none-match')) : whole
    const cookie = spec.kind === 'page' || spec.kind === 'public' ? door.languageCookie(context.req.url) : undefined
    if (cookie !== undefined) response.headers.append('set-cookie', cookie)
    await write(door, {
      at,
      response: { method: context.req.method, status: response.status },
      error,
      code: reply.code,
    })
    return response
  }
  mounted.set(answer as Handler, spec)
  if (spec.method === 'all') app.all(spec.path, answer)
  else app.on(spec.method, spec.path, answer)
}

/** One request on its way through the door. */
interface At<W extends World> {
  id: string
  spec: RouteSpec
  started: number
  who: Who | undefined
  nonce: string | undefined
  /** Undefined until the town is known. */
  request: Incoming<W> | undefined
}

function incoming<W extends World>(
  context: Context<{ Variables: { door: Door<W> } }>,
  at: At<W>,
  town: W['town'] | undefined,
): Incoming<W> {
  const { req, env } = context
  const { spec } = at
  const url = new URL(req.url)
  const { door } = context.var
  const ofTown = (): W['town'] => {
    if (town === undefined) throw new Error('an asset is of no town')
    return town
  }
  const type = req.header('content-type') ?? ''
  const most = spec.most ?? MOST_BODY
  let read: Promise<Uint8Array> | undefined
  const bytes = () => {
    read ??= bytesOf(req.raw, mostOfForm(type, most, spec.files))
    return read
  }
  let parsed: Promise<Form> | undefined
  const form = () => {
    parsed ??= bytes().then((body) => formIn(body, { type, words: most, files: spec.files }))
    return parsed
  }
  const admit = async (who: W['requester']) => {
    at.who = who
    await door.mustReach(ofTown(), routeName(spec), who)
  }
  return {
    id: at.id,
    get town() {
      return ofTown()
    },
    method: req.method,
    host: req.header('host') ?? url.host,
    path: req.path,
    search: url.search,
    params: req.param() as Record<string, string>,
    query: (name) => req.query(name) ?? '',
    queries: () => req.query(),
    header: (name) => req.header(name),
    cookie: (name) => getCookie(context, name),
    source: door.sourceOf(env, req.raw.headers),
    nonce: () => {
      at.nonce ??= Buffer.from(randomBytes(16)).toString('base64')
      return at.nonce
    },
    form,
    nothing: fromCaller(emptyForm),
    sentForm: async () => fromCaller(await form()),
    json: async () => jsonIn(await bytes(), type),
    bytes,
    requester: async (auth, credentials) => {
      if (auth === 'public') return undefined
      const who = await door.requesterOf(ofTown(), credentials)
      await admit(who)
      return auth === 'staff' ? door.staffOf(ofTown(), who) : who
    },
    admit,
  }
}

/** @throws {Problem} unsupported-media-type, malformed-json */
function jsonIn(bytes: Uint8Array, type: string): unknown {
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new Problem('unsupported-media-type', 415, 'Send JSON, with Content-Type: application/json.')
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new Problem('malformed-json', 400, 'What was sent is not valid JSON.')
  }
}

/** The only place where an error becomes an answer: a page for a reader, a problem document for a program. */
async function refusal<W extends World>(
  door: Door<W>,
  { at, accept, error }: { at: At<W>; accept: string; error: unknown },
): Promise<Reply> {
  const { spec, request } = at
  const reader = spec.errors !== 'json' && (spec.kind === 'page' || spec.kind === 'public')
  if (!reader || request === undefined || !accept.includes('text/html')) return problemReply(error)
  const problem = problemOf(error)
  return (await door.problemPage(request, problem)).as(problem.status).with(retryAfter(problem))
}

function headersOf<W extends World>({ id, spec, nonce }: At<W>): Record<string, string> {
  const headers = securityHeaders(id, nonce)
  // The referrer goes to our own pages only: they need it to show a form again.
  return spec.kind === 'page' ? { ...headers, 'referrer-policy': 'same-origin' } : headers
}

/** Says 304 where the client has this version already. Of GET and HEAD alone. @see RFC 9110 section 13.1.2 */
function unlessKnown(response: Response, known: string | undefined): Response {
  if (known === undefined || response.status !== 200) return response
  const etag = response.headers.get('etag')
  if (etag === null) return response
  const same = known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
  return same ? new Response(null, { status: 304, headers: response.headers }) : response
}

/** One line for one request: the pattern of its path, how it went and how long it took; nothing of what was asked or said. */
async function write<W extends World>(
  door: Door<W>,
  {
    at: { id, spec, started, who, request },
    response: { method, status },
    error,
    code,
  }: { at: At<W>; response: { method: string; status: number }; error: unknown; code: Code | undefined },
): Promise<void> {
  const mark = who && request && !spec.quiet ? await door.markOf(request.town, who).catch(() => who.kind) : undefined
  door.log({
    level: status >= 500 ? 'error' : 'info',
    event: 'request',
    kind: spec.kind,
    requestId: logText(id),
    method: METHODS.find((one) => one === method.toLowerCase()) ?? 'other',
    route: logText(spec.name ?? spec.path),
    status,
    milliseconds: Math.round(performance.now() - started),
    ...(mark === undefined ? {} : { who: logText(mark) }),
    ...(error === undefined ? (code === undefined ? {} : { code }) : codeOf(error)),
  })
}

/** What a route is called in `policies/roles.json`. */
const routeName = ({ method, name, path }: RouteSpec) => `${method.toUpperCase()} ${name ?? path}`

const codeOf = (error: unknown) => (error instanceof Problem ? { code: error.code } : outlineOf(error))
