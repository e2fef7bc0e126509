import { z } from '@hono/zod-openapi'
import { endpoint } from '../../http/endpoint.ts'
import type { ReplyHeaders } from '../../http/headers.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import type { RegistryDeps } from '../deps.ts'
import { Protection } from '../model.ts'
import { protectNeighbour } from './protect.ts'
import { undo } from './undo.ts'

const Id = z.uuid().openapi({ description: 'UUIDv7 of the neighbour' })
const tag = 'Registry'
const params = z.object({ id: Id })
const etag = (version: number): ReplyHeaders => ({ etag: `"${version}"` })

/** Hiding a record and showing it again; undoing what was just written. */
export function protectionRoutes(app: App, deps: RegistryDeps): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/protection',
      summary: 'Hide a record, or show it again',
      description:
        'At once. A hidden record is opened by supervisors alone; whoever hid it at a counter sees it until the day is over.',
      tag,
      auth: 'staff',
      quiet: true,
      params,
      body: Protection,
      versioned: true,
      answers: { 200: { description: 'Hidden, or shown again', schema: z.object({ id: Id, version: z.int() }) } },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id }, body, version }) => {
      const done = await protectNeighbour(deps, { town, by: requester }, { id, protection: body, version })
      return Reply.disclose(done, 200, ({ version: next }) => etag(next))
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/undo',
      summary: 'Undo the last thing that was written about a neighbour',
      description:
        'By whoever wrote it, within the hour: registering, moving, leaving, correcting. Of a household that moved together, for all of them. Of a registration the key is destroyed.',
      tag,
      auth: 'staff',
      params,
      answers: {
        200: {
          description: 'Undone',
          schema: z.object({
            id: Id,
            what: z.enum(['registration', 'return', 'move', 'departure', 'correction']),
            effectiveOn: z.iso.date(),
            people: z.int(),
          }),
        },
      },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id } }) => {
      const undone = await undo(deps, { town, by: requester }, id)
      return Reply.disclose(undone.map(({ name: _, dateOfBirth: __, ...rest }) => rest))
    },
  )
}
