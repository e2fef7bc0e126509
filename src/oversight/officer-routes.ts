import { z } from '@hono/zod-openapi'
import type { Gate } from '../firewall/model.ts'
import { endpoint } from '../http/endpoint.ts'
import { More, PageQuery } from '../http/page-query.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import type { Clock } from '../platform/clock.ts'
import type { Municipality } from '../town/model.ts'
import { actsWaiting, type Carry, decideAct } from './decide-act.ts'
import { Proposal, propose } from './enrol.ts'

const State = z
  .object({ id: z.uuid(), status: z.enum(['waiting', 'done', 'refused']), made: z.uuid().optional() })
  .openapi('OfficerActState')
const Waiting = z.object({
  id: z.uuid(),
  kind: z.string(),
  content: z.record(z.string(), z.unknown()),
  proposedAt: z.string(),
  proposedByYou: z.boolean(),
})

/** What takes two legal officers. */
export function officerRoutes(
  app: App,
  deps: { gate: Gate; clock: Clock },
  carry: (town: Municipality) => Carry,
): void {
  const tag = 'Legal officers'
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/officer-acts',
      summary:
        'Propose what takes two legal officers: an organisation, a function, a link, an attestation, lent staff, an incident',
      tag,
      auth: 'staff',
      body: Proposal,
      answers: { 201: { description: 'Waits for another officer, or done where it closes the gate', schema: State } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, body }) =>
      Reply.disclose(
        await propose(deps, { municipalityId: town.id, by: requester }, { proposal: body, carry: carry(town) }),
        201,
      ),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/officer-acts',
      summary: 'What waits for a second officer',
      tag,
      auth: 'staff',
      query: PageQuery,
      answers: { 200: { description: 'The oldest first', schema: z.object({ acts: z.array(Waiting), more: More }) } },
      refuses: [403],
    },
    async ({ town, requester, query }) =>
      Reply.disclose(
        (await actsWaiting(deps.gate, { municipalityId: town.id, by: requester }, query.after)).map(
          ({ items, more }) => ({
            acts: items,
            more,
          }),
        ),
      ),
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/officer-acts/{id}/decision',
      summary: 'Approve or refuse, as another legal officer',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      body: z.strictObject({ approves: z.boolean() }),
      answers: { 200: { description: 'How it stands now', schema: State } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params, body }) =>
      Reply.disclose(
        await decideAct(
          deps,
          { municipalityId: town.id, by: requester },
          { id: params.id, approves: body.approves, carry: carry(town) },
        ),
      ),
  )
}
