declare const cookie: unique symbol
/** A `Set-Cookie` header. Only what has been made as a `CookieValue` stands in it. @see RFC 6265 */
export type Cookie = string & { readonly [cookie]: true }

declare const value: unique symbol
/** A secret of ours, or a state that goes to one browser: made where secrets are, which a test of the tree checks. */
export type CookieValue = string & { readonly [value]: true }
export const cookieValue = (secret: string) => secret as CookieValue

/** A cookie that is one browser's. */
export interface CookieKind {
  name: Lowercase<string>
  path: string
  sameSite: 'Lax' | 'Strict'
}

/**
 * The name a cookie goes by. Where there is TLS, it begins so that browsers take it of this host alone, never of a page without TLS.
 *
 * @param secure whether the town is reached over TLS
 * @see RFC 6265bis, section 4.1.3
 */
export const cookieName = ({ name, path }: CookieKind, secure: boolean) =>
  secure ? `${path === '/' ? '__Host-' : '__Secure-'}${name}` : name

/**
 * A cookie that no script reads.
 *
 * @param keep.seconds without them it goes with its browser’s window
 */
export const cookieOf = (
  kind: CookieKind,
  { value: secret, seconds, secure }: { value: CookieValue; seconds?: number | undefined; secure: boolean },
): Cookie =>
  [
    `${cookieName(kind, secure)}=${secret}`,
    `Path=${kind.path}`,
    ...(seconds === undefined ? [] : [`Max-Age=${seconds}`]),
    'HttpOnly',
    `SameSite=${kind.sameSite}`,
    ...(secure ? ['Secure'] : []),
  ].join('; ') as Cookie

/** A cookie that is nobody’s, and the same for all who chose the same. */
export const commonCookie = (name: Lowercase<string>, word: Lowercase<string>): Cookie =>
  `${name}=${word}; Path=/; HttpOnly; SameSite=Lax` as Cookie
