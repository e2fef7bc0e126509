import { listText } from '../../platform/counted.ts'
import type { Asked } from '../../requests/read-asked.ts'
import type { PageContext } from '../page-visit.ts'
import { kindNames, outcomeNames } from './complaint.tsx'
import { requestLines } from './request-text.ts'
import { dayText, timeText } from './texts.ts'

export function AskedList(props: { context: Pick<PageContext, 't' | 'language' | 'town'>; asked: readonly Asked[] }) {
  const { context, asked } = props
  const { t, language, town } = context
  const kinds = new Map<string, string>(kindNames(language))
  const outcomes = new Map<string, string>(outcomeNames(language))
  return (
    <ol class="cards">
      {asked.map(({ kind, request, attachments, receivedAt, dueOn, answer, outcome }) => (
        <li>
          <p>
            <strong>{kinds.get(kind)}</strong> · {timeText(language, town.timeZone, receivedAt)}
          </p>
          {requestLines(request, context).map((line) => (
            <p dir="auto">{line}</p>
          ))}
          {attachments.length > 0 ? (
            <p>
              {listText(
                language,
                attachments.map(({ mediaType }) =>
                  mediaType.startsWith('image/') ? t['complaint.photo'] : t['complaint.voice'],
                ),
              )}
            </p>
          ) : (
            ''
          )}
          {answer === undefined || outcome === undefined ? (
            <p>{t['complaint.waiting'].replace('{day}', dayText(language, dueOn))}</p>
          ) : (
            <>
              <h2>
                {t['complaint.answered']}: {outcomes.get(outcome)}
              </h2>
              <p dir="auto">{answer}</p>
            </>
          )}
        </li>
      ))}
    </ol>
  )
}
