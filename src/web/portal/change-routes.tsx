import { randomUUID } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { SaysTooMuch } from '../../firewall/free-text.ts'
import { isToldWhere } from '../../firewall/requester.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput, VersionConflict } from '../../platform/problem.ts'
import { Contact, Correction } from '../../registry/model.ts'
import { noteLeavingAlone } from '../../registry/person/check-welfare.ts'
import { ImpossibleDates, lifeRules } from '../../registry/person/dates/life-dates.ts'
import { correctNeighbour, openNeighbour } from '../../registry/person/neighbours.ts'
import { protectNeighbour } from '../../registry/person/protect.ts'
import { wardsAtHome } from '../../registry/person/representation/act-for.ts'
import { confirmResidence } from '../../registry/residence/confirm.ts'
import { moveNeighbour, NothingChanges } from '../../registry/residence/move.ts'
import { complain } from '../../requests/complain.ts'
import { askedBy } from '../../requests/read-asked.ts'
import { plainIn } from '../plain.tsx'
import { addressIn } from '../record/address-form.ts'
import { bornOf, contactIn, dayIn, faultsOf, heldBack, recordedIn, typedIn } from '../record/registration-form.ts'
import { pageOf } from '../signed-in.tsx'
import type { Faults } from '../ui/form.tsx'
import { spokenIn } from '../ui/language-select.tsx'
import { AskedPage } from './asked-page.tsx'
import { ChangePage, ChildPage, MovePage } from './change-pages.tsx'
import { idempotencyKeyOf, type OwnPages, type PortalDeps } from './deps.ts'
import type { OwnContext } from './shell.tsx'

const SEEN = ['contact', 'languages', 'residence', 'departedOn'] as const
const DONE = '/me/change?done=1'
/** The same, with where help is for who is hurt or afraid. */
const HELP = '/me/change?done=help'
/** Where what waits for somebody's answer is listed. */
const ASKED = '/me/asked'
const Objection = z.strictObject({ why: z.string().trim().min(1).max(5000) })
const versionIn = (context: OwnContext) => Number(context.form.get('version'))

/** What neighbours say has changed. What needs nobody's judgement takes effect at once; a birth and leaving go to a clerk. */
export function changePages(page: OwnPages, deps: PortalDeps): void {
  const own = ({ town, requester }: OwnContext) =>
    openNeighbour(
      deps,
      { town, by: requester },
      {
        id: requester.neighbourId,
        ask: { purpose: 'own-record', fields: isToldWhere(requester) ? SEEN : SEEN.filter((one) => one !== 'contact') },
      },
    )

  /** Who lives with them is not told by what the form asks. */
  const wardsToMove = async ({ town, requester }: OwnContext) =>
    isToldWhere(requester) ? wardsAtHome(deps, { town, by: requester }) : 0

  // Quiet, since whoever hid comes back to it.
  page({ method: 'get', path: '/me/change', quiet: true }, async (context) =>
    Reply.page(await own(context), (neighbour) => (
      <ChangePage context={context} neighbour={neighbour} idempotencyKey={randomUUID()} />
    )),
  )
  page({ method: 'post', path: '/me/change/here', quiet: true }, async (context) => {
    const { town, requester } = context
    await confirmResidence(
      deps,
      { town, by: requester },
      { id: requester.neighbourId, idempotencyKey: idempotencyKeyOf(context, 'here') },
    )
    return Reply.redirect(DONE)
  })
  const correct = async (context: OwnContext, change: Correction) => {
    const { town, requester } = context
    const correction = Correction.safeParse(change)
    if (!correction.success) throw InvalidInput.of(correction.error)
    await correctNeighbour(
      deps,
      { town, by: requester },
      { id: requester.neighbourId, correction: correction.data, version: versionIn(context) },
    )
    return Reply.redirect(DONE)
  }
  page({ method: 'post', path: '/me/change/hide', keep: false, fresh: true, quiet: true }, async (context) => {
    const { town, requester } = context
    await protectNeighbour(
      deps,
      { town, by: requester },
      { id: requester.neighbourId, protection: { protected: true }, version: versionIn(context) },
    )
    // Said to everybody alike: what the page shows must not tell how old its reader is.
    return Reply.redirect(HELP)
  })
  page({ method: 'post', path: '/me/change/reach', quiet: true, fresh: true }, (context) => {
    const contact = context.form.get('contact')
    const languages = spokenIn(context.form)
    return correct(context, {
      contact: contact === '' ? null : contactIn(contact, recordedIn(Contact, context.form.get('reached'))),
      ...(languages ? { languages } : {}),
      ...plainIn(context.form),
    })
  })
  page({ method: 'get', path: '/me/change/move', quiet: true }, async (context) => {
    const wards = await wardsToMove(context)
    return Reply.page(await own(context), ({ version }) => (
      <MovePage context={context} typed={{}} version={version} idempotencyKey={randomUUID()} wards={wards} />
    ))
  })
  page({ method: 'post', path: '/me/change/move', quiet: true, fresh: true }, async (context) => {
    const { town, requester, t, form } = context
    const typed = typedIn(context)
    const wards = await wardsToMove(context)
    const { address, faults: misplaced } = addressIn(typed, context.town, t)
    const since = dayIn(typed, { name: 'since', formReader: { ...context, rules: lifeRules(deps.clock, town) } })
    const again = (faults: Faults) =>
      pageOf(
        <MovePage
          context={context}
          typed={typed}
          version={versionIn(context)}
          idempotencyKey={form.get('idempotencyKey')}
          wards={wards}
          faults={faults}
        />,
        422,
      )
    const who = form.get('who')
    const faults = {
      ...(wards > 0 && who !== 'me' && who !== 'all' ? { who: t['change.whoMissing'] } : {}),
      ...misplaced,
      ...(since && 'fault' in since ? { since: since.fault } : {}),
    }
    if (address === undefined || (since && 'fault' in since) || Object.keys(faults).length > 0) return again(faults)
    if (wards > 0 && who === 'all') {
      const said = {
        kind: 'change',
        request: { asks: 'move-together', address, ...(since ? { since: since.date } : {}) },
        language: context.language,
        neighbourId: requester.neighbourId,
      } as const
      await complain(deps, town, {
        complaint: { ...said, idempotencyKey: idempotencyKeyOf(context, 'move together') },
        source: requester.id,
      })
      return Reply.redirect(ASKED)
    }
    try {
      const conditions = { version: versionIn(context), idempotencyKey: idempotencyKeyOf(context, 'move') }
      const move = { address, ...(since ? { since: since.date } : {}), ...plainIn(form) }
      const moves = () => moveNeighbour(deps, { town, by: requester }, { id: requester.neighbourId, move, conditions })
      // Pressed twice on a slow line, the second waits for the first, and asked once more finds what it did.
      await moves().catch((error: unknown) => {
        if (error instanceof NothingChanges || error instanceof VersionConflict) return moves()
        throw error
      })
    } catch (error) {
      if (error instanceof NothingChanges) return again({ where: t['change.nothing'] })
      if (error instanceof SaysTooMuch) return again(heldBack(typed, t))
      if (!(error instanceof InvalidInput)) throw error
      return again(error instanceof ImpossibleDates ? faultsOf(error, context) : { since: t['change.since'] })
    }
    return Reply.redirect(DONE)
  })
  page({ method: 'post', path: '/me/change/leave', quiet: true, keep: false }, async (context) => {
    const { town, requester, form, language } = context
    if (!form.has('sure')) throw new InvalidInput([{ pointer: '/sure', detail: 'Say that you are sure.' }])
    // Never at once: whoever holds somebody's card could end the residence that their papers will rest on.
    const said = { kind: 'change', request: { asks: 'leave' }, language, neighbourId: requester.neighbourId } as const
    await complain(deps, town, {
      complaint: { ...said, idempotencyKey: idempotencyKeyOf(context, 'leave') },
      source: requester.id,
    })
    await noteLeavingAlone(deps, { town, by: requester })
    // To everybody alike: where the page leads must not tell how old its reader is.
    return Reply.redirect(`${ASKED}?help=1`)
  })
  page({ method: 'post', path: '/me/change/object', quiet: true }, async (context) => {
    const { town, requester, form, language } = context
    const objection = Objection.safeParse({ why: form.get('why') })
    if (!objection.success) throw InvalidInput.of(objection.error, 'Say why, in 5,000 letters at most.')
    const said = {
      kind: 'objection',
      request: { asks: 'words', text: objection.data.why },
      language,
      neighbourId: requester.neighbourId,
    } as const
    await complain(deps, town, {
      complaint: { ...said, idempotencyKey: idempotencyKeyOf(context, 'object') },
      source: requester.id,
    })
    return Reply.redirect(ASKED)
  })
  page({ method: 'get', path: ASKED, quiet: true }, async (context) =>
    Reply.page(await askedBy(deps, { town: context.town, by: context.requester }), (asked) => (
      <AskedPage context={context} asked={asked} />
    )),
  )
  page({ method: 'post', path: '/me/change/child', quiet: true }, async (context) => {
    const { town, requester, form, language, t } = context
    const typed = typedIn(context)
    const born = bornOf(typed, {
      before: '',
      reader: { ...context, rules: lifeRules(deps.clock, town) },
      confirmedAge: false,
    })
    const [given, family] = [form.get('given'), form.get('family')]
    const long = {
      ...(given.length > 200 ? { given: t['hearing.tooLong'] } : {}),
      ...(family.length > 200 ? { family: t['hearing.tooLong'] } : {}),
    }
    if (given === '' || Object.keys(long).length > 0 || (born && 'fault' in born)) {
      const faults = {
        ...long,
        ...(given === '' ? { given: t['desk.given'] } : {}),
        ...(born && 'fault' in born ? { born: born.fault } : {}),
      }
      const drawn = { typed, version: versionIn(context), idempotencyKey: form.get('idempotencyKey'), faults }
      return pageOf(<ChildPage context={context} {...drawn} />, 422)
    }
    const newborn = { given, family, born: born?.date ?? '' }
    const said = {
      kind: 'change',
      request: { asks: 'birth', newborn },
      language,
      neighbourId: requester.neighbourId,
    } as const
    await complain(deps, town, {
      complaint: { ...said, idempotencyKey: idempotencyKeyOf(context, 'child') },
      source: requester.id,
    })
    return Reply.redirect(ASKED)
  })
}
