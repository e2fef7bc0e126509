import { latinDigits } from '../../platform/digits.ts'

/**
 * A document's number as a keyed hash: recognises the same document, says nothing about it. Spaces, dashes and case do
 * not matter, nor the zeros that some write before the figures of a Spanish number and others do not.
 */
export function documentHash(hash: (text: string) => Buffer, document: string): Buffer {
  return hash(
    `document\u0000${latinDigits(document.normalize('NFKC'))
      .toUpperCase()
      .replace(/[^\p{L}\p{N}]/gu, '')
      .replace(/^([XYZ]?)0+(\d{1,7}[A-Z])$/, '$1$2')}`,
  )
}
