import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInput } from '../../../src/platform/problem.ts'
import {
  daysBetween,
  daysLived,
  type Period,
  StartImpossible,
  timesAway,
  withStart,
  yearsOf,
} from '../../../src/registry/residence/periods.ts'

const period = (id: string, from: string, to: string | null): Period => ({
  id,
  householdId: id,
  from,
  to,
  settledFrom: null,
})
const MOVED = [period('a', '2018-01-01', '2020-01-01'), period('b', '2020-01-01', null)]
const AWAY = [period('a', '2018-01-01', '2019-01-01'), period('b', '2020-01-01', null)]
const spans = (periods: readonly Period[]) => periods.map(({ from, to }) => `${from} ${to}`)
const why = (attempt: () => unknown) => {
  try {
    attempt()
  } catch (error) {
    return error instanceof StartImpossible ? error.why : error
  }
  return undefined
}

describe('another start of a residence', () => {
  it('earlier or later moves the end of the one before it to the same day', () => {
    for (const day of ['2019-12-20', '2020-01-09'])
      expect(spans(withStart(MOVED, { id: 'b', from: day }))).toEqual([`2018-01-01 ${day}`, `${day} null`])
  })

  it('leaves a time away what it is, longer or shorter', () => {
    for (const day of ['2019-01-02', '2020-02-01'])
      expect(spans(withStart(AWAY, { id: 'b', from: day }))).toEqual(['2018-01-01 2019-01-01', `${day} null`])
    expect(why(() => withStart(AWAY, { id: 'b', from: '2018-06-01' }))).toBe('was-away')
    // Where they came back the day they left, they were never away.
    expect(yearsOf(withStart(AWAY, { id: 'b', from: '2019-01-01' }))).toBe('2018-01-01 ')
    expect(timesAway(withStart(AWAY, { id: 'b', from: '2019-01-01' }))).toBe(timesAway(AWAY) - 1)
    expect(why(() => withStart(AWAY, { id: 'b', from: '2018-01-01', neverThere: true }))).toBe('was-away')
  })

  it('that leaves the one before it no day says what to do, unless nobody lived there', () => {
    for (const day of ['2018-01-01', '2017-06-01']) {
      expect(why(() => withStart(MOVED, { id: 'b', from: day }))).toBe('covers-another')
      expect(spans(withStart(MOVED, { id: 'b', from: day, neverThere: true }))).toEqual([`${day} null`])
    }
    const three = [period('z', '2010-01-01', '2018-01-01'), ...MOVED]
    expect(spans(withStart(three, { id: 'b', from: '2017-06-01', neverThere: true }))).toEqual([
      '2010-01-01 2017-06-01',
      '2017-06-01 null',
    ])
  })

  it('is before its end', () => {
    expect(why(() => withStart(MOVED, { id: 'a', from: '2020-01-01' }))).toBe('after-its-end')
    expect(new StartImpossible('after-its-end')).toBeInstanceOf(InvalidInput)
  })
})

describe('whatever is corrected, in whatever order', () => {
  const day = fc
    .integer({ min: 0, max: 4000 })
    .map((n) => Temporal.PlainDate.from('2014-01-01').add({ days: n }).toString())
  /** Residences one after the other, some with a time away before them. */
  const life = fc
    .array(
      fc.record({
        away: fc.option(fc.integer({ min: 1, max: 300 }), { nil: 0 }),
        days: fc.integer({ min: 1, max: 900 }),
      }),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    .map((stretches) => {
      let from = Temporal.PlainDate.from('2014-01-01')
      return stretches.map(({ away, days }, i): Period => {
        from = i === 0 ? from : from.add({ days: away })
        const begins = from
        from = from.add({ days })
        return period(String(i), begins.toString(), i === stretches.length - 1 ? null : from.toString())
      })
    })
  const corrections = fc.array(fc.record({ which: fc.nat(5), from: day, neverThere: fc.boolean() }), { maxLength: 12 })
  const gaps = (periods: readonly Period[]) =>
    periods.filter((one, i) => i > 0 && periods[i - 1]?.to !== one.from).length

  it('no two residences overlap, each has a day at least, and no time away comes or goes unless it is closed to the day', () => {
    fc.assert(
      fc.property(life, corrections, (began, asked) => {
        let periods: Period[] = began
        for (const { which, from, neverThere } of asked) {
          const before = structuredClone(periods)
          try {
            periods = withStart(periods, { id: String(which), from, neverThere })
          } catch (error) {
            expect(error).toBeInstanceOf(StartImpossible)
          }
          for (const [i, one] of periods.entries()) {
            if (one.to !== null) expect(one.from < one.to).toBe(true)
            const next = periods[i + 1]
            if (next) expect(one.to !== null && one.to <= next.from).toBe(true)
          }
          expect(gaps(before) - gaps(periods)).toBe(
            before.some(({ to }) => to === from) && gaps(periods) < gaps(before) ? 1 : 0,
          )
          expect(periods.at(-1)?.to).toBe(null)
        }
      }),
    )
  })

  it('moving a start between two residences that touch changes no year of living here', () => {
    fc.assert(
      fc.property(life, fc.nat(5), day, (periods, which, from) => {
        const touches = which > 0 && periods[which - 1]?.to === periods[which]?.from
        fc.pre(touches)
        try {
          const after = withStart(periods, { id: String(which), from })
          expect(yearsOf(after)).toBe(yearsOf(periods))
          expect(daysLived(after, '2040-01-01')).toBe(daysLived(periods, '2040-01-01'))
        } catch (error) {
          expect(error).toBeInstanceOf(StartImpossible)
        }
      }),
    )
  })
})

describe('days and times', () => {
  it('are counted to the day before the end, in any order, and until a day where there is no end', () => {
    expect(daysBetween('2020-02-28', '2020-03-01')).toBe(2)
    expect(daysBetween('2021-12-31', '2023-01-01')).toBe(366)
    expect(daysBetween('2020-03-01', '2020-02-28')).toBe(-2)
    expect(daysLived(AWAY, '2020-01-11')).toBe(365 + 10)
    expect(daysLived(AWAY.toReversed(), '2020-01-11')).toBe(365 + 10)
    expect(daysLived([period('a', '2020-01-01', null)], '2019-01-01')).toBe(0)
    expect(daysLived([], '2020-01-01')).toBe(0)
  })

  it('say since when somebody lives here, and how often they were away, in whatever order they come', () => {
    expect([timesAway(MOVED), timesAway(AWAY), timesAway(AWAY.toReversed())]).toEqual([0, 1, 1])
    expect(yearsOf(MOVED.toReversed())).toBe('2018-01-01 ')
    expect(yearsOf(AWAY.toReversed())).toBe('2018-01-01 2019-01-01 2020-01-01 ')
    expect(yearsOf([period('a', '2018-01-01', '2019-01-01')])).toBe('2018-01-01 2019-01-01')
  })

  it('are put in order before one of them begins on another day', () => {
    expect(spans(withStart(MOVED.toReversed(), { id: 'b', from: '2019-06-01' }))).toEqual([
      '2018-01-01 2019-06-01',
      '2019-06-01 null',
    ])
    expect(withStart(MOVED, { id: 'nobody’s', from: '2019-06-01' })).toEqual(MOVED)
  })

  it('say where a start that cannot be was typed, and what to do', () => {
    const refused = (id: string, from: string) => {
      try {
        withStart(MOVED, { id, from })
      } catch (error) {
        return (error as StartImpossible).errors
      }
      return []
    }
    expect(refused('a', '2020-01-01')).toEqual([
      { pointer: '/from', detail: 'Give a day before this residence ended.' },
    ])
    expect(refused('a', '2019-12-31')).toEqual([])
    expect(refused('b', '2030-01-01')).toEqual([])
  })
})
