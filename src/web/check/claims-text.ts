import { type BirthTexts, birthWords } from '../../proofs/birth-words.ts'

/** Names of claims in one language, and what they need to be written as words. */
export interface ClaimTexts extends BirthTexts {
  names: Record<string, string>
  /** A BCP 47 tag, for writing dates. */
  language: string
  yes: string
  no: string
}

/** Each claim as a name and a value that people read. Unknown claims keep their own name. */
export function claimLines(claims: Record<string, unknown>, texts: ClaimTexts): [name: string, value: string][] {
  return Object.entries(claims).flatMap(([name, value]): [string, string][] => {
    if (name === 'resident' || name === 'municipality') return []
    const label = texts.names[name] ?? name
    const born = name === 'birthdate' && typeof value === 'string'
    return [[label, born ? birthWords(value, texts.language, texts) : valueText(value, texts)]]
  })
}

/** A browser may have no better dates than these; French has its own first of a month. */
function dayText(day: string, language: string): string {
  const text = new Date(`${day}T12:00:00Z`).toLocaleDateString(language, { dateStyle: 'long', timeZone: 'UTC' })
  return /^fr\b/.test(language) ? text.replace(/^1 /, '1er ') : text
}

function valueText(value: unknown, texts: ClaimTexts): string {
  if (typeof value === 'boolean') return value ? texts.yes : texts.no
  if (Array.isArray(value)) return value.map((one) => valueText(one, texts)).join(', ') || '–'
  if (typeof value === 'object' && value !== null) {
    const { kind: _, territory: __, coordinates: ___, ...rest } = value as Record<string, unknown>
    return Object.values(rest)
      .map((part) => valueText(part, texts))
      .join(' ')
  }
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}(\/\d{4}-\d{2}-\d{2})?$/.test(value))
    return value
      .split('/')
      .map((day) => dayText(day, texts.language))
      .join(' – ')
  return String(value)
}
