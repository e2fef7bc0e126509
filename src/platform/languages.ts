import { z } from 'zod'

const files = import.meta.glob('../languages/*.json', { import: 'default', eager: true })

const words = z.record(z.string(), z.string())

/** A language in one file: everything the pages, papers, letters, rules, purposes and services say in it. */
const LanguageFile = z.strictObject({
  /** What it calls itself. */
  name: z.string(),
  direction: z.enum(['ltr', 'rtl']),
  /** As in `web/ui/locales/en.json`. */
  ui: words,
  /** As in `proofs/paper/paper-texts.json`. */
  papers: words,
  /** As in `oversight/letters.json`. */
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

/** Languages that came as one file each, by their tag. The first five stand beside what they translate. */
export const languageFiles: Readonly<Record<string, LanguageFile>> = Object.fromEntries(
  Object.entries(files).map(([path, file]) => [/([\w-]+)\.json$/.exec(path)?.[1] ?? '', LanguageFile.parse(file)]),
)

/** The same part of each of them, by their tag. */
export const fromLanguageFiles = <T>(part: (file: LanguageFile) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(languageFiles).map(([tag, file]) => [tag, part(file)]))
