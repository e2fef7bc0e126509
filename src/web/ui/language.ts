import { type English, inEveryLanguage, type Language } from '../../platform/languages.ts'

export type { Language }
/** What pages say. */
export type Texts = English['ui']

export const LOCALES = inEveryLanguage((file) => file.ui) as Record<Language, Texts>

/** How a language names itself, and which way it is written. */
export const LANGUAGES = inEveryLanguage(({ name, direction }) => ({ name, direction }))

/** Who is never given anything, as far as the law of the town leaves it to the town. @param law what the town names */
export const safeText = (language: Language, law: string | null): string => {
  const t = LOCALES[language]
  return law === null ? t['page.safeText'] : t['page.safeLaw'].replace('{law}', () => law)
}

export function isLanguage(text: string): text is Language {
  return Object.hasOwn(LOCALES, text)
}

/**
 * The language to answer in: the first of the reader's that we have, else the town's own.
 *
 * @param accepted an Accept-Language header
 * @see RFC 9110 section 12.5.4
 */
export function languageFor(accepted: string | undefined, town: readonly string[]): Language {
  const wanted = (accepted ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...rest] = part.trim().split(';')
      const weight = rest.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((one) => one !== undefined)
      return { language: tag.toLowerCase().split('-')[0] ?? '', weight: weight === undefined ? 1 : Number(weight) }
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
  return [...wanted.map(({ language }) => language), ...town].find(isLanguage) ?? 'en'
}

export const languageName = (code: string) => LANGUAGES[code as Language]?.name ?? code

export const textsOf = (language: Language) => LOCALES[language]
