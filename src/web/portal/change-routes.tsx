import { randomUUID } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { SaysTooMuch } from '../../firewall/free-text.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput, VersionConflict } from '../../platform/problem.ts'
import { Contact, Correction } from '../../registry/model.ts'
import { ImpossibleDates, lifeRules } from '../../registry/person/life-dates.ts'
import { correctNeighbour, openNeighbour } from '../../registry/person/neighbours.ts'
import { protectNeighbour } from '../../registry/person/protection.ts'
import { wardsAtHome } from '../../registry/person/representation.ts'
import { noteLeavingAlone } from '../../registry/person/welfare.ts'
import { confirmResidence } from '../../registry/residence/confirmations.ts'
import { moveNeighbour, NothingChanges } from '../../registry/residence/residences.ts'
import { askedBy } from '../../requests/asked.ts'
import { complain } from '../../requests/complaints.ts'
import { plainIn } from '../plain.tsx'
import {
  addressIn,
  bornOf,
  contactIn,
  dayIn,
  faultsOf,
  heldBack,
  recordedIn,
  typedIn,
} from '../record/registration-form.ts'
import { pageOf } from '../signed-in.tsx'
import type { Faults } from '../ui/form.tsx'
import { spokenIn } from '../ui/language-select.tsx'
import { AskedPage } from './asked-page.tsx'
import { ChangePage, ChildPage, MovePage } from './change-pages.tsx'
import { type OwnPages, onceOf, type PortalDeps } from './deps.ts'
import type { OwnVisit } from './shell.tsx'

const SEEN = ['contact', 'languages', 'residence', 'departedOn'] as const
const DONE = '/me/change?done=1'
/** The same, with where help is for who is hurt or afraid. */
const HELP = '/me/change?done=help'
/** Where what waits for somebody's answer is listed. */
const ASKED = '/me/asked'
const Objection = z.strictObject({ why: z.string().trim().min(1).max(5000) })
const versionIn = (visit: OwnVisit) => Number(visit.form.get('version'))

/** What neighbours say has changed. What needs nobody's judgement takes effect at once; a birth and leaving go to a clerk. */
export function changePages(page: OwnPages, deps: PortalDeps): void {
  const own = ({ town, requester }: OwnVisit) =>
    openNeighbour(deps, town, requester, requester.neighbourId, { purpose: 'own-record', fields: SEEN })

  page({ method: 'get', path: '/me/change' }, async (visit) =>
    Reply.page(await own(visit), (neighbour) => <ChangePage visit={visit} neighbour={neighbour} once={randomUUID()} />),
  )
  page({ method: 'post', path: '/me/change/here' }, async (visit) => {
    const { town, requester } = visit
    await confirmResidence(deps, town, requester, requester.neighbourId, onceOf(visit, 'here'))
    return Reply.redirect(DONE)
  })
  const correct = async (visit: OwnVisit, change: Correction) => {
    const { town, requester } = visit
    const asked = Correction.safeParse(change)
    if (!asked.success) throw InvalidInput.of(asked.error)
    await correctNeighbour(deps, town, requester, requester.neighbourId, asked.data, versionIn(visit))
    return Reply.redirect(DONE)
  }
  page({ method: 'post', path: '/me/change/hide', keep: false, fresh: true, quiet: true }, async (visit) => {
    const { town, requester } = visit
    await protectNeighbour(deps, town, requester, requester.neighbourId, { protected: true }, versionIn(visit))
    // Said to everybody alike: what the page shows must not tell how old its reader is.
    return Reply.redirect(HELP)
  })
  page({ method: 'post', path: '/me/change/reach', fresh: true }, (visit) => {
    const contact = visit.form.get('contact')
    const languages = spokenIn(visit.form)
    return correct(visit, {
      contact: contact === '' ? null : contactIn(contact, recordedIn(Contact, visit.form.get('reached'))),
      ...(languages ? { languages } : {}),
      ...plainIn(visit.form),
    })
  })
  page({ method: 'get', path: '/me/change/move' }, async (visit) => {
    const wards = await wardsAtHome(deps, visit.town, visit.requester)
    return Reply.page(await own(visit), ({ version }) => (
      <MovePage visit={visit} typed={{}} version={version} once={randomUUID()} wards={wards} />
    ))
  })
  page({ method: 'post', path: '/me/change/move', fresh: true }, async (visit) => {
    const { town, requester, t, form } = visit
    const typed = typedIn(visit)
    const wards = await wardsAtHome(deps, town, requester)
    const { address, faults: misplaced } = addressIn(typed, visit.town, t)
    const since = dayIn(typed, 'since', { ...visit, rules: lifeRules(deps.clock, town) })
    const again = (faults: Faults) =>
      pageOf(
        <MovePage
          visit={visit}
          typed={typed}
          version={versionIn(visit)}
          once={form.get('once')}
          wards={wards}
          faults={faults}
        />,
        422,
      )
    const who = form.get('who')
    const faults = {
      ...(wards > 0 && who !== 'me' && who !== 'all' ? { who: t.mWhoMissing } : {}),
      ...misplaced,
      ...(since && 'fault' in since ? { since: since.fault } : {}),
    }
    if (address === undefined || (since && 'fault' in since) || Object.keys(faults).length > 0) return again(faults)
    if (wards > 0 && who === 'all') {
      const said = {
        kind: 'change',
        request: { asks: 'move-together', address, ...(since ? { since: since.date } : {}) },
        language: visit.language,
        neighbourId: requester.neighbourId,
      } as const
      await complain(deps, town, { ...said, once: onceOf(visit, 'move together') }, requester.id)
      return Reply.redirect(ASKED)
    }
    try {
      const conditions = { version: versionIn(visit), idempotencyKey: onceOf(visit, 'move') }
      const move = { address, ...(since ? { since: since.date } : {}), ...plainIn(form) }
      const moves = () => moveNeighbour(deps, town, requester, requester.neighbourId, move, conditions)
      // Pressed twice on a slow line, the second waits for the first, and asked once more finds what it did.
      await moves().catch((error: unknown) => {
        if (error instanceof NothingChanges || error instanceof VersionConflict) return moves()
        throw error
      })
    } catch (error) {
      if (error instanceof NothingChanges) return again({ where: t.mNothing })
      if (error instanceof SaysTooMuch) return again(heldBack(typed, t))
      if (!(error instanceof InvalidInput)) throw error
      return again(error instanceof ImpossibleDates ? faultsOf(error, visit) : { since: t.mSince })
    }
    return Reply.redirect(DONE)
  })
  page({ method: 'post', path: '/me/change/leave', keep: false }, async (visit) => {
    const { town, requester, form, language } = visit
    if (!form.has('sure')) throw new InvalidInput([{ pointer: '/sure', detail: 'Say that you are sure.' }])
    // Never at once: whoever holds somebody's card could end the residence that their papers will rest on.
    const said = { kind: 'change', request: { asks: 'leave' }, language, neighbourId: requester.neighbourId } as const
    await complain(deps, town, { ...said, once: onceOf(visit, 'leave') }, requester.id)
    await noteLeavingAlone(deps, town, requester)
    // To everybody alike: where the page leads must not tell how old its reader is.
    return Reply.redirect(`${ASKED}?help=1`)
  })
  page({ method: 'post', path: '/me/change/object', quiet: true }, async (visit) => {
    const { town, requester, form, language } = visit
    const objection = Objection.safeParse({ why: form.get('why') })
    if (!objection.success) throw InvalidInput.of(objection.error, 'Say why, in 5,000 letters at most.')
    const said = {
      kind: 'objection',
      request: { asks: 'words', text: objection.data.why },
      language,
      neighbourId: requester.neighbourId,
    } as const
    await complain(deps, town, { ...said, once: onceOf(visit, 'object') }, requester.id)
    return Reply.redirect(ASKED)
  })
  page({ method: 'get', path: ASKED, quiet: true }, async (visit) =>
    Reply.page(await askedBy(deps, visit.town, visit.requester), (asked) => <AskedPage visit={visit} asked={asked} />),
  )
  page({ method: 'post', path: '/me/change/child' }, async (visit) => {
    const { town, requester, form, language, t } = visit
    const typed = typedIn(visit)
    const born = bornOf(typed, '', { ...visit, rules: lifeRules(deps.clock, town) }, false)
    const [given, family] = [form.get('given'), form.get('family')]
    const long = {
      ...(given.length > 200 ? { given: t.jTooLong } : {}),
      ...(family.length > 200 ? { family: t.jTooLong } : {}),
    }
    if (given === '' || Object.keys(long).length > 0 || (born && 'fault' in born)) {
      const faults = {
        ...long,
        ...(given === '' ? { given: t.dGiven } : {}),
        ...(born && 'fault' in born ? { born: born.fault } : {}),
      }
      const drawn = { typed, version: versionIn(visit), once: form.get('once'), faults }
      return pageOf(<ChildPage visit={visit} {...drawn} />, 422)
    }
    const newborn = { given, family, born: born?.date ?? '' }
    const said = {
      kind: 'change',
      request: { asks: 'birth', newborn },
      language,
      neighbourId: requester.neighbourId,
    } as const
    await complain(deps, town, { ...said, once: onceOf(visit, 'child') }, requester.id)
    return Reply.redirect(ASKED)
  })
}
