import { type Cookie, commonCookie } from '../http/cookies.ts'
import type { Incoming } from '../identity/app.ts'
import { type Municipality, townName } from '../town/model.ts'
import { isLanguage, type Language, languageFor } from './ui/language.ts'

/**
 * What keeps a language that somebody chose, until their browser is closed. It is nobody's: it says one of the languages
 * there are, and is the same for all who chose it.
 */
const LANGUAGE_COOKIE = 'language'

/** What keeps the language that an address asks for, where it asks for one. */
export function languageCookie(url: string): Cookie | undefined {
  const [, asked = ''] = /[?&]lang=([\w-]+)/.exec(url) ?? []
  return isLanguage(asked) ? commonCookie(LANGUAGE_COOKIE, asked) : undefined
}

/**
 * The town a page is of and the language its reader wants: said in the address, else chosen before, else what the browser
 * says, else the town's.
 */
export function readerOf(request: Incoming): { town: Municipality; language: Language } {
  const { town } = request
  const language =
    [request.query('lang'), request.cookie(LANGUAGE_COOKIE) ?? ''].find(isLanguage) ??
    languageFor(request.header('accept-language'), town.languages)
  return { town, language }
}

export const nameIn = (town: Municipality, language: Language) => townName(town, language)
