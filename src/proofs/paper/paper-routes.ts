import { z } from '@hono/zod-openapi'
import { passing } from '../../firewall/free-text.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import { findByCode } from '../find-by-code.ts'
import type { ProofDeps } from '../issue.ts'
import { proofsOf } from '../list-proofs.ts'
import { PaperOrder, printPaper, type Renderer } from './paper.ts'

const tag = 'Proofs'
const Outline = z
  .object({
    id: z.uuid(),
    profile: z.string(),
    form: z.string(),
    issuedAt: z.string(),
    expiresAt: z.string(),
    revokedAt: z.string().nullable(),
    publicFrom: z.string().nullable().openapi({
      description: 'From when others see that it was taken back, as long as they do not',
    }),
  })
  .openapi('ProofOutline')

/** Proofs on paper, and the code printed on them. */
export function paperRoutes(app: App, deps: ProofDeps & { renderer?: Renderer | undefined }): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/papers',
      summary: 'Print a proof of residence',
      description:
        'A sealed PDF with a QR code and a check code to check it by. `individual`, `household`, `historical` and `certificate` say how much it tells.',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      body: PaperOrder,
      idempotent: true,
      answers: { 200: { description: 'The paper (PDF/A-2a, PDF/UA-1, PAdES B-B)', type: 'application/pdf' } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body, idempotencyKey }) => {
      const printed = await printPaper(deps, { town, by: requester }, { neighbourId: id, order: body, idempotencyKey })
      const file = printed.map(({ pdf }) => pdf)
      return Reply.document(file, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/check-codes',
      summary: 'Look a paper up by the code on it',
      description:
        'Gives the compact proof that the QR code on the paper holds, to be checked like any other. The same answer for every code that nothing in force has.',
      tag,
      auth: 'public',
      body: z.strictObject({ code: passing(64) }),
      answers: { 200: { description: 'The proof', schema: z.object({ token: z.string() }) } },
      refuses: [404, 429],
    },
    async ({ town, sent, source }) =>
      Reply.giveBack(await sent.mapAsync(({ code }) => findByCode(deps, town, { typed: code, source }))),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/neighbours/{id}/proofs',
      summary: 'The proofs a neighbour was given',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      answers: {
        200: { description: 'The newest first; not what they say', schema: z.object({ proofs: z.array(Outline) }) },
      },
      refuses: [403, 404],
    },
    async ({ town, requester, params: { id } }) => Reply.disclose(await proofsOf(deps, { town, by: requester }, id)),
  )
}
