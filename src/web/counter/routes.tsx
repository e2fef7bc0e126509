import { getCookie } from 'hono/cookie'
import { always, type House, problemResponse } from '../../http/endpoint.ts'
import { publicData, Reply } from '../../http/reply.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { NotFound, Problem } from '../../platform/problem.ts'
import { randomBytes } from '../../platform/random.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import type { Municipality } from '../../town/municipality.ts'
import { nameIn, readerOf } from '../reader.ts'
import { pagePolicy } from '../signed-in.tsx'
import counterScript from './counter.client.ts?script'
import { CounterPage } from './page.tsx'
import {
  ANSWER_SECONDS,
  askWallet,
  isSettled,
  keepAnswer,
  profileOf,
  readAnswer,
  requestObject,
  WALLET_NO,
} from './presentations.ts'

const HTML = 'text/html; charset=utf-8'
const COOKIE = 'padron-counter'
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A service desk's questions to wallets, by OpenID4VP. */
export function counterPages(house: House<Municipality>, deps: ProofDeps): void {
  const send = (reply: Reply, more: Record<string, string> = {}) => reply.toResponse({ ...always(uuidv7()), ...more })
  const page = (body: unknown) => Reply.material(`<!doctype html>${body}`, HTML, { 'cache-control': 'no-store' })

  house.get('/counter/requests/:id', async (context) => {
    const { town } = await readerOf(context)
    const jwt = await requestObject(deps, town, idOf(context.req.param('id')))
    return send(Reply.material(jwt, 'application/oauth-authz-req+jwt', { 'cache-control': 'no-store' }))
  })
  house.post('/counter/requests/:id', async (context) => {
    const { town } = await readerOf(context)
    const body = await context.req.text()
    const sent = new URLSearchParams(body)
    const answer = sent.get('response') ?? sent.get('error') ?? ''
    const isAnswer = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/.test(answer) || WALLET_NO.test(answer)
    if (body.length > 64 * 1024 || !isAnswer)
      throw new Problem('malformed-answer', 400, 'Send one encrypted answer in the field response, or an error.')
    await keepAnswer(deps, town, idOf(context.req.param('id')), answer)
    return send(Reply.giveBack({}))
  })

  house.get('/counter/requests/:id/settled', async (context) => {
    const { town } = await readerOf(context)
    const settled = await isSettled(deps, town, idOf(context.req.param('id')))
    return send(Reply.open(publicData({ settled }), 200, { 'cache-control': 'no-store' }))
  })
  house.get('/assets/counter.js', () =>
    send(Reply.material(counterScript, 'text/javascript; charset=utf-8', { 'cache-control': 'public, max-age=300' })),
  )

  house.get('/counter/:service', async (context) => {
    const { town, language } = await readerOf(context)
    const profile = profileOf(context.req.param('service'))
    return send(page(<CounterPage town={nameIn(town, language)} language={language} profile={profile} />))
  })
  house.post('/counter/:service', async (context) => {
    const { town, language } = await readerOf(context)
    const profile = profileOf(context.req.param('service'))
    const { id, link, key } = await askWallet(deps, town, profile)
    // The key to the answer goes to this desk's browser and is nowhere else.
    const value = Buffer.from(JSON.stringify({ id, link, key })).toString('base64url')
    const secure = town.issuer.startsWith('https:') ? '; Secure' : ''
    return send(Reply.redirect(`/counter/${profile.id}/${id}?lang=${language}`), {
      'set-cookie': `${COOKIE}=${value}; Path=/counter/${profile.id}/${id}; Max-Age=${ANSWER_SECONDS}; HttpOnly; SameSite=Strict${secure}`,
    })
  })
  house.get('/counter/:service/:id', async (context) => {
    const { town, language } = await readerOf(context)
    const profile = profileOf(context.req.param('service'))
    const id = idOf(context.req.param('id'))
    const name = nameIn(town, language)
    const held = heldBy(getCookie(context, COOKIE))
    try {
      if (held?.id !== id) throw new NotFound()
      const answered = await readAnswer(deps, town, profile, id, held.key)
      const nonce = Buffer.from(randomBytes(16)).toString('base64')
      return send(
        page(
          <CounterPage
            town={name}
            language={language}
            profile={profile}
            asking={held}
            outcome={answered?.outcome}
            waiting={answered?.waiting ?? true}
            nonce={nonce}
          />,
        ),
        { 'content-security-policy': pagePolicy(nonce) },
      )
    } catch (error) {
      if (!(error instanceof NotFound)) return problemResponse(error, uuidv7())
      return send(page(<CounterPage town={name} language={language} profile={profile} gone />))
    }
  })
}

function idOf(text: string): string {
  if (!ID.test(text)) throw new NotFound()
  return text
}

interface Held {
  id: string
  link: string
  key: object
}

function heldBy(cookie: string | undefined): Held | undefined {
  try {
    const held = JSON.parse(Buffer.from(cookie ?? '', 'base64url').toString())
    return typeof held?.id === 'string' && typeof held.link === 'string' && typeof held.key === 'object'
      ? held
      : undefined
  } catch {
    return undefined
  }
}
