import { latinDigits } from '../platform/digits.ts'

// Numbers of documents and of people that carry a check digit, so that almost nothing else is taken for one: a number
// of a telephone, a bank account or a post code is none. Those of nine to eleven bare digits, as many countries have
// them, cannot be told from telephones and are not looked for.

/**
 * The first number of a document in a text, or a line that a reader reads.
 *
 * @see ICAO Doc 9303 part 3; Real Decreto 1553/2005 (DNI), 557/2011 (NIE); decreto ministeriale 23.12.1976 (codice
 * fiscale); INSEE, code officiel (NIR)
 */
export function documentIn(text: string): string | undefined {
  const plain = latinDigits(text.normalize('NFKC').replaceAll(/\p{Cf}/gu, ''))
    .replaceAll(/\p{Dash}/gu, '-')
    .replaceAll(ALIKE, (letter) => LATIN[ALIKE_LETTERS.indexOf(letter.toUpperCase())] ?? letter)
  if (!/\d|<</.test(plain)) return undefined
  const searched = plain.replaceAll(IBAN, (found) => (isIban(found) ? ' ' : found)).replaceAll(TELEPHONE, ' ')
  for (const { form, sound } of NUMBERS)
    for (const [found] of searched.matchAll(form))
      if (sound(found.toUpperCase().replaceAll(/[^A-Z0-9+]/g, ''))) return found
  return readersLine(searched)
}

/** Letters of Greek and Cyrillic that look like those a number is written with, and the Latin ones. */
const ALIKE_LETTERS = 'АВЕКМНОРСТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧ'
const LATIN = 'ABEKMHOPCTXYABEZHIKMNOPTYX'
const ALIKE = new RegExp(`[${ALIKE_LETTERS}]`, 'giu')

const IBAN = /(?<![\p{L}\d])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![\p{L}\d])/giu
/** With its country before it, a number is one of a telephone. @see ITU-T E.164 */
const TELEPHONE = /(?<![\p{L}\d])(?:\+[\d\s().-]{6,24}|00[1-9](?:[\s().-]{0,3}\d){7,13})(?![\p{L}\d])/gu

/** @see ISO 13616: modulo 97 is 1 */
function isIban(text: string): boolean {
  const letters = text.replaceAll(/[ -]/g, '').toUpperCase()
  const digits = [...(letters.slice(4) + letters.slice(0, 4))].map((letter) => Number.parseInt(letter, 36)).join('')
  return modulo(digits, 97) === 1
}

/** Of a number too long for a number. */
const modulo = (digits: string, by: number) => [...digits].reduce((rest, digit) => (rest * 10 + Number(digit)) % by, 0)

interface Numbers {
  form: RegExp
  /** @param number in capitals, letters and digits alone */
  sound(number: string): boolean
}

const alone = (form: string) => new RegExp(`(?<![\\p{L}\\d])${form}(?![\\p{L}\\d])`, 'giu')

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'
/** Modulo 23 of the digits, where X, Y and Z count as 0, 1 and 2, and K, L and M as nothing. */
const spanish = (number: string) => {
  const digits = number
    .slice(0, -1)
    .replace(/^[KLM]/, '')
    .replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)))
  return DNI_LETTERS[Number(digits) % 23] === number.at(-1)
}

const NUMBERS: readonly Numbers[] = [
  // Spain: DNI, NIE, and the number of those who have neither. With a space before its letter only in capitals and at
  // an end: in "12345678 y" somebody has gone on writing.
  {
    form: alone(
      '(?:[XYZKLM][.-]?\\d{7,8}|[XYZ][.-]?\\d\\.\\d{3}\\.\\d{3}|\\d{8}|\\d{1,2}\\.\\d{3}\\.\\d{3})[.-]?[A-Z]',
    ),
    sound: spanish,
  },
  {
    form: /(?<![\p{L}\d])(?:[XYZKLM] ?-?\d{7,8}|\d{8}|\d{1,2}\.\d{3}\.\d{3})[ -]{1,2}[A-Z](?![\p{L}\d])(?!\s*\p{Ll})/gu,
    sound: spanish,
  },
  { form: alone('[XYZ] \\d{7} ?[A-Z]'), sound: spanish },
  {
    form: /(?<![\p{L}\d])(?<!\d[ .-])(?:\d{1,2} \d{3} \d{3}|\d{4} \d{4})[ -]{0,2}[A-Z](?![\p{L}\d])(?!\s*\p{Ll})/gu,
    sound: spanish,
  },
  // Italy: codice fiscale, which tells where somebody was born.
  { form: alone('[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]'), sound: italian },
  // France: NIR; 99 in place of the department is somebody born abroad.
  { form: alone('[12378] ?\\d{2} ?\\d{2} ?(?:\\d{2}|2[AB]) ?\\d{3} ?\\d{3} ?\\d{2}'), sound: french },
  // Portugal: cartão de cidadão.
  { form: alone('\\d{8}[ -]?\\d[ -]?[A-Z]{2}\\d'), sound: portuguese },
  // Romania: CNP. Never written apart.
  { form: alone('[1-9]\\d{12}'), sound: romanian },
  // Belgium: the national register; a month above 12 is somebody who is not in it.
  { form: alone('\\d{2}\\.\\d{2}\\.\\d{2}-\\d{3}\\.\\d{2}'), sound: belgian },
  // Switzerland: AHV number, an EAN-13.
  { form: alone('756\\.\\d{4}\\.\\d{4}\\.\\d{2}'), sound: swiss },
  // Finland: personal identity code. Where its last is a digit it could be a telephone.
  { form: alone('\\d{6}[-+A-FU-Y]\\d{3}[A-FHJ-NPR-Y]'), sound: finnish },
]

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
function italian(number: string): boolean {
  const value = (letter: string) => (/\d/.test(letter) ? Number(letter) : letter.charCodeAt(0) - 65)
  const sum = [...number.slice(0, 15)].reduce(
    (total, letter, i) => total + (i % 2 === 0 ? (ODD[value(letter)] ?? 0) : value(letter)),
    0,
  )
  return String.fromCharCode(65 + (sum % 26)) === number.at(-1)
}

function french(number: string): boolean {
  const month = Number(number.slice(3, 5))
  if (month === 0 || (month > 12 && month < 20) || (month > 42 && month < 50)) return false
  // Corsica: 2A counts as 19, 2B as 18.
  const digits = number.slice(0, 13).replace('2A', '19').replace('2B', '18')
  return /^\d{13}$/.test(digits) && 97 - modulo(digits, 97) === Number(number.slice(13))
}

function portuguese(number: string): boolean {
  const sum = [...number].reduce((total, letter, i) => {
    const value = Number.parseInt(letter, 36) * (i % 2 === 0 ? 2 : 1)
    return total + (i % 2 === 0 && value > 9 ? value - 9 : value)
  }, 0)
  const first = [...number.slice(0, 8)].reduce((total, digit, i) => total + Number(digit) * (9 - i), 0)
  const check = 11 - (first % 11)
  return sum % 10 === 0 && Number(number[8]) === (check > 9 ? 0 : check)
}

function romanian(number: string): boolean {
  const [month, day] = [Number(number.slice(3, 5)), Number(number.slice(5, 7))]
  if (month < 1 || month > 12 || day < 1 || day > 31) return false
  const sum = [...'279146358279'].reduce((total, weight, i) => total + Number(weight) * Number(number[i]), 0)
  return Number(number[12]) === (sum % 11 === 10 ? 1 : sum % 11)
}

function belgian(number: string): boolean {
  const check = Number(number.slice(9))
  return ['', '2'].some((century) => 97 - modulo(century + number.slice(0, 9), 97) === check)
}

function swiss(number: string): boolean {
  const sum = [...number].reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 1 : 3), 0)
  return sum % 10 === 0
}

const FINNISH = '0123456789ABCDEFHJKLMNPRSTUVWXY'
function finnish(number: string): boolean {
  const digits = number.slice(0, 6) + number.slice(-4, -1)
  const [day, month] = [Number(number.slice(0, 2)), Number(number.slice(2, 4))]
  return day >= 1 && day <= 31 && month >= 1 && month <= 12 && FINNISH[Number(digits) % 31] === number.at(-1)
}

/** Weights 7, 3, 1; `<` counts as nothing. @see ICAO Doc 9303 part 3, section 4.9 */
function icao(field: string, check: string | undefined): boolean {
  const sum = [...field].reduce(
    (total, letter, i) => total + (letter === '<' ? 0 : Number.parseInt(letter, 36)) * ([7, 3, 1][i % 3] ?? 0),
    0,
  )
  return String(sum % 10) === check
}

/** Nobody says `<` twice: it fills the lines of documents. */
const FILLED = /[A-Z0-9<]{3,}<<[A-Z0-9<]*/i
/** The second line of a passport or a visa: number, state, birth, sex, expiry. */
const PASSPORT = /([A-Z0-9<]{9})(\d)[A-Z<]{3}(\d{6})(\d)[MFX<](\d{6})(\d)/gi
/** The second line of a card: birth, sex, expiry, state. */
const CARD = /(\d{6})(\d)[MFX<](\d{6})(\d)[A-Z<]{3}/gi

function readersLine(text: string): string | undefined {
  const filled = FILLED.exec(text)
  if (filled && filled[0].length >= 12) return filled[0]
  const close = text.replaceAll(/\s/g, '').toUpperCase()
  for (const form of [PASSPORT, CARD])
    for (const [found, ...fields] of close.matchAll(form))
      if (fields.every((field, i) => i % 2 === 1 || icao(field, fields[i + 1]))) return found
  return undefined
}
