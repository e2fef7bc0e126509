import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  birthdayAt,
  earliestDay,
  isAged,
  latestDay,
  parseBirthDate,
} from '../../../../src/registry/person/dates/birth-date.ts'
import {
  faultsOfBirth,
  faultsOfBirthBeside,
  faultsOfEnd,
  faultsOfStart,
  ImpossibleDates,
  type LifeFault,
  type LifeRules,
  refuseImpossible,
  yearsMeant,
} from '../../../../src/registry/person/dates/life-dates.ts'

const day = (text: string) => Temporal.PlainDate.from(text)
const rules: LifeRules = { today: day('2026-11-27'), floor: day('1900-01-01') }
const broken = (faults: readonly LifeFault[]) => faults.map(({ pointer, rule }) => `${pointer} ${rule}`)

const anyDay = fc.integer({ min: 0, max: 45_000 }).map((days) => day('1903-01-01').add({ days }).toString())
const anyBirth = fc.oneof(
  anyDay,
  anyDay.map((text) => text.slice(0, 7)),
  anyDay.map((text) => text.slice(0, 4)),
  anyDay.map((text) => `${text.slice(0, 4)}~`),
  anyDay.map((text) => `${text.slice(0, 3)}X`),
  fc.tuple(anyDay, fc.constantFrom(21, 22, 23, 24)).map(([text, season]) => `${text.slice(0, 4)}-${season}`),
  anyDay.map((text) => `../${text.slice(0, 4)}`),
)
const known = (text: string) => {
  const date = parseBirthDate(text)
  if (date === undefined) throw new Error(`no date: ${text}`)
  return date
}

describe('a date of birth', () => {
  it.each([
    ['2026-11-27', undefined],
    ['2026-11-28', 'born-to-come'],
    ['2026-12', 'born-to-come'],
    ['2027', 'born-to-come'],
    ['2026', undefined],
    // One year either way.
    ['2027~', undefined],
    ['2028~', 'born-to-come'],
    ['202X', undefined],
    ['203X', 'born-to-come'],
    ['1896-11-27', undefined],
    ['1896-11-26', 'born-too-long-ago'],
    ['1896', undefined],
    ['1895', 'born-too-long-ago'],
    ['1895~', undefined],
    ['189X', undefined],
    ['188X', 'born-too-long-ago'],
    ['../1959', undefined],
    ['../1890', 'born-too-long-ago'],
  ])('%s: %s', (born, rule) => expect(broken(faultsOfBirth(rules, born))).toEqual(rule ? [`/dateOfBirth ${rule}`] : []))

  it('of somebody older than people get is taken once somebody has looked again', () =>
    expect(faultsOfBirth(rules, '1880-01-01', { confirmedAge: true })).toEqual([]))

  it('cannot move behind a day on which they lived here, nor behind the day they left', () => {
    expect(broken(faultsOfBirthBeside(rules, { born: '1990-05-17', days: ['1990-05-16', '2020-01-01'] }))).toEqual([
      '/dateOfBirth birth-after-residence',
    ])
    expect(faultsOfBirthBeside(rules, { born: '1990', days: ['1990-01-01'] })).toEqual([])
    expect(faultsOfBirthBeside(rules, { born: '1991~', days: ['1990-01-01'] })).toEqual([])
  })
})

describe('the first day of a residence', () => {
  it.each([
    ['0024-01-01', 'short-year'],
    ['1899-12-31', 'before-floor'],
    ['1900-01-01', undefined],
    ['2026-11-27', undefined],
    ['2026-11-28', 'day-to-come'],
    ['2026-02-30', 'no-such-day'],
    ['x', 'no-such-day'],
  ])('%s: %s', (since, rule) => expect(broken(faultsOfStart(rules, { since }))).toEqual(rule ? [`/since ${rule}`] : []))

  it.each([
    ['1990-05-16', '1990-05-17', false],
    ['1990-05-17', '1990-05-17', true],
    ['1990-01-01', '1990', true],
    ['1989-12-31', '1990', false],
    ['1989-01-01', '1990~', true],
    ['1988-12-31', '1990~', false],
    ['1960-01-01', '196X', true],
    ['1959-12-31', '196X', false],
    ['1901-01-01', '../1959', true],
    ['1990-03-01', '1990-21', true],
    ['1990-02-28', '1990-23', false],
    ['1989-12-01', '1990-24', true],
  ])('%s of somebody born in %s may be: %s', (since, born, may) =>
    expect(broken(faultsOfStart(rules, { since, born }))).toEqual(may ? [] : ['/since before-birth']),
  )

  it('offers the years that two digits may mean, and only those that can be', () => {
    expect(faultsOfStart(rules, { since: '0024-05-01' })[0]?.detail).toContain('2024 or 1924')
    expect(yearsMeant(24, 2026)).toEqual([2024, 1924])
    expect(yearsMeant(60, 2026)).toEqual([1960])
    expect(yearsMeant(99, 2026)).toEqual([1999, 1899])
    expect(yearsMeant(95, 2026)).toEqual([1995])
  })

  it('after a return is not before they had left', () => {
    expect(broken(faultsOfStart(rules, { since: '2020-01-01', leftOn: '2020-01-02' }))).toEqual([
      '/since back-before-leaving',
    ])
    expect(faultsOfStart(rules, { since: '2020-01-02', leftOn: '2020-01-02' })).toEqual([])
  })
})

describe('a departure or a death', () => {
  it.each([
    ['2019-12-31', 'before-residence'],
    ['2020-01-01', undefined],
    ['2026-11-28', 'day-to-come'],
    ['0024-01-01', 'short-year'],
  ])('on %s, of a residence since 2020: %s', (on, rule) =>
    expect(broken(faultsOfEnd(rules, { on, began: '2020-01-01' }))).toEqual(rule ? [`/on ${rule}`] : []),
  )

  it('is not before the birth, where no residence is in force either', () =>
    expect(broken(faultsOfEnd(rules, { on: '1990-05-16', born: '1990-05-17' }))).toEqual(['/on before-birth']))
})

describe('the rules together', () => {
  it('refuse all faults at once, each by its field', () => {
    const faults = [faultsOfBirth(rules, '2030'), faultsOfStart(rules, { since: '2030-01-01' })]
    expect(() => refuseImpossible(...faults)).toThrow(ImpossibleDates)
    try {
      refuseImpossible(...faults)
    } catch (error) {
      expect((error as ImpossibleDates).errors.map(({ pointer }) => pointer)).toEqual(['/dateOfBirth', '/since'])
    }
    expect(() => refuseImpossible([], [])).not.toThrow()
  })

  it('never say what was typed', () => {
    fc.assert(
      fc.property(anyBirth, anyDay, (born, since) => {
        const faults = [...faultsOfBirth(rules, born), ...faultsOfStart(rules, { since, born })]
        for (const { detail } of faults) expect(detail).not.toContain(since)
      }),
    )
  })

  it('take every life that can have been, whatever is known of its dates', () => {
    fc.assert(
      fc.property(anyBirth, fc.nat(), fc.nat(), fc.nat(), (text, a, b, c) => {
        const born = known(text)
        const first = earliestDay(born).toString() > '1903-01-01' ? earliestDay(born) : day('1903-01-01')
        fc.pre(Temporal.PlainDate.compare(first, rules.today) <= 0)
        const days = first.until(rules.today).days
        const [arrives, moves, leaves] = [a, b, c]
          .map((n) => n % (days + 1))
          .sort((x, y) => x - y)
          .map((n) => first.add({ days: n }).toString())
        expect(faultsOfBirth(rules, text)).toEqual([])
        expect(faultsOfStart(rules, { since: arrives ?? '', born: text })).toEqual([])
        expect(faultsOfStart(rules, { since: moves ?? '', born: text })).toEqual([])
        expect(faultsOfEnd(rules, { on: leaves ?? '', began: moves, born: text })).toEqual([])
        expect(faultsOfBirthBeside(rules, { born: text, days: [arrives ?? '', moves ?? '', leaves ?? ''] })).toEqual([])
      }),
    )
  })

  it('refuse a start before a birth in whichever order the two are written', () => {
    fc.assert(
      fc.property(anyBirth, anyDay, (text, since) => {
        fc.pre(faultsOfBirth(rules, text).length === 0 && faultsOfStart(rules, { since }).length === 0)
        const startLast = faultsOfStart(rules, { since, born: text }).length === 0
        expect(faultsOfBirthBeside(rules, { born: text, days: [since] }).length === 0).toBe(startLast)
      }),
    )
  })
})

describe('an age', () => {
  it('of somebody born on 29 February begins on the day the law of the town says', () => {
    const born = day('2008-02-29')
    expect(birthdayAt(born, 18, 'mar-1').toString()).toBe('2026-03-01')
    expect(birthdayAt(born, 18, 'feb-28').toString()).toBe('2026-02-28')
    expect(birthdayAt(born, 16, 'mar-1').toString()).toBe('2024-02-29')
    expect(isAged(18, { dateOfBirth: '2008-02-29', day: day('2026-02-28'), leapDay: 'mar-1' })).toBe(false)
    expect(isAged(18, { dateOfBirth: '2008-02-29', day: day('2026-02-28'), leapDay: 'feb-28' })).toBe(true)
    expect(isAged(18, { dateOfBirth: '2008-02-29', day: day('2026-03-01'), leapDay: 'mar-1' })).toBe(true)
    expect(isAged(18, { dateOfBirth: '2008-02-28', day: day('2026-02-28'), leapDay: 'mar-1' })).toBe(true)
  })

  it('is said only where every reading of the date of birth agrees', () => {
    fc.assert(
      fc.property(anyBirth, anyDay, fc.integer({ min: 0, max: 120 }), (text, now, years) => {
        const born = known(text)
        const said = isAged(years, { dateOfBirth: text, day: day(now), leapDay: 'mar-1' })
        const reached = (from: Temporal.PlainDate) =>
          Temporal.PlainDate.compare(birthdayAt(from, years, 'mar-1'), day(now)) <= 0
        const readings = [reached(earliestDay(born)), reached(latestDay(born))]
        expect(said).toBe(readings[0] === readings[1] ? readings[0] : undefined)
      }),
    )
  })

  it.each([
    ['196X', '2034-12-31', true],
    ['196X', '2034-12-30', undefined],
    ['196X', '2025-01-01', undefined],
    ['196X', '2024-12-31', false],
    ['../1959', '2024-12-31', true],
    ['../1959', '2000-01-01', undefined],
    ['1960-22', '2026-03-31', true],
    ['1960-22', '2024-11-30', false],
  ])('of 65 years, born in %s, on %s: %s', (born, on, aged) =>
    expect(isAged(65, { dateOfBirth: born, day: day(on), leapDay: 'mar-1' })).toBe(aged),
  )

  it('is unknown where the birth is', () =>
    expect(isAged(18, { dateOfBirth: undefined, day: day('2026-01-01'), leapDay: 'mar-1' })).toBeUndefined())
})

describe('what a date says at the least and at the most', () => {
  it('stands in order', () => {
    fc.assert(
      fc.property(anyBirth, (text) => {
        expect(Temporal.PlainDate.compare(earliestDay(known(text)), latestDay(known(text)))).toBeLessThanOrEqual(0)
      }),
    )
  })
})
