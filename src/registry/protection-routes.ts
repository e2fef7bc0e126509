import { z } from '@hono/zod-openapi'
import { endpoint, type House } from '../firewall/endpoint.ts'
import { Reply } from '../firewall/reply.ts'
import type { RegistryDeps } from './deps.ts'
import { Protection } from './model.ts'
import type { Municipality } from './municipality.ts'
import { protectNeighbour } from './protection.ts'

const Id = z.uuid().openapi({ description: 'UUIDv7 of the neighbour' })
const tag = 'Registry'
const params = z.object({ id: Id })
const etag = (version: number) => ({ etag: `"${version}"` })

/** Hiding a record, and showing it again. */
export function protectionRoutes(house: House<Municipality>, deps: RegistryDeps): void {
  endpoint(
    house,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/protection',
      summary: 'Hide a record, or show it again',
      description:
        'At once. A hidden record is opened by supervisors alone; whoever hid it at a counter sees it until the day is over.',
      tag,
      auth: 'staff',
      params,
      body: Protection,
      versioned: true,
      answers: { 200: { description: 'Hidden, or shown again', schema: z.object({ id: Id, version: z.int() }) } },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id }, body, version }) => {
      const done = await protectNeighbour(deps, town, requester, id, body, version)
      return Reply.disclose(done, 200, ({ version: next }) => etag(next))
    },
  )
}
