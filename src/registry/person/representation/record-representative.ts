import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../../firewall/disclosed.ts'
import { confirmedPlain, mustBePlain, plain } from '../../../firewall/free-text.ts'
import type { Opened, UnitOfWork } from '../../../firewall/model.ts'
import type { Staff } from '../../../firewall/requester.ts'
import type { CiphertextLocation, Sealed } from '../../../keys/seal.ts'
import { today, uuidv7 } from '../../../platform/clock.ts'
import { NOT_UNIQUE, sqlState } from '../../../platform/database.ts'
import { mustBeValid, NotFound, Problem } from '../../../platform/problem.ts'
import type { Acting, Municipality } from '../../../town/model.ts'
import type { RegistryDeps } from '../../deps.ts'
import { idempotencyOf } from '../../idempotency.ts'
import { CourtLimit, type Name, type NeighbourFields, type Representation, Representative } from '../../model.ts'
import { onRecord } from '../../on-record.ts'
import { actOnce } from '../../replays.ts'
import { NotResident } from '../../residence/not-resident.ts'
import { recordMovement } from '../neighbours.ts'
import { isOfAge, OF_AGE } from './act-for.ts'
import { actsFrom, tellOfActing } from './acts-from.ts'
import { actsForAnAdult, cannotRepresent, wrongKind } from './representative-rules.ts'
import { endActing, endRepresentationInForce, endWaysInOf, keepRepresentation, representationsSealed } from './store.ts'

/** @throws when somebody acts for this neighbour already: what they are to each other is changed, not added. */
export class AlreadyRepresents extends Problem {
  constructor() {
    super('already-represents', 409, 'They act for this neighbour already. Change what is recorded of it instead.')
  }
}

/** Where the details of a representation are sealed. */
export const locationOf = (id: string): CiphertextLocation => ({ table: 'representatives', column: 'details', row: id })

/** A representation as a row: who acts stands in it, what they are to each other is sealed to whom they act for. */
export function sealRepresentation(
  representative: Representative,
  seal: (location: CiphertextLocation, value: unknown) => Sealed,
): { id: string; representativeId: string | null; details: Sealed } {
  const id = uuidv7()
  const { confirmedPlain: _, ...representation } = representative
  const { neighbourId, ...details } =
    'neighbourId' in representation ? representation : { ...representation, neighbourId: null }
  return { id, representativeId: neighbourId, details: seal(locationOf(id), details) }
}

const FIELDS = ['name', 'dateOfBirth', 'departedOn', 'representatives'] as const
type Field = (typeof FIELDS)[number]
type Record = Opened<NeighbourFields, Field>

/** Somebody who acts for a neighbour, with the name of those who are neighbours themselves. */
export interface NamedRepresentation extends Omit<Representation, 'name'> {
  /** Of an institution. */
  name?: string
  bearer?: Name
}

export interface Represented {
  id: string
  name: Name | undefined
  ofAge: boolean
  representatives: NamedRepresentation[]
}

/** Works on who acts for a neighbour, behind the gate. */
export async function onRepresentatives<T>(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  {
    wardId,
    use,
  }: {
    wardId: string
    use: (
      ward: Record,
      work: { unit: UnitOfWork; open: (ids: readonly string[]) => Promise<readonly Record[]>; day: Temporal.PlainDate },
    ) => Promise<T>
  },
): Promise<Disclosed<T>> {
  const day = today(deps.clock, town.timeZone)
  return onRecord(
    deps,
    { town, by: staff },
    { id: wardId, action: 'represent', fields: FIELDS, use: (ward, unit, open) => use(ward, { unit, open, day }) },
  )
}

export interface RepresentationRow {
  id: string
  representativeId: string | null
  details: Omit<Representation, 'id' | 'neighbourId'>
  /** From when they act on their own page. */
  works: Temporal.Instant
}

/** The representations in force, whoever they are with: what is behind them is for the gate to show or not. */
export async function representationsOf(unit: UnitOfWork, wardId: string): Promise<RepresentationRow[]> {
  const rows = await representationsSealed(unit.transaction, wardId)
  return rows.map((row) => ({
    id: row.id,
    representativeId: row.representative_id,
    details: unit.reopen(wardId, locationOf(row.id), row.details) as RepresentationRow['details'],
    works: row.works_from.toTemporalInstant(),
  }))
}

/**
 * Who acts for a neighbour, and as what. A protected neighbour among them is shown only to who may see them.
 *
 * @throws {NotFound} {Refusal}
 */
export async function representativesOf(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  wardId: string,
): Promise<Disclosed<Represented>> {
  return onRepresentatives(
    deps,
    { town, by: staff },
    {
      wardId,
      use: async (ward, { unit, open, day }) => {
        const representations = await representationsOf(unit, wardId)
        const bearers = await open(representations.flatMap(({ representativeId }) => representativeId ?? []))
        const representatives = representations.flatMap(({ id, representativeId, details }): NamedRepresentation[] => {
          if (representativeId === null) return [{ id, ...details }]
          const bearer = bearers.find((one) => one.id === representativeId)
          if (bearer === undefined) return []
          return [{ id, ...details, neighbourId: representativeId, ...(bearer.name ? { bearer: bearer.name } : {}) }]
        })
        return {
          id: wardId,
          name: ward.name,
          ofAge: isOfAge(OF_AGE, { dateOfBirth: ward.dateOfBirth, day, leapDay: town.leapDayBirthday }),
          representatives,
        }
      },
    },
  )
}

/**
 * Records who acts for a neighbour from now on. There may be several.
 *
 * @throws {InvalidInput} when they are no adult neighbour, or the kind does not fit
 * @throws {SaysTooMuch} when a text may be about papers, and nobody said that it is not
 * @throws {AlreadyRepresents} {NotResident} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function addRepresentative(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  {
    wardId,
    representative,
    idempotencyKey,
  }: { wardId: string; representative: Representative; idempotencyKey: string },
): Promise<Disclosed<{ id: string }>> {
  await mustBePlain(deps.gate, { municipalityId: town.id, by: staff }, { schema: Representative, form: representative })
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: staff.id,
    operation: `represent ${wardId}`,
    key: idempotencyKey,
    body: representative,
  })
  return onRepresentatives(
    deps,
    { town, by: staff },
    {
      wardId,
      use: async (ward, { unit, open, day }) => {
        return actOnce(unit, { town, neighbourId: wardId, key }, async () => {
          if (ward.departedOn !== undefined) throw new NotResident()
          const errors = wrongKind(representative.kind, { ward, day, municipality: town })
          if ('neighbourId' in representative) {
            const { neighbourId } = representative
            const [candidate] = neighbourId === wardId ? [] : await open([neighbourId])
            const detail =
              cannotRepresent(candidate, day, town) ??
              (candidate?.representatives?.some((one) => one.neighbourId === wardId)
                ? 'They act for each other. End the other first.'
                : undefined)
            if (detail) errors.push({ pointer: '/neighbourId', detail })
          }
          mustBeValid(errors)
          const works = await actsFrom(unit.transaction, { town, wardId, now: deps.clock.now() })
          const answer = { id: await insertRepresentation(unit, town, { wardId, representative, works }) }
          if (Temporal.Instant.compare(works, deps.clock.now()) > 0)
            await tellOfActing(unit.transaction, { deps, town, wardId, representationId: answer.id })
          if (actsForAnAdult(representative.kind, { ward, day, municipality: town }))
            await endActing(unit.transaction, wardId)
          await recordMovement(
            unit,
            { town, by: staff },
            {
              neighbourId: wardId,
              outline: changed(day),
              details: {
                representative: 'added',
                kind: representative.kind,
              },
            },
          )
          return answer
        })
      },
    },
  )
}

const changed = (day: Temporal.PlainDate) =>
  ({ kind: 'change', cause: 'representatives', effectiveOn: day.toString() }) as const

async function insertRepresentation(
  unit: UnitOfWork,
  town: Municipality,
  { wardId, representative, works }: { wardId: string; representative: Representative; works: Temporal.Instant },
): Promise<string> {
  const { id, representativeId, details } = sealRepresentation(representative, (location, value) =>
    unit.seal(wardId, location, value),
  )
  try {
    await keepRepresentation(unit.transaction, {
      id,
      municipality_id: town.id,
      neighbour_id: wardId,
      representative_id: representativeId,
      details: Buffer.from(details),
      works_from: works.toString(),
    })
  } catch (error) {
    if (sqlState(error) === NOT_UNIQUE) throw new AlreadyRepresents()
    throw error
  }
  return id
}

export const RepresentationChange = z
  .strictObject({
    kind: z.enum(['parent', 'guardian', 'carer']),
    limits: z.array(CourtLimit).min(1).max(2).optional(),
    court: plain(200).optional(),
    confirmedPlain,
  })
  .refine((change) => (change.limits === undefined) === (change.court === undefined), {
    path: ['court'],
    message: 'A limit is a court’s: give the limits and which court said so.',
  })
export type RepresentationChange = z.infer<typeof RepresentationChange>

/**
 * Changes what somebody is to a neighbour they act for, or what a court has limited. What was recorded stays known.
 *
 * @throws {InvalidInput} when the kind does not fit
 * @throws {SaysTooMuch} when a text may be about papers, and nobody said that it is not
 * @throws {NotFound} when there is no such representation, or not for this clerk
 * @throws {Refusal}
 */
export async function changeRepresentative(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  { at, change }: { at: { wardId: string; representationId: string }; change: RepresentationChange },
): Promise<Disclosed<{ id: string }>> {
  await mustBePlain(deps.gate, { municipalityId: town.id, by: staff }, { schema: RepresentationChange, form: change })
  return onRepresentatives(
    deps,
    { town, by: staff },
    {
      wardId: at.wardId,
      use: async (ward, { unit, open, day }) => {
        const representation = await representationAt(unit, at, open)
        if (representation.representativeId === null) throw new NotFound()
        const errors = wrongKind(change.kind, { ward, day, municipality: town })
        const [bearer] = await open([representation.representativeId])
        const detail = cannotRepresent(bearer, day, town)
        if (detail) errors.push({ pointer: '/kind', detail })
        mustBeValid(errors)
        await endRepresentation(unit, representation.id)
        if (actsForAnAdult(change.kind, { ward, day, municipality: town })) await endActing(unit.transaction, at.wardId)
        const { kind, limits, court } = change
        if (limits?.some((limit) => !representation.details.limits?.includes(limit)))
          await endWaysInOf(unit.transaction, at.wardId)
        const id = await insertRepresentation(unit, town, {
          wardId: at.wardId,
          works: representation.works,
          representative: {
            kind,
            neighbourId: representation.representativeId,
            limits,
            court,
          },
        })
        await recordMovement(
          unit,
          { town, by: staff },
          { neighbourId: at.wardId, outline: changed(day), details: { representative: 'changed', kind } },
        )
        return { id }
      },
    },
  )
}

/**
 * Records that somebody does not act for a neighbour any more.
 *
 * @throws {NotFound} {Refusal}
 */
export async function endRepresentative(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  at: { wardId: string; representationId: string },
): Promise<Disclosed<{ id: string }>> {
  return onRepresentatives(
    deps,
    { town, by: staff },
    {
      wardId: at.wardId,
      use: async (_, { unit, open, day }) => {
        const representation = await representationAt(unit, at, open)
        await endRepresentation(unit, representation.id)
        await endWaysInOf(unit.transaction, at.wardId)
        await recordMovement(
          unit,
          { town, by: staff },
          {
            neighbourId: at.wardId,
            outline: changed(day),
            details: {
              representative: 'ended',
              kind: representation.details.kind,
            },
          },
        )
        return { id: representation.id }
      },
    },
  )
}

/** A representation in force that this clerk may see. @throws {NotFound} */
async function representationAt(
  unit: UnitOfWork,
  at: { wardId: string; representationId: string },
  open: (ids: readonly string[]) => Promise<readonly Record[]>,
): Promise<RepresentationRow> {
  const representation = (await representationsOf(unit, at.wardId)).find(({ id }) => id === at.representationId)
  if (representation === undefined) throw new NotFound()
  if (representation.representativeId !== null && (await open([representation.representativeId])).length === 0)
    throw new NotFound()
  return representation
}

async function endRepresentation(unit: UnitOfWork, id: string): Promise<void> {
  const ended = await endRepresentationInForce(unit.transaction, id)
  if (ended.numUpdatedRows !== 1n) throw new NotFound()
}
