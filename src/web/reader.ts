import { parse } from 'hono/utils/cookie'
import type { Reception } from '../http/endpoint.ts'
import { Problem } from '../platform/problem.ts'
import { type Municipality, townName } from '../town/municipality.ts'
import { isLanguage, type Language, languageFor } from './ui/language.ts'

interface Asked {
  var: { reception: Pick<Reception<Municipality>, 'townOf'> }
  req: { url: string; header(name: string): string | undefined; query(name: string): string | undefined }
}

/**
 * What keeps a language that somebody chose, until their browser is closed. It is nobody's: it says one of the languages
 * there are, and is the same for all who chose it.
 */
const LANGUAGE_COOKIE = 'language'

/** What keeps the language that an address asks for, where it asks for one. */
export function languageCookie(url: string): string | undefined {
  const [, asked = ''] = /[?&]lang=([\w-]+)/.exec(url) ?? []
  return isLanguage(asked) ? `${LANGUAGE_COOKIE}=${asked}; Path=/; SameSite=Lax` : undefined
}

/**
 * The town a page is of and the language its reader wants: said in the address, else chosen before, else what the browser
 * says, else the town's.
 */
export async function readerOf(context: Asked): Promise<{ town: Municipality; language: Language }> {
  const town = await context.var.reception.townOf(context.req.header('host') ?? new URL(context.req.url).host)
  const asked = context.req.query('lang') ?? ''
  const kept = parse(context.req.header('cookie') ?? '', LANGUAGE_COOKIE)[LANGUAGE_COOKIE] ?? ''
  const language = [asked, kept].find(isLanguage) ?? languageFor(context.req.header('accept-language'), town.languages)
  return { town, language }
}

export const nameIn = (town: Municipality, language: Language) => townName(town, language)

const LARGEST_FORM = 70_000

/** What was pasted into a form's one field. @throws {Problem} too-large */
export async function pastedText(context: { req: { text(): Promise<string> } }): Promise<string> {
  const body = await context.req.text()
  if (body.length > LARGEST_FORM) throw new Problem('too-large', 413, 'This is too large to be a form.')
  return (new URLSearchParams(body).get('text') ?? '').trim()
}
