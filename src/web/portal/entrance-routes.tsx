import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { z } from 'zod'
import { passing } from '../../firewall/free-text.ts'
import { type House, problemResponse } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import {
  DeviceName,
  keepPasskey,
  type PasskeyHolder,
  passkeyOptions,
  signInOptions,
  signInWithPasskey,
} from '../../identity/passkeys.ts'
import { CardAsleep, CardRefused, RemovedFromRegister, signInWithCard } from '../../identity/resident-card.ts'
import { beginSession, findSession, SESSION_LIMITS } from '../../identity/sessions.ts'
import { equalInConstantTime } from '../../keys/key-provider.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { InvalidInput, Problem, retryAfter } from '../../platform/problem.ts'
import { randomBytes } from '../../platform/random.ts'
import { TooManyAttempts } from '../../platform/tries.ts'
import type { Municipality } from '../../town/municipality.ts'
import { nameIn, readerOf } from '../reader.ts'
import { cookieName, isFresh, pageOf, pagePolicy, safePath, sessionCookie } from '../signed-in.tsx'
import { Page } from '../ui/layout.tsx'
import { formOf, type PortalDeps, type Send } from './deps.ts'
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

const fresh = () => Buffer.from(randomBytes(16)).toString('base64')

/** @returns undefined of what is no JSON */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function jsonOf<T extends z.ZodType>(context: Context, schema: T): Promise<z.infer<T>> {
  const body = await context.req.text()
  if (body.length > 64 * 1024) throw new Problem('too-large', 413, 'This is too large.')
  const parsed = schema.safeParse(jsonIn(body))
  if (!parsed.success) throw InvalidInput.of(parsed.error)
  return parsed.data
}

export function entrance(house: House<Municipality>, deps: PortalDeps, send: Send): void {
  house.get('/me/in', async (context) => {
    const { town, language } = await readerOf(context)
    const nonce = fresh()
    const to = safePath(context.req.query('to') ?? '', '/me')
    const about = {
      town: nameIn(town, language),
      language,
      to,
      nonce,
      again: context.req.query('again') === '1',
      ended: context.req.query('ended') === '1',
    }
    const page = <EntrancePage {...about} />
    return send(pageOf(page), { 'content-security-policy': pagePolicy(nonce) })
  })
  house.post('/me/in', async (context) => {
    const { town, language } = await readerOf(context)
    const form = await formOf(context)
    const to = safePath(form.get('to') ?? '', '/me')
    try {
      const source = context.var.reception.sourceOf(context.env, context.req.raw.headers)
      const typed = { code: form.get('code') ?? '', word: form.get('word') ?? '' }
      const { neighbourId, cardId } = await signInWithCard(deps, town, typed, source)
      const before = await findSession(deps, town, getCookie(context, cookieName(town)))
      const token = await beginSession(deps, town, {
        kind: 'resident',
        subject: neighbourId,
        way: { kind: 'card', id: cardId },
        // A colleague's browser is not the neighbour's own, and they are told.
        atOffice: before?.requester.kind === 'staff' ? before.requester.organisationId : undefined,
      })
      const seconds = Temporal.Duration.from(SESSION_LIMITS.resident.absolute).total('seconds')
      const cookie = sessionCookie(town, token, seconds)
      // Somebody else's device forgets with its window.
      return send(Reply.redirect(to), {
        'set-cookie': form.has('elsewhere') ? cookie.replace(/; Max-Age=\d+/, '') : cookie,
      })
    } catch (error) {
      if (error instanceof RemovedFromRegister) {
        const page = <RemovedPage town={nameIn(town, language)} language={language} removal={error.removal} />
        return send(pageOf(page, 403))
      }
      if (!(error instanceof CardRefused || error instanceof TooManyAttempts || error instanceof CardAsleep))
        throw error
      const nonce = fresh()
      const refused = error instanceof TooManyAttempts ? 'too-many' : error instanceof CardAsleep ? 'asleep' : true
      const about = { town: nameIn(town, language), language, to, nonce, refused } as const
      return send(pageOf(<EntrancePage {...about} />, error.status), {
        'content-security-policy': pagePolicy(nonce),
        ...retryAfter(error),
      })
    }
  })
  house.get('/me/enrol', async (context) => {
    const { town, language } = await readerOf(context)
    const nonce = fresh()
    return send(pageOf(<EnrolPage town={nameIn(town, language)} language={language} nonce={nonce} />), {
      'content-security-policy': pagePolicy(nonce),
    })
  })
  const machine = (path: string, answer: (context: Context, town: Municipality) => Promise<Response>) =>
    house.post(path, async (context) => {
      try {
        const { town } = await readerOf(context)
        return await answer(context, town)
      } catch (error) {
        return problemResponse(error, uuidv7())
      }
    })
  const signedIn = async (context: Context, town: Municipality, who: PasskeyHolder) => {
    const before = await findSession(deps, town, getCookie(context, cookieName(town)))
    const token = await beginSession(deps, town, {
      kind: 'resident',
      subject: who.neighbourId,
      way: { kind: 'telephone', id: who.handle },
      atOffice: before?.requester.kind === 'staff' ? before.requester.organisationId : undefined,
    })
    const seconds = Temporal.Duration.from(SESSION_LIMITS.resident.absolute).total('seconds')
    return send(Reply.giveBack({}), { 'set-cookie': sessionCookie(town, token, seconds) })
  }
  machine('/me/passkey/options', async (_, town) => send(Reply.giveBack(await signInOptions(deps, town))))
  machine('/me/passkey', async (context, town) => {
    const { response } = await jsonOf(context, z.object({ response: SignedResponse }))
    return signedIn(context, town, await signInWithPasskey(deps, town, response as never))
  })
  /** Whose a new telephone is: of the code from the counter, or of who is signed in, which must be of this moment. */
  const ownerOf = async (context: Context, town: Municipality, said: { code?: string; csrf?: string }) => {
    if (said.code !== undefined) return { code: said.code }
    const session = await findSession(deps, town, getCookie(context, cookieName(town)))
    if (
      session?.requester.kind !== 'resident' ||
      !equalInConstantTime(Buffer.from(session.csrf), Buffer.from(said.csrf ?? ''))
    )
      throw new Problem('refused', 403, 'This request is refused.')
    if (!isFresh(session, deps.clock)) throw new SignInAgain()
    return { neighbourId: session.requester.neighbourId }
  }
  machine('/me/enrol/options', async (context, town) => {
    const { code, csrf, ...named } = await jsonOf(context, EnrolmentBegun)
    const owner = await ownerOf(context, town, { ...(code ? { code } : {}), ...(csrf ? { csrf } : {}) })
    return send(Reply.giveBack(await passkeyOptions(deps, town, owner, named)))
  })
  machine('/me/enrol', async (context, town) => {
    const { response, code, csrf, ...named } = await jsonOf(context, Enrolment)
    const owner = await ownerOf(context, town, { ...(code ? { code } : {}), ...(csrf ? { csrf } : {}) })
    const kept = await keepPasskey(deps, town, owner, response as never, named)
    return 'code' in owner ? signedIn(context, town, kept) : send(Reply.giveBack({}))
  })
  house.get('/blank', async (context) => {
    const { language } = await readerOf(context)
    return send(pageOf(<Page title="·" language={language} town="" children="" />))
  })
}
