import type { TownBudgets } from '../firewall/budgets.ts'
import type { ReferenceAddress } from './address.ts'

/** When complaints are heard in person, every week: 1 is Monday, times are of the town's own clock. */
export interface HearingHours {
  weekday: number
  /** hh:mm */
  from: string
  to: string
}

/** A town that owns its neighbours, keys and proofs. Everything about it is data. */
export interface Municipality {
  id: string
  slug: string
  name: Record<string, string>
  languages: string[]
  countryCode: string
  provinceCode: string | null
  municipalityCode: string | null
  /** The `iss` of its proofs and the origin it is reached at. */
  issuer: string
  timeZone: string
  /** Where post for neighbours without a fixed address is kept, unless another place is nearer. */
  referenceAddress: ReferenceAddress
  referenceAddresses: KeptPost[]
  blindIndexBits: number
  expectedPopulation: number
  departureNoticeDays: number
  /** A start longer ago than so many days, on the day it is said, is somebody's word until a second person confirms it. */
  backdateDays: number
  /** By how many days one member of staff alone may correct a start. */
  timeCorrectionDays: number
  /** Whether a council has to agree before a registration is ended without its neighbour. @see RD 1690/1986 art. 72 */
  departureCouncil: boolean
  /** After so long without a word, a neighbour is asked whether they still live here. Nothing follows from silence. */
  confirmAfterMonths: number
  /** How long after a departure a record is kept, before it may be erased on request. */
  eraseAfterYears: number
  /** From which age a minor may hold a card or a passkey of their own. */
  minorAccessAge: number
  /** Hours after which a way in works that was made at a counter for somebody who had one before. */
  newWayHours: number
  /** Days that everybody can read of wider rules before they count. */
  wideningDays: number
  /** ISO date. No residence began before: the town has no register of such a time. */
  earliestResidence: string
  /** When somebody born on 29 February is a year older, in a year without that day, by the law of the town. */
  leapDayBirthday: LeapDayBirthday
  hearingHours: HearingHours[]
  /** Searches and openings an hour, for one member of staff and for one outside organisation. */
  hourlyBudgetStaff: number
  hourlyBudgetOrganisation: number
  /** What staff, organisations and cards may be shown, where it is not the usual. */
  budgets: TownBudgets
  /** When the counters are open; look-ups outside are flagged. */
  officeHours: HearingHours[] | null
  /** Which part of what each member of staff is shown is drawn by lot to be explained, from 0 to 1; besides one a day. */
  drawnShare: number
  /** A law that may oblige the town to answer other authorities, by its name: public pages promise no more than it leaves. */
  accessLaw: string | null
}

/** Who acts, and for which town: the context of a use case. */
export interface Acting<Who> {
  town: Municipality
  by: Who
}

export interface NewMunicipality extends Omit<Municipality, 'blindIndexBits'> {}

/** What a town is called in a language; where it has no name in it, in the town's own. */
export const townName = ({ name, languages }: Pick<Municipality, 'name' | 'languages'>, language: string): string =>
  name[language] ?? name[languages[0] ?? ''] ?? Object.values(name)[0] ?? ''

/** A place that keeps post for neighbours without a fixed address. */
export type KeptPost = ReferenceAddress & {
  /** Parts of town it is near, in the words people use: quarters, squares, stations. */
  near?: string[] | undefined
}

/** When a person born on 29 February has their birthday in a year without one, by the law of the town. */
export type LeapDayBirthday = 'feb-28' | 'mar-1'
