import type { Asked } from '../../requests/asked.ts'
import { AskedList } from '../record/asked-list.tsx'
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
