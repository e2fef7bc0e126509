import type { MessageKind } from '../../identity/telling.ts'
import type { OrderTold } from '../../messages/read-notices.ts'
import type { LookUp } from '../../oversight/look-up-store.ts'
import { counted, listText } from '../../platform/counted.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { HistoryEntry, Representation } from '../../registry/model.ts'
import type { History } from '../../registry/person/read-history.ts'
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
    [t['erasure.name'], name ? nameText(name, t['page.newbornOf']) : '–'],
    [t['erasure.born'], bornText(language, dateOfBirth)],
    [t['desk.where'], address ? addressText(address) : '–'],
    [t['desk.since'], dayText(language, residence?.residentSince)],
    [t['desk.household'], counted(t['desk.alone'], language, { n: household?.size ?? 0 })],
    [
      t['erasure.contact'],
      listText(
        language,
        Object.values(contact ?? {}).flatMap((one) => one ?? []),
      ) || '–',
    ],
    [t['desk.speaks'], listText(language, (languages ?? []).map(languageName)) || '–'],
    [
      t['erasure.acts'],
      listText(language, representatives?.map((one) => one.name ?? actsAs(t, one.kind)) ?? []) || '–',
    ],
  ]
}

/** What somebody is to a neighbour they act for; their name is theirs. */
const actsAs = (t: Texts, kind: Representation['kind']) =>
  ({
    parent: t['representatives.actsParent'],
    guardian: t['representatives.actsGuardian'],
    carer: t['representatives.actsCarer'],
    institution: t['representatives.actsInstitution'],
  })[kind]

/** What waits to be confirmed, and how it can be. */
export const saidLines = ({ t, language }: Pick<OwnContext, 't' | 'language'>, { state }: History): string[] =>
  (state.said ?? []).map(
    ({ from }) => `${t['dates.mine'].replace('{day}', dayText(language, from))} ${t['dates.mineHow']}`,
  )

/** A line of somebody's history, named. */
export function movementName({ movement, cause, start, protection }: HistoryEntry, t: Texts): string {
  if (protection) return protection === 'hidden' ? t['desk.wasHidden'] : t['desk.wasShown']
  if (movement === 'registration') return cause === 'return' ? t['erasure.returned'] : t['erasure.registered']
  if (movement === 'departure') return t['erasure.ended']
  if (movement === 'confirmation') return t['desk.still']
  if (cause === 'representatives') return t['representatives.actsChanged']
  if (cause === 'undone') return t['desk.undone']
  if (cause === 'joined') return t['desk.joined']
  if (cause === 'taken-apart') return t['join.apartDone']
  if (start)
    return cause === 'start-refused' ? t['dates.refused'] : start.seen ? t['dates.confirmed'] : t['dates.corrected']
  return cause === 'address' ? t['erasure.moved'] : t['erasure.corrected']
}

/** Who looked, why and at what, in one line. */
function whyLooked({ t, language }: Pick<OwnContext, 't' | 'language'>, { content, by }: LookUp): string {
  return [
    byText(by, t, language),
    ...(content.outcome === 'refused' ? [t['desk.refused']] : []),
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
    'access-request': t['entrance.noticeOrder'],
    answer: t['asked.answered'],
    'way-in': t['waysIn.copied'],
    'ways-changed': t['waysIn.changed'],
    'card-tried': t['waysIn.tried'],
    'way-waits': t['waysIn.made'],
    'acts-waits': t['waysIn.acts'],
    'reach-changed': t['waysIn.reachChanged'],
    proceeding: t['hearing.message'],
    'proceeding-withdrawn': t['hearing.withdrawn'],
    'proceeding-approved': t['hearing.approved'],
  })[kind]

/** Which court, on what, by which reference, and what was opened when. */
export const orderWords = (
  order: OrderTold,
  { t, language, timeZone }: { t: Texts; language: Language; timeZone: string },
): string =>
  t['check.order']
    .replace('{authority}', order.authority)
    .replace('{basis}', order.basis)
    .replace('{reference}', order.reference)
    .replace('{day}', timeText(language, timeZone, order.openedAt))
    .replace('{fields}', fieldNames(order.fields, t, language))
