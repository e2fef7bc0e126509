import type { Transaction } from '../platform/database.ts'
import { Problem, words } from '../platform/problem.ts'
import { BUDGETS, type Span, type TownBudgets } from './budgets.ts'
import type { Ask } from './model.ts'
import type { Requester } from './requester.ts'
import { countSeen, type Totals } from './store.ts'

// What leaves is counted, not which verb was used: distinct people and the fields shown of them, for each member of staff,
// each organisation and each card, over an hour, a day and a month.

/** What each field weighs: where somebody lives and how to reach them more than what they are called. In the order of their bits. */
export const WEIGHTS = {
  name: 1,
  dateOfBirth: 1,
  address: 3,
  contact: 3,
  contactBefore: 3,
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
  const hashes = people.map((id) => hash(`seen ${who} ${id}`).subarray(0, 16))
  const { rows } = await countSeen(transaction, {
    who,
    hashes,
    bits,
    weightsOfBits: WEIGHTS_OF_BITS,
  })
  return rows[0]?.totals ?? []
}
