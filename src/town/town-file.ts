import { isDeepStrictEqual } from 'node:util'
import { z } from '@hono/zod-openapi'
import { TownBudgets } from '../firewall/budgets.ts'
import { called, confirmedPlain, fieldsSayingTooMuch, plain, SaysTooMuch } from '../firewall/free-text.ts'
import { FunctionId } from '../firewall/functions.ts'
import { keepFirstOffice } from '../firewall/organisation-store.ts'
import { admitOrganisation, linkOrganisation } from '../firewall/organisations.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Database } from '../platform/database.ts'
import { isThisMachine } from '../platform/network.ts'
import { FIRST_BIRTH_YEAR } from '../platform/years.ts'
import { ReferenceAddress } from './address.ts'
import type { Municipality } from './model.ts'
import {
  actForTown,
  changeMunicipality,
  createMunicipality,
  DEFAULT_EARLIEST_RESIDENCE,
  listMunicipalities,
} from './store.ts'

const OrganisationEntry = z.strictObject({
  /** Staff tokens name their office by this id. */
  id: z.uuid(),
  name: called(200),
  functions: z.array(FunctionId),
  memberOf: z.array(z.uuid()).default([]),
  reportsTo: z.array(z.uuid()).default([]),
  sharesWith: z.array(z.uuid()).default([]),
  suppliedBy: z.array(z.uuid()).default([]),
  attestation: z.strictObject({ signedBy: called(200), signedAt: z.iso.datetime() }).optional(),
  clients: z.array(called(200)).default([]),
})

const Time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)
const HearingHours = z
  .strictObject({ weekday: z.int().min(1).max(7), from: Time, to: Time })
  .refine(({ from, to }) => from < to, 'must end after it begins')

/** A municipality as data: what `padron municipality add` reads. */
/** Over TLS, or on this machine alone. */
const isSafe = (address: string): boolean => address.startsWith('https:') || isThisMachine(address)

export const TownFile = z.strictObject({
  slug: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  name: z.record(z.string().regex(/^[a-z]{2,3}$/), called(200)),
  countryCode: z.string().regex(/^[A-Z]{2}$/),
  provinceCode: z
    .string()
    .regex(/^\d{2}$/)
    .nullable()
    .default(null),
  municipalityCode: z
    .string()
    .regex(/^\d{3}$/)
    .nullable()
    .default(null),
  languages: z.array(z.string().regex(/^[a-z]{2,3}$/)).min(1),
  issuer: z.url({ protocol: /^https?$/ }).refine(isSafe, {
    message: 'write it with https: without it whoever is on the line reads the cookies of sign-ins',
  }),
  timeZone: called(100),
  expectedPopulation: z.int().min(1),
  hourlyBudgetStaff: z.int().min(1).default(240),
  hourlyBudgetOrganisation: z.int().min(1).default(1200),
  budgets: TownBudgets.default({}),
  officeHours: z.array(HearingHours).max(50).nullable().default(null),
  drawnShare: z.number().min(0).max(1).default(0.02),
  accessLaw: called(200).nullable().default(null),
  departureNoticeDays: z.int().min(1).max(365).default(30),
  backdateDays: z.int().min(0).max(36_500).default(90),
  timeCorrectionDays: z.int().min(0).max(36_500).default(30),
  departureCouncil: z.boolean().default(false),
  confirmAfterMonths: z.int().min(1).max(240).default(24),
  eraseAfterYears: z.int().min(0).max(100).default(5),
  minorAccessAge: z.int().min(0).max(18).default(14),
  newWayHours: z.int().min(0).max(720).default(72),
  wideningDays: z.int().min(7).max(365).default(14),
  earliestResidence: z.iso
    .date()
    .refine((day) => day >= `${FIRST_BIRTH_YEAR}`, `must be ${FIRST_BIRTH_YEAR} or later`)
    .default(DEFAULT_EARLIEST_RESIDENCE),
  leapDayBirthday: z.enum(['feb-28', 'mar-1']).default('mar-1'),
  hearingHours: z
    .array(HearingHours)
    .max(50)
    .default([
      { weekday: 2, from: '10:00', to: '13:00' },
      { weekday: 4, from: '16:00', to: '19:00' },
    ]),
  referenceAddress: ReferenceAddress,
  referenceAddresses: z
    .array(ReferenceAddress.safeExtend({ near: z.array(plain(100, 2)).max(50).optional() }))
    .max(50)
    .default([]),
  organisations: z.array(OrganisationEntry).default([]),
  confirmedPlain,
})
export type TownFile = z.infer<typeof TownFile>

/**
 * Adds a municipality and the organisations it knows, all of it or nothing. Needs the owner's login.
 *
 * @returns the municipality; the one that is there already, where one with this slug is
 * @throws {SaysTooMuch} when a place or a name may be about papers and the file does not say that it is not
 */
export async function foundTown(owner: Database, file: TownFile): Promise<Municipality> {
  const existing = await townCalled(owner, file.slug)
  if (existing) return existing
  mustSayNothingMore(file)
  const { organisations, confirmedPlain: _, ...town } = file
  const id = uuidv7()
  await owner.transaction().execute(async (transaction) => {
    await actForTown(transaction, id)
    await createMunicipality(transaction, { id, ...town })
    for (const { id: organisationId, name } of organisations) {
      await keepFirstOffice(transaction, { id: organisationId, municipalityId: id, name })
    }
    for (const organisation of organisations) await linkOrganisation(transaction, id, organisation)
    for (const organisation of organisations) await admitOrganisation(transaction, id, organisation)
  })
  const founded = await townCalled(owner, file.slug)
  if (founded === undefined) throw new Error('the municipality was not kept')
  return founded
}

/**
 * Makes a municipality what a file says: its settings and its address, not its organisations, which two officers change.
 *
 * @returns the names of the settings that are others now; undefined where there is no such municipality
 * @throws {SaysTooMuch}
 */
export async function changeTown(owner: Database, file: TownFile): Promise<string[] | undefined> {
  const before = await townCalled(owner, file.slug)
  if (before === undefined) return undefined
  mustSayNothingMore(file)
  const { organisations: _, confirmedPlain: __, ...town } = file
  await changeMunicipality(owner, before.id, town)
  const after = await townCalled(owner, file.slug)
  return Object.entries(after ?? {}).flatMap(([name, value]) =>
    isDeepStrictEqual(value, before[name as keyof Municipality]) ? [] : name,
  )
}

export const townCalled = async (database: Database, slug: string): Promise<Municipality | undefined> =>
  (await listMunicipalities(database)).find((town) => town.slug === slug)

function mustSayNothingMore(file: TownFile): void {
  const errors = file.confirmedPlain ? [] : fieldsSayingTooMuch(TownFile, file)
  if (errors.length > 0) throw new SaysTooMuch(errors)
}
