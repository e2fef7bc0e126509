import { latinDigits } from '../../platform/digits.ts'
import type { Criteria } from '../../registry/model.ts'
import { yearsMeant } from '../../registry/person/dates/life-dates.ts'
import type { Said } from '../../registry/person/dates/said-dates.ts'
import { sufficient } from '../../registry/search/search-tokens.ts'
import { readDocument } from '../record/machine-readable.ts'
import type { Texts } from '../ui/language.ts'

/**
 * Understands what people say at a counter, or a reader of documents types: a date or a year is a date of birth, letters and digits of a document are a
 * document, words followed by a number are a street, and the rest is a name.
 */
export function criteriaOf(said: string, mononym: boolean): Criteria {
  const read = readDocument(said, Temporal.Now.plainDateISO().year)
  if (read) {
    const { number, dateOfBirth } = read
    const name = [read.given, read.family].filter(Boolean).join(' ')
    return {
      ...(number ? { document: number } : {}),
      ...(name ? { name } : {}),
      ...(dateOfBirth ? { dateOfBirth } : {}),
    }
  }
  const document = /^\s*([A-Z]{0,3}[- ]?\d{5,12}[- ]?[A-Z]{0,2})\s*$/i.exec(latinDigits(said))?.[1]
  if (document !== undefined && !/^(1[89]|20)\d{2}$/.test(document.trim())) return { document: document.trim() }
  const { date, rest } = dateIn(said)
  const born = date === undefined ? {} : { dateOfBirth: date }
  const street = /^(.*\p{L}.*?)[\s,]+(\d{1,4}(?:\s?bis)?[A-Z]?)(?:[\s,]+[\dA-Za-zºª.-]{1,4}){0,4}\s*$/u.exec(rest)
  if (street?.[1] && street[2] && date === undefined)
    return { street: street[1].replace(/[,\s]+$/, ''), number: street[2] }
  const name = rest.replaceAll(/\s+/g, ' ').trim()
  return { ...(name === '' ? {} : { name }), ...born, ...(mononym && name !== '' ? { mononym: true } : {}) }
}

/** The years that a date with a year of two digits may mean: none of them is taken for it. @returns undefined where there is no such date */
export function shortYearIn(said: string): Extract<Said, { fault: unknown }> | undefined {
  const [, year] = /(?<![\d/.-])\d{1,2}([/.-])\d{1,2}\1(\d{2})(?![\d/.-])/.exec(latinDigits(said))?.slice(1) ?? []
  if (year === undefined || readDocument(said, Temporal.Now.plainDateISO().year)) return undefined
  return { fault: 'short-year', years: yearsMeant(Number(year), Temporal.Now.plainDateISO().year) }
}

/** What the box understood, in words, and whether it is enough to look for somebody; of a document, only that it is one. */
export function understood(criteria: Criteria, t: Texts): { text: string; enough: boolean } {
  const { name, dateOfBirth, street, number, document } = criteria
  const parts = [
    [t['search.name'], name],
    [t['search.born'], dateOfBirth],
    [t['search.street'], [street, number].filter(Boolean).join(' ')],
  ].flatMap(([what, said]) => (said ? [`${what}: ${said}`] : []))
  const enough = sufficient(criteria)
  return {
    text: [...parts, ...(document ? [t['search.document']] : []), enough ? t['search.enough'] : t['desk.tooWide']].join(
      ' · ',
    ),
    enough,
  }
}

/** What may stand in the box again: of a document that was read, no more than was looked for. */
export function saidAgain(said: string): string {
  const read = readDocument(said, Temporal.Now.plainDateISO().year)
  return read ? [read.given, read.family, read.dateOfBirth].filter(Boolean).join(' ') : said
}

/** The first date in a text, in the orders people write it, and what is left. */
function dateIn(text: string): { date: string | undefined; rest: string } {
  const two = (part: string) => part.padStart(2, '0')
  const forms: [RegExp, (parts: string[]) => string][] = [
    [/\b(\d{4})-(\d{1,2})-(\d{1,2})\b/, ([year = '', month = '', day = '']) => `${year}-${two(month)}-${two(day)}`],
    [
      /\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b/,
      ([day = '', month = '', year = '']) => `${year}-${two(month)}-${two(day)}`,
    ],
    [/\b(\d{1,2})[/.-](\d{4})\b/, ([month = '', year = '']) => `${year}-${two(month)}`],
    [/(?<![\d/])((?:18|19|20)\d{2})\b(?![/.-]\d)/, ([year = '']) => year],
  ]
  const latin = latinDigits(text)
  for (const [form, write] of forms) {
    const match = form.exec(latin)
    if (match) return { date: write(match.slice(1)), rest: latin.replace(match[0], ' ') }
  }
  return { date: undefined, rest: latin }
}
