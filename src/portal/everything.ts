import { decidedStartLines, fieldNames, whoNames, whyText } from '../desk/neighbour-past-page.tsx'
import { saidByNames } from '../desk/proceeding-box.tsx'
import { bornText, dayText, languageName, proofStanding, timeText } from '../desk/shell.tsx'
import { addressText } from '../proofs/address-text.ts'
import { nameText } from '../proofs/paper.ts'
import type { PlainDocument } from '../proofs/press/press.ts'
import { profiles } from '../proofs/profiles.ts'
import type { ProofOutline } from '../proofs/proof-list.ts'
import type { OwnProceeding } from '../registry/hearing.ts'
import type { History } from '../registry/history.ts'
import type { LookUp } from '../registry/lookups.ts'
import type { HistoryEntry, Representation } from '../registry/model.ts'
import type { Texts } from '../ui/language.ts'
import type { Asked } from './asked.ts'
import { kindNames } from './complain-page.tsx'
import type { OwnVisit } from './shell.tsx'

/** What the registry says about a neighbour, line by line. */
export function recordLines(visit: Pick<OwnVisit, 't' | 'language'>, { state }: History): [string, string][] {
  const { t, language } = visit
  const { name, dateOfBirth, address, residence, household, contact, languages, representatives } = state
  return [
    [t.dGiven, name ? nameText(name) : '–'],
    [t.dBorn, bornText(language, dateOfBirth)],
    [t.dWhere, address ? addressText(address) : '–'],
    [t.dSince, dayText(language, residence?.residentSince)],
    [t.dHousehold, t.dAlone.replace('{n}', String(household?.size ?? 0))],
    [t.dPhone, Object.values(contact ?? {}).join(', ') || '–'],
    [t.dSpeaks, (languages ?? []).map(languageName).join(', ') || '–'],
    [t.dRepresentative, representatives?.map((one) => one.name ?? actsAs(t, one.kind)).join(', ') || '–'],
  ]
}

/** What somebody is to a neighbour they act for; their name is theirs. */
const actsAs = (t: Texts, kind: Representation['kind']) =>
  ({ parent: t.dActsParent, guardian: t.dActsGuardian, carer: t.dActsCarer, institution: t.dActsInstitution })[kind]

/** What waits to be confirmed, and how it can be. */
export const saidLines = ({ t, language }: Pick<OwnVisit, 't' | 'language'>, { state }: History): string[] =>
  (state.said ?? []).map(({ from }) => `${t.zMine.replace('{day}', dayText(language, from))} ${t.zMineHow}`)

/** A line of somebody's history, named. */
export function movementName({ movement, cause, start, protection }: HistoryEntry, t: Texts): string {
  if (protection) return protection === 'hidden' ? t.dWasHidden : t.dWasShown
  if (movement === 'registration') return cause === 'return' ? t.dReturn : t.dRegister
  if (movement === 'departure') return t.dLeave
  if (movement === 'confirmation') return t.dStill
  if (cause === 'representatives') return t.dActsChanged
  if (cause === 'undone') return t.dUndone
  if (cause === 'joined') return t.dJoined
  if (cause === 'taken-apart') return t.dApartDone
  if (start) return cause === 'start-refused' ? t.zRefused : start.seen ? t.zConfirmed : t.zCorrected
  return cause === 'address' ? t.dMove : t.dCorrect
}

/** Who looked, why and at what, in one line. */
function whyLooked({ t, language }: Pick<OwnVisit, 't' | 'language'>, { content }: LookUp): string {
  return [
    whoNames(t)[content.requesterKind] ?? content.requesterKind,
    ...(content.outcome === 'refused' ? [t.dRefused] : []),
    whyText(content, t, language),
    fieldNames(content.fields, t),
  ].join(' · ')
}

/** The same with when. */
export const lookUpText = (visit: Pick<OwnVisit, 't' | 'language' | 'town'>, lookUp: LookUp) =>
  `${timeText(visit.language, visit.town.timeZone, lookUp.at)} · ${whyLooked(visit, lookUp)}`

/**
 * Everything the registry holds about a neighbour, to be read: the record, its history, who looked, what was proved,
 * what they asked.
 *
 * @see GDPR article 15(1) and (3)
 */
export function everythingInWords(
  visit: OwnVisit,
  all: {
    history: History
    lookUps: readonly LookUp[]
    proofs: readonly ProofOutline[]
    asked: readonly Asked[]
    proceeding?: OwnProceeding | undefined
  },
  writtenAt: Temporal.Instant,
): PlainDocument {
  const { t, language, town } = visit
  const { history, lookUps, proofs, asked, proceeding } = all
  const kinds = new Map<string, string>(kindNames(language))
  const time = (at: string) => timeText(language, town.timeZone, at)
  return {
    title: t.rRecord,
    language,
    writtenAt,
    sections: [
      {
        heading: t.rRecord,
        fields: recordLines(visit, history),
        lines: [...saidLines(visit, history), `${t.sNever}: ${t.sNeverText}`],
      },
      {
        heading: t.dHistory,
        fields: history.movements.map((movement) => [
          movementName(movement, t),
          [
            ...(movement.start ? decidedStartLines(visit, movement.start) : []),
            ...(movement.saidBy ? [t.lSaidThemselves.replace('{how}', saidByNames(t)[movement.saidBy])] : []),
            `${t.dTrue} ${dayText(language, movement.effectiveOn)}`,
            `${t.dKnown} ${time(movement.recordedAt)}`,
          ].join(' · '),
        ]),
      },
      {
        heading: t.dLooked,
        fields: lookUps.map((lookUp) => [time(lookUp.at), whyLooked(visit, lookUp)]),
      },
      {
        heading: t.dProofs,
        fields: proofs.map((proof) => [
          time(proof.issuedAt),
          `${profiles.get(proof.profile)?.title[language] ?? proof.profile} · ${proofStanding(proof, t, language, town.timeZone)}`,
        ]),
      },
      {
        heading: t.qTitle,
        fields: asked.map(({ kind, text, receivedAt, answer }) => [
          `${time(receivedAt)} · ${kinds.get(kind) ?? kind}`,
          answer === undefined ? text : `${text} · ${t.kAnswered}: ${answer}`,
        ]),
      },
      ...(proceeding === undefined
        ? []
        : [
            {
              heading: t.jTitle,
              fields: [
                [t.dReason, proceeding.reason] as const,
                ...(proceeding.answerBy ? [[t.lAnswerBy, dayText(language, proceeding.answerBy)] as const] : []),
                ...proceeding.answers.map((one) => [time(one.receivedAt), one.text || t.jLives] as const),
              ],
            },
          ]),
    ],
  }
}
