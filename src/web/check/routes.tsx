import { always, type House } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { randomBytes } from '../../platform/random.ts'
import { TooManyAttempts } from '../../platform/tries.ts'
import { findByCode, NoSuchCode } from '../../proofs/check-code.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { publishedKeys } from '../../proofs/signing-keys.ts'
import { currentStatusLists } from '../../proofs/status-list.ts'
import { verifyHere } from '../../proofs/verification.ts'
import type { Municipality } from '../../town/municipality.ts'
import { nameIn, pastedText, readerOf } from '../reader.ts'
import { JAVASCRIPT, styles, workerFor } from '../ui/assets.ts'
import offlineScript from './offline.worker.ts?script'
import { type Outcome, outcomeOf } from './outcome.ts'
import { CheckPage, CodePage } from './page.tsx'
import { checkScript } from './script.ts'

/** The page holds what somebody brought to be checked: it may ask nobody for anything, not even the city. */
const SILENT = (nonce: string) =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; font-src 'self'; worker-src 'self'; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`
/** The script that keeps the page for later may ask its own city for public files. */
const KEEPER = "default-src 'none'; connect-src 'self'"
const HTML = 'text/html; charset=utf-8'

/** Checking proofs: in the browser, or by the city for who has no JavaScript or only the printed code. */
export function checkPages(house: House<Municipality>, deps: ProofDeps): void {
  const send = (reply: Reply) => reply.toResponse(always(uuidv7()))

  house.on('get', ['/v', '/V'], async (context) => {
    const { town, language } = await readerOf(context)
    const [{ keys }, statusLists] = await Promise.all([publishedKeys(deps, town.id), currentStatusLists(deps, town)])
    const nonce = Buffer.from(randomBytes(16)).toString('base64')
    const material = { issuer: town.issuer, keys, statusLists, knownAt: deps.clock.now().toString() }
    const page = <CheckPage town={nameIn(town, language)} language={language} material={material} nonce={nonce} />
    return send(
      Reply.material(`<!doctype html>${page}`, HTML, {
        'content-security-policy': SILENT(nonce),
        vary: 'accept-language, cookie',
      }),
    )
  })
  house.get(checkScript.path, checkScript.serve)
  house.get('/v/worker.js', () =>
    send(
      Reply.material(workerFor(offlineScript, [styles, checkScript]), JAVASCRIPT, {
        'cache-control': 'no-cache',
        'content-security-policy': KEEPER,
        'service-worker-allowed': '/v',
      }),
    ),
  )
  house.get('/v/code', async (context) => {
    const { town, language } = await readerOf(context)
    return send(
      Reply.material(`<!doctype html>${<CodePage town={nameIn(town, language)} language={language} />}`, HTML),
    )
  })
  house.post('/v/code', async (context) => {
    const { town, language } = await readerOf(context)
    const source = context.var.reception.sourceOf(context.env, context.req.raw.headers)
    const outcome = await answerTo(deps, town, await pastedText(context), source)
    const page = <CodePage town={nameIn(town, language)} language={language} outcome={outcome} />
    return send(Reply.material(`<!doctype html>${page}`, HTML, { 'cache-control': 'no-store' }))
  })
}

/** What the city says to a code or a pasted proof. */
async function answerTo(deps: ProofDeps, town: Municipality, text: string, source: string): Promise<Outcome> {
  try {
    const token = text.length > 40 ? text : (await findByCode(deps, town, text, source)).token
    const verification = await verifyHere(deps, town, token)
    if (!verification.valid) return outcomeOf(verification.code)
    const { valid: _, ...proof } = verification
    return { verdict: 'valid', reason: 'vWhyValid', proof }
  } catch (error) {
    if (error instanceof NoSuchCode) return { verdict: 'not-valid', reason: 'vWhyNoCode' }
    if (error instanceof TooManyAttempts) return { verdict: 'cannot-tell', reason: 'vWhyTooMany' }
    throw error
  }
}
