import type { Asked } from '../../requests/asked.ts'
import { AskedList } from '../record/asked-list.tsx'
import { Own, type OwnContext } from './shell.tsx'

/** What a neighbour asked the city, and what it answered. */
export function AskedPage(props: { context: OwnContext; asked: readonly Asked[] }) {
  const { context, asked } = props
  const { t } = context
  return (
    <Own context={context} heading={t.qTitle}>
      {context.query('help') === '1' ? <p class="govuk-inset-text">{t.uHelp}</p> : ''}
      {asked.length === 0 ? <p>{t.qNone}</p> : ''}
      <AskedList context={context} asked={asked} />
      <p>
        <a href="/complain">{t.kTitle}</a>
      </p>
    </Own>
  )
}
