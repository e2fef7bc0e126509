import { doubleMetaphone } from 'double-metaphone'
import { distance } from 'fastest-levenshtein'
import { foldedWords } from '../../platform/folded-words.ts'
import type { Name } from '../model.ts'

// Small words that people write, leave out and join as they like.
const PARTICLES = new Set(
  'de del la las los el al bin ibn ben bint abu van von der den da dos do di du y i e ould'.split(' '),
)

/** The words of a name that identify, particles left out where something else remains. */
export function nameWords(text: string): string[] {
  const words = foldedWords(text)
  const telling = words.filter((word) => !PARTICLES.has(word))
  return telling.length > 0 ? telling : words
}

/** How a word sounds, roughly, whatever alphabet it came from: consonants only, doubles once, no h. */
export function sound(word: string): string {
  const [code] = doubleMetaphone(word)
  const skeleton = code.replace(/H/g, '').replace(/(.)\1+/g, '$1')
  return skeleton || word.slice(0, 2)
}

/** Long names in two scripts have this many; each pair of words is a value of the index. */
const MOST_WORDS = 12

/** Whether a name is more than small words that half the register has. */
export function hasTellingWord(text: string): boolean {
  return foldedWords(text).some((word) => !PARTICLES.has(word))
}

export interface WordsOfName {
  given: string[]
  family: string[]
  all: string[]
  /** How each of them sounds, found out once. */
  sound(word: string): string
}

/** Every word a person may be looked up by: as written, transliterated, and joined ("Abdel Rahman", "Abdelrahman"). */
export function wordsOfName(name: Name): WordsOfName {
  const variants = [...(name.transliteration ? [name.transliteration] : []), name]
  // A newborn without a name is looked for by their parent's.
  const given = unique([
    ...variants.flatMap((variant) => nameWords(variant.given ?? '')),
    ...nameWords(name.newbornOf ?? ''),
  ])
  const family = unique(variants.flatMap((variant) => (variant.family ?? []).flatMap(nameWords)))
  const joined = variants.flatMap((variant) =>
    [variant.given ?? '', ...(variant.family ?? [])]
      .map((part) => foldedWords(part))
      .filter((words) => words.length > 1)
      .map((words) => words.join('')),
  )
  const sounds = new Map<string, string>()
  return {
    given,
    family,
    all: unique([...given, ...family, ...joined]).slice(0, MOST_WORDS),
    sound(word) {
      const known = sounds.get(word) ?? sound(word)
      sounds.set(word, known)
      return known
    },
  }
}

/** 1 for the same word, less for a prefix, a sound-alike or a slip, 0 for a stranger. */
export function likeness(typed: string, recorded: string): number {
  if (typed === recorded) return 1
  if (typed.length >= 3 && recorded.startsWith(typed)) return 0.92
  const slip = 1 - distance(typed, recorded) / Math.max(typed.length, recorded.length)
  return sound(typed) === sound(recorded) ? Math.max(0.8, slip) : slip >= 0.7 ? slip : 0
}

/** How well all typed words are found in a name, each name word used once. 0 to 1. */
export function nameLikeness(typed: readonly string[], recorded: readonly string[]): number {
  if (typed.length === 0) return 0
  const free = new Set(recorded)
  let total = 0
  for (const word of typed) {
    let best = 0
    let bestWord: string | undefined
    for (const candidate of free) {
      const score = likeness(word, candidate)
      if (score > best) [best, bestWord] = [score, candidate]
    }
    if (bestWord !== undefined) free.delete(bestWord)
    total += best
  }
  return total / typed.length
}

function unique<T>(values: T[]): T[] {
  return [...new Set(values)]
}
