import { latinDigits } from '../../../platform/digits.ts'
import { FIRST_BIRTH_YEAR } from '../../../platform/years.ts'
import { parseBirthDate } from './birth-date.ts'
import { yearsMeant } from './life-dates.ts'

// Dates as people say and type them, in three boxes. Every form of every page reads them here.

/** In which calendar a date is told. It tells of religion and origin: no date is kept in any but the first. */
export const CALENDARS = ['gregory', 'islamic-umalqura', 'ethiopic', 'persian'] as const
export type Calendar = (typeof CALENDARS)[number]
export const calendarIn = (text: string): Calendar => CALENDARS.find((one) => one === text) ?? 'gregory'

/** What stands in the boxes. */
export interface Boxes {
  day: string
  month: string
  year: string
}

export type SaidFault =
  | 'short-year'
  | 'not-a-year'
  | 'too-early'
  | 'day-without-month'
  | 'month-without-year'
  | 'unknown-month'
  | 'no-such-day'
  | 'whole-day'
  | 'year-alone'

/** What was meant, or why nobody can tell; with the years that may have been meant by two digits. */
export type Said = { date: string } | { fault: SaidFault; years?: readonly number[] }

/** Who reads the boxes. */
export interface Reader {
  language: string
  thisYear: number
  /** Spring, summer, autumn and winter, as each language calls them. */
  seasons?: readonly (readonly string[])[]
}

/** How a date of birth is told, beside what stands in its boxes. */
export interface Manner {
  about?: boolean
  /** Only that it was before this year. */
  before?: boolean
}

/** A date of birth as far as it is known. @returns undefined when nothing is typed; else EDTF, or the fault */
export function saidBirth(boxes: Boxes, manner: Manner, reader: Reader): Said | undefined {
  const { day, month, year } = tidied(boxes)
  if (year === '') return day || month ? { fault: 'month-without-year' } : undefined
  const decade = decadeIn(year, reader.thisYear)
  if (decade !== undefined) return month || day || manner.before || manner.about ? { fault: 'year-alone' } : decade
  const whole = wholeYear(year, reader.thisYear)
  if (typeof whole !== 'number') return whole
  if (whole < FIRST_BIRTH_YEAR) return { fault: 'too-early' }
  if (manner.before) return month || day ? { fault: 'year-alone' } : known(`../${whole - 1}`)
  if (month === '') return day ? { fault: 'day-without-month' } : known(`${whole}${manner.about ? '~' : ''}`)
  const season = seasonIn(month, reader)
  if (season !== undefined) return day || manner.about ? { fault: 'no-such-day' } : known(`${whole}-${season}`)
  const number = monthIn(month, 'gregory', reader.language)
  if (number === undefined) return { fault: 'unknown-month' }
  // 21 to 24 are seasons to EDTF, and to somebody who swapped two boxes they are days.
  if (number > 12) return { fault: 'no-such-day' }
  const parts = [whole, two(number), ...(day ? [two(day)] : [])].join('-')
  return known(`${parts}${manner.about ? '~' : ''}`)
}

/** A whole day. @returns undefined when nothing is typed; else an ISO date, or the fault */
export function saidDay(boxes: Boxes, reader: Reader & { toCome?: boolean }): Said | undefined {
  const { day, month, year } = tidied(boxes)
  if (day === '' && month === '' && year === '') return undefined
  if (day === '' || year === '') return { fault: 'whole-day' }
  if (month === '') return { fault: 'day-without-month' }
  if (!isNumber(day)) return { fault: 'no-such-day' }
  const whole = wholeYear(year, reader.thisYear, reader.toCome)
  if (typeof whole !== 'number') return whole
  const number = monthIn(month, 'gregory', reader.language)
  if (number === undefined) return { fault: 'unknown-month' }
  try {
    const date = Temporal.PlainDate.from({ year: whole, month: number, day: Number(day) }, { overflow: 'reject' })
    return { date: date.toString() }
  } catch {
    return { fault: 'no-such-day' }
  }
}

/** A date of birth told in another calendar: what is kept of it, and how it was told, to be shown beside it. */
export type Converted = { date: string; told: string } | { fault: SaidFault }

/**
 * Turns a date of birth told in another calendar into the one that is kept. A year or a month of another calendar lies
 * across two of ours: what is kept says no more than was told.
 *
 * @returns undefined when nothing is typed
 */
export function fromCalendar(
  calendar: Exclude<Calendar, 'gregory'>,
  { boxes, manner: { about = false, before = false }, language }: { boxes: Boxes; manner: Manner; language: string },
): Converted | undefined {
  const { day, month, year } = tidied(boxes)
  if (year === '') return day || month ? { fault: 'month-without-year' } : undefined
  if (!/^\d{3,4}$/.test(year)) return { fault: /^\d{1,2}$/.test(year) ? 'short-year' : 'not-a-year' }
  if (before && (month || day)) return { fault: 'year-alone' }
  if (month === '' && day) return { fault: 'day-without-month' }
  const number = month === '' ? undefined : monthIn(month, calendar, language)
  if (month !== '' && number === undefined) return { fault: 'unknown-month' }
  if (day !== '' && !isNumber(day)) return { fault: 'no-such-day' }
  const span = spanOf(calendar, { year: Number(year), month: number, day: day === '' ? undefined : Number(day) })
  if (span === undefined) return { fault: 'no-such-day' }
  const date = before ? `../${span.from.subtract({ days: 1 }).year}` : edtfOf(span, about)
  if (parseBirthDate(date) === undefined) return { fault: 'too-early' }
  return {
    date,
    told: toldIn(calendar, { date: span.from, language, known: { month: number !== undefined, day: day !== '' } }),
  }
}

/** How a month is called in a language, by number or name; short or without its accents too. @returns undefined where it is none */
export function monthIn(text: string, calendar: Calendar, language: string): number | undefined {
  if (isNumber(text)) return Number(text)
  const said = folded(text)
  const own = variants(language).flatMap((locale) => monthNames(calendar, locale))
  const exact = [...own, ...EVERYWHERE.flatMap((locale) => monthNames(calendar, locale))].find(
    ({ name }) => name === said,
  )
  if (exact) return exact.month
  const begun = new Set(
    said.length < 3 ? [] : own.filter(({ name }) => name.startsWith(said)).map(({ month }) => month),
  )
  return begun.size === 1 ? [...begun][0] : undefined
}

/** Arabic has several sets of names, by country. */
const variants = (language: string) => (language === 'ar' ? ['ar', 'ar-SY', 'ar-MA', 'ar-TN'] : [language])
const EVERYWHERE = ['en', 'es', 'ca', 'fr', 'pt', 'ar', 'ar-SY', 'ar-MA', 'ar-TN']

const named = new Map<string, { name: string; month: number }[]>()

/** The months of a calendar in a language, long and short, as they are compared. */
function monthNames(calendar: Calendar, locale: string): { name: string; month: number }[] {
  const key = `${locale} ${calendar}`
  const made = named.get(key) ?? namesOf(calendar, locale)
  named.set(key, made)
  return made
}

/** A year of each calendar without a thirteenth month that comes and goes. */
const SAMPLE: Record<Calendar, number> = { gregory: 2023, 'islamic-umalqura': 1444, ethiopic: 2015, persian: 1402 }

function namesOf(calendar: Calendar, locale: string): { name: string; month: number }[] {
  const { monthsInYear } = Temporal.PlainDate.from({ calendar, year: SAMPLE[calendar], month: 1, day: 1 })
  return Array.from({ length: monthsInYear }, (_, i) => i + 1).flatMap((month) => {
    const first = Temporal.PlainDate.from({ calendar, year: SAMPLE[calendar], month, day: 1 })
    return (['long', 'short'] as const).map((length) => ({
      name: folded(written(calendar, { locale, date: first, options: { month: length } })),
      month,
    }))
  })
}

const written = (
  calendar: Calendar,
  { locale, date, options }: { locale: string; date: Temporal.PlainDate; options: Intl.DateTimeFormatOptions },
): string => {
  const { year, month, day } = date.withCalendar('iso8601')
  return new Intl.DateTimeFormat(`${locale}-u-ca-${calendar}-nu-latn`, { ...options, timeZone: 'UTC' }).format(
    Date.UTC(year, month - 1, day, 12),
  )
}

function toldIn(
  calendar: Calendar,
  { date, language, known }: { date: Temporal.PlainDate; language: string; known: { month: boolean; day: boolean } },
): string {
  return written(calendar, {
    locale: language,
    date,
    options: {
      year: 'numeric',
      ...(known.month ? { month: 'long' } : {}),
      ...(known.day ? { day: 'numeric' } : {}),
    },
  })
}

/** Letters without accents, marks and dots: what is left of a name however it was typed. */
const folded = (text: string) =>
  text
    .normalize('NFKD')
    .replaceAll(/[\p{M}\p{P}\p{S}\s]/gu, '')
    .toLowerCase()

const tidied = ({ day, month, year }: Boxes): Boxes => ({
  day: latinDigits(day).trim(),
  month: latinDigits(month).trim(),
  year: latinDigits(year).trim(),
})

const isNumber = (text: string) => /^\d{1,2}$/.test(text)
const two = (part: string | number) => String(part).padStart(2, '0')
const known = (date: string): Said => (parseBirthDate(date) ? { date } : { fault: 'no-such-day' })

/** A year of four digits. Two are never taken for a year: nobody can know of which century. */
function wholeYear(text: string, thisYear: number, toCome = false): number | Said {
  if (/^\d{4}$/.test(text)) return Number(text) < 100 ? { fault: 'not-a-year' } : Number(text)
  if (!isNumber(text)) return { fault: 'not-a-year' }
  const century = Math.floor(thisYear / 100) * 100
  return { fault: 'short-year', years: toCome ? [century + Number(text)] : yearsMeant(Number(text), thisYear) }
}

/** Ten years, as they are said: `196X`, `196?`, `1960s`, `60s`, `años 60`. @returns undefined where it is no decade */
function decadeIn(text: string, thisYear: number): Said | undefined {
  const [, digits] = /^(\d{3})[xX?*_]$/.exec(text) ?? []
  if (digits !== undefined) return known(`${digits}X`)
  const [, before = '', number = '', after = ''] = /^(\D*)(\d{4}|\d{2})(\D*)$/.exec(text) ?? []
  const words = folded(before)
  const said =
    (words === '' || DECADES.includes(words)) &&
    (/^\s*['’]?s\.?$/i.test(after) || (words !== '' && after.trim() === ''))
  if (!said || !number.endsWith('0')) return undefined
  if (number.length === 4) return known(`${number.slice(0, 3)}X`)
  const meant = yearsMeant(Number(number), thisYear)
  const [only, ...others] = meant
  return only !== undefined && others.length === 0
    ? known(`${String(only).slice(0, 3)}X`)
    : { fault: 'short-year', years: meant }
}

/** What stands before ten years in the languages spoken here, without spaces and accents. Any other word is none of it. */
const DECADES = [
  ...['años', 'losaños', 'enlosaños', 'década', 'décadade', 'décadadelos', 'ladécadade', 'ladécadadelos'],
  ...['anys', 'elsanys', 'dècada', 'dècadade', 'dècadadels', 'ladècadade', 'ladècadadels'],
  ...['années', 'lesannées', 'annéesmilleneufcent', 'décenniede', 'the', 'inthe', 'theyears'],
  ...['anos', 'osanos', 'nosanos', 'décadadosanos', 'décadade', 'anosde'],
  ...['الستينات', 'عقد', 'سنوات', 'السنوات', 'أعوام'],
].map((words) => folded(words))

/** @returns 21 to 24, as EDTF numbers them */
function seasonIn(text: string, { seasons = [] }: Reader): number | undefined {
  for (const names of seasons) {
    const at = names.findIndex((season) => folded(season) === folded(text))
    if (at >= 0) return 21 + at
  }
  return undefined
}

interface Span {
  from: Temporal.PlainDate
  to: Temporal.PlainDate
}

/** The days that a day, a month or a year of another calendar takes in, in our own. */
function spanOf(
  calendar: Calendar,
  { year, month, day }: { year: number; month: number | undefined; day: number | undefined },
): Span | undefined {
  try {
    const first = Temporal.PlainDate.from({ calendar, year, month: month ?? 1, day: day ?? 1 }, { overflow: 'reject' })
    const past =
      day !== undefined ? first.add({ days: 1 }) : first.add(month === undefined ? { years: 1 } : { months: 1 })
    return { from: first.withCalendar('iso8601'), to: past.subtract({ days: 1 }).withCalendar('iso8601') }
  } catch {
    return undefined
  }
}

/** The least that EDTF can say of some days: one day, their month, their year, or a year that is approximate. */
function edtfOf({ from, to }: Span, about: boolean): string {
  const tilde = about ? '~' : ''
  if (from.equals(to)) return `${from.toString()}${tilde}`
  if (from.year === to.year) {
    const month = from.month === to.month ? `-${two(from.month)}` : ''
    return `${from.year}${month}${tilde}`
  }
  // The year that has most of it: the other is next to it.
  return `${from.until({ year: to.year, month: 1, day: 1 }).days * 2 > from.until(to).days ? from.year : to.year}~`
}
