import { type FieldName, parse } from 'mrz'
import { documentLines, withoutClosed } from './document-lines.ts'

/** What a counter may take from the machine-readable lines of a document. */
export interface ReadDocument {
  /** The number people know it by. Missing where its check digit does not fit: it was read wrong. */
  number?: string
  given?: string
  family?: string
  /** ISO date, or the part of it that the document gives. */
  dateOfBirth?: string
}

/**
 * Reads what a document reader types. It types more than a counter may know: nationality, sex and expiry are in the
 * same lines, and are dropped here, before anything is kept or shown.
 *
 * @returns undefined where the text is not the lines of a document; nothing in it where they could not be read
 * @see ICAO Doc 9303, parts 4 to 6
 */
export function readDocument(text: string, thisYear: number): ReadDocument | undefined {
  const typed = documentLines(text)
  if (typed === undefined) return undefined
  const lines = documentLines(withoutClosed(text))?.lines
  // A part of the lines tells nothing that can be relied on, and may tell too much.
  if (lines === undefined) return {}
  try {
    const { fields, details } = parse(lines)
    const sound = (field: FieldName) => details.every((detail) => detail.field !== field || detail.valid)
    // Some cards have a number of their own and, beside it, the number their holder is known by.
    const [personal] = /^[XYZ]?\d{7,8}[A-Z](?=<*$)/.exec(fields.optional1 ?? '') ?? []
    const number = sound('documentNumberCheckDigit') ? (personal ?? fields.documentNumber) : undefined
    const [given, family] = [written(fields.firstName), written(fields.lastName)]
    const born = sound('birthDateCheckDigit') ? dateOf(fields.birthDate ?? '', thisYear) : undefined
    return {
      ...(number ? { number } : {}),
      ...(given ? { given } : {}),
      ...(family ? { family } : {}),
      ...(born ? { dateOfBirth: born } : {}),
    }
  } catch {
    return {}
  }
}

/** Documents shout: a name with its first letters large, to be put right by whoever bears it. */
const written = (name: string | null | undefined) =>
  (name ?? '').toLowerCase().replace(/(^|[ -])[a-z]/g, (first) => first.toUpperCase())

/** @param text YYMMDD; `<` or 0 where the document does not know */
function dateOf(text: string, thisYear: number): string | undefined {
  const [, year, month, day] = /^(\d\d)(\d\d|<<)(\d\d|<<)$/.exec(text) ?? []
  if (!year || !month || !day) return undefined
  const century = Math.floor(thisYear / 100) - (Number(year) > thisYear % 100 ? 1 : 0)
  const known = (part: string) => /^\d\d$/.test(part) && part !== '00'
  return [`${century}${year}`, ...(known(month) ? [month, ...(known(day) ? [day] : [])] : [])].join('-')
}
