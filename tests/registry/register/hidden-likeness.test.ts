import { describe, expect, it } from 'vitest'
import { type Identity, wouldShow } from '../../../src/registry/register/hidden-likeness.ts'
import { WHOLE } from '../../support/sampled.ts'

// A town's names: a few that thousands bear, and a long tail, given and family names alike (Zipf's law, as in national
// statistics of names). Nobody in here is real.

const ONSETS = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z', 'j', 'ch']
const VOWELS = ['a', 'e', 'i', 'o', 'u']
function word(i: number): string {
  let [text, rest] = ['', i * 7919 + 977]
  for (let syllable = 0; syllable < 2 + (i % 2); syllable += 1) {
    text += (ONSETS[rest % ONSETS.length] ?? '') + (VOWELS[Math.floor(rest / ONSETS.length) % VOWELS.length] ?? '')
    rest = Math.floor(rest / 3) + i * 31 + 7
  }
  return text
}

/** Numbers that look random and are the same at each run. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 4_294_967_296
  }
}

function townOf(seed: number, people: number): (Identity & { year: number })[] {
  const random = numbers(seed)
  const next = () => random.next().value
  const zipf = (most: number) => Math.floor(most ** next()) - 1
  return Array.from({ length: people }, () => {
    const year = 1940 + Math.floor(next() * 85)
    const month = String(1 + Math.floor(next() * 12)).padStart(2, '0')
    const day = String(1 + Math.floor(next() * 28)).padStart(2, '0')
    const known = next()
    // Of one in ten only the year is known, of some about; some give 1 January.
    const dateOfBirth =
      known < 0.06
        ? String(year)
        : known < 0.1
          ? `${year}~`
          : known < 0.13
            ? `${year}-01-01`
            : `${year}-${month}-${day}`
    const family = next() < 0.15 ? [word(zipf(4000) + 3000)] : [word(zipf(4000) + 3000), word(zipf(4000) + 3000)]
    return { names: [{ given: word(zipf(1500)), family }], dateOfBirth, year }
  })
}

describe('the likeness that hides', () => {
  it('takes in one stranger in 10,000 at the most, beside a thousand who hide', () => {
    const hidden = townOf(11, 1000)
    const byYear = Map.groupBy(hidden, ({ year }) => year)
    const strangers = townOf(97, WHOLE ? 40_000 : 10_000)
    let taken = 0
    for (const stranger of strangers) {
      // Dates that can fit lie a year apart at the most.
      const near = [-1, 0, 1].flatMap((years) => byYear.get(stranger.year + years) ?? [])
      if (near.some((one) => wouldShow(one, stranger))) taken += 1
    }
    expect(taken / strangers.length).toBeLessThanOrEqual(1 / 10_000)
  })

  const her: Identity = { names: [{ given: 'Mireia', family: ['Casadevall', 'Font'] }], dateOfBirth: '1991-03-14' }
  it.each([
    ['as she was', her],
    ['without her second family name', { ...her, names: [{ given: 'Mireia', family: ['Casadevall'] }] }],
    ['with a slip', { ...her, names: [{ given: 'Mireya', family: ['Casadeval', 'Font'] }] }],
    ['in one box', { ...her, names: [{ given: 'Casadevall Font Mireia' }] }],
    ['with the year alone', { ...her, dateOfBirth: '1991' }],
    ['about that year', { ...her, dateOfBirth: '1992~' }],
  ])('takes her in, written %s', (_, written) => {
    expect(wouldShow(her, written)).toBe(true)
  })

  it.each([
    ['her sister', { names: [{ given: 'Bruna', family: ['Casadevall', 'Font'] }], dateOfBirth: '1993-07-01' }],
    ['a namesake of another day', { ...her, dateOfBirth: '1991-03-15' }],
    ['a namesake whose date nobody knows', { names: her.names }],
    ['one name alone of her year', { names: [{ given: 'Mireia' }], dateOfBirth: '1991' }],
  ])('leaves %s', (_, written) => {
    expect(wouldShow(her, written)).toBe(false)
  })
})
