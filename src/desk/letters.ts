import { messageWords } from '../portal/words.ts'
import { addressLines } from '../proofs/address-text.ts'
import { nameText } from '../proofs/paper.ts'
import { paperTexts } from '../proofs/paper-words.ts'
import type { PlainDocument } from '../proofs/press/press.ts'
import type { PostalNotice } from '../registry/postal-notices.ts'

/** A page to fold: to whom, where, and that there is a message. */
export function postalSection({ name, address, language }: PostalNotice): PlainDocument['sections'][number] {
  return {
    heading: name ? nameText(name, (paperTexts[language as 'en'] ?? paperTexts.en).newbornOf) : '',
    ...(language ? { language } : {}),
    apart: true,
    lines: [...addressLines(address), messageWords(language)],
  }
}
