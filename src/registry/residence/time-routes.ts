import { z } from '@hono/zod-openapi'
import { endpoint } from '../../http/endpoint.ts'
import { More, PageQuery } from '../../http/page-query.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import type { RegistryDeps } from '../deps.ts'
import { Name } from '../model.ts'
import { correctStart, StartCorrection } from './correct-start.ts'
import { decideStart, StartDecision } from './decide-start.ts'
import { startsWaiting } from './starts-waiting.ts'

const Id = z.uuid().openapi({ description: 'UUIDv7 of the neighbour' })
const Corrected = z
  .object({
    status: z.enum(['corrected', 'waiting', 'refused']),
    id: Id,
    residenceId: z.uuid().openapi({ description: 'The residence as it stands now: a corrected one has another id' }),
    from: z.iso.date(),
    startId: z.uuid().optional().openapi({ description: 'What somebody else decides, where it waits' }),
    people: z.int(),
    version: z.int(),
  })
  .openapi('Corrected')

/** A start that waits, as the record says it. */
export const SaidStart = z
  .object({
    id: z.uuid(),
    residenceId: z.uuid(),
    present: z.boolean(),
    from: z.iso.date(),
    with: z.enum(['registration', 'move', 'return', 'correction']),
    saidAt: z.string(),
    reason: z.string().optional(),
    neverThere: z.boolean().optional(),
    yours: z.boolean().openapi({ description: 'Whether you said it: then somebody else decides' }),
  })
  .openapi('SaidStart')
const Waiting = z
  .object({
    starts: z.array(
      SaidStart.extend({ neighbourId: Id, name: Name.optional(), residentSince: z.iso.date().optional() }),
    ),
  })
  .openapi('StartsWaiting')

const tag = 'Registry'

/** The days residences began: corrected, confirmed or refused. */
export function timeRoutes(app: App, deps: RegistryDeps): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/residences/{residenceId}/start',
      summary: 'Correct the day a residence began',
      description:
        'Earlier or later. The residence before it ends on the same day; a time away stays one. Beyond the days the town lets one person decide, it waits for somebody else. The history names the residences.',
      tag,
      auth: 'staff',
      params: z.object({ id: Id, residenceId: z.uuid() }),
      body: StartCorrection,
      idempotent: true,
      versioned: true,
      answers: { 201: { description: 'Corrected, or waiting for a second person', schema: Corrected } },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id, residenceId }, body, version, idempotencyKey }) => {
      const at = { neighbourId: id, residenceId }
      return Reply.disclose(
        await correctStart(
          deps,
          { town, by: requester },
          { at, correction: body, conditions: { version, idempotencyKey } },
        ),
        201,
        ({ version }) => ({ etag: `"${version}"` }),
      )
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/starts/{startId}/decision',
      summary: 'Confirm or refuse a start that was said',
      description:
        'By somebody other than whoever said it, with the strength of what was seen. Somebody’s word alone confirms no years.',
      tag,
      auth: 'staff',
      params: z.object({ id: Id, startId: z.uuid() }),
      body: StartDecision,
      idempotent: true,
      versioned: true,
      answers: { 200: { description: 'Decided', schema: Corrected } },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id, startId }, body, version, idempotencyKey }) => {
      const at = { neighbourId: id, startId }
      return Reply.disclose(
        await decideStart(
          deps,
          { town, by: requester },
          { at, decision: body, conditions: { version, idempotencyKey } },
        ),
        200,
        ({ version }) => ({ etag: `"${version}"` }),
      )
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/starts',
      summary: 'Starts that wait to be confirmed',
      description: 'Each is opened for it, and stands in the ledger of its neighbour.',
      tag,
      auth: 'staff',
      query: PageQuery,
      answers: { 200: { description: 'The first said first', schema: Waiting.extend({ more: More }) } },
      refuses: [403],
    },
    async ({ town, requester, query }) =>
      Reply.disclose(
        (await startsWaiting(deps, { town, by: requester }, query.after)).map(({ items, more }) => ({
          starts: items,
          more,
        })),
      ),
  )
}
