import { sql } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Resident } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { inMunicipality } from '../platform/database.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import { latestDay, parseBirthDate } from './birth-date.ts'
import type { RegistryDeps } from './deps.ts'
import type { Name, NeighbourFields } from './model.ts'
import type { Municipality } from './municipality.ts'
import { loadRecords } from './store.ts'

const OF_AGE = 18
const MOST = 30

/** Somebody a neighbour acts for. */
export interface Represented {
  id: string
  name: Name | undefined
  dateOfBirth: string | undefined
}

/** Whether somebody is that old for certain, as far as their date of birth is known. */
export function isOfAge(years: number, dateOfBirth: string | undefined, day: Temporal.PlainDate): boolean {
  const known = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  return known !== undefined && Temporal.PlainDate.compare(latestDay(known).add({ years }), day) <= 0
}

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
  town: Pick<Municipality, 'minorAccessAge'>,
  dateOfBirth: string | undefined,
  day: Temporal.PlainDate,
): void {
  const known = dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth)
  if (known === undefined) return
  const eldest = new Temporal.PlainDate(known.year - (known.approximate ? 1 : 0), known.month ?? 1, known.day ?? 1)
  if (Temporal.PlainDate.compare(eldest.add({ years: town.minorAccessAge }), day) > 0) throw new TooYoung()
}

/**
 * Everyone a neighbour acts for now, each opened as by their representative and so written in their own "who looked".
 * A protected record is not among them: who hides a child may be hiding it from this very neighbour. Nor is a child who
 * has come of age since.
 *
 * @returns undefined when there is nobody
 * @throws {Refusal}
 */
export async function representedBy(
  deps: RegistryDeps,
  town: Municipality,
  resident: Resident,
): Promise<Disclosed<Represented[]> | undefined> {
  let all: Disclosed<Represented[]> | undefined
  for (const id of await wardsOf(deps, town, resident)) {
    try {
      const one = await openRepresented(deps, town, resident, id)
      all = all === undefined ? one.map((first) => [first]) : all.with(one).map(([others, next]) => [...others, next])
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
    }
  }
  return all
}

/**
 * A neighbour as the representative of somebody, to prove things for them.
 *
 * @throws {NotFound} when they do not act for this person, or not any more
 */
export async function actFor(
  deps: RegistryDeps,
  town: Municipality,
  resident: Resident,
  id: string,
): Promise<Resident> {
  if (!(await wardsOf(deps, town, resident)).includes(id)) throw new NotFound()
  await openRepresented(deps, town, resident, id)
  return representative(resident, id)
}

/** Of whom a neighbour is the latest representative on record. Nothing is opened. */
async function wardsOf(deps: RegistryDeps, town: Municipality, { neighbourId }: Resident): Promise<string[]> {
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const { rows } = await sql<{ id: string }>`
      select latest.neighbour_id as id from (
        select distinct on (r.neighbour_id) r.neighbour_id, r.representative_id from representatives r
        where r.neighbour_id in (select neighbour_id from representatives where representative_id = ${neighbourId})
        order by r.neighbour_id, r.recorded_at desc) latest
      join neighbours n on n.id = latest.neighbour_id
      where latest.representative_id = ${neighbourId} and not n.protected and n.departed_on is null
      order by latest.neighbour_id limit ${MOST}`.execute(transaction)
    return rows.map((row) => row.id)
  })
}

const representative = (resident: Resident, id: string): Resident => ({
  kind: 'resident',
  id: `representative ${resident.neighbourId}`,
  neighbourId: id,
})

function openRepresented(deps: RegistryDeps, town: Municipality, resident: Resident, id: string) {
  const day = today(deps.clock, town.timeZone)
  const fields = ['name', 'dateOfBirth'] as const
  const requester = representative(resident, id)
  return deps.gate.open<NeighbourFields, (typeof fields)[number], Represented>(
    { municipalityId: town.id, requester, action: 'open', purpose: 'own-record', fields },
    (transaction) => loadRecords(transaction, [id], { trueAt: day }),
    ([record]) => {
      if (record === undefined || isOfAge(OF_AGE, record.dateOfBirth, day)) throw new NotFound()
      return { id, name: record.name, dateOfBirth: record.dateOfBirth }
    },
  )
}
