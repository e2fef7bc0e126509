import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Configuration } from 'oidc-provider'
import { withoutWarningsOf } from '../platform/telemetry.ts'
import { answerDemoSignIn, DEMO_DESK, type DemoClient } from './demo-sign-in.ts'
import { DEMO_SECRET } from './demo-token.ts'
import { SIGNED_WITH } from './dpop.ts'

export async function demoSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }
}

/**
 * A real OpenID provider for trying things out: client credentials for each demo role and service.
 * Production mode never starts it.
 */
export async function startDemoProvider(options: {
  host: string
  port: number
  audience: string
  key: JWK
  clients: readonly DemoClient[]
  /** Where staff come back to after signing in. */
  returnTo?: readonly string[]
}): Promise<{ issuer: string; close(): Promise<void> }> {
  const issuer = `http://${options.host}:${options.port}`
  const byId = new Map(options.clients.map((client) => [client.id, client]))
  const configuration: Configuration = {
    clients: [
      ...options.clients.map((client) => ({
        client_id: client.id,
        ...(client.keys
          ? { token_endpoint_auth_method: 'private_key_jwt' as const, jwks: { keys: client.keys as never } }
          : { client_secret: DEMO_SECRET }),
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      })),
      ...(options.returnTo?.length
        ? [{ client_id: DEMO_DESK, client_secret: DEMO_SECRET, redirect_uris: [...options.returnTo] }]
        : []),
    ],
    ttl: { ClientCredentials: 3600, Interaction: 600, Session: 3600, Grant: 3600, IdToken: 600, AccessToken: 600 },
    scopes: ['openid', 'padron'],
    claims: { openid: ['sub'], padron: ['role', 'office', 'municipality'] },
    conformIdTokenClaims: false,
    cookies: { keys: [options.key.d ?? 'demo'] },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => {
      const person = byId.get(id)
      return (
        person?.staff && {
          accountId: id,
          claims: () => ({ sub: id, municipality: person.municipality, ...person.staff }),
        }
      )
    },
    // Nobody has to agree to be signed in at their own desk.
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client?.clientId ?? '',
        accountId: context.oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid padron')
      await grant.save()
      return grant
    },
    enabledJWA: {
      clientAuthSigningAlgValues: [...Object.values(SIGNED_WITH)],
      dPoPSigningAlgValues: [...Object.values(SIGNED_WITH)],
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [options.key as never] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      backchannelLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => options.audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: options.audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    formats: {
      customizers: {
        // Whoever asks for a clerk's token stands for the desk at which the clerk has signed in: no machine is staff.
        jwt: (_, token, { payload }) => {
          if (payload && byId.get(token.clientId ?? '')?.staff) payload.client_id = DEMO_DESK
        },
      },
    },
    acrValues: ['phr'],
    extraTokenClaims: (_, token) => {
      const client = byId.get(token.clientId ?? '')
      return client ? { municipality: client.municipality, sub: client.id, ...client.staff } : undefined
    },
  }
  // It warns of a Node that is no LTS release, and of tokens that are kept in memory. A demonstration wants both, and production
  // does not get here.
  const provider = await withoutWarningsOf('oidc-provider', async () => {
    const { default: Provider } = await import('oidc-provider')
    return new Provider(issuer, configuration)
  })
  const server = await new Promise<Server>((resolve, reject) => {
    const answer = provider.callback()
    const listening = createServer(async (request, reply) => {
      if (!(await answerDemoSignIn(provider, { people: options.clients, request, response: reply })))
        await answer(request, reply)
    })
    // Whoever keeps a line open finds it open: one that ends at the moment of a question is a fault of nobody's.
    listening.keepAliveTimeout = 600_000
    listening.listen(options.port, options.host, () => resolve(listening))
    listening.once('error', reject)
  })
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
