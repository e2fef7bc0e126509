import { fieldsSayingTooMuch } from '../../firewall/free-text.ts'
import { writtenTooMuch } from '../../firewall/plain-words.ts'
import { mayReach } from '../../firewall/roles.ts'
import { Reply } from '../../http/reply.ts'
import { DemandFields, ORDER_FIELDS } from '../../oversight/demand.ts'
import { listDemands, readDemand, recordDemand, reviewDemand } from '../../oversight/handle-demand.ts'
import { keepDocument, LARGEST_DOCUMENT, readDocument } from '../../oversight/keep-document.ts'
import { refusalLetters } from '../../oversight/letters.ts'
import { listOrganisations } from '../../oversight/list-organisations.ts'
import { lateNotices, openByOrder } from '../../oversight/open-by-order.ts'
import { isLockedDown, lockdownState, voteLockdown } from '../../oversight/vote-lockdown.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { addressText } from '../../proofs/address-text.ts'
import { NoRenderer, nameText } from '../../proofs/paper/paper.ts'
import type { NeighbourFields } from '../../registry/model.ts'
import { lifeRules } from '../../registry/person/dates/life-dates.ts'
import { plainIn } from '../plain.tsx'
import { fieldNames } from '../record/look-ups.tsx'
import { dayIn, typedIn } from '../record/registration-form.ts'
import { bornText, dayText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import type { Texts } from '../ui/language.ts'
import { boxText } from '../ui/problem-page.tsx'
import type { DeskDeps } from './deps.ts'
import { LegalPage, LockdownPage, OpenedPage } from './legal-page.tsx'
import { type DeskContext, idIn } from './shell.tsx'

/** What is written down of a demand, before its document. */
const DemandWords = DemandFields.omit({ documentId: true })
/** In which box of the form each field of a demand is typed. */
const BOXES: Readonly<Record<string, string>> = {
  'authority/name': 'authority',
  'authority/functions/0': 'function',
  basisText: 'basis',
  scope: 'scope',
  'person/name': 'person',
  'person/dateOfBirth': 'born',
  secretUntil: 'secret',
}

/** What legal officers look after: demands from the first day to the letter or the opening, and the lockdown. */
export function legalDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: DeskDeps): void {
  const legalWork = async (
    context: DeskContext,
    wrong?: { typed: Typed; faults: Readonly<Record<string, string>> },
  ): Promise<Reply> => {
    const { town, requester } = context
    const late = await lateNotices(deps, town)
    const list = (
      await listDemands(deps.gate, { municipalityId: town.id, by: requester }, context.query('after'))
    ).with(await listOrganisations(deps.gate, town.id, requester))
    return Reply.page(
      list,
      ([{ items, more }, authorities]) => (
        <LegalPage context={context} demands={items} more={more} authorities={authorities} late={late} {...wrong} />
      ),
      wrong ? 422 : 200,
    )
  }
  page({ method: 'get', path: '/desk/legal' }, (context) => legalWork(context))
  page({ method: 'post', path: '/desk/legal', file: LARGEST_DOCUMENT }, async (context) => {
    const { town, requester, form, t } = context
    const { said, faults: wrong } = await demandIn(context)
    const bytes = form.file('document')
    const parsed = DemandWords.safeParse(said)
    const faults: Record<string, string> = {
      ...(bytes === undefined ? { document: t['legal.demandPaperMissing'] } : {}),
      ...wrong,
    }
    for (const { code, path } of parsed.error?.issues ?? []) {
      const box = BOXES[path.join('/')] ?? 'scope'
      faults[box] ??= boxText(t, form.get(box), code === 'too_big')
    }
    const tooMuch = parsed.success && !parsed.data.confirmedPlain ? fieldsSayingTooMuch(DemandWords, parsed.data) : []
    for (const { pointer } of tooMuch) {
      const box = BOXES[pointer.slice(1)] ?? 'scope'
      faults[box] = t['desk.sensitive'].replace('{word}', writtenTooMuch(form.get(box)) ?? '\u2026')
    }
    // Nothing of it is kept before all of it can be, and a file does not come back in a form.
    if (!parsed.success || bytes === undefined || Object.keys(faults).length > 0) {
      if (bytes !== undefined) faults.document = t['legal.demandPaperMissing']
      return legalWork(context, { typed: Object.fromEntries(form.entries()), faults })
    }
    const kept = await keepDocument(deps.gate, { municipalityId: town.id, by: requester }, bytes)
    await kept.mapAsync(({ id: documentId }) =>
      recordDemand(
        deps.gate,
        { municipalityId: town.id, by: requester },
        { said: { ...parsed.data, documentId }, now: deps.clock.now() },
      ),
    )
    return Reply.redirect('/desk/legal')
  })

  /** A demand as it stands in the form, by the same schema as the API\u2019s; what only a page can miss is said beside its box. */
  async function demandIn(context: DeskContext): Promise<{ said: unknown; faults: Record<string, string> }> {
    const { form, t, town } = context
    const organisationId = form.get('organisation')
    const judge = form.has('judge')
    const person = { name: form.get('person'), dateOfBirth: form.get('born') }
    const fields = ORDER_FIELDS.filter((field) => form.has(`field-${field}`))
    const secret = dayIn(typedIn(context), {
      name: 'secret',
      formReader: { ...context, rules: lifeRules(deps.clock, town) },
      toCome: true,
    })
    const named = person.name !== '' || person.dateOfBirth !== ''
    return {
      said: {
        authority: {
          // Of one that is enrolled its own name is taken.
          name: organisationId === '' ? form.get('authority') : form.get('authority') || '\u2013',
          functions: organisationId !== '' || form.get('function') === '' ? [] : [form.get('function')],
          ...(organisationId === '' ? {} : { organisationId }),
        },
        purpose: form.has('immigration') ? 'immigration-control' : 'other',
        basis: judge ? 'judge-order' : 'other',
        basisText: form.get('basis'),
        scope: form.get('scope'),
        ...(named ? { person } : {}),
        fields,
        ...(secret && 'date' in secret ? { secretUntil: secret.date } : {}),
        ...plainIn(form),
      },
      faults: {
        ...(organisationId === '' && form.get('authority') === '' ? { authority: t['dates.authorityMissing'] } : {}),
        ...(judge && !named ? { person: t['dates.personMissing'] } : {}),
        ...(judge && named && person.dateOfBirth === '' ? { born: t['dates.personMissing'] } : {}),
        ...(judge && fields.length === 0 ? { fields: t['dates.fieldsMissing'] } : {}),
        ...(secret && 'fault' in secret ? { secret: secret.fault } : {}),
      },
    }
  }

  page({ method: 'post', path: '/desk/legal/:id/review', fresh: true }, async (context) => {
    await reviewDemand(
      deps.gate,
      { municipalityId: context.town.id, by: context.requester },
      { id: idIn(context), approves: context.form.get('approves') === 'yes' },
    )
    return Reply.redirect('/desk/legal')
  })
  page({ method: 'post', path: '/desk/legal/:id/opening', fresh: true }, async (context) =>
    Reply.page(await openByOrder(deps, { town: context.town, by: context.requester }, idIn(context)), (opened) => (
      <OpenedPage context={context} opened={openedLines(opened, context)} />
    )),
  )
  page({ method: 'get', path: '/desk/legal/:id/document' }, async (context) =>
    Reply.download(
      await readDocument(
        deps.gate,
        { municipalityId: context.town.id, by: context.requester },
        { requestId: idIn(context) },
      ),
      'demand',
    ),
  )
  page({ method: 'get', path: '/desk/legal/:id/letter' }, async (context) => {
    const { renderer } = deps
    if (renderer === undefined) throw new NoRenderer()
    const demand = await readDemand(
      deps.gate,
      { municipalityId: context.town.id, by: context.requester },
      idIn(context),
    )
    const letter = await demand.mapAsync(async ({ reference, stage }) => {
      if (stage !== 'refused') throw new NotFound()
      const languages = refusalLetters(deps.policies, reference, context.town.languages)
      return renderer.letter(context.town, { languages, writtenAt: deps.clock.now() })
    })
    return Reply.document(letter, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
  })

  // Reached while all else is closed: its state by everybody who works here, the votes by legal officers.
  page({ method: 'get', path: '/desk/lockdown' }, async (context) => {
    const { town, requester } = context
    if (!mayReach('POST /desk/lockdown', requester))
      return pageOf(<LockdownPage context={context} closed={await isLockedDown(deps.database, town.id)} />)
    return Reply.page(await lockdownState(deps.gate, town.id, requester), (lockdown) => (
      <LockdownPage context={context} closed={lockdown.closed} lockdown={lockdown} />
    ))
  })
  page({ method: 'post', path: '/desk/lockdown', fresh: true }, async ({ town, requester, form }) => {
    const close = form.get('close')
    if (close !== 'yes' && close !== 'no')
      throw new InvalidInput([{ pointer: '/close', detail: 'Say yes to close, or no to open.' }])
    await voteLockdown(deps.gate, { municipalityId: town.id, by: requester }, close === 'yes')
    return Reply.redirect('/desk/lockdown')
  })
}

type Shown = Partial<Pick<NeighbourFields, 'name' | 'dateOfBirth' | 'contact' | 'address' | 'residence'>>

/** What an order opened, in words. */
function openedLines(
  opened: Shown,
  { t, language }: { t: Texts; language: DeskContext['language'] },
): [string, string][] {
  const { name, dateOfBirth, contact, address, residence } = opened
  const line = (field: string, value: string): [string, string] => [fieldNames([field], t, language), value]
  return [
    ...(name ? [line('name', nameText(name, t['page.newbornOf']))] : []),
    ...(dateOfBirth ? [line('dateOfBirth', bornText(language, dateOfBirth))] : []),
    ...(contact ? [line('contact', Object.values(contact).join(', ') || '\u2013')] : []),
    ...(address ? [line('address', addressText(address))] : []),
    ...(residence ? [line('residence', dayText(language, residence.residentSince))] : []),
  ]
}
