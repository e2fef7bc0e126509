import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JWK } from 'jose'
import type Provider from 'oidc-provider'

/** The client the demo town's pages sign staff in with. */
export const DEMO_DESK = 'padron-desk'

/**
 * The page of the demo sign-in: one click per role. It stands at the provider, where a city's own sign-in would.
 *
 * @returns whether it was its page
 */
export async function answerDemoSignIn(
  provider: Provider,
  { people, request, response }: { people: readonly DemoClient[]; request: IncomingMessage; response: ServerResponse },
): Promise<boolean> {
  const [, path = ''] = /^\/interaction\/([\w-]+)(\?|$)/.exec(request.url ?? '') ?? []
  if (path === '') return false
  if (request.method === 'POST') {
    const body = await new Response(request as never).text()
    const person = people.find(({ id, staff }) => staff && id === new URLSearchParams(body).get('who'))
    if (person === undefined) {
      response.writeHead(400).end()
      return true
    }
    await provider.interactionFinished(request, response, {
      login: { accountId: person.id, acr: 'phr', amr: ['demo'] },
    })
    return true
  }
  // Whoever came by a link for a role has clicked once already.
  const { params } = await provider.interactionDetails(request, response)
  const hinted = people.find(({ id, staff }) => staff && id === params.login_hint)
  if (hinted) {
    await provider.interactionFinished(request, response, {
      login: { accountId: hinted.id, acr: 'phr', amr: ['demo'] },
    })
    return true
  }
  const buttons = people
    .filter(({ staff }) => staff)
    .map(({ id }) => `<p><button name="who" value="${id}">${id}</button></p>`)
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  })
  response.end(
    `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Demo sign-in</title><style>body{font:1.2rem system-ui;max-width:24rem;margin:2rem auto;padding:0 1rem}button{font:inherit;padding:.8rem 1.2rem;width:100%}</style><main><h1>Demo sign-in</h1><p>Invented staff of an invented town.</p><form method="post">${buttons.join('')}</form></main></html>`,
  )
  return true
}

export interface DemoClient {
  id: string
  /** Staff claims, for the demo clients that stand for a person at a desk. */
  staff?: { role: string; office: string }
  municipality: string
  /** Public keys of a machine that signs who it is (RFC 7523), in place of the demo's secret. */
  keys?: readonly JWK[]
}
