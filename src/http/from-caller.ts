import { reveal, Sendable } from './sendable.ts'

declare const own: unique symbol

/** For what reads requests alone: route.ts and endpoint.ts. */
export let fromCaller: <T>(value: T) => FromCaller<T>

/**
 * What the caller sent, and what is made of it for them: a proof they brought, read; an answer to a code they have. It goes back
 * to them and to nobody else.
 */
export class FromCaller<T> extends Sendable<T> {
  declare readonly [own]: T

  private constructor(value: T) {
    super(value)
  }

  map<U>(make: (value: T) => U): FromCaller<U> {
    return new FromCaller(make(reveal(this)))
  }

  async mapAsync<U>(make: (value: T) => Promise<U>): Promise<FromCaller<U>> {
    return new FromCaller(await make(reveal(this)))
  }

  static {
    fromCaller = (value) => new FromCaller(value)
  }
}
