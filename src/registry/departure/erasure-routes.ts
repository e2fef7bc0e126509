import { z } from '@hono/zod-openapi'
import { endpoint } from '../../http/endpoint.ts'
import { More, PageQuery } from '../../http/page-query.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import type { RegistryDeps } from '../deps.ts'
import { decideErasure, Ground, openErasures, proposeErasure } from './erase.ts'

const tag = 'Erasure'
const params = z.object({ id: z.uuid() })
const goneOn = z.iso.date().openapi({ description: 'From that morning on no key of this registry opens it' })
const backupsUntil = z.iso
  .date()
  .openapi({ description: 'Until then whoever keeps the backups can read it, with keys of their own' })

/** How somebody who has left is forgotten. */
export function erasureRoutes(app: App, deps: RegistryDeps): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/erasures',
      summary: 'Propose to erase somebody who has left',
      tag,
      auth: 'staff',
      params,
      body: z.strictObject({
        ground: Ground,
        asked: z.boolean().default(false).openapi({ description: 'Whether the neighbour asked for it' }),
      }),
      idempotent: true,
      answers: { 201: { description: 'Waits for a legal officer', schema: z.object({ id: z.uuid() }) } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body, idempotencyKey }) =>
      Reply.disclose(
        await proposeErasure(deps, { town, by: requester }, { neighbourId: id, wish: body, idempotencyKey }),
        201,
      ),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/erasures',
      summary: 'Erasures that wait for a decision',
      tag,
      auth: 'staff',
      query: PageQuery,
      answers: {
        200: {
          description: 'The oldest first',
          schema: z.object({
            erasures: z.array(
              z.object({
                id: z.uuid(),
                neighbourId: z.uuid(),
                ground: Ground,
                proposedAt: z.string(),
                proposedBy: z.string(),
                asked: z.boolean(),
                departedOn: z.iso.date().optional(),
                open: z.record(z.string(), z.int()),
              }),
            ),
            more: More,
            ends: z.object({ goneOn, backupsUntil }).openapi({ description: 'Of one that is approved today' }),
            decided: z.array(
              z.object({ id: z.uuid(), decidedOn: z.iso.date(), gone: z.boolean(), goneOn, backupsUntil }),
            ),
          }),
        },
      },
      refuses: [403],
    },
    async ({ town, requester, query }) =>
      Reply.disclose(
        (await openErasures(deps, { town, by: requester }, query.after)).map(({ items, more, ends, decided }) => ({
          erasures: items,
          more,
          ends,
          decided,
        })),
      ),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/erasures/{id}/decision',
      summary: 'Erase for ever, or refuse to',
      tag,
      auth: 'staff',
      params,
      body: z.strictObject({ approves: z.boolean() }),
      description:
        'Approval destroys the data key: nothing sealed to this person opens here again, for anyone. It cannot be undone. Earlier copies of the key end on the two days that are answered.',
      answers: {
        200: {
          description: 'Decided',
          schema: z.object({
            decision: z.enum(['approved', 'refused']),
            goneOn: goneOn.optional(),
            backupsUntil: backupsUntil.optional(),
          }),
        },
      },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body }) =>
      Reply.disclose(await decideErasure(deps, town, { legal: requester, id, approves: body.approves })),
  )
}
