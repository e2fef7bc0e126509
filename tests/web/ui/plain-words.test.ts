import { describe, expect, it } from 'vitest'
import english from '../../../src/languages/en.json'

const sentences = (text: string) => text.split(/(?<=[.!?:])\s+/).filter(Boolean)
const words = (text: string) => text.match(/[\p{L}\p{N}’'-]+/gu) ?? []
const syllables = (word: string) =>
  Math.max(
    1,
    (
      word
        .toLowerCase()
        .replace(/e\b/, '')
        .match(/[aeiouy]+/g) ?? []
    ).length,
  )

/** Flesch's reading ease: above 60 is plain English. @see Flesch, A new readability yardstick (1948) */
function readingEase(all: readonly string[]): number {
  const said = all.flatMap(sentences)
  const spoken = all.flatMap(words)
  const beats = spoken.reduce((sum, word) => sum + syllables(word), 0)
  return 206.835 - 1.015 * (spoken.length / said.length) - 84.6 * (beats / spoken.length)
}

describe('what people read', () => {
  const all = [...Object.values(english.ui), ...Object.values(english.papers)]

  it('has no sentence of more than thirty words', () => {
    expect(all.flatMap(sentences).filter((sentence) => words(sentence).length > 30)).toEqual([])
  })

  it('is plain English as a whole', () => {
    expect(readingEase(all.filter((text) => words(text).length >= 6))).toBeGreaterThan(60)
  })

  it('has none of the words that offices like', () => {
    const office =
      /\b(hereby|aforementioned|pursuant|herewith|in respect of|prior to|commence|terminate|utili[sz]e|facilitate|applicant|alien|illegal)\b/i
    expect(all.filter((text) => office.test(text))).toEqual([])
  })
})
