import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { pathTo } from '../../http/path.ts'
import { Reply } from '../../http/reply.ts'
import { relyingParty } from '../../identity/sign-in-with-passkey.ts'
import { NotFound } from '../../platform/problem.ts'
import { isUuid } from '../../platform/uuid.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { profiles } from '../../proofs/profiles.ts'
import { endWaysIn, waysIn } from '../../registry/person/end-ways-in.ts'
import { CardNeedsWord, EarlierCardWrong, giveCard, WordTooShort } from '../../registry/person/give-card.ts'
import { offerEnrolment } from '../../registry/person/offer-enrolment.ts'
import {
  answerComplaint,
  type ComplaintToAnswer,
  complaintsToAnswer,
  openAttachment,
} from '../../requests/answer-complaint.ts'
import { bookHearing, freeTimes } from '../../requests/book-hearing.ts'
import { kindOf, OUTCOMES } from '../../requests/complain.ts'
import { type ReportedOrganisation, whoGives } from '../../requests/service-reports.ts'
import { bornTyped } from '../record/born-fields.tsx'
import { AppointmentSlip, kindNames, outcomeNames, TimeSelect, writtenKinds } from '../record/complaint.tsx'
import { endingIn, type NotEnding } from '../record/ending.ts'
import { requestLines } from '../record/request-text.ts'
import { dayText, hourText } from '../record/texts.ts'
import { pageOf, type signedInPages } from '../signed-in.tsx'
import { Button, type Faults, Field, PostForm, Select } from '../ui/form.tsx'
import { isLanguage, type Language, languageName } from '../ui/language.ts'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Details, NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext, idIn } from './shell.tsx'
import { CardPage, EnrolmentPage, WaysInPage, WordPage } from './ways-in-pages.tsx'

type Pages = ReturnType<typeof signedInPages<'staff'>>

/** What the desk does for the portal: handing over the way in, and answering what people write. */
export function portalDesk(page: Pages, deps: ProofDeps): void {
  page({ method: 'post', path: '/desk/neighbours/:id/portal' }, async (context) => {
    const id = context.params.id ?? ''
    if (!isUuid(id)) throw new NotFound()
    if (context.form.get('what') === 'cancel') {
      await endWaysIn(
        deps,
        { town: context.town, by: context.requester },
        { neighbourId: id, ending: { what: 'lost', telephonesToo: false } },
      )
      return Reply.redirect(pathTo`/desk/neighbours/${id}/ways-in?ended=1`)
    }
    if (context.form.get('what') === 'phone') {
      const origin = relyingParty(context.town).origins[0]
      return Reply.page(
        await offerEnrolment(
          deps,
          { town: context.town, by: context.requester },
          { neighbourId: id, source: context.source },
        ),
        ({ code }) => <EnrolmentPage context={context} id={id} link={`${origin}/me/enrol#${code}`} />,
      )
    }
    try {
      const word = context.form.get('word') || undefined
      const earlier = earlierIn(context)
      const card = await giveCard(
        deps,
        { town: context.town, by: context.requester },
        { neighbourId: id, word, source: context.source, ...(earlier ? { earlier } : {}) },
      )
      return Reply.page(card, (given) => <CardPage context={context} id={id} card={given} word={word !== undefined} />)
    } catch (error) {
      const { t } = context
      const faults: Faults | undefined =
        error instanceof EarlierCardWrong
          ? { earlierCode: t['waysIn.earlierNo'] }
          : error instanceof WordTooShort
            ? { word: t['waysIn.wordShort'] }
            : error instanceof CardNeedsWord
              ? { word: t['entrance.wordAsk'] }
              : undefined
      if (faults === undefined) throw error
      return pageOf(<WordPage context={context} id={id} faults={faults} />, 422)
    }
  })
  const ways = async (context: DeskContext, wrong?: NotEnding) =>
    Reply.page(
      await waysIn(deps, { town: context.town, by: context.requester }, { neighbourId: idIn(context) }),
      (list) => <WaysInPage context={context} id={idIn(context)} ways={list} {...wrong} />,
      wrong ? 422 : 200,
    )
  page({ method: 'get', path: '/desk/neighbours/:id/ways-in', quiet: true }, (context) => ways(context))
  page({ method: 'post', path: '/desk/neighbours/:id/ways-in', quiet: true }, async (context) => {
    const ending = endingIn(context, deps)
    if ('faults' in ending) return ways(context, ending)
    await endWaysIn(deps, { town: context.town, by: context.requester }, { neighbourId: idIn(context), ending })
    return Reply.redirect(pathTo`/desk/neighbours/${idIn(context)}/ways-in?ended=1`)
  })
  page({ method: 'get', path: '/desk/complaints', quiet: true }, async (context) => {
    const times = await freeTimes(deps, context.town)
    const cursor = context.query('after')
    const givers = await whoGives(deps, context.town)
    return Reply.page(
      await complaintsToAnswer(deps, { town: context.town, by: context.requester }, cursor),
      ({ items, more }) => (
        <ComplaintsPage context={context} complaints={items} times={times} more={more} givers={givers} />
      ),
    )
  })
  page({ method: 'post', path: '/desk/appointments', quiet: true }, async (context) => {
    const { town, form, requester, language } = context
    const wanted = form.get('language')
    const theirs = isLanguage(wanted) ? wanted : language
    const idempotencyKey = form.get('idempotencyKey') || undefined
    const hearing = { kind: kindOf(form.get('kind')), language: theirs, at: form.get('at'), idempotencyKey }
    const { reference, at } = await bookHearing(deps, town, { wanted: hearing, source: requester.id })
    return pageOf(<AppointmentPage context={context} language={theirs} at={at} code={reference} />)
  })
  page({ method: 'get', path: '/desk/complaints/attachments/:id', quiet: true }, async (context) => {
    const id = context.params.id ?? ''
    if (!isUuid(id)) throw new NotFound()
    return Reply.download(await openAttachment(deps, { town: context.town, by: context.requester }, id), 'padron')
  })
  page({ method: 'post', path: '/desk/complaints', quiet: true }, async ({ town, requester, form }) => {
    const outcome = OUTCOMES.find((one) => one === form.get('outcome')) ?? 'answered'
    const said = form.get('answer')
    const which = form.get('organisation') || undefined
    if (which !== undefined && !z.uuid().safeParse(which).success) throw new NotFound()
    await answerComplaint(
      deps,
      { town, by: requester },
      { id: form.get('complaint'), answer: said, outcome, organisationId: which },
    )
    return Reply.redirect('/desk/complaints')
  })
}

/** The card somebody brings, where they bring one. */
function earlierIn({ form }: DeskContext): { code: string; word: string } | undefined {
  const [code, word] = [form.get('earlierCode'), form.get('earlierWord')]
  return code === '' && word === '' ? undefined : { code, word }
}

function AppointmentPage(props: { context: DeskContext; language: Language; at: string; code: string }) {
  const { context, language, at, code } = props
  const { t, town } = context
  return (
    <Desk context={context} title={t['appointment.desk']}>
      <h1 class="no-print">{t['appointment.desk']}</h1>
      <AppointmentSlip town={town} language={language} at={at} code={code} />
      <p class="no-print">
        <a href="/desk/complaints">{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** Somebody at the desk who wants to complain, perhaps of the desk: whoever hears them is somebody else. */
function HearingBox(props: { context: DeskContext; times: readonly string[] }) {
  const { context, times } = props
  const { t, language, session, town } = context
  return (
    <Details summary={t['appointment.desk']}>
      {times.length === 0 ? (
        <p>{t['appointment.none']}</p>
      ) : (
        <PostForm action="/desk/appointments" csrf={session.csrf}>
          <input type="hidden" name="idempotencyKey" value={randomUUID()} />
          <p class="govuk-hint">{t['appointment.deskHint']}</p>
          <TimeSelect town={town} language={language} times={times} />
          <Select name="kind" label={t['complaint.kind']} value="refused" options={writtenKinds(language)} />
          <LanguageSelect label={t['desk.speaks']} value={language} />
          <Button>{t['appointment.book']}</Button>
        </PostForm>
      )}
    </Details>
  )
}

function ComplaintsPage(props: {
  context: DeskContext
  complaints: readonly ComplaintToAnswer[]
  times: readonly string[]
  more: string | undefined
  givers: ReadonlyMap<string, ReportedOrganisation[]>
}) {
  const { context, complaints, times, more, givers } = props
  const { t, language, session, town } = context
  const kinds = new Map<string, string>(kindNames(language))
  return (
    <Desk context={context} title={t['complaint.desk']} here="/desk/complaints">
      <h1>{t['complaint.desk']}</h1>
      <HearingBox context={context} times={times} />
      {complaints.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <ul class="cards">
        {complaints.map((complaint) => (
          <li>
            <strong>{kinds.get(complaint.kind)}</strong> ·{' '}
            {t['complaint.waiting'].replace('{day}', dayText(language, complaint.dueOn))} ·{' '}
            {languageName(complaint.language)}
            {complaint.escalated ? ` · ${t['complaint.escalated']}` : ''}
            {complaint.appointment ? (
              <p>
                {complaint.appointment.state === 'expected' ? (
                  <>
                    {t['appointment.expects']}{' '}
                    <strong>{hourText(language, town.timeZone, complaint.appointment.at)}</strong>
                  </>
                ) : (
                  (complaint.appointment.state === 'past'
                    ? t['appointment.deskPast']
                    : t['appointment.deskGone']
                  ).replace('{at}', hourText(language, town.timeZone, complaint.appointment.at))
                )}
              </p>
            ) : (
              ''
            )}
            {complaint.report ? <Reported context={context} report={complaint.report} /> : ''}
            {requestLines(complaint.request, context).map((line) => (
              <p dir="auto">{line}</p>
            ))}
            {complaint.answer ? (
              <p dir="auto">
                {t['complaint.answered']}: {complaint.answer}
              </p>
            ) : (
              ''
            )}
            {complaint.attachments.length > 0 ? (
              <p>
                {complaint.attachments.map((added, n) => (
                  <>
                    <a href={`/desk/complaints/attachments/${added.id}`}>
                      {added.mediaType.startsWith('image/') ? t['complaint.photo'] : t['complaint.voice']} {n + 1}
                    </a>{' '}
                  </>
                ))}
              </p>
            ) : (
              ''
            )}
            <Asked context={context} complaint={complaint} />
            <PostForm action="/desk/complaints" csrf={session.csrf}>
              <input type="hidden" name="complaint" value={complaint.id} />
              <Field
                name="answer"
                id={`answer-${complaint.id}`}
                label={t['complaint.answer']}
                lines={3}
                required
                auto
              />
              {complaint.report && complaint.report.organisationId === undefined ? (
                <Select
                  name="organisation"
                  id={`which-${complaint.id}`}
                  label={t['serviceReport.which']}
                  options={[
                    ['', t['serviceReport.unknown']],
                    ...(givers.get(complaint.report.service) ?? []).map(({ id, name }) => [id, name] as const),
                  ]}
                />
              ) : (
                ''
              )}
              <Select
                name="outcome"
                id={`outcome-${complaint.id}`}
                label={t['complaint.outcome']}
                options={outcomeNames(language)}
              />
              <Button>{t['complaint.answer']}</Button>
            </PostForm>
          </li>
        ))}
      </ul>
      <NextPage t={t} path="/desk/complaints" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}

/** Which service is reported, and of what. Nobody knows by whom. */
function Reported(props: { context: DeskContext; report: NonNullable<ComplaintToAnswer['report']> }) {
  const { context, report } = props
  const { t, language } = context
  return (
    <p>
      {profiles.get(report.service)?.title[language] ?? report.service}
      {report.organisation ? (
        <>
          {' '}
          (<bdi>{report.organisation}</bdi>)
        </>
      ) : (
        ''
      )}
      : {report.fault === 'too-much' ? t['serviceReport.tooMuch'] : t['serviceReport.turnedAway']}
    </p>
  )
}

/** Whoever asked, and what they asked, ready to be done: the page to end a registration, the form with a child filled in. */
function Asked(props: { context: DeskContext; complaint: ComplaintToAnswer }) {
  const { context, complaint } = props
  const { t, session, requester } = context
  const { neighbourId, request } = complaint
  if (neighbourId === null || requester.role === 'legal') return ''
  return (
    <>
      <p>
        <a href={`/desk/neighbours/${neighbourId}`}>{t['desk.who']}</a>
      </p>
      {request.asks === 'leave' ? (
        <p>
          <a href={`/desk/neighbours/${neighbourId}/leave`}>{t['desk.leave']}</a>
        </p>
      ) : (
        ''
      )}
      {request.asks === 'birth' ? (
        <PostForm action="/desk/register" csrf={session.csrf}>
          {Object.entries({
            of: neighbourId,
            p0_given: request.newborn.given,
            p0_family: request.newborn.family,
            ...bornTyped('p0_', request.newborn.born, t),
            p0_guardian: neighbourId,
          }).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <Button secondary name="act" value="fill">
            {t['desk.register']}
          </Button>
        </PostForm>
      ) : (
        ''
      )}
    </>
  )
}
