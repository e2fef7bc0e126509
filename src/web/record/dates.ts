import { localeTag } from '../../platform/locale-tag.ts'
import type { LifeFault } from '../../registry/person/dates/life-dates.ts'
import type { Said } from '../../registry/person/dates/said-dates.ts'
import type { Language, Texts } from '../ui/language.ts'

// What is said beside the boxes of a date.

/** The seasons, with `{year}` for the year, from spring on. */
export const seasonsOf = (t: Texts): string[] => [
  t['lifeDates.spring'],
  t['lifeDates.summer'],
  t['lifeDates.autumn'],
  t['lifeDates.winter'],
]

/** The seasons alone, as somebody types them into the box of the month. */
export const seasonNames = (t: Texts): string[] =>
  seasonsOf(t).map((season) => season.replace('{year}', '').trim().split(' ')[0] ?? '')

/** Why nobody can tell which day was meant, and what to do. */
export function saidFaultText(t: Texts, language: Language, said: Extract<Said, { fault: unknown }>): string {
  switch (said.fault) {
    case 'short-year': {
      const years = new Intl.ListFormat(localeTag(language), { type: 'disjunction' }).format(
        (said.years ?? []).map(String),
      )
      return years === '' ? t['lifeDates.shortYearBare'] : t['lifeDates.shortYear'].replace('{years}', years)
    }
    case 'not-a-year':
      return t['lifeDates.notYear']
    case 'too-early':
      return t['lifeDates.tooEarly']
    case 'day-without-month':
      return t['lifeDates.dayNoMonth']
    case 'month-without-year':
      return t['lifeDates.monthNoYear']
    case 'unknown-month':
      return t['lifeDates.noMonth']
    case 'no-such-day':
      return t['desk.noSuchDay']
    case 'whole-day':
      return t['desk.wholeDay']
    case 'year-alone':
      return t['lifeDates.yearAlone']
  }
}

/** Why a date cannot be true. */
export function lifeFaultText(t: Texts, { rule }: Pick<LifeFault, 'rule'>, floor: string): string {
  switch (rule) {
    case 'born-to-come':
      return t['lifeDates.bornToCome']
    case 'born-too-long-ago':
      return t['desk.bornLongAgo']
    case 'day-to-come':
      return t['desk.dayToCome']
    case 'before-floor':
      return t['lifeDates.beforeFloor'].replace('{day}', floor)
    case 'before-birth':
      return t['lifeDates.beforeBirth']
    case 'birth-after-residence':
      return t['lifeDates.bornAfter']
    case 'before-residence':
      return t['lifeDates.beforeResidence']
    case 'back-before-leaving':
      return t['lifeDates.backBefore']
    case 'before-leaving':
      return t['lifeDates.beforeLeaving']
    case 'short-year':
      return t['lifeDates.shortYearBare']
    case 'no-such-day':
      return t['desk.noSuchDay']
  }
}
