import type { Address, NeighbourFields } from '../registry/model.ts'
import { earliestDay, isAged, isPlain, latestDay, parseBirthDate } from '../registry/person/dates/birth-date.ts'
import type { ResidencePeriod } from '../registry/person/read-history.ts'
import type { Municipality } from '../town/model.ts'

/** Every claim a proof can hold, besides `resident` and `municipality`. Nothing here names the record. */
export const CLAIMS = [
  'given_name',
  'family_name',
  'birthdate',
  'address',
  'district',
  'resident_since',
  'resident_at_least_1_year',
  'resident_at_least_2_years',
  'resident_at_least_3_years',
  'resident_at_least_5_years',
  'age_over_14',
  'age_over_16',
  'age_over_18',
  'age_over_65',
  'household_size',
  'continuous_residence_since',
  'residence_gaps',
] as const
export type Claim = (typeof CLAIMS)[number]

export type ProvableField = 'name' | 'dateOfBirth' | 'address' | 'residence' | 'household'

/** Which field of the record each claim is made from: what a profile needs opened, and no more. */
const FIELDS: Record<Claim, ProvableField> = {
  given_name: 'name',
  family_name: 'name',
  birthdate: 'dateOfBirth',
  address: 'address',
  district: 'address',
  resident_since: 'residence',
  resident_at_least_1_year: 'residence',
  resident_at_least_2_years: 'residence',
  resident_at_least_3_years: 'residence',
  resident_at_least_5_years: 'residence',
  age_over_14: 'dateOfBirth',
  age_over_16: 'dateOfBirth',
  age_over_18: 'dateOfBirth',
  age_over_65: 'dateOfBirth',
  household_size: 'household',
  continuous_residence_since: 'residence',
  residence_gaps: 'residence',
}

/** The fields to open for these claims; residence always, for only residents get proofs. */
export function fieldsFor(claims: readonly Claim[]): ProvableField[] {
  return [...new Set([...claims.map((claim) => FIELDS[claim]), 'residence' as const])]
}

/**
 * What a proof of these claims rests on: a change of it takes the proof back. Years are not all of a residence, since most
 * proofs say only that there is one; a start between two addresses changes nothing but a history of them.
 */
export function restsOn(claims: readonly Claim[]): string[] {
  const years = claims.some((claim) => FIELDS[claim] === 'residence')
  const periods = claims.includes('continuous_residence_since')
  return [...fieldsFor(claims), ...(years ? ['years'] : []), ...(periods ? ['periods'] : [])]
}

export type Provable = Partial<Pick<NeighbourFields, ProvableField>>

/** What the claims are made from. */
export interface Provenance {
  record: Provable
  /** A protected neighbour's whereabouts are in no proof: the reference address stands there. */
  protected: boolean
  periods: readonly ResidencePeriod[]
  day: Temporal.PlainDate
}

/** The claims of one person; what is unknown is left out, never guessed. */
export function claimsOf(
  town: Municipality,
  wanted: readonly Claim[],
  { record, protected: hidden, periods, day }: Provenance,
): Partial<Record<Claim, unknown>> {
  const since = record.residence?.residentSince
  const years = since === undefined ? -1 : Temporal.PlainDate.from(since).until(day, { largestUnit: 'years' }).years
  const address = shownAddress(town, record.address, hidden)
  const district = address && 'territory' in address ? address.territory?.district : undefined
  const continuous = continuity(periods, day)
  const aged = (age: number) => isAged(age, { dateOfBirth: record.dateOfBirth, day, leapDay: town.leapDayBirthday })
  const values: Record<Claim, unknown> = {
    given_name: record.name?.given,
    family_name: record.name?.family?.join(' '),
    birthdate: birthClaim(record.dateOfBirth),
    address,
    district,
    resident_since: since,
    resident_at_least_1_year: years >= 1,
    resident_at_least_2_years: years >= 2,
    resident_at_least_3_years: years >= 3,
    resident_at_least_5_years: years >= 5,
    age_over_14: aged(14),
    age_over_16: aged(16),
    age_over_18: aged(18),
    age_over_65: aged(65),
    household_size: hidden ? undefined : record.household?.size,
    continuous_residence_since: continuous?.since,
    residence_gaps: continuous?.gaps,
  }
  return Object.fromEntries(wanted.map((claim) => [claim, values[claim]]).filter(([, value]) => value !== undefined))
}

/**
 * A date of birth as a proof says it: a day, a month or a year of ISO 8601, or an interval of it, from the first day it
 * can have been to the last, where nobody knows better. How the register writes it is for the register alone.
 *
 * @see docs/proofs.md
 */
export function birthClaim(dateOfBirth: string | undefined): string | undefined {
  const born = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  if (born === undefined || isPlain(born)) return dateOfBirth
  return `${born.form === 'before' ? '..' : earliestDay(born).toString()}/${latestDay(born).toString()}`
}

/** Where a proof says that somebody lives. */
export function shownAddress(town: Municipality, address: Address | undefined, hidden: boolean): Address | undefined {
  if (hidden) return { kind: 'no-fixed-address', referenceAddress: town.referenceAddress }
  if (address?.kind !== 'no-fixed-address') {
    // A point on a map finds a door that nobody has to find.
    if (address === undefined || !('coordinates' in address)) return address
    const { coordinates: _, ...without } = address
    return without
  }
  // Where somebody usually is belongs to them and to no paper.
  return { kind: address.kind, referenceAddress: address.referenceAddress ?? town.referenceAddress }
}

/** Since when somebody has lived here without a day between, and the gaps before, as ISO 8601 intervals. */
export function continuity(
  periods: readonly ResidencePeriod[],
  day: Temporal.PlainDate,
): { since: string; gaps: string[] } | undefined {
  const sorted = [...periods].sort((a, b) => a.validFrom.localeCompare(b.validFrom))
  const last = sorted.at(-1)
  if (last === undefined || (last.validTo !== null && last.validTo <= day.toString())) return undefined
  let since = sorted[0]?.validFrom ?? last.validFrom
  let until = sorted[0]?.validTo ?? null
  const gaps: string[] = []
  for (const period of sorted.slice(1)) {
    if (until !== null && period.validFrom > until) {
      gaps.push(`${until}/${period.validFrom}`)
      since = period.validFrom
    }
    until = period.validTo
  }
  return { since, gaps }
}

/** Whether a proof tells where somebody lives, in whole or in part. */
export const saysWhere = ({ claims }: { claims: readonly Claim[] }): boolean =>
  fieldsFor(claims).some((field) => field === 'address' || field === 'household')
