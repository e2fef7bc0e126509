import { describe, expect, it } from 'vitest'
import { BUDGETS, type Span, TownBudgets } from '../../src/firewall/budgets.ts'
import { countedAs, hasSeenMuch, neverSpent, spentOrElse, spentUntil } from '../../src/firewall/leaving.ts'
import type { Requester } from '../../src/firewall/requester.ts'

const clerk: Requester = { kind: 'staff', id: 'one', role: 'clerk', organisationId: 'office' }
const legal: Requester = { ...clerk, role: 'legal' }
const machine: Requester = { kind: 'client', id: 'm', organisationId: 'library' }
const card: Requester = { kind: 'resident', id: 'r', neighbourId: 'me' }
const job: Requester = { kind: 'job', id: 'statistics' }

const BEGINS = { hour: '2026-06-10T10:00:00Z', day: '2026-06-10T00:00:00Z', month: '2026-06-01T00:00:00Z' }
const ENDS = { hour: '2026-06-10T11:00:00Z', day: '2026-06-11T00:00:00Z', month: '2026-07-01T00:00:00Z' }
const shown = (span: Span, people: number, points = 0) => ({ span, begins: BEGINS[span], people, points })
const spent = (
  who: Requester,
  totals: ReturnType<typeof shown>[],
  { town = {}, released = false, counted }: { town?: TownBudgets; released?: boolean; counted?: 'with-this' } = {},
) => spentUntil(who, { totals, town, released, counted })
const hour = BUDGETS.clerk?.hour ?? { people: 0, points: 0 }

describe('a budget', () => {
  it('is spent with the last of the people, and with the last of the points, until its span is over', () => {
    expect(spent(clerk, [shown('hour', hour.people - 1, hour.points - 1)])).toBeUndefined()
    expect(spent(clerk, [shown('hour', hour.people)])).toBe(ENDS.hour)
    expect(spent(clerk, [shown('hour', 0, hour.points)])).toBe(ENDS.hour)
    for (const span of ['hour', 'day', 'month'] as const) {
      const { people = 0 } = BUDGETS.clerk?.[span] ?? {}
      expect(spent(clerk, [shown(span, people)]), span).toBe(ENDS[span])
    }
  })

  it('that is counted with what is about to be shown may be spent whole, and no further', () => {
    const counted = 'with-this'
    expect(spent(clerk, [shown('hour', hour.people, hour.points)], { counted })).toBeUndefined()
    expect(spent(clerk, [shown('hour', hour.people + 1)], { counted })).toBe(ENDS.hour)
    expect(spent(clerk, [shown('hour', 0, hour.points + 1)], { counted })).toBe(ENDS.hour)
  })

  it('ends with the longest of the spans that are spent', () => {
    const day = BUDGETS.clerk?.day.people ?? 0
    expect(spent(clerk, [shown('day', day), shown('hour', hour.people)])).toBe(ENDS.day)
    expect(spent(clerk, [shown('hour', hour.people), shown('day', day)])).toBe(ENDS.day)
    expect(spent(clerk, [])).toBeUndefined()
  })

  it('is double where a supervisor released it', () => {
    expect(spent(clerk, [shown('hour', hour.people * 2 - 1, hour.points * 2 - 1)], { released: true })).toBeUndefined()
    expect(spent(clerk, [shown('hour', hour.people * 2)], { released: true })).toBe(ENDS.hour)
    expect(spent(clerk, [shown('hour', 0, hour.points * 2)], { released: true })).toBe(ENDS.hour)
  })

  it('is of the duty, of the organisation or of the card; a town may have others', () => {
    const small = BUDGETS.card?.hour.people ?? 0
    expect(small).toBeLessThan(hour.people)
    expect(spent(card, [shown('hour', small)])).toBe(ENDS.hour)
    expect(spent(clerk, [shown('hour', small)])).toBeUndefined()
    expect(spent(legal, [shown('hour', BUDGETS.legal?.hour.people ?? 0)])).toBe(ENDS.hour)
    expect(spent(machine, [shown('hour', hour.people)])).toBeUndefined()
    const town = { clerk: { hour: { people: 3, points: 9 } } }
    expect(spent(clerk, [shown('hour', 2, 8)], { town })).toBeUndefined()
    expect(spent(clerk, [shown('hour', 3)], { town })).toBe(ENDS.hour)
    expect(spent(card, [shown('hour', 3)], { town })).toBeUndefined()
  })

  it('is looked at by a supervisor from three quarters of a day’s people on', () => {
    const day = BUDGETS.clerk?.day.people ?? 0
    expect(hasSeenMuch(clerk, [shown('day', (day * 3) / 4 - 1)], {})).toBe(false)
    expect(hasSeenMuch(clerk, [shown('day', (day * 3) / 4)], {})).toBe(true)
    expect(hasSeenMuch(clerk, [shown('month', day)], {})).toBe(false)
    expect(hasSeenMuch(clerk, [], {})).toBe(false)
    expect(hasSeenMuch(clerk, [shown('day', 3)], { clerk: { day: { people: 4, points: 9 } } })).toBe(true)
  })
})

describe('who is counted as whom', () => {
  it('is a member of staff alone, all machines of an organisation as one, a card by whose it is, and no job', () => {
    expect([clerk, machine, card, job].map(countedAs)).toEqual(['staff one', 'organisation library', 'card me', null])
    expect(countedAs({ ...card, helper: true })).toBe('card me')
  })
})

describe('what is never refused for a budget', () => {
  it('is to register, what shows nothing, and what two officers decided', () => {
    const ask = { action: 'open', fields: ['name'], purpose: 'counter-service' } as const
    expect(neverSpent(ask)).toBe(false)
    for (const action of ['register', 'open-by-order', 'erase'] as const)
      expect(neverSpent({ ...ask, action })).toBe(true)
    expect(neverSpent({ ...ask, fields: [] })).toBe(true)
    expect(neverSpent({ ...ask, purpose: 'incident' })).toBe(true)
  })

  it('is no other error either: those are passed on', () => {
    const error = new Error('something else')
    expect(() => spentOrElse(error)).toThrow(error)
  })
})

describe('a budget of a town', () => {
  it('is of a duty there is, for a span there is, and lets somebody be seen', () => {
    expect(TownBudgets.safeParse({ clerk: { day: { people: 1, points: 1 } } }).success).toBe(true)
    for (const wrong of [
      { mayor: { day: { people: 1, points: 1 } } },
      { clerk: { week: { people: 1, points: 1 } } },
      { clerk: { day: { people: 0, points: 1 } } },
      { clerk: { day: { people: 1, points: 0 } } },
      { clerk: { day: { people: 1.5, points: 1 } } },
      { clerk: { day: { people: 1 } } },
      { clerk: { day: { people: 1, points: 1, more: 1 } } },
    ])
      expect(TownBudgets.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false)
  })
})
