import { Sendable } from './sendable.ts'

declare const open: unique symbol

/** For modules that know nothing of people: a test of the tree lists them, and what they may not import. */
export let publicData: <T>(value: T) => PublicData<T>

/** Data about nobody: keys, profiles, the municipality itself, pages that are the same for everyone. */
export class PublicData<T> extends Sendable<T> {
  declare readonly [open]: T

  private constructor(value: T) {
    super(value)
  }

  static {
    publicData = (value) => new PublicData(value)
  }
}
