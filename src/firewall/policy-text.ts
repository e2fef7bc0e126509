// What the code itself asks of the rules.

/** What no policy file may leave out, soften or turn around. */
export const UNCONDITIONAL = {
  'firewall.enforcement': 'forbid (principal in Function::"closed", action, resource);',
  'firewall.purpose':
    'forbid (principal, action, resource) when { context.purpose == Purpose::"immigration-control" };',
  'firewall.attestation': `forbid (principal is Client, action, resource)
    unless { principal.organisation has attestedUntil && context.now < principal.organisation.attestedUntil };`,
  'firewall.unknown-function': `forbid (principal is Client, action, resource)
    unless { principal.organisation.hasFunction };`,
  'firewall.bulk': 'forbid (principal, action, resource) when { !(principal is Staff) && context.subjects > 1 };',
  'firewall.export': 'forbid (principal, action == Action::"export", resource);',
  'firewall.lockdown': `forbid (principal, action, resource) when { context.lockdown } unless {
    (principal is Resident && principal.record == resource) ||
    (principal is Representative && principal.record == resource) ||
    (principal is Job && context.purpose == Purpose::"hidden-likeness") || (principal is Staff &&
    (context.purpose == Purpose::"registration" || context.purpose == Purpose::"duplicate-check" ||
      context.purpose == Purpose::"protection" || context.purpose == Purpose::"supervision" ||
      context.purpose == Purpose::"complaints")) };`,
  'firewall.budget': 'forbid (principal, action, resource) when { context.overBudget };',
  'firewall.incident': `forbid (principal, action, resource) when { context.purpose == Purpose::"incident" }
    unless { principal is Staff && context.approvals >= 2 };`,
  'residents.ended': 'forbid (principal, action, resource) when { context.ended };',
  'access-requests.two-officers':
    'forbid (principal, action == Action::"open-by-order", resource) unless { context.approvals >= 2 };',
}

/** A policy in Cedar's own JSON form, without its annotations. @see https://docs.cedarpolicy.com/policies/json-format.html */
export type PolicyJson = { effect: string; conditions: readonly { kind: string; body: unknown }[] } & Record<
  string,
  unknown
>

/**
 * Why a rule beside the unconditional ones cannot be used: it singles out an organisation, a function, a person, a time or a
 * number of people, or asks about fields in a way that one question cannot stand for many. The start could not ask for every
 * such cell, and whoever loosens a rule would use just that. It is asked of what the rule is, not of how it is written.
 *
 * @returns what is wrong, or undefined
 */
export function notToBeAsked(policy: PolicyJson): string | undefined {
  let fault: string | undefined
  const visit = (node: unknown): void => {
    if (typeof node === 'number' && node !== 1) fault ??= 'it asks for a number of people'
    if (typeof node !== 'object' || node === null) return
    const at = node as Record<string, unknown>
    if (typeof at.type === 'string' && at.type !== 'Action' && at.type !== 'Purpose')
      fault ??= 'it singles out an organisation, a function or a person'
    if (at.attr === 'now' || 'like' in at) fault ??= 'it asks for a time or a likeness'
    for (const inner of Object.values(at)) visit(inner)
  }
  visit(policy)
  return fault ?? (asksFieldsOneWay(policy) ? undefined : 'it asks about fields in a way that cannot be gone through')
}

/**
 * Whether a policy asks about fields only in the way in which more of them are never permitted more: a permit, when
 * something names all of them; a forbid, when they are any of some, or unless there are none.
 */
function asksFieldsOneWay({ effect, conditions }: PolicyJson): boolean {
  return conditions.every(({ kind, body }) => {
    const allowed =
      effect === 'permit' ? (kind === 'when' ? 'containsAll' : undefined) : kind === 'when' ? 'containsAny' : 'isEmpty'
    return oneWay(body, allowed)
  })
}

/** @param allowed the one operation in which the fields may stand here */
function oneWay(node: unknown, allowed: string | undefined): boolean {
  if (typeof node !== 'object' || node === null) return true
  if (isFields(node)) return false
  return Object.entries(node).every(([operation, inner]) => {
    const operand = inner as { left?: unknown; right?: unknown; arg?: unknown }
    if (operation === allowed) {
      if (allowed === 'containsAll' && isFields(operand.right)) return oneWay(operand.left, undefined)
      if (allowed === 'containsAny' && isFields(operand.left)) return oneWay(operand.right, undefined)
      if (allowed === 'isEmpty' && isFields(operand.arg)) return true
    }
    // Only under "and" does an operation keep its sense: an "or", a "not" or an "if" may turn it round.
    return oneWay(inner, operation === '&&' || operation === 'left' || operation === 'right' ? allowed : undefined)
  })
}

/** `context.fields`, or the same by an index. */
const isFields = (node: unknown): boolean =>
  typeof node === 'object' &&
  node !== null &&
  '.' in node &&
  (node['.'] as { attr?: unknown }).attr === 'fields' &&
  JSON.stringify((node['.'] as { left?: unknown }).left) === '{"Var":"context"}'
