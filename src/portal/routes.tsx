import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { z } from 'zod'
import { always, type House, problemResponse } from '../firewall/endpoint.ts'
import { passing } from '../firewall/free-text.ts'
import type { LedgerSigners } from '../firewall/ledger-signer.ts'
import { Reply } from '../firewall/reply.ts'
import {
  DeviceName,
  devicesOf,
  forgetDevice,
  keepPasskey,
  passkeyOptions,
  signInOptions,
  signInWithPasskey,
} from '../identity/passkeys.ts'
import { CardRefused, RemovedFromRegister, signInWithCard } from '../identity/resident-card.ts'
import { beginSession, endSession, findSession, SESSION_LIMITS, sessionsOf } from '../identity/sessions.ts'
import { verifierKey } from '../ledger/checkpoint.ts'
import { witnessStates } from '../ledger/cosigning.ts'
import { latestCheckpoint } from '../ledger/proofs.ts'
import { uuidv7 } from '../platform/clock.ts'
import { InvalidInput, NotFound, Problem, retryAfter } from '../platform/problem.ts'
import { randomBytes } from '../platform/random.ts'
import type { ProofDeps } from '../proofs/issue.ts'
import { NoPress, type Press, printPaper, writePaper } from '../proofs/paper.ts'
import { ProfileId, profiles } from '../proofs/profiles.ts'
import { proofsOf } from '../proofs/proof-list.ts'
import { revokeProof } from '../proofs/revoke.ts'
import { publishedKeys } from '../proofs/signing-keys.ts'
import { ownProceeding } from '../registry/hearing.ts'
import { neighbourHistory } from '../registry/history.ts'
import { lookUpsOf } from '../registry/lookups.ts'
import type { Municipality } from '../registry/municipality.ts'
import { recentRestore } from '../registry/restores.ts'
import { TooManyAttempts } from '../registry/tries.ts'
import { LOCALES } from '../ui/language.ts'
import { Page } from '../ui/layout.tsx'
import { nameIn, readerOf } from '../ui/reader.ts'
import { RightsPage, rightsIn } from '../ui/rights.tsx'
import { cookieName, pageOf, pagePolicy, safePath, sessionCookie, signedInPages } from '../ui/signed-in.tsx'
import { askedBy } from './asked.ts'
import { changePages } from './change-routes.tsx'
import { childrenPages } from './children.tsx'
import { complainPages } from './complain-routes.tsx'
import { complain } from './complaints.ts'
import { enrolPages } from './enrol-pages.tsx'
import { everythingInWords, lookUpText } from './everything.ts'
import { hearingPages } from './hearing-pages.tsx'
import { helperPages } from './helper-routes.tsx'
import ledgerScript from './ledger.client.ts?script'
import meScript from './me.client.ts?script'
import { ProvidersPage, StatusPage } from './open-pages.tsx'
import { ChoosePage, DevicesPage, EnrolPage, EntrancePage, MyLookUpsPage, RemovedPage, ShowPage } from './pages.tsx'
import { RecordPage } from './record-page.tsx'
import type { OwnVisit } from './shell.tsx'

export type PortalDeps = ProofDeps & { press?: Press | undefined; signers: LedgerSigners }

const CLEAR = { 'clear-site-data': '"cache", "cookies", "storage"' }
const OWN = 'own-record'

/** Pages for neighbours, and for anyone who has something to say. */
export function portalPages(house: House<Municipality>, deps: PortalDeps): void {
  const send = (reply: Reply, more: Record<string, string> = {}) => reply.toResponse({ ...always(uuidv7()), ...more })
  for (const [path, code] of [
    ['/assets/me.js', meScript],
    ['/assets/ledger.js', ledgerScript],
  ] as const)
    house.get(path, () =>
      send(Reply.material(code, 'text/javascript; charset=utf-8', { 'cache-control': 'public, max-age=300' })),
    )
  entrance(house, deps, send)
  openToAll(house, deps, send)
  complainPages(house, deps, send)
  enrolPages(house, deps)
  const pages = signedInPages(house, deps, 'resident', '/me/in')
  own(pages, deps)
  changePages(pages, deps)
  hearingPages(pages, deps)
  childrenPages(pages, deps)
  helperPages(house, pages, deps, send)
}

/** What a browser's authenticator answers; the library reads it. */
const SignedResponse = z.looseObject({ id: passing(2000) })
export const Enrolment = DeviceName.extend({
  response: SignedResponse,
  code: passing(200).optional(),
  csrf: passing(200).optional(),
})

export type Send = (reply: Reply, more?: Record<string, string>) => Response

const fresh = () => Buffer.from(randomBytes(16)).toString('base64')
export async function formOf(context: Context): Promise<URLSearchParams> {
  const body = await context.req.text()
  if (body.length > 64 * 1024) throw new Problem('too-large', 413, 'This is too large to be a form.')
  return new URLSearchParams(body)
}
async function jsonOf<T extends z.ZodType>(context: Context, schema: T): Promise<z.infer<T>> {
  const body = await context.req.text()
  if (body.length > 64 * 1024) throw new Problem('too-large', 413, 'This is too large.')
  const parsed = schema.safeParse(JSON.parse(body))
  if (!parsed.success) throw new InvalidInput([])
  return parsed.data
}

function entrance(house: House<Municipality>, deps: PortalDeps, send: Send): void {
  house.get('/me/in', async (context) => {
    const { town, language } = await readerOf(context)
    const nonce = fresh()
    const to = safePath(context.req.query('to') ?? '', '/me')
    const page = <EntrancePage town={nameIn(town, language)} language={language} to={to} nonce={nonce} />
    return send(pageOf(page), { 'content-security-policy': pagePolicy(nonce) })
  })
  house.post('/me/in', async (context) => {
    const { town, language } = await readerOf(context)
    const form = await formOf(context)
    const to = safePath(form.get('to') ?? '', '/me')
    try {
      const source = context.var.reception.sourceOf(context.env, context.req.raw.headers)
      const typed = { code: form.get('code') ?? '', word: form.get('word') ?? '' }
      const subject = await signInWithCard(deps, town, typed, source)
      const token = await beginSession(deps, town, { kind: 'resident', subject })
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
      if (!(error instanceof CardRefused || error instanceof TooManyAttempts)) throw error
      const nonce = fresh()
      const refused = error instanceof TooManyAttempts ? 'too-many' : true
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
  const signedIn = async (town: Municipality, subject: string) => {
    const token = await beginSession(deps, town, { kind: 'resident', subject })
    const seconds = Temporal.Duration.from(SESSION_LIMITS.resident.absolute).total('seconds')
    return send(Reply.giveBack({}), { 'set-cookie': sessionCookie(town, token, seconds) })
  }
  machine('/me/passkey/options', async (_, town) => send(Reply.giveBack(await signInOptions(deps, town))))
  machine('/me/passkey', async (context, town) => {
    const { response } = await jsonOf(context, z.object({ response: SignedResponse }))
    const { neighbourId } = await signInWithPasskey(deps, town, response as never)
    return signedIn(town, neighbourId)
  })
  machine('/me/enrol/options', async (context, town) =>
    send(Reply.giveBack(await passkeyOptions(deps, town, await jsonOf(context, DeviceName)))),
  )
  machine('/me/enrol', async (context, town) => {
    const { response, code, csrf, ...named } = await jsonOf(context, Enrolment)
    if (code !== undefined) {
      const { neighbourId } = await keepPasskey(deps, town, { code }, response as never, named)
      return signedIn(town, neighbourId)
    }
    const session = await findSession(deps, town, getCookie(context, cookieName(town)))
    if (session?.requester.kind !== 'resident' || session.csrf !== csrf)
      throw new Problem('refused', 403, 'This request is refused.')
    await keepPasskey(deps, town, { neighbourId: session.requester.neighbourId }, response as never, named)
    return send(Reply.giveBack({}))
  })
  house.get('/blank', async (context) => {
    const { language } = await readerOf(context)
    return send(pageOf(<Page title="·" language={language} town="" children="" />))
  })
}

function openToAll(house: House<Municipality>, deps: PortalDeps, send: Send): void {
  house.get('/providers', async (context) => {
    const { town, language } = await readerOf(context)
    const about = { town: nameIn(town, language), language, timeZone: town.timeZone }
    return send(pageOf(<ProvidersPage {...about} restored={await recentRestore(deps, town)} />))
  })
  house.get('/status', async (context) => {
    const { town, language } = await readerOf(context)
    const checkpoint = await latestCheckpoint(deps.database, town.id)
    const { keys } = await publishedKeys(deps, town.id)
    const about = { town: nameIn(town, language), language, timeZone: town.timeZone, keys: keys.length }
    const restored = await recentRestore(deps, town)
    const witnesses = await witnessStates(deps.database, town.id)
    return send(pageOf(<StatusPage {...about} checkpoint={checkpoint} witnesses={witnesses} restored={restored} />))
  })
  house.get('/rights', async (context) => {
    const { town, language } = await readerOf(context)
    const page = <RightsPage town={nameIn(town, language)} language={language} origin={town.issuer} />
    return send(Reply.material(`<!doctype html>${page}`, 'text/html; charset=utf-8', { vary: 'accept-language' }))
  })
  // About nobody, and the same until the program is another: each is printed once.
  const leaflets = new Map<string, Promise<Uint8Array>>()
  house.get('/rights.pdf', async (context) => {
    const { town, language } = await readerOf(context)
    const { press } = deps
    if (press === undefined) return problemResponse(new NoPress(), uuidv7())
    const title = LOCALES[language].yTitle
    const sections = rightsIn(language, nameIn(town, language), town.issuer)
    const key = `${town.id} ${language}`
    const print = () => press.plain(town, { title, language, writtenAt: deps.clock.now(), sections })
    const leaflet = leaflets.get(key) ?? print()
    leaflets.set(key, leaflet)
    leaflet.catch(() => leaflets.delete(key))
    const headers = { 'content-disposition': 'inline; filename="padron.pdf"', vary: 'accept-language' }
    return send(Reply.bytes(await leaflet, 'application/pdf', headers))
  })
}

export type OwnPages = ReturnType<typeof signedInPages<'resident'>>
export const onceOf = (visit: OwnVisit, what: string) => `me ${visit.form.get('once') || randomUUID()} ${what}`

function own(page: OwnPages, deps: PortalDeps): void {
  page({ method: 'get', path: '/me/proof' }, async (visit) =>
    Reply.page(await proofsOf(deps, visit.town, visit.requester, visit.requester.neighbourId), ({ proofs }) => (
      <ChoosePage visit={visit} once={randomUUID()} proofs={proofs} />
    )),
  )
  const orderOf = (visit: OwnVisit) => {
    const parsed = ProfileId.safeParse(visit.form.get('profile'))
    const profile = parsed.success ? profiles.get(parsed.data) : undefined
    if (profile === undefined) throw new InvalidInput([])
    const order = {
      kind: profile.id === 'residence-history' ? ('historical' as const) : ('individual' as const),
      language: visit.language,
      profile: profile.id,
      handedTo: 'neighbour' as const,
    }
    return { profile, order, once: onceOf(visit, profile.id) }
  }
  page({ method: 'post', path: '/me/proof' }, async (visit) => {
    const { town, requester } = visit
    const { profile, order, once } = orderOf(visit)
    return Reply.page(await writePaper(deps, town, requester, requester.neighbourId, order, once), (made) => (
      <ShowPage visit={visit} written={made} profile={profile} once={visit.form.get('once')} />
    ))
  })
  page({ method: 'post', path: '/me/paper' }, async (visit) => {
    const { town, requester } = visit
    const { order, once } = orderOf(visit)
    const printed = await printPaper(deps, town, requester, requester.neighbourId, order, once)
    const headers = { 'content-disposition': 'attachment; filename="padron.pdf"' }
    return Reply.document(
      printed.map(({ pdf }) => pdf),
      'application/pdf',
      headers,
    )
  })
  page({ method: 'post', path: '/me/revoke' }, async (visit) => {
    await revokeProof(deps, visit.town, visit.requester, visit.form.get('proof'))
    return Reply.redirect('/me/proof')
  })
  const record = (visit: OwnVisit) =>
    neighbourHistory(deps, visit.town, visit.requester, visit.requester.neighbourId, OWN, {})
  page({ method: 'get', path: '/me/record' }, async (visit) =>
    Reply.page(await record(visit), (history) => <RecordPage visit={visit} history={history} />),
  )
  page({ method: 'post', path: '/me/everything' }, async (visit) => {
    const { town, requester } = visit
    const all = (await record(visit))
      .with(await lookUpsOf(deps, town, requester, requester.neighbourId))
      .with(await proofsOf(deps, town, requester, requester.neighbourId))
      .with(await askedBy(deps, town, requester))
    const decided = await ownProceeding(deps, town, requester)
    const whole = decided ? all.with(decided) : all.map((one): [typeof one, undefined] => [one, undefined])
    const { press } = deps
    if (visit.form.get('as') === 'pdf') {
      if (press === undefined) throw new NoPress()
      const writtenAt = deps.clock.now()
      const pdf = await whole.mapAsync(([[[[history, lookUps], { proofs }], asked], proceeding]) =>
        press.plain(town, everythingInWords(visit, { history, lookUps, proofs, asked, proceeding }, writtenAt)),
      )
      return Reply.document(pdf, 'application/pdf', { 'content-disposition': 'attachment; filename="padron.pdf"' })
    }
    const file = whole.map(([[[[history, lookUps], { proofs }], asked], proceeding]) => ({
      record: history,
      whoLooked: lookUps,
      proofs,
      asked,
      ...(proceeding ? { proceeding } : {}),
    }))
    return Reply.disclose(file, 200, { 'content-disposition': 'attachment; filename="padron.json"' })
  })
  page({ method: 'get', path: '/me/looked' }, async (visit) => {
    const { town, requester } = visit
    const verifier = verifierKey(await deps.signers.of(town))
    return Reply.page(await lookUpsOf(deps, town, requester, requester.neighbourId), (lookUps) => (
      <MyLookUpsPage visit={visit} lookUps={lookUps} verifier={verifier} />
    ))
  })
  // A line that is not understood becomes a question to the city: one tap, nothing to write.
  page({ method: 'post', path: '/me/looked' }, async (visit) => {
    const { town, requester, form, t, language } = visit
    const verifier = verifierKey(await deps.signers.of(town))
    const looked = await lookUpsOf(deps, town, requester, requester.neighbourId)
    const asked = await looked.mapAsync(async (lookUps) => {
      const line = lookUps.find(({ entryId }) => entryId === form.get('entry'))
      if (line === undefined) throw new NotFound()
      const text = `${t.rAsk}: ${lookUpText(visit, line)}`
      const words = { text, entryId: line.entryId }
      const said = { kind: 'who-looked', words, language, neighbourId: requester.neighbourId } as const
      return { lookUps, ...(await complain(deps, town, said, requester.id)) }
    })
    return Reply.page(asked, ({ lookUps, reference }) => (
      <MyLookUpsPage visit={visit} lookUps={lookUps} verifier={verifier} asked={reference} />
    ))
  })
  page({ method: 'get', path: '/me/devices' }, async (visit) => {
    const devices = await devicesOf(deps, visit.town, visit.requester)
    return pageOf(
      <DevicesPage visit={visit} devices={devices} sessions={await sessionsOf(deps, visit.town, visit.session)} />,
    )
  })
  page({ method: 'post', path: '/me/devices/forget' }, async ({ town, requester, form }) => {
    await forgetDevice(deps, town, requester, form.get('handle'))
    return Reply.redirect('/me/devices')
  })
  page({ method: 'post', path: '/me/everywhere' }, async ({ town, session }) => {
    await endSession(deps, town, session, 'all')
    return Reply.redirect('/me/in', CLEAR)
  })
  page({ method: 'post', path: '/me/leave' }, async ({ town, session }) => {
    await endSession(deps, town, session, { handle: session.handle })
    return Reply.redirect('/blank', CLEAR)
  })
}
