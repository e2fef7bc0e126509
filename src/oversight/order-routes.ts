import { z } from '@hono/zod-openapi'
import type { PolicyEngine } from '../firewall/policies.ts'
import { endpoint } from '../http/endpoint.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import { NotFound } from '../platform/problem.ts'
import { NoRenderer, type Renderer } from '../proofs/paper/paper.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { readDemand } from './handle-demand.ts'
import { refusalLetters } from './letters.ts'
import { openByOrder } from './open-by-order.ts'

/** What may be done with a demand that was decided: the one opening an approved order allows, and the letter that refuses. */
export function orderRoutes(
  app: App,
  deps: RegistryDeps & { renderer?: Renderer | undefined; policies: PolicyEngine },
): void {
  endpoint(
    app,
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
    async ({ town, requester, params }) => Reply.disclose(await openByOrder(deps, { town, by: requester }, params.id)),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/access-requests/{id}/letter',
      summary: 'The refusal letter of a demand, sealed',
      tag: 'Access requests',
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      answers: { 200: { description: 'The letter, in the town’s languages', type: 'application/pdf' } },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id } }) => {
      const { renderer } = deps
      if (renderer === undefined) throw new NoRenderer()
      const refused = await readDemand(deps.gate, { municipalityId: town.id, by: requester }, id)
      const letter = await refused.mapAsync(async ({ reference, stage }) => {
        if (stage !== 'refused') throw new NotFound()
        const languages = refusalLetters(deps.policies, reference, town.languages)
        return renderer.letter(town, { languages, writtenAt: deps.clock.now() })
      })
      return Reply.document(letter, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
    },
  )
}
