import { counted } from '../../platform/counted.ts'
import { nameText, type PlainDocument } from '../../proofs/paper/paper.ts'
import type { ProceedingToDecide } from '../../registry/departure/hearing.ts'
import type { Municipality } from '../../town/model.ts'
import { type Language, LOCALES } from '../ui/language.ts'

/**
 * The notice of a proceeding, to be put into their own hands: what is believed, why, and how to answer. It bears no
 * address, so that nobody sends it, and nothing of it is on an envelope.
 */
export function noticeToHandOver(
  { name, cause, reason }: ProceedingToDecide,
  town: Pick<Municipality, 'issuer' | 'departureNoticeDays'>,
  language: Language,
): PlainDocument['sections'] {
  const t = LOCALES[language]
  const beliefs = {
    'moved-away': t['hearing.beliefAway'],
    duplicate: t['hearing.beliefTwice'],
    'wrongly-registered': t['hearing.beliefNotHere'],
  }
  // An address is read from the left, in a line of any direction.
  const address = `\u2066${town.issuer.replace(/^https?:\/\//, '')}/me\u2069`
  return [
    {
      heading: t['hearing.title'],
      language,
      lines: [
        ...(name ? [nameText(name, t['page.newbornOf'])] : []),
        beliefs[cause],
        `${t['desk.reason']}: ${reason}`,
        counted(t['hearing.days'], language, { n: town.departureNoticeDays }),
        t['hearing.where'].replace('{address}', address),
        t['hearing.lead'],
      ],
    },
  ]
}
