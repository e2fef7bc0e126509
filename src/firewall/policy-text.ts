// What the code itself asks of the text of the rules.

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
    (principal is Job && context.purpose == Purpose::"hidden-likeness") || (principal is Staff &&
    (context.purpose == Purpose::"registration" || context.purpose == Purpose::"duplicate-check" ||
      context.purpose == Purpose::"protection")) };`,
  'firewall.budget': 'forbid (principal, action, resource) when { context.overBudget };',
  'firewall.incident': `forbid (principal, action, resource) when { context.purpose == Purpose::"incident" }
    unless { principal is Staff && context.approvals >= 2 };`,
  'residents.ended': 'forbid (principal is Resident, action, resource) when { context.ended };',
  'access-requests.two-officers':
    'forbid (principal, action == Action::"open-by-order", resource) unless { context.approvals >= 2 };',
}

/**
 * Whether a policy asks about fields only in the way in which more of them are never permitted more: a permit that all of
 * them are named by something, a forbid that any of them is, or that there are any.
 */
export function asksFieldsOneWay(text: string): boolean {
  const plain = text
    .replaceAll(/\/\/[^\n]*/g, '')
    .replaceAll(/@\w+\("[^"]*"\)/g, '')
    .replaceAll(/\s+/g, ' ')
  if (!plain.includes('fields')) return true
  if (/\bpermit \(/.test(plain))
    return (
      !/unless|!|\|\|/.test(plain) &&
      !plain.replaceAll(/[\w.]+\.containsAll\(context\.fields\)/g, '').includes('fields')
    )
  const [when = '', unless = ''] = plain.split('unless')
  return (
    !/!\s*(\(\s*)?context\.fields/.test(when) &&
    !when.replaceAll(/context\.fields\.containsAny\(/g, '').includes('fields') &&
    !unless.replaceAll(/context\.fields\.isEmpty\(\)/g, '').includes('fields')
  )
}

/**
 * Why a rule beside the unconditional ones cannot be used: it singles out an organisation, a function, a person, a time or a
 * number of people, or asks about fields in a way that one question cannot stand for many. The start could not ask for every
 * such cell, and whoever loosens a rule would use just that.
 *
 * @returns what is wrong, or undefined
 */
export function notToBeAsked(text: string): string | undefined {
  const plain = text.replaceAll(/\/\/[^\n]*/g, '').replaceAll(/@\w+\("[^"]*"\)/g, '')
  if (/\b(?!Action::|Purpose::)\w+::"/.test(plain)) return 'it singles out an organisation, a function or a person'
  if (/\bnow\b|\blike\b/.test(plain)) return 'it asks for a time or a likeness'
  if (/\b(?!1\b)\d+/.test(plain)) return 'it asks for a number of people'
  return asksFieldsOneWay(text) ? undefined : 'it asks about fields in a way that cannot be gone through'
}
