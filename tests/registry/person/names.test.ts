import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldedWords } from '../../../src/platform/folded-words.ts'
import { likeness, nameLikeness, nameWords, sound } from '../../../src/registry/person/names.ts'

describe('the words of a name', () => {
  it.each([
    ['Núria Puig i Cadafalch', ['nuria', 'puig', 'cadafalch']],
    ['O’Brien', ['obrien']],
    ["O'Brien", ['obrien']],
    ['Smyth-Jones', ['smyth', 'jones']],
    ['María  del   Carmen', ['maria', 'carmen']],
    ['ŁUKASZ Żółć', ['lukasz', 'zolc']],
    ['Straße', ['strasse']],
    ['Шевченко', ['shevchenko']],
    ['Ελένη', ['eleni']],
    ['de la', ['de', 'la']],
  ])('of %j', (text, words) => expect(nameWords(text)).toEqual(words))

  it('are the same whatever the case and form of accents', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(foldedWords(text.normalize('NFC'))).toEqual(foldedWords(text.normalize('NFD')))
        for (const word of foldedWords(text)) expect(word).toMatch(/^[a-z0-9]+$/)
      }),
    )
  })
})

describe('likeness', () => {
  it('is between 0 and 1, and 1 for the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,12}$/), fc.stringMatching(/^[a-z]{1,12}$/), (a, b) => {
        expect(likeness(a, a)).toBe(1)
        expect(likeness(a, b)).toBeGreaterThanOrEqual(0)
        expect(likeness(a, b)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it.each([
    ['mohammed', 'muhammad'],
    ['hussein', 'hussain'],
    ['fatou', 'fatu'],
    ['ndiaye', 'ndiay'],
    ['gonzalez', 'gonzales'],
    ['katherine', 'catherine'],
  ])('holds %s and %s for alike', (a, b) => expect(likeness(a, b)).toBeGreaterThanOrEqual(0.7))

  it.each([
    ['puig', 'soler'],
    ['ahmed', 'khan'],
    ['li', 'wu'],
  ])('holds %s and %s for strangers', (a, b) => expect(likeness(a, b)).toBeLessThan(0.6))

  it('uses each word of a name once', () => {
    expect(nameLikeness(['garcia', 'garcia'], ['garcia', 'lopez'])).toBeLessThan(0.7)
  })

  it('hears words of every alphabet', () => {
    for (const word of ['shevchenko', 'xiaoming', 'lrhmn', 'aeiou', 'x', '7'])
      expect(sound(word).length).toBeGreaterThan(0)
  })
})
