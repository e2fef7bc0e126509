import { randomUUID } from 'node:crypto'
import { purposeOf } from '../../firewall/requester.ts'
import type { Form } from '../../http/form.ts'
import { type Path, pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { InvalidInput } from '../../platform/problem.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { CourtLimit, Representative } from '../../registry/model.ts'
import {
  settleUnrepresented,
  type Unrepresented,
  unrepresentedNeighbours,
} from '../../registry/person/representation/find-unrepresented.ts'
import {
  AlreadyRepresents,
  addRepresentative,
  changeRepresentative,
  endRepresentative,
  type Represented,
  representativesOf,
} from '../../registry/person/representation/record-representative.ts'
import { SearchTooWide, searchNeighbours } from '../../registry/search/search.ts'
import { plainIn } from '../plain.tsx'
import { saidFaultText } from '../record/dates.ts'
import { typedIn } from '../record/registration-form.ts'
import { representationKinds } from '../record/registration-names.ts'
import { bornText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import type { signedInPages } from '../signed-in.tsx'
import { Button, type Choice, ErrorSummary, type Faults, Field, PostForm, Radios, Select } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Tabs } from './neighbour-past-page.tsx'
import { criteriaOf, saidAgain, shortYearIn } from './query.ts'
import { Limits, RepresentativeEntry } from './representative-entry.tsx'
import { deskScript } from './script.ts'
import { SaidFields, type Shown } from './search-page.tsx'
import { Desk, type DeskContext, idempotencyKeyIn, idIn } from './shell.tsx'

interface Again {
  typed?: Typed
  faults?: Faults
  found?: Shown
  fault?: string
}

/** Who acts for a neighbour: set, changed and ended at any time, each found by name. */
export function representativeDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  const path = '/desk/neighbours/:id/representatives' as const
  const back = (context: DeskContext): Path => pathTo`/desk/neighbours/${idIn(context)}/representatives`
  const show = async (context: DeskContext, again: Again = {}, status = 200) =>
    Reply.page(
      await representativesOf(deps, { town: context.town, by: context.requester }, idIn(context)),
      (ward) => <RepresentativesPage context={context} ward={ward} {...again} />,
      status,
    )
  page({ method: 'get', path }, (context) => show(context))
  page({ method: 'post', path: `${path}/find` }, async (context) => {
    const { town, requester, form } = context
    const typed = { ...typedIn(context), said: saidAgain(form.get('said')) }
    const ward = await representativesOf(deps, { town, by: requester }, idIn(context))
    const again = (fault: string) =>
      Reply.page(
        ward,
        (shown) => <RepresentativesPage context={context} ward={shown} typed={typed} fault={fault} />,
        422,
      )
    const short = shortYearIn(form.get('said'))
    if (short) return again(saidFaultText(context.t, context.language, short))
    try {
      const criteria = criteriaOf(form.get('said'), form.has('mononym'))
      const found = await searchNeighbours(deps, { town, by: requester }, { purpose: purposeOf(requester), criteria })
      return Reply.page(ward.with(found), ([shown, adults]) => (
        <RepresentativesPage context={context} ward={shown} typed={typed} found={adults} />
      ))
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof SearchTooWide)) throw error
      return again(context.t['desk.tooWide'])
    }
  })
  page({ method: 'post', path }, async (context) => {
    const { town, requester, form, t } = context
    const typed = typedIn(context)
    const parsed = Representative.safeParse(
      form.has('institution')
        ? { kind: 'institution', name: form.get('institution'), ...plainIn(form) }
        : { kind: form.get('kind'), neighbourId: form.get('who'), ...limitsIn(form), ...plainIn(form) },
    )
    if (!parsed.success) {
      const faults: Faults = form.has('institution')
        ? { institution: form.get('institution') === '' ? t['enrolment.missing'] : t['hearing.tooLong'] }
        : form.get('who') === ''
          ? { said: t['representatives.actsCannot'] }
          : { court: courtFault(form.get('court'), t) }
      return show(context, { typed, faults }, 422)
    }
    try {
      await addRepresentative(
        deps,
        { town, by: requester },
        { wardId: idIn(context), representative: parsed.data, idempotencyKey: idempotencyKeyIn(context, 'represent') },
      )
    } catch (error) {
      if (error instanceof AlreadyRepresents)
        return show(context, { typed, faults: { who: t['representatives.actsAlready'] } }, 409)
      if (!(error instanceof InvalidInput)) throw error
      const kind = error.errors.some(({ pointer }) => pointer === '/kind')
      return show(
        context,
        { typed, faults: { who: kind ? t['representatives.actsAdultOnly'] : t['representatives.actsCannot'] } },
        422,
      )
    }
    return Reply.redirect(back(context))
  })
  page({ method: 'post', path: `${path}/:representation` }, async (context) => {
    const { town, requester, form, t, params } = context
    const at = { wardId: idIn(context), representationId: params.representation ?? '' }
    const court = { court: courtFault(form.get('court'), t) }
    if (form.has('end')) {
      await endRepresentative(deps, { town, by: requester }, at)
      return Reply.redirect(back(context))
    }
    const who = { neighbourId: at.wardId, kind: form.get('kind'), ...limitsIn(form) }
    const parsed = Representative.safeParse(who)
    if (!parsed.success || parsed.data.kind === 'institution')
      return show(context, { typed: { ...typedIn(context), entry: at.representationId }, faults: court }, 422)
    const { kind, limits, court: said } = parsed.data
    try {
      await changeRepresentative(
        deps,
        { town, by: requester },
        {
          at,
          change: {
            kind,
            ...(limits ? { limits } : {}),
            ...(said ? { court: said } : {}),
            ...plainIn(form),
          },
        },
      )
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error
      const typed = { ...typedIn(context), entry: at.representationId }
      return show(context, { typed, faults: { court: t['representatives.actsAdultOnly'] } }, 422)
    }
    return Reply.redirect(back(context))
  })
  page({ method: 'post', path: '/desk/unrepresented' }, async (context) => {
    const { town, requester, form } = context
    if (form.has('settle'))
      await settleUnrepresented(deps, { town, by: requester }, idIn({ params: { id: form.get('settle') } }))
    return Reply.page(
      await unrepresentedNeighbours(deps, { town, by: requester }, form.get('after')),
      ({ items, more }) => <UnrepresentedPage context={context} people={items} more={more} />,
    )
  })
}

const courtFault = (court: string, t: Texts) =>
  court === ''
    ? t['representatives.actsCourtMissing']
    : court.length > LONGEST_COURT
      ? t['hearing.tooLong']
      : t['representatives.actsLimitMissing']
/** Letters of a court and its reference. */
const LONGEST_COURT = 200

/** What a court has limited, as ticked; nothing where nothing is ticked or said. */
function limitsIn(form: Pick<Form, 'has' | 'get'>): { limits?: CourtLimit[]; court?: string } {
  const limits = CourtLimit.options.filter((limit) => form.has(limit))
  const court = form.get('court')
  return { ...(limits.length > 0 ? { limits } : {}), ...(court ? { court } : {}) }
}

function RepresentativesPage(props: { context: DeskContext; ward: Represented } & Again) {
  const { context, ward, typed = {}, faults = {}, found, fault } = props
  const { t, session } = context
  const action = `/desk/neighbours/${ward.id}/representatives`
  const idempotencyKey = typed.idempotencyKey || randomUUID()
  return (
    <Desk context={context} title={t['representatives.acts']} script={deskScript.address}>
      <ErrorSummary title={t['desk.there']} faults={{ ...faults, ...(fault ? { said: fault } : {}) }} />
      <h1>
        <bdi data-whom="yes">{ward.name ? nameText(ward.name, t['page.newbornOf']) : '…'}</bdi> ·{' '}
        {t['representatives.acts']}
      </h1>
      <Tabs context={context} id={ward.id} here="acts" />
      <p class="lead">{t['representatives.actsLead']}</p>
      {ward.representatives.length === 0 ? <p>{t['representatives.actsNobody']}</p> : ''}
      <ul class="cards">
        {ward.representatives.map((entry) => (
          <RepresentativeEntry
            context={context}
            ward={ward}
            entry={entry}
            typed={typed.entry === entry.id ? typed : {}}
            faults={typed.entry === entry.id ? faults : {}}
          />
        ))}
      </ul>
      <h2>{t['representatives.actsAdd']}</h2>
      <PostForm action={`${action}/find`} csrf={session.csrf}>
        <SaidFields t={t} said={typed.said ?? ''} mononym={typed.mononym !== undefined} fault={fault} />
        {faults.said ? <p class="govuk-error-message">{faults.said}</p> : ''}
        <Button secondary>{t['desk.search']}</Button>
      </PostForm>
      {found ? (
        <Adults
          context={context}
          ward={ward}
          choices={choicesOf(context, ward, found)}
          more={found.more}
          idempotencyKey={idempotencyKey}
        />
      ) : (
        ''
      )}
      {found === undefined && typed.who && typed.entry === undefined ? (
        <Adults
          context={context}
          ward={ward}
          choices={[{ value: typed.who, label: typed[`label_${typed.who}`] ?? '…' }]}
          idempotencyKey={idempotencyKey}
          typed={typed}
          faults={faults}
        />
      ) : (
        ''
      )}
      <h2>{t['representatives.actsAddInstitution']}</h2>
      <PostForm action={action} csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <Field
          name="institution"
          label={t['representatives.actsName']}
          value={typed.institution ?? ''}
          fault={faults.institution}
          auto
          required
        />
        <Button>{t['desk.save']}</Button>
      </PostForm>
      <p>
        <a href={`/desk/neighbours/${ward.id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** The adults found, enough of each to tell them apart. */
const choicesOf = ({ language, t }: DeskContext, ward: Represented, found: Shown): Choice[] =>
  found.matches
    .filter((match) => match.id !== ward.id)
    .map((match) => ({
      value: match.id,
      label: match.name ? nameText(match.name, t['page.newbornOf']) : '…',
      hint: [bornText(language, match.dateOfBirth), match.address ? addressText(match.address) : '']
        .filter(Boolean)
        .join(' · '),
    }))

/** The adults found by name, one of whom is chosen; of a form that comes back the one who was, without looking once more. */
function Adults(props: {
  context: DeskContext
  ward: Represented
  choices: readonly Choice[]
  more?: boolean
  idempotencyKey: string
  typed?: Typed
  faults?: Faults
}) {
  const { context, ward, choices, more, idempotencyKey, typed = {}, faults = {} } = props
  const { t, session } = context
  const [only] = choices.length === 1 ? choices : []
  if (choices.length === 0) return <p role="status">{t['desk.nobody']}</p>
  return (
    <PostForm action={`/desk/neighbours/${ward.id}/representatives`} csrf={session.csrf}>
      <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
      <Radios
        name="who"
        legend={t['desk.withWhom']}
        required
        value={only?.value ?? ''}
        choices={choices}
        fault={faults.who}
      />
      {choices.map(({ value, label }) => (
        <input type="hidden" name={`label_${value}`} value={label} />
      ))}
      {more ? <p>{t['desk.more']}</p> : ''}
      <Select
        name="kind"
        label={t['representatives.actsAs']}
        value={typed.kind ?? (ward.ofAge ? 'guardian' : 'parent')}
        options={representationKinds(t)}
      />
      <Limits t={t} on={(limit) => typed[limit] !== undefined} court={typed.court ?? ''} fault={faults.court} />
      <Button>{t['desk.save']}</Button>
    </PostForm>
  )
}

/** Children whose last representative left, died or was removed, with those registered beside them. */
function UnrepresentedPage(props: {
  context: DeskContext
  people: readonly Unrepresented[]
  more: string | undefined
}) {
  const { context, people, more } = props
  const { t, language, session } = context
  return (
    <Desk context={context} title={t['representatives.unrepresented']}>
      <h1>{t['representatives.unrepresented']}</h1>
      <p class="lead">{t['representatives.unrepresentedLead']}</p>
      {people.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <ul class="cards">
        {people.map(({ id, name, dateOfBirth, household }) => (
          <li>
            <a href={`/desk/neighbours/${id}/representatives`}>
              <bdi>{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
            </a>{' '}
            · {bornText(language, dateOfBirth)}
            {household.length > 0 ? (
              <>
                <p>{t['representatives.unrepresentedWith']}</p>
                <ul>
                  {household.map((mate) => (
                    <li>
                      <a href={`/desk/neighbours/${mate.id}`}>
                        <bdi>{mate.name ? nameText(mate.name, t['page.newbornOf']) : '…'}</bdi>
                      </a>{' '}
                      · {bornText(language, mate.dateOfBirth)}
                    </li>
                  ))}
                </ul>
              </>
            ) : (
              ''
            )}
            <PostForm action="/desk/unrepresented" csrf={session.csrf}>
              <Button secondary name="settle" value={id}>
                {t['representatives.unrepresentedSettle']}
              </Button>
            </PostForm>
          </li>
        ))}
      </ul>
      {more === undefined ? (
        ''
      ) : (
        <PostForm action="/desk/unrepresented" csrf={session.csrf}>
          <Button secondary name="after" value={more}>
            {t['desk.more']}
          </Button>
        </PostForm>
      )}
    </Desk>
  )
}
