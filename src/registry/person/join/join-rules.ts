import type { Opened, UnitOfWork } from '../../../firewall/model.ts'
import { NotFound, Problem } from '../../../platform/problem.ts'
import type { Municipality } from '../../../town/model.ts'
import type { RegistryDeps } from '../../deps.ts'
import type { NeighbourFields } from '../../model.ts'
import { faultsOfBirthBeside, lifeRules } from '../dates/life-dates.ts'
import { daysRecorded } from '../neighbours.ts'
import { joinOpenOf, whatStandsInTheWay } from './store.ts'

export const COMPARED = ['name', 'previousNames', 'dateOfBirth', 'address', 'residence', 'departedOn'] as const
export const JOIN_FIELDS = [...COMPARED, 'contact', 'languages'] as const
export type JoinField = (typeof JOIN_FIELDS)[number]
export type Joinable = Opened<NeighbourFields, JoinField>

// What stands in the way of making one record of two.

const NO_JOIN = '00000000-0000-0000-0000-000000000000'

const REASONS = {
  'join-open': 'It is proposed already that one of these records be joined. Decide that first.',
  'join-decided': 'This was decided already.',
  'second-clerk-needed': 'Somebody other than whoever proposed it has to decide it.',
  'join-departed': 'This record is of somebody who has left. Let the one of who lives here stay.',
  'join-in-the-way':
    'A proceeding, an erasure or since when somebody lives here is to be decided of one of the records. See to it first.',
  'join-before-birth': 'Somebody would have lived here before they were born. Correct the date of birth first.',
  'not-joined': 'These records are not joined.',
  'apart-in-the-way': 'Where they live was changed after the records were joined. Undo or correct that first.',
} as const

/** @throws when two records cannot be joined or taken apart now; the code says why. */
export class CannotJoin extends Problem {
  constructor(code: keyof typeof REASONS) {
    super(code, 409, REASONS[code])
  }
}

/** A proposal that waits about one of the records. @param besides one that is known */
export const openOf = (unit: UnitOfWork, ids: readonly string[], besides = NO_JOIN) =>
  joinOpenOf(unit.transaction, { besides, ids })

/**
 * What has to hold of two records that become one, when it is proposed and when it is decided.
 *
 * @param besides the proposal that is decided
 * @throws {CannotJoin} when something about one of the records is open, it was joined already, the one that stays left
 * earlier than the other, or somebody would have lived here before they were born
 * @throws {NotFound}
 */
export async function mustBeJoinable(
  deps: RegistryDeps,
  town: Municipality,
  {
    unit,
    pair: { stays, joined },
    besides,
  }: { unit: UnitOfWork; pair: { stays: Joinable; joined: Joinable }; besides?: string | undefined },
): Promise<void> {
  const ids = [stays.id, joined.id] as const
  await mustBeFree(unit, ids, besides)
  if (stays.departedOn !== undefined && (joined.departedOn === undefined || joined.departedOn > stays.departedOn))
    throw new CannotJoin('join-departed')
  const days = (await Promise.all(ids.map((id) => daysRecorded(unit.transaction, id)))).flat()
  const born = stays.dateOfBirth ?? joined.dateOfBirth
  if (faultsOfBirthBeside(lifeRules(deps.clock, town), { born, days, options: { confirmedAge: true } }).length > 0)
    throw new CannotJoin('join-before-birth')
}

async function mustBeFree(
  unit: UnitOfWork,
  [stays, joined]: readonly [string, string],
  besides?: string,
): Promise<void> {
  const ids = [stays, joined]
  if (await openOf(unit, ids, besides)) throw new CannotJoin('join-open')
  const list = `{${ids.join(',')}}`
  const { rows } = await whatStandsInTheWay(unit.transaction, { joined, list })
  if (rows[0]?.joined) throw new NotFound()
  if (rows[0]?.pending) throw new CannotJoin('join-in-the-way')
}
