import { z } from '@hono/zod-openapi'
import { passing } from '../../firewall/free-text.ts'
import { type CookieKind, cookieName, cookieOf, cookieValue } from '../../http/cookies.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { ReplyHeaders } from '../../http/headers.ts'
import { safePath } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import {
  beginSession,
  findSession,
  resumeSession,
  SESSION_LIMITS,
  type SessionDeps,
} from '../../identity/begin-session.ts'
import { endSession, endStaffSessions } from '../../identity/end-session.ts'
import { SignInFailed, type StaffSignIn } from '../../identity/sign-in.ts'
import { Problem } from '../../platform/problem.ts'
import { listMunicipalities } from '../../town/store.ts'
import { nameIn, readerOf } from '../reader.ts'
import { isSecure, pageOf, sessionCookie, sessionName, signedInPages } from '../signed-in.tsx'
import { Button, PostForm } from '../ui/form.tsx'
import { LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { ProblemPage } from '../ui/problem-page.tsx'
import { firstRoom } from './shell.tsx'

const UNDER_WAY: CookieKind = { name: 'padron-sign-in', path: '/sign-in', sameSite: 'Lax' }
/** Not the storage: forms that wait for a line lie there, sealed under their clerk's key. */
const CLEAR: ReplyHeaders = { 'clear-site-data': '"cache", "cookies"' }

/** Signing in at the city's provider, locking, signing out. */
export function signInPages(app: App, deps: SessionDeps, signIn: StaffSignIn | undefined): void {
  const page = signedInPages(app, { deps, kind: 'staff', entrance: '/sign-in' })

  route(app, { kind: 'public', method: 'get', path: '/sign-in' }, async (request) => {
    const { town, language } = readerOf(request)
    const t = LOCALES[language]
    const to = safePath(request.query('to'), '/desk')
    const start = `/sign-in/start?to=${encodeURIComponent(to)}`
    return pageOf(
      <Page title={t['signIn.signIn']} language={language} town={nameIn(town, language)}>
        <Languages language={language} path="/sign-in" />
        <h1>{t['signIn.signIn']}</h1>
        <p class="lead">{t['signIn.signInLead']}</p>
        {signIn ? (
          <p>
            <a class="govuk-button" href={start}>
              {t['signIn.signIn']}
            </a>
          </p>
        ) : (
          <p>{t['problem.notFound']}</p>
        )}
      </Page>,
    )
  })
  route(app, { kind: 'public', method: 'get', path: '/sign-in/start' }, async (request) => {
    if (signIn === undefined) throw new Problem('not-found', 404, 'There is no sign-in here.')
    const { town } = readerOf(request)
    const to = safePath(request.query('to'), '/desk')
    const { address, underWay } = await signIn.begin(town, to, /^[a-z]{1,20}$/.exec(request.query('as'))?.[0])
    return Reply.redirect(new URL(address), {
      'set-cookie': cookieOf(UNDER_WAY, { value: cookieValue(underWay), seconds: 600, secure: isSecure(town) }),
    })
  })
  route(app, { kind: 'public', method: 'get', path: '/sign-in/return' }, async (request) => {
    const { town, language } = readerOf(request)
    try {
      if (signIn === undefined) throw new SignInFailed()
      const { who, returnTo } = await signIn.finish(
        town,
        request.search,
        request.cookie(cookieName(UNDER_WAY, isSecure(town))) ?? '',
      )
      const before = await findSession(deps, town, request.cookie(sessionName(town)))
      if (
        before?.locked &&
        before.requester.kind === 'staff' &&
        who.kind === 'staff' &&
        before.requester.id === who.subject &&
        // With another duty than it was locked with, it is a session of that and nothing else.
        before.requester.role === who.role &&
        before.requester.organisationId === who.office
      ) {
        // The same person is back: the desk is as they left it.
        await resumeSession(deps, town, { handle: before.handle, who })
        return Reply.redirect(safePath(returnTo, '/desk'))
      }
      if (before) await endSession(deps, town, { session: before, which: { handle: before.handle } })
      const token = await beginSession(deps, town, who)
      const room = who.kind === 'staff' ? firstRoom(who.role) : '/desk'
      const to = returnTo === '/desk' ? room : safePath(returnTo, room)
      const seconds = Temporal.Duration.from(SESSION_LIMITS.staff.absolute).total('seconds')
      return Reply.redirect(to, { 'set-cookie': sessionCookie(town, token, seconds) })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return pageOf(
        <ProblemPage problem={error} town={nameIn(town, language)} language={language} timeZone={town.timeZone} />,
        error.status,
      ).because(error)
    }
  })
  // The provider says by itself that somebody is not of the staff any more: with the next request they are out.
  endpoint(
    app,
    {
      method: 'post',
      path: '/sign-in/back-channel',
      summary: 'End the sessions of somebody whose account at the city\u2019s sign-in was closed',
      description:
        'For the provider alone (OpenID Connect Back-Channel Logout 1.0). It takes effect with the next request.',
      tag: 'Sign-in',
      auth: 'public',
      form: true,
      body: z.strictObject({ logout_token: passing(8192, 1) }),
      answers: { 200: { description: 'Their sessions here have ended', schema: z.object({}) } },
      refuses: [401, 404],
    },
    async ({ body }) => {
      if (signIn === undefined) throw new Problem('not-found', 404, 'There is no sign-in here.')
      const { towns, ...whose } = await signIn.ended(body.logout_token)
      // The provider says it once, whichever of its towns they were signed in to.
      for (const town of await listMunicipalities(deps.database))
        if (towns.includes(town.slug)) await endStaffSessions(deps, town, whose)
      return Reply.done()
    },
  )
  page({ method: 'get', path: '/desk/locked', whenLocked: true }, async (context) => {
    const { t, language, name } = context
    const to = safePath(context.query('to'), '/desk')
    return pageOf(
      <Page title={t['signIn.locked']} language={language} town={name}>
        <h1>{t['signIn.locked']}</h1>
        <p>
          <a class="govuk-button" href={`/sign-in/start?to=${encodeURIComponent(to)}`}>
            {t['signIn.unlock']}
          </a>
        </p>
        <PostForm action="/sign-out" csrf={context.session.csrf}>
          <Button secondary>{t['signIn.signOut']}</Button>
        </PostForm>
      </Page>,
    )
  })
  // Asking is use: nothing else is done.
  page({ method: 'post', path: '/desk/stay', keep: false }, async () => Reply.done())
  page({ method: 'post', path: '/sign-out', whenLocked: true }, async ({ town, session }) => {
    await endSession(deps, town, { session, which: { handle: session.handle } })
    return Reply.redirect('/', CLEAR)
  })
}
