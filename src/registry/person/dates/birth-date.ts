import { FIRST_BIRTH_YEAR } from '../../../platform/years.ts'
import type { LeapDayBirthday } from '../../../town/model.ts'

/**
 * A date of birth as people know it (EDTF level 1): `1990-05-17`, `1990-05`, `1990`, each with `~` when approximate; a
 * decade, `196X`; a season, `1990-21` (spring) to `1990-24` (winter); a year or any before it, `../1959`.
 * Absent means unknown.
 *
 * @see ISO 8601-2:2019, and its source, the Extended Date/Time Format of the Library of Congress
 */
export type BirthDate = string

export interface BirthDateParts {
  /** Of a decade the first, of "before" the last it can have been. */
  year: number
  month: number | undefined
  day: number | undefined
  approximate: boolean
  form: 'date' | 'decade' | 'season' | 'before'
  season: Season | undefined
}

/** Spring, summer, autumn, winter, in whatever half of the world. */
export type Season = 21 | 22 | 23 | 24

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(~)?$/
const DECADE = /^(\d{3})X$/
const SEASON = /^(\d{4})-(2[1-4])$/
const BEFORE = /^\.\.\/(\d{4})$/

/** @returns undefined when the text is no such date (29 February outside a leap year included) */
export function parseBirthDate(text: string): BirthDateParts | undefined {
  const parts = partsOf(text)
  return parts === undefined || parts.year < FIRST_BIRTH_YEAR ? undefined : parts
}

function partsOf(text: string): BirthDateParts | undefined {
  const nothing = { month: undefined, day: undefined, approximate: false, season: undefined }
  const decade = DECADE.exec(text)?.[1]
  if (decade !== undefined) return { ...nothing, form: 'decade', year: Number(decade) * 10 }
  const before = BEFORE.exec(text)?.[1]
  if (before !== undefined) return { ...nothing, form: 'before', year: Number(before) }
  const [, seasonYear, season] = SEASON.exec(text) ?? []
  if (season !== undefined)
    return { ...nothing, form: 'season', year: Number(seasonYear), season: Number(season) as Season }
  const match = DATE.exec(text)
  if (!match) return undefined
  const [, year, month, day, tilde] = match
  const parts: BirthDateParts = {
    ...nothing,
    form: 'date',
    year: Number(year),
    month: month === undefined ? undefined : Number(month),
    day: day === undefined ? undefined : Number(day),
    approximate: tilde !== undefined,
  }
  try {
    Temporal.PlainDate.from({ year: parts.year, month: parts.month ?? 1, day: parts.day ?? 1 }, { overflow: 'reject' })
  } catch {
    return undefined
  }
  return parts
}

/** Whether the date says a day, a month or a year and nothing vaguer: it reads the same to everybody. */
export const isPlain = ({ form, approximate }: BirthDateParts): boolean => form === 'date' && !approximate

/** The year somebody names as theirs, exactly or about; nobody who names a decade names one. */
export function yearTold(dateOfBirth: string | undefined): string | undefined {
  const born = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  return born === undefined || born.form === 'decade' || born.form === 'before' ? undefined : String(born.year)
}

/** The years a date may fall in: one, three when approximate, ten of a decade, many of "before". */
export function possibleYears(date: BirthDateParts): number[] {
  const [first, last] = [earliestDay(date).year, latestDay(date).year]
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

const MOST_TELLING = 10

/** The years by which somebody is found. Where there are too many to tell anything, none: as if it were unknown. */
export function tellingYears(date: BirthDateParts): number[] {
  const years = possibleYears(date)
  return years.length > MOST_TELLING ? [] : years
}

/** Whether two dates can be the same day, as far as either is known. */
export function compatible(a: BirthDateParts, b: BirthDateParts): boolean {
  const [x, y] = [span(a), span(b)]
  return Temporal.PlainDate.compare(x.from, y.to) <= 0 && Temporal.PlainDate.compare(y.from, x.to) <= 0
}

/** Who does not know their year does not know their day in it either. */
function span(date: BirthDateParts): { from: Temporal.PlainDate; to: Temporal.PlainDate } {
  const whole = date.approximate ? { ...date, month: undefined, day: undefined } : date
  return { from: earliestDay(whole), to: latestDay(whole) }
}

/** How many years lie between two dates at the least. */
export function yearsApart(a: BirthDateParts, b: BirthDateParts): number {
  return Math.max(0, earliestDay(a).year - latestDay(b).year, earliestDay(b).year - latestDay(a).year)
}

/** The first day it can have been: what came before it came before this birth for certain. */
export function earliestDay(date: BirthDateParts): Temporal.PlainDate {
  const { form, year, month, day, season } = date
  if (form === 'before') return new Temporal.PlainDate(FIRST_BIRTH_YEAR, 1, 1)
  if (season !== undefined) return seasonDays(year, season).from
  const first = date.approximate ? year - 1 : year
  return dayIn(first, month ?? 1, day ?? 1)
}

/** The last day it can have been: who is of age counted from it is of age for certain. */
export function latestDay(date: BirthDateParts): Temporal.PlainDate {
  const { form, year, month, day, season } = date
  if (season !== undefined) return seasonDays(year, season).to
  if (form === 'decade') return new Temporal.PlainDate(year + 9, 12, 31)
  const last = date.approximate ? year + 1 : year
  return dayIn(last, month ?? 12, day ?? 31)
}

/** The 29th of February is the 28th in a year that has none; so is the 31st the last day of a shorter month. */
const dayIn = (year: number, month: number, day: number) => Temporal.PlainDate.from({ year, month, day })

/**
 * EDTF does not say of which half of the world a season is, nor in which year a winter counts that begins in one and
 * ends in the next: what is certain is between the first day and the last it can have been anywhere.
 */
function seasonDays(year: number, season: Season): { from: Temporal.PlainDate; to: Temporal.PlainDate } {
  return season === 21 || season === 23
    ? { from: new Temporal.PlainDate(year, 3, 1), to: new Temporal.PlainDate(year, 12, 31) }
    : { from: new Temporal.PlainDate(year - 1, 12, 1), to: new Temporal.PlainDate(year + 1, 3, 31) }
}

/**
 * The day somebody born on a day is so many years old.
 *
 * @see Código civil art. 315 and many others: an age is complete on the day itself, the whole day counted
 */
export function birthdayAt(born: Temporal.PlainDate, years: number, leapDay: LeapDayBirthday): Temporal.PlainDate {
  const day = born.add({ years })
  return born.month === 2 && born.day === 29 && day.day === 28 && leapDay === 'mar-1' ? day.add({ days: 1 }) : day
}

/**
 * Whether somebody is so many years old on a day. Every age is computed here.
 *
 * @returns undefined where the date of birth, as far as it is known, leaves it open
 */
export function isAged(
  years: number,
  { dateOfBirth, day, leapDay }: { dateOfBirth: string | undefined; day: Temporal.PlainDate; leapDay: LeapDayBirthday },
): boolean | undefined {
  const born = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  if (born === undefined) return undefined
  const reached = (from: Temporal.PlainDate) => Temporal.PlainDate.compare(birthdayAt(from, years, leapDay), day) <= 0
  if (reached(latestDay(born))) return true
  return reached(earliestDay(born)) ? undefined : false
}
