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
    (principal is Representative && principal.record == resource && action != Action::"prove") ||
    (principal is Helper && principal.record == resource && action == Action::"revoke") ||
  (principal is Job && context.purpose == Purpose::"hidden-likeness") ||
    (principal is Staff && action == Action::"depart" && context.purpose == Purpose::"departure") ||
    (principal is Staff &&
    (context.purpose == Purpose::"registration" || context.purpose == Purpose::"protection" ||
      context.purpose == Purpose::"supervision" || context.purpose == Purpose::"complaints" ||
      context.purpose == Purpose::"erasure")) };`,
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
    // What is put under another name, or together with something else, could hold the fields or the time.
    if ('Record' in at || at.Var === 'context')
      fault ??= 'it asks for all of a question at once, or puts parts of it together'
    for (const [operation, inner] of Object.entries(at))
      if (!((operation === '.' || operation === 'has') && isContext((inner as { left?: unknown }).left))) visit(inner)
      else visit({ ...(inner as object), left: undefined })
  }
  visit(policy)
  if (!asksStandingOneWay(policy))
    fault ??= 'it permits more to whoever has less: no visit, no order, no attestation on record, or somebody who hides'
  return fault ?? (asksFieldsOneWay(policy) ? undefined : 'it asks about fields in a way that cannot be gone through')
}

/** What somebody's standing may be asked for: with more of these never less is permitted, with these never more. */
const HAVING = new Set(['visited', 'judgeOrder', 'approvals', 'attestedUntil', 'hasFunction'])
const BARRING = new Set(['protected'])

/** Whether a policy never permits more for want of something: so that one question, with all of it, stands for many. */
function asksStandingOneWay({ effect, conditions }: PolicyJson): boolean {
  return conditions.every(({ kind, body }) => permitsMore(body, (effect === 'permit') === (kind === 'when')))
}

/** @param so whether what is true here permits more */
function permitsMore(node: unknown, so: boolean): boolean {
  if (typeof node !== 'object' || node === null) return true
  const [[operation = '', inner] = []] = Object.entries(node as Record<string, Record<string, unknown>>)
  const { left, right, arg, attr, if: asked, then, else: otherwise } = inner ?? {}
  switch (operation) {
    case '&&':
    case '||':
      return permitsMore(left, so) && permitsMore(right, so)
    case '!':
      return permitsMore(arg, !so)
    case 'if-then-else':
      return !asksStanding(asked) && permitsMore(then, so) && permitsMore(otherwise, so)
    case '>=':
    case '>':
      return permitsMore(left, so) && !asksStanding(right)
    case '<':
    case '<=':
      return permitsMore(left, !so) && !asksStanding(right)
    case '.':
    case 'has':
      return !asksStanding(left) && !(HAVING.has(String(attr)) && !so) && !(BARRING.has(String(attr)) && so)
    default:
      return !asksStanding(node)
  }
}

const asksStanding = (node: unknown): boolean =>
  typeof node === 'object' &&
  node !== null &&
  (HAVING.has(String((node as { attr?: unknown }).attr)) ||
    BARRING.has(String((node as { attr?: unknown }).attr)) ||
    Object.values(node).some(asksStanding))

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

const isContext = (node: unknown) => JSON.stringify(node) === '{"Var":"context"}'

/** `context.fields`, or the same by an index. */
const isFields = (node: unknown): boolean =>
  typeof node === 'object' &&
  node !== null &&
  '.' in node &&
  (node['.'] as { attr?: unknown }).attr === 'fields' &&
  isContext((node['.'] as { left?: unknown }).left)
