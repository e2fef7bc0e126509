declare const cookie: unique symbol
/** A `Set-Cookie` header. Only what has been made as a `CookieValue` stands in it. @see RFC 6265 */
export type Cookie = string & { readonly [cookie]: true }

declare const value: unique symbol
/** A secret of ours, or a state that goes to one browser: made where secrets are, which a test of the tree checks. */
export type CookieValue = string & { readonly [value]: true }
export const cookieValue = (secret: string) => secret as CookieValue

interface Keeping {
  name: string
  value: CookieValue
  /** Seconds; without them it goes with its browser’s window. */
  seconds?: number
  path: string
  sameSite: 'Lax' | 'Strict'
  /** Over TLS alone. */
  secure: boolean
}

/** A cookie that no script reads. */
export const cookieOf = ({ name, value: secret, seconds, path, sameSite, secure }: Keeping): Cookie =>
  [
    `${name}=${secret}`,
    `Path=${path}`,
    ...(seconds === undefined ? [] : [`Max-Age=${seconds}`]),
    'HttpOnly',
    `SameSite=${sameSite}`,
    ...(secure ? ['Secure'] : []),
  ].join('; ') as Cookie

/** A cookie that is nobody’s, and the same for all who chose the same. */
export const commonCookie = (name: Lowercase<string>, word: Lowercase<string>): Cookie =>
  `${name}=${word}; Path=/; HttpOnly; SameSite=Lax` as Cookie
