/** The lines of a document, by the lengths that ICAO Doc 9303 gives them: cards, older cards and visas, passports. */
const FORMATS = {
  card: [30, 30, 30],
  visa: [36, 36],
  passport: [44, 44],
} as const

/**
 * What a counter must not know: line, from, to. The kind of document, which tells a residence permit or a visa; who
 * issued it; nationality, sex, expiry; what a state adds.
 */
const CLOSED: Record<keyof typeof FORMATS, readonly (readonly [line: number, from: number, to: number])[]> = {
  card: [
    [0, 0, 5],
    [1, 7, 29],
  ],
  visa: [
    [0, 0, 5],
    [1, 10, 13],
    [1, 20, 35],
  ],
  passport: [
    [0, 0, 5],
    [1, 10, 13],
    [1, 20, 43],
  ],
}

/** What a reader typed: `<` fills the lines of documents, and nobody says it twice. */
const lettersOf = (text: string) => {
  const letters = text.replaceAll(/\s/g, '').toUpperCase()
  return /^[A-Z0-9<]{20,}$/.test(letters) && letters.includes('<<') ? letters : undefined
}

/** @returns undefined where the text is not the lines of a document, null where it is a part of them */
export function documentLines(text: string): { format: keyof typeof FORMATS; lines: string[] } | null | undefined {
  const letters = lettersOf(text)
  if (letters === undefined) return undefined
  for (const [format, lengths] of Object.entries(FORMATS) as [keyof typeof FORMATS, readonly number[]][]) {
    if (lengths.reduce((sum, length) => sum + length, 0) !== letters.length) continue
    let at = 0
    const lines = lengths.map((length) => {
      at += length
      return letters.slice(at - length, at)
    })
    return { format, lines }
  }
  return null
}

/** The text; of the lines of a document, with `<` for what a counter must not know, and of a part of them nothing. */
export function withoutClosed(text: string): string {
  const read = documentLines(text)
  if (read === undefined) return text
  if (read === null) return ''
  const { format, lines } = read
  for (const [line, from, to] of CLOSED[format]) {
    const whole = lines[line] ?? ''
    lines[line] = whole.slice(0, from) + '<'.repeat(to - from) + whole.slice(to)
  }
  return lines.join('')
}
