const OTHER_DIGIT = /(?![0-9])\p{Nd}/gu
const DIGIT = /^\p{Nd}$/u

/**
 * The digits of every script as 0 to 9: a keyboard decides which of them it types, not who types.
 *
 * @see Unicode section 4.6: decimal digits stand in runs of ten, from zero up
 */
export const latinDigits = (text: string): string => text.replaceAll(OTHER_DIGIT, oneOf)

function oneOf(digit: string): string {
  let before = 0
  const point = digit.codePointAt(0) ?? 0
  while (DIGIT.test(String.fromCodePoint(point - before - 1))) before += 1
  return String(before % 10)
}

/**
 * A code as somebody typed it, in the capital letters and digits it was printed in: from any keyboard, full-width ones too, with
 * or without what stands between its groups.
 *
 * @see Unicode Standard Annex 15 (NFKC)
 */
export const codeTyped = (text: string): string =>
  latinDigits(text.slice(0, 400).normalize('NFKC'))
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '')
    .slice(0, 64)

/** The same of a code in Crockford's letters, where O is read as 0, and I and L as 1. */
export const crockfordTyped = (text: string): string => codeTyped(text).replaceAll('O', '0').replaceAll(/[IL]/g, '1')
