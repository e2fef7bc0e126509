import { silentPolicy } from '../../http/headers.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import { TooManyAttempts } from '../../platform/tries.ts'
import { findByCode, NoSuchCode } from '../../proofs/find-by-code.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { publishedKeys } from '../../proofs/signing-keys.ts'
import { currentStatusLists } from '../../proofs/status-list.ts'
import { verifyHere } from '../../proofs/verify-here.ts'
import type { Municipality } from '../../town/model.ts'
import { publicPage } from '../public-page.ts'
import { nameIn, readerOf } from '../reader.ts'
import { pageOf } from '../signed-in.tsx'
import { scriptReply, serveAsset, styles, workerFor } from '../ui/assets.ts'
import offlineScript from './offline.worker.ts?script'
import { type Outcome, outcomeOf } from './outcome.ts'
import { CheckPage, CodePage } from './page.tsx'
import { checkScript } from './script.ts'

/** The script that keeps the page for later may ask its own city for public files. */
const KEEPER = "default-src 'none'; connect-src 'self'"
/** Bytes of a form with a proof pasted into it. */
const LARGEST_PASTED = 210_000

/** Checking proofs: in the browser, or by the city for who has no JavaScript or only the printed code. */
export function checkPages(app: App, deps: ProofDeps): void {
  // In capitals it is shorter in a QR code.
  for (const path of ['/v', '/V'])
    route(app, { kind: 'public', method: 'get', path }, async (request) => {
      const { town, language } = readerOf(request)
      const [{ keys }, statusLists] = await Promise.all([publishedKeys(deps, town.id), currentStatusLists(deps, town)])
      const nonce = request.nonce()
      const material = { issuer: town.issuer, keys, statusLists, knownAt: deps.clock.now().toString() }
      const page = <CheckPage town={nameIn(town, language)} language={language} material={material} nonce={nonce} />
      return publicPage(page, {
        // It holds what somebody brought to be checked.
        'content-security-policy': silentPolicy(nonce),
        vary: 'accept-language, cookie',
      })
    })
  serveAsset(app, checkScript)
  route(app, { kind: 'asset', method: 'get', path: '/v/worker.js' }, async () =>
    scriptReply(workerFor(offlineScript, [styles, checkScript]), {
      'cache-control': 'no-cache',
      'content-security-policy': KEEPER,
      'service-worker-allowed': '/v',
    }),
  )
  route(app, { kind: 'public', method: 'get', path: '/v/code' }, async (request) => {
    const { town, language } = readerOf(request)
    return publicPage(<CodePage town={nameIn(town, language)} language={language} />, {})
  })
  route(app, { kind: 'public', method: 'post', path: '/v/code', most: LARGEST_PASTED }, async (request) => {
    const { town, language } = readerOf(request)
    const outcome = await answerTo(deps, town, { text: (await request.form()).get('text'), source: request.source })
    const page = <CodePage town={nameIn(town, language)} language={language} outcome={outcome} />
    return pageOf(page)
  })
}

/** What the city says to a code or a pasted proof. */
async function answerTo(
  deps: ProofDeps,
  town: Municipality,
  { text, source }: { text: string; source: string },
): Promise<Outcome> {
  try {
    const token = text.length > 40 ? text : (await findByCode(deps, town, { typed: text, source })).token
    const verification = await verifyHere(deps, town, { token })
    if (!verification.valid) return outcomeOf(verification.code)
    const { valid: _, ...proof } = verification
    return { verdict: 'valid', reason: 'check.whyValid', proof }
  } catch (error) {
    if (error instanceof NoSuchCode) return { verdict: 'not-valid', reason: 'check.whyNoCode' }
    if (error instanceof TooManyAttempts) return { verdict: 'cannot-tell', reason: 'check.whyTooMany' }
    throw error
  }
}
