import { SaysTooMuch } from '../../firewall/free-text.ts'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { Contact, Correction, Name } from '../../registry/model.ts'
import { ImpossibleDates, lifeRules } from '../../registry/person/dates/life-dates.ts'
import { correctNeighbour, type Neighbour } from '../../registry/person/neighbours.ts'
import { PlainTick, plainIn } from '../plain.tsx'
import { BornFields, bornTyped, toldBeside } from '../record/born-fields.tsx'
import {
  bornOf,
  contactIn,
  contactText,
  faultsIn,
  heldBack,
  lifeText,
  nameIn,
  recordedIn,
  typedIn,
} from '../record/registration-form.ts'
import type { Typed } from '../record/typed.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PostForm, Tick } from '../ui/form.tsx'
import { Spoken, spokenIn } from '../ui/language-select.tsx'
import { Details, Done } from '../ui/parts.tsx'
import { deskScript } from './script.ts'
import { Desk, type DeskContext, idIn } from './shell.tsx'

/** What is recorded about a neighbour, put right. */
export function correctingDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  page({ method: 'post', path: '/desk/neighbours/:id/correct' }, async (context) => {
    const { town, requester, form, t } = context
    const typed = typedIn(context)
    const again = (faults: Faults, status = 422) =>
      pageOf(<CorrectPage context={context} typed={typed} faults={faults} />, status)
    const [given, family] = [form.get('given'), form.get('family')]
    const recorded = recordedIn(Name, form.get('named'))
    if (given === '' && family === '' && recorded?.newbornOf === undefined) return again({ given: t['problem.name'] })
    const reader = { ...context, rules: lifeRules(deps.clock, town) }
    const confirmedAge = form.has('sure')
    const born = bornOf(typed, { before: '', reader, confirmedAge })
    if (born && 'fault' in born) return again({ born: born.fault })
    // Told in another calendar: to be looked at in both before it is kept.
    if (typed.told) return again({}, 200)
    const contact = form.get('contact')
    const languages = spokenIn(form)
    const correction = Correction.safeParse({
      name: nameIn(given, family, recorded),
      ...(form.has('former') ? { earlierNameHidden: true } : {}),
      dateOfBirth: born?.date ?? null,
      ...(confirmedAge ? { confirmedAge } : {}),
      ...(form.has('contact')
        ? { contact: contact === '' ? null : contactIn(contact, recordedIn(Contact, form.get('reached'))) }
        : {}),
      ...(languages ? { languages } : {}),
      ...plainIn(form),
    })
    if (!correction.success) return again(faultsIn(correction.error, t, ''))
    try {
      await correctNeighbour(
        deps,
        { town, by: requester },
        { id: idIn(context), correction: correction.data, version: Number(form.get('version')) },
      )
    } catch (error) {
      if (error instanceof SaysTooMuch) return again(heldBack(typed, t))
      if (!(error instanceof ImpossibleDates)) throw error
      return again(Object.fromEntries(error.faults.map((fault) => ['born', lifeText(fault, context)])))
    }
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}`)
  })
}

/** @param reach whether the ways to reach them were opened, and can be corrected */
export function Correct({ context, neighbour, reach }: { context: DeskContext; neighbour: Neighbour; reach: boolean }) {
  const { name, dateOfBirth, contact, languages, version } = neighbour
  const recorded: Typed = {
    version: String(version),
    named: JSON.stringify(name ?? null),
    given: name?.given ?? '',
    family: name?.family?.join(' ') ?? '',
    ...bornTyped('', dateOfBirth, context.t),
    spoken: languages?.join(' ') ?? '',
    speaks: languages?.[0] ?? '',
    ...(reach ? { contact: contactText(contact), reached: JSON.stringify(contact ?? {}) } : {}),
  }
  return (
    <Details summary={context.t['desk.correct']} button>
      <CorrectForm context={context} id={neighbour.id} typed={recorded} />
    </Details>
  )
}

/** The form once more, with what was typed into it and what is wrong. The record is not opened for it. */
function CorrectPage({ context, typed, faults }: { context: DeskContext; typed: Typed; faults: Faults }) {
  const { t } = context
  return (
    <Desk context={context} title={t['desk.correct']} script={deskScript.address}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['desk.correct']}</h1>
      {toldBeside(typed, { ...context, thisYear: Temporal.Now.plainDateISO().year }).map((both) => (
        <Done>
          <bdi>{both}</bdi>
        </Done>
      ))}
      <CorrectForm context={context} id={idIn(context)} typed={typed} faults={faults} />
      <p>
        <a href={`/desk/neighbours/${idIn(context)}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

function CorrectForm(props: { context: DeskContext; id: string; typed: Typed; faults?: Faults }) {
  const { context, id, typed, faults = {} } = props
  const { t, session } = context
  const value = (name: string) => typed[name] ?? ''
  const languages = spokenIn({ get: value }) ?? []
  return (
    <PostForm action={`/desk/neighbours/${id}/correct`} csrf={session.csrf}>
      <input type="hidden" name="version" value={value('version')} />
      <input type="hidden" name="named" value={value('named')} />
      <p class="govuk-hint">{t['correcting.correctLead']}</p>
      <PlainTick t={t} faults={heldBack(typed, t)} />
      <Field name="given" label={t['desk.given']} value={value('given')} auto fault={faults.given} />
      <Field name="family" label={t['desk.family']} value={value('family')} auto fault={faults.family} />
      <Tick name="former" label={t['correcting.former']} on={value('former') !== ''} />
      <BornFields t={t} typed={typed} faults={faults} before="" />
      {typed.contact === undefined ? (
        ''
      ) : (
        <>
          <input type="hidden" name="reached" value={value('reached')} />
          <Field name="contact" label={t['desk.phone']} value={typed.contact} fault={faults.contact} />
        </>
      )}
      <Spoken label={t['desk.speaks']} languages={languages} otherwise="" none />
      <Button>{t['desk.save']}</Button>
    </PostForm>
  )
}
