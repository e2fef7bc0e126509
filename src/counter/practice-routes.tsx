import { z } from '@hono/zod-openapi'
import { always, endpoint, type House } from '../firewall/endpoint.ts'
import { publicData, Reply } from '../firewall/reply.ts'
import { type Clock, uuidv7 } from '../platform/clock.ts'
import { Problem } from '../platform/problem.ts'
import type { Municipality } from '../registry/municipality.ts'
import { type Outcome, outcomeOf } from '../ui/check/outcome.ts'
import { readerOf } from '../ui/reader.ts'
import {
  PRACTICE_SERVICE,
  practiceIssuer,
  practiceKeys,
  practiceProofs,
  practiceStatusList,
  verifyPractice,
} from './practice.ts'
import { PracticePage } from './practice-page.tsx'

const LARGEST_FORM = 70_000
const tag = 'Practice'
const open = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

/** Proofs that prove nothing, for whoever builds or learns to use a verifier. */
export function practicePages(house: House<Municipality>, { clock }: { clock: Clock }): void {
  const now = () => Math.floor(clock.now().epochMilliseconds / 1000)

  endpoint(
    house,
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
        { ...open, 'cache-control': 'no-store' },
      ),
  )
  endpoint(
    house,
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
    async ({ town }) =>
      Reply.open(publicData(await practiceKeys(town.issuer)), 200, {
        ...open,
        'cache-control': 'public, max-age=300',
      }),
  )
  endpoint(
    house,
    {
      method: 'get',
      path: '/practice/status-list',
      summary: 'Which practice proofs were taken back',
      tag,
      auth: 'public',
      answers: { 200: { description: 'Status list token', type: 'application/statuslist+jwt' } },
    },
    async ({ town }) =>
      Reply.material(await practiceStatusList(town.issuer, now()), 'application/statuslist+jwt', {
        ...open,
        'cache-control': 'public, max-age=60',
      }),
  )

  house.get('/providers/try', async (context) => {
    const { town, language } = await readerOf(context)
    return page(<PracticePage language={language} proofs={await practiceProofs(town.issuer, now())} />)
  })
  house.post('/providers/try', async (context) => {
    const { town, language } = await readerOf(context)
    const body = await context.req.text()
    if (body.length > LARGEST_FORM) throw new Problem('too-large', 413, 'This is too large to be a form.')
    const text = (new URLSearchParams(body).get('text') ?? '').trim()
    const verification = await verifyPractice(town.issuer, text, now())
    const outcome: Outcome = verification.valid
      ? { verdict: 'valid', reason: 'vWhyValid', proof: verification }
      : verification.code === 'wrong-audience'
        ? { verdict: 'not-valid', reason: 'tryWhyOther' }
        : outcomeOf(verification.code)
    const code = verification.valid ? 'valid' : verification.code
    const proofs = await practiceProofs(town.issuer, now())
    return page(<PracticePage language={language} proofs={proofs} shown={{ text, outcome, code }} />)
  })
}

function page(body: unknown): Response {
  return Reply.material(`<!doctype html>${body}`, 'text/html; charset=utf-8', {
    'cache-control': 'no-store',
  }).toResponse(always(uuidv7()))
}
