import type { Uuid } from '../platform/uuid.ts'

declare const path: unique symbol
/** An address of our own that a browser may be sent to. It names nobody: only ids and words of ours stand in it. */
export type Path = Lowercase<`/${string}`> | (string & { readonly [path]: true })

/** An address with ids and numbers in it. */
export const pathTo = (
  parts: TemplateStringsArray,
  ...values: readonly (Uuid | number | Lowercase<string> | Path)[]
): Path => String.raw({ raw: parts }, ...values.map(String)) as Path

/**
 * An address that the caller gave, where it is one of ours.
 *
 * @param otherwise where to go when it is not
 */
export const safePath = (given: string, otherwise: Path): Path =>
  /^\/(?!\/)[\w\-/.?=&%]*$/.test(given) ? (given as Path) : otherwise

/** An address with another behind it, to come back to. */
export const withReturn = (door: Path, back: string): Path =>
  `${door}${door.includes('?') ? '&' : '?'}to=${encodeURIComponent(back)}` as Path
