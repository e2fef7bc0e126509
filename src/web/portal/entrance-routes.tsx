import { z } from 'zod'
import { passing } from '../../firewall/free-text.ts'
import { type CookieKind, type CookieValue, cookieName, cookieOf } from '../../http/cookies.ts'
import { safePath } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App, Incoming } from '../../identity/app.ts'
import { beginSession, findSession, SESSION_LIMITS } from '../../identity/begin-session.ts'
import { endSession } from '../../identity/end-session.ts'
import { KNOWN_FOR } from '../../identity/known-device.ts'
import { WayWaits } from '../../identity/new-ways.ts'
import { CardAsleep, CardRefused, RemovedFromRegister, signInWithCard } from '../../identity/sign-in-with-card.ts'
import {
  DeviceName,
  keepPasskey,
  type PasskeyHolder,
  passkeyOptions,
  signInOptions,
  signInWithPasskey,
} from '../../identity/sign-in-with-passkey.ts'
import { MOST_RETENTION } from '../../keys/keeper.ts'
import { equalInConstantTime } from '../../keys/key-provider.ts'
import { InvalidInput, NotAllowed, Problem, retryAfter } from '../../platform/problem.ts'
import { TooManyAttempts } from '../../platform/tries.ts'
import type { Municipality } from '../../town/model.ts'
import { nameIn, readerOf } from '../reader.ts'
import { hourText } from '../record/texts.ts'
import { isFresh, isSecure, pageOf, sessionCookie, sessionName } from '../signed-in.tsx'
import { LOCALES } from '../ui/language.ts'
import { Page } from '../ui/layout.tsx'
import type { PortalDeps } from './deps.ts'
import { EnrolPage, EntrancePage, RemovedPage } from './entrance-pages.tsx'

/** What a browser's authenticator answers; the library reads it. */
const SignedResponse = z.looseObject({ id: passing(2000) })
export const EnrolmentBegun = DeviceName.extend({ code: passing(200).optional(), csrf: passing(200).optional() })
export const Enrolment = EnrolmentBegun.extend({ response: SignedResponse })

/** @throws when something asks for a sign-in of this moment. */
class SignInAgain extends Problem {
  constructor() {
    super('sign-in-again', 401, 'Come in once more, and do this then.')
  }
}

/** By which a browser that a card let in is known at this door, and nowhere else. */
const KNOWN_DEVICE: CookieKind = { name: 'padron-known', path: '/me/in', sameSite: 'Strict' }
const deviceCookie = (town: Municipality, value: CookieValue) =>
  cookieOf(KNOWN_DEVICE, {
    ...{ value, secure: isSecure(town) },
    seconds: Temporal.Duration.from(KNOWN_FOR).total({ unit: 'seconds' }),
  })

async function jsonOf<T extends z.ZodType>(request: Incoming, schema: T): Promise<z.infer<T>> {
  const parsed = schema.safeParse(await request.json())
  if (!parsed.success) throw InvalidInput.of(parsed.error)
  return parsed.data
}

export function entrance(app: App, deps: PortalDeps): void {
  route(app, { kind: 'public', method: 'get', path: '/me/in' }, async (request) => {
    const { town, language } = readerOf(request)
    const nonce = request.nonce()
    const to = safePath(request.query('to'), '/me')
    const about = {
      town: nameIn(town, language),
      language,
      to,
      nonce,
      again: request.query('again') === '1',
      ended: request.query('ended') === '1',
    }
    return pageOf(<EntrancePage {...about} />)
  })
  route(app, { kind: 'public', method: 'post', path: '/me/in' }, async (request) => {
    const { town, language } = readerOf(request)
    const form = await request.form()
    const to = safePath(form.get('to'), '/me')
    try {
      const typed = { code: form.get('code'), word: form.get('word') }
      const { neighbourId, cardId, device } = await signInWithCard(deps, town, {
        typed,
        source: request.source,
        device: request.cookie(cookieName(KNOWN_DEVICE, isSecure(town))),
      })
      const before = await findSession(deps, town, request.cookie(sessionName(town)))
      const token = await beginSession(deps, town, {
        kind: 'resident',
        subject: neighbourId,
        way: { kind: 'card', id: cardId },
        // A colleague's browser is not the neighbour's own, and they are told.
        atOffice: before?.requester.kind === 'staff' ? before.requester.organisationId : undefined,
        source: request.source,
      })
      // This browser is one session: what it was before has ended.
      if (before) await endSession(deps, town, { session: before, which: { handle: before.handle } })
      const seconds = Temporal.Duration.from(SESSION_LIMITS.resident.absolute).total('seconds')
      // Somebody else's device forgets with its window, and is not known afterwards.
      const elsewhere = form.has('elsewhere')
      const session = sessionCookie(town, token, elsewhere ? undefined : seconds)
      return Reply.redirect(to, { 'set-cookie': elsewhere ? session : [session, deviceCookie(town, device)] })
    } catch (error) {
      if (error instanceof RemovedFromRegister) {
        const { backupDays = MOST_RETENTION } = deps
        const page = <RemovedPage {...{ town: nameIn(town, language), language, removal: error.removal, backupDays }} />
        return pageOf(page, 403).because(error)
      }
      if (error instanceof WayWaits) {
        const t = LOCALES[language]
        // Of one whose time has come nothing but a lockdown keeps it.
        const later = Temporal.Instant.compare(Temporal.Instant.from(error.from), deps.clock.now()) > 0
        const waits = later
          ? t['waysIn.waitsDoor'].replace('{day}', hourText(language, town.timeZone, error.from))
          : t['session.locked']
        const about = { town: nameIn(town, language), language, to, nonce: request.nonce(), waits }
        return pageOf(<EntrancePage {...about} />, error.status).because(error)
      }
      if (!(error instanceof CardRefused || error instanceof TooManyAttempts || error instanceof CardAsleep))
        throw error
      const nonce = request.nonce()
      const refused = error instanceof TooManyAttempts ? 'too-many' : error instanceof CardAsleep ? 'asleep' : true
      const about = { town: nameIn(town, language), language, to, nonce, refused } as const
      return pageOf(<EntrancePage {...about} />, error.status)
        .with(retryAfter(error))
        .because(error)
    }
  })
  route(app, { kind: 'public', method: 'get', path: '/me/enrol' }, async (request) => {
    const { town, language } = readerOf(request)
    const nonce = request.nonce()
    return pageOf(<EnrolPage town={nameIn(town, language)} language={language} nonce={nonce} />)
  })
  const machine = (path: string, answer: (request: Incoming) => Promise<Reply>) =>
    route(app, { kind: 'public', method: 'post', path, errors: 'json' }, answer)
  const signedIn = async (request: Incoming, who: PasskeyHolder) => {
    const { town } = request
    const before = await findSession(deps, town, request.cookie(sessionName(town)))
    const token = await beginSession(deps, town, {
      kind: 'resident',
      subject: who.neighbourId,
      way: { kind: 'telephone', id: who.handle },
      atOffice: before?.requester.kind === 'staff' ? before.requester.organisationId : undefined,
      source: request.source,
    })
    if (before) await endSession(deps, town, { session: before, which: { handle: before.handle } })
    const seconds = Temporal.Duration.from(SESSION_LIMITS.resident.absolute).total('seconds')
    return Reply.done().with({ 'set-cookie': sessionCookie(town, token, seconds) })
  }
  machine('/me/passkey/options', async ({ town, nothing }) =>
    Reply.giveBack(await nothing.mapAsync(() => signInOptions(deps, town))),
  )
  machine('/me/passkey', async (request) => {
    const { response } = await jsonOf(request, z.object({ response: SignedResponse }))
    return signedIn(request, await signInWithPasskey(deps, request.town, response as never))
  })
  /** Whose a new telephone is: of the code from the counter, or of who is signed in, which must be of this moment. */
  const ownerOf = async (request: Incoming, said: { code?: string; csrf?: string }) => {
    const { town } = request
    if (said.code !== undefined) return { code: said.code }
    const session = await findSession(deps, town, request.cookie(sessionName(town)))
    if (
      session?.requester.kind !== 'resident' ||
      !equalInConstantTime(Buffer.from(session.csrf), Buffer.from(said.csrf ?? ''))
    )
      throw new NotAllowed()
    if (!isFresh(session, deps.clock)) throw new SignInAgain()
    return { neighbourId: session.requester.neighbourId }
  }
  machine('/me/enrol/options', async (request) => {
    const { code, csrf, ...named } = await jsonOf(request, EnrolmentBegun)
    const owner = await ownerOf(request, { ...(code ? { code } : {}), ...(csrf ? { csrf } : {}) })
    return Reply.giveBack(
      await request.nothing.mapAsync(() => passkeyOptions(deps, { town: request.town, by: owner }, named)),
    )
  })
  machine('/me/enrol', async (request) => {
    const { response, code, csrf, ...named } = await jsonOf(request, Enrolment)
    const owner = await ownerOf(request, { ...(code ? { code } : {}), ...(csrf ? { csrf } : {}) })
    const kept = await keepPasskey(deps, { town: request.town, by: owner }, { response: response as never, named })
    if (kept.waits) return Reply.flag('waits', true)
    return 'code' in owner ? signedIn(request, kept) : Reply.done()
  })
  route(app, { kind: 'public', method: 'get', path: '/blank' }, async (request) => {
    const { language } = readerOf(request)
    return pageOf(<Page title="·" language={language} town="" children="" />)
  })
}
