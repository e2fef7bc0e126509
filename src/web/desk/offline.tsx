import { always, type House } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { randomBytes } from '../../platform/random.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import type { Municipality } from '../../town/municipality.ts'
import { nameIn, readerOf } from '../reader.ts'
import { onceOf, typedIn } from '../record/registration-form.ts'
import { pageOf, pagePolicy, type signedInPages } from '../signed-in.tsx'
import { JAVASCRIPT, styles, workerFor } from '../ui/assets.ts'
import { LOCALES } from '../ui/language.ts'
import { Page } from '../ui/layout.tsx'
import workerScript from './desk.worker.ts?script'
import { keepDraft } from './drafts.ts'
import { registerPeople } from './register-people.tsx'
import { deskScript } from './script.ts'

type Pages = ReturnType<typeof signedInPages<'staff'>>

/** What keeps the desk going on a bad line: the script that keeps forms, and the page that says there is none. */
export function offlineDesk(house: House<Municipality>, page: Pages, deps: ProofDeps): void {
  house.get(deskScript.path, deskScript.serve)
  house.get('/desk/worker.js', () =>
    Reply.material(workerFor(workerScript, [styles, deskScript]), JAVASCRIPT, {
      'cache-control': 'no-cache',
      'content-security-policy': "default-src 'none'; connect-src 'self'",
      'service-worker-allowed': '/desk',
    }).toResponse(always(uuidv7())),
  )
  house.get('/desk/offline', async (context) => {
    const { town, language } = await readerOf(context)
    const t = LOCALES[language]
    const nonce = Buffer.from(randomBytes(16)).toString('base64')
    const name = nameIn(town, language)
    const body = (
      <Page title={t.dOffline} language={language} town={name} script={{ src: deskScript.address, nonce }}>
        <h1>{t.dOffline}</h1>
        <p class="lead" id="waiting" data-offline="yes">
          {t.dOfflineLead}
        </p>
      </Page>
    )
    return pageOf(body).toResponse({ ...always(uuidv7()), 'content-security-policy': pagePolicy(nonce) })
  })
  // A form that waited. Nobody is there to ask: what needs a decision becomes a draft on the clerk's list.
  page({ method: 'post', path: '/desk/register/kept', roles: ['clerk', 'supervisor'] }, async (visit) => {
    const typed = typedIn(visit)
    const once = onceOf(typed)
    const done = await registerPeople(deps, visit, { ...typed, once }, once)
    // A likely twin is among what is to be decided already.
    if (done.status === 303 || done.status === 409) return Reply.giveBack({ done: true })
    return Reply.disclose(await keepDraft(deps, visit.town, visit.requester, typed.draft, { ...typed, once }))
  })
}
