import type { PostalNotice } from '../../messages/print-notices.ts'
import { addressLines } from '../../proofs/address-text.ts'
import { nameText, type PlainDocument } from '../../proofs/paper/paper.ts'
import { paperTexts } from '../../proofs/paper/paper-words.ts'
import { messageWords } from '../message-words.ts'

/** A page to fold: to whom, where, and that there is a message. */
export function postalSection({ name, address, language }: PostalNotice): PlainDocument['sections'][number] {
  return {
    heading: name ? nameText(name, (paperTexts[language as 'en'] ?? paperTexts.en).newbornOf) : '',
    ...(language ? { language } : {}),
    apart: true,
    lines: [...addressLines(address), messageWords(language)],
  }
}
