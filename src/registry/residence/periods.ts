import { InvalidInput } from '../../platform/problem.ts'

// The times somebody has lived here, and what correcting the start of one does to the others. Dates are ISO 8601 days of
// four-digit years, which compare as text.

/** A residence in force: from its first day to the day after its last, or to no day yet. */
export interface Period {
  id: string
  householdId: string
  from: string
  to: string | null
  /** What one person's corrections are measured from, where one person alone has corrected it. */
  settledFrom: string | null
}

/** When a residence begins: the day that is held true, and an earlier one that is said and not confirmed yet. */
export interface Start {
  from: string
  said: string | undefined
}

const REASONS = {
  'after-its-end': 'Give a day before this residence ended.',
  'covers-another':
    'Another residence began on that day or later. Correct its start first, or say that nobody lived there (neverThere: true).',
  'was-away': 'They had left and were away until then. Give the day they left, or a later one.',
} as const
export type WhyNot = keyof typeof REASONS

/** @throws when a residence cannot begin on a day, as the others stand. */
export class StartImpossible extends InvalidInput {
  readonly why: WhyNot

  constructor(why: WhyNot) {
    super([{ pointer: '/from', detail: REASONS[why] }])
    this.why = why
  }
}

/**
 * The residences of one neighbour with another start for one of them. The one before it ends the day it begins, earlier
 * or later; a time away between them becomes longer or shorter, and is none where they came back the day they left.
 *
 * @param neverThere residences that began on that day or later, and before this one, never were
 * @throws {StartImpossible}
 */
export function withStart(
  periods: readonly Period[],
  { id, from, neverThere = false }: { id: string; from: string; neverThere?: boolean | undefined },
): Period[] {
  const sorted = [...periods].sort((a, b) => (a.from < b.from ? -1 : 1))
  const at = sorted.findIndex((period) => period.id === id)
  const period = sorted[at]
  if (period === undefined) return sorted
  if (period.to !== null && from >= period.to) throw new StartImpossible('after-its-end')
  const earlier = sorted.slice(0, at)
  const covered = earlier.filter((one) => one.from >= from)
  if (covered.length > 0 && !neverThere) throw new StartImpossible('covers-another')
  const kept = earlier.filter((one) => one.from < from)
  const last = kept.pop()
  const [next = period] = covered
  // Between those it covers, a time away would be lost; between the last it keeps and the next, it may become shorter.
  const apart = [...covered, period].some((one, i, all) => i > 0 && all[i - 1]?.to !== one.from)
  const wasAway = last !== undefined && last.to !== next.from
  if (apart || (wasAway && from < (last?.to ?? ''))) throw new StartImpossible('was-away')
  const before = last === undefined ? [] : [{ ...last, to: wasAway ? last.to : from }]
  return [...kept, ...before, { ...period, from }, ...sorted.slice(at + 1)]
}

/** How many times somebody was away between two residences. */
export const timesAway = (periods: readonly Period[]): number => yearsOf(periods).split(' ').length / 2 - 1

/** Days lived here until a day. */
export function daysLived(periods: readonly Period[], until: string): number {
  return periods.reduce((sum, { from, to }) => sum + Math.max(0, daysBetween(from, to ?? until)), 0)
}

export const daysBetween = (one: string, other: string): number =>
  Temporal.PlainDate.from(one).until(other, { largestUnit: 'days' }).days

/** Since when they have lived here without a day away, and the times away before: what proofs say of years. */
export function yearsOf(periods: readonly Period[]): string {
  const sorted = [...periods].sort((a, b) => (a.from < b.from ? -1 : 1))
  const bounds = sorted.flatMap(({ from, to }, i) => [
    ...(sorted[i - 1]?.to === from ? [] : [from]),
    ...(sorted[i + 1]?.from === to ? [] : [to ?? '']),
  ])
  return bounds.join(' ')
}
