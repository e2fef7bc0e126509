import { inEveryLanguage } from '../platform/languages.ts'
import { documentIn } from './document-numbers.ts'

// Words that say, or may say, something about papers, status or origin, in every language the service speaks. They
// are regular expressions as people write them, accents and all; \w is a letter of any alphabet. A word in capitals is
// an abbreviation, which is a word of its own in small letters. Nothing is refused for good: a street may be called so.

/** The words of each language, by its tag. */
export const plainWords: Readonly<Record<string, readonly string[]>> = inEveryLanguage(({ sensitive }) => sensitive)

/** What stands before an Arabic word and is written together with it: and, then, with, to, like, the. */
const ARABIC_PREFIX = '(?:[وف]?(?:[بكل]?ال|لل|[بلك])?)'
const ARABIC = /\p{Script=Arabic}/u
const ABBREVIATION = /^[A-Z]{3,}$/

/**
 * The same text for everyone who writes it: without accents, marks and invisible letters, in small letters, with one kind
 * of apostrophe, dash and space; Arabic letters that are written either way are one letter. Not shorter than a pattern needs: patterns are folded the same.
 */
function folded(text: string): string {
  return (
    text
      .replaceAll(/l[·•‧.]l/giu, 'll')
      .normalize('NFKD')
      .replaceAll(/l[·•‧.]l/giu, 'll')
      .replaceAll(/[\p{Mn}\p{Cf}ـ]/gu, '')
      .replaceAll(/[آأإٱ]/gu, 'ا')
      .replaceAll('ى', 'ي')
      .replaceAll('ة', 'ه')
      .replaceAll(/[’‘ʼ`´]/gu, "'")
      .replaceAll(/\p{Dash}/gu, '-')
      // refugiad@s: of either sex.
      .replaceAll(/(?<=\p{L})@(?=s?(?![\p{L}\d@.]))/gu, 'o')
      .toLowerCase()
  )
}

/** Patterns keep their backslashes: `\p{L}` is put in for `\w` only after folding. */
const patternOf = (word: string) => folded(word).replaceAll('\\w', '\\p{L}').replaceAll(' ', '[\\s-]+')

const all = Object.values(plainWords).flat()
const abbreviations = all.filter((word) => ABBREVIATION.test(word))
const arabic = all.filter((word) => ARABIC.test(word))
const others = all.filter((word) => !ABBREVIATION.test(word) && !ARABIC.test(word))

const WORD = new RegExp(
  `(?<![\\p{L}\\d])(?:${others.map(patternOf).join('|')}|${ARABIC_PREFIX}(?:${arabic.map(patternOf).join('|')}))(?![\\p{L}\\d])`,
  'u',
)
const SHORT = new RegExp(
  `(?<![\\p{L}\\d])(?:${abbreviations.map((word) => [...word].join('\\.?')).join('|')})(?![\\p{L}\\d])`,
  'u',
)

/** The first word of a text that may say what the register must not know, as it was folded. */
export const wordAboutPapers = (text: string): string | undefined =>
  WORD.exec(folded(text))?.[0].trim() ?? SHORT.exec(text)?.[0]

/** What in a text may say too much: a word about papers, or the number of a document. */
export const tooMuchIn = (text: string): string | undefined => wordAboutPapers(text) ?? documentIn(text)

const MOST_WORDS = 6

/** The same as it was written, to show whoever wrote it which words are meant. */
export function writtenTooMuch(text: string): string | undefined {
  const said = tooMuchIn(text)
  if (said === undefined) return undefined
  const words = text.split(/\s+/)
  for (let length = 1; length <= MOST_WORDS; length += 1)
    for (let from = 0; from + length <= words.length; from += 1) {
      const part = words.slice(from, from + length).join(' ')
      if (tooMuchIn(part) === said) return part.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
    }
  return said
}
