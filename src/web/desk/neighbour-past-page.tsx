import type { LookUpPage } from '../../oversight/read-look-ups.ts'
import type { History } from '../../registry/person/read-history.ts'
import { changeText, DecidedStartLines, placeText } from '../record/history.tsx'
import { LookUps } from '../record/look-ups.tsx'
import { saidByNames } from '../record/proceeding-names.ts'
import { becauseNames, takenNames } from '../record/registration-names.ts'
import { dayText, timeText } from '../record/texts.ts'
import { withinCase } from './purpose.ts'
import { Desk, type DeskContext } from './shell.tsx'

type Part = 'now' | 'acts' | 'history' | 'looked' | 'ways-in' | 'messages' | 'leave'

export function Tabs(props: { context: DeskContext; id: string; here: Part }) {
  const { t, requester } = props.context
  const { opens, may } = withinCase(requester)
  const rooms: [Part, string, string][] = [
    ['now', '', t['desk.record']],
    ...(may('represent')
      ? [['acts', '/representatives', t['representatives.acts']] satisfies [Part, string, string]]
      : []),
    ...(opens('history') ? [['history', '/history', t['desk.history']] satisfies [Part, string, string]] : []),
    ...(opens('lookUps') ? [['looked', '/looked', t['desk.looked']] satisfies [Part, string, string]] : []),
    ...(opens('waysIn') ? [['ways-in', '/ways-in', t['waysIn.title']] satisfies [Part, string, string]] : []),
    ...(opens('messages') ? [['messages', '/messages', t['messages.title']] satisfies [Part, string, string]] : []),
    ['leave', '/leave', t['desk.leave']],
  ]
  return (
    <nav aria-label={t['desk.record']}>
      <ul class="parts">
        {rooms.map(([part, path, text]) => (
          <li>
            <a
              href={`/desk/neighbours/${props.id}${path}`}
              {...(part === props.here ? { 'aria-current': 'page' } : {})}
            >
              {text}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** What was true, and when the registry learned it. */
export function HistoryPage(props: { context: DeskContext; history: History }) {
  const { context, history } = props
  const { t, language, town } = context
  const causes: Record<string, string> = {
    death: t['desk.died'],
    'moved-away': t['desk.movedAway'],
    duplicate: t['desk.duplicate'],
    'wrongly-registered': t['desk.wrongly'],
    address: t['erasure.moved'],
    'address-corrected': t['past.addressCorrected'],
    'time-corrected': t['dates.corrected'],
    'start-refused': t['dates.refused'],
    'personal-data': t['erasure.corrected'],
    representatives: t['representatives.actsChanged'],
    undone: t['desk.undone'],
    joined: t['desk.joined'],
    'taken-apart': t['join.apartDone'],
    residence: t['desk.still'],
    return: t['erasure.returned'],
  }
  const protections: Record<string, string> = { hidden: t['desk.wasHidden'], shown: t['desk.wasShown'] }
  return (
    <Desk context={context} title={t['desk.history']}>
      <h1>{t['desk.history']}</h1>
      <Tabs context={context} id={history.id} here="history" />
      <ol class="timeline">
        {history.movements.map((movement) => (
          <li>
            <strong>
              {movement.start?.seen && movement.cause === 'time-corrected'
                ? t['dates.confirmed']
                : (protections[movement.protection ?? ''] ?? causes[movement.cause] ?? t['erasure.registered'])}
            </strong>
            <br />
            {movement.start ? <DecidedStartLines context={context} start={movement.start} /> : ''}
            {movement.distinctBecause ? (
              <>
                {t['desk.because']} {becauseNames(t)[movement.distinctBecause]}
                <br />
              </>
            ) : (
              ''
            )}
            {movement.takenDown ? (
              <>
                {t['taken.howTaken']}: {takenNames(t)[movement.takenDown]}
                <br />
              </>
            ) : (
              ''
            )}
            {movement.saidBy ? (
              <>
                {t['leaving.saidThemselves'].replace('{how}', saidByNames(t)[movement.saidBy])}
                <br />
              </>
            ) : (
              ''
            )}
            {movement.changes?.length === 0 && movement.cause === 'personal-data' ? (
              <>
                {movement.earlierNameHidden ? t['past.formerChanged'] : t['past.changeElse']}
                <br />
              </>
            ) : (
              ''
            )}
            {(movement.changes ?? []).map((change) => (
              <>
                <bdi>{changeText(change, context)}</bdi>
                <br />
              </>
            ))}
            {t['desk.true']} {dayText(language, movement.effectiveOn)} · {t['desk.known']}{' '}
            {timeText(language, town.timeZone, movement.recordedAt)}
          </li>
        ))}
      </ol>
      <h2>{t['desk.where']}</h2>
      {withinCase(context.requester).may('correct-time') ? (
        <p>
          <a href={`/desk/neighbours/${history.id}/dates`}>{t['dates.title']}</a>
        </p>
      ) : (
        ''
      )}
      <ol class="timeline">
        {history.residences.map((period) => (
          <li>
            {'address' in period ? (
              <>
                <strong>
                  <bdi>{placeText(period.address, t)}</bdi>
                </strong>
                <br />
              </>
            ) : (
              ''
            )}
            {dayText(language, period.validFrom)} – {period.validTo ? dayText(language, period.validTo) : '…'}
            {period.supersededAt
              ? ` (${t['desk.known']} ${timeText(language, town.timeZone, period.recordedAt)} – ${timeText(language, town.timeZone, period.supersededAt)})`
              : ''}
          </li>
        ))}
      </ol>
    </Desk>
  )
}

export function LookedPage(props: { context: DeskContext; id: string; page: LookUpPage }) {
  const { context, id, page } = props
  return (
    <Desk context={context} title={context.t['desk.looked']}>
      <h1>{context.t['desk.looked']}</h1>
      <Tabs context={context} id={id} here="looked" />
      <LookUps
        context={context}
        page={page}
        path={`/desk/neighbours/${id}/looked`}
        newest={context.query('before') === ''}
      />
    </Desk>
  )
}
