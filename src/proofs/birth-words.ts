import { localeTag } from '../platform/locale-tag.ts'

/** Words for a date of birth that nobody knows to the day, in one language. */
export interface BirthTexts {
  /** `{year}`, and the years `{from}` and `{to}` beside it. */
  bornAbout: string
  /** The years `{from}` and `{to}`. */
  bornBetween: string
  /** The days `{from}` and `{to}`. */
  bornBetweenDays: string
  bornBefore: string
}

/**
 * A date of birth as a proof has it, in words: a day, a month, a year, or the first and the last day it can have been,
 * as ISO 8601 writes an interval. Runs in a browser too.
 *
 * @param claim as `birthClaim` makes it
 */
export function birthWords(claim: string, language: string, texts: BirthTexts): string {
  const [, from = '', to = ''] = /^(\.\.|\d{4}-\d{2}-\d{2})\/(\d{4}-\d{2}-\d{2})$/.exec(claim) ?? []
  if (to === '') return dateWords(claim, language)
  const fill = (text: string, values: Record<string, string | number>) =>
    text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
  const [first, last] = [Number(from.slice(0, 4)), Number(to.slice(0, 4))]
  if (from === '..') return fill(texts.bornBefore, { year: last + 1 })
  if (!from.endsWith('-01-01') || !to.endsWith('-12-31'))
    return fill(texts.bornBetweenDays, { from: dateWords(from, language), to: dateWords(to, language) })
  return last - first === 2
    ? fill(texts.bornAbout, { year: first + 1, from: first, to: last })
    : fill(texts.bornBetween, { from: first, to: last })
}

/** A day, a month or a year as people write it. What is none of them stays as it is. */
function dateWords(iso: string, language: string): string {
  const [, year, month, day] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(iso) ?? []
  if (year === undefined || month === undefined) return iso
  return new Intl.DateTimeFormat(localeTag(language), {
    year: 'numeric',
    month: 'long',
    ...(day === undefined ? {} : { day: 'numeric' }),
    timeZone: 'UTC',
  }).format(Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1), 12))
}
