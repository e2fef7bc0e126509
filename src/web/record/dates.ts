import { localeTag } from '../../platform/locale-tag.ts'
import type { LifeFault } from '../../registry/person/life-dates.ts'
import type { Said } from '../../registry/person/said-dates.ts'
import type { Language, Texts } from '../ui/language.ts'

// What is said beside the boxes of a date.

/** The seasons, with `{year}` for the year, from spring on. */
export const seasonsOf = (t: Texts): string[] => [t.dSpring, t.dSummer, t.dAutumn, t.dWinter]

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
      return years === '' ? t.dShortYearBare : t.dShortYear.replace('{years}', years)
    }
    case 'not-a-year':
      return t.dNotYear
    case 'too-early':
      return t.dTooEarly
    case 'day-without-month':
      return t.dDayNoMonth
    case 'month-without-year':
      return t.dMonthNoYear
    case 'unknown-month':
      return t.dNoMonth
    case 'no-such-day':
      return t.dNoSuchDay
    case 'whole-day':
      return t.dWholeDay
    case 'year-alone':
      return t.dYearAlone
  }
}

/** Why a date cannot be true. */
export function lifeFaultText(t: Texts, { rule }: Pick<LifeFault, 'rule'>, floor: string): string {
  switch (rule) {
    case 'born-to-come':
      return t.dBornToCome
    case 'born-too-long-ago':
      return t.dBornLongAgo
    case 'day-to-come':
      return t.dDayToCome
    case 'before-floor':
      return t.dBeforeFloor.replace('{day}', floor)
    case 'before-birth':
      return t.dBeforeBirth
    case 'birth-after-residence':
      return t.dBornAfter
    case 'before-residence':
      return t.dBeforeResidence
    case 'back-before-leaving':
      return t.dBackBefore
    case 'before-leaving':
      return t.dBeforeLeaving
    case 'short-year':
      return t.dShortYearBare
    case 'no-such-day':
      return t.dNoSuchDay
  }
}
