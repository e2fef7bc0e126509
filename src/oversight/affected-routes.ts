import { z } from '@hono/zod-openapi'
import { endpoint } from '../http/endpoint.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { Name } from '../registry/model.ts'
import { affectedBy } from './find-affected.ts'

/** Whom to tell when a signing key was withdrawn. */
export function affectedRoutes(app: App, deps: ProofDeps): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/signing-keys/{kid}/affected',
      summary: 'Whose proofs a key signed, for two legal officers',
      description:
        'For telling neighbours when a key was withdrawn, by the two officers of an approved act of the kind `affected` within a week. Each is written down as looked at.',
      tag: 'Proofs',
      auth: 'staff',
      params: z.object({ kid: z.string().regex(/^[\w-]{43}$/) }),
      query: z.object({ after: z.uuid().optional() }),
      answers: {
        200: {
          description: 'A hundred at a time',
          schema: z.object({
            neighbours: z.array(z.object({ id: z.uuid(), name: Name.optional() })),
            more: z.boolean(),
          }),
        },
      },
      refuses: [403],
    },
    async ({ town, requester, params: { kid }, query }) =>
      Reply.disclose(await affectedBy(deps, { town, by: requester }, { kid, after: query.after })),
  )
}
