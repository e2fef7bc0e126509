import { randomUUID } from 'node:crypto'
import { mustBePlain } from '../../firewall/free-text.ts'
import { type Path, pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { today } from '../../platform/clock.ts'
import { InvalidInput, NotFound } from '../../platform/problem.ts'
import type { Uuid } from '../../platform/uuid.ts'
import { NoRenderer, type Renderer } from '../../proofs/paper/paper.ts'
import {
  Answer,
  answerProceeding,
  decideProceeding,
  GivenBy,
  readAnswer,
  recordNotice,
  recordOpinion,
  standsInTheWay,
} from '../../registry/departure/decide-proceeding.ts'
import { type Leaving, openLeaving } from '../../registry/departure/hearing.ts'
import { CouncilOutcome, SaidBy } from '../../registry/departure/hearing-model.ts'
import { Departure, recordDeparture } from '../../registry/departure/record-departure.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { INFORMANTS } from '../../registry/person/channels.ts'
import {
  faultsOfDay,
  faultsOfDeathAway,
  faultsOfEnd,
  ImpossibleDates,
  lifeRules,
} from '../../registry/person/dates/life-dates.ts'
import { plainIn } from '../plain.tsx'
import { dayIn, type FormReader, faultsOf, lifeText, typedIn } from '../record/registration-form.ts'
import type { Typed } from '../record/typed.ts'
import type { signedInPages } from '../signed-in.tsx'
import type { Faults } from '../ui/form.tsx'
import { isLanguage, LOCALES } from '../ui/language.ts'
import { ApprovePage, AskAgainPage, LeavePage } from './leave-pages.tsx'
import { noticeToHandOver } from './notice-letter.ts'
import { type DeskContext, idempotencyKeyIn, idIn } from './shell.tsx'

const LONGEST_REASON = 2000
const at = (id: Uuid): Path => pathTo`/desk/neighbours/${id}`
const proceedingIn = (context: DeskContext) => ({
  neighbourId: idIn(context),
  proceedingId: context.params.proceeding ?? '',
})

type LeavingDeps = RegistryDeps & { renderer?: Renderer | undefined }

/** Somebody dies, leaves, or may not live here: what takes effect is asked once more on a page that says of whom and when. */
export function departingDesk(page: ReturnType<typeof signedInPages<'staff'>>, deps: LeavingDeps): void {
  const day = ({ town }: DeskContext) => today(deps.clock, town.timeZone)
  const readerOf = (context: DeskContext) => ({ ...context, rules: lifeRules(deps.clock, context.town) })
  const leaving = (context: DeskContext) =>
    openLeaving(deps, { town: context.town, by: context.requester }, idIn(context))
  /** The page of a departure once more, with what was typed into it and what is wrong. */
  const again = async (context: DeskContext, faults: Faults) =>
    Reply.page(
      await leaving(context),
      (open) => (
        <LeavePage
          context={context}
          leaving={open}
          // As it was typed, to the last letter: an answer may be long, and is nobody's to shorten.
          typed={Object.fromEntries(context.form.entries())}
          faults={faults}
          day={day(context)}
          idempotencyKey={context.form.get('idempotencyKey')}
        />
      ),
      422,
    )

  page({ method: 'get', path: '/desk/neighbours/:id/leave' }, async (context) =>
    Reply.page(await leaving(context), (open) => (
      <LeavePage context={context} leaving={open} typed={{}} day={day(context)} idempotencyKey={randomUUID()} />
    )),
  )
  page({ method: 'post', path: '/desk/neighbours/:id/leave' }, async (context) => {
    const { town, requester, form, t } = context
    const typed = typedIn(context)
    const { departure, faults } = departureIn(typed, readerOf(context))
    const long = form.get('reason').length > LONGEST_REASON
    if (departure === undefined || long)
      return again(context, { ...faults, ...(long ? { reason: t['leaving.reasonLong'] } : {}) })
    if (!form.has('sure')) {
      // Said to be about something else, it is counted once: when it is recorded.
      if (!form.has('plain'))
        await mustBePlain(deps.gate, { municipalityId: town.id, by: requester }, { schema: Departure, form: departure })
      let wrong = false
      const reply = Reply.page(await leaving(context), (open) => {
        // Nobody is asked whether they are sure of a day that cannot be.
        const faults = faultsOfLeaving(open, departure, readerOf(context))
        wrong = Object.keys(faults).length > 0
        const draw = {
          context,
          leaving: open,
          typed: { ...typed, ...(form.has('plain') ? { plain: 'yes' } : {}) },
          day: day(context),
        }
        return wrong ? (
          <LeavePage {...draw} faults={faults} idempotencyKey={form.get('idempotencyKey')} />
        ) : (
          <AskAgainPage {...draw} departure={departure} />
        )
      })
      return wrong ? reply.as(422) : reply
    }
    const conditions = { version: Number(form.get('version')), idempotencyKey: idempotencyKeyIn(context, 'leave') }
    try {
      await recordDeparture(deps, { town, by: requester }, { id: idIn(context), departure, conditions })
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error
      if (error instanceof ImpossibleDates) return again(context, faultsOf(error, context))
      const said = error.errors.some(({ pointer }) => pointer === '/saidBy')
      return again(context, said ? { saidBy: t['leaving.minor'] } : { on: t['leaving.onWrong'] })
    }
    return Reply.redirect(takesEffect(departure) ? at(idIn(context)) : pathTo`${at(idIn(context))}/leave`)
  })

  const step = (what: string, work: (context: DeskContext) => Promise<Reply | undefined>) =>
    page(
      { method: 'post', path: `/desk/neighbours/:id/proceedings/:proceeding/${what}` },
      async (context) => (await work(context)) ?? Reply.redirect(pathTo`${at(idIn(context))}/leave`),
    )
  step('notice', async (context) => {
    const { town, requester, form, t } = context
    const reader = readerOf(context)
    const typedDay = dayIn(typedIn(context), { name: 'told', formReader: reader }) ?? { fault: t['desk.wholeDay'] }
    const [impossible] = 'date' in typedDay ? faultsOfDay(reader.rules, typedDay.date, '/told') : []
    const day = impossible ? { fault: lifeText(impossible, reader) } : typedDay
    const by = GivenBy.safeParse(form.get('by'))
    const faults = {
      ...('fault' in day ? { told: day.fault } : {}),
      ...(by.success ? {} : { by: t['leaving.chooseWay'] }),
    }
    if ('fault' in day || !by.success) return again(context, faults)
    const on = day.date
    const given = { on, by: by.data }
    return unlessWrong(() =>
      recordNotice(
        deps,
        { town, by: requester },
        { at: proceedingIn(context), given, idempotencyKey: idempotencyKeyIn(context, `notice ${on} ${by.data}`) },
      ),
    ).then((wrong) => (wrong ? again(context, { told: t['leaving.toldWrong'] }) : undefined))
  })
  step('letter', async (context) => {
    const { renderer } = deps
    if (renderer === undefined) throw new NoRenderer()
    const { town, form, language } = context
    const chosen = form.get('language')
    const theirs = isLanguage(chosen) ? chosen : language
    const writtenAt = deps.clock.now()
    const pdf = await (await leaving(context)).mapAsync(({ proceeding }) => {
      if (proceeding === undefined) throw new NotFound()
      const sections = noticeToHandOver(proceeding, town, theirs)
      return renderer.plain(town, { title: LOCALES[theirs]['hearing.title'], language: theirs, writtenAt, sections })
    })
    return Reply.document(pdf, 'application/pdf', { 'content-disposition': 'inline; filename="padron.pdf"' })
  })
  step('answers', async (context) => {
    const { town, requester, form, t } = context
    const answer = Answer.safeParse({ text: form.get('words'), by: form.get('who') || 'neighbour' })
    if (!answer.success || answer.data.text === '') return again(context, { words: t['leaving.wordsWrong'] })
    const { neighbourId, proceedingId } = proceedingIn(context)
    const idempotencyKey = idempotencyKeyIn(context, 'answer')
    await answerProceeding(
      deps,
      { town, by: requester },
      { neighbourId, answer: answer.data, idempotencyKey: idempotencyKey, proceedingId },
    )
    return undefined
  })
  step('read', async (context) => {
    const answer = context.form.get('answer')
    await readAnswer(
      deps,
      { town: context.town, by: context.requester },
      { at: proceedingIn(context), answerId: answer, idempotencyKey: idempotencyKeyIn(context, `read ${answer}`) },
    )
    return undefined
  })
  step('opinion', async (context) => {
    const { town, requester, form, t } = context
    const day = dayIn(typedIn(context), { name: 'said', formReader: readerOf(context) }) ?? {
      fault: t['desk.wholeDay'],
    }
    const outcome = CouncilOutcome.safeParse(form.get('outcome'))
    const faults = {
      ...('fault' in day ? { said: day.fault } : {}),
      ...(outcome.success ? {} : { outcome: t['leaving.chooseOutcome'] }),
    }
    if ('fault' in day || !outcome.success) return again(context, faults)
    const on = day.date
    const opinion = { on, outcome: outcome.data }
    return unlessWrong(() =>
      recordOpinion(
        deps,
        { town, by: requester },
        { at: proceedingIn(context), opinion, idempotencyKey: idempotencyKeyIn(context, `opinion ${on}`) },
      ),
    ).then((wrong) => (wrong ? again(context, { said: t['leaving.toldWrong'] }) : undefined))
  })
  step('decision', async (context) => {
    const { town, requester, form } = context
    const decision = form.get('decision') === 'approved' ? 'approved' : 'withdrawn'
    if (decision === 'approved' && !form.has('sure'))
      return Reply.page(await leaving(context), (open) => {
        const { proceeding } = open
        const free = proceeding && standsInTheWay(town, proceeding, day(context)) === undefined
        const draw = { context, leaving: open, day: day(context), idempotencyKey: form.get('idempotencyKey') }
        return free ? <ApprovePage {...draw} proceeding={proceeding} /> : <LeavePage {...draw} typed={{}} />
      })
    await decideProceeding(
      deps,
      { town, by: requester },
      { at: proceedingIn(context), decision, idempotencyKey: idempotencyKeyIn(context, decision) },
    )
    return decision === 'approved' ? Reply.redirect(at(idIn(context))) : undefined
  })
}

/** Whether a step was refused for a day that cannot be. */
async function unlessWrong(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return false
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    return true
  }
}

/** What cannot be of the day of a departure, beside what is recorded of them. */
function faultsOfLeaving(leaving: Leaving, departure: Departure, reader: FormReader): Faults {
  if (!('on' in departure) || departure.on === undefined) return {}
  const { on } = departure
  const { began, dateOfBirth: born, departedOn: leftOn } = leaving
  const [impossible] =
    leftOn === undefined ? faultsOfEnd(reader.rules, { on, began, born }) : faultsOfDeathAway({ on, leftOn })
  return impossible ? { on: lifeText(impossible, reader) } : {}
}

/** Whether it takes effect at once; all else is decided with the neighbour heard. */
const takesEffect = (departure: Departure) =>
  departure.cause === 'death' || (departure.cause === 'moved-away' && departure.saidBy !== undefined)

/** A departure as it was typed, or what is missing, beside its field. */
function departureIn(
  typed: Typed,
  reader: FormReader & Pick<DeskContext, 'form'>,
): { departure?: Departure; faults: Faults } {
  const { t, rules, form } = reader
  const { cause = '' } = typed
  const said = dayIn(typed, { name: 'on', formReader: reader })
  const [impossible] = said && 'date' in said ? faultsOfEnd(rules, { on: said.date }) : []
  const wrong = impossible ? lifeText(impossible, reader) : said && 'fault' in said ? said.fault : undefined
  const onFault = wrong === undefined ? {} : { on: wrong }
  const from = said && 'date' in said ? { on: said.date } : {}
  if (cause === 'death' || cause === 'moved-away') {
    const saidBy = SaidBy.safeParse(typed.saidBy)
    const faults = {
      ...onFault,
      ...(cause === 'death' || saidBy.success ? {} : { saidBy: t['leaving.chooseHow'] }),
      ...(typed.reason?.trim() ? { reason: t['problem.otherAnswer'] } : {}),
    }
    if (Object.keys(faults).length > 0) return { faults }
    return parsed({ cause, ...from, ...(cause === 'death' ? {} : { saidBy: saidBy.data }) })
  }
  if (cause !== 'moved-away-heard' && cause !== 'wrongly-registered')
    return { faults: { cause: t['leaving.chooseCause'] } }
  const informant = INFORMANTS.find((one) => one === typed.informant)
  const reason = (typed.reason ?? '').trim()
  const faults = {
    ...(informant ? {} : { informant: t['leaving.chooseInformant'] }),
    ...(reason.length < 3 ? { reason: t['leaving.sayWhy'] } : {}),
    ...(said ? { on: t['problem.otherAnswer'] } : {}),
  }
  if (Object.keys(faults).length > 0) return { faults }
  return parsed({
    cause: cause === 'moved-away-heard' ? 'moved-away' : cause,
    reason,
    informant,
    ...plainIn(form),
  })

  function parsed(departure: object) {
    const { data } = Departure.safeParse(departure)
    return data === undefined ? { faults: { cause: t['problem.invalid'] } } : { departure: data, faults: {} }
  }
}
