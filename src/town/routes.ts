import { z } from '@hono/zod-openapi'
import type { GrantsState } from '../firewall/grant-table.ts'
import { digestOfGrants } from '../firewall/grant-table.ts'
import { purposes } from '../firewall/policies.ts'
import { endpoint } from '../http/endpoint.ts'
import { cacheable } from '../http/headers.ts'
import { publicData } from '../http/public-data.ts'
import { Reply } from '../http/reply.ts'
import type { App, World } from '../http/route.ts'
import type { Municipality } from './model.ts'

const Grants = z.record(z.string(), z.array(z.string()))

/** What a town says of itself and of its rules. */
export function townRoutes<W extends World & { town: Municipality }>(
  app: App<W>,
  grants: (municipalityId: string) => Promise<GrantsState>,
): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/municipality',
      summary: 'The municipality this address serves',
      tag: 'Registry',
      auth: 'public',
      answers: {
        200: {
          description: 'The municipality',
          schema: z.object({
            slug: z.string(),
            name: z.record(z.string(), z.string()),
            languages: z.array(z.string()),
            issuer: z.string(),
          }),
        },
      },
    },
    async ({ town }) => {
      const { slug, name, languages, issuer, countryCode, provinceCode, municipalityCode } = town
      return Reply.open(
        publicData({ slug, name, languages, issuer, countryCode, provinceCode, municipalityCode }),
        200,
        { 'cache-control': 'public, max-age=300' },
      )
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/grants',
      summary: 'What anyone can get, by what this town has agreed to',
      description:
        'Each place (`who | action | purpose | when`, or `proof | service`) with the fields that are given at most. `closed` is what the loaded rules give beyond that and nobody gets; `toCome` is what two legal officers agreed to and begins later.',
      tag: 'Firewall',
      auth: 'public',
      answers: {
        200: {
          description: 'The table',
          schema: z.object({
            digest: z.string(),
            agreed: Grants,
            closed: Grants,
            toCome: z.array(z.object({ begins: z.string(), wider: Grants })),
          }),
        },
      },
    },
    async ({ town }) => {
      const { agreed, closed, toCome } = await grants(town.id)
      return Reply.open(publicData({ digest: digestOfGrants(agreed), agreed, closed, toCome }), 200, cacheable(60))
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/purposes',
      summary: 'Why data may be opened, and what each reason opens',
      tag: 'Firewall',
      auth: 'public',
      answers: {
        200: {
          description: 'The closed list of purposes',
          schema: z.array(
            z.object({
              id: z.string(),
              title: z.record(z.string(), z.string()),
              requesters: z.array(z.string()),
              actions: z.array(z.string()),
              fields: z.array(z.string()),
            }),
          ),
        },
      },
    },
    async () => Reply.open(publicData([...purposes.values()]), 200, { 'cache-control': 'public, max-age=300' }),
  )
}
