import { reveal, Sendable } from '../http/sendable.ts'

declare const permitted: unique symbol

/** For gate.ts only. */
export let disclosed: <T>(value: T) => Disclosed<T>

/**
 * A value the gate has let through. It cannot be made anywhere else: `disclosed` below is called
 * by `gate.ts` alone, which a test of the tree checks, and the brand keeps look-alikes from compiling.
 */
export class Disclosed<T> extends Sendable<T> {
  declare readonly [permitted]: T

  private constructor(value: T) {
    super(value)
  }

  /** Narrows or reshapes what was disclosed; the result is still disclosed, never more. */
  map<U>(narrow: (value: T) => U): Disclosed<U> {
    return new Disclosed(narrow(reveal(this)))
  }

  /** Two disclosures as one. */
  with<U>(other: Disclosed<U>): Disclosed<[T, U]> {
    return new Disclosed([reveal(this), reveal(other)])
  }

  /** What a further question says, asked with what was disclosed. */
  async chain<U>(next: (value: T) => Promise<Disclosed<U>>): Promise<Disclosed<U>> {
    return next(reveal(this))
  }

  /** The same, where the narrowing takes time, such as printing. */
  async mapAsync<U>(narrow: (value: T) => Promise<U>): Promise<Disclosed<U>> {
    return new Disclosed(await narrow(reveal(this)))
  }

  static {
    disclosed = (value) => new Disclosed(value)
  }
}
