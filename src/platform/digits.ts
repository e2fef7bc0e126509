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
