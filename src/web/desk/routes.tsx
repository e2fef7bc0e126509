import { randomUUID } from 'node:crypto'
import { CASE_NUMBER } from '../../firewall/cases.ts'
import { SaysTooMuch, saysTooMuch } from '../../firewall/free-text.ts'
import { OverBudget } from '../../firewall/leaving.ts'
import { purposeOf } from '../../firewall/requester.ts'
import { safePath } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import { changeSession } from '../../identity/begin-session.ts'
import { endSession, sessionsOf } from '../../identity/end-session.ts'
import { postalNoticesWaiting, printPostalNotices } from '../../messages/print-notices.ts'
import { referencePostWaiting } from '../../messages/tell-in-person.ts'
import { ownDrawn } from '../../oversight/explain-drawn.ts'
import type { Paged } from '../../platform/paging.ts'
import { InvalidInput, Problem } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import { NoRenderer, nameText } from '../../proofs/paper/paper.ts'
import { type OpenProceeding, openProceedings } from '../../registry/departure/proceedings-due.ts'
import { welfareChecksWaiting } from '../../registry/person/check-welfare.ts'
import { openNeighbour } from '../../registry/person/neighbours.ts'
import { hidingAsSeenBy } from '../../registry/person/protect.ts'
import { mayBeUnrepresented } from '../../registry/person/representation/find-unrepresented.ts'
import { draftsOf, dropDraft, HELD, keepDraft } from '../../registry/register/keep-draft.ts'
import { SearchTooWide, searchNeighbours } from '../../registry/search/search.ts'
import { countedFor } from '../../registry/visits.ts'
import { complaintsWaiting } from '../../requests/answer-complaint.ts'
import { toldSoFar } from '../record/born-fields.tsx'
import { saidFaultText } from '../record/dates.ts'
import { draftOf, heldBack, idempotencyKeyOf, typedIn } from '../record/registration-form.ts'
import type { Typed } from '../record/typed.ts'
import { pageOf, signedInPages } from '../signed-in.tsx'
import { correctingDesk } from './correcting.tsx'
import { datesDesk } from './dates.tsx'
import { departingDesk } from './departing.tsx'
import type { DeskDeps } from './deps.ts'
import { erasureDesk } from './erasures.tsx'
import { joiningDesk } from './joining.tsx'
import { legalDesk } from './legal-routes.tsx'
import { postalSection } from './letters.ts'
import { lookUpsDesk } from './look-ups.tsx'
import { messageDesk } from './messages.tsx'
import { neighbourDesk, UNSEEN } from './neighbour-routes.tsx'
import { offlineDesk } from './offline.tsx'
import { organisationDesk } from './organisations.tsx'
import { oversightDesk } from './oversight-routes.tsx'
import { portalDesk } from './portal-routes.tsx'
import { protectingDesk } from './protecting.tsx'
import { purposesOfCase } from './purpose.ts'
import { criteriaOf, saidAgain, shortYearIn, understood } from './query.ts'
import { RegisterPage } from './register-page.tsx'
import { registerPeople } from './register-people.tsx'
import { representativeDesk } from './representatives.tsx'
import { SearchPage } from './search-page.tsx'
import { settlingDesk } from './settling.tsx'
import { type DeskContext, idIn } from './shell.tsx'
import { undoDesk } from './undoing.tsx'
import { welfareDesk } from './welfare.tsx'
import { SessionsPage, WorkPage } from './work-page.tsx'

/** The desk: the same use cases as the API, as pages that work without JavaScript. */
export function deskPages(app: App, deps: DeskDeps): void {
  const page = aboutNeighbours(signedInPages(app, { deps, kind: 'staff', entrance: '/sign-in' }), deps)
  offlineDesk(app, page, deps)
  finding(page, deps)
  registering(page, deps)
  neighbourDesk(page, deps)
  correctingDesk(page, deps)
  settlingDesk(page, deps)
  datesDesk(page, deps)
  representativeDesk(page, deps)
  protectingDesk(page, deps)
  undoDesk(page, deps)
  joiningDesk(page, deps)
  departingDesk(page, deps)
  oversightDesk(page, deps)
  legalDesk(page, deps)
  welfareDesk(page, deps)
  lookUpsDesk(page, deps)
  self(page, deps)
  portalDesk(page, deps)
  messageDesk(page, deps)
  organisationDesk(page, deps)
  erasureDesk(page, deps)
}

type Pages = ReturnType<typeof signedInPages<'staff'>>

/**
 * Every page about a neighbour says that the record hides, to those who may know it, and about whom it is: no page has to
 * remember.
 */
function aboutNeighbours(page: Pages, deps: DeskDeps): Pages {
  return (spec, handle) =>
    page(spec, async (context) => {
      if (!spec.path.startsWith('/desk/neighbours/:id')) return handle(context)
      const hiding = await hidingAsSeenBy(deps, { town: context.town, by: context.requester }, idIn(context))
      const about: DeskContext = { ...context, hiding, about: true }
      const reply = await handle(about)
      return reply.nameless ? named(about, reply) : reply
    })

  async function named(context: DeskContext, reply: Reply): Promise<Reply> {
    const { town, requester, t } = context
    try {
      const ask = { purpose: purposeOf(requester), fields: ['name'] as const }
      const opened = await openNeighbour(deps, { town, by: requester }, { id: idIn(context), ask })
      return reply.about(opened.map(({ name }) => (name ? nameText(name, t['page.newbornOf']) : '…')))
    } catch (error) {
      // Who may not be told now has the page all the same: it was opened for what is on it.
      if (error instanceof Problem && (UNSEEN.has(error.status) || error.status === 404)) return reply
      throw error
    }
  }
}

function finding(page: Pages, deps: DeskDeps): void {
  page({ method: 'get', path: '/desk' }, async (context) =>
    pageOf(<SearchPage context={context} undone={context.query('undone') === '1'} />),
  )
  page({ method: 'post', path: '/desk/search' }, async (context) => {
    const { town, requester } = context
    const typed = context.form.get('said')
    const said = saidAgain(typed)
    const mononym = context.form.has('mononym')
    const short = shortYearIn(typed)
    if (short) {
      const fault = saidFaultText(context.t, context.language, short)
      return pageOf(<SearchPage context={context} said={said} mononym={mononym} fault={fault} />, 422)
    }
    try {
      const found = await searchNeighbours(
        deps,
        { town, by: requester },
        { purpose: purposeOf(requester), criteria: criteriaOf(typed, mononym) },
      )
      return Reply.page(found, (shown) => <SearchPage context={context} said={said} mononym={mononym} found={shown} />)
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof SearchTooWide)) throw error
      return pageOf(
        <SearchPage context={context} said={said} mononym={mononym} fault={context.t['desk.tooWide']} />,
        422,
      )
    }
  })
  // What the box makes of what is being said, at every pause of the typing: nothing is looked up for it.
  page({ method: 'post', path: '/desk/understood' }, async ({ sent, t, language }) =>
    Reply.giveBack(
      sent.map((form) => {
        const said = form.get('said')
        const short = shortYearIn(said)
        if (short) return { text: saidFaultText(t, language, short), enough: false }
        return understood(criteriaOf(said, form.has('mononym')), t)
      }),
    ),
  )
  page(
    { method: 'post', path: '/desk/case', say: { case: 'problem.case' } },
    async ({ town, session, form, requester }) => {
      const workCase = form.get('case')
      if (saysTooMuch(workCase, 'name')) throw new SaysTooMuch([])
      if (workCase !== '' && !CASE_NUMBER.test(workCase))
        throw new InvalidInput([{ pointer: '/case', detail: 'Letters, digits, spaces and / . _ -, up to 40.' }])
      const purpose = form.get('purpose')
      await changeSession(deps, town, {
        handle: session.handle,
        change: {
          workCase: workCase === '' ? null : workCase,
          purpose: purposesOfCase(requester).some(({ id }) => id === purpose) ? purpose : null,
        },
      })
      return Reply.redirect(safePath(form.get('to'), '/desk'))
    },
  )
}

function registering(page: Pages, deps: DeskDeps): void {
  page({ method: 'get', path: '/desk/register' }, async (context) => {
    const draft = context.query('draft')
    const household = context.query('household')
    const blank: Typed = isUuid(household) ? { household } : {}
    if (draft === '') return pageOf(<RegisterPage context={context} typed={blank} idempotencyKey={randomUUID()} />)
    return Reply.page(await draftsOf(deps, { town: context.town, by: context.requester }), (drafts) => {
      const typed = drafts.find(({ id }) => id === draft)?.typed ?? {}
      const faults = Object.fromEntries(
        (typed[HELD]?.split(' ') ?? []).map((field) => [field, context.t['desk.heldDraft']]),
      )
      return (
        <RegisterPage
          context={context}
          typed={typed}
          faults={faults}
          draftId={draft}
          idempotencyKey={typed.idempotencyKey ?? randomUUID()}
        />
      )
    })
  })
  page({ method: 'post', path: '/desk/register' }, async (context) => {
    const typed = typedIn(context)
    const idempotencyKey = idempotencyKeyOf(typed)
    const draftId = typed.draft
    if (typed.act === 'another') {
      const people = String(Number(typed.people ?? '1') + 1)
      return pageOf(
        <RegisterPage
          context={context}
          typed={{ ...typed, people }}
          draftId={draftId}
          idempotencyKey={idempotencyKey}
        />,
      )
    }
    if (typed.act === 'edit')
      return pageOf(<RegisterPage context={context} typed={typed} draftId={draftId} idempotencyKey={idempotencyKey} />)
    if (typed.act === 'fill') {
      const { of: guardian = '', ...filled } = typed
      const ask = { purpose: purposeOf(context.requester), fields: ['household'] as const }
      return Reply.page(
        await openNeighbour(deps, { town: context.town, by: context.requester }, { id: guardian, ask }),
        ({ household }) => (
          <RegisterPage
            context={context}
            typed={household ? { ...filled, household: household.id } : filled}
            idempotencyKey={idempotencyKey}
          />
        ),
      )
    }
    if (typed.act === 'draft') {
      const faults = heldBack(typed, context.t)
      // Nothing of it is kept until the box says something else.
      if (Object.keys(faults).length > 0)
        return pageOf(
          <RegisterPage
            context={context}
            typed={typed}
            faults={faults}
            draftId={draftId}
            idempotencyKey={idempotencyKey}
          />,
          422,
        )
      await keepDraft(deps, { town: context.town, by: context.requester }, { id: draftId, draft: draftOf(typed) })
      return Reply.redirect('/desk/work')
    }
    return registerPeople(deps, { context, typed, idempotencyKey })
  })
  page({ method: 'post', path: '/desk/drafts' }, async (context) => {
    const typed = typedIn(context)
    return Reply.disclose(
      await keepDraft(deps, { town: context.town, by: context.requester }, { id: typed.draft, draft: draftOf(typed) }),
    )
  })
  // What a date that is being typed in another calendar is in the usual one: nothing of it is kept.
  page({ method: 'post', path: '/desk/told' }, async (context) => {
    const [before = ''] = /^(p\d+_)?$/.exec(context.form.get('before')) ?? []
    return Reply.giveBack(context.sent.map((form) => toldSoFar(Object.fromEntries(form.entries()), before, context)))
  })
  page({ method: 'post', path: '/desk/drafts/discard' }, async ({ town, requester, form }) => {
    await dropDraft(deps, { town, by: requester }, form.get('draft'))
    return Reply.redirect('/desk/work')
  })
  page({ method: 'get', path: '/desk/work' }, async (context) => {
    const { town, requester } = context
    const own = (await draftsOf(deps, { town, by: requester })).with(
      (await ownDrawn(deps, { town, requester })).map(({ items, more }) =>
        items.length === 0 ? '' : `${items.length}${more === undefined ? '' : '+'}`,
      ),
    )
    // Who was shown as many people as their work needs goes on with what names nobody.
    const underWay = await openProceedings(deps, { town, by: requester }, context.query('after')).catch(
      (error: unknown) => {
        if (error instanceof OverBudget) return error
        throw error
      },
    )
    const nobody = { items: [], more: undefined }
    const work =
      underWay instanceof OverBudget
        ? own.map((one): [typeof one, Paged<OpenProceeding>] => [one, nobody])
        : own.with(underWay)
    const letters = await postalNoticesWaiting(deps, town, requester)
    const kept = await referencePostWaiting(deps, town)
    const requests = await complaintsWaiting(deps, town, requester)
    const unrepresented = await countedFor(deps, {
      town,
      staff: requester,
      work: (open) => mayBeUnrepresented(open, town),
    })
    const welfare = requester.role === 'supervisor' ? await welfareChecksWaiting(deps, town) : 0
    return Reply.page(work, ([[drafts, lookUps], proceedings]) => (
      <WorkPage
        context={context}
        closed={underWay instanceof OverBudget ? underWay : undefined}
        drafts={drafts}
        proceedings={proceedings.items}
        more={proceedings.more}
        letters={letters}
        requests={requests}
        lookUps={lookUps}
        kept={kept}
        unrepresented={unrepresented}
        welfare={welfare}
      />
    ))
  })
  page({ method: 'post', path: '/desk/letters' }, async (context) => {
    const { renderer } = deps
    if (renderer === undefined) throw new NoRenderer()
    const { town, requester, t, language } = context
    const writtenAt = deps.clock.now()
    const pdf = await printPostalNotices(deps, { town, by: requester }, (letters) =>
      renderer.plain(town, { title: t['desk.letters'], language, writtenAt, sections: letters.map(postalSection) }),
    )
    return Reply.document(pdf, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
  })
}

function self(page: Pages, deps: DeskDeps): void {
  page({ method: 'get', path: '/desk/sessions' }, async (context) => {
    const sessions = await sessionsOf(deps, context.town, context.session)
    return pageOf(<SessionsPage context={context} sessions={sessions} />)
  })
  page({ method: 'post', path: '/desk/sessions/close' }, async ({ town, session, form }) => {
    await endSession(deps, town, { session, which: { handle: form.get('handle') } })
    return Reply.redirect('/desk/sessions')
  })
  page({ method: 'post', path: '/desk/lock' }, async ({ town, session }) => {
    await changeSession(deps, town, { handle: session.handle, change: { locked: true } })
    return Reply.redirect('/desk/locked')
  })
}
