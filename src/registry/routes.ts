import { z } from '@hono/zod-openapi'
import { purposes } from '../firewall/policies.ts'
import { endpoint, ProblemDetails } from '../http/endpoint.ts'
import type { ReplyHeaders } from '../http/headers.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import { InvalidInput, type Words } from '../platform/problem.ts'
import type { RegistryDeps } from './deps.ts'
import { Address, Contact, Correction, CourtLimit, Criteria, Move, Name, Registration, Return } from './model.ts'
import { History } from './person/history-answer.ts'
import { correctNeighbour, OPENABLE, type Openable, openNeighbour } from './person/neighbours.ts'
import { neighbourHistory } from './person/read-history.ts'
import { registerNeighbour } from './register/register.ts'
import { confirmResidence } from './residence/confirm.ts'
import { moveNeighbour, returnNeighbour } from './residence/move.ts'
import { SaidStart } from './residence/time-routes.ts'
import { searchNeighbours } from './search/search.ts'
import type { SearchLinks } from './search/search-links.ts'

const Id = z.uuid().openapi({ description: 'UUIDv7 of the neighbour' })
const saidSince = z.iso
  .date()
  .optional()
  .openapi({ description: 'A day longer ago than the town takes on anybody’s word: it waits to be confirmed' })
const movedSchema = z.object({
  id: Id,
  residenceId: z.uuid(),
  householdId: z.uuid(),
  people: z.int().openapi({ description: 'How many settled there: more than one where everyone of a household did' }),
  validFrom: z.string(),
  saidSince,
  version: z.int(),
})
const Residence = z.object({ validFrom: z.iso.date(), validTo: z.iso.date().optional(), residentSince: z.iso.date() })
export const RepresentationAnswer = z
  .object({
    id: z.uuid().openapi({ description: 'Of the representation' }),
    kind: z.enum(['parent', 'guardian', 'carer', 'institution']),
    neighbourId: z.uuid().optional(),
    name: z.string().optional(),
    role: z.string().optional(),
    contact: Contact.optional(),
    limits: z.array(CourtLimit).optional(),
    court: z.string().optional(),
  })
  .openapi('Representation')
const Neighbour = z
  .object({
    id: Id,
    version: z.int(),
    protected: z.boolean().optional().openapi({ description: 'True where the record is hidden from nearly everyone' }),
    departedOn: z.iso.date().optional(),
    name: Name.optional(),
    dateOfBirth: z.string().optional(),
    sex: z.string().optional(),
    contact: Contact.optional(),
    languages: z.array(z.string()).optional(),
    address: Address.optional(),
    residence: Residence.optional(),
    said: z.array(SaidStart).optional(),
    household: z.object({ id: z.uuid(), size: z.int() }).optional(),
    representatives: z.array(RepresentationAnswer).optional(),
  } satisfies Record<Openable, z.ZodType> & Record<string, z.ZodType>)
  .openapi('Neighbour')
const Registered = z
  .object({ id: Id, householdId: z.uuid(), residentSince: z.iso.date(), version: z.int() })
  .openapi('Registered')
const Suspected = ProblemDetails.extend({
  candidates: z
    .array(
      z.object({
        id: Id,
        name: Name.optional(),
        dateOfBirth: z.string().optional(),
        departedOn: z.iso.date().optional(),
      }),
    )
    .optional(),
}).openapi('DuplicateSuspected')
const Matches = z
  .object({
    matches: z.array(
      z.object({ id: Id, name: Name.optional(), dateOfBirth: z.string().optional(), address: Address.optional() }),
    ),
    more: z.boolean(),
    link: z.string().optional(),
  })
  .openapi('Matches')
const tag = 'Registry'
const params = z.object({ id: Id })
const etag = (version: number): ReplyHeaders => ({ etag: `"${version}"` })

/** What the registry answers over HTTP. */
export function registryRoutes(app: App, deps: RegistryDeps, links: SearchLinks): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours',
      summary: 'Register a person who lives here',
      tag,
      auth: 'staff',
      body: Registration,
      idempotent: true,
      description:
        'Effective at once. Only a name and where the person lives are needed. Years that are somebody’s word wait to be confirmed (`saidSince`), and make nobody wait. Nothing asks for nationality or status; unknown fields are refused.',
      answers: {
        201: { description: 'A neighbour from today', schema: Registered },
        409: {
          description: 'Somebody very like this person is registered',
          schema: Suspected,
          type: 'application/problem+json',
        },
      },
      refuses: [403],
    },
    async ({ town, requester, body, idempotencyKey }) => {
      const registered = await registerNeighbour(deps, { town, by: requester }, { form: body, idempotencyKey })
      return Reply.disclose(registered, 201, etag(1))
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/search',
      summary: 'Find neighbours',
      tag,
      auth: 'staff',
      body: Criteria,
      purpose: true,
      description:
        'A POST, because names do not belong in URLs. `link` repeats the search as a GET without saying what was searched.',
      answers: { 200: { description: 'At most ten, the likeliest first', schema: Matches } },
      refuses: [403],
    },
    async ({ town, requester, body, purpose }) => {
      const found = await searchNeighbours(deps, { town, by: requester }, { purpose, criteria: body })
      const link = await links.make(town, requester, body)
      return Reply.disclose(found.map((matches) => ({ ...matches, link })))
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/neighbours',
      summary: 'Repeat a search by its link',
      tag,
      auth: 'staff',
      purpose: true,
      query: z.object({
        search: z
          .string()
          .max(4096)
          .regex(/^[\w-]+$/),
      }),
      answers: { 200: { description: 'At most ten, the likeliest first', schema: Matches } },
      refuses: [403, 404],
    },
    async ({ town, requester, query, purpose }) =>
      Reply.disclose(
        await searchNeighbours(
          deps,
          { town, by: requester },
          { purpose, criteria: await links.read(town, requester, query.search) },
        ),
      ),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/neighbours/{id}',
      summary: 'Open a neighbour’s record',
      tag,
      auth: 'staff',
      params,
      purpose: true,
      query: z.object({ fields: z.string().optional() }),
      answers: { 200: { description: 'The fields the purpose allows', schema: Neighbour } },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id }, purpose, query }) => {
      const fields = query.fields === undefined ? allowed(purpose) : chosen(query.fields)
      const neighbour = await openNeighbour(deps, { town, by: requester }, { id, ask: { purpose, fields } })
      const without = neighbour.map(({ heardOn: _, ownLast: __, underWay: ___, protected: hides, ...rest }) => ({
        ...rest,
        ...(hides ? { protected: true } : {}),
      }))
      return Reply.disclose(without, 200, ({ version }) => etag(version))
    },
  )

  endpoint(
    app,
    {
      method: 'patch',
      path: '/v1/neighbours/{id}',
      summary: 'Correct what is recorded',
      tag,
      auth: 'staff',
      params,
      body: Correction,
      versioned: true,
      answers: { 200: { description: 'Corrected', schema: z.object({ id: Id, version: z.int() }) } },
      refuses: [403, 404, 412, 428],
    },
    async ({ town, requester, params: { id }, body, version }) => {
      const corrected = await correctNeighbour(deps, { town, by: requester }, { id, correction: body, version })
      return Reply.disclose(corrected, 200, etag(version + 1))
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/residences',
      summary: 'Move a neighbour',
      description:
        'With `since` on the day the present residence began, the address is corrected: nobody lived at the one before. To where they live already nothing changes (409 `nothing-changes`).',
      tag,
      auth: 'staff',
      params,
      body: Move,
      idempotent: true,
      versioned: true,
      answers: {
        201: {
          description: 'Lives there now',
          schema: movedSchema,
        },
      },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id }, body, version, idempotencyKey }) =>
      Reply.disclose(
        await moveNeighbour(deps, { town, by: requester }, { id, move: body, conditions: { version, idempotencyKey } }),
        201,
      ),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/returns',
      summary: 'Record that somebody who left lives here again',
      description: 'The same record: what they were before, and the time between, stay as they were.',
      tag,
      auth: 'staff',
      params,
      body: Return,
      idempotent: true,
      versioned: true,
      answers: { 201: { description: 'A neighbour again', schema: movedSchema } },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id }, body, version, idempotencyKey }) =>
      Reply.disclose(
        await returnNeighbour(deps, { town, by: requester }, { id, to: body, conditions: { version, idempotencyKey } }),
        201,
      ),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/confirmations',
      summary: 'Write down that a neighbour still lives here',
      tag,
      auth: 'staff',
      params,
      idempotent: true,
      description: 'Asked of everyone alike. Nothing lapses without it.',
      answers: { 201: { description: 'Written down', schema: z.object({ id: Id, confirmedOn: z.iso.date() }) } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, idempotencyKey }) =>
      Reply.disclose(await confirmResidence(deps, { town, by: requester }, { id, idempotencyKey }), 201),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/neighbours/{id}/history',
      summary: 'What was true, and what was known',
      tag,
      auth: 'staff',
      params,
      purpose: true,
      query: z.object({ knownAt: z.iso.datetime({ offset: true }).optional(), trueAt: z.iso.date().optional() }),
      answers: { 200: { description: 'The history', schema: History } },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id }, purpose, query }) =>
      Reply.disclose(
        await neighbourHistory(
          deps,
          { town, by: requester },
          {
            id,
            purpose,
            asOf: {
              ...(query.knownAt === undefined ? {} : { knownAt: Temporal.Instant.from(query.knownAt) }),
              ...(query.trueAt === undefined ? {} : { trueAt: Temporal.PlainDate.from(query.trueAt) }),
            },
          },
        ),
      ),
  )
}

function allowed(purpose: string) {
  const fields = purposes.get(purpose)?.fields ?? []
  return OPENABLE.filter((field) => fields.includes(field))
}

const CHOOSE = `Choose from: ${OPENABLE.join(', ')}.` as Words

function chosen(list: string) {
  const wanted = list.split(',')
  const unknown = wanted.filter((field) => !OPENABLE.some((known) => known === field))
  if (unknown.length > 0) throw new InvalidInput([{ pointer: 'query:fields', detail: CHOOSE }])
  return OPENABLE.filter((field) => wanted.includes(field))
}
