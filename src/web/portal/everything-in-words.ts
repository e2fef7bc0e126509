import type { OrderTold } from '../../messages/notices.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText, type PlainDocument } from '../../proofs/paper/paper.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { Name } from '../../registry/model.ts'
import type { EverythingAbout } from '../../requests/everything-about.ts'
import { kindNames } from '../record/complaint.tsx'
import { decidedStartLines } from '../record/history.tsx'
import { tieNames } from '../record/looked-text.ts'
import { saidByNames } from '../record/proceeding-names.ts'
import { requestLines } from '../record/request-text.ts'
import { bornText, dayText, proofStanding, timeText } from '../record/texts.ts'
import { lookUpText, movementName, noticeText, orderWords, recordLines, saidLines } from './everything.ts'
import type { OwnVisit } from './shell.tsx'

type Section = PlainDocument['sections'][number]
type Lines = [string, string][]

/**
 * Everything the city holds about a neighbour, to be read. What only machines can read, such as a voice, is in the other file.
 *
 * @see GDPR article 15(1) and (3)
 */
export function everythingInWords(visit: OwnVisit, all: EverythingAbout, writtenAt: Temporal.Instant): PlainDocument {
  const { t, language } = visit
  const { record, whoLooked, attachments } = all
  const section = (heading: string, fields: Lines, lines: string[] = []): Section => ({
    heading,
    fields,
    ...(lines.length > 0 ? { lines } : {}),
  })
  return {
    title: t.rRecord,
    language,
    writtenAt,
    sections: [
      section(t.rRecord, recordLines(visit, record), [...saidLines(visit, record), `${t.sNever}: ${t.sNeverText}`]),
      section(t.dHistory, historyOf(visit, all)),
      section(t.vWritten, versionsOf(visit, all)),
      section(t.dWhere, residencesOf(visit, all)),
      section(t.vHowKnown, evidenceOf(visit, all)),
      section(t.vTies, tiesOf(visit, all)),
      section(
        t.dLooked,
        whoLooked.map((lookUp) => splitLook(lookUpText(visit, lookUp))),
      ),
      section(t.vOversight, oversightOf(visit, all), all.oversight.watched ? [t.vWatched] : []),
      section(t.dProofs, proofsOf(visit, all)),
      section(t.iTitle, waysOf(visit, all)),
      section(t.rMessages, messagesOf(visit, all)),
      section(t.vProceedings, proceedingsOf(visit, all)),
      section(t.qTitle, askedOf(visit, all)),
      section(
        t.vFiles,
        attachments.map(({ mediaType }) => [mediaType.startsWith('image/') ? t.kPhoto : t.kVoice, t.vInFile]),
      ),
    ].filter(({ fields = [], lines = [] }) => fields.length > 0 || lines.length > 0),
  }
}

const splitLook = (text: string): [string, string] => {
  const [when = '', ...rest] = text.split(' · ')
  return [when, rest.join(' · ')]
}

const time = ({ language, town }: OwnVisit, at: string) => timeText(language, town.timeZone, at)
const from = (visit: OwnVisit, since: string, until: string | null): string =>
  `${time(visit, since)}${until === null ? '' : ` · ${visit.t.vUntilDay.replace('{day}', time(visit, until))}`}`

function historyOf(visit: OwnVisit, { record }: EverythingAbout): Lines {
  const { t, language } = visit
  return record.movements.map((movement) => [
    movementName(movement, t),
    [
      ...(movement.start ? decidedStartLines(visit, movement.start) : []),
      ...(movement.saidBy ? [t.lSaidThemselves.replace('{how}', saidByNames(t)[movement.saidBy])] : []),
      `${t.dTrue} ${dayText(language, movement.effectiveOn)}`,
      `${t.dKnown} ${time(visit, movement.recordedAt)}`,
    ].join(' · '),
  ])
}

function versionsOf(visit: OwnVisit, { held }: EverythingAbout): Lines {
  return held.versions.map(({ writtenAt, identity, contact }) => {
    const { name, dateOfBirth } = identity as { name?: Name; dateOfBirth?: string }
    const { contact: ways = {} } = contact as { contact?: Record<string, string> }
    const said = [
      ...(name ? [nameText(name, visit.t.newbornOf)] : []),
      ...(dateOfBirth ? [bornText(visit.language, dateOfBirth)] : []),
      ...Object.values(ways),
    ]
    return [time(visit, writtenAt), said.join(' · ') || '–']
  })
}

function residencesOf(visit: OwnVisit, { held }: EverythingAbout): Lines {
  const { language, t } = visit
  return held.residences.map((one) => [
    `${dayText(language, one.from)} – ${dayText(language, one.to)}`,
    [
      one.address ? addressText(one.address) : '–',
      `${t.dKnown} ${time(visit, one.writtenAt)}${one.replacedAt ? ` – ${time(visit, one.replacedAt)}` : ''}`,
    ].join(' · '),
  ])
}

function evidenceOf(visit: OwnVisit, { held }: EverythingAbout): Lines {
  const { t } = visit
  const names: Record<string, string> = {
    'photo-document': t.dPhoto,
    document: t.dDocument,
    attestation: t.dAttested,
    declaration: t.dDeclared,
  }
  return held.evidence.map((one) => [
    time(visit, one.writtenAt),
    [names[one.strength] ?? one.strength, ...(one.documentRemembered ? [t.vRemembered] : [])].join(' · '),
  ])
}

function tiesOf(visit: OwnVisit, { held }: EverythingAbout): Lines {
  const { t } = visit
  return [
    ...held.representatives.map((one): [string, string] => [
      tieNames(t)[one.kind],
      from(visit, one.since, one.endedAt),
    ]),
    ...held.actsFor.map((one): [string, string] => [
      t.vActsFor.replace('{day}', time(visit, one.since)),
      one.endedAt === null ? t.dInForce : t.vUntilDay.replace('{day}', time(visit, one.endedAt)),
    ]),
  ]
}

function oversightOf(visit: OwnVisit, { oversight }: EverythingAbout): Lines {
  const { t } = visit
  return [
    ...oversight.flags.map((one): [string, string] => [time(visit, one.raisedAt), t.vFlag]),
    ...oversight.explained.map((one): [string, string] => [time(visit, one.seenAt), one.reason]),
    ...oversight.staff.map((one): [string, string] => [
      t.vStaff.replace('{day}', time(visit, one.since)),
      one.until === null ? t.dInForce : t.vUntilDay.replace('{day}', time(visit, one.until)),
    ]),
  ]
}

function proofsOf(visit: OwnVisit, { proofs, wallets }: EverythingAbout): Lines {
  const { t, language, town } = visit
  const service = (id: string) => profiles.get(id)?.title[language] ?? id
  return [
    ...proofs.map((proof): [string, string] => [
      time(visit, proof.issuedAt),
      `${service(proof.profile)} · ${proofStanding(proof, t, language, town.timeZone)}`,
    ]),
    ...wallets.map((one): [string, string] => [t.vWallets, `${service(one.profile)} · ${time(visit, one.until)}`]),
  ]
}

function waysOf(visit: OwnVisit, { waysIn }: EverythingAbout): Lines {
  const { t } = visit
  const used = (at: string | null) => (at === null ? t.iNever : t.iUsed.replace('{day}', time(visit, at)))
  return [
    ...waysIn.cards.map((one): [string, string] => [
      t.iCards,
      `${from(visit, one.givenAt, one.endedAt)} · ${used(one.usedAt)}`,
    ]),
    ...waysIn.telephones.map((one): [string, string] => [
      [one.device, one.owner].filter(Boolean).join(' · '),
      `${time(visit, one.createdAt)} · ${used(one.usedAt)}`,
    ]),
    ...waysIn.sessions.map((one): [string, string] => [t.dSessions, from(visit, one.signedInAt, one.lastSeenAt)]),
    ...waysIn.helpers.map((one): [string, string] => [
      one.name,
      `${from(visit, one.namedAt, one.endedAt ?? null)} · ${t.hUntil} ${dayText(visit.language, one.until)}`,
    ]),
    ...waysIn.enrolments.map((one): [string, string] => [
      t.iTelephones,
      t.vCode.replace('{day}', time(visit, one.until)),
    ]),
  ]
}

function messagesOf(visit: OwnVisit, { held }: EverythingAbout): Lines {
  const { t, language, town } = visit
  return held.messages.map(({ kind, from: at, details }) => [
    time(visit, at),
    [
      noticeText(kind, t),
      ...(kind === 'access-request' && details ? [orderWords(details as OrderTold, t, language, town.timeZone)] : []),
    ].join(' '),
  ])
}

function proceedingsOf(visit: OwnVisit, { held }: EverythingAbout): Lines {
  const { t, language } = visit
  return held.proceedings.flatMap(
    (one): Lines => [
      [time(visit, one.openedAt), `${t.dReason}: ${one.reason}`],
      ...(one.effectiveFrom ? ([[t.lAnswerBy, dayText(language, one.effectiveFrom)]] satisfies Lines) : []),
      ...one.answers.map((answer): [string, string] => [time(visit, answer.receivedAt), answer.text || t.jLives]),
    ],
  )
}

function askedOf(visit: OwnVisit, { asked }: EverythingAbout): Lines {
  const { t, language } = visit
  const kinds = new Map<string, string>(kindNames(language))
  return asked.map(({ kind, request, receivedAt, answer }) => [
    `${time(visit, receivedAt)} · ${kinds.get(kind) ?? kind}`,
    [...requestLines(request, visit), ...(answer === undefined ? [] : [`${t.kAnswered}: ${answer}`])].join(' · '),
  ])
}
