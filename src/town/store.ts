import { sql } from 'kysely'
import type { TownBudgets } from '../firewall/budgets.ts'
import type { Database, Transaction } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import type { ReferenceAddress } from './address.ts'
import type { HearingHours, KeptPost, LeapDayBirthday, Municipality, NewMunicipality } from './model.ts'

// The SQL of the towns, and of restores of their database.

/** Values of the blind index a person has, about: pairs of name words, words with years and streets. */
const VALUES_PER_PERSON = 24

/** Bits of a blind-index token that leave eight to sixteen people behind each value. */
export function blindIndexBits(expectedPopulation: number): number {
  return Math.min(31, Math.max(8, Math.floor(Math.log2((expectedPopulation * VALUES_PER_PERSON) / 8))))
}

const json = (value: unknown) => (value === null ? null : sql<string>`${JSON.stringify(value)}::text::jsonb`)

/** What a municipality is, as its columns; how fine its search is cut stays as it was founded. */
const columnsOf = (town: Omit<NewMunicipality, 'id'>) => ({
  slug: town.slug,
  name: sql<string>`${JSON.stringify(town.name)}::text::jsonb`,
  country_code: town.countryCode,
  province_code: town.provinceCode,
  municipality_code: town.municipalityCode,
  languages: sql<string[]>`${`{${town.languages.join(',')}}`}::text[]`,
  issuer: town.issuer,
  time_zone: town.timeZone,
  expected_population: town.expectedPopulation,
  reference_address: sql<string>`${JSON.stringify(town.referenceAddress)}::text::jsonb`,
  reference_addresses: sql<string>`${JSON.stringify(town.referenceAddresses)}::text::jsonb`,
  departure_notice_days: town.departureNoticeDays,
  departure_council: town.departureCouncil,
  backdate_days: town.backdateDays,
  time_correction_days: town.timeCorrectionDays,
  confirm_after_months: town.confirmAfterMonths,
  erase_after_years: town.eraseAfterYears,
  minor_access_age: town.minorAccessAge,
  new_way_hours: town.newWayHours,
  widening_days: town.wideningDays,
  earliest_residence: town.earliestResidence,
  leap_day_birthday: town.leapDayBirthday,
  hearing_hours: sql<string>`${JSON.stringify(town.hearingHours)}::text::jsonb`,
  hourly_budget_staff: town.hourlyBudgetStaff,
  hourly_budget_organisation: town.hourlyBudgetOrganisation,
  budgets: sql<string>`${JSON.stringify(town.budgets)}::text::jsonb`,
  office_hours: json(town.officeHours),
  drawn_share: town.drawnShare,
  access_law: town.accessLaw,
})

/** Done by the owner's login; the service only reads municipalities. */
export async function createMunicipality(database: Database | Transaction, town: NewMunicipality): Promise<void> {
  await database
    .insertInto('municipalities')
    .values({ id: town.id, blind_index_bits: blindIndexBits(town.expectedPopulation), ...columnsOf(town) })
    .execute()
}

/** Changes what a municipality is. Its organisations are changed by two officers, and its search by nobody. */
export async function changeMunicipality(
  database: Database,
  id: string,
  town: Omit<NewMunicipality, 'id'>,
): Promise<void> {
  await database.updateTable('municipalities').set(columnsOf(town)).where('id', '=', id).execute()
}

const COLUMNS = [
  'id',
  'slug',
  'name',
  'languages',
  'country_code',
  'province_code',
  'municipality_code',
  'issuer',
  'time_zone',
  'reference_address',
  'reference_addresses',
  'blind_index_bits',
  'expected_population',
  'departure_notice_days',
  'backdate_days',
  'time_correction_days',
  'departure_council',
  'confirm_after_months',
  'erase_after_years',
  'minor_access_age',
  'new_way_hours',
  'widening_days',
  'earliest_residence',
  'leap_day_birthday',
  'hearing_hours',
  'hourly_budget_staff',
  'hourly_budget_organisation',
  'budgets',
  'office_hours',
  'drawn_share',
  'access_law',
] as const

export async function listMunicipalities(database: Database): Promise<Municipality[]> {
  const rows = await database.selectFrom('municipalities').select(COLUMNS).orderBy('created_at').execute()
  return rows.map((row) => ({
    id: row.id,
    slug: row.slug,
    name: row.name as Record<string, string>,
    languages: row.languages,
    countryCode: row.country_code,
    provinceCode: row.province_code,
    municipalityCode: row.municipality_code,
    issuer: row.issuer,
    timeZone: row.time_zone,
    referenceAddress: row.reference_address as ReferenceAddress,
    referenceAddresses: row.reference_addresses as unknown as KeptPost[],
    blindIndexBits: row.blind_index_bits,
    expectedPopulation: row.expected_population,
    departureNoticeDays: row.departure_notice_days,
    backdateDays: row.backdate_days,
    timeCorrectionDays: row.time_correction_days,
    departureCouncil: row.departure_council,
    confirmAfterMonths: row.confirm_after_months,
    eraseAfterYears: row.erase_after_years,
    minorAccessAge: row.minor_access_age,
    newWayHours: row.new_way_hours,
    wideningDays: row.widening_days,
    earliestResidence: row.earliest_residence,
    leapDayBirthday: row.leap_day_birthday as LeapDayBirthday,
    hearingHours: row.hearing_hours as unknown as HearingHours[],
    hourlyBudgetStaff: row.hourly_budget_staff,
    hourlyBudgetOrganisation: row.hourly_budget_organisation,
    budgets: row.budgets as TownBudgets,
    officeHours: row.office_hours as unknown as HearingHours[] | null,
    drawnShare: row.drawn_share,
    accessLaw: row.access_law,
  }))
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/

/** @throws when a request names a host that is no town's here. @see RFC 9110 section 15.5.20 */
export class Misdirected extends Problem {
  constructor() {
    super('misdirected', 421, 'There is no register at this address.')
  }
}

/** Finds the municipality a request is for. Read again every minute, so that a new town needs no restart. */
export function townDirectory(database: Database): { byHost(host: string): Promise<Municipality> } {
  let known: { towns: Promise<Municipality[]>; until: number } | undefined
  let last: Municipality[] | undefined
  return {
    async byHost(host) {
      if (known === undefined || known.until < Date.now()) {
        const towns = listMunicipalities(database).then(
          (found) => {
            last = found
            return found
          },
          (error: unknown) => {
            known = undefined
            // While there is no database to ask, the towns are those that were there.
            if (last) return last
            throw error
          },
        )
        known = { towns, until: Date.now() + 60_000 }
      }
      const towns = await known.towns
      const named = towns.find(({ issuer }) => new URL(issuer).host === host)
      // On the machine itself the one town there is needs no name.
      const town = named ?? (towns.length === 1 && LOOPBACK.test(host) ? towns[0] : undefined)
      if (town === undefined) throw new Misdirected()
      return town
    },
  }
}

export const DEFAULT_EARLIEST_RESIDENCE = '1900-01-01'

export const latestRestore = (transaction: Transaction, restoredAt: Date) =>
  transaction
    .selectFrom('restores')
    .select(['restored_at', 'known_until', 'reissue'])
    .where('restored_at', '>', restoredAt)
    .orderBy('epoch', 'desc')
    .executeTakeFirst()

export const actForTown = (transaction: Transaction, id: string) =>
  sql`select set_config('padron.municipality', ${id}, true)`.execute(transaction)
