import { randomInt } from 'node:crypto'
import { codeTyped } from './digits.ts'

const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS = 16

/** A code to follow something by, which is with whoever wrote and nowhere else: 78 bits. */
export interface Reference {
  letters: string
  /** In groups of four, as it is shown. */
  shown: string
}

export function newReference(): Reference {
  return shownAs(Array.from({ length: LETTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''))
}

/** The same code each time something is sent again: from a keyed hash that nobody else can make. */
export function referenceOf(hash: Buffer): Reference {
  const letter = (i: number) => ALPHABET[hash.readUInt16BE(2 * i) % ALPHABET.length]
  return shownAs(Array.from({ length: LETTERS }, (_, i) => letter(i)).join(''))
}

const shownAs = (letters: string): Reference => ({ letters, shown: letters.replaceAll(/(.{4})(?=.)/g, '$1-') })

/** The letters of a code as somebody typed it. */
export const lettersIn = (typed: string): string => codeTyped(typed)
