import { z } from 'zod'
import type english from '../languages/en.json'

const files = import.meta.glob('../languages/*.json', { import: 'default', eager: true })

const words = z.record(z.string(), z.string())

/** A language in one file: everything the pages, papers, letters, rules, purposes and services say in it. */
const LanguageFile = z.strictObject({
  /** What it calls itself. */
  name: z.string(),
  direction: z.enum(['ltr', 'rtl']),
  /** What pages say. */
  ui: words,
  /** What papers say. */
  papers: words,
  /** What a refusal says. */
  letter: words,
  /** Each policy by its `@id`. */
  rules: words,
  /** Each purpose by its id. */
  purposes: words,
  /** What organisations do, by the id of each function. */
  functions: words,
  /** Each service profile by its id. */
  services: z.record(z.string(), z.strictObject({ title: z.string(), purpose: z.string() })),
  /** Regular expressions of words that may say something about papers or status. */
  sensitive: z.array(z.string()),
})
export type LanguageFile = z.infer<typeof LanguageFile>
/** The tag of a language. */
export type Language = 'en' | 'es' | 'ca' | 'fr' | 'ar' | 'pt'
/** What every language says: the same as English, which a test compares. */
export type English = typeof english

/** In this order they are offered; others follow by their tag. */
const FIRST: readonly string[] = ['en', 'es', 'ca', 'fr', 'ar'] satisfies Language[]
const rankOf = (tag: string) => (FIRST.includes(tag) ? FIRST.indexOf(tag) : FIRST.length)

/** Every language there is, by its tag. */
export const languageFiles: Readonly<Record<string, LanguageFile>> = Object.fromEntries(
  Object.entries(files)
    .map(([path, file]) => [/([\w-]+)\.json$/.exec(path)?.[1] ?? '', LanguageFile.parse(file)] as const)
    .sort(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1)),
)

/** The same part of each of them, by their tag. */
export const inEveryLanguage = <T>(part: (file: LanguageFile) => T) =>
  Object.fromEntries(Object.entries(languageFiles).map(([tag, file]) => [tag, part(file)])) as Record<Language, T>
