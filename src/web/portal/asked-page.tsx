import type { Asked } from '../../requests/asked.ts'
import { bornText, dayText, timeText } from '../desk/shell.tsx'
import { listText } from '../ui/words.ts'
import { kindNames, outcomeNames } from './complain-page.tsx'
import { Own, type OwnVisit } from './shell.tsx'

/** What a neighbour asked the city, and what it answered. */
export function AskedPage(props: { visit: OwnVisit; asked: readonly Asked[] }) {
  const { visit, asked } = props
  const { t } = visit
  return (
    <Own visit={visit} heading={t.qTitle}>
      {visit.query('help') === '1' ? <p class="govuk-inset-text">{t.uHelp}</p> : ''}
      {asked.length === 0 ? <p>{t.qNone}</p> : ''}
      <AskedList visit={visit} asked={asked} />
      <p>
        <a href="/complain">{t.kTitle}</a>
      </p>
    </Own>
  )
}

export function AskedList(props: { visit: Pick<OwnVisit, 't' | 'language' | 'town'>; asked: readonly Asked[] }) {
  const { visit, asked } = props
  const { t, language, town } = visit
  const kinds = new Map<string, string>(kindNames(language))
  const outcomes = new Map<string, string>(outcomeNames(language))
  return (
    <ol class="cards">
      {asked.map(({ kind, text, newborn, attachments, receivedAt, dueOn, answer, outcome }) => (
        <li>
          <p>
            <strong>{kinds.get(kind)}</strong> · {timeText(language, town.timeZone, receivedAt)}
          </p>
          <p dir="auto">{text}</p>
          {newborn ? (
            <p>
              <bdi>{`${newborn.given} ${newborn.family}`.trim()}</bdi>
              {newborn.born ? ` · ${bornText(language, newborn.born)}` : ''}
            </p>
          ) : (
            ''
          )}
          {attachments.length > 0 ? (
            <p>
              {listText(
                language,
                attachments.map(({ mediaType }) => (mediaType.startsWith('image/') ? t.kPhoto : t.kVoice)),
              )}
            </p>
          ) : (
            ''
          )}
          {answer === undefined || outcome === undefined ? (
            <p>{t.kWaiting.replace('{day}', dayText(language, dueOn))}</p>
          ) : (
            <>
              <h2>
                {t.kAnswered}: {outcomes.get(outcome)}
              </h2>
              <p dir="auto">{answer}</p>
            </>
          )}
        </li>
      ))}
    </ol>
  )
}
