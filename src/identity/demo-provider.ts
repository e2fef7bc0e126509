import type { Server } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import { DEMO_SECRET } from './demo-token.ts'

export interface DemoClient {
  id: string
  /** Staff claims, for the demo clients that stand for a person at a desk. */
  staff?: { role: string; office: string }
  municipality: string
}

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
}): Promise<{ issuer: string; close(): Promise<void> }> {
  const issuer = `http://${options.host}:${options.port}`
  const byId = new Map(options.clients.map((client) => [client.id, client]))
  const configuration: Configuration = {
    clients: options.clients.map((client) => ({
      client_id: client.id,
      client_secret: DEMO_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    ttl: { ClientCredentials: 3600 },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [options.key as never] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
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
    extraTokenClaims: (_, token) => {
      const client = byId.get(token.clientId ?? '')
      return client ? { municipality: client.municipality, sub: client.id, ...client.staff } : undefined
    },
  }
  const provider = new Provider(issuer, configuration)
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = provider.listen(options.port, options.host, () => resolve(listening))
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
