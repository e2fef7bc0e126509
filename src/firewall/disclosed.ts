declare const permitted: unique symbol

/** For gate.ts only. */
export let disclosed: <T>(value: T) => Disclosed<T>
/** For reply.ts only: the last step before the wire. */
export let reveal: <T>(box: Disclosed<T>) => T

/**
 * A value the gate has let through. It cannot be made anywhere else: `disclosed` below is called
 * by `gate.ts` alone, which a test of the tree checks, and the brand keeps look-alikes from compiling.
 */
export class Disclosed<T> {
  declare readonly [permitted]: T
  readonly #value: T

  private constructor(value: T) {
    this.#value = value
  }

  /** Narrows or reshapes what was disclosed; the result is still disclosed, never more. */
  map<U>(narrow: (value: T) => U): Disclosed<U> {
    return new Disclosed(narrow(this.#value))
  }

  /** Two disclosures as one. */
  with<U>(other: Disclosed<U>): Disclosed<[T, U]> {
    return new Disclosed([this.#value, other.#value])
  }

  /** The same, where the narrowing takes time, such as printing. */
  async mapAsync<U>(narrow: (value: T) => Promise<U>): Promise<Disclosed<U>> {
    return new Disclosed(await narrow(this.#value))
  }

  static {
    disclosed = (value) => new Disclosed(value)
    reveal = (box) => box.#value
  }
}
