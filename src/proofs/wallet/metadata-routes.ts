import { z } from '@hono/zod-openapi'
import { endpoint } from '../../http/endpoint.ts'
import type { ReplyHeaders } from '../../http/headers.ts'
import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Municipality } from '../../town/model.ts'
import { profiles } from '../profiles.ts'
import { authorizationServer, cardTemplate, credentialIssuer, typeMetadata } from './metadata.ts'

const CACHEABLE: ReplyHeaders = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }
const object = z.record(z.string(), z.unknown())

/** What a wallet reads before it asks: the same for everyone. */
export function walletMetadataRoutes(app: App): void {
  const published = (path: string, summary: string, of: (town: Municipality) => object) =>
    endpoint(
      app,
      {
        method: 'get',
        path,
        summary,
        tag: 'Wallets',
        auth: 'public',
        answers: { 200: { description: 'Metadata', schema: object } },
      },
      async ({ town }) => Reply.open(publicData(of(town)), 200, CACHEABLE),
    )
  published('/.well-known/openid-credential-issuer', 'Credential issuer metadata (OpenID4VCI)', credentialIssuer)
  published('/.well-known/oauth-authorization-server', 'Authorization server metadata (RFC 8414)', authorizationServer)

  const profileOf = (id: string) => {
    const profile = profiles.get(id)
    if (profile === undefined) throw new NotFound()
    return profile
  }
  endpoint(
    app,
    {
      method: 'get',
      path: '/credentials/{profile}',
      summary: 'Type metadata (SD-JWT VC)',
      tag: 'Trust',
      auth: 'public',
      params: z.object({ profile: z.string() }),
      answers: { 200: { description: 'What this kind of proof is', schema: object } },
      refuses: [404],
    },
    async ({ town, params }) =>
      Reply.open(publicData(typeMetadata(town, profileOf(params.profile))), 200, {
        ...CACHEABLE,
        'cross-origin-resource-policy': 'cross-origin',
      }),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/credentials/{profile}/card.svg',
      summary: 'How a wallet may draw it',
      tag: 'Trust',
      auth: 'public',
      params: z.object({ profile: z.string() }),
      answers: { 200: { description: 'A template', type: 'image/svg+xml' } },
      refuses: [404],
    },
    async ({ town, params }) =>
      Reply.material(publicData(cardTemplate(town, profileOf(params.profile))), 'image/svg+xml', {
        ...CACHEABLE,
        'cross-origin-resource-policy': 'cross-origin',
      }),
  )
}
