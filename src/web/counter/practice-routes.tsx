import { z } from '@hono/zod-openapi'
import { endpoint } from '../../http/endpoint.ts'
import { cacheable } from '../../http/headers.ts'
import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Outcome, outcomeOf } from '../check/outcome.ts'
import { readerOf } from '../reader.ts'
import { pageOf } from '../signed-in.tsx'
import {
  PRACTICE_SERVICE,
  practiceIssuer,
  practiceKeys,
  practiceProofs,
  practiceStatusList,
  verifyPractice,
} from './practice.ts'
import { PracticePage } from './practice-page.tsx'

const tag = 'Practice'
/** Bytes of a form with a proof pasted into it. */
const LARGEST_PASTED = 210_000

/** Proofs that prove nothing, for whoever builds or learns to use a verifier. */
export function practicePages(app: App, { clock }: { clock: Clock }): void {
  const page = (body: unknown) => pageOf(body)
  const now = () => Math.floor(clock.now().epochMilliseconds / 1000)

  endpoint(
    app,
    {
      method: 'get',
      path: '/practice/proofs',
      summary: 'Practice proofs: one of each kind, with what a verifier must say to it',
      description:
        'About nobody, signed by a key that everybody can make, for the issuer `…/practice`. Give your verifier that issuer and the service named here; a verifier that trusts the city refuses all of them.',
      tag,
      auth: 'public',
      answers: {
        200: {
          description: 'Proofs and the right answers: `valid`, or the code of the refusal',
          schema: z.object({
            issuer: z.string(),
            service: z.string(),
            proofs: z.array(z.object({ id: z.string(), expect: z.string(), token: z.string() })),
          }),
        },
      },
    },
    async ({ town }) =>
      Reply.open(
        publicData({
          issuer: practiceIssuer(town.issuer),
          service: PRACTICE_SERVICE,
          proofs: await practiceProofs(town.issuer, now()),
        }),
        200,
        cacheable(60),
      ),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/practice/.well-known/jwks.json',
      summary: 'Public key of the practice issuer',
      tag,
      auth: 'public',
      answers: {
        200: {
          description: 'JWK set (RFC 7517)',
          schema: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
        },
      },
    },
    async ({ town }) => Reply.open(publicData(await practiceKeys(town.issuer)), 200, cacheable(300)),
  )
  endpoint(
    app,
    {
      method: 'get',
      path: '/practice/status-list',
      summary: 'Which practice proofs were taken back',
      tag,
      auth: 'public',
      answers: { 200: { description: 'Status list token', type: 'application/statuslist+jwt' } },
    },
    async ({ town }) =>
      Reply.material(
        publicData(await practiceStatusList(town.issuer, now())),
        'application/statuslist+jwt',
        cacheable(60),
      ),
  )

  route(app, { kind: 'public', method: 'get', path: '/providers/try' }, async (request) => {
    const { town, language } = readerOf(request)
    return page(<PracticePage language={language} proofs={await practiceProofs(town.issuer, now())} />)
  })
  route(app, { kind: 'public', method: 'post', path: '/providers/try', most: LARGEST_PASTED }, async (request) => {
    const { town, language } = readerOf(request)
    const text = (await request.form()).get('text')
    const verification = await verifyPractice(town.issuer, text, now())
    const outcome: Outcome = verification.valid
      ? { verdict: 'valid', reason: 'check.whyValid', proof: verification }
      : outcomeOf(verification.code)
    const code = verification.valid ? 'valid' : verification.code
    const proofs = await practiceProofs(town.issuer, now())
    return page(<PracticePage language={language} proofs={proofs} shown={{ text, outcome, code }} />)
  })
}
