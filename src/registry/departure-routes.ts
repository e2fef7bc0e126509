import { z } from '@hono/zod-openapi'
import { endpoint, type House } from '../firewall/endpoint.ts'
import { Reply } from '../firewall/reply.ts'
import { Departure, decideProceeding, recordDeparture, recordNotice } from './departures.ts'
import type { RegistryDeps } from './deps.ts'
import type { Municipality } from './municipality.ts'

const Id = z.uuid().openapi({ description: 'UUIDv7 of the neighbour' })
const Departed = z
  .object({
    status: z.enum(['departed', 'proceeding']),
    id: Id,
    on: z.string().optional(),
    version: z.int().optional(),
    proceedingId: z.uuid().optional(),
  })
  .openapi('Departed')
const Proceeding = z
  .object({
    proceedingId: z.uuid(),
    status: z.enum(['opened', 'notified', 'approved', 'withdrawn']),
    effectiveFrom: z.string().optional(),
  })
  .openapi('Proceeding')

const tag = 'Registry'
const params = z.object({ id: Id })
const proceeding = z.object({ id: Id, proceedingId: z.uuid() })

/** How somebody stops being a neighbour. */
export function departureRoutes(house: House<Municipality>, deps: RegistryDeps): void {
  endpoint(
    house,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/departures',
      summary: 'Record a departure, or open a proceeding',
      tag,
      auth: 'staff',
      params,
      body: Departure,
      idempotent: true,
      versioned: true,
      description:
        'Death and moving away take effect at once. Anything else is a proceeding: notice, waiting, a second clerk; the neighbour stays a neighbour meanwhile.',
      answers: { 201: { description: 'Departed, or a proceeding', schema: Departed } },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id }, body, version, idempotencyKey }) =>
      Reply.disclose(await recordDeparture(deps, town, requester, id, body, { version, idempotencyKey }), 201),
  )

  endpoint(
    house,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/departures/{proceedingId}/notice',
      summary: 'Record that the neighbour was told',
      tag,
      auth: 'staff',
      params: proceeding,
      body: z.strictObject({ givenOn: z.iso.date() }),
      idempotent: true,
      answers: { 200: { description: 'The time to answer runs', schema: Proceeding } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, proceedingId }, body, idempotencyKey }) => {
      const at = { neighbourId: id, proceedingId }
      return Reply.disclose(await recordNotice(deps, town, requester, at, body.givenOn, idempotencyKey))
    },
  )

  endpoint(
    house,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/departures/{proceedingId}/decision',
      summary: 'Approve or withdraw a departure',
      tag,
      auth: 'staff',
      params: proceeding,
      body: z.strictObject({ decision: z.enum(['approved', 'withdrawn']) }),
      idempotent: true,
      answers: { 200: { description: 'Decided', schema: Proceeding } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, proceedingId }, body, idempotencyKey }) => {
      const at = { neighbourId: id, proceedingId }
      return Reply.disclose(await decideProceeding(deps, town, requester, at, body.decision, idempotencyKey))
    },
  )
}
