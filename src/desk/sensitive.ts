import { languageFiles } from '../platform/languages.ts'

// Words that say, or may say, something about papers, status or origin, in the languages of the desk. A clerk is asked
// before such a word is kept; nothing is refused, for "Visa" is also a surname.
const WORDS = [
  // English
  'undocumented',
  'illegal(?:ly)?',
  'irregular',
  'no papers',
  'without papers',
  'asylum',
  'refugee',
  'visa',
  'passport',
  'residence permit',
  'nationality',
  'citizenship',
  'deport\\w*',
  'immigra\\w*',
  'overstay\\w*',
  'expired papers',
  // Spanish and Catalan
  'sin papeles',
  'indocumentad\\w+',
  'ilegal\\w*',
  'asilo',
  'refugiad\\w+',
  'visado',
  'pasaporte',
  'permiso de residencia',
  'tarjeta de residencia',
  'nacionalidad',
  'extranjer\\w+',
  'expuls\\w+',
  'NIE',
  'arraigo',
  'sense papers',
  'indocumentat\\w*',
  'il·legal\\w*',
  'asil',
  'refugiat\\w*',
  'visat',
  'passaport',
  'permís de residència',
  'nacionalitat',
  'estranger\\w*',
  'arrelament',
  // French
  'sans[- ]papiers',
  'clandestin\\w*',
  'illégal\\w*',
  'irrégulier\\w*',
  'asile',
  'réfugié\\w*',
  'passeport',
  'titre de séjour',
  'carte de séjour',
  'nationalité',
  'étranger\\w*',
  'expulsé\\w*',
  'OQTF',
]
const ARABIC = [
  'بدون أوراق',
  'بلا أوراق',
  'لاجئ',
  'لاجئة',
  'لجوء',
  'جواز سفر',
  'جواز',
  'تأشيرة',
  'إقامة',
  'جنسية',
  'غير شرعي',
  'ترحيل',
  'مهاجر',
]
/** A Spanish residence-card or identity number, and the like of other countries: letters and digits of that length. */
const NUMBERS = /(?<![\p{L}\d])[XYZ][-\s]?\d{7}[-\s]?[A-Z](?![\p{L}\d])|(?<![\p{L}\d])[A-Z]{1,3}\d{6,9}(?![\p{L}\d])/iu
const LATIN = new RegExp(
  `(?<![\\p{L}\\d])(?:${[...WORDS, ...Object.values(languageFiles).flatMap((file) => file.sensitive)].map((word) => word.replaceAll('\\w', '\\p{L}')).join('|')})(?![\\p{L}\\d])`,
  'iu',
)

/** The first word of a text that may say what the register must not know. */
export function sensitiveWord(text: string): string | undefined {
  return LATIN.exec(text)?.[0] ?? NUMBERS.exec(text)?.[0] ?? ARABIC.find((word) => text.includes(word))
}

/** The text without any such word. */
export function withoutSensitive(text: string): string {
  let left = text
  for (let word = sensitiveWord(left); word !== undefined; word = sensitiveWord(left)) left = left.replace(word, ' ')
  return left.replaceAll(/\s+/g, ' ').trim()
}
