import type { OrderTold } from '../../messages/read-notices.ts'
import { addressText } from '../../proofs/address-text.ts'
import { nameText, type PlainDocument } from '../../proofs/paper/paper.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { Name } from '../../registry/model.ts'
import type { EverythingAbout } from '../../requests/everything-about.ts'
import { kindNames } from '../record/complaint.tsx'
import { decidedStartLines } from '../record/history.tsx'
import { representationNames } from '../record/looked-text.ts'
import { saidByNames } from '../record/proceeding-names.ts'
import { requestLines } from '../record/request-text.ts'
import { bornText, dayText, proofStanding, timeText } from '../record/texts.ts'
import { lookUpText, movementName, noticeText, orderWords, recordLines, saidLines } from './everything.ts'
import type { OwnContext } from './shell.tsx'

type Section = PlainDocument['sections'][number]
type Lines = [string, string][]

/**
 * Everything the city holds about a neighbour, to be read. What only machines can read, such as a voice, is in the other file.
 *
 * @see GDPR article 15(1) and (3)
 */
export function everythingInWords(
  context: OwnContext,
  all: EverythingAbout,
  writtenAt: Temporal.Instant,
): PlainDocument {
  const { t, language } = context
  const { record, whoLooked, attachments } = all
  const section = (heading: string, fields: Lines, lines: string[] = []): Section => ({
    heading,
    fields,
    ...(lines.length > 0 ? { lines } : {}),
  })
  return {
    title: t['entrance.record'],
    language,
    writtenAt,
    sections: [
      section(t['entrance.record'], recordLines(context, record), [
        ...saidLines(context, record),
        `${t['services.never']}: ${t['services.neverText']}`,
      ]),
      section(t['desk.history'], historyOf(context, all)),
      section(t['check.written'], versionsOf(context, all)),
      section(t['desk.where'], residencesOf(context, all)),
      section(t['check.howKnown'], evidenceOf(context, all)),
      section(t['check.links'], tiesOf(context, all)),
      section(
        t['desk.looked'],
        whoLooked.map((lookUp) => splitLook(lookUpText(context, lookUp))),
      ),
      section(t['check.oversight'], oversightOf(context, all), all.oversight.watched ? [t['check.watched']] : []),
      section(t['desk.proofs'], proofsOf(context, all)),
      section(t['waysIn.title'], waysOf(context, all)),
      section(t['entrance.messages'], messagesOf(context, all)),
      section(t['check.proceedings'], proceedingsOf(context, all)),
      section(t['asked.title'], askedOf(context, all)),
      section(
        t['check.files'],
        attachments.map(({ mediaType }) => [
          mediaType.startsWith('image/') ? t['complaint.photo'] : t['complaint.voice'],
          t['check.inFile'],
        ]),
      ),
    ].filter(({ fields = [], lines = [] }) => fields.length > 0 || lines.length > 0),
  }
}

const splitLook = (text: string): [string, string] => {
  const [when = '', ...rest] = text.split(' · ')
  return [when, rest.join(' · ')]
}

const time = ({ language, town }: OwnContext, at: string) => timeText(language, town.timeZone, at)
const from = (context: OwnContext, since: string, until: string | null): string =>
  `${time(context, since)}${until === null ? '' : ` · ${context.t['check.untilDay'].replace('{day}', time(context, until))}`}`

function historyOf(context: OwnContext, { record }: EverythingAbout): Lines {
  const { t, language } = context
  return record.movements.map((movement) => [
    movementName(movement, t),
    [
      ...(movement.start ? decidedStartLines(context, movement.start) : []),
      ...(movement.saidBy ? [t['leaving.saidThemselves'].replace('{how}', saidByNames(t)[movement.saidBy])] : []),
      `${t['desk.true']} ${dayText(language, movement.effectiveOn)}`,
      `${t['desk.known']} ${time(context, movement.recordedAt)}`,
    ].join(' · '),
  ])
}

function versionsOf(context: OwnContext, { held }: EverythingAbout): Lines {
  return held.versions.map(({ writtenAt, identity, contact }) => {
    const { name, dateOfBirth } = identity as { name?: Name; dateOfBirth?: string }
    const { contact: ways = {} } = contact as { contact?: Record<string, string> }
    const said = [
      ...(name ? [nameText(name, context.t['page.newbornOf'])] : []),
      ...(dateOfBirth ? [bornText(context.language, dateOfBirth)] : []),
      ...Object.values(ways),
    ]
    return [time(context, writtenAt), said.join(' · ') || '–']
  })
}

function residencesOf(context: OwnContext, { held }: EverythingAbout): Lines {
  const { language, t } = context
  return held.residences.map((one) => [
    `${dayText(language, one.from)} – ${dayText(language, one.to)}`,
    [
      one.address ? addressText(one.address) : '–',
      `${t['desk.known']} ${time(context, one.writtenAt)}${one.replacedAt ? ` – ${time(context, one.replacedAt)}` : ''}`,
    ].join(' · '),
  ])
}

function evidenceOf(context: OwnContext, { held }: EverythingAbout): Lines {
  const { t } = context
  const names: Record<string, string> = {
    'photo-document': t['desk.photo'],
    document: t['desk.document'],
    attestation: t['desk.attested'],
    declaration: t['desk.declared'],
  }
  return held.evidence.map((one) => [
    time(context, one.writtenAt),
    [names[one.strength] ?? one.strength, ...(one.documentRemembered ? [t['check.remembered']] : [])].join(' · '),
  ])
}

function tiesOf(context: OwnContext, { held }: EverythingAbout): Lines {
  const { t } = context
  return [
    ...held.representatives.map((one): [string, string] => [
      representationNames(t)[one.kind],
      from(context, one.since, one.endedAt),
    ]),
    ...held.actsFor.map((one): [string, string] => [
      t['check.actsFor'].replace('{day}', time(context, one.since)),
      one.endedAt === null ? t['desk.inForce'] : t['check.untilDay'].replace('{day}', time(context, one.endedAt)),
    ]),
  ]
}

function oversightOf(context: OwnContext, { oversight }: EverythingAbout): Lines {
  const { t } = context
  return [
    ...oversight.flags.map((one): [string, string] => [time(context, one.raisedAt), t['check.flag']]),
    ...oversight.explained.map((one): [string, string] => [time(context, one.seenAt), one.reason]),
    ...oversight.staff.map((one): [string, string] => [
      t['check.staff'].replace('{day}', time(context, one.since)),
      one.until === null ? t['desk.inForce'] : t['check.untilDay'].replace('{day}', time(context, one.until)),
    ]),
  ]
}

function proofsOf(context: OwnContext, { proofs, wallets }: EverythingAbout): Lines {
  const { t, language, town } = context
  const service = (id: string) => profiles.get(id)?.title[language] ?? id
  return [
    ...proofs.map((proof): [string, string] => [
      time(context, proof.issuedAt),
      `${service(proof.profile)} · ${proofStanding(proof, { t, language, timeZone: town.timeZone })}`,
    ]),
    ...wallets.map((one): [string, string] => [
      t['check.wallets'],
      `${service(one.profile)} · ${time(context, one.until)}`,
    ]),
  ]
}

function waysOf(context: OwnContext, { waysIn }: EverythingAbout): Lines {
  const { t } = context
  const used = (at: string | null) =>
    at === null ? t['waysIn.never'] : t['waysIn.used'].replace('{day}', time(context, at))
  return [
    ...waysIn.cards.map((one): [string, string] => [
      t['waysIn.cards'],
      `${from(context, one.givenAt, one.endedAt)} · ${used(one.usedAt)}`,
    ]),
    ...waysIn.telephones.map((one): [string, string] => [
      [one.device, one.owner].filter(Boolean).join(' · '),
      `${time(context, one.createdAt)} · ${used(one.usedAt)}`,
    ]),
    ...waysIn.sessions.map((one): [string, string] => [
      t['desk.sessions'],
      from(context, one.signedInAt, one.lastSeenAt),
    ]),
    ...waysIn.helpers.map((one): [string, string] => [
      one.name,
      `${from(context, one.namedAt, one.endedAt ?? null)} · ${t['helpers.until']} ${dayText(context.language, one.until)}`,
    ]),
    ...waysIn.enrolments.map((one): [string, string] => [
      t['waysIn.telephones'],
      t['check.code'].replace('{day}', time(context, one.until)),
    ]),
  ]
}

function messagesOf(context: OwnContext, { held }: EverythingAbout): Lines {
  const { t, language, town } = context
  return held.messages.map(({ kind, from: at, details }) => [
    time(context, at),
    [
      noticeText(kind, t),
      ...(kind === 'access-request' && details
        ? [orderWords(details as OrderTold, { t, language, timeZone: town.timeZone })]
        : []),
    ].join(' '),
  ])
}

function proceedingsOf(context: OwnContext, { held }: EverythingAbout): Lines {
  const { t, language } = context
  return held.proceedings.flatMap(
    (one): Lines => [
      [time(context, one.openedAt), `${t['desk.reason']}: ${one.reason}`],
      ...(one.effectiveFrom ? ([[t['leaving.answerBy'], dayText(language, one.effectiveFrom)]] satisfies Lines) : []),
      ...one.answers.map((answer): [string, string] => [
        time(context, answer.receivedAt),
        answer.text || t['hearing.lives'],
      ]),
    ],
  )
}

function askedOf(context: OwnContext, { asked }: EverythingAbout): Lines {
  const { t, language } = context
  const kinds = new Map<string, string>(kindNames(language))
  return asked.map(({ kind, request, receivedAt, answer }) => [
    `${time(context, receivedAt)} · ${kinds.get(kind) ?? kind}`,
    [
      ...requestLines(request, context),
      ...(answer === undefined ? [] : [`${t['complaint.answered']}: ${answer}`]),
    ].join(' · '),
  ])
}
