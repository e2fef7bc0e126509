import { z } from '@hono/zod-openapi'
import { passing } from '../firewall/free-text.ts'
import { endpoint } from '../http/endpoint.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import { DisclosureRequest, disclose } from './disclose.ts'
import { issueProof, type ProofDeps, ProofOrder } from './issue.ts'
import { ProfileId } from './profiles.ts'
import { revokeProof } from './revoke.ts'
import { verifyHere } from './verify-here.ts'
import { closeCounters, openCounter } from './wallet/counters.ts'

const tag = 'Proofs'

/** What the city signs, and what anyone needs to check it. */
export function proofRoutes(app: App, deps: ProofDeps): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/proofs',
      summary: 'Give a neighbour a proof of residence',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      body: ProofOrder,
      idempotent: true,
      answers: {
        201: {
          description: 'An SD-JWT VC (RFC 9901)',
          schema: z.object({
            id: z.uuid(),
            token: z.string(),
            expiresAt: z.string(),
            copies: z.array(z.object({ id: z.uuid(), token: z.string() })),
          }),
        },
      },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body, idempotencyKey }) =>
      Reply.disclose(
        await issueProof(deps, { town, by: requester }, { neighbourId: id, order: body, idempotencyKey }),
        201,
      ),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/proofs/{id}/revocation',
      summary: 'Take a proof back',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      answers: { 200: { description: 'Taken back', schema: z.object({ id: z.uuid(), revokedAt: z.string() }) } },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id } }) => Reply.disclose(await revokeProof(deps, { town, by: requester }, id)),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/verifications',
      summary: 'Check a proof',
      description:
        'Anyone may check; better still, check it yourself with `padron/verify`, and the city never learns that you did.',
      tag,
      auth: 'public',
      body: z.strictObject({ token: passing(65_536), service: ProfileId.optional() }),
      answers: {
        200: {
          description: 'Valid with its claims, or not valid with a code',
          schema: z.object({
            valid: z.boolean(),
            code: z.string().optional(),
            claims: z.record(z.string(), z.unknown()).optional(),
            expiresAt: z.number().optional(),
          }),
        },
      },
    },
    async ({ town, sent }) =>
      Reply.giveBack(await sent.mapAsync(({ token, service }) => verifyHere(deps, town, { token, service }))),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/counters',
      summary: 'Open a counter that asks wallets',
      description:
        'For the machine of an organisation that gives the service. `code` is typed once at `/counter/{service}`, within 15 minutes; the browser it is typed into then puts questions to wallets in the city\u2019s name for twelve hours, as a counter of this organisation. Answers are decrypted in that browser and nowhere else.',
      tag,
      auth: 'requester',
      body: z.strictObject({ service: ProfileId }),
      answers: {
        201: {
          description: 'A code, good once',
          schema: z.object({ code: z.string(), codeUntil: z.string(), expiresAt: z.string() }),
        },
      },
      refuses: [403],
    },
    async ({ town, requester, body: { service } }) =>
      Reply.disclose(await openCounter(deps, { town, by: requester }, service), 201),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/counters/closing',
      summary: 'Close all counters of a service',
      description: 'Whoever keeps the browser of one, such as somebody who works there no more, asks nobody any more.',
      tag,
      auth: 'requester',
      body: z.strictObject({ service: ProfileId }),
      answers: { 200: { description: 'How many there were', schema: z.object({ closed: z.int() }) } },
      refuses: [403],
    },
    async ({ town, requester, body: { service } }) =>
      Reply.disclose(await closeCounters(deps, { town, by: requester }, service)),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/disclosures',
      summary: 'Ask about the person whose proof you hold',
      tag: 'Firewall',
      auth: 'requester',
      body: DisclosureRequest,
      answers: {
        200: {
          description: 'Only the permitted fields',
          schema: z.object({
            resident: z.boolean().optional(),
            residentSince: z.string().optional(),
            name: z.record(z.string(), z.unknown()).optional(),
          }),
        },
      },
      refuses: [403],
    },
    async ({ town, requester, body }) => Reply.disclose(await disclose(deps, { town, by: requester }, body)),
  )
}
