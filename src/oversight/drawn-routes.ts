import { z } from '@hono/zod-openapi'
import type { Gate } from '../firewall/model.ts'
import { endpoint } from '../http/endpoint.ts'
import { More, PageQuery } from '../http/page-query.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import type { Clock } from '../platform/clock.ts'
import { drawnToRead, explainDrawn, LookUpExplanation, ownDrawn, readDrawn } from './explain-drawn.ts'

const Drawn = z
  .object({
    id: z.uuid(),
    seenAt: z.string(),
    staff: z.string(),
    neighbourId: z.uuid(),
    case: z.string().optional(),
    purpose: z.string(),
    action: z.string(),
    fields: z.array(z.string()),
    reason: z.string().optional(),
  })
  .openapi('DrawnLookUp')

/** Look-ups drawn by lot, which staff explain and supervisors read. */
export function drawnRoutes(app: App, deps: { gate: Gate; clock: Clock }): void {
  const tag = 'Supervision'
  const list = z.object({ lookUps: z.array(Drawn), more: More })
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/drawn-look-ups/own',
      summary: 'Look-ups of earlier days that were drawn by lot, and that you have yet to explain',
      tag,
      auth: 'staff',
      query: PageQuery,
      answers: { 200: { description: 'The oldest first', schema: list } },
      refuses: [403],
    },
    async ({ town, requester, query }) =>
      Reply.disclose(
        (await ownDrawn(deps, { town, requester, cursor: query.after })).map(({ items, more }) => ({
          lookUps: items,
          more,
        })),
      ),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/drawn-look-ups',
      summary: 'Look-ups drawn by lot that no supervisor has read, explained or not',
      tag,
      auth: 'staff',
      query: PageQuery,
      answers: { 200: { description: 'The oldest first', schema: list } },
      refuses: [403],
    },
    async ({ town, requester, query }) =>
      Reply.disclose(
        (await drawnToRead(deps, { town, requester, cursor: query.after })).map(({ items, more }) => ({
          lookUps: items,
          more,
        })),
      ),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/drawn-look-ups/{id}/explanation',
      summary: 'Say, once, why you looked',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      body: LookUpExplanation,
      answers: { 201: { description: 'Kept', schema: z.object({ explained: z.boolean() }) } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params, body }) =>
      Reply.disclose(await explainDrawn(deps, { town, requester, id: params.id, said: body }), 201),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/drawn-look-ups/{id}/reading',
      summary: 'Mark one as read, as a supervisor or auditor',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      answers: { 200: { description: 'Done', schema: z.object({ read: z.boolean() }) } },
      refuses: [403, 404],
    },
    async ({ town, requester, params }) => Reply.disclose(await readDrawn(deps, { town, requester, id: params.id })),
  )
}
