import type { OpenSession } from '../../identity/open-sessions.ts'
import type { Problem } from '../../platform/problem.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { OpenProceeding } from '../../registry/departure/proceedings-due.ts'
import { type Draft, TO_DECIDE } from '../../registry/register/drafts.ts'
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
    <Desk context={context} title={t.dWork} here="/desk/work" script={deskScript.address}>
      <h1>{t.dWork}</h1>
      <h2>{t.dDrafts}</h2>
      <Drafts context={context} drafts={drafts.filter(({ typed }) => !typed[TO_DECIDE])} />
      <h2>{t.dToDecide}</h2>
      <Drafts context={context} drafts={drafts.filter(({ typed }) => typed[TO_DECIDE])} />
      <h2>{t.kDesk}</h2>
      <p>
        {requests === 0 ? (
          t.dNoDrafts
        ) : (
          <a href="/desk/complaints">
            {t.kDesk}: <bdi>{requests}</bdi>
          </a>
        )}
      </p>
      {lookUps === '' ? (
        ''
      ) : (
        <>
          <h2>{t.dDrawn}</h2>
          <p>
            <a href="/desk/look-ups">
              {t.dDrawn}: <bdi>{lookUps}</bdi>
            </a>
          </p>
        </>
      )}
      {welfare === 0 ? (
        ''
      ) : (
        <>
          <h2>{t.uTitle}</h2>
          <p>
            <a href="/desk/welfare">
              {t.uTitle}: <bdi>{welfare}</bdi>
            </a>
          </p>
        </>
      )}
      {/* No number: it would count those who are protected. */}
      <h2>{t.zWaiting}</h2>
      <p>
        <a href="/desk/years">{t.nShow}</a>
      </p>
      <h2>{t.dProceedings}</h2>
      {closed ? (
        <p class="govuk-inset-text">{problemText(closed, t, { language, timeZone: town.timeZone })}</p>
      ) : proceedings.length === 0 ? (
        <p>{t.dNoDrafts}</p>
      ) : (
        ''
      )}
      <ul class="cards">
        {proceedings.map((proceeding) => (
          <Due context={context} proceeding={proceeding} />
        ))}
      </ul>
      <NextPage t={t} path="/desk/work" more={more} first={context.query('after') === ''} />
      <h2>{t.dJoins}</h2>
      <p>
        <a href="/desk/joins">{t.nShow}</a>
      </p>
      <h2>{t.dUnrepresented}</h2>
      <PostForm action="/desk/unrepresented" csrf={session.csrf}>
        <p>{unrepresented ? t.dUnrepresentedMaybe : t.dNoDrafts}</p>
        {unrepresented || requester.role === 'supervisor' ? <Button>{t.nShow}</Button> : ''}
      </PostForm>
      <h2>{t.dLetters}</h2>
      {letters === 0 ? (
        <p>{t.dNoDrafts}</p>
      ) : (
        <PostForm action="/desk/letters" target="_blank" rel="noopener" csrf={session.csrf}>
          <p>
            {t.dLettersLead} <bdi>{letters}</bdi>
          </p>
          <Button>{t.dPrint}</Button>
        </PostForm>
      )}
      <h2>{t.nReference}</h2>
      {kept === 0 ? (
        <p>{t.dNoDrafts}</p>
      ) : (
        <PostForm action="/desk/post" csrf={session.csrf}>
          <p>
            {t.nReferenceLead} <bdi>{kept}</bdi>
          </p>
          <Button>{t.nShow}</Button>
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
        <bdi>{name ? nameText(name, t.newbornOf) : '…'}</bdi>
      </a>{' '}
      · {proceedingNames(t)[cause]}
      <br />
      {answerBy ? t.lUntil.replace('{day}', dayText(language, answerBy)) : t.lNoNotice}
      {unread ? <strong class="govuk-tag">{t.lUnread}</strong> : ''}
    </li>
  )
}

function Drafts(props: { context: DeskContext; drafts: readonly Draft[] }) {
  const { context, drafts } = props
  const { t, language, town, session } = context
  if (drafts.length === 0) return <p>{t.dNoDrafts}</p>
  return (
    <ul class="cards">
      {drafts.map((draft) => (
        <li>
          <bdi>{`${draft.typed.p0_given ?? ''} ${draft.typed.p0_family ?? ''}`.trim() || '…'}</bdi> ·{' '}
          {timeText(language, town.timeZone, draft.updatedAt)}
          <p class="govuk-button-group">
            <a class="govuk-button" href={`/desk/register?draft=${draft.id}`}>
              {t.dContinue}
            </a>
          </p>
          <PostForm action="/desk/drafts/discard" csrf={session.csrf}>
            <Button secondary name="draft" value={draft.id}>
              {t.dDiscard}
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
    <Desk context={context} title={t.dSessions} here="/desk/sessions">
      <h1>{t.dSessions}</h1>
      <ul class="cards">
        {sessions.map((one) => (
          <li>
            {timeText(language, town.timeZone, one.signedInAt)} – {timeText(language, town.timeZone, one.lastSeenAt)}
            {one.here ? ` · ${t.dHere}` : ''}
            <PostForm action="/desk/sessions/close" csrf={session.csrf}>
              <Button secondary name="handle" value={one.handle}>
                {t.dCloseSession}
              </Button>
            </PostForm>
          </li>
        ))}
      </ul>
    </Desk>
  )
}
