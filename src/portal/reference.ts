import { randomInt } from 'node:crypto'
import { latinDigits } from '../platform/digits.ts'

const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS = 16

/** A code to follow something by, which is with whoever wrote and nowhere else: 78 bits. */
export interface Reference {
  letters: string
  /** In groups of four, as it is shown. */
  shown: string
}

export function newReference(): Reference {
  const letters = Array.from({ length: LETTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return { letters, shown: letters.replaceAll(/(.{4})(?=.)/g, '$1-') }
}

/** The letters of a code as somebody typed it. */
export const lettersIn = (typed: string): string =>
  latinDigits(typed)
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '')
    .slice(0, 32)
