import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Requester, Staff } from '../firewall/requester.ts'
import { uuidv7 } from '../platform/clock.ts'
import {
  type FieldError,
  mustBeValid,
  OAuthProblem,
  Problem,
  problemOf,
  retryAfter,
  VersionConflict,
} from '../platform/problem.ts'
import { type Log, outlineOf } from '../platform/telemetry.ts'
import { bytesOf } from './bytes.ts'
import { REASONS } from './reasons.ts'
import { publicData, Reply } from './reply.ts'

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

/** What the edge needs to know of a request before a route sees it. */
export interface Reception<Town> {
  townOf(host: string): Promise<Town>
  requesterOf(town: Town, credentials: Credentials): Promise<Requester>
  staffOf(town: Town, credentials: Credentials): Promise<Staff>
  /** Where a request comes from, as far as the runtime knows. Only a keyed hash of it is ever kept, for a day. */
  sourceOf(env: unknown, headers: Headers): string
  log: Log
}

export type House<Town> = OpenAPIHono<{ Variables: { reception: Reception<Town> } }>

interface Spec<Auth extends 'public' | 'staff' | 'requester'> {
  method: 'get' | 'post' | 'patch'
  /** OpenAPI style: `/v1/neighbours/{id}`. */
  path: string
  summary: string
  description?: string
  tag: string
  auth: Auth
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  /** The body comes as a form, as OAuth has it, not as JSON. */
  form?: boolean
  /** The body is a file of so many bytes at most, of whatever kind. */
  file?: number
  /** The route reads `Padron-Purpose`. */
  purpose?: boolean
  /** The route creates something: `Idempotency-Key` is required. */
  idempotent?: boolean
  /** The route changes something: `If-Match` is required. */
  versioned?: boolean
  answers: Record<number, { description: string; schema?: z.ZodType; type?: string }>
  /** Statuses it may refuse with, besides 401 and 422. */
  refuses?: readonly number[]
}

/** One request, parsed. Routes never see the raw request or response. */
export interface Visit<Town, Auth, Params, Query, Body> {
  town: Town
  requester: Auth extends 'staff' ? Staff : Auth extends 'requester' ? Requester : undefined
  params: Params
  query: Query
  body: Body
  /** The bytes that came, of a route that takes a file. */
  file: Uint8Array
  /** Where it comes from: an address, or nothing. Only for counting tries. */
  source: string
  /** The Authorization header, for routes that know their own kind of token. */
  authorization: string
  purpose: string
  idempotencyKey: string
  version: number
}

type InferOr<T, Otherwise> = T extends z.ZodType ? z.infer<T> : Otherwise

const CSP =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Sent with every response. */
const ALWAYS = {
  'content-security-policy': CSP,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const

export function always(requestId: string): Record<string, string> {
  return { ...ALWAYS, 'request-id': requestId }
}

export const ProblemDetails = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string(), tooLong: z.literal(true).optional() }))
      .optional(),
  })
  .openapi('Problem', {
    description: 'RFC 9457. `code` is stable. Never holds personal data, save the candidates of a suspected duplicate.',
  })

const MOST_BODY = 64 * 1024

/**
 * Mounts one route and describes it in the OpenAPI document: authenticate, parse, call, reply.
 * The handler can answer only with a `Reply`.
 */
export function endpoint<Town, const Auth extends 'public' | 'staff' | 'requester', const S extends Spec<Auth>>(
  house: House<Town>,
  spec: S & { auth: Auth },
  handle: (
    visit: Visit<
      Town,
      Auth,
      InferOr<S['params'], Record<string, never>>,
      InferOr<S['query'], Record<string, never>>,
      InferOr<S['body'], undefined>
    >,
  ) => Promise<Reply>,
): void {
  house.openAPIRegistry.registerPath(described(spec))
  // `{rest}` takes what is left of the path, slashes included.
  const path = spec.path.replace('{rest}', ':rest{.+}').replace(/\{(\w+)\}/g, ':$1')
  const query = (spec.query ?? z.object({})).strict()
  house.on(spec.method, path, async (context) => {
    const requestId = uuidv7()
    const started = performance.now()
    const { reception } = context.var
    let reply: Reply
    let status: number
    try {
      const town = await reception.townOf(context.req.header('host') ?? new URL(context.req.url).host)
      const credentials = {
        authorization: context.req.header('authorization'),
        dpop: context.req.header('dpop'),
        workCase: context.req.header('padron-case'),
        method: context.req.method,
        path: context.req.path,
      }
      const requester =
        spec.auth === 'public'
          ? undefined
          : spec.auth === 'staff'
            ? await reception.staffOf(town, credentials)
            : await reception.requesterOf(town, credentials)
      const source = reception.sourceOf(context.env, context.req.raw.headers)
      const authorization = credentials.authorization ?? ''
      const visit = { town, requester, source, authorization, ...(await parsed(context, spec, query)) }
      reply = await handle(visit as Parameters<typeof handle>[0])
      const response = unlessKnown(reply.toResponse(always(requestId)), context.req.header('if-none-match'))
      reception.log({
        level: 'info',
        event: 'request',
        requestId,
        method: spec.method,
        route: spec.path,
        status: response.status,
        milliseconds: Math.round(performance.now() - started),
      })
      return response
    } catch (error) {
      const response = problemResponse(error, requestId)
      status = response.status
      reception.log({
        level: status >= 500 ? 'error' : 'info',
        event: 'request',
        requestId,
        method: spec.method,
        route: spec.path,
        status,
        milliseconds: Math.round(performance.now() - started),
        ...(error instanceof Problem ? { code: error.code } : outlineOf(error)),
      })
      return response
    }
  })
}

/** Nothing again for who has it already. @see RFC 9110 section 13.1.2 */
function unlessKnown(response: Response, known: string | undefined): Response {
  if (known === undefined || response.status !== 200) return response
  const etag = response.headers.get('etag')
  if (etag === null) return response
  const same = known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
  return same ? new Response(null, { status: 304, headers: response.headers }) : response
}

/** The only place where an error becomes an HTTP answer. */
export function problemResponse(error: unknown, requestId: string): Response {
  const problem = problemOf(error)
  const body = {
    type: `/problems/${problem.code}`,
    title: problem.message,
    status: problem.status,
    code: problem.code,
    ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
    ...('until' in problem ? { until: problem.until } : {}),
  }
  if (problem instanceof OAuthProblem) {
    const answer = { error: problem.code, error_description: problem.message }
    return Reply.open(publicData(answer), problem.status, { 'cache-control': 'no-store' }).toResponse(always(requestId))
  }
  const headers = {
    'content-type': 'application/problem+json; charset=utf-8',
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...retryAfter(problem),
  }
  if ('disclosed' in problem) {
    const more = problem.disclosed as Disclosed<object>
    return Reply.disclose(
      more.map((value) => ({ ...body, ...value })),
      problem.status,
      headers,
    ).toResponse(always(requestId))
  }
  return new Response(JSON.stringify(body), { status: problem.status, headers: { ...always(requestId), ...headers } })
}

/** @param asked what the query string may hold, and nothing else */
async function parsed(context: Context, spec: Spec<'public' | 'staff' | 'requester'>, asked: z.ZodType) {
  const errors: FieldError[] = []
  const read = (schema: z.ZodType | undefined, value: unknown, where: (path: string) => string) => {
    if (schema === undefined) return value
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) errors.push(...fieldErrors(issue, where))
    return undefined
  }
  const params = read(spec.params, context.req.param(), (path) => `path:${path}`)
  const query = read(asked, context.req.query(), (path) => `query:${path}`)
  const body =
    spec.body === undefined
      ? undefined
      : read(spec.body, await (spec.form ? formBody(context) : jsonBody(context)), (path) => path)

  const file = spec.file === undefined ? new Uint8Array() : await bytesOf(context.req.raw, spec.file)

  const header = (name: string, needed: boolean | undefined, form: RegExp, shape: string) => {
    const value = context.req.header(name)
    if (!needed || (value !== undefined && form.test(value))) return value ?? ''
    errors.push({ pointer: `header:${name}`, detail: `Send the header ${name}: ${shape}.` })
    return ''
  }
  const purpose = header('Padron-Purpose', spec.purpose, /^[a-z-]{1,64}$/, 'one of the purposes')
  const idempotencyKey = header(
    'Idempotency-Key',
    spec.idempotent,
    /^[\x20-\x7e]{8,200}$/,
    '8 to 200 characters of ASCII',
  )
  let version = 0
  if (spec.versioned) {
    const match = /^"(\d{1,9})"$/.exec(context.req.header('if-match') ?? '')
    if (match === null) throw new VersionConflict(true)
    version = Number(match[1])
  }
  mustBeValid(errors)
  return { params, query, body, file, purpose, idempotencyKey, version }
}

async function bodyText(context: Context): Promise<string> {
  if (Number(context.req.header('content-length') ?? 0) > MOST_BODY)
    throw new Problem('too-large', 413, 'This is too large to be a form.')
  const text = await context.req.text()
  if (text.length > MOST_BODY) throw new Problem('too-large', 413, 'This is too large to be a form.')
  return text
}

/** @returns each field once; the last of a name wins */
async function formBody(context: Context): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(await bodyText(context)))
}

async function jsonBody(context: Context): Promise<unknown> {
  if (!/^application\/json\b/.test(context.req.header('content-type') ?? '')) {
    throw new Problem('unsupported-media-type', 415, 'Send JSON, with Content-Type: application/json.')
  }
  const text = await bodyText(context)
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem('malformed-json', 400, 'What was sent is not valid JSON.')
  }
}

/** Zod's messages may quote what was typed; ours name the field and the rule. */
function fieldErrors(issue: z.core.$ZodIssue, where: (path: string) => string): FieldError[] {
  const pointer = (path: readonly PropertyKey[]) =>
    where(path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        pointer: pointer([...issue.path, key]),
        detail: 'This field is not known here. The registry keeps no more than it lists.',
      }))
    case 'invalid_union': {
      const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? []
      if (nearest.length === 0) return [{ pointer: pointer(issue.path), detail: 'Choose one of the listed forms.' }]
      return nearest.flatMap((inner) =>
        fieldErrors({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, where),
      )
    }
    case 'custom':
      return [{ pointer: pointer(issue.path), detail: issue.message }]
    case 'invalid_value':
      return [{ pointer: pointer(issue.path), detail: `Choose one of: ${issue.values.join(', ')}.` }]
    case 'invalid_type':
      return [{ pointer: pointer(issue.path), detail: `Give a ${issue.expected} here.` }]
    default:
      return [{ pointer: pointer(issue.path), detail: 'Write this in the form the API describes.' }]
  }
}

function described(spec: Spec<'public' | 'staff' | 'requester'>): RouteConfig {
  const responses: RouteConfig['responses'] = {}
  for (const [status, answer] of Object.entries(spec.answers)) {
    const type = answer.type ?? 'application/json'
    responses[status] = {
      description: answer.description,
      content: { [type]: { schema: answer.schema ?? z.string() } },
    }
  }
  const always = [
    ...(spec.auth === 'public' ? [] : [401]),
    ...(spec.body || spec.file ? [400, 413, 415] : []),
    421,
    422,
    503,
  ]
  for (const status of new Set([...always, ...(spec.refuses ?? [])])) {
    responses[status] = {
      description: REASONS[status] ?? 'Refused',
      content: { 'application/problem+json': { schema: ProblemDetails } },
    }
  }
  const headers: Record<string, z.ZodType> = {}
  if (spec.purpose)
    headers['Padron-Purpose'] = z.string().openapi({ description: 'Why the data is opened; one of `/v1/purposes`.' })
  if (spec.idempotent)
    headers['Idempotency-Key'] = z
      .string()
      .min(8)
      .max(200)
      .openapi({ description: 'The same key always gives the first answer.' })
  if (spec.versioned) headers['If-Match'] = z.string().openapi({ description: 'The ETag last read.' })
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    ...(spec.description ? { description: spec.description } : {}),
    tags: [spec.tag],
    ...(spec.auth === 'public' ? {} : { security: [{ accessToken: [] }] }),
    request: {
      ...(spec.params ? { params: spec.params } : {}),
      ...(spec.query ? { query: spec.query } : {}),
      ...(Object.keys(headers).length > 0 ? { headers: z.object(headers) } : {}),
      ...(spec.body
        ? {
            body: {
              required: true,
              content: {
                [spec.form ? 'application/x-www-form-urlencoded' : 'application/json']: { schema: spec.body },
              },
            },
          }
        : {}),
      ...(spec.file
        ? {
            body: {
              required: true,
              content: {
                'application/octet-stream': { schema: z.any().openapi({ type: 'string', format: 'binary' }) },
              },
            },
          }
        : {}),
    },
    responses,
  }
}
