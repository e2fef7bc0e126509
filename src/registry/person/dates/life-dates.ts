import { type Clock, today } from '../../../platform/clock.ts'
import { type FieldError, InvalidInput, words } from '../../../platform/problem.ts'
import type { Municipality } from '../../../town/model.ts'
import { earliestDay, latestDay, parseBirthDate } from './birth-date.ts'

// What must be true of the dates of a life, wherever one is written. A date of birth that is partial or approximate is
// taken by the least it says: only what cannot be true under any reading of it is refused.

/** What the rules measure by. */
export interface LifeRules {
  today: Temporal.PlainDate
  /** No residence began before: the town has no register of such a time. */
  floor: Temporal.PlainDate
}

export type LifeRule =
  | 'born-to-come'
  | 'born-too-long-ago'
  | 'day-to-come'
  | 'before-floor'
  | 'before-birth'
  | 'birth-after-residence'
  | 'before-residence'
  | 'back-before-leaving'
  | 'before-leaving'
  | 'short-year'
  | 'no-such-day'

/** A date that cannot be true: where it stands, what to do, and by which rule, so that a page can say it in any language. */
export interface LifeFault extends FieldError {
  rule: LifeRule
}

/** @throws when a date of a life cannot be true beside the others. */
export class ImpossibleDates extends InvalidInput {
  readonly faults: readonly LifeFault[]

  constructor(first: LifeFault, ...more: readonly LifeFault[]) {
    const said = ({ pointer, detail }: LifeFault) => ({ pointer, detail })
    super([said(first), ...more.map(said)])
    this.faults = [first, ...more]
  }
}

/** Older than anybody has been known to get, with a few years of grace. */
export const MOST_YEARS_OF_LIFE = 130

export function lifeRules(clock: Clock, town: Pick<Municipality, 'timeZone' | 'earliestResidence'>): LifeRules {
  return { today: today(clock, town.timeZone), floor: Temporal.PlainDate.from(town.earliestResidence) }
}

/** @throws {ImpossibleDates} when there is a fault */
export function refuseImpossible(...faults: readonly (readonly LifeFault[])[]): void {
  const all = faults.flat()
  const [first, ...more] = all
  if (first) throw new ImpossibleDates(first, ...more)
}

/**
 * A date of birth by itself: not to come, and not longer ago than people live, unless somebody has looked again.
 *
 * @param confirmedAge the person is known to be so old
 */
export function faultsOfBirth(
  rules: LifeRules,
  born: string | null | undefined,
  { confirmedAge = false, pointer = '/dateOfBirth' }: { confirmedAge?: boolean | undefined; pointer?: string } = {},
): LifeFault[] {
  const date = known(born)
  if (date === undefined) return []
  if (Temporal.PlainDate.compare(earliestDay(date), rules.today) > 0)
    return [{ rule: 'born-to-come', pointer, detail: 'Give a date of birth that is not in the future.' }]
  const longAgo = rules.today.subtract({ years: MOST_YEARS_OF_LIFE })
  return !confirmedAge && Temporal.PlainDate.compare(latestDay(date), longAgo) < 0
    ? [
        {
          rule: 'born-too-long-ago',
          pointer,
          detail: `This is more than ${MOST_YEARS_OF_LIFE} years ago. Correct it, or send confirmedAge: true if they are so old.`,
        },
      ]
    : []
}

/** A day on which something happened: a four-digit year, and not to come. */
export function faultsOfDay(rules: LifeRules, day: string, pointer: string): LifeFault[] {
  const date = dayOf(day)
  if (date === undefined) return [{ rule: 'no-such-day', pointer, detail: 'Give a day that exists, as 2024-05-17.' }]
  if (date.year < 100) return [{ rule: 'short-year', pointer, detail: fourDigits(date.year, rules.today.year) }]
  return Temporal.PlainDate.compare(date, rules.today) > 0
    ? [{ rule: 'day-to-come', pointer, detail: 'Give today or a day in the past.' }]
    : []
}

/**
 * The first day of a residence, at any address: a day of the past, of the town's own time, and of the person's life.
 *
 * @param leftOn the day they had left, where they come back
 */
export function faultsOfStart(
  rules: LifeRules,
  { since, born, leftOn }: { since: string; born?: string | undefined; leftOn?: string | undefined },
  pointer = '/since',
): LifeFault[] {
  const faults = faultsOfDay(rules, since, pointer)
  if (faults.length > 0) return faults
  if (Temporal.PlainDate.compare(since, rules.floor) < 0)
    return [{ rule: 'before-floor', pointer, detail: words`Give a day from ${rules.floor} on.` }]
  if (leftOn !== undefined && Temporal.PlainDate.compare(since, leftOn) < 0)
    return [{ rule: 'back-before-leaving', pointer, detail: 'Give the day they came back, not one before they left.' }]
  if (isBeforeBirth(since, born))
    return [
      {
        rule: 'before-birth',
        pointer,
        detail: 'Nobody lived here before they were born: correct this day, or the date of birth.',
      },
    ]
  return []
}

/**
 * The day of a departure or a death.
 *
 * @param began the first day of the residence it ends, where there is one
 */
export function faultsOfEnd(
  rules: LifeRules,
  { on, began, born }: { on: string; began?: string | undefined; born?: string | undefined },
  pointer = '/on',
): LifeFault[] {
  const faults = faultsOfDay(rules, on, pointer)
  if (faults.length > 0) return faults
  if (began !== undefined && Temporal.PlainDate.compare(on, began) < 0) return [beforeResidence(pointer)]
  return isBeforeBirth(on, born)
    ? [
        {
          rule: 'before-birth',
          pointer,
          detail: 'Nobody left or died before they were born: correct this day, or the date of birth.',
        },
      ]
    : []
}

/** The day of the death of somebody who had left. */
export function faultsOfDeathAway({ on, leftOn }: { on: string; leftOn: string }, pointer = '/on'): LifeFault[] {
  if (Temporal.PlainDate.compare(on, leftOn) >= 0) return []
  return [{ rule: 'before-leaving', pointer, detail: 'They had left by then. Give the day they left, or a later one.' }]
}

export const beforeResidence = (pointer: string): LifeFault => ({
  rule: 'before-residence',
  pointer,
  detail: 'Give a day on or after the first day of the present residence.',
})

/**
 * A date of birth that is written beside days that stand already: every residence in force, and the day they left.
 *
 * @param days ISO dates
 */
export function faultsOfBirthBeside(
  rules: LifeRules,
  {
    born,
    days,
    options = {},
  }: {
    born: string | null | undefined
    days: readonly string[]
    options?: { confirmedAge?: boolean | undefined; pointer?: string }
  },
): LifeFault[] {
  const faults = faultsOfBirth(rules, born, options)
  if (faults.length > 0 || !days.some((day) => isBeforeBirth(day, born ?? undefined))) return faults
  return [
    {
      rule: 'birth-after-residence',
      pointer: options.pointer ?? '/dateOfBirth',
      detail:
        'They are recorded as living here before this day. Correct the date of birth, or first the day they live here since.',
    },
  ]
}

/**
 * The years of four digits that may be meant by two, the latest first.
 *
 * @param years of a birth, or of a residence: at most so many years ago
 */
export function yearsMeant(twoDigits: number, thisYear: number, years = MOST_YEARS_OF_LIFE): number[] {
  const century = Math.floor(thisYear / 100) * 100
  return [century, century - 100, century - 200]
    .map((hundreds) => hundreds + twoDigits)
    .filter((year) => year <= thisYear && year >= thisYear - years)
}

const fourDigits = (year: number, thisYear: number) => {
  const [one = year, other = one] = yearsMeant(year, thisYear)
  return one === other
    ? words`Give all four digits of the year, as ${one}.`
    : words`Give all four digits of the year, as ${one} or ${other}.`
}

function isBeforeBirth(day: string, born: string | undefined): boolean {
  const date = known(born)
  return date !== undefined && Temporal.PlainDate.compare(day, earliestDay(date)) < 0
}

const known = (born: string | null | undefined) => (born ? parseBirthDate(born) : undefined)

function dayOf(text: string): Temporal.PlainDate | undefined {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' })
  } catch {
    return undefined
  }
}
