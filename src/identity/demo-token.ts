/** Demo clients' secret: it opens invented data on this machine and nothing else. */
export const DEMO_SECRET = 'demo-only-secret-for-invented-neighbours'

/**
 * Asks a demonstration's OpenID provider for an access token, as a service provider's machine would
 * (OAuth 2 client credentials).
 *
 * @throws when the provider does not know the client or is not running
 */
export async function demoToken(issuer: string, audience: string, clientId: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(DEMO_SECRET)}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
  })
  const answer = (await response.json()) as { access_token?: string }
  if (answer.access_token === undefined) throw new Error('The demo sign-in knows no such client.')
  return answer.access_token
}
