import { type RouteConfig, z } from '@hono/zod-openapi'
import { type Code, type FieldError, mustBeValid, VersionConflict, type Words, words } from '../platform/problem.ts'
import { type FromCaller, fromCaller } from './from-caller.ts'
import { REASONS } from './reasons.ts'
import type { Reply } from './reply.ts'
import { type App, type Incoming, route, type World } from './route.ts'

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
  /** The body is form-encoded, as OAuth requires, not as JSON. */
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
  /** Its line in the log never says who asked: complaints, hiding, help. */
  quiet?: true
  /** Statuses it may refuse with, besides 401 and 422. */
  refuses?: readonly number[]
}

/** One request, parsed. Routes never see the raw request or response. */
export interface RequestContext<W extends World, Auth, Params, Query, Body> {
  town: W['town']
  requester: Auth extends 'staff' ? W['staff'] : Auth extends 'requester' ? W['requester'] : undefined
  params: Params
  query: Query
  body: Body
  /** The body in a box, from which it may be given back. */
  sent: FromCaller<Body>
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

/**
 * Mounts one route of the API and describes it in the OpenAPI document: authenticate, parse, call, reply.
 * The handler can answer only with a `Reply`.
 */
export function endpoint<
  W extends World,
  const Auth extends 'public' | 'staff' | 'requester',
  const S extends Spec<Auth>,
>(
  app: App<W>,
  spec: S & { auth: Auth },
  handle: (
    context: RequestContext<
      W,
      Auth,
      InferOr<S['params'], Record<string, never>>,
      InferOr<S['query'], Record<string, never>>,
      InferOr<S['body'], undefined>
    >,
  ) => Promise<Reply>,
): void {
  app.openAPIRegistry.registerPath(described(spec))
  // `{rest}` takes what is left of the path, slashes included.
  const path = spec.path.replace('{rest}', ':rest{.+}').replace(/\{(\w+)\}/g, ':$1')
  const query = (spec.query ?? z.object({})).strict()
  const { method, file, quiet } = spec
  const size = file === undefined ? {} : { most: file }
  const mounted = {
    kind: 'api',
    method,
    path,
    name: spec.path,
    ...size,
    ...(quiet ? { quiet } : {}),
  } as const
  route(app, mounted, async (request) => {
    const credentials = {
      authorization: request.header('authorization'),
      dpop: request.header('dpop'),
      workCase: request.header('padron-case'),
      method: request.method,
      path: request.path,
    }
    const requester = await request.requester(spec.auth, credentials)
    const context = {
      town: request.town,
      requester,
      source: request.source,
      authorization: credentials.authorization ?? '',
    }
    const read = await parsed(request, spec, query)
    return handle({ ...context, ...read, sent: fromCaller(read.body) } as Parameters<typeof handle>[0])
  })
}

/** @param asked what the query string may hold, and nothing else */
async function parsed<W extends World>(
  request: Incoming<W>,
  spec: Spec<'public' | 'staff' | 'requester'>,
  asked: z.ZodType,
) {
  const errors: FieldError[] = []
  const read = (schema: z.ZodType | undefined, value: unknown, where: (path: string) => string) => {
    if (schema === undefined) return value
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) errors.push(...fieldErrors(issue, where))
    return undefined
  }
  const params = read(spec.params, request.params, (path) => `path:${path}`)
  const query = read(asked, request.queries(), (path) => `query:${path}`)
  const body =
    spec.body === undefined
      ? undefined
      : read(spec.body, await (spec.form ? fieldsOf(request) : request.json()), (path) => path)

  const file = spec.file === undefined ? new Uint8Array() : await request.bytes()

  const header = (
    name: Words,
    { needed, form, shape }: { needed: boolean | undefined; form: RegExp; shape: Code | Words },
  ) => {
    const value = request.header(name)
    if (!needed || (value !== undefined && form.test(value))) return value ?? ''
    errors.push({ pointer: `header:${name}`, detail: words`Send the header ${name}: ${shape}.` })
    return ''
  }
  const purpose = header('Padron-Purpose', {
    needed: spec.purpose,
    form: /^[a-z-]{1,64}$/,
    shape: 'one of the purposes',
  })
  const idempotencyKey = header('Idempotency-Key', {
    needed: spec.idempotent,
    form: /^[\x20-\x7e]{8,200}$/,
    shape: '8 to 200 characters of ASCII',
  })
  let version = 0
  if (spec.versioned) {
    const match = /^"(\d{1,9})"$/.exec(request.header('if-match') ?? '')
    if (match === null) throw new VersionConflict(true)
    version = Number(match[1])
  }
  mustBeValid(errors)
  return { params, query, body, file, purpose, idempotencyKey, version }
}

/** @returns each field once; the last of a name wins */
async function fieldsOf<W extends World>(request: Incoming<W>): Promise<Record<string, string>> {
  return Object.fromEntries((await request.form()).entries())
}

/** What a schema says of itself: its choices, and what its own rules say. It never contains what was sent. */
const ofSchema = (text: string) => text as Words

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
      return [{ pointer: pointer(issue.path), detail: ofSchema(issue.message) }]
    case 'invalid_value':
      return [{ pointer: pointer(issue.path), detail: ofSchema(`Choose one of: ${issue.values.join(', ')}.`) }]
    case 'invalid_type':
      return [{ pointer: pointer(issue.path), detail: ofSchema(`Give a ${issue.expected} here.`) }]
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
