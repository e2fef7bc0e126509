import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { keepDraft } from '../../registry/register/keep-draft.ts'
import { nameIn, readerOf } from '../reader.ts'
import { draftOf, idempotencyKeyOf, typedIn } from '../record/registration-form.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import { scriptReply, serveAsset, styles, workerFor } from '../ui/assets.ts'
import { LOCALES } from '../ui/language.ts'
import { Page } from '../ui/layout.tsx'
import workerScript from './desk.worker.ts?script'
import { registerPeople } from './register-people.tsx'
import { deskScript } from './script.ts'

type Pages = ReturnType<typeof signedInPages<'staff'>>

/** What keeps the desk going on a bad line: the script that keeps forms, and the page that says there is none. */
export function offlineDesk(app: App, page: Pages, deps: ProofDeps): void {
  serveAsset(app, deskScript)
  route(app, { kind: 'asset', method: 'get', path: '/desk/worker.js' }, async () =>
    scriptReply(workerFor(workerScript, [styles, deskScript]), {
      'cache-control': 'no-cache',
      'content-security-policy': "default-src 'none'; connect-src 'self'",
      'service-worker-allowed': '/desk',
    }),
  )
  route(app, { kind: 'public', method: 'get', path: '/desk/offline' }, async (request) => {
    const { town, language } = readerOf(request)
    const t = LOCALES[language]
    const nonce = request.nonce()
    const name = nameIn(town, language)
    const body = (
      <Page title={t['offline.offline']} language={language} town={name} script={{ src: deskScript.address, nonce }}>
        <h1>{t['offline.offline']}</h1>
        <p class="lead" id="waiting" data-offline="yes">
          {t['offline.offlineLead']}
        </p>
      </Page>
    )
    return pageOf(body)
  })
  // A form that waited. Nobody is there to ask: what needs a decision becomes a draft on the clerk's list.
  page({ method: 'post', path: '/desk/register/kept' }, async (context) => {
    const typed = typedIn(context)
    const idempotencyKey = idempotencyKeyOf(typed)
    const done = await registerPeople(deps, { context, typed: { ...typed, idempotencyKey }, idempotencyKey })
    // A likely twin is among what is to be decided already.
    if (done.status === 303 || done.status === 409) return Reply.flag('done', true)
    return Reply.disclose(
      await keepDraft(
        deps,
        { town: context.town, by: context.requester },
        { id: typed.draft, draft: draftOf({ ...typed, idempotencyKey }) },
      ),
    )
  })
}
