import { randomUUID } from 'node:crypto'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import { ownerOf } from '../../identity/begin-session.ts'
import { endSession } from '../../identity/end-session.ts'
import { dropForms } from '../../identity/keep-form.ts'
import { witnessStates } from '../../ledger/cosigning.ts'
import { publishedCheckpoint } from '../../ledger/proofs.ts'
import { InvalidInput } from '../../platform/problem.ts'
import { proofsOf } from '../../proofs/list-proofs.ts'
import { sealTerm } from '../../proofs/paper/document-seal.ts'
import { NoRenderer, printPaper, writePaper } from '../../proofs/paper/paper.ts'
import { ProfileId, profiles } from '../../proofs/profiles.ts'
import { revokeProof } from '../../proofs/revoke.ts'
import { publishedKeys } from '../../proofs/signing-keys.ts'
import { neighbourHistory } from '../../registry/person/read-history.ts'
import { everythingAbout } from '../../requests/everything-about.ts'
import { whoGives } from '../../requests/service-reports.ts'
import { recentRestore } from '../../town/restores.ts'
import { nameIn, readerOf } from '../reader.ts'
import { pageOf, signedInPages } from '../signed-in.tsx'
import { scriptReply } from '../ui/assets.ts'
import { accessPages } from './access-routes.tsx'
import { changePages } from './change-routes.tsx'
import { childrenPages } from './children.tsx'
import { complainPages } from './complain-routes.tsx'
import { CLEAR, idempotencyKeyOf, type OwnPages, type PortalDeps } from './deps.ts'
import { enrolPages } from './enrol-pages.tsx'
import { entrance } from './entrance-routes.tsx'
import { everythingInWords } from './everything-in-words.ts'
import { hearingPages } from './hearing-pages.tsx'
import { helperPages } from './helper-routes.tsx'
import ledgerScript from './ledger.client.ts?script'
import meScript from './me.client.ts?script'
import { ProvidersPage, StatusPage } from './open-pages.tsx'
import { ChoosePage, ShowPage } from './pages.tsx'
import { providerPages } from './provider-pages.tsx'
import { RecordPage } from './record-page.tsx'
import { serviceReportPages } from './service-report-pages.tsx'
import type { OwnContext } from './shell.tsx'

const OWN = 'own-record'

/** Pages for neighbours, and for anyone who has something to say. */
export function portalPages(app: App, deps: PortalDeps): void {
  for (const [path, code] of [
    ['/assets/me.js', meScript],
    ['/assets/ledger.js', ledgerScript],
  ] as const)
    route(app, { kind: 'asset', method: 'get', path }, async () =>
      scriptReply(code, { 'cache-control': 'public, max-age=300' }),
    )
  entrance(app, deps)
  openToAll(app, deps)
  complainPages(app, deps)
  serviceReportPages(app, deps)
  enrolPages(app, deps)
  providerPages(app, deps)
  const pages = signedInPages(app, { deps, kind: 'resident', entrance: '/me/in' })
  own(pages, deps)
  accessPages(pages, deps)
  changePages(pages, deps)
  hearingPages(pages, deps)
  childrenPages(pages, deps)
  helperPages(app, pages, deps)
}
function openToAll(app: App, deps: PortalDeps): void {
  route(app, { kind: 'public', method: 'get', path: '/providers' }, async (request) => {
    const { town, language } = readerOf(request)
    const about = { town: nameIn(town, language), language, timeZone: town.timeZone }
    return pageOf(<ProvidersPage {...about} restored={await recentRestore(deps, town)} />)
  })
  route(app, { kind: 'public', method: 'get', path: '/status' }, async (request) => {
    const { town, language } = readerOf(request)
    const checkpoint = await publishedCheckpoint(deps, town.id)
    const { keys } = await publishedKeys(deps, town.id)
    const about = { town: nameIn(town, language), language, timeZone: town.timeZone, keys: keys.length }
    const restored = await recentRestore(deps, town)
    const witnesses = await witnessStates(deps, town.id)
    const seal = await sealTerm(deps, town)
    const shown = { ...about, checkpoint, witnesses, restored, seal }
    return pageOf(<StatusPage {...shown} />)
  })
}

function own(page: OwnPages, deps: PortalDeps): void {
  page({ method: 'get', path: '/me/proof' }, async (context) => {
    const givers = await whoGives(deps, context.town)
    return Reply.page(
      await proofsOf(deps, { town: context.town, by: context.requester }, context.requester.neighbourId),
      ({ proofs }) => <ChoosePage context={context} idempotencyKey={randomUUID()} proofs={proofs} givers={givers} />,
    )
  })
  const orderOf = (context: OwnContext) => {
    const parsed = ProfileId.safeParse(context.form.get('profile'))
    const profile = parsed.success ? profiles.get(parsed.data) : undefined
    if (profile === undefined) throw new InvalidInput([{ pointer: '/profile', detail: 'Choose a service.' }])
    const order = {
      kind: profile.id === 'residence-history' ? ('historical' as const) : ('individual' as const),
      language: context.language,
      profile: profile.id,
      handedTo: 'neighbour' as const,
    }
    return { profile, order, idempotencyKey: idempotencyKeyOf(context, profile.id) }
  }
  /** A bank's proof, and others that are worth money, are for who signed in a moment ago. */
  const fresh = (form: OwnContext['form']) => profiles.get(form.get('profile'))?.freshSignIn ?? false
  page({ method: 'post', path: '/me/proof', fresh }, async (context) => {
    const { town, requester } = context
    const { profile, order, idempotencyKey } = orderOf(context)
    const givers = await whoGives(deps, town)
    return Reply.page(
      await writePaper(deps, { town, by: requester }, { neighbourId: requester.neighbourId, order, idempotencyKey }),
      (made) => (
        <ShowPage
          context={context}
          written={made}
          profile={profile}
          idempotencyKey={context.form.get('idempotencyKey')}
          givers={givers}
        />
      ),
    )
  })
  page({ method: 'post', path: '/me/paper', fresh }, async (context) => {
    const { town, requester } = context
    const { order, idempotencyKey } = orderOf(context)
    const printed = await printPaper(
      deps,
      { town, by: requester },
      { neighbourId: requester.neighbourId, order, idempotencyKey },
    )
    const headers = { 'content-disposition': 'attachment; filename="padron.pdf"' } as const
    return Reply.document(
      printed.map(({ pdf }) => pdf),
      'application/pdf',
      headers,
    )
  })
  page({ method: 'post', path: '/me/revoke' }, async (context) => {
    await revokeProof(deps, { town: context.town, by: context.requester }, context.form.get('proof'))
    return Reply.redirect('/me/proof')
  })
  const record = (context: OwnContext) =>
    neighbourHistory(
      deps,
      { town: context.town, by: context.requester },
      { id: context.requester.neighbourId, purpose: OWN, asOf: {} },
    )
  page({ method: 'get', path: '/me/record' }, async (context) =>
    Reply.page(await record(context), (history) => <RecordPage context={context} history={history} />),
  )
  page({ method: 'post', path: '/me/everything', fresh: true }, async (context) => {
    const { town, requester } = context
    const all = await everythingAbout(deps, { town, by: requester })
    const { renderer } = deps
    if (context.form.get('as') === 'pdf') {
      if (renderer === undefined) throw new NoRenderer()
      const writtenAt = deps.clock.now()
      const pdf = await all.mapAsync((one) => renderer.plain(town, everythingInWords(context, one, writtenAt)))
      return Reply.document(pdf, 'application/pdf', { 'content-disposition': 'attachment; filename="padron.pdf"' })
    }
    return Reply.disclose(all, 200, { 'content-disposition': 'attachment; filename="padron.json"' })
  })
  page({ method: 'post', path: '/me/leave' }, async ({ town, session }) => {
    await dropForms(deps, { town, by: ownerOf(session) })
    await endSession(deps, town, { session, which: { handle: session.handle } })
    return Reply.redirect('/blank', CLEAR)
  })
}
