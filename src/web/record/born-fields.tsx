import { parseBirthDate } from '../../registry/person/dates/birth-date.ts'
import {
  CALENDARS,
  type Calendar,
  calendarIn,
  fromCalendar,
  type Said,
  saidBirth,
} from '../../registry/person/dates/said-dates.ts'
import type { PageContext } from '../page-visit.ts'
import { DateField, type Faults, Select, Tick } from '../ui/form.tsx'
import { LOCALES, type Texts } from '../ui/language.ts'
import { seasonNames } from './dates.ts'
import { bornText } from './texts.ts'
import type { Typed } from './typed.ts'

// A date of birth on the forms of the desk: three boxes, how it is told, and in which calendar. The calendar tells of
// religion and origin: it is read, the date is turned into the usual one, and nothing keeps which it was.

type Reading = Pick<PageContext, 't' | 'language'> & { thisYear: number }

/** @param before the names of its fields begin with this */
const fieldsOf = (before: string) => ({
  day: `${before}born-day`,
  month: `${before}born-month`,
  year: `${before}born-year`,
  about: `${before}about`,
  before: `${before}before`,
  calendar: `${before}calendar`,
  told: `${before}told`,
  seen: `${before}seen`,
})

const CALENDAR_FIELD = /^(p\d+_)?(?:calendar|seen)$/

/** A date of birth as it stands in the boxes. @returns undefined when nothing is typed */
export function bornIn(
  typed: Typed,
  before: string,
  { language, thisYear }: Pick<Reading, 'language' | 'thisYear'>,
): Said | undefined {
  const names = fieldsOf(before)
  const { boxes, manner } = saidIn(typed, before)
  const calendar = calendarIn(typed[names.calendar] ?? '')
  return calendar === 'gregory'
    ? saidBirth(boxes, manner, { language, thisYear, seasons: Object.values(LOCALES).map(seasonNames) })
    : fromCalendar(calendar, { boxes, manner, language })
}

function saidIn(typed: Typed, before: string) {
  const names = fieldsOf(before)
  const get = (name: string) => typed[name] ?? ''
  return {
    boxes: { day: get(names.day), month: get(names.month), year: get(names.year) },
    manner: { about: get(names.about) !== '', before: get(names.before) !== '' },
  }
}

/** The boxes a date of birth that is kept is typed in again with. */
export function bornTyped(before: string, dateOfBirth: string | undefined, t: Texts): Typed {
  const names = fieldsOf(before)
  const born = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  if (born === undefined) return {}
  const two = (part: number | undefined) => (part === undefined ? '' : String(part).padStart(2, '0'))
  if (born.form === 'decade') return { [names.year]: `${String(born.year).slice(0, 3)}X` }
  if (born.form === 'before') return { [names.year]: String(born.year + 1), [names.before]: 'yes' }
  return {
    [names.year]: String(born.year),
    [names.month]: born.season === undefined ? two(born.month) : (seasonNames(t)[born.season - 21] ?? ''),
    [names.day]: two(born.day),
    ...(born.approximate ? { [names.about]: 'yes' } : {}),
  }
}

/**
 * Turns dates of birth that were told in another calendar into the usual one, and forgets which calendar it was. How
 * each was told is left beside it, to be looked at once, where nobody has looked yet. What cannot be turned stays as it
 * is typed.
 */
export function withoutCalendars(typed: Typed, { t, language }: Pick<Reading, 't' | 'language'>): Typed {
  let turned = Object.fromEntries(Object.entries(typed).filter(([name]) => !/(^|_)told$/.test(name)))
  for (const name of Object.keys(typed)) {
    const match = CALENDAR_FIELD.exec(name)
    if (match === null) continue
    const before = match[1] ?? ''
    const names = fieldsOf(before)
    const { [names.calendar]: chosen = '', [names.seen]: seen = '', ...rest } = turned
    const calendar = calendarIn(chosen)
    turned = rest
    if (calendar === 'gregory') {
      // A draft or a form that waited: what was told stayed where it was typed.
      if (parseBirthDate(seen) !== undefined) turned = { ...withoutBorn(turned, before), ...bornTyped(before, seen, t) }
      continue
    }
    const { boxes, manner } = saidIn(turned, before)
    const converted = fromCalendar(calendar, { boxes, manner, language })
    if (converted === undefined) continue
    if ('fault' in converted) turned = { ...turned, [names.calendar]: chosen }
    else {
      turned = { ...withoutBorn(turned, before), ...bornTyped(before, converted.date, t) }
      if (seen !== converted.date) turned[names.told] = converted.told
    }
  }
  return turned
}

function withoutBorn(typed: Typed, before: string): Typed {
  const { day, month, year, about, before: tick } = fieldsOf(before)
  const gone = new Set([day, month, year, about, tick])
  return Object.fromEntries(Object.entries(typed).filter(([name]) => !gone.has(name)))
}

/** What may be kept of a form: no calendar, nor a date that only makes sense in one. */
export function withoutTold(typed: Typed): Typed {
  let kept = typed
  for (const name of Object.keys(typed)) {
    const match = /^(p\d+_)?(?:calendar|told|seen)$/.exec(name)
    if (match === null) continue
    if (name.endsWith('calendar') && calendarIn(typed[name] ?? '') !== 'gregory')
      kept = withoutBorn(kept, match[1] ?? '')
    const { [name]: _, ...rest } = kept
    kept = rest
  }
  return kept
}

/** Both ways of saying each date that was told in another calendar, to be looked at. */
export function toldBeside(typed: Typed, { t, language, thisYear }: Reading): string[] {
  return Object.entries(typed).flatMap(([name, told]) => {
    const match = /^(p\d+_)?told$/.exec(name)
    if (match === null) return []
    const said = bornIn(typed, match[1] ?? '', { language, thisYear })
    const date = said && 'date' in said ? bornText(language, said.date) : ''
    return [t['birth.calTold'].replace('{told}', told).replace('{date}', date)]
  })
}

/** What a date that is being typed is in the usual calendar; nothing where it is told in that, or cannot be turned yet. */
export function toldSoFar(typed: Typed, before: string, { t, language }: Pick<Reading, 't' | 'language'>) {
  const calendar = calendarIn(typed[fieldsOf(before).calendar] ?? '')
  const { boxes, manner } = saidIn(typed, before)
  const converted = calendar === 'gregory' ? undefined : fromCalendar(calendar, { boxes, manner, language })
  if (converted === undefined || 'fault' in converted) return { text: '', seen: '' }
  const text = t['birth.calSame']
    .replace('{told}', converted.told)
    .replace('{date}', bornText(language, converted.date))
  return { text, seen: converted.date }
}

/** @param before the names of its fields begin with this */
export function BornFields(props: { t: Texts; typed: Typed; faults: Faults; before: string }) {
  const { t, typed, faults, before } = props
  const names = fieldsOf(before)
  const name = `${before}born`
  const value = (field: string) => typed[field] ?? ''
  const fault = faults[name]
  const calendars: Record<Calendar, string> = {
    gregory: t['birth.calGregory'],
    'islamic-umalqura': t['birth.calIslamic'],
    ethiopic: t['birth.calEthiopic'],
    persian: t['birth.calPersian'],
  }
  return (
    <div class="born" data-born={before}>
      <DateField
        name={name}
        legend={t['desk.born']}
        hint={t['birth.bornHint']}
        fault={fault}
        labels={{ day: t['desk.day'], month: t['desk.month'], year: t['desk.year'] }}
        value={(part) => value(`${name}-${part}`)}
        words
      />
      <Tick name={names.about} label={t['birth.about']} on={value(names.about) !== ''} />
      <Tick name={names.before} label={t['birth.before']} on={value(names.before) !== ''} />
      {fault === t['desk.bornLongAgo'] || value(`${before}sure`) ? (
        <Tick name={`${before}sure`} label={t['birth.sureAge']} on={value(`${before}sure`) !== ''} />
      ) : (
        ''
      )}
      <Select
        name={names.calendar}
        label={t['birth.calendar']}
        hint={t['birth.calendarHint']}
        options={CALENDARS.map((one) => [one, calendars[one]] as const)}
        value={value(names.calendar) || 'gregory'}
      />
      <input type="hidden" name={names.seen} value="" />
      <output aria-live="polite" class="govuk-hint" dir="auto" />
    </div>
  )
}
