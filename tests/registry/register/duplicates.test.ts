import { describe, expect, it } from 'vitest'
import type { Name } from '../../../src/registry/model.ts'
import { nameLikeness, wordsOfName } from '../../../src/registry/person/names.ts'
import { alikeAmong } from '../../../src/registry/register/find-duplicates.ts'
import { wouldShow } from '../../../src/registry/register/hidden-likeness.ts'

const called = (given: string, ...family: string[]): Name => ({ given, family })
const likeness = (one: Name, other: Name) => nameLikeness(wordsOfName(one).all, wordsOfName(other).all)

const AMINA = called('Amina', 'Traore')
/** Heard and written down by two clerks: 0.83. */
const HEARD = called('Emine', 'Traoreh')
/** Her cousin, by one letter in five and another family name: 0.4. */
const COUSIN = called('Anina', 'Keita')

describe('who of a form resembles somebody before them', () => {
  it.each([
    ['of one name and one day', AMINA, '1990-05-17', '1990-05-17', true],
    ['of one name, where one date is the year alone', AMINA, '1990-05-17', '1990', true],
    ['of one name, where one date is unknown', AMINA, '1990-05-17', undefined, true],
    ['of one name, where neither date is known', AMINA, undefined, undefined, true],
    ['of one name and another day', AMINA, '1990-05-17', '1990-05-18', false],
    ['of one name and another year', AMINA, '1990', '1991', false],
    ['of names that were heard alike', HEARD, '1990-05-17', '1990-05-17', true],
    ['of names that are only near', COUSIN, '1990-05-17', '1990-05-17', false],
  ])('two %s', (_, name, one, other, alike) => {
    const people = [
      { name: AMINA, dateOfBirth: one },
      { name, dateOfBirth: other },
    ]
    expect(alikeAmong(people)).toEqual(alike ? [{ place: 1, before: [0] }] : [])
  })

  it('holds names to a likeness of four fifths', () => {
    expect(likeness(AMINA, HEARD)).toBeGreaterThanOrEqual(0.8)
    expect(likeness(AMINA, HEARD)).toBeLessThan(0.9)
    expect(likeness(AMINA, COUSIN)).toBeLessThan(0.8)
  })

  it('finds a part of a name in the whole, whichever came first', () => {
    const whole = called('Rosa', 'Vidal', 'Pons')
    const part = called('Rosa', 'Vidal')
    expect(alikeAmong([{ name: whole }, { name: part }])).toHaveLength(1)
    expect(alikeAmong([{ name: part }, { name: whole }])).toHaveLength(1)
  })

  it('names everybody before them, and asks about nobody twice', () => {
    const people = [AMINA, called('Joan', 'Serra'), AMINA, AMINA].map((name) => ({ name, dateOfBirth: '1990' }))
    expect(alikeAmong(people)).toEqual([
      { place: 2, before: [0] },
      { place: 3, before: [0, 2] },
    ])
  })

  it('does not take a newborn for the parent they are called after, and takes twins without names for one', () => {
    const newborn: Name = { newbornOf: 'Amina Traore' }
    expect(alikeAmong([{ name: AMINA }, { name: newborn }])).toEqual([])
    expect(alikeAmong([{ name: newborn }, { name: AMINA }])).toEqual([])
    expect(alikeAmong([{ name: newborn }, { name: newborn }])).toEqual([{ place: 1, before: [0] }])
  })
})

describe('a name that was heard alike', () => {
  it('hides a new record only when it was born on the very day', () => {
    const hidden = { names: [AMINA], dateOfBirth: '1990-05-17' }
    expect(wouldShow(hidden, { names: [HEARD], dateOfBirth: '1990-05-17' })).toBe(true)
    expect(wouldShow(hidden, { names: [HEARD], dateOfBirth: '1990-05-18' })).toBe(false)
    expect(wouldShow(hidden, { names: [HEARD], dateOfBirth: '1990' })).toBe(false)
    expect(wouldShow(hidden, { names: [COUSIN], dateOfBirth: '1990-05-17' })).toBe(false)
  })
})
