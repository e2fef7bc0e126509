import { z } from '@hono/zod-openapi'

// How many people, and how much of them, each kind of requester is shown at most.

export const SPANS = ['hour', 'day', 'month'] as const
export type Span = (typeof SPANS)[number]
/** At most so many people, and so many points of {@link WEIGHTS}. */
export interface Budget {
  people: number
  points: number
}

const COUNTER = {
  hour: { people: 120, points: 2_000 },
  day: { people: 400, points: 6_600 },
  month: { people: 8_000, points: 132_000 },
}
const OVERSIGHT = {
  hour: { people: 10, points: 100 },
  day: { people: 20, points: 200 },
  month: { people: 100, points: 1_000 },
}

/**
 * What each kind of requester is shown at most, in days and months of UTC. A clerk with sixty visits a day, in each of which
 * four people are shown, stays below the three quarters from which a supervisor is told; whoever goes through the register is
 * shown 400 people a day and 8,000 a month (tests/attacks/what-leaves.store.test.ts).
 */
export const BUDGETS: Readonly<Record<string, Readonly<Record<Span, Budget>>>> = {
  clerk: COUNTER,
  supervisor: COUNTER,
  legal: OVERSIGHT,
  auditor: OVERSIGHT,
  organisation: {
    hour: { people: 1_200, points: 3_600 },
    day: { people: 6_000, points: 18_000 },
    month: { people: 60_000, points: 180_000 },
  },
  card: {
    hour: { people: 20, points: 300 },
    day: { people: 40, points: 600 },
    month: { people: 200, points: 3_000 },
  },
}

const BudgetOf = z.strictObject({ people: z.int().min(1), points: z.int().min(1) })
/** Budgets of a town that are others than the usual ones. */
export const TownBudgets = z.partialRecord(
  z.enum(['clerk', 'supervisor', 'legal', 'auditor', 'organisation', 'card']),
  z.partialRecord(z.enum(SPANS), BudgetOf),
)
export type TownBudgets = z.infer<typeof TownBudgets>
