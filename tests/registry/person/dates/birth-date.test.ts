import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compatible,
  latestDay,
  parseBirthDate,
  possibleYears,
  tellingYears,
} from '../../../../src/registry/person/dates/birth-date.ts'

const parts = (text: string) => {
  const date = parseBirthDate(text)
  if (date === undefined) throw new Error(`no date: ${text}`)
  return date
}
const anyDate = fc
  .record({
    year: fc.integer({ min: 1900, max: 2025 }),
    month: fc.option(fc.integer({ min: 1, max: 12 })),
    day: fc.option(fc.integer({ min: 1, max: 28 })),
    approximate: fc.boolean(),
  })
  .map(({ year, month, day, approximate }) => {
    const two = (n: number) => String(n).padStart(2, '0')
    return `${year}${month === null ? '' : `-${two(month)}${day === null ? '' : `-${two(day)}`}`}${approximate ? '~' : ''}`
  })

describe('a date of birth', () => {
  it('is compatible with itself, and compatibility goes both ways', () => {
    fc.assert(
      fc.property(anyDate, anyDate, (a, b) => {
        expect(compatible(parts(a), parts(a))).toBe(true)
        expect(compatible(parts(a), parts(b))).toBe(compatible(parts(b), parts(a)))
      }),
    )
  })

  it.each([
    ['1990', '1990-05-17', true],
    ['1990-05', '1990-05-17', true],
    ['1990-06', '1990-05-17', false],
    ['1991~', '1990-05-17', true],
    ['1992~', '1990-05-17', false],
    ['1992~', '1990~', true],
    ['1993~', '1990~', false],
    ['1990-05-17', '1990-05-18', false],
    ['196X', '1969-12-31', true],
    ['196X', '1970', false],
    ['196X', '1970~', true],
    ['../1959', '1920-01', true],
    ['../1959', '1960-01', false],
    ['1990-21', '1990-05', true],
    ['1990-21', '1990-10', true],
    ['1990-21', '1990-02', false],
    ['1990-24', '1991-01-05', true],
  ])('%s and %s: %s', (a, b, same) => expect(compatible(parts(a), parts(b))).toBe(same))

  it('may lie in the years around an approximate one', () =>
    expect(possibleYears(parts('1990~'))).toEqual([1989, 1990, 1991]))

  it('of a decade is found by each of its years, and one before a year like an unknown one', () => {
    expect(tellingYears(parts('196X'))).toEqual([1960, 1961, 1962, 1963, 1964, 1965, 1966, 1967, 1968, 1969])
    expect(tellingYears(parts('../1959'))).toEqual([])
  })

  it.each([
    ['1990', '1990-12-31'],
    ['1990-02', '1990-02-28'],
    ['2004-02', '2004-02-29'],
    ['1990~', '1991-12-31'],
    ['1990-05-17', '1990-05-17'],
    ['196X', '1969-12-31'],
    ['../1959', '1959-12-31'],
    ['1990-21', '1990-12-31'],
    ['1990-22', '1991-03-31'],
  ])('%s is at the latest %s', (text, day) => expect(latestDay(parts(text)).toString()).toBe(day))

  it.each([
    '1849',
    '0000',
    '19900517',
    '1990-5',
    '1990-00',
    '1990-02-30',
    '1900-02-29',
    '1990-1-1',
    ' 1990',
    '1990 ',
    '~1990',
    '1990?',
    '196x',
    '196X~',
    '19XX',
    '184X',
    '1990-20',
    '1990-25',
    '1990-21-01',
    '1990-21~',
    '../1849',
    '../196X',
    '..1959',
    '1959/..',
    '١٩٩٠',
  ])('is not %j', (text) => expect(parseBirthDate(text)).toBeUndefined())
})
