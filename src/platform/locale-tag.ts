/** How dates and numbers are written in each language: English and Portuguese of Europe, Arabic with the digits of everybody else. */
const TAGS: Readonly<Record<string, string>> = { en: 'en-GB', pt: 'pt-PT', ar: 'ar-u-nu-latn' }

/** @returns a language tag (BCP 47) for `Intl` */
export const localeTag = (language: string): string => TAGS[language] ?? language
