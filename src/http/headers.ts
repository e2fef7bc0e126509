/** What every answer carries, save where it says something narrower itself. */
const ALWAYS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const

const REST = "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
/** For whatever has no script. */
const WITHOUT_SCRIPTS = `default-src 'none'; style-src 'self'; img-src 'self' data:; ${REST}`

/** For a page with scripts: those that carry the nonce of this one answer. */
const withScripts = (nonce: string) =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; ${REST}`

/**
 * Headers of one answer.
 *
 * @param nonce of its scripts, where it has any
 */
export const securityHeaders = (requestId: string, nonce?: string): Record<string, string> => ({
  ...ALWAYS,
  'content-security-policy': nonce === undefined ? WITHOUT_SCRIPTS : withScripts(nonce),
  'request-id': requestId,
})
