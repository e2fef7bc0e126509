import type { MessageKind } from '../../identity/telling.ts'
import type { OrderTold } from '../../messages/notices.ts'
import type { LookUp } from '../../oversight/look-up-store.ts'
import { counted, listText } from '../../platform/counted.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { HistoryEntry, Representation } from '../../registry/model.ts'
import type { History } from '../../registry/person/history.ts'
import { fieldNames, whyText } from '../record/look-ups.tsx'
import { byText } from '../record/looked-text.ts'
import { bornText, dayText, timeText } from '../record/texts.ts'
import { type Language, languageName, type Texts } from '../ui/language.ts'
import type { OwnContext } from './shell.tsx'

/** What the registry says about a neighbour, line by line. */
export function recordLines(context: Pick<OwnContext, 't' | 'language'>, { state }: History): [string, string][] {
  const { t, language } = context
  const { name, dateOfBirth, address, residence, household, contact, languages, representatives } = state
  return [
    [t.eName, name ? nameText(name, t.newbornOf) : '–'],
    [t.eBorn, bornText(language, dateOfBirth)],
    [t.dWhere, address ? addressText(address) : '–'],
    [t.dSince, dayText(language, residence?.residentSince)],
    [t.dHousehold, counted(t.dAlone, language, { n: household?.size ?? 0 })],
    [
      t.eContact,
      listText(
        language,
        Object.values(contact ?? {}).flatMap((one) => one ?? []),
      ) || '–',
    ],
    [t.dSpeaks, listText(language, (languages ?? []).map(languageName)) || '–'],
    [t.eActs, listText(language, representatives?.map((one) => one.name ?? actsAs(t, one.kind)) ?? []) || '–'],
  ]
}

/** What somebody is to a neighbour they act for; their name is theirs. */
const actsAs = (t: Texts, kind: Representation['kind']) =>
  ({ parent: t.dActsParent, guardian: t.dActsGuardian, carer: t.dActsCarer, institution: t.dActsInstitution })[kind]

/** What waits to be confirmed, and how it can be. */
export const saidLines = ({ t, language }: Pick<OwnContext, 't' | 'language'>, { state }: History): string[] =>
  (state.said ?? []).map(({ from }) => `${t.zMine.replace('{day}', dayText(language, from))} ${t.zMineHow}`)

/** A line of somebody's history, named. */
export function movementName({ movement, cause, start, protection }: HistoryEntry, t: Texts): string {
  if (protection) return protection === 'hidden' ? t.dWasHidden : t.dWasShown
  if (movement === 'registration') return cause === 'return' ? t.eReturned : t.eRegistered
  if (movement === 'departure') return t.eEnded
  if (movement === 'confirmation') return t.dStill
  if (cause === 'representatives') return t.dActsChanged
  if (cause === 'undone') return t.dUndone
  if (cause === 'joined') return t.dJoined
  if (cause === 'taken-apart') return t.dApartDone
  if (start) return cause === 'start-refused' ? t.zRefused : start.seen ? t.zConfirmed : t.zCorrected
  return cause === 'address' ? t.eMoved : t.eCorrected
}

/** Who looked, why and at what, in one line. */
function whyLooked({ t, language }: Pick<OwnContext, 't' | 'language'>, { content, by }: LookUp): string {
  return [
    byText(by, t, language),
    ...(content.outcome === 'refused' ? [t.dRefused] : []),
    whyText(content, t, language),
    fieldNames(content.fields, t, language),
  ].join(' · ')
}

/** The same with when. */
export const lookUpText = (context: Pick<OwnContext, 't' | 'language' | 'town'>, lookUp: LookUp) =>
  `${timeText(context.language, context.town.timeZone, lookUp.at)} · ${whyLooked(context, lookUp)}`

/** What a message is about, for whoever it is for. */
export const noticeText = (kind: MessageKind, t: Texts): string =>
  ({
    'access-request': t.rNoticeOrder,
    answer: t.qAnswered,
    'way-in': t.iCopied,
    'ways-changed': t.iChanged,
    proceeding: t.jMessage,
    'proceeding-withdrawn': t.jWithdrawn,
    'proceeding-approved': t.jApproved,
  })[kind]

/** Which court, on what, by which reference, and what was opened when. */
export const orderWords = (
  order: OrderTold,
  { t, language, timeZone }: { t: Texts; language: Language; timeZone: string },
): string =>
  t.vOrder
    .replace('{authority}', order.authority)
    .replace('{basis}', order.basis)
    .replace('{reference}', order.reference)
    .replace('{day}', timeText(language, timeZone, order.openedAt))
    .replace('{fields}', fieldNames(order.fields, t, language))
