import { localeTag, longDay } from '../../platform/locale-tag.ts'
import { birthWords } from '../../proofs/birth-words.ts'
import { birthClaim } from '../../proofs/claims.ts'
import { paperTexts } from '../../proofs/paper/paper-words.ts'
import { parseBirthDate } from '../../registry/person/dates/birth-date.ts'
import { type Language, LOCALES, type Texts } from '../ui/language.ts'
import { seasonsOf } from './dates.ts'

/** A day as people write it. */
export function dayText(language: Language, iso: string | undefined | null): string {
  if (!iso) return '–'
  if (!/^\d{4}-\d{2}-\d{2}$/.test(iso)) return bornText(language, iso)
  return longDay(language, iso)
}

/** A date of birth in words, as far as it is known. */
export function bornText(language: Language, dateOfBirth: string | undefined | null): string {
  const born = dateOfBirth ? parseBirthDate(dateOfBirth) : undefined
  if (!dateOfBirth || born === undefined) return '–'
  const season = born.season === undefined ? undefined : seasonsOf(LOCALES[language])[born.season - 21]
  if (season !== undefined) return season.replace('{year}', String(born.year))
  return birthWords(birthClaim(dateOfBirth) ?? '', language, paperTexts[language])
}

/** A time to come at, with its day of the week. */
export function hourText(language: Language, timeZone: string, instant: string): string {
  return Temporal.Instant.from(instant).toLocaleString(localeTag(language), {
    dateStyle: 'full',
    timeStyle: 'short',
    timeZone,
  })
}

export function timeText(language: Language, timeZone: string, instant: string): string {
  return Temporal.Instant.from(instant).toLocaleString(localeTag(language), {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone,
  })
}

/** How a proof stands: for others a change shows only the next morning. */
export const proofStanding = (
  proof: { revokedAt: string | null; publicFrom: string | null },
  { t, language, timeZone }: { t: Texts; language: Language; timeZone: string },
): string =>
  proof.publicFrom
    ? t['desk.takenLater'].replace('{time}', timeText(language, timeZone, proof.publicFrom))
    : proof.revokedAt
      ? t['desk.taken']
      : t['desk.inForce']
