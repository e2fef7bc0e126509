import type { Code, Words } from '../platform/problem.ts'
import type { Cookie } from './cookies.ts'

declare const policy: unique symbol
/** A content security policy with a nonce in it. */
export type Policy = string & { readonly [policy]: true }

/** What an answer may say in its headers. Each takes words of ours: a text from anywhere else does not compile. */
export interface ReplyHeaders {
  'content-type'?: Code
  'cache-control'?: Code
  vary?: Code
  etag?: Code | `"${number}"` | ETag
  'content-disposition'?: Code
  'content-security-policy'?: Code | Policy
  'service-worker-allowed'?: Code
  'retry-after'?: Code
  'clear-site-data'?: Code
  'www-authenticate'?: Words
  'access-control-allow-origin'?: Code
  'cross-origin-resource-policy'?: Code
  'set-cookie'?: Cookie | readonly Cookie[]
}

declare const etag: unique symbol
/** The digest of something public. */
export type ETag = string & { readonly [etag]: true }
export const digestTag = (digest: string) => `"${digest}"` as ETag

/** Of what everybody may read from anywhere and keep for so many seconds. */
export const cacheable = (seconds: number): ReplyHeaders => ({
  'cache-control': `public, max-age=${seconds}` as Code,
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
})

/** The policy of a page that may ask nobody for anything, not even us, and runs the scripts of this one answer. */
export const silentPolicy = (nonce: string) =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; font-src 'self'; worker-src 'self'; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'` as Policy

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
