import { standsInTheWay } from '../../registry/departure/decide-proceeding.ts'
import type { ProceedingToDecide } from '../../registry/departure/hearing.ts'
import {
  channelNames,
  councilNames,
  informantNames,
  proceedingNames,
  saidNames,
  wayNames,
} from '../record/proceeding-names.ts'
import { dayText, timeText } from '../record/texts.ts'
import type { Typed } from '../record/typed.ts'
import { Button, DateField, type Faults, Field, PostForm, Radios, Select } from '../ui/form.tsx'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Details, Fact, Facts } from '../ui/parts.tsx'
import { reasonText } from '../ui/problem-page.tsx'
import type { DeskContext } from './shell.tsx'

interface BoxProps {
  context: DeskContext
  proceeding: ProceedingToDecide
  typed: Typed
  faults: Faults
  day: Temporal.PlainDate
  idempotencyKey: string
  /** Nothing can be done here: it is shown once more before it is approved. */
  onlyRead?: boolean
}

const actionOf = ({ proceeding }: BoxProps, what: string) =>
  `/desk/neighbours/${proceeding.neighbourId}/proceedings/${proceeding.id}/${what}`

/** A departure under way: why, how they were told, what they answer, until when, and who may decide it. */
export function ProceedingBox(props: BoxProps) {
  const { context, proceeding, onlyRead } = props
  const { t, language, town } = context
  const { notice, announced, answerBy, council } = proceeding
  return (
    <section class="govuk-inset-text">
      <p>{t['desk.proceeding']}</p>
      <Facts>
        <Fact name={t['leaving.believed']}>{proceedingNames(t)[proceeding.cause]}</Fact>
        <Fact name={t['desk.reason']}>
          <span dir="auto">{proceeding.reason}</span>
        </Fact>
        <Fact name={t['leaving.informant']}>{informantNames(t)[proceeding.informant]}</Fact>
        <Fact name={t['leaving.opened']}>
          {timeText(language, town.timeZone, proceeding.openedAt)} ·{' '}
          {proceeding.openedByYou ? t['leaving.byYou'] : t['leaving.byColleague']}
        </Fact>
        <Fact name={t['leaving.announced']}>
          {announced
            ? `${channelNames(t)[announced.by]} · ${timeText(language, town.timeZone, announced.at)}`
            : t['messages.portal']}
        </Fact>
        <Fact name={t['leaving.notice']}>
          {notice ? `${dayText(language, notice.on)} · ${wayNames(t)[notice.by]}` : t['leaving.noNotice']}
        </Fact>
        {answerBy ? <Fact name={t['leaving.answerBy']}>{dayText(language, answerBy)}</Fact> : ''}
        {council ? (
          <Fact name={t['leaving.council']}>
            {councilNames(t)[council.outcome]} · {dayText(language, council.on)}
          </Fact>
        ) : (
          ''
        )}
      </Facts>
      <Answers {...props} />
      {onlyRead ? '' : <Steps {...props} />}
    </section>
  )
}

/** What was answered. Words are shown as they came, whatever they say. */
function Answers(props: BoxProps) {
  const { context, proceeding, idempotencyKey, onlyRead } = props
  const { t, language, session, town } = context
  return (
    <>
      <h2>{t['leaving.answers']}</h2>
      {proceeding.answers.length === 0 ? <p>{t['leaving.noAnswer']}</p> : ''}
      <ul class="cards">
        {proceeding.answers.map((answer) => (
          <li>
            <p>
              <strong>{saidNames(t)[answer.by]}</strong> · {timeText(language, town.timeZone, answer.receivedAt)}
              {answer.atDesk ? ` · ${t['leaving.atDesk']}` : ''}
            </p>
            <p dir="auto">{answer.text || t['hearing.lives']}</p>
            {answer.readAt ? (
              <p>{t['leaving.readOn'].replace('{day}', timeText(language, town.timeZone, answer.readAt))}</p>
            ) : onlyRead ? (
              ''
            ) : (
              <PostForm action={actionOf(props, 'read')} csrf={session.csrf}>
                <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
                <Button name="answer" value={answer.id}>
                  {t['leaving.read']}
                </Button>
              </PostForm>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

function Steps(props: BoxProps) {
  const { context, proceeding, typed, faults, day, idempotencyKey } = props
  const { t, language, session, town } = context
  const labels = { day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }
  const names = wayNames(t)
  const missing = standsInTheWay(town, proceeding, day)
  return (
    <>
      {proceeding.notice ? (
        ''
      ) : (
        <Details summary={t['leaving.noticeGive']} open={faults.told !== undefined || faults.by !== undefined}>
          <PostForm action={actionOf(props, 'letter')} target="_blank" rel="noopener" csrf={session.csrf}>
            <p class="govuk-hint">{t['leaving.letterHint']}</p>
            <LanguageSelect label={t['desk.speaks']} value={town.languages[0] ?? language} />
            <Button secondary>{t['leaving.letter']}</Button>
          </PostForm>
          <PostForm action={actionOf(props, 'notice')} csrf={session.csrf}>
            <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
            <Radios
              name="by"
              legend={t['leaving.way']}
              value={typed.by ?? ''}
              fault={faults.by}
              choices={(['in-person', 'letter', 'elsewhere', 'published'] as const).map((value) => ({
                value,
                label: names[value],
              }))}
            />
            <DateField
              name="told"
              legend={t['desk.notice']}
              fault={faults.told}
              labels={labels}
              value={(part) => typed[`told-${part}`] ?? ''}
            />
            <Button>{t['desk.save']}</Button>
          </PostForm>
        </Details>
      )}
      <Details summary={t['leaving.write']} open={faults.words !== undefined}>
        <PostForm action={actionOf(props, 'answers')} csrf={session.csrf}>
          <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
          <Select
            name="who"
            label={t['leaving.whoSays']}
            value={typed.who ?? 'neighbour'}
            options={Object.entries(saidNames(t))}
          />
          <Field
            name="words"
            label={t['leaving.words']}
            fault={faults.words}
            value={typed.words ?? ''}
            lines={4}
            auto
          />
          <Button>{t['desk.save']}</Button>
        </PostForm>
      </Details>
      {town.departureCouncil ? (
        <Details summary={t['leaving.council']} open={faults.said !== undefined || faults.outcome !== undefined}>
          <PostForm action={actionOf(props, 'opinion')} csrf={session.csrf}>
            <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
            <Radios
              name="outcome"
              legend={t['leaving.councilSays']}
              value={typed.outcome ?? ''}
              fault={faults.outcome}
              choices={Object.entries(councilNames(t)).map(([value, label]) => ({ value, label }))}
            />
            <DateField
              name="said"
              legend={t['leaving.councilOn']}
              fault={faults.said}
              labels={labels}
              value={(part) => typed[`said-${part}`] ?? ''}
            />
            <Button>{t['desk.save']}</Button>
          </PostForm>
        </Details>
      ) : (
        ''
      )}
      {missing ? <p>{reasonText(missing, t)}</p> : ''}
      <PostForm action={actionOf(props, 'decision')} csrf={session.csrf}>
        <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
        <p class="govuk-button-group">
          {missing ? (
            ''
          ) : (
            <Button name="decision" value="approved">
              {t['desk.approve']}
            </Button>
          )}
          <Button secondary name="decision" value="withdrawn">
            {t['leaving.withdraw']}
          </Button>
        </p>
      </PostForm>
    </>
  )
}
