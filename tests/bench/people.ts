import type { Registration } from '../../src/registry/model.ts'
import { inventedWord } from '../support/people.ts'

/** A stream of numbers between 0 and 1, the same in every run (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Few names are common and many are rare, as in any town: rank by a power law. */
const common = (roll: number, names: number) => Math.floor(names ** roll)

/** An invented person of a large town: two family names of 8,000, given names of 2,000, streets of 1,500. */
export function townsperson(i: number): Registration {
  const roll = dice(i * 2_654_435_761)
  const two = (n: number) => String(n).padStart(2, '0')
  return {
    name: {
      given: inventedWord(100_000 + common(roll(), 2_000)),
      family: [inventedWord(200_000 + common(roll(), 8_000)), inventedWord(200_000 + common(roll(), 8_000))],
    },
    dateOfBirth: `${1935 + Math.floor(roll() * 88)}-${two(1 + Math.floor(roll() * 12))}-${two(1 + Math.floor(roll() * 28))}`,
    address: {
      kind: 'dwelling',
      streetType: 'carrer',
      streetName: inventedWord(300_000 + Math.floor(roll() * 1_500)),
      number: String(1 + Math.floor(roll() * 200)),
    },
    confirmedDistinct: true,
  }
}

export const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN
