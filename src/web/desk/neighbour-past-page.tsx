import type { LookUpPage } from '../../oversight/look-ups.ts'
import type { History } from '../../registry/person/history.ts'
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
    ['now', '', t.dRecord],
    ...(may('represent') ? [['acts', '/representatives', t.dActs] satisfies [Part, string, string]] : []),
    ...(opens('history') ? [['history', '/history', t.dHistory] satisfies [Part, string, string]] : []),
    ...(opens('lookUps') ? [['looked', '/looked', t.dLooked] satisfies [Part, string, string]] : []),
    ...(opens('waysIn') ? [['ways-in', '/ways-in', t.iTitle] satisfies [Part, string, string]] : []),
    ...(opens('messages') ? [['messages', '/messages', t.nTitle] satisfies [Part, string, string]] : []),
    ['leave', '/leave', t.dLeave],
  ]
  return (
    <nav aria-label={t.dRecord}>
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
    death: t.dDied,
    'moved-away': t.dMovedAway,
    duplicate: t.dDuplicate,
    'wrongly-registered': t.dWrongly,
    address: t.eMoved,
    'address-corrected': t.dAddressCorrected,
    'time-corrected': t.zCorrected,
    'start-refused': t.zRefused,
    'personal-data': t.eCorrected,
    representatives: t.dActsChanged,
    undone: t.dUndone,
    joined: t.dJoined,
    'taken-apart': t.dApartDone,
    residence: t.dStill,
    return: t.eReturned,
  }
  const protections: Record<string, string> = { hidden: t.dWasHidden, shown: t.dWasShown }
  return (
    <Desk context={context} title={t.dHistory}>
      <h1>{t.dHistory}</h1>
      <Tabs context={context} id={history.id} here="history" />
      <ol class="timeline">
        {history.movements.map((movement) => (
          <li>
            <strong>
              {movement.start?.seen && movement.cause === 'time-corrected'
                ? t.zConfirmed
                : (protections[movement.protection ?? ''] ?? causes[movement.cause] ?? t.eRegistered)}
            </strong>
            <br />
            {movement.start ? <DecidedStartLines context={context} start={movement.start} /> : ''}
            {movement.distinctBecause ? (
              <>
                {t.dBecause} {becauseNames(t)[movement.distinctBecause]}
                <br />
              </>
            ) : (
              ''
            )}
            {movement.takenDown ? (
              <>
                {t.dHowTaken}: {takenNames(t)[movement.takenDown]}
                <br />
              </>
            ) : (
              ''
            )}
            {movement.saidBy ? (
              <>
                {t.lSaidThemselves.replace('{how}', saidByNames(t)[movement.saidBy])}
                <br />
              </>
            ) : (
              ''
            )}
            {movement.changes?.length === 0 && movement.cause === 'personal-data' ? (
              <>
                {movement.earlierNameHidden ? t.dFormerChanged : t.dChangeElse}
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
            {t.dTrue} {dayText(language, movement.effectiveOn)} · {t.dKnown}{' '}
            {timeText(language, town.timeZone, movement.recordedAt)}
          </li>
        ))}
      </ol>
      <h2>{t.dWhere}</h2>
      {withinCase(context.requester).may('correct-time') ? (
        <p>
          <a href={`/desk/neighbours/${history.id}/dates`}>{t.zTitle}</a>
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
              ? ` (${t.dKnown} ${timeText(language, town.timeZone, period.recordedAt)} – ${timeText(language, town.timeZone, period.supersededAt)})`
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
    <Desk context={context} title={context.t.dLooked}>
      <h1>{context.t.dLooked}</h1>
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
