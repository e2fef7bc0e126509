import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { describe, expect, it } from 'vitest'
import { FUNCTION_IDS } from '../src/firewall/functions.ts'
import { wordAboutPapers } from '../src/firewall/plain-words.ts'
import { loadPolicies, purposes } from '../src/firewall/policies.ts'
import english from '../src/languages/en.json'
import { counted } from '../src/platform/counted.ts'
import { languageFiles } from '../src/platform/languages.ts'
import { claimName } from '../src/proofs/claim-names.ts'
import { CLAIMS } from '../src/proofs/claims.ts'
import { PAPER_LANGUAGES } from '../src/proofs/paper/paper-words.ts'
import { profiles } from '../src/proofs/profiles.ts'
import { townName } from '../src/town/model.ts'
import { LANGUAGES, LOCALES } from '../src/web/ui/language.ts'

/** The keys under which pages find what a field is called. */
const fieldTexts = new Set([...purposes.values()].flatMap(({ fields }) => fields.map((field) => `fields.${field}`)))

const braces = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([found]) => found).sort()

describe.each(Object.entries(languageFiles))('the language file %s', (tag, file) => {
  it('says everything, with the same braces, in one file', () => {
    const same = (ours: Record<string, string>, theirs: Record<string, string>) => {
      expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
      for (const [key, text] of Object.entries(ours)) {
        expect(text.trim(), key).not.toBe('')
        expect(braces(text), key).toEqual(braces(theirs[key] ?? ''))
      }
    }
    same(file.ui, english.ui)
    same(file.papers, english.papers)
    same(file.letter, english.letter)
    expect(Object.keys(file.rules).sort()).toEqual(Object.keys(english.rules).sort())
    expect(Object.keys(file.functions).sort()).toEqual([...FUNCTION_IDS].sort())
    expect(Object.keys(file.purposes).sort()).toEqual([...purposes.keys()].sort())
    expect(Object.keys(file.services).sort()).toEqual([...profiles.keys()].sort())
    expect(file.sensitive.length).toBeGreaterThan(5)
  })

  it('is a language like the others, everywhere', () => {
    expect(LANGUAGES).toHaveProperty(tag)
    expect(PAPER_LANGUAGES).toContain(tag)
    for (const purpose of purposes.values()) expect(purpose.title[tag]).toBe(file.purposes[purpose.id])
    for (const profile of profiles.values())
      expect((profile.title as Record<string, string>)[tag]).toBe(file.services[profile.id]?.title)
    for (const word of file.sensitive) expect(() => new RegExp(word, 'iu')).not.toThrow()
  })
})

it('every text of a page is shown somewhere', () => {
  const code = Object.values(
    import.meta.glob<string>('../src/**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true }),
  )
  const named = new Set(code.flatMap((file) => file.match(/(?<=')[a-z]\w*\.\w+(?=')/gi) ?? []))
  expect(Object.keys(LOCALES.en).filter((key) => !named.has(key) && !fieldTexts.has(key))).toEqual([])
})

it('every text of a page is named after its screen', () => {
  for (const key of Object.keys(LOCALES.en)) expect(key).toMatch(/^[a-z][a-zA-Z]*\.[a-z][a-zA-Z]*$/)
})

it('every field that may be opened has words for whoever reads what was seen', () => {
  expect([...fieldTexts].filter((key) => !(key in LOCALES.en))).toEqual([])
})

describe('a number of things', () => {
  it('stands in the form that its language has for so many, whatever the language', () => {
    const years = '{n, plural, one {# rok} few {# lata} many {# lat} other {# roku}}'
    expect([1, 2, 5, 22].map((n) => counted(years, 'pl', { n }))).toEqual(['1 rok', '2 lata', '5 lat', '22 lata'])
    expect([2, 3, 11].map((n) => counted(languageFiles.ar?.ui['services.days'] ?? '', 'ar', { days: n }))).toHaveLength(
      3,
    )
  })

  it('is named in every claim that has one', () => {
    expect(claimName('resident_at_least_2_years', 'en')).toBe('Resident for at least two years')
    expect(claimName('resident_at_least_5_years', 'ar')).toBe('مدة السكن: 5 سنوات على الأقل')
    expect(claimName('age_over_18', 'fr')).toBe('18 ans ou plus')
    for (const claim of CLAIMS) for (const tag of PAPER_LANGUAGES) expect(claimName(claim, tag)).not.toMatch(/[{}_]/)
  })

  it('is written by the rules of its language wherever a text counts', () => {
    // A number that is no count: of a person on a form, of votes among so many, of a year.
    const numbers = ['register.person', 'legal.votes', 'oversight.activityHour']
    const counting = /\{(n|days|hours|minutes|years|people|size|most)\}/
    const bare = Object.entries(languageFiles).flatMap(([tag, { ui, papers, letter }]) =>
      Object.entries({ ...ui, ...papers, ...letter })
        .filter(([key, text]) => counting.test(text) && !numbers.includes(key) && key !== 'lifeDates.shortYear')
        .map(([key]) => `${tag} ${key}`),
    )
    expect(bare).toEqual([])
  })
})

it('every rule says in its title what it says in English', () => {
  const { rules } = loadPolicies(cedar)
  expect(Object.fromEntries(rules.map(({ id, title }) => [id, title]))).toEqual(english.rules)
})

it('a Portuguese word about papers is held back as in every other language', () => {
  expect(wordAboutPapers('dorme na estação, sem papéis')).toBe('sem papeis')
  expect(wordAboutPapers('foi visto na praça')).toBeUndefined()
})

it('a town that has no name in a language has the one it gave itself', () => {
  const town = { name: { ar: 'فالمار', ca: 'Vallmar' }, languages: ['ca', 'es'] }
  expect(townName(town, 'ar')).toBe('فالمار')
  expect(townName(town, 'pt')).toBe('Vallmar')
})
