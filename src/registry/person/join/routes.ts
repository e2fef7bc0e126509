import { z } from '@hono/zod-openapi'
import { endpoint } from '../../../http/endpoint.ts'
import { Reply } from '../../../http/reply.ts'
import type { App } from '../../../identity/app.ts'
import type { RegistryDeps } from '../../deps.ts'
import { ApartProposal, decideJoin, JoinProposal, proposeApart, proposeJoin } from './propose-join.ts'

const tag = 'Registry'
const Id = z.uuid().openapi({ description: 'Of the record that stays' })
const params = z.object({ id: Id })
const Proposal = z.object({ id: z.uuid().openapi({ description: 'Of the proposal' }) })

/** Two records of one person: proposed by one, decided by another. */
export function joinRoutes(app: App, deps: RegistryDeps): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/joins',
      summary: 'Propose that another record is of the same person',
      description:
        'Somebody else decides. The years of both are kept; proofs, requests, messages and whom they act for go to the record that stays; every card, passkey, session and helper of either ends.',
      tag,
      auth: 'staff',
      params,
      body: JoinProposal,
      idempotent: true,
      answers: { 201: { description: 'Waits for somebody else', schema: Proposal } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body, idempotencyKey }) =>
      Reply.disclose(await proposeJoin(deps, { town, by: requester }, { id, proposal: body, idempotencyKey }), 201),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/joins/{other}/apart',
      summary: 'Propose that two records that were joined are taken apart',
      tag,
      auth: 'staff',
      params: z.object({ id: Id, other: z.uuid() }),
      body: ApartProposal,
      idempotent: true,
      answers: { 201: { description: 'Waits for somebody else', schema: Proposal } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, other }, body, idempotencyKey }) =>
      Reply.disclose(
        await proposeApart(
          deps,
          { town, by: requester },
          { ids: { stays: id, joined: other }, proposal: body, idempotencyKey },
        ),
        201,
      ),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/joins/{proposalId}/decision',
      summary: 'Decide whether two records are joined or taken apart',
      tag,
      auth: 'staff',
      params: z.object({ id: Id, proposalId: z.uuid() }),
      body: z.strictObject({ decision: z.enum(['approved', 'refused']) }),
      idempotent: true,
      answers: {
        200: { description: 'Decided', schema: z.object({ id: z.uuid(), decision: z.enum(['approved', 'refused']) }) },
      },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, proposalId }, body, idempotencyKey }) =>
      Reply.disclose(
        await decideJoin(
          deps,
          { town, by: requester },
          { at: { id: proposalId, staysId: id }, decision: body.decision, idempotencyKey },
        ),
      ),
  )
}
