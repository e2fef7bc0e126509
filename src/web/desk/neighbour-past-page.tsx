import type { Child } from 'hono/jsx'
import { purposes } from '../../firewall/policies.ts'
import type { LookUp, LookUpPage } from '../../oversight/look-ups.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { Address, DecidedStart } from '../../registry/model.ts'
import type { Change, History } from '../../registry/person/history.ts'
import type { Texts } from '../ui/language.ts'
import { Details } from '../ui/parts.tsx'
import { listText } from '../ui/words.ts'
import { byText, visitsText } from './looked-text.ts'
import { saidByNames } from './proceeding-box.tsx'
import { withinCase } from './purpose.ts'
import { becauseNames, takenNames } from './register-page.tsx'
import { bornText, Desk, type DeskVisit, dayText, timeText } from './shell.tsx'

type Part = 'now' | 'acts' | 'history' | 'looked' | 'ways-in' | 'messages' | 'leave'

export function Tabs(props: { visit: DeskVisit; id: string; here: Part }) {
  const { t, requester } = props.visit
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
export function HistoryPage(props: { visit: DeskVisit; history: History }) {
  const { visit, history } = props
  const { t, language, town } = visit
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
    <Desk visit={visit} title={t.dHistory}>
      <h1>{t.dHistory}</h1>
      <Tabs visit={visit} id={history.id} here="history" />
      <ol class="timeline">
        {history.movements.map((movement) => (
          <li>
            <strong>
              {movement.start?.seen && movement.cause === 'time-corrected'
                ? t.zConfirmed
                : (protections[movement.protection ?? ''] ?? causes[movement.cause] ?? t.eRegistered)}
            </strong>
            <br />
            {movement.start ? <DecidedStartLines visit={visit} start={movement.start} /> : ''}
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
                <bdi>{changeText(change, visit)}</bdi>
                <br />
              </>
            ))}
            {t.dTrue} {dayText(language, movement.effectiveOn)} · {t.dKnown}{' '}
            {timeText(language, town.timeZone, movement.recordedAt)}
          </li>
        ))}
      </ol>
      <h2>{t.dWhere}</h2>
      {withinCase(visit.requester).may('correct-time') ? (
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

/** Where somebody was, in words; of no fixed address what they said too. */
export function placeText(address: Address | undefined, t: Texts): string {
  if (address === undefined) return '–'
  if (address.kind !== 'no-fixed-address') return addressText(address)
  return [
    t.dKindNone,
    ...(address.usualArea ? [t.dSaidSo.replace('{words}', () => address.usualArea ?? '')] : []),
  ].join(' · ')
}

/** What stood there and what has since, in words. */
export function changeText(change: Change, { t, language }: Pick<DeskVisit, 't' | 'language'>): string {
  const [what, was, is] =
    change.field === 'name'
      ? [t.fname, ...[change.was, change.is].map((name) => (name ? nameText(name, t.newbornOf) : '–'))]
      : change.field === 'address'
        ? [t.dWhere, ...[change.was, change.is].map((address) => placeText(address, t))]
        : [t.dBorn, ...[change.was, change.is].map((date) => bornText(language, date))]
  const words: Record<string, string | undefined> = { what, was, is }
  return t.dChange.replaceAll(/\{(\w+)\}/g, (_, name: string) => words[name] ?? '')
}

/** How a first day was decided: from which to which, why, with what, and by whom in words. */
export function DecidedStartLines(props: { visit: Pick<DeskVisit, 't' | 'language'>; start: DecidedStart }) {
  const { visit, start } = props
  return decidedStartLines(visit, start).map((line) => (
    <>
      <bdi>{line}</bdi>
      <br />
    </>
  ))
}

export function decidedStartLines({ t, language }: Pick<DeskVisit, 't' | 'language'>, start: DecidedStart): string[] {
  const seen = { 'photo-document': t.dPhoto, document: t.dDocument, attestation: t.dAttested, declaration: t.dDeclared }
  const { role, office } = start.by
  return [
    `${dayText(language, start.was)} → ${dayText(language, start.said)}`,
    ...(start.seen ? [`${t.zSeen}: ${seen[start.seen]}`] : []),
    ...(start.reason ? [t.zMineWhy.replace('{reason}', start.reason)] : []),
    [role === 'supervisor' ? t.zSupervisor : t.zClerk, ...(office ? [office] : [])].join(' · '),
  ]
}

/** Who opened the record, why, and what they saw. */
export function LookUps(props: {
  visit: Pick<DeskVisit, 't' | 'language' | 'town'>
  page: LookUpPage
  /** The path of this page, from which the older ones are reached. */
  path: string
  /** Whether these are the newest. */
  newest: boolean
  /** What can be done about a line. */
  beside?: (lookUp: LookUp) => Child
}) {
  const { visit, page, path, newest, beside } = props
  const { t, language, town } = visit
  return (
    <>
      <ol class="timeline">{page.lookUps.map((lookUp) => lineOf(lookUp))}</ol>
      <p class="govuk-button-group">
        {page.older === undefined ? '' : <a href={`${path}?before=${encodeURIComponent(page.older)}`}>{t.dOlder}</a>}
        {newest ? '' : <a href={path}>{t.bNewest}</a>}
      </p>
    </>
  )

  function lineOf(lookUp: LookUp) {
    const { at, content, leafHash, by, settled } = lookUp
    const visits = visitsText(lookUp, t, language, town.timeZone)
    return (
      <li data-leaf={leafHash}>
        <strong>{timeText(language, town.timeZone, at)}</strong> · <bdi>{byText(by, t, language)}</bdi>
        {content.outcome === 'refused' ? ` · ${t.dRefused}` : ''}
        <br />
        {whyText(content, t, language)}
        <br />
        {visits ? <Details summary={visits.summary}>{visits.each}</Details> : ''}
        {settled ? (
          <>
            {t.bSettled}
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
  const how = purpose === 'duplicate-check' ? t.howAlike : action === 'search' ? t.howSearch : undefined
  return [purposes.get(purpose)?.title[language] ?? t.whyOther, ...(how ? [how] : [])].join(' · ')
}

/** What was opened, in words. */
export function fieldNames(fields: readonly string[], t: Texts, language: string): string {
  if (fields.length === 0) return t.fnothing
  return listText(
    language,
    fields.map((field) => t[`f${field}` as keyof Texts] ?? field),
  )
}

export function LookedPage(props: { visit: DeskVisit; id: string; page: LookUpPage }) {
  const { visit, id, page } = props
  return (
    <Desk visit={visit} title={visit.t.dLooked}>
      <h1>{visit.t.dLooked}</h1>
      <Tabs visit={visit} id={id} here="looked" />
      <LookUps visit={visit} page={page} path={`/desk/neighbours/${id}/looked`} newest={visit.query('before') === ''} />
    </Desk>
  )
}
