declare const branded: unique symbol

/** Looks into a box: for `reply.ts`, and for the modules that make boxes. A test of the tree lists them. */
export let reveal: <T>(box: Sendable<T>) => T

/**
 * A value that may leave, in an opaque box that `reply.ts` opens as the last step before the wire. There are three kinds, and each is made in one
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
