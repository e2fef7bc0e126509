import type { Asked } from '../../requests/read-asked.ts'
import { AskedList } from '../record/asked-list.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** What a neighbour asked the city, and what it answered. */
export function AskedPage(props: { context: OwnContext; asked: readonly Asked[] }) {
  const { context, asked } = props
  const { t } = context
  return (
    <Own context={context} heading={t['asked.title']}>
      {context.query('help') === '1' ? <p class="govuk-inset-text">{t['welfare.help']}</p> : ''}
      {asked.length === 0 ? <p>{t['asked.none']}</p> : ''}
      <AskedList context={context} asked={asked} />
      <p>
        <a href="/complain">{t['complaint.title']}</a>
      </p>
    </Own>
  )
}
