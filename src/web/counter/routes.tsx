import { type CookieKind, cookieName, cookieOf, cookieValue } from '../../http/cookies.ts'
import { pathTo } from '../../http/path.ts'
import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App, Incoming } from '../../identity/app.ts'
import { type Code, NotAllowed, NotFound, Problem } from '../../platform/problem.ts'
import { TooManyAttempts } from '../../platform/tries.ts'
import { mustBeUuid } from '../../platform/uuid.ts'
import { NoSuchCode } from '../../proofs/find-by-code.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import {
  askWallet,
  endQuestion,
  keepAnswer,
  requestObject,
  takeAnswers,
  WALLET_NO,
} from '../../proofs/wallet/ask-wallet.ts'
import {
  COUNTER_HOURS,
  type Counter,
  closeCounter,
  counterOf,
  enterCounter,
  profileOf,
} from '../../proofs/wallet/counters.ts'
import { nameIn, readerOf } from '../reader.ts'
import { isSecure, pageOf } from '../signed-in.tsx'
import { asset, JAVASCRIPT, serveAsset } from '../ui/assets.ts'
import counterCode from './counter.client.ts?script'
import { CounterDoorPage, CounterPage } from './page.tsx'

/** A browser is a counter of one service, at that service's pages. */
const cookieAt = (service: string): CookieKind => ({
  ...{ name: 'padron-counter', path: `/counter/${service}`, sameSite: 'Strict' },
})
const script = asset('/assets/counter.js', counterCode, JAVASCRIPT)

/** A service desk's questions to wallets, by OpenID4VP: of enrolled services alone. */
export function counterPages(app: App, deps: ProofDeps): void {
  questionPages(app, deps)
  serveAsset(app, script)

  route(app, { kind: 'public', method: 'get', path: '/counter/:service' }, async (request) => {
    const { town, language } = readerOf(request)
    const profile = profileOf(request.params.service ?? '')
    const said = { town: nameIn(town, language), language, profile }
    const counter = await counterAt(deps, request)
    if (counter === undefined) return pageOf(<CounterDoorPage {...said} />)
    const { organisation } = counter
    return pageOf(
      <CounterPage {...said} organisation={organisation.name} script={script.address} nonce={request.nonce()} />,
    )
  })
  route(app, { kind: 'public', method: 'post', path: '/counter/:service/open' }, async (request) => {
    const { town, language } = readerOf(request)
    const profile = profileOf(request.params.service ?? '')
    const typed = (await request.form()).get('code')
    try {
      const secret = await enterCounter(deps, town, { service: profile.id, typed, source: request.source })
      return Reply.redirect(pathTo`/counter/${profile.id as Code}?lang=${language}`, {
        'set-cookie': cookieOf(cookieAt(profile.id), {
          ...{ value: cookieValue(secret), seconds: COUNTER_HOURS * 3600, secure: isSecure(town) },
        }),
      })
    } catch (error) {
      if (!(error instanceof NoSuchCode || error instanceof TooManyAttempts)) throw error
      const wrong = error instanceof NoSuchCode ? 'code' : 'too-often'
      const page = <CounterDoorPage town={nameIn(town, language)} language={language} profile={profile} wrong={wrong} />
      return pageOf(page).as(wrong === 'code' ? 422 : 429)
    }
  })
  route(app, { kind: 'public', method: 'post', path: '/counter/:service/close' }, async (request) => {
    const { town, language } = readerOf(request)
    const counter = await counterAt(deps, request)
    if (counter !== undefined) await closeCounter(deps, town, counter)
    const { id } = profileOf(request.params.service ?? '')
    return Reply.redirect(pathTo`/counter/${id as Code}?lang=${language}`)
  })
}

/** What a counter's page and wallets say to each other, over the service, which can read none of the answers. */
function questionPages(app: App, deps: ProofDeps): void {
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

  const asks = { kind: 'public', method: 'post', errors: 'json' } as const
  route(app, { ...asks, path: '/counter/:service/questions' }, async (request) => {
    const { town } = readerOf(request)
    const counter = await mustBeCounter(deps, request)
    const { get } = await request.form()
    return Reply.open(publicData(await askWallet(deps, town, { counter, key: get('key') })), 200, {
      'cache-control': 'no-store',
    })
  })
  route(app, { ...asks, path: '/counter/:service/questions/:id/answers' }, async (request) => {
    const { town } = readerOf(request)
    const counter = await mustBeCounter(deps, request)
    const came = await takeAnswers(deps, town, { counter, id: mustBeUuid(request.params.id ?? '') })
    if (came === undefined) throw new NotFound()
    return Reply.open(publicData({ answers: came }), 200, { 'cache-control': 'no-store' })
  })
  route(app, { ...asks, path: '/counter/:service/questions/:id/over' }, async (request) => {
    const { town } = readerOf(request)
    const counter = await mustBeCounter(deps, request)
    await endQuestion(deps, town, { counter, id: mustBeUuid(request.params.id ?? '') })
    return Reply.done()
  })
}

function counterAt(deps: ProofDeps, request: Incoming): Promise<Counter | undefined> {
  const { town } = request
  const service = request.params.service ?? ''
  return counterOf(deps, town, { service, secret: request.cookie(cookieName(cookieAt(service), isSecure(town))) })
}

/** @throws {NotAllowed} of a browser that is no counter of this service */
async function mustBeCounter(deps: ProofDeps, request: Incoming): Promise<Counter> {
  const counter = await counterAt(deps, request)
  if (counter === undefined) throw new NotAllowed()
  return counter
}
