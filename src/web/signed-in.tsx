import { SaysTooMuch } from '../firewall/free-text.ts'
import type { Resident, Staff } from '../firewall/requester.ts'
import { mayReach } from '../firewall/roles.ts'
import { type CookieKind, type CookieValue, cookieName, cookieOf } from '../http/cookies.ts'
import { emptyForm, type Form } from '../http/form.ts'
import { withoutSecrets, wordsIn } from '../http/html-forms.ts'
import { type Path, pathTo, withReturn } from '../http/path.ts'
import { Reply } from '../http/reply.ts'
import { route } from '../http/route.ts'
import type { App, Incoming } from '../identity/app.ts'
import { endedSession, FRESH, findSession, ownerOf, type Session, type SessionDeps } from '../identity/begin-session.ts'
import { dropForms, type FormOwner, keepForm, keptForm } from '../identity/keep-form.ts'
import { equalInConstantTime } from '../keys/key-provider.ts'
import { isLockedDown } from '../oversight/vote-lockdown.ts'
import type { Clock } from '../platform/clock.ts'
import { NotAllowed, NotFound, Problem, problemOf, retryAfter } from '../platform/problem.ts'
import type { Municipality } from '../town/model.ts'
import type { PageContext } from './page-visit.ts'
import { HeldBackPage } from './plain.tsx'
import { nameIn, readerOf } from './reader.ts'
import { LOCALES, type Texts } from './ui/language.ts'
import { boxText, ProblemPage, problemText, reasonText } from './ui/problem-page.tsx'

export interface PageSpec {
  method: 'get' | 'post'
  path: string
  /** Open to a session that is locked: unlocking, signing out. */
  whenLocked?: boolean
  /** Needs a recent sign-in, for the whole page or for some forms. Who signed in earlier does so again, and comes back. */
  fresh?: boolean | ((form: Form) => boolean)
  /** The form may bring a file of so many bytes. */
  file?: number
  /** Beside which box an error is said, by the first part of its pointer, or by its code; where that is not the box's own name. */
  beside?: Readonly<Record<string, string>>
  /** What is said of a box that was not taken as it was, where there is more to say than that. */
  say?: Readonly<Record<string, keyof Texts>>
  /** Nothing of this form is ever kept for later: it would say what somebody was about to do. */
  keep?: false
  /** Its line in the log never says who asked. */
  quiet?: true
}

const LARGEST_FORM = 256 * 1024

/** Whether the town is reached over TLS, so that a cookie can be bound to it. */
export const isSecure = ({ issuer }: Pick<Municipality, 'issuer'>) => issuer.startsWith('https:')
const SESSION: CookieKind = { name: 'padron', path: '/', sameSite: 'Lax' }
export const sessionName = (town: Municipality) => cookieName(SESSION, isSecure(town))
/** @param seconds for how long; without them it goes with the window */
export const sessionCookie = (town: Municipality, token: CookieValue, seconds: number | undefined) =>
  cookieOf(SESSION, { value: token, secure: isSecure(town), seconds })

/** Whether somebody signed in a moment ago, as what cannot be undone asks for. */
export const isFresh = ({ requester, signedInAt }: Session, clock: Clock): boolean =>
  requester.kind !== 'staff' && requester.kind !== 'resident'
    ? false
    : Temporal.Instant.compare(signedInAt.add(FRESH[requester.kind]), clock.now()) >= 0

/**
 * Mounts pages for one kind of person. Who is not signed in is sent to sign in and comes back, with what they had typed; a form
 * without the session's token, or from another site, is refused; an error is a page in the reader's language.
 */
export function signedInPages<Kind extends 'staff' | 'resident'>(
  app: App,
  { deps, kind, entrance }: { deps: SessionDeps; kind: Kind; entrance: Path },
) {
  type Who = Kind extends 'staff' ? Staff : Resident
  const pages: { pattern: RegExp; spec: PageSpec; handle: (context: PageContext<Who>) => Promise<Reply> }[] = []
  const pageAt = (pathname: string) => pages.find(({ pattern }) => pattern.test(pathname))
  /** Where to go back to: a page that was asked for, never a form that was sent; of a form the nearest page above it. */
  const wayBack = (spec: PageSpec, request: Incoming): string => {
    if (spec.method === 'get') return request.path + request.search
    for (let path = request.path; path !== ''; path = path.slice(0, path.lastIndexOf('/')))
      if (pageAt(path)) return path
    return '/'
  }
  /** The page a form was on, where it is one of these: it says so itself when it came back once, and otherwise its browser does, to us alone. */
  const pageBefore = (request: Incoming, spec: PageSpec, form: Form): string => {
    const said = form.get('back')
    if (/^\/(?!\/)[\w\-/.?=&%]*$/.test(said) && pageAt(said.split('?')[0] ?? '')) return said
    const from = request.header('referer') ?? ''
    const { host, pathname, search } = URL.canParse(from) ? new URL(from) : { host: '', pathname: '', search: '' }
    const ours = host === request.host
    return ours && pageAt(pathname) ? pathname + search : wayBack(spec, request)
  }
  /** Keeps what was typed, and says where it comes back. */
  const setAside = async (
    request: Incoming,
    { spec, town, owner, form }: { spec: PageSpec; town: Municipality; owner: FormOwner; form: Form },
  ) => {
    const back = pageBefore(request, spec, form).replace(/[?&]kept=[\w-]+/, '')
    if (spec.keep === false) return back
    const id = await keepForm(
      deps,
      { town, by: owner },
      { action: request.path, fields: withoutSecrets(form.entries()) },
    )
    return `${back}${back.includes('?') ? '&' : '?'}kept=${id}`
  }
  /** The page that a form was on, with what was typed and why it was not taken; nothing where there is no such page to show. */
  const formAgain = async (
    request: Incoming,
    { spec, context, problem }: { spec: PageSpec; context: PageContext<Who>; problem: Problem },
  ): Promise<Reply | undefined> => {
    const { requester, session, form, t, language, town } = context
    const fields = form.entries()
    const lost = problem.status === 404 && wordsIn(fields).length > 0
    if ((!SAID_ON_THE_FORM.has(problem.status) && !lost) || 'disclosed' in problem) return undefined
    const back = pageBefore(request, spec, form)
    const before = new URL(back, 'https://page.invalid')
    const page = pageAt(before.pathname)
    if (page === undefined) return undefined
    if (!mayReach(`GET ${page.spec.path}`, requester)) return undefined
    if (page.spec.fresh && !isFresh(session, deps.clock)) return undefined
    const shown = await page
      .handle({
        ...context,
        params: { ...page.pattern.exec(before.pathname)?.groups },
        // Of a page about somebody no more is opened again than it opens by itself.
        query: (name) => (page.spec.path.includes(':id') ? '' : (before.searchParams.get(name) ?? '')),
        form: emptyForm,
      })
      .catch(() => undefined)
    const faults = {
      ...{
        title: t['desk.there'],
        pageTitle: t['session.error'],
        gone: t['session.gone'],
        typed: t['session.typed'],
        changed: t['session.changed'],
        back,
      },
      note: spec.beside?.[problem.code] ? '' : problemText(problem, t, { language, timeZone: town.timeZone }),
      beside: faultsBeside(problem, { pageSpec: spec, form, t }),
    }
    return shown?.faulted({ action: request.path, fields }, faults, problem.status)
  }
  return (spec: PageSpec, handle: (context: PageContext<Who>) => Promise<Reply>): void => {
    if (spec.method === 'get')
      pages.push({ pattern: new RegExp(`^${spec.path.replaceAll(/:(\w+)/g, '(?<$1>[\\w-]{1,100})')}$`), spec, handle })
    const { method, path, file, quiet } = spec
    const options = { ...(file ? { files: { most: 1, each: file } } : {}), ...(quiet ? { quiet } : {}) }
    route(app, { kind: 'page', method, path, most: LARGEST_FORM, ...options }, async (request) => {
      const { town, language } = readerOf(request)
      const page = { name: nameIn(town, language), language, t: LOCALES[language] }
      let sent: PageContext<Who> | undefined
      let who: Staff | Resident | undefined
      try {
        const session = await findSession(deps, town, request.cookie(sessionName(town)))
        const toEntrance = (door: Path, to: string) => Reply.redirect(withReturn(door, to))
        if (session === undefined || session.requester.kind !== kind) {
          const ended =
            session === undefined && method === 'post'
              ? await endedSession(deps, town, request.cookie(sessionName(town)))
              : undefined
          if (ended?.owner.kind !== kind) return toEntrance(entrance, wayBack(spec, request))
          const form = await tokenedForm(request, ended)
          return toEntrance(entrance, await setAside(request, { spec, town, owner: ended.owner, form }))
        }
        if (session.locked && !spec.whenLocked) {
          const to = method === 'get' ? wayBack(spec, request) : pageBefore(request, spec, emptyForm)
          return Reply.redirect(withReturn('/desk/locked', to))
        }
        const requester = session.requester as Who
        who = session.requester
        await request.admit(requester)
        const form = method === 'post' ? await tokenedForm(request, session) : emptyForm
        const freshly = typeof spec.fresh === 'function' ? spec.fresh(form) : spec.fresh === true
        if (freshly && !isFresh(session, deps.clock)) {
          const again = kind === 'staff' ? '/sign-in/start' : pathTo`${entrance}?again=1`
          if (method === 'get') return toEntrance(again, wayBack(spec, request))
          return toEntrance(again, await setAside(request, { spec, town, owner: ownerOf(session), form }))
        }
        for (const value of Object.values(request.params)) if (!/^[\w-]{1,100}$/.test(value)) throw new NotFound()
        const back = withoutLanguage(method === 'get' ? wayBack(spec, request) : pageBefore(request, spec, form))
        const boxed = method === 'post' ? (await request.sentForm()).map((all) => all.without('csrf')) : request.nothing
        const asked = {
          params: { ...request.params },
          source: request.source,
          path: back,
          query: request.query,
          form,
          nonce: request.nonce,
        }
        const context = { town, ...page, requester, session, ...asked, sent: boxed }
        if (method === 'post') sent = context
        if (form.wrong) throw new Problem('too-large', 413, 'This file is too large.')
        const answer = await handle(context)
        const kept = method === 'get' ? request.query('kept') : ''
        const typed = kept === '' ? undefined : await keptForm(deps, { town, by: ownerOf(session) }, kept)
        const reply =
          typed === undefined
            ? answer
            : answer.filled(typed, {
                ...{
                  note: page.t['session.back'],
                  gone: page.t['session.gone'],
                  typed: page.t['session.typed'],
                  changed: page.t['session.changed'],
                },
              })
        if (method === 'post' && reply.status < 400) await forgetSent(deps, town, { session, request })
        return reply
      } catch (error) {
        const problem = problemOf(error)
        // What nobody foresaw is written down by the door.
        if (!(error instanceof Problem) && problem.status >= 500) throw error
        if (error instanceof SaysTooMuch && sent)
          return pageOf(
            <HeldBackPage
              town={page.name}
              language={language}
              action={request.path}
              csrf={sent.session.csrf}
              form={sent.form}
            />,
            problem.status,
          ).because(problem)
        const again = sent && (await formAgain(request, { spec, context: sent, problem }))
        if (again) return again.with(retryAfter(problem)).because(problem)
        // Never say why someone is refused, except in a lockdown, when everybody is.
        const closed =
          problem.code === 'refused' && (await isLockedDown(deps.database, town.id)) ? STAFF_OR_OTHERS[kind] : undefined
        // Of a way in that is too new it is said from when it shows more: that tells nothing of the record.
        const until = problem.code === 'refused' && who?.kind === 'resident' ? who.hidesUntil : undefined
        const lost = sent ? wordsIn(sent.form.entries()) : []
        const from = sent ? pageBefore(request, spec, sent.form) : undefined
        const about = { problem, town: page.name, language, timeZone: town.timeZone, closed, until, lost, back: from }
        return pageOf(<ProblemPage {...about} />, problem.status)
          .with(retryAfter(problem))
          .because(problem)
      }
    })
  }
}

/** For whom it is said that the registry is closed: staff are told where that is decided. */
const STAFF_OR_OTHERS = { staff: 'staff', resident: 'others' } as const

/** Errors after which the form comes back: what was typed can be mended there. Of what is gone (404) what was written comes back. */
const SAID_ON_THE_FORM: ReadonlySet<number> = new Set([409, 412, 413, 422, 429, 503])

/** What is wrong with each box: as the model says it of a field, or as a page says it of a code. */
function faultsBeside(
  problem: Problem,
  { pageSpec: { beside = {}, say = {} }, form, t }: { pageSpec: PageSpec; form: Form; t: Texts },
): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const { pointer, tooLong } of problem.errors) {
    // Of `/link/relatedId` and `/clients/0` the part that is a box here.
    const parts = pointer.split('/').map((part) => beside[part] ?? part)
    const box = parts.find((part) => form.has(part)) ?? parts[1]
    const [words] = box && say[box] ? [t[say[box]]] : []
    if (box) faults[box] = words ?? boxText(t, form.get(box), tooLong)
  }
  const box = beside[problem.code]
  if (box !== undefined) faults[box] = reasonText(problem.code, t)
  return faults
}

/** What was kept of a form that is sent now has done its work. */
async function forgetSent(
  deps: SessionDeps,
  town: Municipality,
  { session, request }: { session: Session; request: Incoming },
): Promise<void> {
  const [, kept] = /[?&]kept=([\w-]+)/.exec(request.header('referer') ?? '') ?? []
  if (kept !== undefined) await dropForms(deps, { town, by: ownerOf(session) }, kept)
}

/** An address as it was before a language was chosen on it, or a form came back. */
const withoutLanguage = (path: string): string => {
  const { pathname, searchParams } = new URL(path, 'https://page.invalid')
  for (const name of ['lang', 'kept']) searchParams.delete(name)
  return pathname + (searchParams.size > 0 ? `?${searchParams}` : '')
}

/** A form with the token of its session. @throws {Problem} refused of one without */
async function tokenedForm(request: Incoming, { csrf }: Pick<Session, 'csrf'>): Promise<Form> {
  const form = await request.form()
  if (!equalInConstantTime(Buffer.from(form.get('csrf')), Buffer.from(csrf))) throw new NotAllowed()
  return form.without('csrf')
}

/** A page about nobody, or that gives back what was typed. */
export const pageOf = (body: unknown, status = 200) => Reply.returned(`<!doctype html>${body}`, status)
