import { counted } from '../platform/counted.ts'
import type { Language } from '../platform/languages.ts'
import { CLAIMS } from './claims.ts'
import { paperTexts } from './paper/paper-words.ts'

const AT_LEAST_YEARS = /^resident_at_least_(\d+)_years?$/
const AGE_OVER = /^age_over_(\d+)$/

/**
 * What a claim is called, in one language. Those with a number in their name are written in the form that the language has for
 * so many; a claim of somebody else's keeps its own name.
 */
export function claimName(claim: string, language: Language): string {
  const texts = paperTexts[language]
  const [, years] = AT_LEAST_YEARS.exec(claim) ?? []
  if (years !== undefined) return counted(texts.atLeastYears, language, { n: Number(years) })
  const [, age] = AGE_OVER.exec(claim) ?? []
  if (age !== undefined) return counted(texts.ageOver, language, { n: Number(age) })
  return texts[claim as keyof typeof texts] ?? claim
}

/** Every claim by its name. */
export const claimNames = (language: Language): Readonly<Record<string, string>> =>
  Object.fromEntries(CLAIMS.map((claim) => [claim, claimName(claim, language)]))
