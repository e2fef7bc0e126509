import { z } from '@hono/zod-openapi'
import { endpoint } from '../http/endpoint.ts'
import { publicData } from '../http/public-data.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import type { Transparency } from './transparency.ts'

const Count = z.int().nullable().openapi({ description: 'Rounded down to a multiple of five; null when small' })

/** Numbers for everyone. */
export function statisticsRoutes(app: App, count: (municipalityId: string) => Promise<Transparency>): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/transparency',
      summary: 'How often the register was opened and refused, by whom and why',
      tag: 'Ledger',
      auth: 'public',
      answers: {
        200: {
          description: 'Counts under the checkpoint of this morning',
          schema: z
            .object({
              size: z.int(),
              checkpoint: z.string(),
              rows: z.array(
                z.object({ requesterKind: z.string(), purpose: z.string(), permitted: Count, refused: Count }),
              ),
              lateNotices: Count.openapi({ description: 'Orders whose neighbours were not told in time' }),
            })
            .openapi('Transparency'),
        },
      },
    },
    async ({ town }) => Reply.open(publicData(await count(town.id)), 200, { 'cache-control': 'public, max-age=60' }),
  )
}
