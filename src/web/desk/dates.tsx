import { randomUUID } from 'node:crypto'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { counted } from '../../platform/counted.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { EvidenceStrength, type SaidStart } from '../../registry/model.ts'
import { faultsOfStart, ImpossibleDates, lifeRules } from '../../registry/person/dates/life-dates.ts'
import { correctStart, StartCorrection } from '../../registry/residence/correct-start.ts'
import { decideStart, StartDecision } from '../../registry/residence/decide-start.ts'
import { NothingChanges } from '../../registry/residence/move.ts'
import { daysBetween, StartImpossible, type WhyNot } from '../../registry/residence/periods.ts'
import { StartWaits } from '../../registry/residence/said-starts.ts'
import { type ResidenceDates, residenceDates, startsWaiting } from '../../registry/residence/starts-waiting.ts'
import { plainIn } from '../plain.tsx'
import { dayIn, faultsOf, idempotencyKeyOf, lifeText, typedIn } from '../record/registration-form.ts'
import { dayText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import { Button, DateField, ErrorSummary, type Faults, Field, PostForm, Radios, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { Fact, Facts } from '../ui/parts.tsx'
import { reasonText } from '../ui/problem-page.tsx'
import { Tabs } from './neighbour-past-page.tsx'
import { Desk, type DeskContext, idempotencyKeyIn, idIn } from './shell.tsx'
import { YearsPage } from './years-page.tsx'

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** Since when somebody lives here: days that were wrong are corrected, days that were said are confirmed or not. */
export function datesDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: RegistryDeps): void {
  page({ method: 'get', path: '/desk/neighbours/:id/dates' }, async (context) =>
    Reply.page(await residenceDates(deps, { town: context.town, by: context.requester }, idIn(context)), (dates) => (
      <DatesPage context={context} dates={dates} />
    )),
  )

  page({ method: 'post', path: '/desk/neighbours/:id/dates' }, async (context) => {
    const { town, requester, form, t } = context
    const typed = typedIn(context)
    const again = (faults: Faults) => pageOf(<CorrectPage context={context} typed={typed} faults={faults} />, 422)
    const residenceId = typed.residence ?? ''
    if (!isUuid(residenceId)) throw new NotFound()
    const rules = lifeRules(deps.clock, town)
    const said = dayIn(typed, { name: 'from', formReader: { ...context, rules } }) ?? { fault: t['desk.wholeDay'] }
    if ('fault' in said) return again({ from: said.fault })
    const from = said.date
    const [impossible] = faultsOfStart(rules, { since: from }, '/from')
    if (impossible) return again({ from: lifeText(impossible, context) })
    const correction = StartCorrection.safeParse({
      from,
      reason: typed.reason,
      ...plainIn(form),
      ...(form.has('everyone') ? { everyone: true } : {}),
      ...(form.has('never') ? { neverThere: true } : {}),
    })
    if (!correction.success) return again({ reason: t['dates.whyNeeded'] })
    if (!form.has('sure')) return pageOf(<SurePage context={context} typed={typed} from={from} />)
    const at = { neighbourId: idIn(context), residenceId }
    const conditions = { version: Number(typed.version), idempotencyKey: idempotencyKeyIn(context, 'start') }
    try {
      await correctStart(deps, { town, by: requester }, { at, correction: correction.data, conditions })
    } catch (error) {
      if (error instanceof StartImpossible) return again({ from: whyNot(t)[error.why] })
      if (error instanceof NothingChanges || error instanceof StartWaits)
        return again({ from: reasonText(error.code, t) })
      if (error instanceof ImpossibleDates) return again(faultsOf(error, context))
      if (!(error instanceof InvalidInput)) throw error
      return again({ from: t['dates.toCome'] })
    }
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}/dates`)
  })

  page({ method: 'post', path: '/desk/neighbours/:id/starts/:start' }, async (context) => {
    const { town, requester, form, t, params } = context
    const startId = params.start ?? ''
    if (!isUuid(startId)) throw new NotFound()
    const typed = typedIn(context)
    const again = (faults: Faults) => pageOf(<DecidePage context={context} typed={typed} faults={faults} />, 422)
    const refuses = form.get('act') === 'refuse'
    const decision = StartDecision.safeParse({
      ...(refuses
        ? { decision: 'refused', reason: typed.why, ...plainIn(form) }
        : { decision: 'confirmed', seen: typed.strength }),
      ...(form.has('everyone') ? { everyone: true } : {}),
    })
    if (!decision.success) return again(refuses ? { why: t['dates.whyNeeded'] } : { strength: t['dates.seenFault'] })
    const at = { neighbourId: idIn(context), startId }
    const conditions = { version: Number(typed.version), idempotencyKey: idempotencyKeyIn(context, 'decide') }
    try {
      await decideStart(deps, { town, by: requester }, { at, decision: decision.data, conditions })
    } catch (error) {
      if (error instanceof StartImpossible) return again({ strength: whyNot(t)[error.why] })
      if (error instanceof StartWaits) return again({ strength: reasonText(error.code, t) })
      if (error instanceof ImpossibleDates)
        return again({ strength: Object.values(faultsOf(error, context))[0] ?? t['desk.dayToCome'] })
      if (!(error instanceof InvalidInput)) throw error
      return again({ strength: t['dates.seenFault'] })
    }
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}`)
  })

  page({ method: 'get', path: '/desk/years' }, async (context) =>
    Reply.page(
      await startsWaiting(deps, { town: context.town, by: context.requester }, context.query('after')),
      ({ items, more }) => <YearsPage context={context} starts={items} more={more} />,
    ),
  )
}

const whyNot = (t: Texts): Record<WhyNot, string> => ({
  'after-its-end': t['dates.afterEnd'],
  'covers-another': t['dates.covers'],
  'was-away': t['dates.wasAway'],
})

/** Each residence with its days, and what waits. */
function DatesPage(props: { context: DeskContext; dates: ResidenceDates }) {
  const { context, dates } = props
  const { t, language } = context
  return (
    <Desk context={context} title={t['dates.title']}>
      <h1>{t['dates.title']}</h1>
      <Tabs context={context} id={dates.id} here="history" />
      <p class="lead">{t['dates.lead']}</p>
      <SaidBoxes
        context={context}
        id={dates.id}
        version={dates.version}
        said={dates.said}
        idempotencyKey={randomUUID()}
      />
      {dates.periods.toReversed().map((period) => (
        <section>
          <h2>
            {period.to === null ? `${t['desk.since']} ` : ''}
            {dayText(language, period.from)}
            {period.to === null ? '' : ` – ${dayText(language, period.to)}`}
          </h2>
          {period.id === context.query('residence') ? (
            <CorrectForm
              context={context}
              id={dates.id}
              typed={{
                residence: period.id,
                was: period.from,
                settled: period.settledFrom ?? period.from,
                version: String(dates.version),
                idempotencyKey: randomUUID(),
              }}
            />
          ) : (
            <p>
              <a href={`/desk/neighbours/${dates.id}/dates?residence=${period.id}`}>{t['desk.correct']}</a>
            </p>
          )}
        </section>
      ))}
    </Desk>
  )
}

/** The form once more, with what was typed into it and what is wrong. The record is not opened for it. */
function CorrectPage(props: { context: DeskContext; typed: Typed; faults: Faults }) {
  const { context, typed, faults } = props
  const { t, language } = context
  return (
    <Desk context={context} title={t['dates.title']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['dates.title']}</h1>
      <p>
        {t['dates.was']}: {dayText(language, dayOr(typed.was))}
      </p>
      <CorrectForm context={context} id={idIn(context)} typed={typed} faults={faults} />
      <Back context={context} />
    </Desk>
  )
}

function CorrectForm(props: { context: DeskContext; id: string; typed: Typed; faults?: Faults }) {
  const { context, id, typed, faults = {} } = props
  const { t, session } = context
  return (
    <PostForm action={`/desk/neighbours/${id}/dates`} csrf={session.csrf}>
      <Hidden typed={typed} names={['residence', 'was', 'settled', 'version']} />
      <input type="hidden" name="idempotencyKey" value={idempotencyKeyOf(typed)} />
      <DateField
        name="from"
        legend={t['dates.from']}
        fault={faults.from}
        labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
        value={(part) => typed[`from-${part}`] ?? ''}
      />
      <Field name="reason" label={t['dates.reason']} lines={3} value={typed.reason ?? ''} fault={faults.reason} auto />
      <Tick
        name="everyone"
        id={`everyone-${typed.residence}`}
        label={t['dates.everyone']}
        on={typed.everyone !== undefined}
      />
      <Tick name="never" id={`never-${typed.residence}`} label={t['dates.never']} on={typed.never !== undefined} />
      <Button>{t['desk.continue']}</Button>
    </PostForm>
  )
}

/** What will be, before it is: a day typed wrong moves what papers say. */
function SurePage(props: { context: DeskContext; typed: Typed; from: string }) {
  const { context, typed, from } = props
  const { t, language, session, town } = context
  const settled = dayOr(typed.settled) ?? from
  return (
    <Desk context={context} title={t['dates.sure']}>
      <h1>{t['dates.sure']}</h1>
      <Facts>
        <Fact name={t['dates.was']}>{dayText(language, dayOr(typed.was))}</Fact>
        <Fact name={t['dates.will']}>{dayText(language, from)}</Fact>
        <Fact name={t['desk.reason']}>
          <bdi>{typed.reason}</bdi>
        </Fact>
      </Facts>
      {typed.everyone === undefined ? '' : <p>{t['dates.everyone']}</p>}
      {typed.never === undefined ? '' : <p>{t['dates.never']}</p>}
      {Math.abs(daysBetween(settled, from)) > town.timeCorrectionDays ? (
        <p class="govuk-inset-text">{counted(t['dates.second'], language, { n: town.timeCorrectionDays })}</p>
      ) : (
        ''
      )}
      <PostForm action={`/desk/neighbours/${idIn(context)}/dates`} csrf={session.csrf}>
        <Hidden typed={typed} names={KEPT.filter((name) => typed[name] !== undefined)} />
        <Button name="sure" value="yes">
          {t['desk.save']}
        </Button>
      </PostForm>
      <Back context={context} />
    </Desk>
  )
}

const KEPT = [
  'residence',
  'was',
  'settled',
  'version',
  'idempotencyKey',
  'from-day',
  'from-month',
  'from-year',
  'reason',
  'everyone',
  'never',
]

/** Days that are said and wait: who may confirm the earliest does so here; the next one comes after it. */
export function SaidBoxes(props: {
  context: DeskContext
  id: string
  version: number
  said: readonly SaidStart[]
  idempotencyKey: string
}) {
  const { context, id, version, said, idempotencyKey } = props
  const { t, language } = context
  const [first, ...others] = said.toSorted((one, other) => one.from.localeCompare(other.from))
  if (first === undefined) return ''
  const typed = {
    start: first.id,
    said: first.from,
    version: String(version),
    idempotencyKey,
    ...(first.reason ? { because: first.reason } : {}),
    ...(first.yours ? { yours: 'yes' } : {}),
  }
  return (
    <>
      <DecideForm context={context} id={id} typed={typed} />
      {others.map(({ from }) => (
        <p class="govuk-inset-text">{t['dates.said'].replace('{day}', dayText(language, from))}</p>
      ))}
    </>
  )
}

/** The same once more, with what was typed into it and what is wrong. */
function DecidePage(props: { context: DeskContext; typed: Typed; faults: Faults }) {
  const { context, typed, faults } = props
  const { t, params } = context
  return (
    <Desk context={context} title={t['dates.title']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['dates.title']}</h1>
      <DecideForm
        context={context}
        id={idIn(context)}
        typed={{ ...typed, start: params.start ?? '' }}
        faults={faults}
      />
      <Back context={context} />
    </Desk>
  )
}

function DecideForm(props: { context: DeskContext; id: string; typed: Typed; faults?: Faults }) {
  const { context, id, typed, faults = {} } = props
  const { t, language, session } = context
  const { start = '', because, yours } = typed
  const labels = {
    'photo-document': t['desk.photo'],
    document: t['desk.document'],
    attestation: t['desk.attested'],
    declaration: t['desk.declared'],
  }
  return (
    <section class="govuk-inset-text">
      <p>{t['dates.said'].replace('{day}', dayText(language, dayOr(typed.said)))}</p>
      {because ? (
        <p>
          {t['desk.reason']}: <bdi>{because}</bdi>
        </p>
      ) : (
        ''
      )}
      {yours ? <p>{t['dates.yours']}</p> : ''}
      <PostForm action={`/desk/neighbours/${id}/starts/${start}`} csrf={session.csrf}>
        <Hidden
          typed={typed}
          names={['said', 'version', ...(because ? ['because'] : []), ...(yours ? ['yours'] : [])]}
        />
        <input type="hidden" name="idempotencyKey" value={idempotencyKeyOf(typed)} />
        {yours ? (
          ''
        ) : (
          <Radios
            name="strength"
            legend={t['dates.seen']}
            value={typed.strength ?? ''}
            fault={faults.strength}
            choices={EvidenceStrength.options.map((value) => ({ value, label: labels[value] }))}
          />
        )}
        <Tick name="everyone" id={`everyone-${start}`} label={t['dates.everyone']} on={typed.everyone !== undefined} />
        {yours ? (
          ''
        ) : (
          <Button name="act" value="confirm">
            {t['dates.confirm']}
          </Button>
        )}
        <Field name="why" label={t['dates.whyNot']} value={typed.why ?? ''} fault={faults.why} auto />
        <Button secondary name="act" value="refuse">
          {t['dates.refuse']}
        </Button>
      </PostForm>
    </section>
  )
}

function Hidden(props: { typed: Typed; names: readonly string[] }) {
  return props.names.map((name) => <input type="hidden" name={name} value={props.typed[name] ?? ''} />)
}

function Back({ context }: { context: DeskContext }) {
  return (
    <p>
      <a href={`/desk/neighbours/${idIn(context)}/dates`}>{context.t['desk.back']}</a>
    </p>
  )
}

/** A day that a form was drawn with, and gives back. */
const dayOr = (text: string | undefined) => (text !== undefined && DAY.test(text) ? text : undefined)
