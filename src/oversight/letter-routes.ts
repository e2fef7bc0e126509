import { z } from '@hono/zod-openapi'
import type { PolicyEngine } from '../firewall/policies.ts'
import { endpoint } from '../http/endpoint.ts'
import { publicData } from '../http/public-data.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import { refusalLetters } from './letters.ts'

const Letter = z
  .object({
    language: z.string(),
    title: z.string(),
    paragraphs: z.array(z.string()),
    rules: z.array(z.string()),
    digest: z.string(),
  })
  .openapi('RefusalLetter')

/** The letter that refuses a demand: made of the rules alone. */
export function letterRoutes(app: App, { policies }: { policies: PolicyEngine }): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/access-requests/refusal-letters/{reference}',
      summary: 'The refusal letter of a demand, in the town\u2019s languages',
      description: 'Made from the reference and the rules alone: it is the same for every demand.',
      tag: 'Access requests',
      auth: 'public',
      params: z.object({ reference: z.string().regex(/^D-[2-9A-HJ-NP-Z]{10}$/) }),
      answers: { 200: { description: 'One letter a language', schema: z.object({ letters: z.array(Letter) }) } },
    },
    async ({ town, params }) =>
      Reply.open(publicData({ letters: refusalLetters(policies, params.reference, town.languages) })),
  )
}
