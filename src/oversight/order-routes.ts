import { z } from '@hono/zod-openapi'
import { endpoint, type House } from '../http/endpoint.ts'
import { Reply } from '../http/reply.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../town/municipality.ts'
import { openByOrder } from './orders.ts'

/** The one opening an approved order allows. */
export function orderRoutes(house: House<Municipality>, deps: RegistryDeps): void {
  endpoint(
    house,
    {
      method: 'post',
      path: '/v1/access-requests/{id}/opening',
      summary: 'Open what an approved order names, once; the neighbour is told',
      tag: 'Access requests',
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      answers: {
        200: { description: 'The named fields of the named neighbour', schema: z.record(z.string(), z.unknown()) },
      },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params }) => Reply.disclose(await openByOrder(deps, town, requester, params.id)),
  )
}
