import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { birthWords } from '../../src/proofs/birth-words.ts'
import { birthClaim } from '../../src/proofs/claims.ts'
import { PAPER_LANGUAGES, paperTexts } from '../../src/proofs/paper/paper-words.ts'
import { parseBirthDate } from '../../src/registry/person/dates/birth-date.ts'

const words = (born: string, language: string) =>
  birthWords(birthClaim(born) ?? '', language, paperTexts[language as 'en'])

describe('a date of birth in a proof', () => {
  it.each([
    ['1990-05-17', '1990-05-17'],
    ['1990-05', '1990-05'],
    ['1990', '1990'],
    ['1985~', '1984-01-01/1986-12-31'],
    ['1985-05~', '1984-05-01/1986-05-31'],
    ['1985-05-17~', '1984-05-17/1986-05-17'],
    ['196X', '1960-01-01/1969-12-31'],
    ['1990-21', '1990-03-01/1990-12-31'],
    ['../1959', '../1959-12-31'],
  ])('%s stands there as %s', (born, claim) => expect(birthClaim(born)).toBe(claim))

  it('is left out where it is unknown', () => expect(birthClaim(undefined)).toBeUndefined())
})

describe('a date of birth on a paper', () => {
  it.each([
    ['1990-05-17', 'en', '17 May 1990'],
    ['1990-05-17', 'es', '17 de mayo de 1990'],
    ['1990-05', 'ca', 'maig del 1990'],
    ['1990', 'fr', '1990'],
    ['1985~', 'en', 'about 1985 (between 1984 and 1986)'],
    ['1985~', 'es', 'hacia 1985 (entre 1984 y 1986)'],
    ['1985~', 'ca', 'cap al 1985 (entre 1984 i 1986)'],
    ['1985~', 'fr', 'vers 1985 (entre 1984 et 1986)'],
    ['1985~', 'ar', 'نحو 1985 (بين 1984 و1986)'],
    ['1985~', 'pt', 'por volta de 1985 (entre 1984 e 1986)'],
    ['196X', 'es', 'entre 1960 y 1969'],
    ['../1959', 'fr', 'avant 1960'],
    ['1985-05~', 'en', 'between 1 May 1984 and 31 May 1986'],
  ] as const)('%s in %s is %s', (born, language, text) => expect(words(born, language)).toBe(text))

  it('is never written as the register writes it, in any language', () => {
    const vague = fc.oneof(
      fc.integer({ min: 1900, max: 2020 }).map((year) => `${year}~`),
      fc.integer({ min: 190, max: 201 }).map((decade) => `${decade}X`),
      fc.tuple(fc.integer({ min: 1900, max: 2020 }), fc.constantFrom(21, 22, 23, 24)).map((of) => of.join('-')),
      fc.integer({ min: 1900, max: 2020 }).map((year) => `../${year}`),
    )
    fc.assert(
      fc.property(vague, fc.constantFrom(...PAPER_LANGUAGES), (born, language) => {
        expect(parseBirthDate(born)).toBeDefined()
        expect(words(born, language)).not.toMatch(/~|X|\.\.|\/|-2[1-4]|[{}]|undefined/)
        expect(birthClaim(born)).not.toMatch(/~|X/)
      }),
    )
  })
})
