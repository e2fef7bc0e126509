import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { earliestDay, latestDay, parseBirthDate } from '../../../../src/registry/person/dates/birth-date.ts'
import {
  CALENDARS,
  fromCalendar,
  monthIn,
  saidBirth,
  saidDay,
} from '../../../../src/registry/person/dates/said-dates.ts'

const reader = {
  language: 'en',
  thisYear: 2026,
  seasons: [
    ['spring', 'summer', 'autumn', 'winter'],
    ['primavera', 'verano', 'otoño', 'invierno'],
  ],
}
const boxes = (day: string, month: string, year: string) => ({ day, month, year })

describe('a date of birth in three boxes', () => {
  it.each([
    ['', '', '', undefined],
    ['17', '5', '1990', '1990-05-17'],
    ['', '5', '1990', '1990-05'],
    ['', '', '1990', '1990'],
    ['١٧', '٥', '١٩٩٠', '1990-05-17'],
    ['17', 'May', '1990', '1990-05-17'],
    ['1', 'sept.', '1990', '1990-09-01'],
    ['', 'spring', '1990', '1990-21'],
    ['', 'Winter', '1990', '1990-24'],
    ['', 'otono', '1990', '1990-23'],
    ['', '', '196X', '196X'],
    ['', '', '196?', '196X'],
    ['', '', '1960s', '196X'],
    ['', '', '60s', '196X'],
    ['', '', "the 60's", '196X'],
    ['', '', 'años 60', '196X'],
  ])('%s %s %s is %s', (day, month, year, date) => {
    const said = saidBirth(boxes(day, month, year), {}, reader)
    expect(said).toEqual(date === undefined ? undefined : { date })
  })

  it.each([
    ['17', '', '1990', 'day-without-month'],
    ['17', '5', '', 'month-without-year'],
    ['', '5', '', 'month-without-year'],
    ['31', '2', '1990', 'no-such-day'],
    ['', '13', '1990', 'no-such-day'],
    ['', '23', '1990', 'no-such-day'],
    ...['año 90', 'nac. 70', 'edad 50', 'age 40', 'n. 50', 'antes de 1960', 'before 1960', 'about 1960', 'en 1960'].map(
      (words): [string, string, string, 'not-a-year'] => ['', '', words, 'not-a-year'],
    ),
    ['', 'spring', '', 'month-without-year'],
    ['', 'brumaire', '1990', 'unknown-month'],
    ['', 'ma', '1990', 'unknown-month'],
    ['', '', '190', 'not-a-year'],
    ['', '', '0024', 'not-a-year'],
    ['', '', '199O', 'not-a-year'],
    ['', '', '1410', 'too-early'],
    ['', '5', '196X', 'year-alone'],
  ])('%s %s %s: %s', (day, month, year, fault) =>
    expect(saidBirth(boxes(day, month, year), {}, reader)).toEqual({ fault }),
  )

  it.each([
    ['24', [2024, 1924]],
    ['7', [2007, 1907]],
    ['60', [1960]],
    ['20s', [2020, 1920]],
  ])('%s is never taken as it is written: the years meant are offered', (year, years) =>
    expect(saidBirth(boxes('', '', year), {}, reader)).toEqual({ fault: 'short-year', years }),
  )

  it('is approximate, or before a year, where that is ticked', () => {
    expect(saidBirth(boxes('', '', '1985'), { about: true }, reader)).toEqual({ date: '1985~' })
    expect(saidBirth(boxes('', '', '1960'), { before: true }, reader)).toEqual({ date: '../1959' })
    expect(saidBirth(boxes('', '5', '1960'), { before: true }, reader)).toEqual({ fault: 'year-alone' })
  })

  it('never gives a year that was not typed in four digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.boolean(), (year, padded) => {
        const said = saidBirth(boxes('', '', padded ? String(year).padStart(4, '0') : String(year)), {}, reader)
        expect(said).toHaveProperty('fault')
      }),
    )
  })
})

describe('the name of a month', () => {
  it.each([
    ['en', 'January', 1],
    ['es', 'enero', 1],
    ['es', 'SEPTIEMBRE', 9],
    ['ca', 'març', 3],
    ['ca', 'marc', 3],
    ['ca', 'gener', 1],
    ['fr', 'février', 2],
    ['fr', 'fevrier', 2],
    ['fr', 'févr.', 2],
    ['fr', 'aout', 8],
    ['fr', 'jui', undefined],
    ['fr', 'juil', 7],
    ['pt', 'março', 3],
    ['ar', 'يناير', 1],
    ['ar', 'كانون الثاني', 1],
    ['ar', 'غشت', 8],
    ['en', 'enero', 1],
  ])('in %s: %s is %s', (language, text, month) => expect(monthIn(text, 'gregory', language)).toBe(month))

  it('in every language is understood as that language writes it', () => {
    for (const language of ['en', 'es', 'ca', 'fr', 'ar', 'pt'])
      for (let month = 1; month <= 12; month += 1)
        for (const length of ['long', 'short'] as const) {
          const name = new Intl.DateTimeFormat(language, { month: length, timeZone: 'UTC' }).format(
            Date.UTC(2023, month - 1, 15),
          )
          expect(monthIn(name, 'gregory', language), name).toBe(month)
        }
  })

  it('of another calendar is understood too', () => {
    expect(monthIn('Ramadan', 'islamic-umalqura', 'en')).toBe(9)
    expect(monthIn('رمضان', 'islamic-umalqura', 'ar')).toBe(9)
    expect(monthIn('ramadán', 'islamic-umalqura', 'es')).toBe(9)
    expect(monthIn('Meskerem', 'ethiopic', 'en')).toBe(1)
    expect(monthIn('Farvardin', 'persian', 'en')).toBe(1)
  })
})

describe('a whole day in three boxes', () => {
  it.each([
    ['1', '2', '2024', { date: '2024-02-01' }],
    ['1', 'febrer', '2024', { date: '2024-02-01' }],
    ['', '', '', undefined],
    ['1', '2', '24', { fault: 'short-year', years: [2024, 1924] }],
    ['1', '', '2024', { fault: 'day-without-month' }],
    ['', '2', '2024', { fault: 'whole-day' }],
    ['', '', '2024', { fault: 'whole-day' }],
    ['30', '2', '2024', { fault: 'no-such-day' }],
    ['1.5', '2', '2024', { fault: 'no-such-day' }],
  ])('%s %s %s', (day, month, year, said) =>
    expect(saidDay(boxes(day, month, year), { language: 'ca', thisYear: 2026 })).toEqual(said),
  )

  it('of a time to come offers a year to come', () =>
    expect(saidDay(boxes('1', '2', '27'), { language: 'ca', thisYear: 2026, toCome: true })).toEqual({
      fault: 'short-year',
      years: [2027],
    }))
})

describe('a date of birth told in another calendar', () => {
  it.each([
    ['islamic-umalqura', '5', 'Ramadan', '1410', '1990-04-01'],
    ['islamic-umalqura', '22', '10', '1410', '1990-05-17'],
    ['ethiopic', '9', '9', '1982', '1990-05-17'],
    ['ethiopic', '', '13', '1982', '1990-09'],
    ['persian', '27', 'Ordibehesht', '1369', '1990-05-17'],
    ['persian', '', '', '1369', '1990~'],
    ['islamic-umalqura', '', '9', '1410', '1990'],
  ] as const)('%s: %s %s %s is %s', (calendar, day, month, year, date) =>
    expect(fromCalendar(calendar, { boxes: boxes(day, month, year), manner: {}, language: 'en' })).toMatchObject({
      date,
    }),
  )

  it.each([
    ['islamic-umalqura', '30', '10', '14', 'short-year'],
    ['islamic-umalqura', '', '13', '1410', 'no-such-day'],
    ['ethiopic', '7', '13', '1982', 'no-such-day'],
    ['persian', '1', '', '1369', 'day-without-month'],
    ['persian', '', 'May', '1369', 'unknown-month'],
    ['islamic-umalqura', '', '', '900', 'too-early'],
  ] as const)('%s: %s %s %s is %s', (calendar, day, month, year, fault) =>
    expect(fromCalendar(calendar, { boxes: boxes(day, month, year), manner: {}, language: 'en' })).toEqual({ fault }),
  )

  it('is shown as it was told, in the language of the page', () => {
    const told = (language: string) => {
      const converted = fromCalendar('islamic-umalqura', { boxes: boxes('5', '9', '1410'), manner: {}, language })
      return converted && 'told' in converted ? converted.told : ''
    }
    expect(told('en')).toMatch(/Ramadan 5, 1410/)
    expect(told('ar')).toContain('رمضان')
    expect(told('fr')).toMatch(/ramadan/i)
  })

  it('becomes the very day, there and back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 45_000 }),
        fc.constantFrom(...CALENDARS.filter((one) => one !== 'gregory')),
        (days, calendar) => {
          const date = Temporal.PlainDate.from('1903-01-01').add({ days })
          const { day, month, year } = date.withCalendar(calendar)
          const converted = fromCalendar(calendar, {
            boxes: boxes(String(day), String(month), String(year)),
            manner: {},
            language: 'en',
          })
          expect(converted).toMatchObject({ date: date.toString() })
        },
      ),
    )
  })

  it('in part says no more than was told: every day of it is among those that are kept', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 45_000 }),
        fc.constantFrom(...CALENDARS.filter((one) => one !== 'gregory')),
        fc.boolean(),
        (days, calendar, withMonth) => {
          const date = Temporal.PlainDate.from('1903-01-01').add({ days })
          const { month, year } = date.withCalendar(calendar)
          const converted = fromCalendar(calendar, {
            boxes: boxes('', withMonth ? String(month) : '', String(year)),
            manner: {},
            language: 'en',
          })
          const kept = parseBirthDate(converted && 'date' in converted ? converted.date : '')
          if (kept === undefined) throw new Error('no date')
          expect(Temporal.PlainDate.compare(earliestDay(kept), date)).toBeLessThanOrEqual(0)
          expect(Temporal.PlainDate.compare(latestDay(kept), date)).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })
})
