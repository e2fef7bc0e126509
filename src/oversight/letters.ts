import type { PolicyEngine, Rule } from '../firewall/policies.ts'
import { type English, inEveryLanguage, type Language } from '../platform/languages.ts'

export type LetterLanguage = Language
const letters = inEveryLanguage(({ letter }) => letter) as Record<LetterLanguage, English['letter']>
export const LETTER_LANGUAGES = Object.keys(letters) as LetterLanguage[]

/** A refusal, as text. The same for every demand but for its reference. */
export interface RefusalLetter {
  language: LetterLanguage
  title: string
  paragraphs: string[]
  rules: string[]
  digest: string
}

/** Which rules a letter quotes: those that stand above everything, and what becomes of demands. */
const quoted = (rule: Rule) =>
  ['firewall.enforcement', 'firewall.purpose', 'firewall.bulk', 'access-requests.judge'].includes(rule.id)

/**
 * The refusal of a demand, in each of the languages. It is made from the reference and the rules alone, so that it can
 * neither confirm nor deny that anyone is registered.
 */
export function refusalLetters(
  policies: Pick<PolicyEngine, 'rules' | 'digest'>,
  reference: string,
  languages: readonly string[],
): RefusalLetter[] {
  const wanted = LETTER_LANGUAGES.filter((language) => languages.includes(language))
  return (wanted.length > 0 ? wanted : (['en'] as const)).map((language) => {
    const text = letters[language]
    return {
      language,
      title: text.title.replace('{reference}', reference),
      paragraphs: [text.body, text.rules],
      rules: policies.rules.filter(quoted).map((rule) => rule.titles[language] ?? rule.title),
      digest: `${text.digest}: ${policies.digest}. ${text.ledger}`,
    }
  })
}
