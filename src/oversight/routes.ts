import { z } from '@hono/zod-openapi'
import type { Gate } from '../firewall/model.ts'
import { endpoint } from '../http/endpoint.ts'
import { More, PageQuery } from '../http/page-query.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import type { Clock } from '../platform/clock.ts'
import { Demand } from './demand.ts'
import { readDemand, recordDemand, reviewDemand } from './handle-demand.ts'
import { keepDocument, LARGEST_DOCUMENT, readDocument } from './keep-document.ts'
import {
  FLAG_KINDS,
  linkStaff,
  openFlags,
  Release,
  releaseBudget,
  reviewFlags,
  StaffRecord,
  watchNeighbour,
} from './review-flags.ts'
import { lockdownState, voteLockdown } from './vote-lockdown.ts'

const Id = z.uuid()
const Lockdown = z
  .object({ closed: z.boolean(), votes: z.int(), needed: z.int() })
  .openapi('Lockdown', { description: 'Whether the registry is closed, and the votes for changing that.' })
const Recorded = z
  .object({ id: Id, reference: z.string(), stage: z.enum(['refused', 'under-review', 'approved', 'opened']) })
  .openapi('AccessRequest')
const Flag = z
  .object({
    id: Id,
    raisedAt: z.string(),
    staff: z.string(),
    neighbourId: Id,
    kind: z.enum(FLAG_KINDS),
    fields: z.array(z.string()).openapi({ description: 'What was opened' }),
  })
  .openapi('Flag')

/** Supervision, lockdown and formal demands. What the firewall keeps of them names nobody in clear. */
export function oversightRoutes(app: App, deps: { gate: Gate; clock: Clock }): void {
  const { gate } = deps
  supervision(app, gate)

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/lockdown',
      summary: 'Whether the registry is closed',
      tag: 'Firewall',
      auth: 'staff',
      answers: { 200: { description: 'State and pending votes', schema: Lockdown } },
      refuses: [403],
    },
    async ({ town, requester }) => Reply.disclose(await lockdownState(gate, town.id, requester)),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/lockdown/votes',
      summary: 'Vote, as a legal officer, to close the registry or to open it again',
      description: 'Two officers close it, three open it. It takes effect with the last vote, on every process.',
      tag: 'Firewall',
      auth: 'staff',
      body: z.strictObject({ close: z.boolean() }),
      answers: { 200: { description: 'State after this vote', schema: Lockdown } },
      refuses: [403],
    },
    async ({ town, requester, body }) =>
      Reply.disclose(await voteLockdown(gate, { municipalityId: town.id, by: requester }, body.close)),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/access-requests/documents',
      summary: 'Upload the document of a demand: it is hashed here and kept sealed',
      tag: 'Access requests',
      auth: 'staff',
      file: LARGEST_DOCUMENT,
      answers: {
        201: { description: 'For the demand that rests on it', schema: z.object({ id: Id, sha256: z.string() }) },
      },
      refuses: [403, 413],
    },
    async ({ town, requester, file }) =>
      Reply.disclose(await keepDocument(gate, { municipalityId: town.id, by: requester }, file), 201),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/access-requests/documents/{documentId}',
      summary: 'A document that was uploaded, as it came',
      tag: 'Access requests',
      auth: 'staff',
      params: z.object({ documentId: Id }),
      answers: { 200: { description: 'The file', type: 'application/octet-stream' } },
      refuses: [403, 404],
    },
    async ({ town, requester, params }) =>
      Reply.download(await readDocument(gate, { municipalityId: town.id, by: requester }, params), 'order'),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/access-requests/{id}/document',
      summary: 'The document of a demand, as it came',
      tag: 'Access requests',
      auth: 'staff',
      params: z.object({ id: Id }),
      answers: { 200: { description: 'The file', type: 'application/octet-stream' } },
      refuses: [403, 404],
    },
    async ({ town, requester, params }) =>
      Reply.download(
        await readDocument(gate, { municipalityId: town.id, by: requester }, { requestId: params.id }),
        'demand',
      ),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/access-requests',
      summary: 'Write down a formal demand for data, and have it decided',
      description:
        'From or for immigration enforcement it is refused whatever it rests on. Only a judge\u2019s order about one named neighbour comes under review.',
      tag: 'Access requests',
      auth: 'staff',
      body: Demand,
      answers: { 201: { description: 'The case', schema: Recorded } },
      refuses: [403],
    },
    async ({ town, requester, body }) =>
      Reply.disclose(
        await recordDemand(gate, { municipalityId: town.id, by: requester }, { said: body, now: deps.clock.now() }),
        201,
      ),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/access-requests/{id}',
      summary: 'A demand as it was written down',
      tag: 'Access requests',
      auth: 'staff',
      params: z.object({ id: Id }),
      answers: {
        200: {
          description: 'The case',
          schema: Recorded.extend({
            receivedAt: z.string(),
            demand: Demand,
            documentSha256: z.string(),
            approvals: z.int(),
          }),
        },
      },
      refuses: [403, 404],
    },
    async ({ town, requester, params }) =>
      Reply.disclose(await readDemand(gate, { municipalityId: town.id, by: requester }, params.id)),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/access-requests/{id}/reviews',
      summary: 'Approve or refuse an order, as a legal officer',
      tag: 'Access requests',
      auth: 'staff',
      params: z.object({ id: Id }),
      body: z.strictObject({ approves: z.boolean() }),
      answers: { 201: { description: 'The case after this review', schema: Recorded } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params, body }) =>
      Reply.disclose(
        await reviewDemand(
          gate,
          { municipalityId: town.id, by: requester },
          { id: params.id, approves: body.approves },
        ),
        201,
      ),
  )
}

function supervision(app: App, gate: Gate): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/flags',
      summary: 'Look-ups a supervisor should ask about',
      tag: 'Supervision',
      auth: 'staff',
      query: PageQuery,
      answers: { 200: { description: 'The oldest first', schema: z.object({ flags: z.array(Flag), more: More }) } },
      refuses: [403],
    },
    async ({ town, requester, query }) => {
      const flags = await openFlags(gate, { municipalityId: town.id, by: requester }, query.after)
      return Reply.disclose(flags.map(({ items, more }) => ({ flags: items, more })))
    },
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/flags/{id}/review',
      summary: 'Mark a flag as looked into',
      tag: 'Supervision',
      auth: 'staff',
      params: z.object({ id: Id }),
      answers: { 200: { description: 'Done', schema: z.object({ reviewed: z.boolean() }) } },
      refuses: [403, 404],
    },
    async ({ town, requester, params }) =>
      Reply.disclose(await reviewFlags(gate, { municipalityId: town.id, by: requester }, [params.id])),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/watched-neighbours',
      summary: 'Have every look-up of a neighbour flagged',
      tag: 'Supervision',
      auth: 'staff',
      body: z.strictObject({ neighbourId: Id }),
      answers: { 201: { description: 'Done', schema: z.object({ watched: z.boolean() }) } },
      refuses: [403, 422],
    },
    async ({ town, requester, body }) =>
      Reply.disclose(await watchNeighbour(gate, { municipalityId: town.id, by: requester }, body.neighbourId), 201),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/staff-records',
      summary: 'Say which record is a staff member\u2019s own, so that look-ups of it and its household are flagged',
      tag: 'Supervision',
      auth: 'staff',
      body: StaffRecord,
      answers: { 201: { description: 'Done', schema: z.object({ linked: z.boolean() }) } },
      refuses: [403, 422],
    },
    async ({ town, requester, body }) =>
      Reply.disclose(await linkStaff(gate, { municipalityId: town.id, by: requester }, body), 201),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/staff-activity/{staff}/release',
      summary: 'Double for today what a member of staff may be shown, once, with a reason',
      tag: 'Supervision',
      auth: 'staff',
      params: z.object({ staff: z.string().min(1).max(320) }),
      body: Release,
      answers: { 201: { description: 'Done', schema: z.object({ released: z.boolean() }) } },
      refuses: [403, 409],
    },
    async ({ town, requester, params, body }) =>
      Reply.disclose(
        await releaseBudget(gate, { municipalityId: town.id, by: requester }, { staff: params.staff, release: body }),
        201,
      ),
  )
}
