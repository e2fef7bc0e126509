declare const branded: unique symbol

/** For reply.ts alone: the last step before the wire. A test of the tree checks that. */
export let reveal: <T>(box: Sendable<T>) => T

/**
 * A value that may leave, in an opaque box: only `reply.ts` looks inside. There are three kinds, and each is made in one
 * place: `Disclosed` by the gate, `PublicData` by modules that know nothing of people, `FromCaller` by what reads requests.
 */
export abstract class Sendable<T> {
  declare readonly [branded]: T
  readonly #value: T

  protected constructor(value: T) {
    this.#value = value
  }

  static {
    reveal = (box) => box.#value
  }
}
