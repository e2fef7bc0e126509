import { z } from '@hono/zod-openapi'
import { called, confirmedPlain, FREE_TEXT, passingLine, plain } from '../firewall/free-text.ts'
import { place, ReferenceAddress, says, saysNothing } from '../town/address.ts'
import type { Proceeding, SaidBy } from './departure/hearing-model.ts'
import { parseBirthDate } from './person/dates/birth-date.ts'
import { yearsMeant } from './person/dates/life-dates.ts'

// What may be said about a neighbour. Strict everywhere: an unknown field is refused by name.
// There is no nationality, status, country of birth or religion here, and no document; and every text says what it may
// hold, so that none of these stands in one of them.

/** A line of a passport's reader holds more than its number, and would not be recognised by it. @see ICAO Doc 9303 part 3 */
const documentNumber = passingLine(64).refine((text) => !text.includes('<'), {
  message: 'Give the number of the document, not a line that a reader reads.',
})

const nameParts = { given: called(200).optional(), family: z.array(called(200)).min(1).max(6).optional() }
const named = (name: { given?: string | undefined; family?: string[] | undefined }) =>
  name.given !== undefined || name.family !== undefined

export const Name = z
  .strictObject({
    ...nameParts,
    transliteration: z.strictObject(nameParts).refine(named, 'Give a given name, a family name, or both.').optional(),
    newbornOf: called(400).optional().openapi({
      description: 'Of a newborn without a name yet: what a parent is called. It goes when the child is named.',
    }),
  })
  .refine(
    (name) => named(name) !== (name.newbornOf !== undefined),
    'Give a given name, a family name, or both. One name alone is enough; of a newborn without one, give `newbornOf` alone.',
  )
  .openapi('Name', { description: 'A name as its bearer has it: any script, one name or many.' })
export type Name = z.infer<typeof Name>

export const BirthDateText = z
  .string()
  .refine((text) => parseBirthDate(text) !== undefined, {
    error: ({ input }) => {
      const years = /^\d{2}(?=$|[-/.~])/.exec(String(input)) ?? []
      const meant = years.flatMap((year) => yearsMeant(Number(year), Temporal.Now.plainDateISO().year))
      return meant.length > 0
        ? `Give all four digits of the year, as ${meant.join(' or ')}.`
        : 'Give a date that exists, as 1990-05-17, 1990-05 or 1990, with ~ if approximate; a decade as 196X, spring to winter as 1990-21 to 1990-24, before 1960 as ../1959.'
    },
  })
  .openapi('BirthDate', {
    description:
      'EDTF level 1: full, partial or approximate (`1990~`), a decade (`196X`), a season (`1990-21`), before a year (`../1959`). In the usual calendar, whichever it was told in. Leave it out when unknown.',
  })

export const Address = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ kind: z.literal('dwelling'), description: plain(500).optional(), ...place })
      .refine(
        says,
        saysNothing('streetName', 'Give a street; of a house without one, what it is called or how it is found.'),
      ),
    z
      .strictObject({ kind: z.literal('informal-dwelling'), description: plain(500).optional(), ...place })
      .refine(says, saysNothing('description', 'Say in words where it is, or give a street.')),
    z
      .strictObject({ kind: z.literal('collective'), name: plain(200).optional(), ...place })
      .refine(says, saysNothing('name', 'Give the name of the place, a street, or both.')),
    z.strictObject({
      kind: z.literal('no-fixed-address'),
      referenceAddress: ReferenceAddress.optional(),
      usualArea: plain(500).optional(),
    }),
  ])
  .openapi('Address', {
    description:
      'Where a neighbour lives: `kind`, and a street or words by which the place is found. No fixed address needs no more.',
  })
export type Address = z.infer<typeof Address>

export const Contact = z
  .strictObject({
    email: z.email().max(254).register(FREE_TEXT, { holds: 'name' }).optional(),
    phone: plain(40).optional(),
    other: plain(200).optional(),
  })
  .openapi('Contact')
export type Contact = z.infer<typeof Contact>

/** How sure something is: what was seen of it, and never which document. */
export const EvidenceStrength = z.enum(['photo-document', 'document', 'attestation', 'declaration'])

export const Evidence = z
  .strictObject({
    strength: EvidenceStrength,
    document: documentNumber.optional(),
  })
  .refine((evidence) => evidence.document === undefined || evidence.strength.endsWith('document'), {
    path: ['document'],
    message: 'Only evidence by document can carry a document to recognise again.',
  })
  .openapi('Evidence', { description: '`document` is turned into a keyed hash at once and never kept.' })

/** What a court may have said of a representative: not told where the child lives, without a say in what is decided. */
export const CourtLimit = z.enum(['not-told-where', 'no-say'])
export type CourtLimit = z.infer<typeof CourtLimit>

const representation = {
  limits: z.array(CourtLimit).min(1).max(2).optional(),
  /** Which court said so, and its reference. */
  court: plain(200).optional(),
  confirmedPlain,
}

/** Who acts for a neighbour who cannot act for themself: a neighbour of age, or an institution. */
export const Representative = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('parent'), neighbourId: z.uuid(), ...representation }),
    z.strictObject({ kind: z.literal('guardian'), neighbourId: z.uuid(), ...representation }),
    z.strictObject({ kind: z.literal('carer'), neighbourId: z.uuid(), ...representation }),
    z.strictObject({
      kind: z.literal('institution'),
      name: plain(200),
      role: plain(100).optional(),
      contact: Contact.optional(),
      confirmedPlain,
    }),
  ])
  .refine((one) => one.kind === 'institution' || (one.limits === undefined) === (one.court === undefined), {
    path: ['court'],
    message: 'A limit is a court’s: give the limits and which court said so.',
  })
  .openapi('Representative', {
    description:
      'A `parent`, `guardian` and `institution` have a say in what is decided for the child; a `carer` looks after them.',
  })
export type Representative = z.infer<typeof Representative>

const Sex = z.enum(['female', 'male', 'x'])
const Languages = z
  .array(z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'Use a language tag such as "fr" or "ar".'))
  .max(10)

const ConfirmedAge = z
  .boolean()
  .optional()
  .openapi({ description: 'They are known to be more than 130 years old: the date of birth is no mistake.' })

/** Why somebody very like a neighbour is another person. */
export const DistinctBecause = z.enum(['seen-both', 'another-birth-date', 'relatives', 'they-say-so'])
export type DistinctBecause = z.infer<typeof DistinctBecause>

/** How a registration was taken down, where it was not at a counter. */
export const TakenDown = z.enum(['telephone', 'visit', 'helper'])
export type TakenDown = z.infer<typeof TakenDown>

export const Registration = z
  .strictObject({
    name: Name,
    dateOfBirth: BirthDateText.optional(),
    sex: Sex.optional(),
    contact: Contact.optional(),
    languages: Languages.optional(),
    evidence: Evidence.optional(),
    cause: z.enum(['birth', 'arrival', 'omission']).optional(),
    since: z.iso.date().optional(),
    address: Address.optional(),
    householdId: z.uuid().optional(),
    representatives: z.array(Representative).min(1).max(6).optional(),
    protected: z.boolean().optional(),
    confirmedAge: ConfirmedAge,
    confirmedDistinct: z.boolean().optional(),
    distinctBecause: DistinctBecause.optional(),
    takenDown: TakenDown.optional().openapi({ description: 'How it was taken down, where it was not at a counter.' }),
    confirmedPlain,
  })
  .refine((form) => (form.address === undefined) !== (form.householdId === undefined), {
    path: ['address'],
    message: 'Give an address, or the household to join, and not both.',
  })
  .openapi('Registration')
export type Registration = z.infer<typeof Registration>

export const Correction = z
  .strictObject({
    name: Name.optional(),
    dateOfBirth: BirthDateText.nullable().optional(),
    sex: Sex.nullable().optional(),
    contact: Contact.nullable().optional(),
    languages: Languages.nullable().optional(),
    earlierNameHidden: z.literal(true).optional().openapi({
      description: 'With another name: the earlier one is for finding only, and no history at the desk shows it.',
    }),
    confirmedAge: ConfirmedAge,
    confirmedPlain,
  })
  .refine(
    (change) =>
      Object.keys(change).some((field) => !['confirmedPlain', 'confirmedAge', 'earlierNameHidden'].includes(field)),
    'Say what to correct.',
  )
  .openapi('Correction', {
    description:
      'What is given replaces what was recorded; `null` means unknown. The old value is kept in the history.',
  })
export type Correction = z.infer<typeof Correction>

/** On whose word a child moves: everyone who has a say agrees, or a court has decided. */
export const MinorsAgreement = z.enum(['all-agree', 'court-order']).openapi({
  description: 'Needed where a minor moves: everyone who has a say for them agrees, or a court has decided.',
})

const Settling = z.strictObject({
  address: Address.optional(),
  householdId: z.uuid().optional(),
  since: z.iso.date().optional(),
  agreement: MinorsAgreement.optional(),
  confirmedPlain,
})
const oneOfBoth = (move: { address?: unknown; householdId?: unknown }) =>
  (move.address === undefined) !== (move.householdId === undefined)
const bothOrNeither = { path: ['address'], message: 'Give an address, or the household to join, and not both.' }

export const Move = Settling.extend({
  everyone: z.boolean().optional().openapi({
    description: 'Everyone of the household goes along, save who is protected: they have a move of their own.',
  }),
})
  .refine(oneOfBoth, bothOrNeither)
  .openapi('Move')
export type Move = z.infer<typeof Move>

export const Return = Settling.refine(oneOfBoth, bothOrNeither).openapi('Return')
export type Return = z.infer<typeof Return>

export const Criteria = z
  .strictObject({
    name: passingLine(200).optional(),
    dateOfBirth: BirthDateText.optional(),
    document: documentNumber.optional(),
    street: passingLine(200).optional(),
    number: passingLine(20).optional(),
    mononym: z.boolean().optional(),
  })
  .openapi('Criteria', {
    description:
      'Needs one of: two words of a name; a name and a year of birth; a name and a street; a street and number; a document; or `mononym: true` with the only name a person has.',
  })
export type Criteria = z.infer<typeof Criteria>

/** Hiding a record, or showing it again: an act of its own, with a reason. */
export const Protection = z
  .strictObject({ protected: z.boolean(), reason: plain(500).optional(), confirmedPlain })
  .openapi('Protection', {
    description: 'Staff give a `reason`, which is sealed. Only a supervisor shows a record again.',
  })
export type Protection = z.infer<typeof Protection>

/** A way that was recorded before another, empty where there was none but the post; `until` RFC 3339. */
export interface ContactBefore {
  contact: Contact
  until: string
}

/** A neighbour's record, all that may ever be opened of it. */
export interface NeighbourFields {
  name: Name
  /** For finding somebody by a name they no longer bear; never shown as theirs. */
  previousNames: Name[]
  dateOfBirth: string
  sex: 'female' | 'male' | 'x'
  contact: Contact
  /** How they were reached before staff recorded another way, while messages go there too. */
  contactBefore: ContactBefore[]
  languages: string[]
  address: Address
  /** As far as it is confirmed. */
  residence: { validFrom: string; validTo?: string; residentSince: string }
  /** Starts that are somebody's word, and wait for a second member of staff. */
  said: SaidStart[]
  household: { id: string; size: number }
  /** Who acts for them now; protected neighbours are left out. */
  representatives: Representation[]
  history: HistoryEntry[]
  version: number
  departedOn: string
  proceeding: Proceeding
}
export type NeighbourField = keyof NeighbourFields

/** Somebody who acts for a neighbour, as it is recorded. */
export interface Representation {
  /** Of the representation, not of the person. */
  id: string
  kind: Representative['kind']
  neighbourId?: string
  name?: string
  role?: string
  contact?: Contact
  limits?: CourtLimit[]
  court?: string
}

/** Where a start was said: with a registration, a move or a return, or as a correction. */
export type SaidWith = 'registration' | 'move' | 'return' | 'correction'

/** A start that waits for a second member of staff. */
export interface SaidStart {
  id: string
  residenceId: string
  /** Whether it is the residence that lasts. */
  present: boolean
  /** The first day that is said. */
  from: string
  with: SaidWith
  saidAt: string
  /** Of a correction: why. */
  reason?: string
  /** Of a correction: residences between then and now never were. */
  neverThere?: boolean
  /** Whether whoever asks has said it: then somebody else decides. */
  yours: boolean
}

export interface HistoryEntry {
  movement: string
  cause: string
  effectiveOn: string
  recordedAt: string
  /** Of a registration: why they are not a neighbour very like them. */
  distinctBecause?: DistinctBecause
  /** Of another name: the earlier one is for finding only. */
  earlierNameHidden?: true
  /** Of a registration: how it was taken down, where it was not at a counter. */
  takenDown?: TakenDown
  /** Of a departure without a proceeding: how the neighbour said that they leave. */
  saidBy?: SaidBy
  /** The record was hidden, or shown again. */
  protection?: 'hidden' | 'shown'
  /** Of a start that was corrected, confirmed or refused. */
  start?: DecidedStart
}

/** How a start was corrected, or that it was not: what it was, what was said, why, and who decided. */
export interface DecidedStart {
  was: string
  said: string
  reason?: string | undefined
  /** What was seen, where a second person decided. */
  seen?: z.infer<typeof EvidenceStrength> | undefined
  by: { role: string; office?: string | undefined }
}
