import type { PolicyJson } from './policy-text.ts'

/** As much of a question as can be held against the plainest words of a permit. */
export interface Plain {
  /** What whoever asks is, as an entity: "Staff". */
  principal: string
  role: string | undefined
  action: string
  purpose: { requesters: readonly string[]; actions: readonly string[] }
}

/** Whether a permit may still apply, as far as one part of it says. */
type Part = (asked: Plain) => boolean

const attribute = (left: unknown, attr: string) => ({ '.': { left, attr } })
const CONTEXT = { Var: 'context' }
const is = (node: unknown, wanted: unknown) => JSON.stringify(node) === JSON.stringify(wanted)
const ofPurpose = (node: unknown, attr: string) => is(node, attribute(attribute(CONTEXT, 'purpose'), attr))

/**
 * Tells which questions no permit can answer with yes, without weighing them: none is for whoever asks, for what they want
 * to do, or for their purpose. What is permitted by no permit is refused, whatever else holds. Of a permit only what is said
 * in the plainest way is looked at, and each such part has to hold for it; wherever anything else is said, it may apply.
 *
 * @returns whether a permit may apply
 */
export function mayApply(policies: readonly PolicyJson[]): (asked: Plain) => boolean {
  const permits = policies.filter(({ effect }) => effect !== 'forbid').map(partsOf)
  return (asked) => permits.some((parts) => parts.every((part) => part(asked)))
}

function partsOf({ principal, action, conditions }: PolicyJson): Part[] {
  const who = principal as { op?: string; entity_type?: string }
  const what = action as { op?: string; entity?: { id: string }; entities?: { id: string }[] }
  const actions = what.op === '==' || what.op === 'in' ? (what.entities ?? (what.entity && [what.entity])) : undefined
  return [
    ...(who.op === 'is' ? [(asked: Plain) => asked.principal === who.entity_type] : []),
    ...(actions ? [(asked: Plain) => actions.some(({ id }) => id === asked.action)] : []),
    ...conditions.flatMap(({ kind, body }) => (kind === 'when' ? everyOf(body).flatMap(plainly) : [])),
  ]
}

/** What an "and" asks for, all of which has to hold. */
function everyOf(node: unknown): unknown[] {
  const { '&&': both } = node as { '&&'?: { left: unknown; right: unknown } }
  return both ? [...everyOf(both.left), ...everyOf(both.right)] : [node]
}

/** That the purpose is one of whoever asks, or of what they want to do; nothing of what says anything else. */
function plainly(node: unknown): Part[] {
  const { contains } = node as { contains?: { left: unknown; right: unknown } }
  if (contains === undefined) return []
  const { left, right } = contains
  const { Value: named } = right as { Value?: unknown }
  if (ofPurpose(left, 'actions') && is(right, attribute(CONTEXT, 'action')))
    return [({ purpose, action }) => purpose.actions.includes(action)]
  if (ofPurpose(left, 'requesters') && typeof named === 'string')
    return [({ purpose }) => purpose.requesters.includes(named)]
  if (ofPurpose(left, 'requesters') && is(right, attribute({ Var: 'principal' }, 'role')))
    return [({ purpose, role }) => role === undefined || purpose.requesters.includes(role)]
  return []
}
