import { nameText } from '../../proofs/paper/paper.ts'
import type { WaitingStart } from '../../registry/residence/starts-waiting.ts'
import { dayText } from '../record/texts.ts'
import { NextPage } from '../ui/parts.tsx'
import { Desk, type DeskContext } from './shell.tsx'

/** Days that wait, opened when somebody asks for them. */
export function YearsPage(props: { context: DeskContext; starts: readonly WaitingStart[]; more: string | undefined }) {
  const { context, starts, more } = props
  const { t, language } = context
  return (
    <Desk context={context} title={t['dates.waiting']} here="/desk/work">
      <h1>{t['dates.waiting']}</h1>
      <p class="lead">{t['dates.waitingLead']}</p>
      {starts.length === 0 ? <p>{t['desk.noDrafts']}</p> : ''}
      <ul class="cards">
        {starts.map(({ neighbourId, name, from, residentSince, yours }) => (
          <li>
            <a href={`/desk/neighbours/${neighbourId}/dates`}>
              <bdi>{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
            </a>
            <p>
              {t['dates.was']}: {dayText(language, residentSince)} · {t['dates.will']}: {dayText(language, from)}
              {yours ? ` · ${t['dates.yours']}` : ''}
            </p>
          </li>
        ))}
      </ul>
      <NextPage t={t} path="/desk/years" more={more} first={context.query('after') === ''} />
    </Desk>
  )
}
