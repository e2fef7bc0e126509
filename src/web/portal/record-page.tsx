import type { History } from '../../registry/person/read-history.ts'
import { DecidedStartLines } from '../record/history.tsx'
import { saidByNames } from '../record/proceeding-names.ts'
import { dayText, timeText } from '../record/texts.ts'
import { Button, PostForm } from '../ui/form.tsx'
import { Fact, Facts } from '../ui/parts.tsx'
import { movementName, recordLines, saidLines } from './everything.ts'
import { Own, type OwnContext } from './shell.tsx'

/** The record as the city sees it, and its history. */
export function RecordPage(props: { context: OwnContext; history: History }) {
  const { context, history } = props
  const { t, language, town, session } = context
  const lines = recordLines(context, history)
  return (
    <Own context={context} heading={t['entrance.record']}>
      <Facts>
        {lines.map(([label, value]) => (
          <Fact name={label}>
            <bdi>{value}</bdi>
          </Fact>
        ))}
      </Facts>
      {saidLines(context, history).map((line) => (
        <p class="govuk-inset-text">{line}</p>
      ))}
      <p class="govuk-inset-text">{t['services.neverText']}</p>
      <h2>{t['desk.history']}</h2>
      <ol class="timeline">
        {history.movements.map((movement) => (
          <li>
            {movementName(movement, t)}
            <br />
            {movement.saidBy ? (
              <>
                {t['leaving.saidThemselves'].replace('{how}', saidByNames(t)[movement.saidBy])}
                <br />
              </>
            ) : (
              ''
            )}
            {movement.start ? <DecidedStartLines context={context} start={movement.start} /> : ''}
            {t['desk.true']} {dayText(language, movement.effectiveOn)} · {t['desk.known']}{' '}
            {timeText(language, town.timeZone, movement.recordedAt)}
          </li>
        ))}
      </ol>
      <PostForm action="/me/everything" csrf={session.csrf}>
        <p class="govuk-button-group">
          <Button name="as" value="pdf">
            {t['entrance.download']} (PDF)
          </Button>
          <Button secondary name="as" value="json">
            {t['entrance.download']} (JSON)
          </Button>
        </p>
      </PostForm>
      <p>
        <a href="/complain?kind=wrong-data">{t['complaint.wrong']}</a>
      </p>
    </Own>
  )
}
