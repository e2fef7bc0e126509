/**
 * A date of birth as people know it: `1990-05-17`, `1990-05`, `1990`, each with `~` when approximate
 * (EDTF level 1). Absent means unknown.
 */
export type BirthDate = string

export interface BirthDateParts {
  year: number
  month: number | undefined
  day: number | undefined
  approximate: boolean
}

const FORM = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(~)?$/

/** @returns undefined when the text is no such date (29 February outside a leap year included) */
export function parseBirthDate(text: string): BirthDateParts | undefined {
  const match = FORM.exec(text)
  if (!match) return undefined
  const [, year, month, day, tilde] = match
  const parts = {
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
  return parts.year < 1850 ? undefined : parts
}

/** The years a date may fall in: one, or three when approximate. */
export function possibleYears(date: BirthDateParts): number[] {
  return date.approximate ? [date.year - 1, date.year, date.year + 1] : [date.year]
}

/** Whether two dates can be the same day, as far as either is known. */
export function compatible(a: BirthDateParts, b: BirthDateParts): boolean {
  if (a.approximate || b.approximate) return possibleYears(a).some((year) => possibleYears(b).includes(year))
  const same = (x: number | undefined, y: number | undefined) => x === undefined || y === undefined || x === y
  return a.year === b.year && same(a.month, b.month) && same(a.day, b.day)
}

/** The last day it can have been: who is of age counted from it is of age for certain. */
export function latestDay(date: BirthDateParts): Temporal.PlainDate {
  const year = date.approximate ? date.year + 1 : date.year
  if (date.month === undefined) return new Temporal.PlainDate(year, 12, 31)
  const month = new Temporal.PlainYearMonth(year, date.month)
  return month.toPlainDate({ day: date.day ?? month.daysInMonth })
}
