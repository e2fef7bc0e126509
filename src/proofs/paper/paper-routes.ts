import { z } from '@hono/zod-openapi'
import { passing } from '../../firewall/free-text.ts'
import type { PolicyEngine } from '../../firewall/policies.ts'
import { endpoint, type House } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import { readDemand } from '../../oversight/access-requests.ts'
import { refusalLetters } from '../../oversight/letters.ts'
import { NotFound } from '../../platform/problem.ts'
import { Name } from '../../registry/model.ts'
import type { Municipality } from '../../town/municipality.ts'
import { findByCode } from '../check-code.ts'
import type { ProofDeps } from '../issue.ts'
import { affectedBy, proofsOf } from '../proof-list.ts'
import { NoPress, PaperOrder, type Press, printPaper } from './paper.ts'

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
export function paperRoutes(
  house: House<Municipality>,
  deps: ProofDeps & { press?: Press | undefined; policies: PolicyEngine },
): void {
  endpoint(
    house,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/papers',
      summary: 'Print a proof of residence',
      description:
        'A sealed PDF with a square and a code to check it by. `individual`, `household`, `historical` and `certificate` say how much it tells.',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      body: PaperOrder,
      idempotent: true,
      answers: { 200: { description: 'The paper (PDF/A-2a, PDF/UA-1, PAdES B-B)', type: 'application/pdf' } },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body, idempotencyKey }) => {
      const printed = await printPaper(deps, town, requester, id, body, idempotencyKey)
      const file = printed.map(({ pdf }) => pdf)
      return Reply.document(file, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
    },
  )

  endpoint(
    house,
    {
      method: 'post',
      path: '/v1/check-codes',
      summary: 'Look a paper up by the code on it',
      description:
        'Gives the compact proof that the square on the paper holds, to be checked like any other. The same answer for every code that nothing in force has.',
      tag,
      auth: 'public',
      body: z.strictObject({ code: passing(64) }),
      answers: { 200: { description: 'The proof', schema: z.object({ token: z.string() }) } },
      refuses: [404, 429],
    },
    async ({ town, body, source }) => Reply.giveBack(await findByCode(deps, town, body.code, source)),
  )

  endpoint(
    house,
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
      const { press } = deps
      if (press === undefined) throw new NoPress()
      const refused = await readDemand(deps.gate, town.id, requester, id)
      const letter = await refused.mapAsync(async ({ reference, stage }) => {
        if (stage !== 'refused') throw new NotFound()
        const languages = refusalLetters(deps.policies, reference, town.languages)
        return press.letter(town, { languages, writtenAt: deps.clock.now() })
      })
      return Reply.document(letter, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
    },
  )

  endpoint(
    house,
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
    async ({ town, requester, params: { id } }) => Reply.disclose(await proofsOf(deps, town, requester, id)),
  )

  endpoint(
    house,
    {
      method: 'get',
      path: '/v1/signing-keys/{kid}/affected',
      summary: 'Whose proofs a key signed, for two legal officers',
      description:
        'For telling neighbours when a key was withdrawn, by the two officers of an approved act of the kind `affected` within a week. Each is written down as looked at.',
      tag,
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
      Reply.disclose(await affectedBy(deps, town, requester, kid, query.after)),
  )
}
