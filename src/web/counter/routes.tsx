import { cookieOf, cookieValue } from '../../http/cookies.ts'
import { pathTo } from '../../http/path.ts'
import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import { type Code, NotFound, Problem } from '../../platform/problem.ts'
import { mustBeUuid } from '../../platform/uuid.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import {
  ANSWER_SECONDS,
  type Answered,
  askWallet,
  isSettled,
  keepAnswer,
  profileOf,
  readAnswer,
  requestObject,
  WALLET_NO,
} from '../../proofs/wallet/ask-wallet.ts'
import { type Outcome, outcomeOf } from '../check/outcome.ts'
import { nameIn, readerOf } from '../reader.ts'
import { pageOf } from '../signed-in.tsx'
import { scriptReply } from '../ui/assets.ts'
import counterScript from './counter.client.ts?script'
import { CounterPage } from './page.tsx'

const COOKIE = 'padron-counter'

/** A service desk's questions to wallets, by OpenID4VP. */
export function counterPages(app: App, deps: ProofDeps): void {
  // Wallets fetch the question and send the answer, from wherever they are: no cookie goes with it.
  route(app, { kind: 'public', method: 'get', path: '/counter/requests/:id', errors: 'json' }, async (request) => {
    const { town } = readerOf(request)
    const jwt = await requestObject(deps, town, mustBeUuid(request.params.id ?? ''))
    return Reply.material(publicData(jwt), 'application/oauth-authz-req+jwt', { 'cache-control': 'no-store' })
  })
  const answers = {
    kind: 'public',
    method: 'post',
    path: '/counter/requests/:id',
    errors: 'json',
    fromAnywhere: true,
  } as const
  route(app, answers, async (request) => {
    const { town } = readerOf(request)
    const sent = await request.form()
    const answer = sent.get('response') || sent.get('error')
    const isAnswer = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/.test(answer) || WALLET_NO.test(answer)
    if (!isAnswer)
      throw new Problem('malformed-answer', 400, 'Send one encrypted answer in the field response, or an error.')
    await keepAnswer(deps, town, { id: mustBeUuid(request.params.id ?? ''), answer })
    return Reply.done()
  })

  route(
    app,
    { kind: 'public', method: 'get', path: '/counter/requests/:id/settled', errors: 'json' },
    async (request) => {
      const { town } = readerOf(request)
      const settled = await isSettled(deps, town, mustBeUuid(request.params.id ?? ''))
      return Reply.flag('settled', settled)
    },
  )
  route(app, { kind: 'asset', method: 'get', path: '/assets/counter.js' }, async () =>
    scriptReply(counterScript, { 'cache-control': 'public, max-age=300' }),
  )

  route(app, { kind: 'public', method: 'get', path: '/counter/:service' }, async (request) => {
    const { town, language } = readerOf(request)
    const profile = profileOf(request.params.service ?? '')
    return pageOf(<CounterPage town={nameIn(town, language)} language={language} profile={profile} />)
  })
  route(app, { kind: 'public', method: 'post', path: '/counter/:service' }, async (request) => {
    const { town, language } = readerOf(request)
    const profile = profileOf(request.params.service ?? '')
    const { id, link, key } = await askWallet(deps, town, profile)
    // The key to the answer goes to this desk's browser and is nowhere else.
    const value = Buffer.from(JSON.stringify({ id, link, key })).toString('base64url')
    return Reply.redirect(pathTo`/counter/${profile.id as Code}/${mustBeUuid(id)}?lang=${language}`, {
      'set-cookie': cookieOf({
        ...{ name: COOKIE, value: cookieValue(value), seconds: ANSWER_SECONDS },
        ...{ path: `/counter/${profile.id}/${id}`, sameSite: 'Strict', secure: town.issuer.startsWith('https:') },
      }),
    })
  })
  route(app, { kind: 'public', method: 'get', path: '/counter/:service/:id' }, async (request) => {
    const { town, language } = readerOf(request)
    const profile = profileOf(request.params.service ?? '')
    const id = mustBeUuid(request.params.id ?? '')
    const name = nameIn(town, language)
    const held = heldBy(request.cookie(COOKIE))
    try {
      if (held?.id !== id) throw new NotFound()
      const answered = await readAnswer(deps, town, { profile, id, key: held.key })
      return pageOf(
        <CounterPage
          town={name}
          language={language}
          profile={profile}
          asking={held}
          outcome={answered && shown(answered)}
          waiting={answered?.waiting ?? true}
          nonce={request.nonce()}
        />,
      )
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
      return pageOf(<CounterPage town={name} language={language} profile={profile} gone />)
    }
  })
}

/** What a wallet’s answer says to whoever asked. */
function shown({ verification }: Answered): Outcome {
  if (verification === undefined) return { verdict: 'not-valid', reason: 'counter.walletNo' }
  if (!verification.valid) return outcomeOf(verification.code)
  const { valid: _, ...proof } = verification
  return { verdict: 'valid', reason: 'check.whyValid', proof }
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
