import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

// Words that frighten, mislead or say another thing than we mean do not come back: the glossary lists them, by language.

const LANGUAGES = ['en', 'es', 'ca', 'fr', 'ar', 'pt'] as const

/** Every text in one language, by where it stands. */
function textsIn(value: unknown, at: string, language: string): { at: string; text: string; language: string }[] {
  if (typeof value === 'string') return [{ at, text: value, language }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, `${at}/${key}`, language))
}

const texts = LANGUAGES.flatMap(
  (language) => textsIn(JSON.parse(readFileSync(`src/languages/${language}.json`, 'utf8')), language, language),
  // What people are said to write is looked for, and not said by us.
).filter(({ at }) => !at.includes('/sensitive'))

const never = [...readFileSync('docs/words.md', 'utf8').matchAll(/^\| (\w\w) +\| (`.+`) +\|/gm)].flatMap(
  ([, language = '', words = '']) => [...words.matchAll(/`([^`]+)`/g)].map(([, word = '']) => ({ language, word })),
)

describe('what people read', () => {
  it('is held against the glossary in six languages', () => {
    for (const language of LANGUAGES) {
      expect(never.filter((one) => one.language === language).length, language).toBeGreaterThan(4)
      expect(texts.filter((one) => one.language === language).length, language).toBeGreaterThan(500)
    }
  })

  it('has none of the words that we never write', () => {
    const found = never.flatMap(({ language, word }) =>
      texts
        .filter((one) => one.language === language && one.text.toLowerCase().includes(word.toLowerCase()))
        .map(({ at, text }) => `${at} says “${word}”: ${text}`),
    )
    expect(found).toEqual([])
  })

  it('in French has no mark that could stand alone at the beginning of a line', () => {
    const loose = texts.filter(({ language, text }) => language === 'fr' && /[ ][;:!?»]|«[ ]/.test(text))
    expect(loose.map(({ at, text }) => `${at}: ${text}`)).toEqual([])
  })

  it('is in no language much longer than its box, which was made for English', () => {
    const english = new Map(texts.filter(({ language }) => language === 'en').map(({ at, text }) => [at, text]))
    const long = texts.filter(({ at, text, language }) => {
      const own = english.get(at.replace(`${language}/ui`, 'en/ui'))
      return own !== undefined && !text.includes('plural') && text.length > own.length * 1.9 + 24
    })
    expect(long.map(({ at, text }) => `${at}: ${text}`)).toEqual([])
  })
})
