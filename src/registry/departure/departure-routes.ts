import { z } from '@hono/zod-openapi'
import { endpoint } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import type { RegistryDeps } from '../deps.ts'
import { CHANNELS, INFORMANTS, NOTICE_WAYS } from '../person/channels.ts'
import {
  Answer,
  answerProceeding,
  decideProceeding,
  GivenBy,
  readAnswer,
  recordNotice,
  recordOpinion,
} from './decide-proceeding.ts'
import { openLeaving } from './hearing.ts'
import { AnsweredBy, CouncilOutcome, ProceedingCause } from './hearing-model.ts'
import { Departure, recordDeparture } from './record-departure.ts'

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
    status: z.enum(['notified', 'answered', 'read', 'heard', 'approved', 'withdrawn']),
    answerBy: z.iso.date().optional().openapi({ description: 'The last day to answer' }),
    effectiveFrom: z.iso.date().optional().openapi({ description: 'The first day on which it may be approved' }),
  })
  .openapi('Proceeding')
const ProceedingToDecide = z
  .object({
    id: z.uuid(),
    cause: ProceedingCause,
    reason: z.string(),
    informant: z.enum(INFORMANTS),
    openedAt: z.string(),
    openedByYou: z.boolean(),
    announced: z.object({ by: z.enum(CHANNELS), at: z.string() }).optional(),
    notice: z.object({ on: z.iso.date(), by: z.enum(NOTICE_WAYS) }).optional(),
    answerBy: z.iso.date().optional(),
    effectiveFrom: z.iso.date().optional(),
    answers: z.array(
      z.object({
        id: z.uuid(),
        text: z.string(),
        by: AnsweredBy,
        atDesk: z.boolean(),
        receivedAt: z.string(),
        readAt: z.string().optional(),
      }),
    ),
    council: z.object({ on: z.iso.date(), outcome: CouncilOutcome }).optional(),
  })
  .openapi('ProceedingToDecide')

const tag = 'Registry'
const params = z.object({ id: Id })
const proceeding = z.object({ id: Id, proceedingId: z.uuid() })

/** How somebody stops being a neighbour. */
export function departureRoutes(app: App, deps: RegistryDeps): void {
  endpoint(
    app,
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
        'Death takes effect at once, and so does moving away where the neighbour said so themselves (`saidBy`). Anything else is a proceeding, of which the neighbour has a message at once: notice, time to answer, every answer read, a second clerk. The neighbour stays a neighbour meanwhile.',
      answers: { 201: { description: 'Departed, or a proceeding', schema: Departed } },
      refuses: [403, 404, 409, 412, 428],
    },
    async ({ town, requester, params: { id }, body, version, idempotencyKey }) =>
      Reply.disclose(
        await recordDeparture(
          deps,
          { town, by: requester },
          { id, departure: body, conditions: { version, idempotencyKey } },
        ),
        201,
      ),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/neighbours/{id}/departures',
      summary: 'The departure that is being decided, with its reason and what was answered',
      tag,
      auth: 'staff',
      params,
      answers: { 200: { description: 'One, or none', schema: z.object({ open: z.array(ProceedingToDecide) }) } },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id } }) =>
      Reply.disclose(
        (await openLeaving(deps, { town, by: requester }, id)).map(({ proceeding }) => {
          if (proceeding === undefined) return { open: [] }
          const { name: _, dateOfBirth: __, neighbourId: ___, ...open } = proceeding
          return { open: [open] }
        }),
      ),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/departures/{proceedingId}/notice',
      summary: 'Record that the neighbour was given notice',
      tag,
      auth: 'staff',
      params: proceeding,
      body: z.strictObject({ givenOn: z.iso.date(), by: GivenBy.default('letter') }),
      description:
        'The time to answer counts from a notice that was really given: in person, by a letter that was handed over where they are registered or `elsewhere`, or `published` after writing did not reach them. Not `letter` alone where somebody of that address spoke against them; a protected neighbour in person only. What they open on their own page, or answer, is noted by itself.',
      idempotent: true,
      answers: { 200: { description: 'The time to answer runs', schema: Proceeding } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, proceedingId }, body, idempotencyKey }) => {
      const at = { neighbourId: id, proceedingId }
      return Reply.disclose(
        await recordNotice(
          deps,
          { town, by: requester },
          { at, given: { on: body.givenOn, by: body.by }, idempotencyKey },
        ),
      )
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/departures/{proceedingId}/answers',
      summary: 'Write down what the neighbour answers',
      tag,
      auth: 'staff',
      params: proceeding,
      body: Answer,
      idempotent: true,
      answers: { 201: { description: 'Written down, to be read', schema: Proceeding } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, proceedingId }, body, idempotencyKey }) =>
      Reply.disclose(
        await answerProceeding(
          deps,
          { town, by: requester },
          { neighbourId: id, answer: body, idempotencyKey, proceedingId },
        ),
        201,
      ),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/departures/{proceedingId}/answers/{answerId}/reading',
      summary: 'Record that an answer was read',
      tag,
      auth: 'staff',
      params: proceeding.extend({ answerId: z.uuid() }),
      idempotent: true,
      answers: { 200: { description: 'Read', schema: Proceeding } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, proceedingId, answerId }, idempotencyKey }) => {
      const at = { neighbourId: id, proceedingId }
      return Reply.disclose(await readAnswer(deps, { town, by: requester }, { at, answerId, idempotencyKey }))
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/departures/{proceedingId}/opinion',
      summary: 'Record the opinion of the council for such cases, in a town that has one',
      tag,
      auth: 'staff',
      params: proceeding,
      body: z.strictObject({ givenOn: z.iso.date(), outcome: CouncilOutcome }),
      idempotent: true,
      answers: { 200: { description: 'Written down', schema: Proceeding } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id, proceedingId }, body, idempotencyKey }) => {
      const at = { neighbourId: id, proceedingId }
      const opinion = { on: body.givenOn, outcome: body.outcome }
      return Reply.disclose(await recordOpinion(deps, { town, by: requester }, { at, opinion, idempotencyKey }))
    },
  )

  endpoint(
    app,
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
      return Reply.disclose(
        await decideProceeding(deps, { town, by: requester }, { at, decision: body.decision, idempotencyKey }),
      )
    },
  )
}
