import { z } from '@hono/zod-openapi'
import { endpoint } from '../../../http/endpoint.ts'
import { Reply } from '../../../http/reply.ts'
import type { App } from '../../../identity/app.ts'
import type { RegistryDeps } from '../../deps.ts'
import { Name, Representative } from '../../model.ts'
import { RepresentationAnswer } from '../../routes.ts'
import {
  addRepresentative,
  changeRepresentative,
  endRepresentative,
  RepresentationChange,
  representativesOf,
} from './record-representative.ts'

const tag = 'Registry'
const params = z.object({ id: z.uuid() })
const representation = z.object({ id: z.uuid(), representationId: z.uuid() })
const OneRepresentation = z.object({ id: z.uuid().openapi({ description: 'Of the representation' }) })
/** Who acts for a neighbour who cannot act for themself. */
export function representativeRoutes(app: App, deps: RegistryDeps): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/neighbours/{id}/representatives',
      summary: 'Who acts for a neighbour',
      tag,
      auth: 'staff',
      params,
      answers: {
        200: {
          description: 'Everyone who acts for them now',
          schema: z.object({
            id: z.uuid(),
            name: Name.optional(),
            ofAge: z.boolean(),
            representatives: z.array(RepresentationAnswer.extend({ bearer: Name.optional() })),
          }),
        },
      },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id } }) =>
      Reply.disclose(await representativesOf(deps, { town, by: requester }, id)),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/representatives',
      summary: 'Record who acts for a neighbour',
      description: 'An adult neighbour, or an institution. There may be several, each with what a court has limited.',
      tag,
      auth: 'staff',
      params,
      body: Representative,
      idempotent: true,
      answers: { 201: { description: 'Acts for them from now on', schema: OneRepresentation } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body, idempotencyKey }) =>
      Reply.disclose(
        await addRepresentative(deps, { town, by: requester }, { wardId: id, representative: body, idempotencyKey }),
        201,
      ),
  )

  endpoint(
    app,
    {
      method: 'patch',
      path: '/v1/neighbours/{id}/representatives/{representationId}',
      summary: 'Change what somebody is to a neighbour they act for',
      description: 'What was recorded before stays known. The representation has a new id.',
      tag,
      auth: 'staff',
      params: representation,
      body: RepresentationChange,
      answers: { 200: { description: 'Changed', schema: OneRepresentation } },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id, representationId }, body }) =>
      Reply.disclose(
        await changeRepresentative(
          deps,
          { town, by: requester },
          { at: { wardId: id, representationId }, change: body },
        ),
      ),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/representatives/{representationId}/end',
      summary: 'Record that somebody does not act for a neighbour any more',
      tag,
      auth: 'staff',
      params: representation,
      answers: { 200: { description: 'Ended', schema: OneRepresentation } },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id, representationId } }) =>
      Reply.disclose(await endRepresentative(deps, { town, by: requester }, { wardId: id, representationId })),
  )
}
