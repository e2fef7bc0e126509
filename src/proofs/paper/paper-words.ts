import { type English, inEveryLanguage, type Language } from '../../platform/languages.ts'

/** What papers say, in every language there is. */
export const paperTexts = inEveryLanguage((file) => file.papers) as Record<Language, English['papers']>

/** The languages papers are printed in. */
export const PAPER_LANGUAGES = Object.keys(paperTexts) as [Language, ...Language[]]
