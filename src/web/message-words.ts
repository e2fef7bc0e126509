import { isLanguage, LOCALES } from './ui/language.ts'

/** All that any channel says, in somebody's language: that there is a message. */
export const messageWords = (language: string | undefined) =>
  LOCALES[language !== undefined && isLanguage(language) ? language : 'en']['change.text']
