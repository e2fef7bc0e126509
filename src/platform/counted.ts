import { IntlMessageFormat } from 'intl-messageformat'
import { localeTag } from './locale-tag.ts'

const formats = new Map<string, IntlMessageFormat>()
const lists = new Map<string, Intl.ListFormat>()

/**
 * A text with a count in it, in the form that the language has for so many.
 *
 * @param text in ICU MessageFormat: `{n, plural, one {# person} other {# people}}`
 */
export function counted(text: string, language: string, values: Readonly<Record<string, number | string>>): string {
  const key = `${language} ${text}`
  const format = formats.get(key) ?? new IntlMessageFormat(text, localeTag(language))
  formats.set(key, format)
  return String(format.format(values))
}

/** Several things in one sentence, with the comma and the "and" of the language. */
export function listText(language: string, items: readonly string[]): string {
  const format = lists.get(language) ?? new Intl.ListFormat(localeTag(language), { type: 'conjunction' })
  lists.set(language, format)
  return format.format(items)
}
