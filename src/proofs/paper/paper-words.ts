import { fromLanguageFiles } from '../../platform/languages.ts'
import texts from './paper-texts.json'

/** What papers say, in every language there is. */
export const paperTexts = { ...texts, ...fromLanguageFiles((file) => file.papers) } as typeof texts

/** The languages papers are printed in. */
export const PAPER_LANGUAGES = Object.keys(paperTexts) as [keyof typeof texts, ...(keyof typeof texts)[]]
