/** How dates and numbers are written in each language: English and Portuguese of Europe, Arabic with the digits of everybody else. */
const TAGS: Readonly<Record<string, string>> = { en: 'en-GB', pt: 'pt-PT', ar: 'ar-u-nu-latn' }

/** @returns a language tag (BCP 47) for `Intl` */
export const localeTag = (language: string): string => TAGS[language] ?? language

/** A day in words: the first of a month as French has it, which formats of dates do not. @param iso YYYY-MM-DD */
export function longDay(language: string, iso: string): string {
  const text = Temporal.PlainDate.from(iso).toLocaleString(localeTag(language), { dateStyle: 'long' })
  return language === 'fr' ? text.replace(/^1 /, '1er ') : text
}
