import type { Child } from 'hono/jsx'
import { purposes } from '../../firewall/policies.ts'
import type { LookUp } from '../../oversight/look-up-store.ts'
import type { LookUpPage } from '../../oversight/read-look-ups.ts'
import { listText } from '../../platform/counted.ts'
import type { PageContext } from '../page-visit.ts'
import type { Texts } from '../ui/language.ts'
import { Details } from '../ui/parts.tsx'
import { byText, visitsText } from './looked-text.ts'
import { timeText } from './texts.ts'

/** Who opened the record, why, and what they saw. */
export function LookUps(props: {
  context: Pick<PageContext, 't' | 'language' | 'town'>
  page: LookUpPage
  /** The path of this page, from which the older ones are reached. */
  path: string
  /** Whether these are the newest. */
  newest: boolean
  /** What can be done about a line. */
  beside?: (lookUp: LookUp) => Child
}) {
  const { context, page, path, newest, beside } = props
  const { t, language, town } = context
  return (
    <>
      <ol class="timeline">{page.lookUps.map((lookUp) => lineOf(lookUp))}</ol>
      <p class="govuk-button-group">
        {page.older === undefined ? (
          ''
        ) : (
          <a href={`${path}?before=${encodeURIComponent(page.older)}`}>{t['desk.older']}</a>
        )}
        {newest ? '' : <a href={path}>{t['lookedBy.newest']}</a>}
      </p>
    </>
  )

  function lineOf(lookUp: LookUp) {
    const { at, content, leafHash, by, settled } = lookUp
    const visits = visitsText(lookUp, { t, language, timeZone: town.timeZone })
    return (
      <li data-leaf={leafHash}>
        <strong>{timeText(language, town.timeZone, at)}</strong> · <bdi>{byText(by, t, language)}</bdi>
        {content.outcome === 'refused' ? ` · ${t['desk.refused']}` : ''}
        <br />
        {whyText(content, t, language)}
        <br />
        {visits ? <Details summary={visits.summary}>{visits.each}</Details> : ''}
        {settled ? (
          <>
            {t['lookedBy.settled']}
            <br />
          </>
        ) : (
          ''
        )}
        <small>{fieldNames(content.fields, t, language)}</small>
        {beside?.(lookUp) ?? ''}
      </li>
    )
  }
}

/** Why somebody was shown, and how: found by a search, or as perhaps the same person as another. */
export function whyText(
  { purpose, action }: Pick<LookUp['content'], 'purpose' | 'action'>,
  t: Texts,
  language: string,
): string {
  const how = purpose === 'duplicate-check' ? t['search.alike'] : action === 'search' ? t['search.search'] : undefined
  return [purposes.get(purpose)?.title[language] ?? t['firewall.whyOther'], ...(how ? [how] : [])].join(' · ')
}

/** What was opened, in words. */
export function fieldNames(fields: readonly string[], t: Texts, language: string): string {
  if (fields.length === 0) return t['fields.nothing']
  return listText(
    language,
    fields.map((field) => t[`fields.${field}` as keyof Texts] ?? field),
  )
}
