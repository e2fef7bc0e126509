import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { SaysTooMuch } from '../firewall/free-text.ts'
import type { Resident, Staff, StaffRole } from '../firewall/requester.ts'
import { always, type House } from '../http/endpoint.ts'
import { withoutSecrets, wordsIn } from '../http/html-forms.ts'
import { Reply } from '../http/reply.ts'
import { dropForms, type FormOwner, keepForm, keptForm } from '../identity/kept-forms.ts'
import { endedSession, FRESH, findSession, ownerOf, type Session, type SessionDeps } from '../identity/sessions.ts'
import { isLockedDown } from '../oversight/lockdown.ts'
import type { Clock } from '../platform/clock.ts'
import { uuidv7 } from '../platform/clock.ts'
import { NotAForm, Problem, problemOf, retryAfter } from '../platform/problem.ts'
import { randomBytes } from '../platform/random.ts'
import { outlineOf } from '../platform/telemetry.ts'
import type { Municipality } from '../town/municipality.ts'
import type { Form, PageVisit } from './page-visit.ts'
import { HeldBackPage } from './plain.tsx'
import { nameIn, readerOf } from './reader.ts'
import { LOCALES, type Texts } from './ui/language.ts'
import { boxText, ProblemPage, problemText, reasonText } from './ui/problem-page.tsx'

export interface PageSpec {
  method: 'get' | 'post'
  path: string
  roles?: readonly StaffRole[]
  /** Open to a session that is locked: unlocking, signing out. */
  whenLocked?: boolean
  /** Not to be undone, or of some forms: only shortly after signing in. Who signed in earlier does so again, and comes back. */
  fresh?: boolean | ((form: Form) => boolean)
  /** The form may bring a file of so many bytes. */
  file?: number
  /** Beside which box an error is said, by the first part of its pointer, or by its code; where that is not the box's own name. */
  beside?: Readonly<Record<string, string>>
  /** What is said of a box that was not taken as it was, where there is more to say than that. */
  say?: Readonly<Record<string, keyof Texts>>
  /** Nothing of this form is ever kept for later: it would say what somebody was about to do. */
  keep?: false
}

const LARGEST_FORM = 256 * 1024

/** The cookie of a session: bound to this host where there is TLS to bind it with. */
export const cookieName = (town: Municipality) => (town.issuer.startsWith('https:') ? '__Host-padron' : 'padron')
export const sessionCookie = (town: Municipality, token: string, seconds: number) =>
  `${cookieName(town)}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${town.issuer.startsWith('https:') ? '; Secure' : ''}`

/** Whether somebody signed in a moment ago, as what cannot be undone asks for. */
export const isFresh = ({ requester, signedInAt }: Session, clock: Clock): boolean =>
  requester.kind !== 'staff' && requester.kind !== 'resident'
    ? false
    : Temporal.Instant.compare(signedInAt.add(FRESH[requester.kind]), clock.now()) >= 0

export const pagePolicy = (nonce: string) =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

/**
 * Mounts pages for one kind of person. Who is not signed in is sent to sign in and comes back, with what they had typed; a form
 * without the session's token, or from another site, is refused; an error is a page in the reader's language.
 */
export function signedInPages<Kind extends 'staff' | 'resident'>(
  house: House<Municipality>,
  deps: SessionDeps,
  kind: Kind,
  entrance: string,
) {
  type Who = Kind extends 'staff' ? Staff : Resident
  const pages: { pattern: RegExp; spec: PageSpec; handle: (visit: PageVisit<Who>) => Promise<Reply> }[] = []
  const pageAt = (pathname: string) => pages.find(({ pattern }) => pattern.test(pathname))
  /** Where to go back to: a page that was asked for, never a form that was sent; of a form the nearest page above it. */
  const wayBack = (spec: PageSpec, context: Context): string => {
    const { pathname, search } = new URL(context.req.url)
    if (spec.method === 'get') return pathname + search
    for (let path = pathname; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) if (pageAt(path)) return path
    return '/'
  }
  /** The page a form was on, where it is one of these: it says so itself when it came back once, and otherwise its browser does, to us alone. */
  const pageBefore = (context: Context, spec: PageSpec, form: Form): string => {
    const said = form.get('back')
    if (/^\/(?!\/)[\w\-/.?=&%]*$/.test(said) && pageAt(said.split('?')[0] ?? '')) return said
    const from = context.req.header('referer') ?? ''
    const { host, pathname, search } = URL.canParse(from) ? new URL(from) : { host: '', pathname: '', search: '' }
    const ours = host === (context.req.header('host') ?? new URL(context.req.url).host)
    return ours && pageAt(pathname) ? pathname + search : wayBack(spec, context)
  }
  /** Keeps what was typed, and says where it comes back. */
  const setAside = async (context: Context, spec: PageSpec, town: Municipality, owner: FormOwner, form: Form) => {
    const back = pageBefore(context, spec, form).replace(/[?&]kept=[\w-]+/, '')
    if (spec.keep === false) return back
    const id = await keepForm(deps, town, owner, { action: context.req.path, fields: withoutSecrets(form.entries()) })
    return `${back}${back.includes('?') ? '&' : '?'}kept=${id}`
  }
  /** The page that a form was on, with what was typed and why it was not taken; nothing where there is no such page to show. */
  const formAgain = async (
    context: Context,
    spec: PageSpec,
    visit: PageVisit<Who>,
    problem: Problem,
  ): Promise<Reply | undefined> => {
    const { requester, session, form, t, language, town } = visit
    const fields = form.entries()
    const lost = problem.status === 404 && wordsIn(fields).length > 0
    if ((!SAID_ON_THE_FORM.has(problem.status) && !lost) || 'disclosed' in problem) return undefined
    const back = pageBefore(context, spec, form)
    const before = new URL(back, 'https://page.invalid')
    const page = pageAt(before.pathname)
    if (page === undefined) return undefined
    if (page.spec.roles && !(requester.kind === 'staff' && page.spec.roles.includes(requester.role))) return undefined
    if (page.spec.fresh && !isFresh(session, deps.clock)) return undefined
    const shown = await page
      .handle({
        ...visit,
        params: { ...page.pattern.exec(before.pathname)?.groups },
        // Of a page about somebody no more is opened again than it opens by itself.
        query: (name) => (page.spec.path.includes(':id') ? '' : (before.searchParams.get(name) ?? '')),
        form: emptyForm,
      })
      .catch(() => undefined)
    const faults = {
      ...{ title: t.dThere, pageTitle: t.xError, gone: t.xGone, typed: t.xTyped, changed: t.xChanged, back },
      note: spec.beside?.[problem.code] ? '' : problemText(problem, t, { language, timeZone: town.timeZone }),
      beside: faultsBeside(problem, spec, form, t),
    }
    return shown?.faulted({ action: context.req.path, fields }, faults, problem.status)
  }
  return (spec: PageSpec, handle: (visit: PageVisit<Who>) => Promise<Reply>): void => {
    if (spec.method === 'get')
      pages.push({ pattern: new RegExp(`^${spec.path.replaceAll(/:(\w+)/g, '(?<$1>[\\w-]{1,100})')}$`), spec, handle })
    house.on(spec.method, spec.path, async (context) => {
      const requestId = uuidv7()
      const { reception } = context.var
      const log = (status: number, more: object = {}) =>
        reception.log({
          level: status >= 500 ? 'error' : 'info',
          event: 'page',
          requestId,
          method: spec.method,
          route: spec.path,
          status,
          ...more,
        })
      const nonce = Buffer.from(randomBytes(16)).toString('base64')
      const headers = {
        ...always(requestId),
        'content-security-policy': pagePolicy(nonce),
        // To ourselves alone, so that a form comes back on the page it was on.
        'referrer-policy': 'same-origin',
      }
      const { town, language } = await readerOf(context)
      const page = { name: nameIn(town, language), language, t: LOCALES[language] }
      let sent: PageVisit<Who> | undefined
      try {
        const session = await findSession(deps, town, getCookie(context, cookieName(town)))
        const toEntrance = (door: string, to: string) =>
          Reply.redirect(
            `${door}${door.includes('?') ? '&' : '?'}to=${encodeURIComponent(to)}` as `/${string}`,
          ).toResponse(headers)
        if (session === undefined || session.requester.kind !== kind) {
          log(303)
          const ended =
            session === undefined && spec.method === 'post'
              ? await endedSession(deps, town, getCookie(context, cookieName(town)))
              : undefined
          if (ended?.owner.kind !== kind) return toEntrance(entrance, wayBack(spec, context))
          const form = await readForm(context, ended, spec.file)
          return toEntrance(entrance, await setAside(context, spec, town, ended.owner, form))
        }
        if (session.locked && !spec.whenLocked) {
          log(303)
          return Reply.redirect(`/desk/locked?to=${encodeURIComponent(wayBack(spec, context))}`).toResponse(headers)
        }
        const requester = session.requester as Who
        if (spec.roles && !(requester.kind === 'staff' && spec.roles.includes(requester.role)))
          throw new Problem('refused', 403, 'refused')
        const form = spec.method === 'post' ? await readForm(context, session, spec.file) : emptyForm
        const freshly = typeof spec.fresh === 'function' ? spec.fresh(form) : spec.fresh === true
        if (freshly && !isFresh(session, deps.clock)) {
          log(303)
          const again = kind === 'staff' ? '/sign-in/start' : `${entrance}?again=1`
          if (spec.method === 'get') return toEntrance(again, wayBack(spec, context))
          return toEntrance(again, await setAside(context, spec, town, ownerOf(session), form))
        }
        const params = context.req.param() as Record<string, string>
        for (const value of Object.values(params))
          if (!/^[\w-]{1,100}$/.test(value)) throw new Problem('not-found', 404, 'not found')
        const query = (name: string) => context.req.query(name) ?? ''
        const path = withoutLanguage(spec.method === 'get' ? wayBack(spec, context) : pageBefore(context, spec, form))
        const visit = { town, ...page, requester, session, params, path, query, form, nonce }
        if (spec.method === 'post') sent = visit
        const answer = await handle(visit)
        const kept = spec.method === 'get' ? context.req.query('kept') : undefined
        const typed = kept === undefined ? undefined : await keptForm(deps, town, ownerOf(session), kept)
        const reply =
          typed === undefined
            ? answer
            : answer.filled(typed, {
                ...{ note: page.t.xBack, gone: page.t.xGone, typed: page.t.xTyped, changed: page.t.xChanged },
              })
        const response = reply.toResponse(headers)
        if (spec.method === 'post' && reply.status < 400) await forgetSent(deps, town, session, context)
        log(response.status)
        return response
      } catch (error) {
        const problem = problemOf(error)
        log(problem.status, error instanceof Problem ? { code: error.code } : outlineOf(error))
        if (error instanceof SaysTooMuch && sent)
          return pageOf(
            <HeldBackPage
              town={page.name}
              language={language}
              action={context.req.path}
              csrf={sent.session.csrf}
              form={sent.form}
            />,
            problem.status,
          ).toResponse(headers)
        const again = sent && (await formAgain(context, spec, sent, problem))
        if (again) return again.toResponse({ ...headers, ...retryAfter(problem) })
        // Why somebody is refused is not said, save that everybody is.
        const closed = kind === 'staff' && problem.code === 'refused' && (await isLockedDown(deps.database, town.id))
        const lost = sent ? wordsIn(sent.form.entries()) : []
        const back = sent ? pageBefore(context, spec, sent.form) : undefined
        const about = { problem, town: page.name, language, timeZone: town.timeZone, closed, lost, back }
        return Reply.returned(`<!doctype html>${<ProblemPage {...about} />}`, problem.status).toResponse({
          ...headers,
          ...retryAfter(problem),
        })
      }
    })
  }
}

/** Errors after which the form comes back: what was typed can be mended there. Of what is gone (404) what was written comes back. */
const SAID_ON_THE_FORM: ReadonlySet<number> = new Set([409, 412, 413, 422, 429, 503])

/** What is wrong with each box: as the model says it of a field, or as a page says it of a code. */
function faultsBeside(
  problem: Problem,
  { beside = {}, say = {} }: PageSpec,
  form: Form,
  t: Texts,
): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const { pointer, tooLong } of problem.errors) {
    // Of `/tie/relatedId` and `/clients/0` the part that is a box here.
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
async function forgetSent(deps: SessionDeps, town: Municipality, session: Session, context: Context): Promise<void> {
  const [, kept] = /[?&]kept=([\w-]+)/.exec(context.req.header('referer') ?? '') ?? []
  if (kept !== undefined) await dropForms(deps, town, ownerOf(session), kept)
}

/** An address as it was before a language was chosen on it, or a form came back. */
const withoutLanguage = (path: string): string => {
  const { pathname, searchParams } = new URL(path, 'https://page.invalid')
  for (const name of ['lang', 'kept']) searchParams.delete(name)
  return pathname + (searchParams.size > 0 ? `?${searchParams}` : '')
}

/** A place of our own, or the front door. */
export const safePath = (path: string, otherwise: `/${string}`): `/${string}` =>
  /^\/(?!\/)[\w\-/.?=&%]*$/.test(path) ? (path as `/${string}`) : otherwise

const emptyForm: Form = { get: () => '', all: () => [], has: () => false, file: () => undefined, entries: () => [] }

async function readForm(
  context: Context,
  session: Pick<Session, 'csrf'>,
  largestFile: number | undefined,
): Promise<Form> {
  const { fields, files } = await fieldsOf(context, largestFile)
  // Both are keyed hashes of the same length: a comparison tells nothing that helps.
  if (fields.get('csrf') !== session.csrf) throw new Problem('refused', 403, 'refused')
  fields.delete('csrf')
  return {
    get: (name) => (fields.get(name) ?? '').trim(),
    all: (name) => fields.getAll(name),
    has: (name) => fields.has(name),
    file: (name) => files.get(name),
    entries: () => [...fields],
  }
}

/** The fields of a form, and the files it brings where the page takes any. */
async function fieldsOf(
  context: Context,
  largestFile: number | undefined,
): Promise<{ fields: URLSearchParams; files: ReadonlyMap<string, Uint8Array> }> {
  const type = context.req.header('content-type') ?? ''
  if (largestFile === undefined || !/^multipart\/form-data\b/i.test(type)) {
    const body = await context.req.text()
    if (body.length > LARGEST_FORM) throw new Problem('too-large', 413, 'too large')
    return { fields: new URLSearchParams(body), files: new Map() }
  }
  const length = Number(context.req.header('content-length') ?? Number.NaN)
  if (!(length <= largestFile + LARGEST_FORM)) throw new Problem('too-large', 413, 'too large')
  const fields = new URLSearchParams()
  const files = new Map<string, Uint8Array>()
  const parts = await context.req.formData().catch(() => {
    throw new NotAForm()
  })
  for (const [name, value] of parts) {
    if (typeof value === 'string') fields.append(name, value)
    else if (value.size > largestFile) throw new Problem('too-large', 413, 'too large')
    else if (value.size > 0) files.set(name, new Uint8Array(await value.arrayBuffer()))
  }
  return { fields, files }
}

/** A page about nobody, or that gives back what was typed. */
export const pageOf = (body: unknown, status = 200) => Reply.returned(`<!doctype html>${body}`, status)
