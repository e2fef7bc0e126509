import type { OpenSession } from '../../identity/end-session.ts'
import type { Problem } from '../../platform/problem.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { OpenProceeding } from '../../registry/departure/proceedings-due.ts'
import { type Draft, TO_DECIDE } from '../../registry/register/keep-draft.ts'
import { proceedingNames } from '../record/proceeding-names.ts'
import { dayText, timeText } from '../record/texts.ts'
import { Button, PostForm } from '../ui/form.tsx'
import { NextPage } from '../ui/parts.tsx'
import { problemText } from '../ui/problem-page.tsx'
import { deskScript } from './script.ts'
import { Desk, type DeskContext } from './shell.tsx'

/** What waits for this clerk. */
export function WorkPage(props: {
  context: DeskContext
  drafts: readonly Draft[]
  proceedings: readonly OpenProceeding[]
  /** Why those are not named now: whoever asks was shown as many people as their work needs. */
  closed?: Problem | undefined
  /** Where the next page of them begins. */
  more: string | undefined
  /** Neighbours with a message, whom nothing but a letter reaches. */
  letters: number
  /** What residents asked, and complaints, that are this person's to answer. */
  requests: number
  /** Look-ups of earlier days that were drawn by lot and are to be explained. */
  lookUps: string
  /** Neighbours without a fixed address whose post waits to be fetched. */
  kept: number
  /** Whether there may be a child nobody acts for. */
  unrepresented: boolean
  /** Children a supervisor should look after. */
  welfare: number
}) {
  const { context, drafts, proceedings, closed, more, letters, requests, lookUps, kept, unrepresented, welfare } = props
  const { t, language, town, session, requester } = context
  return (
    <Desk context={context} title={t['desk.work']} here="/desk/work" script={deskScript.address}>
      <h1>{t['desk.work']}</h1>
      <h2>{t['desk.drafts']}</h2>
      <Drafts context={context} drafts={drafts.filter(({ typed }) => !typed[TO_DECIDE])} />
      <h2>{t['work.toDecide']}</h2>
      <Drafts context={context} drafts={drafts.filter(({ typed }) => typed[TO_DECIDE])} />
      <h2>{t['complaint.desk']}</h2>
      <p>
        {requests === 0 ? (
          t['desk.noDrafts']
        ) : (
          <a href="/desk/complaints">
            {t['complaint.desk']}: <bdi>{requests}</bdi>
          </a>
        )}
      </p>
      {lookUps === '' ? (
        ''
      ) : (
        <>
          <h2>{t['oversight.drawn']}</h2>
          <p>
            <a href="/desk/look-ups">
              {t['oversight.drawn']}: <bdi>{lookUps}</bdi>
            </a>
          </p>
        </>
      )}
      {welfare === 0 ? (
        ''
      ) : (
        <>
          <h2>{t['welfare.title']}</h2>
          <p>
            <a href="/desk/welfare">
              {t['welfare.title']}: <bdi>{welfare}</bdi>
            </a>
          </p>
        </>
      )}
      {/* No number: it would count those who are protected. */}
      <h2>{t['dates.waiting']}</h2>
      <p>
        <a href="/desk/years">{t['messages.show']}</a>
      </p>
      <h2>{t['desk.proceedings']}</h2>
      {closed ? (
        <p class="govuk-inset-text">{problemText(closed, t, { language, timeZone: town.timeZone })}</p>
      ) : proceedings.length === 0 ? (
        <p>{t['desk.noDrafts']}</p>
      ) : (
        ''
      )}
      <ul class="cards">
        {proceedings.map((proceeding) => (
          <Due context={context} proceeding={proceeding} />
        ))}
      </ul>
      <NextPage t={t} path="/desk/work" more={more} first={context.query('after') === ''} />
      <h2>{t['join.joins']}</h2>
      <p>
        <a href="/desk/joins">{t['messages.show']}</a>
      </p>
      <h2>{t['representatives.unrepresented']}</h2>
      <PostForm action="/desk/unrepresented" csrf={session.csrf}>
        <p>{unrepresented ? t['representatives.unrepresentedMaybe'] : t['desk.noDrafts']}</p>
        {unrepresented || requester.role === 'supervisor' ? <Button>{t['messages.show']}</Button> : ''}
      </PostForm>
      <h2>{t['desk.letters']}</h2>
      {letters === 0 ? (
        <p>{t['desk.noDrafts']}</p>
      ) : (
        <PostForm action="/desk/letters" target="_blank" rel="noopener" csrf={session.csrf}>
          <p>
            {t['work.lettersLead']} <bdi>{letters}</bdi>
          </p>
          <Button>{t['desk.print']}</Button>
        </PostForm>
      )}
      <h2>{t['messages.reference']}</h2>
      {kept === 0 ? (
        <p>{t['desk.noDrafts']}</p>
      ) : (
        <PostForm action="/desk/post" csrf={session.csrf}>
          <p>
            {t['messages.referenceLead']} <bdi>{kept}</bdi>
          </p>
          <Button>{t['messages.show']}</Button>
        </PostForm>
      )}
    </Desk>
  )
}

/** A departure under way, in a line: its reason is opened on its own page. */
function Due(props: { context: DeskContext; proceeding: OpenProceeding }) {
  const { context, proceeding } = props
  const { t, language } = context
  const { neighbourId, name, cause, answerBy, unread } = proceeding
  return (
    <li>
      <a href={`/desk/neighbours/${neighbourId}/leave`}>
        <bdi>{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
      </a>{' '}
      · {proceedingNames(t)[cause]}
      <br />
      {answerBy ? t['leaving.until'].replace('{day}', dayText(language, answerBy)) : t['leaving.noNotice']}
      {unread ? <strong class="govuk-tag">{t['leaving.unread']}</strong> : ''}
    </li>
  )
}

function Drafts(props: { context: DeskContext; drafts: readonly Draft[] }) {
  const { context, drafts } = props
  const { t, language, town, session } = context
  if (drafts.length === 0) return <p>{t['desk.noDrafts']}</p>
  return (
    <ul class="cards">
      {drafts.map((draft) => (
        <li>
          <bdi>{`${draft.typed.p0_given ?? ''} ${draft.typed.p0_family ?? ''}`.trim() || '…'}</bdi> ·{' '}
          {timeText(language, town.timeZone, draft.updatedAt)}
          <p class="govuk-button-group">
            <a class="govuk-button" href={`/desk/register?draft=${draft.id}`}>
              {t['desk.continue']}
            </a>
          </p>
          <PostForm action="/desk/drafts/discard" csrf={session.csrf}>
            <Button secondary name="draft" value={draft.id}>
              {t['work.discard']}
            </Button>
          </PostForm>
        </li>
      ))}
    </ul>
  )
}

/** Where else one is signed in. */
export function SessionsPage(props: { context: DeskContext; sessions: readonly OpenSession[] }) {
  const { context, sessions } = props
  const { t, language, town, session } = context
  return (
    <Desk context={context} title={t['desk.sessions']} here="/desk/sessions">
      <h1>{t['desk.sessions']}</h1>
      <ul class="cards">
        {sessions.map((one) => (
          <li>
            {timeText(language, town.timeZone, one.signedInAt)} – {timeText(language, town.timeZone, one.lastSeenAt)}
            {one.here ? ` · ${t['desk.here']}` : ''}
            <PostForm action="/desk/sessions/close" csrf={session.csrf}>
              <Button secondary name="handle" value={one.handle}>
                {t['work.closeSession']}
              </Button>
            </PostForm>
          </li>
        ))}
      </ul>
    </Desk>
  )
}
