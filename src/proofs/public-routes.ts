import { hash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { endpoint } from '../http/endpoint.ts'
import { cacheable, digestTag } from '../http/headers.ts'
import { publicData } from '../http/public-data.ts'
import { Reply } from '../http/reply.ts'
import type { App } from '../identity/app.ts'
import { NotFound } from '../platform/problem.ts'
import { profiles } from './profiles.ts'
import { type KeyDeps, publishedKeys } from './signing-keys.ts'
import { STATUS_TTL, statusListToken } from './status-list.ts'

/** What anyone needs to check a proof. Nothing of it is about anybody. */
export function trustRoutes(app: App, deps: KeyDeps & Parameters<typeof statusListToken>[0]): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/services',
      summary: 'The service profiles: what each service may learn',
      tag: 'Proofs',
      auth: 'public',
      answers: {
        200: {
          description: 'Profiles',
          schema: z.array(
            z.object({
              id: z.string(),
              title: z.record(z.string(), z.string()),
              claims: z.array(z.string()),
              validityDays: z.int(),
            }),
          ),
        },
      },
    },
    async () => Reply.open(publicData([...profiles.values()]), 200, cacheable(300)),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/.well-known/jwks.json',
      summary: 'Public keys of this municipality',
      tag: 'Trust',
      auth: 'public',
      answers: {
        200: {
          description: 'JWK set (RFC 7517)',
          schema: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
        },
      },
    },
    async ({ town }) => Reply.open(publicData(await publishedKeys(deps, town.id)), 200, cacheable(300)),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/.well-known/jwt-vc-issuer',
      summary: 'Issuer metadata (SD-JWT VC)',
      tag: 'Trust',
      auth: 'public',
      answers: {
        200: {
          description: 'Issuer and keys',
          schema: z.object({
            issuer: z.string(),
            jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
          }),
        },
      },
    },
    async ({ town }) =>
      Reply.open(publicData({ issuer: town.issuer, jwks: await publishedKeys(deps, town.id) }), 200, cacheable(300)),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/status-lists/{id}',
      summary: 'Which proofs were taken back',
      tag: 'Trust',
      auth: 'public',
      params: z.object({ id: z.uuid() }),
      answers: { 200: { description: 'Status list token', type: 'application/statuslist+jwt' } },
      refuses: [404],
    },
    async ({ town, params: { id } }) => {
      const token = await statusListToken(deps, town, id)
      if (token === undefined) throw new NotFound()
      return Reply.material(publicData(token), 'application/statuslist+jwt', {
        ...cacheable(STATUS_TTL),
        etag: digestTag(hash('sha256', token, 'base64url')),
      })
    },
  )
}
