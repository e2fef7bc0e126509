import type { Disclosed } from '../../../firewall/disclosed.ts'
import type { UnitOfWork } from '../../../firewall/model.ts'
import { isToldWhere, Refusal, type Resident } from '../../../firewall/requester.ts'
import type { CiphertextLocation } from '../../../keys/seal.ts'
import { today } from '../../../platform/clock.ts'
import { inMunicipality, type Transaction } from '../../../platform/database.ts'
import { NotFound, Problem } from '../../../platform/problem.ts'
import type { Acting, Municipality } from '../../../town/model.ts'
import type { RegistryDeps } from '../../deps.ts'
import type { Name, Representation } from '../../model.ts'
import { onRecord } from '../../on-record.ts'
import { isAged } from '../dates/birth-date.ts'
import {
  anybodyActsFor,
  anyWardOf,
  countWardsAtHome,
  representationBy,
  representationsByNeighbours,
  wardIds,
} from './store.ts'

export const OF_AGE = 18

/** Somebody a neighbour acts for. */
export interface Represented {
  id: string
  name: Name | undefined
  dateOfBirth: string | undefined
  /** False where a court has barred this representative from knowing where they live. */
  toldWhere: boolean
}

/** Whether somebody is that old for certain, as far as their date of birth is known. */
export const isOfAge = (...of: Parameters<typeof isAged>): boolean => isAged(...of) === true

/** Whether somebody is younger than that for certain. Who does not know their age is not. */
export const isUnder = (...of: Parameters<typeof isAged>): boolean => isAged(...of) === false

/** @throws when somebody is too young for a way in of their own. */
export class TooYoung extends Problem {
  constructor() {
    super('too-young', 409, 'Whoever acts for this child finds the child’s proofs on their own page.')
  }
}

/**
 * Refuses a way in of their own to a child who is certainly too young for one. Who does not know their age is not turned away.
 *
 * @throws {TooYoung}
 */
export function mustBeOldEnough(
  town: Pick<Municipality, 'minorAccessAge' | 'leapDayBirthday'>,
  dateOfBirth: string | undefined,
  day: Temporal.PlainDate,
): void {
  if (isUnder(town.minorAccessAge, { dateOfBirth, day, leapDay: town.leapDayBirthday })) throw new TooYoung()
}

/**
 * Everyone a neighbour acts for now, each opened as by their representative and so written in their own "who looked".
 * A protected record is not among them: who hides a child may be hiding it from this very neighbour. Nor is a child who
 * has come of age since. An adult is, for whom a guardian was recorded as an adult.
 *
 * @returns undefined when there is nobody
 * @throws {Refusal}
 */
export async function representedBy(
  deps: RegistryDeps,
  { town, by: resident }: Acting<Resident>,
): Promise<Disclosed<Represented[]> | undefined> {
  // Whom somebody acts for says whom they live with.
  if (!isToldWhere(resident)) throw new Refusal()
  let all: Disclosed<Represented[]> | undefined
  for (const id of await wardsOf(deps, town, resident)) {
    try {
      const one = await openRepresented(deps, { town, by: resident }, { id })
      all = all === undefined ? one.map((first) => [first]) : all.with(one).map(([others, next]) => [...others, next])
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
    }
  }
  return all
}

/**
 * A neighbour as the representative of somebody, to prove things for them; a court's limit goes with it.
 *
 * @throws {NotFound} when they do not act for this person, or not any more
 */
export async function actFor(
  deps: RegistryDeps,
  { town, by: resident }: Acting<Resident>,
  id: string,
): Promise<Resident> {
  if (!isToldWhere(resident)) throw new Refusal()
  if (!(await wardsOf(deps, town, resident)).includes(id)) throw new NotFound()
  let acting = representative(resident, id, false)
  await openRepresented(
    deps,
    { town, by: resident },
    {
      id,
      tell: (told) => {
        acting = representative(resident, id, told)
      },
    },
  )
  return acting
}

/**
 * Whether somebody acts for a neighbour, inside a transaction of the gate's. Nothing is opened.
 *
 * @param withHidden whether who hides counts: for supervisors alone, since the answer tells that they are registered
 */
export async function hasRepresentative(
  transaction: Transaction,
  neighbourId: string,
  withHidden: boolean,
): Promise<boolean> {
  const { rows } = await anybodyActsFor(transaction, { neighbourId, withHidden })
  return rows.length > 0
}

/** Opens what was sealed to the neighbour at hand. */
export type Reopen = (location: CiphertextLocation, sealed: Uint8Array) => unknown

/** Other neighbours who act or acted for one, the latest representation first, inside a transaction of the gate's. */
export async function representationsEver(
  transaction: Transaction,
  neighbourId: string,
  reopen: Reopen,
): Promise<{ representativeId: string; kind: Representation['kind']; since: string }[]> {
  const rows = await representationsByNeighbours(transaction, neighbourId)
  return rows.map((row) => ({
    representativeId: row.representative_id ?? '',
    kind: (
      reopen({ table: 'representatives', column: 'details', row: row.id }, row.details) as Pick<Representation, 'kind'>
    ).kind,
    since: row.recorded_at.toISOString(),
  }))
}

/** How many of those a neighbour acts for live in their household. A number alone: nothing is opened. */
export async function wardsAtHome(deps: RegistryDeps, { town, by: resident }: Acting<Resident>): Promise<number> {
  const wards = await wardsOf(deps, town, resident)
  if (wards.length === 0) return 0
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const { rows } = await countWardsAtHome(transaction, { neighbourId: resident.neighbourId, wards: wards.join(',') })
    return rows[0]?.n ?? 0
  })
}

/** Whom a neighbour acts for. Nothing is opened. */
async function wardsOf(deps: RegistryDeps, town: Municipality, { neighbourId }: Resident): Promise<string[]> {
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const now = new Date(deps.clock.now().epochMilliseconds)
    const { rows } = await wardIds(transaction, { neighbourId, now })
    return rows.map((row) => row.id)
  })
}

/**
 * Whether somebody acts for another now, inside a transaction of the gate's.
 *
 * @param withHidden whether who hides counts: for supervisors alone, since the answer tells that they are registered
 */
export async function actsForSomebody(transaction: Transaction, id: string, withHidden: boolean): Promise<boolean> {
  const representation = await anyWardOf(transaction, { representativeId: id, withHidden })
  return representation !== undefined
}

const representative = (resident: Resident, id: string, toldWhere: boolean): Resident => ({
  kind: 'resident',
  id: `representative ${resident.neighbourId}`,
  neighbourId: id,
  representative: { neighbourId: resident.neighbourId, toldWhere },
})

function openRepresented(
  deps: RegistryDeps,
  { town, by: resident }: Acting<Resident>,
  { id, tell = () => {} }: { id: string; tell?: ((toldWhere: boolean) => void) | undefined },
) {
  const day = today(deps.clock, town.timeZone)
  const fields = ['name', 'dateOfBirth'] as const
  const requester = representative(resident, id, false)
  return onRecord(
    deps,
    { town, by: requester },
    {
      id: id,
      action: 'open',
      fields: fields,
      use: async (record, unit) => {
        const representation = await representationTo(unit, resident, { id, now: deps.clock.now() })
        const recordedOn = representation.recordedAt.toZonedDateTimeISO(town.timeZone).toPlainDate()
        // A parent acts until the child is of age; a guardian of an adult is recorded when they are.
        const forAnAdult =
          representation.kind === 'guardian' &&
          isOfAge(OF_AGE, { dateOfBirth: record.dateOfBirth, day: recordedOn, leapDay: town.leapDayBirthday })
        if (isOfAge(OF_AGE, { dateOfBirth: record.dateOfBirth, day, leapDay: town.leapDayBirthday }) && !forAnAdult)
          throw new NotFound()
        const toldWhere = isToldWhere(resident) && !representation.limits?.includes('not-told-where')
        tell(toldWhere)
        return { id, name: record.name, dateOfBirth: record.dateOfBirth, toldWhere }
      },
    },
  )
}

/** The representation in force between two neighbours; what it says is sealed to whom it is about. @throws {NotFound} */
async function representationTo(
  unit: UnitOfWork,
  resident: Resident,
  { id, now }: { id: string; now: Temporal.Instant },
): Promise<Pick<Representation, 'kind' | 'limits'> & { recordedAt: Temporal.Instant }> {
  const representation = await representationBy(unit.transaction, {
    neighbourId: id,
    representativeId: resident.neighbourId,
    now: new Date(now.epochMilliseconds),
  })
  if (representation === undefined) throw new NotFound()
  const location = { table: 'representatives', column: 'details', row: representation.id }
  const { kind, limits } = unit.reopen(id, location, representation.details) as Pick<Representation, 'kind' | 'limits'>
  return { kind, ...(limits ? { limits } : {}), recordedAt: representation.recorded_at.toTemporalInstant() }
}
