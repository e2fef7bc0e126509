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
  const beliefs = { 'moved-away': t.jBeliefAway, duplicate: t.jBeliefTwice, 'wrongly-registered': t.jBeliefNotHere }
  // An address is read from the left, in a line of any direction.
  const address = `\u2066${town.issuer.replace(/^https?:\/\//, '')}/me\u2069`
  return [
    {
      heading: t.jTitle,
      language,
      lines: [
        ...(name ? [nameText(name, t.newbornOf)] : []),
        beliefs[cause],
        `${t.dReason}: ${reason}`,
        counted(t.jDays, language, { n: town.departureNoticeDays }),
        t.jWhere.replace('{address}', address),
        t.jLead,
      ],
    },
  ]
}
