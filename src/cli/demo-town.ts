import type { DemoClient } from '../identity/demo-sign-in.ts'
import type { TownFile } from '../town/town-file.ts'

// An invented town for trying things out. None of these offices or organisations exists.

const organisation = (last: number) => `0192f000-0000-7000-8000-${String(last).padStart(12, '0')}`

/** The invented town. */
export const DEMO_SLUG = 'vallmar'

export const DEMO_OFFICE = organisation(1)
const LIBRARY = organisation(2)
const BIKES = organisation(3)
const HOUSING = organisation(4)
const BORDER = organisation(5)
const POLICE_UNIT = organisation(6)
const DATA_BROKER = organisation(7)
const UNKNOWN = organisation(8)
export const DEMO_COURT = organisation(9)

/** Who asks about the visitor’s proof in the demonstration. */
export const DEMO_ASKING = {
  library: { kind: 'client', id: 'library', organisationId: LIBRARY },
  agency: { kind: 'client', id: 'border-agency', organisationId: BORDER },
} as const

/** The invented town, reached at `issuer`; attestations in it were signed at `now`. */
export function demoTown(issuer: string, now: Temporal.Instant): TownFile {
  const attestation = { signedBy: 'An invented officer', signedAt: now.toString() }
  const none = { memberOf: [], reportsTo: [], sharesWith: [], suppliedBy: [] }
  return {
    slug: DEMO_SLUG,
    name: { ca: 'Vallmar', es: 'Vallmar', en: 'Vallmar', fr: 'Vallmar', ar: 'فالمار' },
    countryCode: 'ES',
    provinceCode: '99',
    municipalityCode: '999',
    languages: ['ca', 'es', 'en', 'fr', 'ar'],
    issuer,
    timeZone: 'Europe/Madrid',
    expectedPopulation: 20_000,
    departureNoticeDays: 30,
    backdateDays: 90,
    timeCorrectionDays: 30,
    departureCouncil: false,
    confirmAfterMonths: 24,
    eraseAfterYears: 5,
    minorAccessAge: 14,
    newWayHours: 72,
    wideningDays: 14,
    earliestResidence: '1900-01-01',
    leapDayBirthday: 'mar-1',
    hearingHours: [
      { weekday: 2, from: '10:00', to: '13:00' },
      { weekday: 4, from: '16:00', to: '19:00' },
    ],
    hourlyBudgetStaff: 240,
    hourlyBudgetOrganisation: 1200,
    budgets: {},
    officeHours: null,
    drawnShare: 0.02,
    accessLaw: null,
    referenceAddress: {
      name: 'Oficina de Drets Socials',
      streetType: 'carrer',
      streetName: 'de la Font',
      number: '1',
      postcode: '99001',
      territory: { province: '99', municipality: '999', district: '01', section: '001' },
    },
    referenceAddresses: [
      {
        name: 'Casal del Port',
        streetType: 'moll',
        streetName: 'Vell',
        number: '2',
        postcode: '99002',
        near: ['Port', 'Platja', 'Far', 'Harbour', 'Beach', 'Puerto', 'Playa'],
      },
      {
        name: 'Menjador de l’Estació',
        streetType: 'plaça',
        streetName: 'de l’Estació',
        number: '5',
        postcode: '99003',
        near: ['Estació', 'Station', 'Gare', 'Estación', 'Mercat', 'Market'],
      },
    ],
    organisations: [
      { ...none, id: DEMO_OFFICE, name: 'Citizenship Office', functions: ['citizenship-office'], clients: [] },
      { ...none, id: LIBRARY, name: 'Vallmar Libraries', functions: ['library'], attestation, clients: ['library'] },
      { ...none, id: BIKES, name: 'Vallmar Bicycles', functions: ['mobility'], attestation, clients: ['city-bikes'] },
      { ...none, id: HOUSING, name: 'Housing Office', functions: ['housing'], attestation, clients: ['housing'] },
      { ...none, id: DEMO_COURT, name: 'Court of Vallmar', functions: ['court'], clients: [] },
      {
        ...none,
        id: BORDER,
        name: 'Border Agency',
        functions: ['immigration-enforcement'],
        attestation,
        clients: ['border-agency'],
      },
      {
        ...none,
        id: POLICE_UNIT,
        name: 'Joint Unit',
        functions: ['police'],
        memberOf: [BORDER],
        attestation,
        clients: ['joint-unit'],
      },
      {
        ...none,
        id: DATA_BROKER,
        name: 'Address Check Ltd',
        functions: ['bank'],
        sharesWith: [POLICE_UNIT],
        attestation,
        clients: ['address-check'],
      },
      {
        ...none,
        id: UNKNOWN,
        name: 'Organisation of unknown function',
        functions: [],
        attestation,
        clients: ['unknown'],
      },
    ],
  }
}

/** One click per role: two clerks, because some things need a second person. */
export const DEMO_CLIENTS: readonly DemoClient[] = [
  ...(['clerk', 'second-clerk', 'supervisor', 'legal', 'second-legal', 'third-legal', 'auditor'] as const).map(
    (id) => ({
      id,
      municipality: 'vallmar',
      staff: { role: id.replace(/^(second|third)-/, ''), office: DEMO_OFFICE },
    }),
  ),
  ...['library', 'city-bikes', 'housing', 'border-agency', 'joint-unit', 'address-check', 'unknown'].map((id) => ({
    id,
    municipality: 'vallmar',
  })),
]
