import { z } from '@hono/zod-openapi'
import { sql } from 'kysely'
import type { Transaction } from '../platform/database.ts'
import { Problem, words } from '../platform/problem.ts'
import type { Ask } from './model.ts'
import type { Requester } from './requester.ts'

// What leaves is counted, not which verb was used: distinct people and the fields shown of them, for each member of staff,
// each organisation and each card, over an hour, a day and a month.

/** What each field weighs: where somebody lives and how to reach them more than what they are called. In the order of their bits. */
export const WEIGHTS = {
  name: 1,
  dateOfBirth: 1,
  address: 3,
  contact: 3,
  household: 2,
  history: 3,
  representatives: 1,
  residence: 1,
  said: 1,
  sex: 1,
  languages: 1,
  proceeding: 1,
  lookUps: 1,
  messages: 1,
  resident: 1,
  residentSince: 1,
  previousNames: 1,
  departedOn: 1,
  answer: 1,
  waysIn: 1,
} as const
/** What fields weigh together. */
export const weightOf = (fields: readonly string[]): number =>
  fields.reduce((sum, field) => sum + ((WEIGHTS as Record<string, number>)[field] ?? 0), 0)
const FIELDS = Object.keys(WEIGHTS)
const WEIGHTS_OF_BITS = `{${Object.values(WEIGHTS).join(',')}}`

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

/** @throws when somebody of the staff was shown as many people as their work can need: until when, and that a supervisor may release it. */
export class OverBudget extends Problem {
  /** RFC 3339. */
  readonly until: string

  constructor(until: Temporal.Instant) {
    super(
      'over-budget',
      403,
      words`You have been shown as many people as your work usually needs, until ${until}. A supervisor can release it once a day. You can go on registering.`,
    )
    this.until = until.toString()
  }
}

/** Undoes, from inside its transaction, an answer that would show more than whoever asks may see. */
export class Spent extends Error {
  /** RFC 3339. */
  readonly until: string

  constructor(until: string) {
    super('spent')
    this.until = until
  }
}

/** The refusal of an answer that was undone. */
export function spentOrElse(error: unknown) {
  if (!(error instanceof Spent)) throw error
  return {
    refused: { permitted: false, policies: ['firewall.budget'] },
    standing: { overBudget: true, spentUntil: error.until },
  }
}

/** Under which name somebody is counted: a member of staff alone, all machines of an organisation as one, a card by whose it is. */
export function countedAs(requester: Requester): string | null {
  switch (requester.kind) {
    case 'staff':
      return `staff ${requester.id}`
    case 'client':
      return `organisation ${requester.organisationId ?? 'unknown'}`
    case 'resident':
      return `card ${requester.neighbourId}`
    default:
      return null
  }
}

const budgetName = (requester: Requester): string =>
  requester.kind === 'staff' ? requester.role : requester.kind === 'client' ? 'organisation' : 'card'

/** What was shown within the spans that are running. */
export interface Totals {
  span: string
  begins: string
  people: number
  points: number
}

/**
 * Whether somebody has been shown all they may.
 *
 * @param released a supervisor has doubled it for today
 * @param counted whether the totals hold what is about to be shown already: then all of it may be spent, and no more
 * @returns until when, RFC 3339; nothing of whoever has some left
 */
export function spentUntil(
  requester: Requester,
  {
    totals,
    town,
    released,
    counted = 'before-this',
  }: {
    totals: readonly Totals[]
    town: TownBudgets
    released: boolean
    counted?: 'before-this' | 'with-this' | undefined
  },
): string | undefined {
  const name = budgetName(requester)
  const ends = totals.flatMap(({ span, begins, people, points }) => {
    const usual = BUDGETS[name]?.[span as Span]
    const budget = town[name as keyof TownBudgets]?.[span as Span] ?? usual
    if (budget === undefined) return []
    const times = released ? 2 : 1
    const [ofPeople, ofPoints] = [budget.people * times, budget.points * times]
    if (counted === 'with-this' ? people <= ofPeople && points <= ofPoints : people < ofPeople && points < ofPoints)
      return []
    const from = Temporal.Instant.from(begins).toZonedDateTimeISO('UTC')
    return [
      from
        .add({ [`${span}s`]: 1 })
        .toInstant()
        .toString(),
    ]
  })
  return ends.sort().at(-1)
}

/** Whether somebody has been shown three quarters of the people they may see in a day: a supervisor should look. */
export function hasSeenMuch(requester: Requester, totals: readonly Totals[], town: TownBudgets): boolean {
  const name = budgetName(requester)
  const budget = town[name as keyof TownBudgets]?.day ?? BUDGETS[name]?.day
  const day = totals.find(({ span }) => span === 'day')
  return budget !== undefined && day !== undefined && day.people * 4 >= budget.people * 3
}

/** The rule that registering is never refused, nor what shows nothing of anybody, nor what two officers decided together. */
export const neverSpent = ({ action, fields, purpose }: Pick<Ask, 'action' | 'fields' | 'purpose'>): boolean =>
  action === 'register' ||
  action === 'open-by-order' ||
  action === 'erase' ||
  fields.length === 0 ||
  purpose === 'incident'

/**
 * Counts what somebody is shown, in the transaction that shows it. What neighbours see of themselves is not counted.
 *
 * @param hash the town's keyed hash: the table holds nobody's id
 * @returns what the running spans come to with it; nothing where nothing is counted. Nobody else shows this requester anything
 *   until the transaction is over, so that no two questions are each within the budget and together beyond it.
 */
export async function countLeaving(
  transaction: Transaction,
  {
    hash,
    ask: { requester, fields, purpose },
    shown,
  }: { hash: (text: string) => Buffer; ask: Pick<Ask, 'requester' | 'fields' | 'purpose'>; shown: readonly string[] },
): Promise<Totals[]> {
  // What two officers decided together is in the ledger, and is no part of what one of them needs for orders.
  if (purpose === 'incident') return []
  const who = countedAs(requester)
  const bits = FIELDS.reduce(
    (sum, field, bit) => ((fields as readonly string[]).includes(field) ? sum | (1 << bit) : sum),
    0,
  )
  const own = requester.kind === 'resident' ? requester.neighbourId : undefined
  const people = shown.filter((id) => id !== own)
  if (who === null || bits === 0 || people.length === 0) return []
  const hashes = people.map((id) => `\\\\x${hash(`seen ${who} ${id}`).subarray(0, 16).toString('hex')}`)
  const { rows } = await sql<{
    totals: Totals[]
  }>`select count_seen(${who}, ${`{${hashes.map((one) => `"${one}"`).join(',')}}`}::text::bytea[], ${bits}::integer,
    ${WEIGHTS_OF_BITS}::text::integer[]) as totals`.execute(transaction)
  return rows[0]?.totals ?? []
}
